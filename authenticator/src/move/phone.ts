// Moving to a new phone. The new phone shows one QR code, its public key; the old one reads it and shows a sequence
// of codes that only the new one can open. Nothing is typed, and a film of both screens is worth nothing.
//
//	new phone   WOGGLE-MOVE:1/KEY/<public key>
//	old phone   WOGGLE-MOVE:1/<to><set>/<index>/<count>/<payload>      index from 1
//
// All of it is in the letters of QR's alphanumeric mode. The payloads joined are: the old phone's one-time public key,
// nonce, box. The key of the box comes of ECDH (P-256, the curve that every browser has) by HKDF over both public keys. In
// the box is a document (document.ts), deflated (RFC 1951): people hold two phones against each other for half as long.
import { fromUTF8, joined, toUTF8 } from '../otp/encoding';
import { Problem } from '../problem';
import type { Portable } from '../vault/merge';
import { random } from '../vault/seal';
import { fromBase45, toBase45 } from './base45';
import { format, parse } from './document';

type Bytes = Uint8Array<ArrayBuffer>;

const prefix = 'WOGGLE-MOVE:1/';
const curve = { name: 'ECDH', namedCurve: 'P-256' };
const publicLength = 65;
// 240 letters and the head fit version 10 at level M (311), whose modules an old phone still tells apart.
const perFrame = 160;
const maxFrames = 500;

export const isInvitation = (text: string): boolean => text.startsWith(prefix + 'KEY/');
export const isFrame = (text: string): boolean => text.startsWith(prefix) && !isInvitation(text);

/** The new phone. Its private key can't be exported, and is gone with the page. */
export class Receiver {
  readonly #seen = new Map<number, Bytes>();
  #set = '';
  #count = 0;

  private constructor(
    private readonly key: CryptoKey,
    private readonly own: Bytes,
  ) {}

  static async start(): Promise<Receiver> {
    const { privateKey, publicKey } = await crypto.subtle.generateKey(curve, false, ['deriveBits']);
    return new Receiver(privateKey, new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)));
  }

  /** Text of the QR code that the old phone reads. */
  get invitation(): string {
    return prefix + 'KEY/' + toBase45(this.own);
  }

  /**
   * Takes a frame, in any order; a repeated one changes nothing. When the old phone has begun anew, so does this.
   * Throws move.not-frame, and move.other-set for frames that were made for another phone.
   */
  add(text: string): void {
    const cut = /^([0-9A-F]{4})([0-9A-F]{8})\/(\d{1,3})\/(\d{1,3})\/(.+)$/.exec(isFrame(text) ? text.slice(prefix.length) : '');
    if (!cut) throw new Problem('move.not-frame');
    const [, to, set = '', index, count, payload = ''] = cut;
    const [number, all, bytes] = [Number(index), Number(count), fromBase45(payload)];
    if (!bytes || number < 1 || number > all || all > maxFrames) throw new Problem('move.not-frame');
    if (to !== tag(this.own)) throw new Problem('move.other-set');
    if (set !== this.#set || all !== this.#count) {
      this.#seen.clear();
      [this.#set, this.#count] = [set, all];
    }
    this.#seen.set(number, bytes);
  }

  /** Of all frames; 0 before the first. */
  get count(): number {
    return this.#count;
  }

  /** Numbers, from 1, of the frames that were not seen yet. */
  get missing(): number[] {
    return Array.from({ length: this.#count }, (_, at) => at + 1).filter((number) => !this.#seen.has(number));
  }

  get complete(): boolean {
    return this.#count > 0 && this.#seen.size === this.#count;
  }

  /** The accounts, once complete. Throws move.damaged. */
  async open(): Promise<Portable[]> {
    const all = joined(...[...this.#seen].sort(([a], [b]) => a - b).map(([, bytes]) => bytes));
    const [sender, iv, box] = [all.slice(0, publicLength), all.slice(publicLength, publicLength + 12), all.slice(publicLength + 12)];
    let plain: Bytes;
    try {
      const theirs = await crypto.subtle.importKey('raw', sender, curve, false, []);
      const key = await shared(this.key, theirs, sender, this.own);
      plain = await through(new DecompressionStream('deflate-raw'), await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, box));
    } catch (error) {
      throw new Problem('move.damaged', {}, error);
    }
    return parse(fromUTF8(plain)).accounts;
  }
}

/** The old phone: texts of the QR codes to show in a loop, at most 280 letters each. Throws move.not-frame. */
export async function frames(accounts: readonly Portable[], invitation: string): Promise<string[]> {
  const receiver = fromBase45(isInvitation(invitation) ? invitation.slice(prefix.length + 4) : '');
  if (receiver?.length !== publicLength) throw new Problem('move.not-frame');
  const { privateKey, publicKey } = await crypto.subtle.generateKey(curve, false, ['deriveBits']);
  const sender = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
  const theirs = await crypto.subtle.importKey('raw', receiver, curve, false, []).catch((error: unknown) => {
    throw new Problem('move.not-frame', {}, error); // no point on the curve
  });
  const iv = random(12);
  const key = await shared(privateKey, theirs, sender, receiver);
  const deflated = await through(new CompressionStream('deflate-raw'), toUTF8(format(accounts, 0)));
  const box = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, deflated);
  const all = joined(sender, iv, new Uint8Array(box));
  const count = Math.ceil(all.length / perFrame);
  if (count > maxFrames) throw new Problem('move.damaged');
  const head = prefix + tag(receiver) + hex(random(4));
  return Array.from({ length: count }, (_, at) => `${head}/${at + 1}/${count}/${toBase45(all.slice(at * perFrame, (at + 1) * perFrame))}`);
}

async function through(stream: CompressionStream | DecompressionStream, bytes: BufferSource): Promise<Bytes> {
  const changed = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(changed).arrayBuffer());
}

async function shared(mine: CryptoKey, theirs: CryptoKey, sender: Bytes, receiver: Bytes): Promise<CryptoKey> {
  const bits = await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, mine, 256);
  const material = await crypto.subtle.importKey('raw', bits, 'HKDF', false, ['deriveKey']);
  const info = joined(toUTF8('woggle authenticator move 1'), sender, receiver);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
  return crypto.subtle.deriveKey(how, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}

const hex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('').toUpperCase();

/** Whose frames they are, well enough to tell two phones in one room apart. */
const tag = (receiver: Bytes): string => hex(receiver.slice(1, 3));
