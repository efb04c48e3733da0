// The few things that are remembered outside the vault. None of them is secret, and none names an account: they stand in
// localStorage, which others on this origin can read.

export class Memory {
  constructor(private readonly store?: Storage) {}

  /** When accounts were added last, and when the last backup was made; 0 for never. Milliseconds. */
  get changedAt(): number {
    return this.#number('changed');
  }
  set changedAt(at: number) {
    this.#keep('changed', at);
  }
  get backedUpAt(): number {
    return this.#number('backed-up');
  }
  set backedUpAt(at: number) {
    this.#keep('backed-up', at);
  }
  /** When a reminder was put off. */
  get laterAt(): number {
    return this.#number('later');
  }
  set laterAt(at: number) {
    this.#keep('later', at);
  }

  /** When the server was found to keep no copy any more; 0 once the person knows. */
  get copyGoneAt(): number {
    return this.#number('copy-gone');
  }
  set copyGoneAt(at: number) {
    this.#keep('copy-gone', at);
  }

  /** When the person said whether the app may call them; 0 for never. */
  get callsAt(): number {
    return this.#number('calls');
  }
  set callsAt(at: number) {
    this.#keep('calls', at);
  }

  #number(name: string): number {
    try {
      return Number(this.store?.getItem('woggle-authenticator-' + name)) || 0;
    } catch {
      return 0;
    }
  }

  #keep(name: string, at: number): void {
    try {
      this.store?.setItem('woggle-authenticator-' + name, String(at));
    } catch {
      // a full store: people are reminded once too often
    }
  }
}

const DAY = 24 * 60 * 60 * 1000;
const WEEK = 7 * DAY;

/** Whether, and why, people are reminded of a backup: there is none, or accounts came after it. Not more than once a week. */
export function reminder(memory: Pick<Memory, 'changedAt' | 'backedUpAt' | 'laterAt'>, accounts: number, now: number): 'none' | 'old' | undefined {
  if (accounts === 0 || now - memory.laterAt < WEEK) return undefined;
  if (memory.backedUpAt === 0) return 'none';
  return memory.changedAt > memory.backedUpAt ? 'old' : undefined;
}
