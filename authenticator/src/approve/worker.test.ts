import { expect, test, vi } from 'vitest';
import { listen } from './worker';

const scope = 'https://woggle.example/authenticator/';

function worker(...open: string[]) {
  const heard = new Map<string, (event: unknown) => void>();
  const windows = open.map((url) => ({ url, focus: vi.fn(() => Promise.resolve()) }));
  const fake = {
    addEventListener: (name: string, listener: (event: unknown) => void) => heard.set(name, listener),
    registration: { scope, showNotification: vi.fn(() => Promise.resolve()) },
    clients: { matchAll: () => Promise.resolve(windows), openWindow: vi.fn(() => Promise.resolve()) },
  };
  listen(fake as unknown as ServiceWorkerGlobalScope);
  const tell = async (name: string, event: object = {}) => {
    let work: Promise<unknown> | undefined;
    heard.get(name)!({ ...event, waitUntil: (promise: Promise<unknown>) => (work = promise) });
    await work;
  };
  return { fake, windows, tell };
}

test('each push shows that a sign-in waits, and not whose', async () => {
  vi.stubGlobal('navigator', { languages: ['fr', 'cy-GB', 'en'] });
  const { fake, tell } = worker();
  await tell('push', { data: { text: () => '{"request":"01234"}' } });
  expect(fake.registration.showNotification).toHaveBeenCalledWith('Mae mewngofnodiad yn aros', expect.objectContaining({ tag: 'approve' }));
  vi.stubGlobal('navigator', { languages: ['fr'] });
  await tell('push');
  expect(fake.registration.showNotification).toHaveBeenLastCalledWith('A sign-in is waiting', expect.anything());
  vi.unstubAllGlobals();
});

test('a touch opens the app, or the window that is open', async () => {
  const close = vi.fn();
  const closed = worker('https://woggle.example/security');
  await closed.tell('notificationclick', { notification: { close } });
  expect(closed.fake.clients.openWindow).toHaveBeenCalledWith(scope);
  const open = worker('https://woggle.example/security', scope);
  await open.tell('notificationclick', { notification: { close } });
  expect(open.windows[1]!.focus).toHaveBeenCalled();
  expect(open.fake.clients.openWindow).not.toHaveBeenCalled();
  expect(close).toHaveBeenCalledTimes(2);
});
