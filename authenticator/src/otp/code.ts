// Codes: RFC 4226 and RFC 6238 by WebCrypto.
import type { Account, Algorithm } from './account';
/** The key that makes codes; it can't be read again. */
export declare function codeKey(secret: Uint8Array<ArrayBuffer>, algorithm: Algorithm): Promise<CryptoKey>;
export declare function hotp(key: CryptoKey, counter: number, digits: number): Promise<string>;
export interface Code {
  readonly code: string;
  /** The code after it (for hotp: ''). */
  readonly next: string;
  /** Seconds that `code` still lives, with fractions (for hotp: Infinity). */
  readonly secondsLeft: number;
  readonly period: number;
}
/** `at` is milliseconds since 1970. */
export declare function totp(key: CryptoKey, of: Pick<Account, 'digits' | 'period'>, at: number): Promise<Code>;
