// What the open app is doing: locked or open, the accounts and their codes, what was said last. The screens read it and call it.
import { createContext } from 'svelte';
import { forget, mind, start } from '../approve/app';
import { Copy } from '../copy/copy.svelte';
import type { Code } from '../otp/code';
import type { Account } from '../otp/account';
import { Problem } from '../problem';
import type { Args, Text } from '../text/text.svelte';
import type { Key } from '../text/en';
import { askPersistence } from '../vault/persistence';
import { UNDO_SECONDS, type Added, type Entry, type NewLock, type Portable, type Secret, type State, type Vault } from '../vault/vault';
import { Clock } from './clock.svelte';
import { Install } from './install.svelte';
import { Memory } from './memory';
import { Screens } from './screens.svelte';

export type Phase = 'starting' | 'welcome' | 'locked' | 'open' | 'spent' | 'trouble';

/** How long the app may be out of sight before it locks. */
export const AWAY = 2 * 60 * 1000;

export const [useApp, provideApp] = createContext<App>();

export class App {
  phase: Phase = $state('starting');
  trouble: Problem | undefined = $state.raw();
  entries: readonly Entry[] = $state.raw([]);
  codes: ReadonlyMap<string, Code> = $state.raw(new Map());
  /** Codes of counters that were asked for, until the app locks. */
  made: ReadonlyMap<string, string> = $state.raw(new Map());
  covered = $state(false);
  said = $state('');
  undo: { label: string; done: string } | undefined = $state.raw();
  /** An account that came by a link, until it is added or not. */
  arrived: string | undefined = $state.raw();
  /** A newer version is ready and starts when nothing can be lost. */
  updated = $state(false);

  readonly text: Text;
  readonly screens = new Screens(() => this.undo || (this.said = ''));
  readonly memory: Memory;
  readonly clock = new Clock();
  readonly install = new Install();
  readonly copy: Copy;
  vault!: Vault;

  #codesUntil = 0;
  #leftAt: number | undefined;
  #undoTimer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(text: Text, store?: Storage) {
    this.text = text;
    this.memory = new Memory(store);
    this.copy = new Copy(this);
  }

  /** Nobody is in the middle of anything: the page may be started anew. */
  get idle(): boolean {
    return this.arrived === undefined && (this.phase === 'locked' || (this.covered && !this.screens.deep));
  }

  /** Takes what came with the address: an account to add, or the wish to scan. */
  arrive(fragment: string): void {
    if (fragment === '') return;
    this.arrived = fragment;
    if (this.phase === 'open') this.#follow();
  }

  #follow(): void {
    if (this.arrived === undefined) return;
    const token = /^#copy=(\w+)$/.exec(this.arrived)?.[1];
    if (token) this.screens.go({ name: 'restore', token });
    else this.screens.go({ name: this.arrived === '#scan' ? 'scan' : 'link' });
    if (token || this.arrived === '#scan') this.arrived = undefined;
  }

  /** Opens what is kept on this device. */
  async open(vault: () => Promise<Vault>): Promise<void> {
    try {
      this.vault = await vault();
      this.vault.watch(() => void this.refresh());
      await this.refresh();
    } catch (cause) {
      this.trouble = asProblem(cause) ?? new Problem('vault.no-storage', {}, cause);
      this.phase = 'trouble';
    }
  }

  /** Reads anew what the vault holds: after every change, in this window or another. */
  async refresh(): Promise<void> {
    if (this.vault.state === 'open') {
      try {
        this.entries = await this.vault.list();
        await this.#recode();
      } catch (cause) {
        this.fail(cause);
      }
    }
    // The list is shown once it is there. Whoever is quick must not see the screen closed that they opened meanwhile.
    const before = this.phase;
    this.#enter(this.vault.state);
    if (this.phase !== 'open') return this.#forgetCodes();
    if (before !== 'open') this.#opened();
    void this.copy.renew();
  }

  #enter(state: State): void {
    if (state === 'evicted') this.trouble = new Problem('vault.evicted');
    this.phase = state === 'empty' ? 'welcome' : state === 'evicted' ? 'trouble' : state;
  }

  #opened(): void {
    this.screens.home();
    this.#follow();
    start(this);
  }

  async create(lock: NewLock): Promise<void> {
    await this.vault.create(lock);
    await this.refresh();
  }

  async unlock(secret: Secret): Promise<void> {
    await this.vault.unlock(secret);
    await this.refresh();
  }

  /** Everything away, the reminders too. */
  async erase(): Promise<void> {
    await this.vault.erase();
    await forget().catch(() => undefined); // a device of nobody: the server forgets it when its authenticator is removed
    this.memory.changedAt = this.memory.backedUpAt = this.memory.laterAt = 0;
    this.copy.told();
    await this.refresh();
  }

  lock(): void {
    this.vault.lock();
    this.phase = 'locked';
    this.#forgetCodes();
  }

  #forgetCodes(): void {
    this.entries = [];
    this.codes = new Map();
    this.made = new Map();
    this.#codesUntil = 0;
    this.#clearUndo();
    this.said = '';
    this.screens.home();
  }

  /** Called each second, with this device's clock. */
  async tick(now: number): Promise<void> {
    this.clock.tick(now);
    mind(this);
    if (this.phase === 'open' && this.#leftAt !== undefined && now - this.#leftAt >= AWAY) this.lock();
    if (this.phase === 'open' && !this.covered && this.clock.now >= this.#codesUntil) await this.refresh();
  }

  async #recode(): Promise<void> {
    const at = this.clock.right();
    this.#codesUntil = at + 1000; // also where it fails: it is tried again, but not all the time
    const codes = await this.vault.codes(at);
    if (this.vault.state !== 'open') return;
    this.codes = codes;
    this.#codesUntil = at + 1000 * Math.min(30, ...[...codes.values()].map((code) => code.secondsLeft));
    this.clock.tick(this.clock.device());
  }

  /** The app went out of sight, or came back (Page Visibility). */
  hide(hidden: boolean, now: number): void {
    if (hidden) {
      this.#leftAt ??= now;
      this.covered = true;
      return;
    }
    const away = this.#leftAt === undefined ? 0 : now - this.#leftAt;
    this.#leftAt = undefined;
    if (this.phase === 'open' && (away >= AWAY || away < 0)) this.lock();
    this.covered = false;
  }

  // The list.

  /** Adds accounts; what they replaced can be taken back for a while. */
  async add(accounts: readonly (Account | Portable)[]): Promise<readonly Added[]> {
    const added = await this.vault.merge(accounts);
    if (added.some((one) => one.outcome !== 'same')) this.memory.changedAt = this.clock.right();
    void askPersistence().catch(() => undefined); // most browsers decide without a question; the screen about keeping tells
    await this.refresh();
    return added;
  }

  async remove(entry: Entry): Promise<void> {
    const account = this.nameOf(entry);
    await this.vault.remove(entry.id);
    await this.refresh();
    this.offerUndo(this.text.say('list.deleted', { account }), this.text.say('list.undone', { account }));
  }

  async make(entry: Entry): Promise<void> {
    const code = await this.vault.nextCode(entry.id);
    this.made = new Map(this.made).set(entry.id, code);
  }

  nameOf(entry: Pick<Entry, 'issuer' | 'name'> & { label?: string }): string {
    return entry.label || entry.issuer || entry.name || this.text.say('confirm.unnamed');
  }

  // What is said.

  /** Says a sentence, on the screen and to screen readers, and takes it away after a while. */
  say(sentence: string): void {
    clearTimeout(this.#silence);
    this.said = sentence;
    if (!this.undo) this.#silence = setTimeout(() => (this.said = ''), 6000);
  }

  offerUndo(label: string, done: string): void {
    this.#clearUndo();
    this.undo = { label, done };
    this.say(label);
    this.#undoTimer = setTimeout(() => {
      this.#clearUndo();
      this.said = '';
      void this.vault.forget().catch(() => undefined); // what stays is overwritten by the next change
    }, UNDO_SECONDS * 1000);
  }

  async takeBack(): Promise<void> {
    const done = this.undo?.done ?? '';
    this.#clearUndo();
    try {
      await this.vault.undo();
      await this.refresh();
      this.say(done);
    } catch (cause) {
      this.fail(cause);
    }
  }

  #clearUndo(): void {
    clearTimeout(this.#undoTimer);
    this.undo = undefined;
  }

  /** Says what went wrong and what to do. */
  fail(cause: unknown): void {
    this.say(this.sentence(cause));
  }

  sentence(cause: unknown): string {
    const problem = asProblem(cause);
    if (!problem) {
      console.error(cause);
      return this.text.say('app.wrong');
    }
    return this.text.say(problem.key as Key, problem.args as Args);
  }
}

export function asProblem(cause: unknown): Problem | undefined {
  return cause instanceof Problem ? cause : undefined;
}
