// IndexedDB: one small database with two stores, opened when it is needed and opened again when the browser has closed
// it (Safari does, in the background). What the browser reports becomes a Problem here and nowhere else.
import { Problem } from '../problem';

const version = 1;
export type StoreName = 'meta' | 'entries';

export class Database {
  #connection: Promise<IDBDatabase> | undefined;

  constructor(
    readonly name: string,
    private readonly factory: IDBFactory | undefined,
  ) {}

  /**
   * Runs work in one transaction over both stores and answers once it is on the disk. If work throws, nothing is
   * changed. Work may run twice, and must not wait for anything but the requests of the transaction.
   */
  async transact<T>(mode: IDBTransactionMode, work: (stores: Stores) => Promise<T>): Promise<T> {
    try {
      return await this.#once(mode, work);
    } catch (error) {
      if (!lostConnection(error)) throw problemOf(error);
    }
    this.close();
    try {
      return await this.#once(mode, work);
    } catch (error) {
      throw problemOf(error);
    }
  }

  close(): void {
    void this.#connection?.then((connection) => connection.close()).catch(() => undefined);
    this.#connection = undefined;
  }

  async #once<T>(mode: IDBTransactionMode, work: (stores: Stores) => Promise<T>): Promise<T> {
    const connection = await (this.#connection ??= this.#open());
    // A code that was shown must have been counted, also when the battery dies now.
    const transaction = connection.transaction(['meta', 'entries'], mode, { durability: 'strict' });
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new DOMException('', 'AbortError'));
    });
    ended.catch(() => undefined);
    let result: T;
    try {
      result = await work(new Stores(transaction));
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // It has ended already, by the same error.
      }
      await ended.catch(() => undefined);
      throw transaction.error ?? error;
    }
    await ended;
    return result;
  }

  #open(): Promise<IDBDatabase> {
    const opening = new Promise<IDBDatabase>((resolve, reject) => {
      if (!this.factory) throw new Problem('vault.no-storage');
      const request = this.factory.open(this.name, version);
      request.onupgradeneeded = () => {
        request.result.createObjectStore('meta');
        request.result.createObjectStore('entries', { keyPath: 'id' });
      };
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const connection = request.result;
        const drop = () => {
          connection.close();
          if (this.#connection === opening) this.#connection = undefined;
        };
        connection.onversionchange = drop; // a later version of the app must not wait for this tab
        connection.onclose = drop;
        resolve(connection);
      };
    });
    opening.catch(() => {
      if (this.#connection === opening) this.#connection = undefined;
    });
    return opening;
  }
}

/** The stores within one transaction. */
export class Stores {
  constructor(private readonly transaction: IDBTransaction) {}

  get<T>(store: StoreName, key: string): Promise<T | undefined> {
    return answer<T | undefined>(this.transaction.objectStore(store).get(key));
  }
  all<T>(store: StoreName): Promise<T[]> {
    return answer<T[]>(this.transaction.objectStore(store).getAll());
  }
  async put(store: StoreName, value: unknown, key?: string): Promise<void> {
    await answer(this.transaction.objectStore(store).put(value, key));
  }
  async drop(store: StoreName, key: string): Promise<void> {
    await answer(this.transaction.objectStore(store).delete(key));
  }
  async clear(store: StoreName): Promise<void> {
    await answer(this.transaction.objectStore(store).clear());
  }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

const nameOf = (error: unknown): string => (error instanceof Error || error instanceof DOMException ? error.name : '');

/** The connection was closing, or the browser's database process is gone. */
const lostConnection = (error: unknown): boolean => ['InvalidStateError', 'UnknownError'].includes(nameOf(error));

function problemOf(error: unknown): unknown {
  if (error instanceof Problem) return error;
  switch (nameOf(error)) {
    case 'QuotaExceededError':
      return new Problem('vault.full', {}, error);
    case 'VersionError':
      return new Problem('vault.newer', {}, error);
    // A database without our stores is none of ours; private windows refuse to open one, or to keep a key in it.
    case 'NotFoundError':
    case 'SecurityError':
    case 'InvalidStateError':
    case 'UnknownError':
    case 'DataCloneError':
    case 'NotAllowedError':
      return new Problem('vault.no-storage', {}, error);
  }
  return error;
}
