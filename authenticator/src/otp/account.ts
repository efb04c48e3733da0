// What an account is: the values that an otpauth: link carries, and nothing of how they are kept.

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
