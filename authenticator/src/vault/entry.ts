// One account as it is stored: two boxes, what the list shows and the secret, each sealed for its record. The list is
// made without opening a secret, and a code without a secret ever passing through a script.
import type { Account } from '../otp/account';
import { codeKeyOf } from '../otp/code';
import { fromUTF8, toUTF8 } from '../otp/encoding';
import { Problem } from '../problem';
import { gcm, open, seal, type Sealed } from './seal';

type Bytes = Uint8Array<ArrayBuffer>;

export interface Row {
  readonly id: string;
  readonly head: Sealed;
  readonly secret: Sealed;
  /** Set while the removal can be undone. */
  readonly removedAt?: number;
  /** The entry that took its place; undoing takes it away. */
  readonly replacedBy?: string;
}

/** An account in the list: everything but its secret. */
export interface Entry extends Omit<Account, 'secret'> {
  readonly id: string;
  /** The person's own name for it, '' when they gave none. */
  readonly label: string;
  readonly addedAt: number;
  readonly position: number;
  /** The record was changed outside the app; it can only be removed. */
  readonly damaged?: true;
}

const secretPlace = (id: string) => `entry/1/${id}/secret`;
const headPlace = (id: string) => `entry/1/${id}/head`;

export async function sealEntry(key: CryptoKey, entry: Entry, secret: Bytes): Promise<Row> {
  return { id: entry.id, head: await sealHead(key, entry), secret: await seal(key, secret, secretPlace(entry.id)) };
}

export function sealHead(key: CryptoKey, { id, ...rest }: Entry): Promise<Sealed> {
  return seal(key, toUTF8(JSON.stringify(rest)), headPlace(id));
}

/** A damaged record does not hide the others. */
export async function openEntry(key: CryptoKey, row: Row): Promise<Entry> {
  try {
    const head = JSON.parse(fromUTF8(await open(key, row.head, headPlace(row.id))) ?? '') as Omit<Entry, 'id'>;
    return { ...head, id: row.id };
  } catch {
    const none = { kind: 'totp', issuer: '', name: '', label: '', algorithm: 'SHA-1', digits: 6, period: 30, counter: 0 } as const;
    return { ...none, id: row.id, addedAt: 0, position: Number.MAX_SAFE_INTEGER, damaged: true };
  }
}

/** The secret itself, for a backup, and to tell whether two are the same. */
export const openSecret = (key: CryptoKey, row: Row): Promise<Bytes> => open(key, row.secret, secretPlace(row.id));

/** The secret as a key that makes codes and can't be read. */
export async function openCodeKey(key: CryptoKey, row: Row, entry: Entry): Promise<CryptoKey> {
  try {
    const { iv, box } = row.secret;
    return await crypto.subtle.unwrapKey('raw', box, key, gcm(secretPlace(row.id), iv), codeKeyOf(entry.algorithm), false, ['sign']);
  } catch (error) {
    throw new Problem('vault.damaged', {}, error);
  }
}
