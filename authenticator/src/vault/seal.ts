// Sealing with AES-256-GCM. What is sealed is bound to its place, so that a box moved to another record stays shut.
import { Problem } from '../problem';
import { toUTF8 } from '../otp/encoding';

type Bytes = Uint8Array<ArrayBuffer>;

export interface Sealed {
  readonly iv: Bytes;
  readonly box: Bytes;
}

/**
 * The parameters of one sealing. The nonce is random: a vault is sealed some thousand times in its life, and
 * 2^32 would still be safe under one key (NIST SP 800-38D section 8.3).
 */
export function gcm(place: string, iv: Bytes = random(12)): AesGcmParams & { iv: Bytes } {
  return { name: 'AES-GCM', iv, additionalData: toUTF8(place) };
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

export async function seal(key: CryptoKey, bytes: Bytes, place: string): Promise<Sealed> {
  const how = gcm(place);
  return { iv: how.iv, box: new Uint8Array(await crypto.subtle.encrypt(how, key, bytes)) };
}

export async function open(key: CryptoKey, sealed: Sealed, place: string): Promise<Bytes> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(gcm(place, sealed.iv), key, sealed.box));
  } catch (error) {
    throw new Problem('vault.damaged', {}, error);
  }
}
