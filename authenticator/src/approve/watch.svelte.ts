// Watching for sign-ins while the app is open and looked at, for each device, and what follows from what the server says.
import { drop, type Device } from './store';
import { Refused, type Request, type Server } from './server';

/** What is known of the devices here, for the screens. */
export const known = $state({ devices: 0 });

/** A request, and whom it was made to. */
export interface Asked {
  readonly device: Device;
  readonly request: Request;
  /** By this device's clock. */
  readonly until: number;
}

const HOLD = 25; // seconds
const mostHeld = 3; // a browser opens six connections to one server at most
const soon = 5000; // ms
const later = 30_000;
const longest = 15 * 60_000; // whatever the server says
const patience = 120; // times soon: as long as a set-up may take

export class Watch {
  /** What waits for the person's answer. */
  asked: Asked | undefined = $state.raw();
  #stop: AbortController | undefined;
  /** When each device may ask again that asked too often: looking away and back does not forget it. */
  readonly #away = new Map<string, number>();

  constructor(
    private readonly server: Server,
    private readonly found: () => void,
    private readonly clockWrong: () => void,
    private readonly gone: (device: Device) => void = (device) => void drop(device.id).catch(() => undefined),
  ) {}

  get watching(): boolean {
    return this.#stop !== undefined;
  }

  start(devices: readonly Device[]): void {
    this.stop();
    this.#stop = new AbortController();
    for (const device of devices) void this.#watch(device, devices.length <= mostHeld ? HOLD : 0, this.#stop.signal);
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  async #watch(device: Device, wait: number, signal: AbortSignal): Promise<void> {
    let unready = 0; // the first code was not typed yet
    await rest((this.#away.get(device.id) ?? 0) - Date.now(), signal);
    while (!signal.aborted) {
      let pause = wait > 0 ? 0 : soon;
      const begun = Date.now();
      try {
        const [request] = await this.server.waiting(device, this.asked ? 0 : wait, signal);
        if (signal.aborted) return;
        this.#take(device, request);
        // Answered at once, and nothing new: too many connections are held, or what waits is on the screen.
        if (Date.now() - begun < 1000) pause = soon;
      } catch (cause) {
        if (signal.aborted) return;
        pause = later;
        if (!(cause instanceof Refused)) continue;
        if (cause.word === 'unknown') return this.gone(device);
        if (cause.word === 'clock') this.clockWrong();
        if (cause.word === 'later') {
          pause = Math.min(Math.max(later, cause.wait), longest);
          this.#away.set(device.id, Date.now() + pause);
        }
        if (cause.word === '' || cause.word === 'clock' || (cause.word === 'unready' && unready++ < patience)) pause = soon;
      }
      await rest(pause, signal);
    }
  }

  #take(device: Device, request: Request | undefined): void {
    if (!request) {
      if (this.asked?.device.id === device.id) this.asked = undefined;
      return;
    }
    if (this.asked?.request.id === request.id) return;
    this.asked = { device, request, until: Date.now() + request.left };
    this.found();
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
