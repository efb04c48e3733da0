import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Account } from '../otp/account';
import { codeKey, hotp, totp } from '../otp/code';
import { toUTF8 } from '../otp/encoding';
import { UNDO_SECONDS, Vault } from './vault';
import { openCodeKey, openEntry, sealEntry } from './entry';
import { makeDataKey, type NewLock } from './lock';

// A passkey's lock is quick; lock.test.ts tries the PIN.
const lock: NewLock = { prf: new Uint8Array(32).fill(7), passkey: { id: new Uint8Array(16), salt: new Uint8Array(32) } };
const account = (n: number, rest: Partial<Account> = {}): Account => ({
  ...{ kind: 'totp', issuer: `Issuer ${n}`, name: `person${n}@example.org`, secret: toUTF8(`secret of number ${n}!`) },
  ...{ algorithm: 'SHA-1', digits: 6, period: 30, counter: 0, ...rest },
});

let indexedDB: IDBFactory;
let now: number;
let opened: Vault[];

beforeEach(() => {
  indexedDB = new IDBFactory();
  now = Date.parse('2026-11-23T12:00:00Z');
  opened = [];
});
afterEach(() => opened.forEach((vault) => vault.close()));

async function tab(unlock = true): Promise<Vault> {
  const vault = await Vault.open({ indexedDB, now: () => now, name: `test-${expect.getState().currentTestName}` });
  opened.push(vault);
  if (unlock) await (vault.state === 'empty' ? vault.create(lock) : vault.unlock(lock));
  return vault;
}

/** What stands in a store, by key. */
async function stored(store: string, change?: (rows: Map<IDBValidKey, any>) => void): Promise<Map<IDBValidKey, any>> {
  const database = await asked(indexedDB.open(`test-${expect.getState().currentTestName}`));
  const transaction = database.transaction(store, 'readwrite').objectStore(store);
  const [keys, values] = [await asked(transaction.getAllKeys()), await asked(transaction.getAll())];
  const rows = new Map(keys.map((key, i) => [key, values[i]]));
  if (change) {
    change(rows);
    await asked(transaction.clear());
    for (const [key, row] of rows) await asked(transaction.put(row, store === 'meta' ? key : undefined));
  }
  database.close();
  return rows;
}

const asked = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const names = async (vault: Vault) => (await vault.list()).map((entry) => entry.label || entry.issuer);
const settled = () => new Promise((resolve) => setTimeout(resolve, 20)); // a broadcast has no end that could be waited for

describe('accounts', () => {
  test('are listed in order without their secrets, and come back with them', async () => {
    const vault = await tab();
    for (let n = 0; n < 3; n++) expect(await vault.add(account(n))).toMatchObject({ outcome: 'new' });
    const list = await vault.list();
    expect(list.map((entry) => entry.issuer)).toEqual(['Issuer 0', 'Issuer 1', 'Issuer 2']);
    expect(list.every((entry) => !('secret' in entry))).toBe(true);
    const again = await tab();
    expect(await again.export()).toEqual([0, 1, 2].map((n) => ({ ...account(n), label: '' })));
  });

  test('stand nowhere in the clear', async () => {
    const vault = await tab();
    await vault.add(account(1));
    await vault.rename((await vault.list())[0]!.id, 'my own name');
    const bytes = [...(await stored('entries')).values()].flatMap((row) => [row.head.box, row.secret.box]);
    const text = JSON.stringify([...(await stored('entries')).values()]) + bytes.map((box) => String.fromCharCode(...box)).join('');
    for (const plain of ['secret of number', 'person1', 'Issuer', 'own name', 'counter']) expect(text).not.toContain(plain);
  });

  test('make their codes', async () => {
    const vault = await tab();
    const { id } = await vault.add(account(1, { algorithm: 'SHA-512', digits: 8, period: 60 }));
    await vault.add(account(2, { kind: 'hotp' }));
    const key = await codeKey(account(1).secret, 'SHA-512');
    expect(await vault.codes(now)).toEqual(new Map([[id, await totp(key, { digits: 8, period: 60 }, now)]]));
  });

  test('make them with keys that cannot be read', async () => {
    const key = await makeDataKey();
    const row = await sealEntry(key, { ...account(1), id: 'a', label: '', addedAt: 0, position: 0 }, account(1).secret);
    const codeKey = await openCodeKey(key, row, await openEntry(key, row));
    await expect(crypto.subtle.exportKey('raw', codeKey)).rejects.toThrow();
  });

  test('keep a clean name of the person’s own', async () => {
    const vault = await tab();
    const { id } = await vault.add(account(1));
    await vault.rename(id, '  Scouts\n\u202e ');
    expect(await vault.list()).toMatchObject([{ label: 'Scouts', issuer: 'Issuer 1' }]);
    await expect(vault.rename('none', 'x')).rejects.toThrow('vault.no-entry');
  });

  test('move before another and to the end', async () => {
    const vault = await tab();
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) ids.push((await vault.add(account(n))).id);
    await vault.move(ids[3]!, ids[0]);
    await vault.move(ids[1]!, undefined);
    expect(await names(vault)).toEqual(['Issuer 3', 'Issuer 0', 'Issuer 2', 'Issuer 1']);
    await vault.add(account(9));
    expect((await names(await tab())).at(-1)).toBe('Issuer 9');
  });

  test('that are wrong do not get in', async () => {
    const vault = await tab();
    await expect(vault.merge([account(1), account(2, { secret: new Uint8Array() })])).rejects.toThrow('otp.no-secret');
    expect(await vault.list()).toEqual([]);
  });
});

describe('a counter', () => {
  test('is stored advanced before its code is shown', async () => {
    const vault = await tab();
    const { id } = await vault.add(account(1, { kind: 'hotp', counter: 5 }));
    const key = await codeKey(account(1).secret, 'SHA-1');
    expect(await vault.nextCode(id)).toBe(await hotp(key, 5, 6));
    expect(await (await tab()).nextCode(id)).toBe(await hotp(key, 6, 6));
    expect((await vault.list())[0]!.counter).toBe(7);
  });

  test('gives no code twice, however many tabs ask', async () => {
    const vault = await tab();
    const { id } = await vault.add(account(1, { kind: 'hotp' }));
    const tabs = [vault, await tab(), await tab()];
    const codes = await Promise.all(tabs.flatMap((t) => Array.from({ length: 4 }, () => t.nextCode(id))));
    expect(new Set(codes).size).toBe(12);
    expect((await vault.list())[0]!.counter).toBe(12);
  });

  test('that a backup brings never goes back', async () => {
    const vault = await tab();
    const { id } = await vault.add(account(1, { kind: 'hotp', counter: 5 }));
    expect(await vault.add(account(1, { kind: 'hotp', counter: 3 }))).toEqual({ id, outcome: 'same' });
    expect((await vault.list())[0]!.counter).toBe(5);
    await vault.add(account(1, { kind: 'hotp', counter: 9 }));
    expect((await vault.list())[0]!.counter).toBe(9);
  });
});

describe('scanning again', () => {
  const fresh = (n: number) => account(n, { secret: toUTF8('quite another secret') });

  test('replaces the stale entry, which keeps its place and name, and says so', async () => {
    const vault = await tab();
    for (let n = 0; n < 3; n++) await vault.add(account(n));
    const old = (await vault.list())[1]!;
    await vault.rename(old.id, 'Scouts');
    expect(await vault.preview([fresh(1), account(2), account(3)])).toEqual(['replaced', 'same', 'new']);
    expect(await vault.add(fresh(1))).toMatchObject({ outcome: 'replaced' });
    expect(await names(vault)).toEqual(['Issuer 0', 'Scouts', 'Issuer 2']);
    expect((await vault.export())[1]!.secret).toEqual(fresh(1).secret);
  });

  test('can be undone, with the old secret', async () => {
    const vault = await tab();
    await vault.add(account(1));
    await vault.add(fresh(1));
    await vault.undo();
    expect(await vault.export()).toEqual([{ ...account(1), label: '' }]);
    expect((await stored('entries')).size).toBe(1);
  });

  test('replaces nothing when the link does not say whose account it is', async () => {
    const vault = await tab();
    for (const part of [{ issuer: '' }, { name: '' }]) {
      await vault.add({ ...account(1), ...part });
      expect(await vault.add({ ...fresh(1), ...part })).toMatchObject({ outcome: 'new' });
      expect(await vault.add({ ...account(1), ...part })).toMatchObject({ outcome: 'same' });
    }
    expect(await vault.list()).toHaveLength(4);
  });

  test('within one batch, the last one counts, and undoing gives back what was there before', async () => {
    const vault = await tab();
    await vault.add(account(1));
    await vault.merge([fresh(1), account(1, { digits: 8 }), account(2)]);
    expect(await vault.list()).toMatchObject([{ digits: 8 }, { issuer: 'Issuer 2' }]);
    await vault.undo();
    expect(await vault.export()).toMatchObject([account(1), { issuer: 'Issuer 2' }]);
  });
});

describe('a removal', () => {
  test('can be undone for half a minute, in its old place', async () => {
    const vault = await tab();
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push((await vault.add(account(n))).id);
    await vault.remove(ids[1]!);
    expect(await names(vault)).toEqual(['Issuer 0', 'Issuer 2']);
    now += UNDO_SECONDS * 1000 - 1;
    await vault.undo();
    expect(await names(vault)).toEqual(['Issuer 0', 'Issuer 1', 'Issuer 2']);
    await expect(vault.undo()).rejects.toThrow('vault.nothing-to-undo');
  });

  test('is final after that, and its secret is deleted', async () => {
    const vault = await tab();
    await vault.remove((await vault.add(account(1))).id);
    await vault.forget();
    expect((await stored('entries')).size).toBe(1);
    now += UNDO_SECONDS * 1000;
    await expect(vault.undo()).rejects.toThrow('vault.nothing-to-undo');
    await vault.forget();
    expect((await stored('entries')).size).toBe(0);
  });

  test('is final with the next one, and when the app is opened later', async () => {
    const vault = await tab();
    const [one, two] = [await vault.add(account(1)), await vault.add(account(2))];
    await vault.remove(one.id);
    await vault.remove(two.id);
    await vault.undo();
    expect(await names(vault)).toEqual(['Issuer 2']);
    await vault.remove(two.id);
    now += 3_600_000;
    await tab();
    expect((await stored('entries')).size).toBe(0);
    await expect(vault.remove(two.id)).rejects.toThrow('vault.no-entry');
  });
});

describe('two tabs', () => {
  test('lose no change of each other', async () => {
    const [a, b] = [await tab(), await tab()];
    await Promise.all([0, 1, 2, 3, 4, 5].map((n) => (n % 2 ? a : b).add(account(n))));
    const list = await a.list();
    expect(list).toHaveLength(6);
    expect(new Set(list.map((entry) => entry.position)).size).toBe(6);
    await Promise.all(list.map((entry, n) => (n % 2 ? a : b).rename(entry.id, `own ${n}`)));
    expect(await names(b)).toEqual(list.map((_, n) => `own ${n}`));
  });

  test('add the same account once', async () => {
    const [a, b] = [await tab(), await tab()];
    const outcomes = await Promise.all([a, b, a, b].map((t) => t.add(account(1))));
    expect(outcomes.map((added) => added.outcome).sort()).toEqual(['new', 'same', 'same', 'same']);
    expect(await a.list()).toHaveLength(1);
  });

  test('hear of each other', async () => {
    const [a, b] = [await tab(), await tab()];
    let heard = 0;
    const stop = b.watch(() => heard++);
    await a.add(account(1));
    await settled();
    expect(heard).toBe(1);
    a.lock();
    await settled();
    expect([a.state, b.state]).toEqual(['locked', 'locked']);
    stop();
    await expect(b.list()).rejects.toThrow('vault.locked');
    await a.unlock(lock);
    expect(b.state).toBe('locked'); // each tab asks by itself
  });

  test('do not work on in a vault that was erased, or on another one', async () => {
    const [a, b] = [await tab(), await tab()];
    await a.add(account(1));
    await a.erase();
    expect(a.state).toBe('empty');
    await expect(b.add(account(2))).rejects.toThrow('vault.');
    await a.create(lock);
    await expect(b.add(account(2))).rejects.toThrow('vault.locked');
    await settled();
    expect(b.state).toBe('locked');
    expect(await a.list()).toEqual([]);
    await expect(b.create(lock)).rejects.toThrow('vault.exists');
  });

  test('find out also where a broadcast does not arrive', async () => {
    vi.stubGlobal('BroadcastChannel', class { postMessage() {} close() {} });
    const [a, b] = [await tab(), await tab()];
    vi.unstubAllGlobals();
    await a.add(account(1));
    expect(await names(b)).toEqual(['Issuer 1']);
    await a.erase();
    await a.create(lock);
    for (const work of [() => b.list(), () => b.add(account(2)), () => b.export()]) await expect(work()).rejects.toThrow('vault.locked');
    expect([b.state, await a.list()]).toEqual(['locked', []]);
  });

  test('make one vault when both make one', async () => {
    const [a, b] = [await tab(false), await tab(false)];
    const made = await Promise.allSettled([a.create(lock), b.create(lock)]);
    expect(made.map((m) => m.status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('a record that was changed outside', () => {
  const parts = [
    ['head', 'box'],
    ['head', 'iv'],
    ['secret', 'box'],
    ['secret', 'iv'],
  ] as const;

  test.each(parts)('is found at every byte of its %s.%s, and hides no other', async (part, inner) => {
    const vault = await tab();
    const { id } = await vault.add(account(1));
    await vault.add(account(2));
    const length = (await stored('entries')).get(id)[part][inner].length;
    for (let at = 0; at < length; at += inner === 'iv' ? 1 : 5) {
      await stored('entries', (rows) => (rows.get(id)[part][inner][at] ^= 1 << (at % 8)));
      const other = await tab();
      expect((await other.export()).map((a) => a.issuer)).toEqual(['Issuer 2']);
      expect([...(await other.codes(now)).keys()]).not.toContain(id);
      if (part === 'head') {
        expect((await other.list()).find((entry) => entry.id === id)?.damaged).toBe(true);
        await expect(other.rename(id, 'x')).rejects.toThrow('vault.damaged');
      }
      await stored('entries', (rows) => (rows.get(id)[part][inner][at] ^= 1 << (at % 8)));
      other.close();
    }
  });

  test('is found when boxes of two records were swapped', async () => {
    const vault = await tab();
    const [a, b] = [(await vault.add(account(1))).id, (await vault.add(account(2))).id];
    for (const part of ['head', 'secret'] as const) {
      const swap = (rows: Map<IDBValidKey, any>) => ([rows.get(a)[part], rows.get(b)[part]] = [rows.get(b)[part], rows.get(a)[part]]);
      await stored('entries', swap);
      const other = await tab();
      expect(await other.export()).toEqual([]);
      await stored('entries', swap);
    }
    // The two boxes of one record don't stand for each other either.
    await stored('entries', (rows) => (rows.get(a).secret = rows.get(a).head));
    expect(await (await tab()).export()).toMatchObject([{ issuer: 'Issuer 2' }]);
  });

  test('uses no counter up, and can be removed or scanned again', async () => {
    const vault = await tab();
    const { id } = await vault.add(account(1, { kind: 'hotp' }));
    await stored('entries', (rows) => (rows.get(id).secret.box[3] ^= 1));
    await expect(vault.nextCode(id)).rejects.toThrow('vault.damaged');
    expect(await vault.list()).toMatchObject([{ counter: 0 }]);
    expect(await vault.add(account(1, { kind: 'hotp' }))).toMatchObject({ outcome: 'replaced' });
    await vault.remove((await vault.list())[0]!.id);
    expect(await vault.list()).toEqual([]);
  });
});
