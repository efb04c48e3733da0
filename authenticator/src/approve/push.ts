// Being called when the app is closed (Push API). It is asked for once, on a press, and nothing depends on it.
import { fromBase64, toBase64 } from '../otp/encoding';
import type { Server } from './server';
import { keep, type Device } from './store';

/** Whether this browser can do it, and what the person has said. */
export function permission(): NotificationPermission | 'impossible' {
  return 'PushManager' in globalThis && 'Notification' in globalThis && 'serviceWorker' in navigator ? Notification.permission : 'impossible';
}

/** Asks the person. It must be called on a press. */
export async function askPermission(): Promise<boolean> {
  return (await Notification.requestPermission()) === 'granted';
}

/** Sees that each device is called where this browser is reached now. */
export async function subscribe(server: Server, devices: readonly Device[]): Promise<void> {
  if (permission() !== 'granted' || devices.length === 0) return;
  const manager = (await navigator.serviceWorker.ready).pushManager;
  const key = fromBase64(await server.pushKey());
  if (!key) return;
  let subscription = await manager.getSubscription();
  const its = subscription?.options.applicationServerKey;
  if (subscription && its && toBase64(new Uint8Array(its)) !== toBase64(key)) { // made for a key that is not the server's any more
    await subscription.unsubscribe();
    subscription = null;
  }
  subscription ??= await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  for (const device of devices) {
    if (device.endpoint === subscription.endpoint) continue;
    await server.pushTo(device, subscription.toJSON());
    await keep({ ...device, endpoint: subscription.endpoint });
  }
}
