import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, expect, test, vi } from 'vitest';
import { parseURI } from '../otp/uri';
import { Text } from '../text/text.svelte';
import { Vault } from '../vault/vault';
import { App, AWAY } from './app.svelte';
import { Clock } from './clock.svelte';

const pin = { pin: '274917' };
const uri = 'otpauth://totp/Northwold:aisha?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Northwold';
let factory: IDBFactory;

beforeEach(() => {
  factory = new IDBFactory();
  // What approvals ask of the page.
  vi.stubGlobal('location', { origin: 'https://signin.northwold.example' });
  vi.stubGlobal('document', Object.assign(new EventTarget(), { hidden: true }));
  vi.stubGlobal('history', { state: null, pushState: () => undefined, go: () => undefined, back: () => undefined });
});

async function opened(): Promise<App> {
  const app = new App(new Text(['en']));
  await app.open(() => Vault.open({ indexedDB: factory }));
  return app;
}

async function withAccount(): Promise<App> {
  const app = await opened();
  await app.create(pin);
  await app.add([parseURI(uri).account]);
  return app;
}

test('first the lock, then the list', async () => {
  const app = await opened();
  expect(app.phase).toBe('welcome');
  await app.create(pin);
  expect(app.phase).toBe('open');
});

test('an account that came by a link waits for the lock', async () => {
  const app = new App(new Text(['en']));
  app.arrive('#' + uri);
  await app.open(() => Vault.open({ indexedDB: factory }));
  expect(app.idle).toBe(false); // a newer version must not throw it away
  await app.create(pin);
  expect(app.screens.current.name).toBe('link');
});

test('the shortcut scans', async () => {
  const app = await withAccount();
  app.arrive('#scan');
  expect(app.screens.current.name).toBe('scan');
  expect(app.arrived).toBeUndefined();
});

test('locking takes names, codes and what was said away', async () => {
  const app = await withAccount();
  expect(app.entries).toHaveLength(1);
  expect(app.codes.size).toBe(1);
  app.screens.go({ name: 'settings' });
  app.say('Northwold');
  app.lock();
  expect([app.phase, app.entries.length, app.codes.size, app.said, app.screens.current.name]).toEqual(['locked', 0, 0, '', 'list']);
});

test.each([
  ['a moment', 1000, 'open'],
  ['just under two minutes', AWAY - 1, 'open'],
  ['two minutes', AWAY, 'locked'],
  ['a clock that was set back', -60_000, 'locked'],
])('after %s out of sight', async (_, away, phase) => {
  const app = await withAccount();
  const left = Date.now();
  app.hide(true, left);
  expect(app.covered).toBe(true);
  app.hide(true, left + 500); // pagehide comes after visibilitychange
  app.hide(false, left + away);
  expect([app.covered, app.phase]).toEqual([false, phase]);
});

test('it locks after two minutes out of sight, seen again or not', async () => {
  const app = await withAccount();
  const left = Date.now();
  app.hide(true, left);
  await app.tick(left + AWAY - 1);
  expect(app.phase).toBe('open');
  await app.tick(left + AWAY);
  expect(app.phase).toBe('locked');
});

test('what is deleted can be brought back', async () => {
  const app = await withAccount();
  await app.remove(app.entries[0]!);
  expect([app.entries.length, app.said]).toEqual([0, 'Northwold was deleted.']);
  await app.takeBack();
  expect([app.entries.length, app.said, app.undo]).toEqual([1, 'Northwold is back.', undefined]);
});

test('a wrong PIN says so, and opens nothing', async () => {
  const app = await withAccount();
  app.lock();
  const cause = await app.unlock({ pin: '999999' }).catch((cause: unknown) => cause);
  expect(app.sentence(cause)).toBe('That is not your PIN. Try again.');
  expect(app.phase).toBe('locked');
});

test('a browser that keeps nothing gets a page that says so', async () => {
  const app = new App(new Text(['en']));
  await app.open(() => Promise.reject(new DOMException('denied', 'SecurityError')));
  expect([app.phase, app.trouble?.key]).toEqual(['trouble', 'vault.no-storage']);
});

test.each([
  ['right', 0, 0],
  ['nine seconds slow', 9, 0],
  ['a day slow', 86_400, 86_400_000],
  ['an hour fast', -3600, -3_600_000],
])('a clock that is %s', async (_, seconds, offset) => {
  const clock = new Clock();
  const now = 1_800_000_000_250;
  clock.device = () => now;
  const date = new Date(now + seconds * 1000).toUTCString();
  await clock.measure('/authenticator/', () => Promise.resolve(new Response(null, { headers: { Date: date } })));
  expect(Math.abs(clock.offset - offset)).toBeLessThan(1000);
});

test('without a network the clock stays as it was', async () => {
  const clock = new Clock();
  clock.offset = 86_400_000;
  await clock.measure('/authenticator/', () => Promise.reject(new TypeError('offline')));
  expect(clock.offset).toBe(86_400_000);
});

test('the list is shown once it is there, and what is opened then stays open', async () => {
  const app = await withAccount();
  app.lock();
  const unlocked = app.unlock(pin);
  await vi.waitFor(() => expect(app.phase).toBe('open'), { interval: 1, timeout: 60_000 }); // the slow hash is slow on a busy machine
  expect(app.entries).toHaveLength(1);
  app.screens.go({ name: 'settings' });
  await unlocked;
  expect(app.screens.current.name).toBe('settings');
});
