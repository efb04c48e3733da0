// The service worker: keeps the app's own files, so that codes come without a network, and never keeps an old version for long.
//
// Nothing of a person's is ever put into a cache: only files that everybody gets, each checked against the hash that this
// worker was built with. What is kept is replaced as a whole or not at all.
//
// A fault that was mended must not live on in phones (threat T91). So the worker asks once an hour which version is the
// newest, and where it could not ask for a day, it asks before it shows the app. Without a network the kept version is shown.
/// <reference lib="webworker" />
import { listen } from '../approve/worker';
import { mustAsk, shouldAsk } from './fresh';

declare const self: ServiceWorkerGlobalScope;
declare const __FILES__: readonly (readonly [name: string, integrity: string])[];

const scope = new URL('./', self.location.href).pathname;
const version = '__VERSION__';
const shelf = 'woggle-app-' + version;
const log = 'woggle-asked'; // holds one answer: when the newest version was last asked for
const patience = 4000; // ms; a network that is slower counts as none

self.addEventListener('install', (event) => event.waitUntil(fill()));
self.addEventListener('activate', (event) => event.waitUntil(tidy()));
self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin || !url.pathname.startsWith(scope)) return;
  if (event.request.mode === 'navigate') event.respondWith(page(event));
  else if (url.pathname !== scope + 'version.json') event.respondWith(file(event.request));
});
listen(self);

async function fill(): Promise<void> {
  await caches.delete(shelf);
  const cache = await caches.open(shelf);
  await cache.addAll(__FILES__.map(([name, integrity]) => new Request(scope + name, { cache: 'no-cache', integrity, credentials: 'omit' })));
  await asked();
  await self.skipWaiting();
}

// tidy leaves the version before this one: a page that is still open may yet need a part of it.
async function tidy(): Promise<void> {
  const shelves = (await caches.keys()).filter((name) => name.startsWith('woggle-app-'));
  await Promise.all(shelves.slice(0, -2).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function file(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request);
}

async function page(event: FetchEvent): Promise<Response> {
  const kept = await (await caches.open(shelf)).match(scope);
  const last = await lastAsked();
  const now = Date.now();
  if (kept && !shouldAsk(last, now)) return kept;
  const newest = isNewest();
  event.waitUntil(newest.catch(() => undefined));
  if (kept && !mustAsk(last, now)) return kept;
  const fresh = newest.then((same) => (same && kept ? kept : fetch(event.request)));
  if (!kept) return fresh;
  return Promise.race([fresh, after(patience)]).then((answer) => answer ?? kept, () => kept);
}

// isNewest asks the server. It throws where there is no answer.
async function isNewest(): Promise<boolean> {
  const answer = await fetch(scope + 'version.json', { cache: 'no-store', credentials: 'omit' });
  if (!answer.ok) throw new Error('no version: ' + answer.status);
  const newest = ((await answer.json()) as { version?: string }).version === version;
  if (newest) await asked();
  else await self.registration.update();
  return newest;
}

async function lastAsked(): Promise<number> {
  const answer = await (await caches.open(log)).match(scope + 'asked');
  return Number(await answer?.text()) || 0;
}

async function asked(): Promise<void> {
  await (await caches.open(log)).put(scope + 'asked', new Response(String(Date.now())));
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}
