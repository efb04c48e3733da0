// The devices that were paired: one for each Woggle account, with its key. They stand in a database of their own, because their keys
// can't be sealed by the vault's: a key that can't be exported can't be wrapped either.
const name = 'woggle-authenticator-devices';

/** This app, as a Woggle knows it for one account. */
export interface Device {
  /** The thumbprint of its key (RFC 7638). */
  readonly id: string;
  readonly keys: CryptoKeyPair;
  /** The account that it belongs to, as its link names it. */
  readonly issuer: string;
  readonly name: string;
  /** Where pushes were last told to go to, '' for nowhere. */
  readonly endpoint: string;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore('devices', { keyPath: 'id' });
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
  });
}

async function work<T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    const transaction = database.transaction('devices', mode);
    const request = ask(transaction.objectStore('devices'));
    return await new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

export const devices = (): Promise<Device[]> => work<Device[]>('readonly', (store) => store.getAll());
export const keep = (device: Device): Promise<unknown> => work('readwrite', (store) => store.put(device));
export const drop = (id: string): Promise<unknown> => work('readwrite', (store) => store.delete(id));
export const dropAll = (): Promise<unknown> => work('readwrite', (store) => store.clear());
