// The vault's outside: whether there is one, its lock, and how changes of several tabs go together.
//
// Every change is made on a copy and stored only if nobody else has changed the vault since (its revision); else it is
// made again on what is there now. Nothing can be sealed inside a transaction of IndexedDB, which ends when one waits.
import { sameBytes } from '../otp/encoding';
import { Problem } from '../problem';
import { Database } from './database';
import type { Row } from './entry';
import { open, seal, type Sealed } from './seal';
import { makeDataKey, makeDeviceKey, makeLock, openLock, type Lock, type NewLock, type Passkey, type Secret } from './lock';
import { noTries, reserve, spent, triesLeft, type Tries } from './tries';

/** `spent`: too many wrong PINs. `evicted`: the browser took the keys away. Both can only be erased. */
export type State = 'empty' | 'locked' | 'open' | 'spent' | 'evicted';

export interface Options {
  /** This device's clock, milliseconds; Date.now when not given. */
  now?: () => number;
  /** Another database name, for tests. */
  name?: string;
  indexedDB?: IDBFactory;
}

interface Head {
  readonly id: string;
  readonly revision: number;
  readonly lock: Lock;
}

/** What a change starts from. */
export interface Seen {
  readonly key: CryptoKey;
  readonly revision: number;
  readonly rows: readonly Row[];
}

/** What a change does. */
export interface Plan<T> {
  readonly result: T;
  readonly put?: Iterable<Row>;
  readonly drop?: Iterable<string>;
}

const patience = 50; // rounds; each one that is lost was won by another tab

export class Lockable {
  protected readonly now: () => number;
  protected readonly database: Database;
  readonly #channel: BroadcastChannel;
  readonly #watchers = new Set<() => void>();
  #state: State = 'empty';
  #lock: Lock | undefined;
  #key: CryptoKey | undefined;

  protected constructor(options: Options) {
    const name = options.name ?? 'woggle-authenticator';
    this.now = options.now ?? Date.now;
    this.database = new Database(name, options.indexedDB ?? globalThis.indexedDB);
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (message: MessageEvent) => {
      if (message.data === 'locked') this.#key = undefined;
      void this.refresh()
        .catch(() => undefined) // what is wrong shows with the next thing that the person does
        .then(() => this.#notify());
    };
  }

  get state(): State {
    return this.#state;
  }

  /** The kind of lock there is, and what to ask a passkey for; undefined when there is none. */
  get lockKind(): { kind: 'pin' } | { kind: 'passkey'; passkey: Passkey } | undefined {
    if (!this.#lock) return undefined;
    const { passkey } = this.#lock;
    return passkey ? { kind: 'passkey', passkey } : { kind: 'pin' };
  }

  /** Throws vault.weak-pin, and vault.exists: what is there has to be erased first. */
  async create(next: NewLock): Promise<void> {
    const [device, data, id] = [await makeDeviceKey(), await makeDataKey(), crypto.randomUUID()];
    const lock = await makeLock(id, next, device, data);
    await this.database.transact('readwrite', async (stores) => {
      if ((await stores.get('meta', 'vault')) || (await stores.get('meta', 'device'))) throw new Problem('vault.exists');
      await stores.put('meta', { id, revision: 0, lock } satisfies Head, 'vault');
      await stores.put('meta', device, 'device');
    });
    this.#lock = lock;
    this.#key = await fixed(data);
    this.#state = 'open';
    this.tell('changed');
  }

  /** Throws vault.wrong-lock, vault.wait, vault.spent. */
  async unlock(secret: Secret): Promise<void> {
    const { key, head } = await this.#prove(secret);
    this.#lock = head.lock;
    this.#key = key;
    this.#state = 'open';
    this.#notify();
  }

  /** Proves the lock once more, before a backup or a move is made; wrong tries count as with unlock. */
  async confirm(secret: Secret): Promise<void> {
    await this.#prove(secret);
  }

  /** Locks in every tab. */
  lock(): void {
    this.#key = undefined;
    if (this.#state === 'open') this.#state = 'locked';
    this.tell('locked');
  }

  /** Puts another lock in the place of the one that there is, which `old` has to open. */
  async changeLock(old: Secret, next: NewLock): Promise<void> {
    const { key, head, device } = await this.#prove(old, true);
    const lock = await makeLock(head.id, next, device, key);
    await this.database.transact('readwrite', async (stores) => {
      const now = await stores.get<Head>('meta', 'vault');
      // Somebody else's new lock is not overwritten by one whose maker did not know it.
      if (now?.id !== head.id || !sameBytes(now.lock.wrapped.iv, head.lock.wrapped.iv)) throw new Problem('vault.busy');
      await stores.put('meta', { ...now, lock, revision: now.revision + 1 }, 'vault');
      await stores.put('meta', noTries, 'tries');
    });
    this.#lock = lock;
    this.tell('changed');
  }

  /** What else the app must know while it is open, sealed as the accounts are; undefined when there is none. */
  async note(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { head, sealed } = await this.database.transact('readonly', async (stores) => ({
      head: await stores.get<Head>('meta', 'vault'),
      sealed: await stores.get<Sealed>('meta', notePlace(name)),
    }));
    const key = this.#keyOf(head);
    return sealed && open(key, sealed, notePlace(name));
  }

  /** Keeps a note, or throws it away. It is no change of the accounts. */
  async keepNote(name: string, bytes: Uint8Array<ArrayBuffer> | undefined): Promise<void> {
    const { key } = await this.seen();
    const sealed = bytes && (await seal(key, bytes, notePlace(name)));
    await this.database.transact('readwrite', async (stores) => {
      if (this.#keyOf(await stores.get<Head>('meta', 'vault')) !== key) throw new Problem('vault.locked');
      if (sealed) await stores.put('meta', sealed, notePlace(name));
      else await stores.drop('meta', notePlace(name));
    });
  }

  /** Counts the changes of what is kept here. */
  async revision(): Promise<number> {
    return (await this.seen()).revision;
  }

  /** Everything away: accounts, keys, lock. */
  async erase(): Promise<void> {
    await this.database.transact('readwrite', async (stores) => {
      await stores.clear('entries');
      await stores.clear('meta');
    });
    await this.refresh();
    this.tell('changed');
  }

  /** Calls back whenever the list or the state may have changed, in this tab or another; the answer stops it. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  close(): void {
    this.#key = undefined;
    this.#watchers.clear();
    this.#channel.close();
    this.database.close();
  }

  protected async refresh(): Promise<void> {
    const { head, device, tries } = await this.database.transact('readonly', async (stores) => ({
      head: await stores.get<Head>('meta', 'vault'),
      device: await stores.get<CryptoKey>('meta', 'device'),
      tries: (await stores.get<Tries>('meta', 'tries')) ?? noTries,
    }));
    if (!head || head.id !== this.#lock?.vault) this.#key = undefined;
    this.#lock = head?.lock;
    if (!head && !device) this.#state = 'empty';
    else if (head && spent(tries)) this.#state = 'spent';
    else if (!head || !device) this.#state = 'evicted';
    else this.#state = this.#key ? 'open' : 'locked';
    if (this.#state !== 'open') this.#key = undefined;
  }

  protected async seen(): Promise<Seen> {
    const { head, rows } = await this.database.transact('readonly', async (stores) => ({
      head: await stores.get<Head>('meta', 'vault'),
      rows: await stores.all<Row>('entries'),
    }));
    return { key: this.#keyOf(head), revision: head?.revision ?? 0, rows };
  }

  protected async change<T>(make: (seen: Seen) => Promise<Plan<T>>): Promise<T> {
    for (let round = 0; round < patience; round++) {
      const seen = await this.seen();
      const plan = await make(seen);
      const stored = await this.database.transact('readwrite', async (stores) => {
        const head = await stores.get<Head>('meta', 'vault');
        this.#keyOf(head);
        if (!head || head.revision !== seen.revision) return false;
        for (const id of plan.drop ?? []) await stores.drop('entries', id);
        for (const row of plan.put ?? []) await stores.put('entries', row);
        await stores.put('meta', { ...head, revision: head.revision + 1 }, 'vault');
        return true;
      });
      if (stored) {
        this.tell('changed');
        return plan.result;
      }
    }
    throw new Problem('vault.busy');
  }

  protected tell(what: 'changed' | 'locked'): void {
    this.#channel.postMessage(what);
    this.#notify();
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** The key, if the vault is still the one that it opens: another tab may have erased it and made a new one. */
  #keyOf(head: Head | undefined): CryptoKey {
    const key = this.#key;
    if (key && head && head.id === this.#lock?.vault) return key;
    this.#key = undefined;
    if (this.#state === 'open') this.#state = head ? 'locked' : 'evicted';
    throw new Problem(head || !key ? 'vault.locked' : 'vault.evicted');
  }

  async #prove(secret: Secret, extractable = false): Promise<{ key: CryptoKey; head: Head; device: CryptoKey }> {
    const { head, device, counted } = await this.database.transact('readwrite', async (stores) => {
      const head = await stores.get<Head>('meta', 'vault');
      const device = await stores.get<CryptoKey>('meta', 'device');
      const tries = (await stores.get<Tries>('meta', 'tries')) ?? noTries;
      const counted = 'pin' in secret && head !== undefined && !head.lock.passkey;
      if (counted) await stores.put('meta', reserve(tries, this.now()), 'tries');
      if (!head || !device) throw new Problem('vault.evicted');
      return { head, device, counted };
    });
    let key: CryptoKey;
    try {
      key = await openLock(head.lock, secret, device, extractable);
    } catch (error) {
      throw counted ? await this.#wrong(error) : error;
    }
    if (counted) await this.database.transact('readwrite', (stores) => stores.put('meta', noTries, 'tries'));
    return { key, head, device };
  }

  async #wrong(cause: unknown): Promise<Problem> {
    const tries = await this.database.transact('readwrite', async (stores) => {
      const tries = (await stores.get<Tries>('meta', 'tries')) ?? noTries;
      // From here on no PIN opens it: neither a later guess, nor one on a copy whose count was put back.
      if (spent(tries)) await stores.drop('meta', 'device');
      return tries;
    });
    if (!spent(tries)) return new Problem('vault.wrong-lock', { left: triesLeft(tries) }, cause);
    this.#key = undefined;
    await this.refresh();
    this.tell('locked');
    return new Problem('vault.spent', {}, cause);
  }
}

const notePlace = (name: string) => `note/1/${name}`;

/** The same key, for work: it can't be exported any more. */
async function fixed(key: CryptoKey): Promise<CryptoKey> {
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', key));
  const same = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt', 'unwrapKey']);
  raw.fill(0);
  return same;
}
