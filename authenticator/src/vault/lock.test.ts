import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeDataKey, makeDeviceKey, makeLock, openLock, type Lock, type NewLock } from './lock';
import { open, seal } from './seal';
import { noTries, reserve, type Tries } from './tries';
import { Vault } from './vault';

const pin = '271828';
const passkey = { id: new Uint8Array([1]), salt: new Uint8Array([2]) };
const byPasskey: NewLock = { prf: new Uint8Array(32).fill(7), passkey };

// The slow hash is slow on purpose; how often it goes round has a test of its own.
const deriveBits = crypto.subtle.deriveBits.bind(crypto.subtle);
const rounds: number[] = [];
vi.spyOn(crypto.subtle, 'deriveBits').mockImplementation((how, ...rest) => {
  rounds.push((how as Pbkdf2Params).iterations);
  return deriveBits({ ...(how as Pbkdf2Params), iterations: 100 }, ...rest);
});

let indexedDB: IDBFactory;
let now = 0;
let vaults: Vault[] = [];
beforeEach(() => {
  indexedDB = new IDBFactory();
  now = Date.parse('2026-11-23T12:00:00Z');
});
afterEach(() => vaults.splice(0).forEach((vault) => vault.close()));

async function tab(): Promise<Vault> {
  const vault = await Vault.open({ indexedDB, now: () => now, name: 'lock-test' });
  vaults.push(vault);
  return vault;
}

async function meta(change: (store: IDBObjectStore) => IDBRequest): Promise<any> {
  const asked = <T>(request: IDBRequest<T>) =>
    new Promise<T>((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await asked(indexedDB.open('lock-test'));
  const result = await asked(change(database.transaction('meta', 'readwrite').objectStore('meta')));
  database.close();
  return result;
}

const problem = (key: string, args?: object) => expect.objectContaining({ key, ...(args && { args: expect.objectContaining(args) }) });

describe('a PIN', () => {
  test('opens, and nothing else does', async () => {
    const vault = await tab();
    expect([vault.state, vault.lockKind]).toEqual(['empty', undefined]);
    await vault.create({ pin });
    expect(vault.lockKind).toEqual({ kind: 'pin' });
    vault.lock();
    await expect(vault.list()).rejects.toThrow('vault.locked');
    const later = await tab();
    expect(later.state).toBe('locked');
    await expect(later.unlock({ pin: '271829' })).rejects.toEqual(problem('vault.wrong-lock', { left: 4 }));
    await expect(later.unlock({ prf: new Uint8Array(32) })).rejects.toThrow('vault.wrong-lock');
    await later.unlock({ pin: ' ２７１８２８ ' }); // as a Japanese keyboard types it
    expect(await later.list()).toEqual([]);
    await later.confirm({ pin });
    await expect(later.confirm({ pin: '000000' })).rejects.toEqual(problem('vault.wrong-lock', { left: 4 })); // counted anew
  });

  test.each(['', '12345', '111111', '121212', '123123', '123456', '654321', '890123', '      ', 'aaaaaa'])('is not %j', async (weak) => {
    await expect((await tab()).create({ pin: weak })).rejects.toThrow('vault.weak-pin');
    expect((await tab()).state).toBe('empty');
  });

  test('goes round as often as OWASP says, or as the lock was made with', async () => {
    rounds.length = 0;
    const device = await makeDeviceKey();
    const lock = await makeLock('vault', { pin }, device, await makeDataKey());
    expect(lock.iterations).toBe(600_000);
    await openLock({ ...lock, iterations: 700_000 }, { pin }, device).catch(() => undefined);
    expect(rounds).toEqual([600_000, 700_000]);
  });

  test('slows down, in every tab and after a restart', async () => {
    await (await tab()).create({ pin });
    await meta((store) => store.put({ wrong: 3, notBefore: 0 }, 'tries'));
    const [a, b] = [await tab(), await tab()];
    await expect(a.unlock({ pin: '555666' })).rejects.toEqual(problem('vault.wrong-lock', { left: 1 }));
    await expect(b.unlock({ pin: '555666' })).rejects.toEqual(problem('vault.wrong-lock', { left: 0 }));
    await expect(a.unlock({ pin })).rejects.toEqual(problem('vault.wait', { seconds: 60 }));
    now += 59_001;
    await expect((await tab()).unlock({ pin })).rejects.toEqual(problem('vault.wait', { seconds: 1 }));
    now += 999;
    await a.unlock({ pin });
    expect(await meta((store) => store.get('tries'))).toEqual(noTries);
  });

  test('guessed many times at once is counted each time', async () => {
    const vault = await tab();
    await vault.create({ pin });
    const guesses = await Promise.allSettled(Array.from({ length: 12 }, (_, n) => vault.unlock({ pin: `55566${n}` })));
    const tried = guesses.filter((g) => g.status === 'rejected' && g.reason.key === 'vault.wrong-lock');
    expect(tried).toHaveLength(5);
  });

  test('comes to an end: the device key is thrown away, and the right one opens nothing', async () => {
    const vault = await tab();
    await vault.create({ pin });
    const other = await tab();
    await other.unlock({ pin });
    await meta((store) => store.put({ wrong: 19, notBefore: 0 }, 'tries'));
    await expect(vault.unlock({ pin: '555666' })).rejects.toThrow('vault.spent');
    expect(await meta((store) => store.get('device'))).toBeUndefined();
    await expect(vault.unlock({ pin })).rejects.toThrow('vault.spent');
    await meta((store) => store.put(noTries, 'tries')); // somebody puts the count back
    await expect(vault.unlock({ pin })).rejects.toThrow('vault.evicted');
    await meta((store) => store.put({ wrong: 20, notBefore: 0 }, 'tries'));
    expect((await tab()).state).toBe('spent');
    await vault.erase();
    await vault.create({ pin });
    expect(vault.state).toBe('open');
  });

  test('is worth nothing without the device key, nor the device key without it', async () => {
    const vault = await tab();
    await vault.create({ pin });
    const { lock } = (await meta((store) => store.get('vault'))) as { lock: Lock };
    const device = (await meta((store) => store.get('device'))) as CryptoKey;
    await expect(crypto.subtle.exportKey('raw', device)).rejects.toThrow();
    await expect(openLock(lock, { pin }, await makeDeviceKey())).rejects.toThrow('vault.wrong-lock');
    await meta((store) => store.delete('device'));
    expect((await tab()).state).toBe('evicted');
    await expect(vault.confirm({ pin })).rejects.toThrow('vault.evicted');
    await expect(vault.create({ pin })).rejects.toThrow('vault.exists');
  });
});

describe('the wrong tries', () => {
  test('wait longer each time, at most four hours, twenty in all and two days', () => {
    let tries: Tries = noTries;
    let at = 0;
    const waits: number[] = [];
    for (;;) {
      try {
        tries = reserve(tries, at);
      } catch (error) {
        const { key, args } = error as { key: string; args: { seconds: number } };
        if (key === 'vault.spent') break;
        waits.push(args.seconds);
        at += args.seconds * 1000;
      }
    }
    expect(waits).toEqual([60, 300, 900, 3600, ...new Array<number>(11).fill(14_400)]);
    expect(tries.wrong).toBe(20);
  });

  test('do not wait for a clock that was put back', () => {
    expect(() => reserve({ wrong: 5, notBefore: 10 ** 12 }, 0)).toThrow(problem('vault.wait', { seconds: 60 }));
  });
});

describe('a passkey', () => {
  test('opens with its key, and only with it', async () => {
    const vault = await tab();
    await vault.create(byPasskey);
    const later = await tab();
    expect(later.lockKind).toEqual({ kind: 'passkey', passkey });
    await expect(later.unlock({ prf: new Uint8Array(32) })).rejects.toThrow('vault.wrong-lock');
    await expect(later.unlock({ pin })).rejects.toThrow('vault.wrong-lock');
    await later.unlock(byPasskey);
    expect(later.state).toBe('open');
  });
});

describe('a change of lock', () => {
  test('needs the old one, and ends it', async () => {
    const vault = await tab();
    await vault.create(byPasskey);
    const { id } = await vault.add({ kind: 'totp', issuer: 'A', name: 'b', secret: new Uint8Array(20), algorithm: 'SHA-1', digits: 6, period: 30, counter: 0 });
    await expect(vault.changeLock({ prf: new Uint8Array(32) }, { pin })).rejects.toThrow('vault.wrong-lock');
    await expect(vault.changeLock(byPasskey, { pin: '111111' })).rejects.toThrow('vault.weak-pin');
    await vault.changeLock(byPasskey, { pin });
    expect(vault.lockKind).toEqual({ kind: 'pin' });
    expect((await vault.list())[0]!.id).toBe(id); // the open tab works on
    const later = await tab();
    await expect(later.unlock(byPasskey)).rejects.toThrow('vault.wrong-lock');
    await later.unlock({ pin });
    expect((await later.list())[0]!.id).toBe(id);
  });

  test('in two tabs at once is one change', async () => {
    const a = await tab();
    await a.create(byPasskey);
    const b = await tab();
    const keys = [1, 2].map((n): NewLock => ({ prf: new Uint8Array(32).fill(n), passkey }));
    const changed = await Promise.allSettled([a.changeLock(byPasskey, keys[0]!), b.changeLock(byPasskey, keys[1]!)]);
    expect(changed.map((c) => c.status).sort()).toEqual(['fulfilled', 'rejected']);
    const won = changed.findIndex((c) => c.status === 'fulfilled');
    await (await tab()).unlock(keys[won]!);
  });
});

describe('what is sealed', () => {
  test('opens at its place and not when a bit of anything is turned', async () => {
    const key = await makeDataKey();
    const sealed = await seal(key, new Uint8Array([1, 2, 3]), 'here');
    expect(await open(key, sealed, 'here')).toEqual(new Uint8Array([1, 2, 3]));
    await expect(open(key, sealed, 'there')).rejects.toThrow('vault.damaged');
    await expect(open(await makeDataKey(), sealed, 'here')).rejects.toThrow('vault.damaged');
    for (const part of ['iv', 'box'] as const) {
      for (let bit = 0; bit < sealed[part].length * 8; bit++) {
        const turned = { ...sealed, [part]: sealed[part].map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)) };
        await expect(open(key, turned, 'here')).rejects.toThrow('vault.damaged');
      }
    }
  });

  test('includes the lock’s own parameters', async () => {
    const device = await makeDeviceKey();
    const lock = await makeLock('vault', byPasskey, device, await makeDataKey());
    await openLock(lock, byPasskey, device);
    const flip = (bytes: Uint8Array<ArrayBuffer>) => bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte));
    for (const changed of [
      { vault: 'another' },
      { iterations: 1 },
      { salt: flip(lock.salt) },
      { wrapped: { ...lock.wrapped, iv: flip(lock.wrapped.iv) } },
      { wrapped: { ...lock.wrapped, box: flip(lock.wrapped.box) } },
    ]) {
      await expect(openLock({ ...lock, ...changed }, byPasskey, device)).rejects.toThrow('vault.wrong-lock');
    }
    const data = await openLock(lock, byPasskey, device);
    await expect(crypto.subtle.exportKey('raw', data)).rejects.toThrow();
  });
});
