import { IDBFactory } from 'fake-indexeddb';
import { afterEach, expect, test, vi } from 'vitest';
import { Database } from './database';
import { Vault } from './vault';
import type { NewLock } from './lock';

const lock: NewLock = { prf: new Uint8Array(32), passkey: { id: new Uint8Array(1), salt: new Uint8Array(1) } };
const account = { kind: 'totp', issuer: 'A', name: 'b', secret: new Uint8Array(20), algorithm: 'SHA-1', digits: 6, period: 30, counter: 0 } as const;

afterEach(() => vi.restoreAllMocks());

/** A factory whose stores refuse to take anything with this error. */
function refusing(factory: IDBFactory, name: string): void {
  const open = factory.open.bind(factory);
  vi.spyOn(factory, 'open').mockImplementation((...args) => {
    const request = open(...args);
    request.addEventListener('success', () => {
      const start = request.result.transaction.bind(request.result);
      request.result.transaction = (...args) => {
        const transaction = start(...args);
        const store = transaction.objectStore.bind(transaction);
        transaction.objectStore = (name_) => {
          const found = store(name_);
          found.put = () => {
            throw new DOMException('', name);
          };
          return found;
        };
        return transaction;
      };
    });
    return request;
  });
}

test('a browser that gives no storage is told', async () => {
  vi.stubGlobal('indexedDB', undefined);
  await expect(Vault.open()).rejects.toThrow('vault.no-storage');
  vi.unstubAllGlobals();
  const blocked = new IDBFactory();
  vi.spyOn(blocked, 'open').mockImplementation(() => {
    throw new DOMException('', 'SecurityError');
  });
  await expect(Vault.open({ indexedDB: blocked })).rejects.toThrow('vault.no-storage');
});

test.each([
  ['QuotaExceededError', 'vault.full'],
  ['DataCloneError', 'vault.no-storage'], // private windows that keep no keys
])('%s is %s, and changes nothing', async (name, key) => {
  const indexedDB = new IDBFactory();
  const vault = await Vault.open({ indexedDB });
  await vault.create(lock);
  await vault.add(account);
  vault.close();
  refusing(indexedDB, name);
  const full = await Vault.open({ indexedDB });
  await full.unlock(lock);
  await expect(full.add({ ...account, name: 'c' })).rejects.toThrow(key);
  await expect(full.nextCode((await full.list())[0]!.id)).rejects.toThrow(key);
  await expect(full.remove((await full.list())[0]!.id)).rejects.toThrow(key);
  full.close();
  vi.restoreAllMocks();
  const after = await Vault.open({ indexedDB });
  await after.unlock(lock);
  expect(await after.list()).toMatchObject([{ name: 'b', counter: 0 }]);
  after.close();
});

test('a transaction that fails half-way leaves nothing behind', async () => {
  const database = new Database('half', new IDBFactory());
  const half = database.transact('readwrite', async (stores) => {
    await stores.put('meta', 1, 'one');
    throw new Error('stop');
  });
  await expect(half).rejects.toThrow('stop');
  expect(await database.transact('readonly', (stores) => stores.get('meta', 'one'))).toBeUndefined();
});

test('a database of a later version of the app is left alone', async () => {
  const indexedDB = new IDBFactory();
  const old = await Vault.open({ indexedDB });
  await old.create(lock);
  const raise = indexedDB.open('woggle-authenticator', 2); // the later version does not wait for this tab
  const later = await new Promise<IDBDatabase>((resolve) => (raise.onsuccess = () => resolve(raise.result)));
  await expect(old.add(account)).rejects.toThrow('vault.newer');
  await expect(Vault.open({ indexedDB })).rejects.toThrow('vault.newer');
  later.close();
  old.close();
});

test('a connection that the browser closed is opened again', async () => {
  const indexedDB = new IDBFactory();
  const connections: IDBDatabase[] = [];
  const open = indexedDB.open.bind(indexedDB);
  vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
    const request = open(...args);
    request.addEventListener('success', () => connections.push(request.result));
    return request;
  });
  const vault = await Vault.open({ indexedDB });
  await vault.create(lock);
  connections.at(-1)!.close(); // without a word, as Safari does in the background
  await vault.add(account);
  expect(await vault.list()).toHaveLength(1);
  expect(connections).toHaveLength(2);
  vault.close();
});

test('storage that the browser took away is told, not filled anew', async () => {
  const indexedDB = new IDBFactory();
  const vault = await Vault.open({ indexedDB });
  await vault.create(lock);
  await vault.add(account);
  const gone = indexedDB.deleteDatabase('woggle-authenticator');
  await new Promise((resolve) => (gone.onsuccess = resolve));
  await expect(vault.add(account)).rejects.toThrow('vault.evicted');
  await expect(vault.list()).rejects.toThrow('vault.locked');
  vault.close();
});
