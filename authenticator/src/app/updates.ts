// The app's own newer versions: found by the worker, and started here when nothing can be lost.

// A page may only start the one worker that it came with, whatever a script asks for (Trusted Types, see the policy in embed.go).
interface Policies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

export class Updates {
  #registration: ServiceWorkerRegistration | undefined;
  #reloading = false;

  constructor(
    private readonly base: string,
    private readonly ready: () => void,
  ) {}

  async register(): Promise<void> {
    const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
    if (!workers) return;
    let before = workers.controller;
    workers.addEventListener('controllerchange', () => {
      if (before) this.ready(); // the first worker is no newer version
      before = workers.controller;
    });
    try {
      this.#registration = await workers.register(this.#address(), { scope: this.base, updateViaCache: 'none' });
    } catch (cause) {
      console.warn('the app will not open without a network', cause);
    }
  }

  #address(): string {
    const address = this.base + 'worker.js';
    const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;
    const policy = policies?.createPolicy('woggle-worker', {
      createScriptURL: (url) => {
        if (url !== address) throw new TypeError('not our worker');
        return url;
      },
    });
    return policy ? policy.createScriptURL(address) : address;
  }

  /** Asks for a newer version: an open page is never started anew by itself. */
  async look(): Promise<void> {
    await this.#registration?.update().catch(() => undefined); // without a network there is none
  }

  take(): void {
    if (this.#reloading) return;
    this.#reloading = true;
    location.reload();
  }
}
