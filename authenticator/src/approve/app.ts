// What the open app does about sign-ins to approve.
import type { App } from '../app/app.svelte';
import type { Account } from '../otp/account';
import { subscribe } from './push';
import { makeKeys, Refused, Server } from './server';
import { devices, drop, dropAll, keep, type Device } from './store';
import { known, Watch } from './watch.svelte';

/** The one watch of this window, once the app was open. */
export let watch: Watch | undefined;
export let server: Server | undefined;

const failed = (cause: unknown) => console.warn('approvals:', cause);

/** Called once the vault is open: watches for what waits for an answer, and goes to the screen 'approve' when something does. */
export function start(app: App): void {
  if (!watch) {
    server = new Server(location.origin, () => app.clock.right());
    watch = new Watch(server, () => show(app), () => void app.clock.measure(import.meta.env.BASE_URL));
    document.addEventListener('visibilitychange', () => void look(app).catch(failed));
  }
  void look(app).catch(failed);
}

/** Called each second: nobody may answer for somebody whose app is locked. */
export function mind(app: App): void {
  if (app.phase !== 'open' && watch?.watching) {
    watch.stop();
    watch.asked = undefined;
  }
}

/** Called when an account was added whose link carried a token to register this device with. */
export function pair(app: App, account: Account, token: string): void {
  void register(app, account, token).catch((cause: unknown) => {
    // Codes work all the same. A picture that was scanned twice is the one thing to know.
    if (cause instanceof Refused && cause.word === 'twice') app.say(app.text.say('approve.twice'));
    else failed(cause);
  });
}

/** Everything away: called when the app is erased. */
export async function forget(): Promise<void> {
  watch?.stop();
  await dropAll();
  known.devices = 0;
}

async function register(app: App, { issuer, name }: Account, token: string): Promise<void> {
  const before = (await devices()).filter(isOf({ issuer, name }));
  const keys = await makeKeys();
  const id = await server!.register(keys, token);
  await keep({ id, keys, issuer, name, endpoint: '' });
  await Promise.all(before.map(leave));
  await look(app);
}

/** Watches while the app is open and looked at, and not otherwise. */
async function look(app: App): Promise<void> {
  if (document.hidden || app.phase !== 'open') return watch?.stop();
  const all = await tidied(app);
  known.devices = all.length;
  watch?.start(all);
  await subscribe(server!, all);
}

/** The devices whose accounts are still in the list. What was deleted can be taken back for a while, and is kept as long. */
async function tidied(app: App): Promise<Device[]> {
  const all = await devices();
  if (app.undo) return all;
  const orphans = all.filter((device) => !app.entries.some(isOf(device)));
  await Promise.all(orphans.map(leave));
  return all.filter((device) => !orphans.includes(device));
}

// leave lets a device go. Its key stays until the server knows.
async function leave(device: Device): Promise<void> {
  try {
    await server!.leave(device);
  } catch (cause) {
    if (!(cause instanceof Refused) || cause.word !== 'unknown') return failed(cause);
  }
  await drop(device.id);
}

const isOf =
  (one: { issuer: string; name: string }) =>
  (other: { issuer: string; name: string }): boolean =>
    one.issuer === other.issuer && one.name === other.name;

function show(app: App): void {
  if (app.phase === 'open' && app.screens.current.name !== 'approve') app.screens.go({ name: 'approve' });
}
