// What the service worker does about sign-ins to approve: the messages of a push service, and a touch on one that is shown.
/// <reference lib="webworker" />

/** Adds the listeners for `push` and `notificationclick`. */
export function listen(_worker: ServiceWorkerGlobalScope): void {}
