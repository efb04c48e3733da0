// What the open app does about sign-ins to approve.
import type { App } from '../app/app.svelte';
import type { Account } from '../otp/account';

/** Called once the vault is open: asks whether something waits for an answer, and goes to the screen 'approve' if so. */
export function start(_app: App): void {}

/** Called when an account was added whose link carried a token to register this device with. */
export function pair(_app: App, _account: Account, _token: string): void {}
