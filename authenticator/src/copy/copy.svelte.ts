// The copy on the server: kept under a passphrase that only the person has, and renewed by itself at each change of the list.
import type { App } from '../app/app.svelte';
import { server } from '../approve/app';
import { Refused } from '../approve/server';
import { devices, type Device } from '../approve/store';
import { fromUTF8, toUTF8 } from '../otp/encoding';
import type { Sealer } from '../move/backup';

/** How long nothing is tried again after it failed. */
const PAUSE = 60_000;
const name = 'copy';

/** What is known of the copy, sealed beside the accounts. */
interface Note {
  readonly device: string;
  readonly sealer: Sealer;
  /** Of the vault, when it was last left there. */
  readonly revision: number;
  /** Milliseconds. */
  readonly at: number;
}

export class Copy {
  /** When it was last renewed, milliseconds; undefined when there is none. */
  keptAt: number | undefined = $state();
  /** The server was found to keep none any more, and the person does not know yet. */
  lost = $state(false);
  #busy = false;
  #notBefore = 0;

  constructor(private readonly app: App) {
    this.lost = app.memory.copyGoneAt > 0;
  }

  /** Begins a copy, or puts one with another passphrase in its place. Throws move.weak-passphrase and Refused. */
  async start(passphrase: string): Promise<void> {
    const device = await this.#device();
    if (!device) throw new Refused('unknown');
    const { makeSealer } = await import('../move/backup');
    await this.#leave(device, await makeSealer(passphrase), false);
    this.told();
  }

  /** The person knows that it was lost. */
  told(): void {
    this.lost = false;
    this.app.memory.copyGoneAt = 0;
  }

  /** Takes the copy back. Throws Refused. */
  async stop(): Promise<void> {
    const note = await this.#note();
    const device = note && (await this.#device(note.device));
    if (device?.id === note?.device) await server!.dropCopy(device!);
    await this.#forget();
  }

  /** Called whenever the list may have changed. Never throws: what fails is tried again. */
  async renew(): Promise<void> {
    if (this.#busy || this.app.undo || this.app.phase !== 'open' || !server) return; // what can be taken back may be
    this.#busy = true;
    try {
      await this.#renewed();
    } catch (cause) {
      if (cause instanceof Refused && ['missing', 'unknown'].includes(cause.word)) await this.#lost().catch(() => undefined);
      else this.#notBefore = Date.now() + PAUSE;
    }
    this.#busy = false;
  }

  async #renewed(): Promise<void> {
    const note = await this.#note();
    this.keptAt = note?.at;
    // A list that was emptied, on purpose or not, is no reason to throw the copy of it away.
    if (!note || this.app.entries.length === 0 || Date.now() < this.#notBefore || (await this.app.vault.revision()) === note.revision) return;
    const device = await this.#device(note.device);
    if (!device) return this.#lost();
    await this.#leave(device, note.sealer, device.id === note.device);
  }

  async #leave(device: Device, sealer: Sealer, renew: boolean): Promise<void> {
    const { sealBackup } = await import('../move/backup');
    const [revision, at] = [await this.app.vault.revision(), this.app.clock.right()];
    await server!.keepCopy(device, await sealBackup(sealer, await this.app.vault.export(), at), renew);
    await this.app.vault.keepNote(name, toUTF8(JSON.stringify({ device: device.id, sealer, revision, at } satisfies Note)));
    this.keptAt = this.app.memory.backedUpAt = at;
  }

  /** The app that signs for it: the one that did so far, or where that account was set up anew, the one that is there now. */
  async #device(id?: string): Promise<Device | undefined> {
    const here = (await devices()).filter((d) => this.app.entries.some((e) => e.issuer === d.issuer && e.name === d.name));
    return here.find((d) => d.id === id) ?? here[0];
  }

  async #note(): Promise<Note | undefined> {
    const bytes = await this.app.vault.note(name);
    return bytes && (JSON.parse(fromUTF8(bytes) ?? '') as Note);
  }

  async #lost(): Promise<void> {
    await this.#forget();
    this.lost = true;
    this.app.memory.copyGoneAt = this.app.clock.right();
  }

  async #forget(): Promise<void> {
    await this.app.vault.keepNote(name, undefined);
    this.keptAt = undefined;
  }
}
