// The accounts on this device, sealed. See lockable.ts for the lock, entry.ts for how an account is stored.
import { checked, cleanName, type Account } from '../otp/account';
import { hotp, totp, type Code } from '../otp/code';
import { Problem } from '../problem';
import { openCodeKey, openEntry, openSecret, sealHead, type Entry } from './entry';
import { Lockable, type Options, type Plan, type Seen } from './lockable';
import { merged, type Added, type Live, type Outcome, type Portable } from './merge';

export type { Entry } from './entry';
export type { NewLock, Passkey, Secret } from './lock';
export type { Options, State } from './lockable';
export type { Added, Outcome, Portable } from './merge';

/** How long a removal can be undone. */
export const UNDO_SECONDS = 30;

interface View extends Seen {
  /** What the list shows, in its order. */
  readonly live: readonly Live[];
}

export class Vault extends Lockable {
  // What was opened last, and each key that makes codes; they go with the key that opened them, whoever locks.
  readonly #views = new WeakMap<CryptoKey, View>();
  readonly #codeKeys = new WeakMap<CryptoKey, Map<string, CryptoKey>>();

  private constructor(options: Options) {
    super(options);
  }

  /** Opens the database. Throws vault.no-storage, vault.newer. */
  static async open(options: Options = {}): Promise<Vault> {
    const vault = new Vault(options);
    try {
      await vault.forget();
      await vault.refresh();
    } catch (error) {
      vault.close();
      throw error;
    }
    return vault;
  }

  /** All accounts without their secrets, in the person's order. */
  async list(): Promise<Entry[]> {
    return (await this.#look()).live.map(({ entry }) => entry);
  }

  /** What add or merge would do; nothing is changed. */
  async preview(accounts: readonly Account[]): Promise<Outcome[]> {
    const { key, live } = await this.#look();
    return (await merged(key, live, accounts.map(checked), this.now())).added.map(({ outcome }) => outcome);
  }

  /** Adds an account, or puts it in the place of the one with the same issuer and name, keeping position and label. */
  async add(account: Account): Promise<Added> {
    return (await this.merge([account]))[0]!;
  }

  /** Adds many: all or none. What they replace can be undone together. */
  async merge(accounts: readonly (Account | Portable)[]): Promise<Added[]> {
    const clean = accounts.map((account) => ({ ...account, ...checked(account) }));
    return this.#change(async ({ key, rows, live }) => {
      const { added, put } = await merged(key, live, clean, this.now());
      const replaces = added.some(({ outcome }) => outcome === 'replaced');
      return { result: added, put: put.values(), drop: replaces ? removed(rows) : [] };
    });
  }

  /** Gives an entry the person's own name; '' takes it away. */
  async rename(id: string, label: string): Promise<void> {
    return this.#change(async (view) => {
      const { row, entry } = entryOf(view, id);
      return { result: undefined, put: [{ ...row, head: await sealHead(view.key, { ...entry, label: cleanName(label) }) }] };
    });
  }

  /** Puts an entry before another one; at the end when `before` is undefined. */
  async move(id: string, before: string | undefined): Promise<void> {
    return this.#change(async (view) => {
      const moved = entryOf(view, id);
      const order = view.live.filter((l) => l.entry.id !== id && !l.entry.damaged);
      const at = order.findIndex((l) => l.entry.id === before);
      order.splice(at < 0 ? order.length : at, 0, moved);
      const put = order.map(async ({ row, entry }, position) => ({ ...row, head: await sealHead(view.key, { ...entry, position }) }));
      return { result: undefined, put: await Promise.all(put) };
    });
  }

  async remove(id: string): Promise<void> {
    return this.#change(async ({ rows, live }) => {
      const row = live.find((l) => l.entry.id === id)?.row;
      if (!row) throw new Problem('vault.no-entry', { id });
      return { result: undefined, put: [{ ...row, removedAt: this.now() }], drop: removed(rows) };
    });
  }

  /** Takes the last removal or replacement back. Throws vault.nothing-to-undo after UNDO_SECONDS. */
  async undo(): Promise<void> {
    return this.#change(async ({ rows }) => {
      const back = rows.filter((row) => row.removedAt !== undefined && !this.#expired(row.removedAt));
      if (back.length === 0) throw new Problem('vault.nothing-to-undo');
      const put = back.map(({ id, head, secret }) => ({ id, head, secret }));
      return { result: undefined, put, drop: back.flatMap((row) => row.replacedBy ?? []) };
    });
  }

  /** Deletes what can be undone no more; for when the offer to undo goes away. Needs no key. */
  async forget(): Promise<void> {
    await this.database.transact('readwrite', async (stores) => {
      for (const row of await stores.all<Seen['rows'][number]>('entries')) {
        if (row.removedAt !== undefined && this.#expired(row.removedAt)) await stores.drop('entries', row.id);
      }
    });
  }

  /** The codes of all totp entries by id, at a time that was put right (see otp/clock.ts). */
  async codes(at: number): Promise<Map<string, Code>> {
    const { key, live } = await this.#look();
    const codes = live.map(async (l): Promise<[string, Code] | undefined> => {
      if (l.entry.damaged || l.entry.kind !== 'totp') return undefined;
      const codeKey = await this.#codeKey(key, l).catch(() => undefined);
      return codeKey && [l.entry.id, await totp(codeKey, l.entry, at)];
    });
    return new Map((await Promise.all(codes)).filter((code) => code !== undefined));
  }

  /** The next code of a hotp entry. Its counter is stored advanced before anybody can see the code. */
  async nextCode(id: string): Promise<string> {
    const { key, found } = await this.#change(async (view) => {
      const found = entryOf(view, id);
      await this.#codeKey(view.key, found); // a code that can't be made uses no counter up
      const next = { ...found.entry, counter: found.entry.counter + 1 };
      return { result: { key: view.key, found }, put: [{ ...found.row, head: await sealHead(view.key, next) }] };
    });
    return hotp(await this.#codeKey(key, found), found.entry.counter, found.entry.digits);
  }

  /** All accounts with their secrets, for a backup or a move. Damaged ones are left out. */
  async export(): Promise<Portable[]> {
    const { key, live } = await this.#look();
    const whole = live.map(async ({ row, entry }): Promise<Portable | undefined> => {
      const secret = await openSecret(key, row).catch(() => undefined);
      if (!secret || entry.damaged) return undefined;
      const { kind, issuer, name, label, algorithm, digits, period, counter } = entry;
      return { kind, issuer, name, label, algorithm, digits, period, counter, secret };
    });
    return (await Promise.all(whole)).filter((account) => account !== undefined);
  }

  #change<T>(make: (view: View) => Promise<Plan<T>>): Promise<T> {
    return this.change(async (seen) => make(await opened(seen)));
  }

  async #look(): Promise<View> {
    const seen = await this.seen();
    const known = this.#views.get(seen.key);
    if (known?.revision === seen.revision) return known;
    const view = await opened(seen);
    this.#views.set(seen.key, view);
    return view;
  }

  async #codeKey(key: CryptoKey, { row, entry }: Live): Promise<CryptoKey> {
    const keys = this.#codeKeys.get(key) ?? new Map<string, CryptoKey>();
    this.#codeKeys.set(key, keys);
    const known = keys.get(row.id) ?? (await openCodeKey(key, row, entry));
    keys.set(row.id, known);
    return known;
  }

  #expired(removedAt: number): boolean {
    return this.now() - removedAt >= UNDO_SECONDS * 1000;
  }
}

async function opened(seen: Seen): Promise<View> {
  const rows = seen.rows.filter((row) => row.removedAt === undefined);
  const live = await Promise.all(rows.map(async (row) => ({ row, entry: await openEntry(seen.key, row) })));
  live.sort((a, b) => a.entry.position - b.entry.position || a.entry.addedAt - b.entry.addedAt || (a.row.id < b.row.id ? -1 : 1));
  return { ...seen, live };
}

const removed = (rows: Seen['rows']): string[] => rows.filter((row) => row.removedAt !== undefined).map((row) => row.id);

function entryOf(view: View, id: string): Live {
  const found = view.live.find((l) => l.entry.id === id);
  if (!found) throw new Problem('vault.no-entry', { id });
  if (found.entry.damaged) throw new Problem('vault.damaged', { id });
  return found;
}
