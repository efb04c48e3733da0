import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, expect, test, vi } from 'vitest';
import { App } from '../app/app.svelte';
import { makeKeys } from '../approve/server';
import { dropAll, keep } from '../approve/store';
import { openBackup } from '../move/backup';
import { parseURI } from '../otp/uri';
import { Text } from '../text/text.svelte';
import { Vault } from '../vault/vault';

vi.setConfig({ testTimeout: 60_000 }); // the slow hash is meant to be slow
const passphrase = 'a long walk in the rain';
const account = (name: string) => parseURI(`otpauth://totp/Northwold:${name}?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Northwold`).account;

/** What was left on the server, the newest last. */
let left: { copy: string; renew: boolean; path: string }[];
let asked: string[];
let answer: () => Response;
const ok = () => new Response('{}');
const refuses = (status: number, error: string) => () => new Response(JSON.stringify({ error }), { status });

beforeEach(async () => {
  vi.stubGlobal('location', { origin: 'https://signin.northwold.example' });
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: true }));
  vi.stubGlobal('history', { state: null, pushState: () => undefined, go: () => undefined, back: () => undefined });
  left = [];
  asked = [];
  answer = ok;
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    asked.push(`${init.method} ${path}`);
    const given = answer();
    if (init.method === 'PUT' && given.ok) left.push({ ...JSON.parse(String(init.body)), path });
    return Promise.resolve(given);
  });
  await dropAll();
});

async function withDevice(): Promise<App> {
  const remembered = new Map<string, string>();
  const store = { getItem: (name: string) => remembered.get(name) ?? null, setItem: (name: string, value: string) => void remembered.set(name, value) } as Storage;
  const app = new App(new Text(['en']), store);
  await app.open(() => Vault.open({ indexedDB: new IDBFactory() }));
  await app.create({ pin: '274917' });
  await app.add([account('aisha')]);
  await keep({ id: 'thumb', keys: await makeKeys(), issuer: 'Northwold', name: 'aisha', endpoint: '' });
  return app;
}

/** What is renewed by itself is not waited for by anybody. */
const settled = (count: number) => vi.waitFor(() => expect(left).toHaveLength(count));

test('a copy is kept, and renewed at each change, by no more than the change', async () => {
  const app = await withDevice();
  await app.copy.start(passphrase);
  expect(left[0]).toMatchObject({ renew: false, path: '/authenticator/api/devices/thumb/copy' });
  await app.refresh();
  await app.copy.renew();
  expect(left).toHaveLength(1); // nothing has changed
  await app.add([account('scouts')]);
  await settled(2);
  expect(left[1]!.renew).toBe(true);
  const { accounts } = await openBackup(left[1]!.copy, passphrase);
  expect(accounts.map(({ name }) => name)).toEqual(['aisha', 'scouts']);
  const [first, second] = left.map(({ copy }) => copy.split('.'));
  expect(second!.slice(0, 2)).toEqual(first!.slice(0, 2)); // the same password opens both
  expect(second![2]).not.toBe(first![2]); // and no nonce is used twice
  expect(app.memory.backedUpAt).toBe(app.copy.keptAt);
});

test('what seals it is not there while the app is locked, and goes with the vault', async () => {
  const app = await withDevice();
  await app.copy.start(passphrase);
  app.lock();
  await expect(app.vault.note('copy')).rejects.toThrow('vault.locked');
  await app.copy.renew();
  await app.unlock({ pin: '274917' });
  await app.copy.renew();
  expect(left).toHaveLength(1);
  await app.erase();
  await app.create({ pin: '274917' });
  expect(await app.vault.note('copy')).toBeUndefined();
});

test('an emptied list does not take the copy with it', async () => {
  const app = await withDevice();
  await app.copy.start(passphrase);
  await app.vault.remove(app.entries[0]!.id);
  await app.refresh();
  await app.copy.renew();
  expect(app.entries).toHaveLength(0);
  expect(left).toHaveLength(1);
});

test.each([
  ['it was removed in Security info', refuses(404, 'missing')],
  ['the account was set up on another phone', refuses(401, 'unknown')],
])('when %s, the person is told and nothing is brought back', async (_, no) => {
  const app = await withDevice();
  await app.copy.start(passphrase);
  answer = no;
  await app.add([account('scouts')]);
  await vi.waitFor(() => expect(app.copy.keptAt).toBeUndefined());
  expect([app.copy.lost, app.memory.copyGoneAt > 0]).toEqual([true, true]);
  answer = ok;
  await app.add([account('explorers')]);
  await app.copy.renew();
  expect(left).toHaveLength(1);
});

test('without a network it is tried again, but not all the time', async () => {
  const app = await withDevice();
  await app.copy.start(passphrase);
  answer = () => {
    throw new TypeError('Failed to fetch');
  };
  await app.add([account('scouts')]);
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  await app.copy.renew();
  await app.copy.renew();
  expect(asked).toHaveLength(2);
  answer = ok;
  const now = Date.now();
  const clock = vi.spyOn(Date, 'now').mockReturnValue(now + 61_000);
  await app.copy.renew();
  clock.mockRestore();
  expect(left).toHaveLength(2);
});

test('an account that was set up anew carries its copy on', async () => {
  const app = await withDevice();
  await app.copy.start(passphrase);
  await dropAll();
  await keep({ id: 'another', keys: await makeKeys(), issuer: 'Northwold', name: 'aisha', endpoint: '' });
  await app.add([account('scouts')]);
  await settled(2);
  expect(left[1]).toMatchObject({ renew: false, path: '/authenticator/api/devices/another/copy' });
});

test('it is taken back when the person wants that', async () => {
  const app = await withDevice();
  await app.copy.start(passphrase);
  await app.copy.stop();
  expect(asked.at(-1)).toBe('DELETE /authenticator/api/devices/thumb/copy');
  expect(app.copy.keptAt).toBeUndefined();
  await app.add([account('scouts')]);
  await app.copy.renew();
  expect(left).toHaveLength(1);
});

test('a weak password keeps nothing, and without a paired account there is nowhere to', async () => {
  const app = await withDevice();
  await expect(app.copy.start('short')).rejects.toThrow('move.weak-passphrase');
  await dropAll();
  await expect(app.copy.start(passphrase)).rejects.toThrow('unknown');
  expect(asked).toEqual([]);
});

test('a link with a copy waits for the lock, and is no account', async () => {
  const app = new App(new Text(['en']));
  app.arrive('#copy=abc234');
  await app.open(() => Vault.open({ indexedDB: new IDBFactory() }));
  expect(app.idle).toBe(false);
  await app.create({ pin: '274917' });
  expect(app.screens.current).toEqual({ name: 'restore', token: 'abc234' });
  expect(app.arrived).toBeUndefined();
});
