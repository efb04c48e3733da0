// The encrypted backup: a file, or a copy on the server that the server can't read. It is a JWE in compact form
// (RFC 7516) under a passphrase (RFC 7518 section 4.8), so that other people's tools can open it too.
import { fromBase64, fromUTF8, toBase64, toUTF8 } from '../otp/encoding';
import { Problem } from '../problem';
import type { Portable } from '../vault/merge';
import { random } from '../vault/seal';
import { format, parse, type Contents } from './document';

type Bytes = Uint8Array<ArrayBuffer>;

const alg = 'PBES2-HS512+A256KW';
const enc = 'A256GCM';
const typ = 'woggle-authenticator-backup';
const version = 1;

// About three times OWASP's figure for PBKDF2-HMAC-SHA-512 (210,000): a file can be tried at leisure, and is seldom
// opened. A few seconds on a slow phone. Common JOSE libraries refuse more than a million.
const iterations = 600_000;
// What a file asks for is done before it can be verified: less is no backup of ours, more would only keep a phone busy.
const fewest = 210_000;
const most = 10_000_000;

// No i, l, o, u and no 0 or 1: nothing that looks like something else, and hardly a word.
const alphabet = 'abcdefghjkmnpqrstvwxyz23456789';
const groups = 4;
const group = 5;

/** A passphrase to write down: 98 bits, for a copy that others may hold. */
export function newPassphrase(): string {
  let text = '';
  while (text.length < groups * group) {
    // Bytes that would make some letters more likely than others are passed by.
    for (const byte of random(32)) if (byte < 240 && text.length < groups * group) text += alphabet[byte % alphabet.length];
  }
  return text.replace(/.{5}(?=.)/g, '$&-');
}

/** What makes backups under one passphrase and need not ask for it again. Whoever has it can read them: it is a secret. */
export interface Sealer {
  readonly header: string;
  readonly wrapped: string;
  readonly key: string;
}

/** Throws move.weak-passphrase. */
export async function makeSealer(passphrase: string): Promise<Sealer> {
  const plain = plainPassphrase(passphrase);
  if (plain.length < 12 || /^(.{1,4})\1+$/.test(plain)) throw new Problem('move.weak-passphrase');
  const salt = random(16);
  const header = toBase64(toUTF8(JSON.stringify({ alg, enc, typ, v: version, p2s: toBase64(salt), p2c: iterations })));
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);
  const wrapped = await crypto.subtle.wrapKey('raw', key, await wrappingKey(plain, salt, iterations), 'AES-KW');
  const raw = await crypto.subtle.exportKey('raw', key);
  return { header, wrapped: toBase64(new Uint8Array(wrapped)), key: toBase64(new Uint8Array(raw)) };
}

/** The text of the file, ASCII. `at` is its time, milliseconds. Throws move.weak-passphrase. */
export const makeBackup = async (accounts: readonly Portable[], passphrase: string, at: number): Promise<string> =>
  sealBackup(await makeSealer(passphrase), accounts, at);

/** A backup under the sealer's passphrase. One key seals many, each with a nonce of its own (see seal.ts for how many it may). */
export async function sealBackup(sealer: Sealer, accounts: readonly Portable[], at: number): Promise<string> {
  const key = await crypto.subtle.importKey('raw', fromBase64(sealer.key)!, 'AES-GCM', false, ['encrypt']);
  const iv = random(12);
  // Spaces to the next kilobyte: the size tells little of how many accounts there are.
  const contents = format(accounts, at);
  const padded = toUTF8(contents + ' '.repeat(1023 - ((toUTF8(contents).length + 1023) % 1024)));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: toUTF8(sealer.header) }, key, padded));
  const parts = [iv, sealed.slice(0, -16), sealed.slice(-16)];
  return [sealer.header, sealer.wrapped, ...parts.map(toBase64)].join('.');
}

/** Whether a text looks like a backup, before a passphrase is asked for. */
export function isBackup(text: string): boolean {
  return cut(text) !== undefined;
}

/**
 * What is in a backup; Vault.preview and merge take it from there. Throws move.not-backup, move.newer,
 * move.wrong-passphrase (also when the file's header was changed: the two can't be told apart) and move.damaged.
 */
export async function openBackup(text: string, passphrase: string): Promise<Contents> {
  const backup = cut(text);
  if (!backup) throw new Problem('move.not-backup');
  const { header, encoded, parts } = backup;
  if (typeof header['v'] === 'number' && header['v'] > version) throw new Problem('move.newer');
  const salt = typeof header['p2s'] === 'string' ? fromBase64(header['p2s']) : undefined;
  const times = header['p2c'];
  const [wrapped, iv, box, tag] = parts.map(fromBase64);
  if (header['alg'] !== alg || header['enc'] !== enc || header['v'] !== version || !salt) throw new Problem('move.damaged');
  if (typeof times !== 'number' || !(times >= fewest && times <= most) || !Number.isInteger(times)) throw new Problem('move.damaged');
  if (wrapped?.length !== 40 || iv?.length !== 12 || !box || tag?.length !== 16) throw new Problem('move.damaged');

  const key = await unwrapped(wrapped, await wrappingKey(plainPassphrase(passphrase), salt, times));
  const sealed = new Uint8Array([...box, ...tag]);
  let plain: ArrayBuffer;
  try {
    plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: toUTF8(encoded) }, key, sealed);
  } catch (error) {
    throw new Problem('move.damaged', {}, error);
  }
  return parse(fromUTF8(new Uint8Array(plain)));
}

interface Cut {
  readonly header: Record<string, unknown>;
  readonly encoded: string;
  readonly parts: string[];
}

function cut(text: string): Cut | undefined {
  // Mail programs break long lines.
  const [encoded = '', ...parts] = text.replace(/\s+/g, '').split('.');
  if (parts.length !== 4) return undefined;
  try {
    const header = JSON.parse(fromUTF8(fromBase64(encoded) ?? new Uint8Array()) ?? '') as Record<string, unknown>;
    return header['typ'] === typ ? { header, encoded, parts } : undefined;
  } catch {
    return undefined;
  }
}

async function unwrapped(wrapped: Bytes, key: CryptoKey): Promise<CryptoKey> {
  try {
    return await crypto.subtle.unwrapKey('raw', wrapped, key, 'AES-KW', 'AES-GCM', false, ['decrypt']);
  } catch (error) {
    throw new Problem('move.wrong-passphrase', {}, error);
  }
}

async function wrappingKey(passphrase: string, salt: Bytes, iterations: number): Promise<CryptoKey> {
  const typed = await crypto.subtle.importKey('raw', toUTF8(passphrase), 'PBKDF2', false, ['deriveKey']);
  // The algorithm's name belongs to the salt (RFC 7518 section 4.8.1.1).
  const salted = new Uint8Array([...toUTF8(alg), 0, ...salt]);
  const how = { name: 'PBKDF2', hash: 'SHA-512', salt: salted, iterations };
  return crypto.subtle.deriveKey(how, typed, { name: 'AES-KW', length: 256 }, false, ['wrapKey', 'unwrapKey']);
}

/** One spelling. One of ours may be typed with capitals, which phones put in, and without its hyphens. */
function plainPassphrase(typed: string): string {
  const plain = typed.normalize('NFKC').trim().replace(/\s+/g, ' ');
  const letters = plain.toLowerCase().replace(/[ -]/g, '');
  const ours = letters.length === groups * group && [...letters].every((letter) => alphabet.includes(letter));
  return ours ? letters : plain;
}
