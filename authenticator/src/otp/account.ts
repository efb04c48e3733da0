// What an account is: the values that an otpauth: link carries, and nothing of how they are kept.
import { Problem } from '../problem';

export type Algorithm = 'SHA-1' | 'SHA-256' | 'SHA-512';

export interface Account {
  readonly kind: 'totp' | 'hotp';
  /** Who gave the secret, '' when the link does not say. */
  readonly issuer: string;
  /** The account there, often an e-mail address. */
  readonly name: string;
  readonly secret: Uint8Array<ArrayBuffer>;
  readonly algorithm: Algorithm;
  /** 6 to 8. */
  readonly digits: number;
  /** Seconds that a code lives; 30 for hotp, where it means nothing. */
  readonly period: number;
  /** The counter of the next code; 0 for totp. */
  readonly counter: number;
}

/** An account as it was scanned. */
export interface Scanned {
  readonly account: Account;
  /** Woggle's token to register this device for approvals (`woggle=`). It is never stored with the account. */
  readonly pairing?: string;
}

// RFC 4226 asks for 16 bytes; sites in use give 10. Fewer than five is a key of which a part was lost.
const minSecret = 5;
const maxSecret = 1024;
const maxName = 200;

/** Gives the account with its names cleaned, or says what is wrong with it: every way in ends here. */
export function checked(account: Account): Account {
  const { secret, digits, period, counter } = account;
  if (secret.length === 0) throw new Problem('otp.no-secret');
  if (secret.length < minSecret || secret.length > maxSecret) throw new Problem('otp.bad-secret');
  if (!Number.isInteger(digits) || digits < 6 || digits > 8) throw new Problem('otp.digits', { digits });
  if (!Number.isInteger(period) || period < 1 || period > 86_400) throw new Problem('otp.period', { period });
  if (!Number.isSafeInteger(counter) || counter < 0) throw new Problem('otp.counter');
  return { ...account, issuer: cleanName(account.issuer), name: cleanName(account.name) };
}

/** A name in one line and one spelling. Marks of text direction go: they could make one account look like another. */
export function cleanName(name: string): string {
  const line = name.normalize('NFC').replace(/\s+/g, ' ');
  const plain = line.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffd]/g, '');
  return Array.from(plain.trim()).slice(0, maxName).join('').trim();
}

/** How algorithms are spelt: SHA1, sha-256, HmacSHA512, SHA_512. */
export function algorithmOf(spelt: string): Algorithm {
  const bits = /^(?:HMAC)?SHA(1|256|512)$/.exec(spelt.toUpperCase().replace(/[^A-Z0-9]/g, ''))?.[1];
  if (!bits) throw new Problem('otp.algorithm', { algorithm: spelt });
  return `SHA-${bits}` as Algorithm;
}
