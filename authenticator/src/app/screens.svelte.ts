// Which screen is shown, and how one goes back: by the page's own button and by that of the phone.
import type { Entry, Portable } from '../vault/vault';
import type { Account } from '../otp/account';

export type Screen =
  | { name: 'list' }
  | { name: 'add' }
  | { name: 'how'; other: boolean }
  | { name: 'scan' }
  | { name: 'key' }
  | { name: 'link' }
  | { name: 'confirm'; accounts: readonly (Account | Portable)[]; pairing?: string; refused?: readonly string[] }
  | { name: 'rename'; entry: Entry }
  | { name: 'settings' }
  | { name: 'lock' }
  | { name: 'backup' }
  | { name: 'restore'; token?: string }
  | { name: 'move' }
  | { name: 'send' }
  | { name: 'receive' }
  | { name: 'export' }
  | { name: 'keeping' }
  | { name: 'about' }
  | { name: 'approve' };

export class Screens {
  /** `left` is told when a screen is left for another one. */
  constructor(private readonly left: () => void = () => undefined) {}

  #stack: readonly Screen[] = $state.raw([{ name: 'list' }]);
  current: Screen = $derived(this.#stack[this.#stack.length - 1]!);
  deep: boolean = $derived(this.#stack.length > 1);

  go(screen: Screen): void {
    this.left();
    this.#stack = [...this.#stack, screen];
    history.pushState(this.#stack.length, '');
  }

  /** Shows another screen in the place of this one: going back does not lead here again. */
  replace(screen: Screen): void {
    this.#stack = [...this.#stack.slice(0, -1), screen];
  }

  back(): void {
    if (this.deep) history.back();
  }

  /** To the list, whatever was open. */
  home(): void {
    const steps = this.#stack.length - 1;
    this.#stack = [{ name: 'list' }];
    if (steps > 0) history.go(-steps); // else the phone's own way back would lead through what is closed
  }

  /** The browser went back or forward to what pushState was given. */
  moved(depth: unknown): void {
    const kept = typeof depth === 'number' ? depth : 1;
    if (kept < this.#stack.length) this.#stack = this.#stack.slice(0, Math.max(1, kept));
  }
}
