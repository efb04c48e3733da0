// The browser's own offer to install the app, kept until it is wanted (beforeinstallprompt, not in Safari or Firefox).
interface Offer extends Event {
  prompt(): Promise<unknown>;
}

export class Install {
  #offer: Offer | undefined = $state.raw();
  possible: boolean = $derived(this.#offer !== undefined);

  listen(window: Window): void {
    window.addEventListener('beforeinstallprompt', (event) => {
      event.preventDefault();
      this.#offer = event as Offer;
    });
    window.addEventListener('appinstalled', () => (this.#offer = undefined));
  }

  async ask(): Promise<void> {
    const offer = this.#offer;
    this.#offer = undefined;
    await offer?.prompt();
  }
}
