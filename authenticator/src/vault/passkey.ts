// The device's own lock as the vault's: WebAuthn with the PRF extension.
import type { Passkey } from './vault';
/** Whether it is worth offering: a built-in authenticator with user verification (PRF itself shows only when it is made). */
export declare function passkeyOffered(): Promise<boolean>;
/** Makes a passkey and asks it for its key; throws vault.no-passkey when it has no PRF or the person said no. */
export declare function makePasskey(name: string): Promise<{ prf: Uint8Array<ArrayBuffer>; passkey: Passkey }>;
export declare function askPasskey(passkey: Passkey): Promise<{ prf: Uint8Array<ArrayBuffer> }>;
