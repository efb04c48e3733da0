// The lock: how the key that seals the accounts is itself kept.
//
//	what the person gives ──(PIN: PBKDF2 | passkey: PRF)── bits ──HMAC with the device key── HKDF ── wraps the data key
//
// The device key was made here, can't be exported and never leaves this browser's store: rows that a script, a sync
// or a dump of the database has carried away can't be tried against PINs elsewhere. See docs/decisions/authenticator-storage.md
// for what that is worth against somebody who holds the disk.
import { Problem } from '../problem';
import { joined, toUTF8 } from '../otp/encoding';
import { gcm, random, type Sealed } from './seal';

type Bytes = Uint8Array<ArrayBuffer>;

/** What the passkey has to be asked for. */
export interface Passkey {
  readonly id: Bytes;
  readonly salt: Bytes;
}

/** What opens the vault: what the person types, or the passkey's PRF output (see passkey.ts). */
export type Secret = { readonly pin: string } | { readonly prf: Bytes };

/** A new lock; for a passkey, what makePasskey gave. */
export type NewLock = { readonly pin: string } | { readonly prf: Bytes; readonly passkey: Passkey };

/** The lock as it is stored. */
export interface Lock {
  readonly vault: string;
  readonly salt: Bytes;
  /** Of PBKDF2, for a PIN. */
  readonly iterations?: number;
  readonly passkey?: Passkey;
  readonly wrapped: Sealed;
}

// OWASP's figure for PBKDF2-HMAC-SHA-256 (Password Storage Cheat Sheet). About half a second on a slow phone.
const iterations = 600_000;

const aes = { name: 'AES-GCM', length: 256 };

export const makeDeviceKey = (): Promise<CryptoKey> =>
  crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign']);

/** A data key that can be wrapped. Use openLock to get the one for work, which can't be exported. */
export const makeDataKey = (): Promise<CryptoKey> => crypto.subtle.generateKey(aes, true, ['encrypt', 'decrypt', 'unwrapKey']);

export async function makeLock(vault: string, next: NewLock, device: CryptoKey, data: CryptoKey): Promise<Lock> {
  if ('pin' in next) checkPIN(next.pin);
  const open = { vault, salt: random(32), ...('pin' in next ? { iterations } : { passkey: next.passkey }) };
  const how = gcm(place(open));
  const box = await crypto.subtle.wrapKey('raw', data, await wrappingKey(open, next, device), how);
  return { ...open, wrapped: { iv: how.iv, box: new Uint8Array(box) } };
}

/** Throws vault.wrong-lock. Only a change of lock asks for a key that can be wrapped again. */
export async function openLock(lock: Lock, secret: Secret, device: CryptoKey, extractable = false): Promise<CryptoKey> {
  if ('pin' in secret !== (lock.passkey === undefined)) throw new Problem('vault.wrong-lock', { left: 0 });
  const key = await wrappingKey(lock, secret, device);
  try {
    const { iv, box } = lock.wrapped;
    return await crypto.subtle.unwrapKey('raw', box, key, gcm(place(lock), iv), aes, extractable, ['encrypt', 'decrypt', 'unwrapKey']);
  } catch (error) {
    throw new Problem('vault.wrong-lock', { left: 0 }, error);
  }
}

const place = (lock: Omit<Lock, 'wrapped'>) => `lock/1/${lock.vault}/${lock.iterations ?? 'passkey'}`;

async function wrappingKey(lock: Omit<Lock, 'wrapped'>, secret: Secret, device: CryptoKey): Promise<CryptoKey> {
  const bits = 'pin' in secret ? await stretched(secret.pin, lock.salt, lock.iterations ?? iterations) : secret.prf;
  const kind = toUTF8('pin' in secret ? 'pin/' : 'prf/');
  const mixed = await crypto.subtle.sign('HMAC', device, joined(kind, bits));
  const material = await crypto.subtle.importKey('raw', mixed, 'HKDF', false, ['deriveKey']);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: lock.salt, info: toUTF8('woggle authenticator lock 1') };
  return crypto.subtle.deriveKey(how, material, aes, false, ['wrapKey', 'unwrapKey']);
}

async function stretched(pin: string, salt: Bytes, iterations: number): Promise<Bytes> {
  const typed = await crypto.subtle.importKey('raw', toUTF8(plainPIN(pin)), 'PBKDF2', false, ['deriveBits']);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, typed, 256));
}

/** One spelling, whichever keyboard typed it. */
const plainPIN = (pin: string): string => pin.normalize('NFKC').trim();

/** Refuses what is tried first: fewer than six characters, runs up or down, one to three characters again and again. */
function checkPIN(pin: string): void {
  const typed = plainPIN(pin);
  const run = '01234567890123456789';
  const backwards = [...run].reverse().join('');
  if (typed.length < 6 || /^(.{1,3})\1+$/.test(typed) || run.includes(typed) || backwards.includes(typed)) {
    throw new Problem('vault.weak-pin');
  }
}
