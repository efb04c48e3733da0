// What the service worker does about sign-ins to approve: the messages of a push service, and a touch on one that is shown.
/// <reference lib="webworker" />
import { knock } from '../text/knock';

// Each push shows something: browsers demand it. It says that a sign-in waits, and not whose: a locked phone shows it to anybody.
async function shown(worker: ServiceWorkerGlobalScope): Promise<void> {
  const language = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in knock) as keyof typeof knock | undefined;
  const { title, body } = knock[language ?? 'en'];
  await worker.registration.showNotification(title, { body, tag: 'approve', icon: 'icon-192.png', badge: 'badge-96.png' });
}

async function opened(worker: ServiceWorkerGlobalScope): Promise<void> {
  const windows = await worker.clients.matchAll({ type: 'window' });
  const ours = windows.find((window) => window.url.startsWith(worker.registration.scope));
  // The app finds by itself what waits, once its lock is open.
  await (ours ? ours.focus() : worker.clients.openWindow(worker.registration.scope));
}

/** Adds the listeners for `push` and `notificationclick`. */
export function listen(worker: ServiceWorkerGlobalScope): void {
  worker.addEventListener('push', (event) => event.waitUntil(shown(worker)));
  worker.addEventListener('notificationclick', (event) => {
    event.notification.close();
    event.waitUntil(opened(worker));
  });
}
