// Codes: HOTP (RFC 4226) and TOTP (RFC 6238) by WebCrypto.
import type { Account, Algorithm } from './account';

/** What codeKey's key is for, also when it is unwrapped instead of imported. */
export const codeKeyOf = (algorithm: Algorithm): HmacImportParams => ({ name: 'HMAC', hash: algorithm });

/** The key that makes codes; it can't be read again. */
export function codeKey(secret: Uint8Array<ArrayBuffer>, algorithm: Algorithm): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', secret, codeKeyOf(algorithm), false, ['sign']);
}

/** RFC 4226 section 5.3. */
export async function hotp(key: CryptoKey, counter: number, digits: number): Promise<string> {
  const message = new DataView(new ArrayBuffer(8));
  message.setBigUint64(0, BigInt(counter));
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, message));
  const truncated = mac.getUint32(mac.getUint8(mac.byteLength - 1) & 15) & 0x7fffffff;
  return String(truncated % 10 ** digits).padStart(digits, '0');
}

export interface Code {
  readonly code: string;
  /** The code after it. */
  readonly next: string;
  /** Seconds that `code` still lives, with fractions. */
  readonly secondsLeft: number;
  readonly period: number;
}

/** RFC 6238 section 4; `at` is milliseconds since 1970. */
export async function totp(key: CryptoKey, of: Pick<Account, 'digits' | 'period'>, at: number): Promise<Code> {
  const step = Math.floor(at / 1000 / of.period);
  const [code, next] = await Promise.all([hotp(key, step, of.digits), hotp(key, step + 1, of.digits)]);
  return { code, next, secondsLeft: (step + 1) * of.period - at / 1000, period: of.period };
}
