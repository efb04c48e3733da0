// Google's otpauth-migration: sets, in which its authenticator hands accounts over, some at a time, each part a QR
// code. The contents are a protocol buffer:
//
//   Payload { repeated Parameters = 1; version = 2; batch_size = 3; batch_index = 4; batch_id = 5 }
//   Parameters { bytes secret = 1; name = 2; issuer = 3; algorithm = 4; digits = 5; type = 6; counter = 7 }
import { checked, type Account, type Algorithm } from './account';
import { fromBase64, fromUTF8, joined, toBase64, toUTF8 } from './encoding';
import { Problem } from '../problem';

type Bytes = Uint8Array<ArrayBuffer>;

export interface Part {
  readonly set: number;
  /** From 0. */
  readonly index: number;
  readonly count: number;
  readonly accounts: readonly Account[];
  /** Names of accounts whose kind of code this app can't make. */
  readonly refused: readonly string[];
}

const algorithms: readonly Algorithm[] = ['SHA-1', 'SHA-1', 'SHA-256', 'SHA-512'];
const digits = [6, 6, 8];
const kinds = ['totp', 'hotp', 'totp'] as const;
const maxParts = 100;

export const isMigration = (text: string): boolean => /^otpauth-migration:/i.test(text.trim());

export function parseMigration(text: string): Part {
  if (!isMigration(text)) throw new Problem('otp.not-otpauth');
  const data = /[?&]data=([^&#]*)/.exec(text)?.[1] ?? '';
  // A + that was not encoded may have become a space on the way.
  const bytes = fromBase64(data.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16))).replace(/ /g, '+'));
  if (!bytes?.length) throw new Problem('otp.damaged');

  const accounts: Account[] = [];
  const refused: string[] = [];
  let [count, index, set] = [1, 0, 0];
  for (const { field, value, bytes: inner } of fieldsOf(bytes)) {
    if (field === 1 && inner) {
      const read = accountOf(inner);
      if (typeof read === 'string') refused.push(read);
      else accounts.push(read);
    } else if (field === 3) count = Math.max(1, value);
    else if (field === 4) index = value;
    else if (field === 5) set = value;
  }
  if (count > maxParts || index < 0 || index >= count) throw new Problem('otp.damaged');
  return { set, index, count, accounts, refused };
}

function accountOf(bytes: Bytes): Account | string {
  let secret: Bytes = new Uint8Array();
  let [name, issuer, algorithm, size, kind, counter] = ['', '', 0, 0, 0, 0];
  for (const { field, value, bytes: inner = new Uint8Array() } of fieldsOf(bytes)) {
    if (field === 1) secret = inner;
    else if (field === 2) name = fromUTF8(inner) ?? '';
    else if (field === 3) issuer = fromUTF8(inner) ?? '';
    else if (field === 4) algorithm = value;
    else if (field === 5) size = value;
    else if (field === 6) kind = value;
    else if (field === 7) counter = value;
  }
  const colon = name.indexOf(':');
  if (colon > 0 && (!issuer || name.slice(0, colon).trim() === issuer.trim())) {
    [issuer, name] = [issuer || name.slice(0, colon), name.slice(colon + 1)];
  }
  const [spelt, length, type] = [algorithms[algorithm], digits[size], kinds[kind]];
  if (!spelt || !length || !type) return issuer || name;
  try {
    return checked({ kind: type, issuer, name, secret, algorithm: spelt, digits: length, period: 30, counter: type === 'hotp' ? counter : 0 });
  } catch {
    return issuer || name;
  }
}

/** Collects the parts of one set, in any order. */
export class Parts {
  readonly #seen = new Map<number, Part>();
  #first: Part | undefined;

  /** Takes a part; a repeated one changes nothing. Throws otp.other-set for one of another set. */
  add(part: Part): void {
    this.#first ??= part;
    if (part.set !== this.#first.set || part.count !== this.#first.count) throw new Problem('otp.other-set');
    if (!this.#seen.has(part.index)) this.#seen.set(part.index, part);
  }

  /** Of the whole set; 0 before the first part. */
  get count(): number {
    return this.#first?.count ?? 0;
  }

  /** Numbers, from 1, of the parts that were not seen yet. */
  get missing(): number[] {
    return Array.from({ length: this.count }, (_, index) => index + 1).filter((number) => !this.#seen.has(number - 1));
  }

  get complete(): boolean {
    return this.count > 0 && this.#seen.size === this.count;
  }

  /** All accounts, in the order of the parts. */
  get accounts(): Account[] {
    return this.#inOrder().flatMap((part) => part.accounts);
  }

  get refused(): string[] {
    return this.#inOrder().flatMap((part) => part.refused);
  }

  #inOrder(): Part[] {
    return [...this.#seen.values()].sort((a, b) => a.index - b.index);
  }
}

const perPart = 8; // what Google's own codes hold at most is ten; eight with long names still scan well

/** The links of a set for Google's app and those that read its sets. What the format has no word for is left out. */
export function formatMigration(accounts: readonly Account[], set: number): { links: string[]; left: Account[] } {
  const fits = (a: Account) => a.digits !== 7 && (a.kind === 'hotp' || a.period === 30);
  const all = accounts.filter(fits);
  const count = Math.ceil(all.length / perPart);
  const links = Array.from({ length: count }, (_, index) => {
    const some = all.slice(index * perPart, (index + 1) * perPart).map((a) => bytesField(1, parametersOf(a)));
    const payload = joined(...some, numberField(2, 1), numberField(3, count), numberField(4, index), numberField(5, set));
    return `otpauth-migration://offline?data=${encodeURIComponent(padded(toBase64(payload)))}`;
  });
  return { links, left: accounts.filter((a) => !fits(a)) };
}

function parametersOf(a: Account): Bytes {
  return joined(
    bytesField(1, a.secret),
    bytesField(2, toUTF8(a.name)),
    bytesField(3, toUTF8(a.issuer)),
    numberField(4, algorithms.lastIndexOf(a.algorithm)),
    numberField(5, digits.lastIndexOf(a.digits)),
    numberField(6, kinds.lastIndexOf(a.kind)),
    numberField(7, a.counter),
  );
}

/** The usual alphabet, which is the one that Google's app reads. */
function padded(base64url: string): string {
  return base64url.replace(/-/g, '+').replace(/_/g, '/').padEnd(Math.ceil(base64url.length / 4) * 4, '=');
}

// Protocol buffers, as much as is needed: varints and lengths; the rest is stepped over.

interface Field {
  readonly field: number;
  readonly value: number;
  readonly bytes?: Bytes;
}

function* fieldsOf(bytes: Bytes): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(BigInt.asIntN(64, value)); // an int32 below zero is written in ten bytes
    }
    throw new Problem('otp.damaged');
  };
  const take = (length: number): Bytes => {
    if (length < 0 || length > bytes.length - at) throw new Problem('otp.damaged');
    return bytes.slice(at, (at += length));
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = tag >> 3;
    if ((tag & 7) === 0) yield { field, value: varint() };
    else if ((tag & 7) === 2) yield { field, value: 0, bytes: take(varint()) };
    else if ((tag & 7) === 5) take(4);
    else if ((tag & 7) === 1) take(8);
    else throw new Problem('otp.damaged');
  }
}

function varintOf(value: number): Bytes {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, BigInt(value));
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Uint8Array.from([...bytes, Number(left)]);
}

const numberField = (field: number, value: number): Bytes => joined(varintOf(field << 3), varintOf(value));
const bytesField = (field: number, bytes: Bytes): Bytes => joined(varintOf((field << 3) | 2), varintOf(bytes.length), bytes);
