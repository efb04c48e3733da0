// What this device asks of Woggle. Each request is signed with a key that can't leave the browser (DPoP, RFC 9449).
import { toBase64, toUTF8 } from '../otp/encoding';
import type { Device } from './store';

/** A sign-in that waits for an answer. */
export interface Request {
  readonly id: string;
  readonly organisation: string;
  readonly account: string;
  readonly app?: string;
  readonly browser?: string;
  /** The beginning of the browser's address. */
  readonly network?: string;
  /** It is behind the same address as this device. */
  readonly near: boolean;
  readonly at: string;
  /** Milliseconds. */
  readonly left: number;
}

export type Outcome = 'right' | 'wrong' | 'late' | 'over' | 'stopped';

/** What the server says no with; '' when it did not answer. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly word: string,
    readonly date: string | null = null,
    /** For how many milliseconds not to ask again; 0 when it did not say. */
    readonly wait = 0,
  ) {
    super(word);
  }
}

export const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const api = '/authenticator/api/';

export class Server {
  constructor(
    private readonly origin: string,
    private readonly now: () => number,
    private readonly ask: typeof fetch = (...args) => fetch(...args),
  ) {}

  /** The key that a browser needs to subscribe to pushes. */
  async pushKey(): Promise<string> {
    const { key } = (await this.#send('GET', api + 'push', {})) as { key: string };
    return key;
  }

  async register(keys: CryptoKeyPair, token: string): Promise<string> {
    const { id } = (await this.#signed(keys, 'POST', 'devices', { body: JSON.stringify({ token }) })) as { id: string };
    return id;
  }

  /** What waits; the server holds the answer back for up to `wait` seconds until something does. */
  async waiting(device: Device, wait: number, signal: AbortSignal): Promise<Request[]> {
    const found = await this.#signed(device.keys, 'GET', `devices/${device.id}/requests`, { signal }, {}, `?wait=${wait}`);
    return (found as { requests: Request[] }).requests;
  }

  async answer(device: Device, request: string, answer: 'yes' | 'no', number = ''): Promise<Outcome> {
    const { state } = (await this.#signed(device.keys, 'POST', `devices/${device.id}/requests/${request}`, {}, { answer, number })) as { state: Outcome };
    return state;
  }

  async pushTo(device: Device, subscription: PushSubscriptionJSON | null): Promise<void> {
    await this.#signed(device.keys, 'PUT', `devices/${device.id}/push`, { body: JSON.stringify(subscription) });
  }

  /** Leaves a copy; a renewal does not bring back one that its owner has removed. */
  async keepCopy(device: Device, copy: string, renew: boolean): Promise<void> {
    await this.#signed(device.keys, 'PUT', `devices/${device.id}/copy`, { body: JSON.stringify({ copy, renew }) });
  }

  async dropCopy(device: Device): Promise<void> {
    await this.#signed(device.keys, 'DELETE', `devices/${device.id}/copy`, {});
  }

  /** The copy that a link opens, once. It needs no device. */
  async takeCopy(token: string): Promise<string> {
    const { copy } = (await this.#send('POST', api + 'copies', { body: JSON.stringify({ token }) })) as { copy: string };
    return copy;
  }

  async leave(device: Device): Promise<void> {
    await this.#signed(device.keys, 'DELETE', `devices/${device.id}`, {});
  }

  async #signed(keys: CryptoKeyPair, method: string, path: string, init: RequestInit, more: object = {}, query = ''): Promise<unknown> {
    const address = this.origin + api + path;
    const claims = { jti: toBase64(crypto.getRandomValues(new Uint8Array(16))), htm: method, htu: address, iat: Math.floor(this.now() / 1000), ...more };
    return this.#send(method, api + path + query, { ...init, headers: { DPoP: await prove(keys, claims), 'Content-Type': 'application/json' } });
  }

  async #send(method: string, path: string, init: RequestInit): Promise<unknown> {
    let answer: Response;
    try {
      answer = await this.ask(path, { ...init, method, credentials: 'omit', cache: 'no-store', redirect: 'error' });
    } catch (cause) {
      throw init.signal?.aborted ? cause : new Refused('');
    }
    const said = (await answer.json().catch(() => ({}))) as { error?: string };
    if (!answer.ok) throw new Refused(said.error ?? 'fault', answer.headers.get('Date'), (Number(answer.headers.get('Retry-After')) || 0) * 1000);
    return said;
  }
}

/** Only the public half can be read, ever. */
export const makeKeys = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);

/** A proof: the claims, signed (RFC 9449 section 4.2). What WebCrypto signs with is what JWS wants (RFC 7518 section 3.4). */
export async function prove(keys: CryptoKeyPair, claims: object): Promise<string> {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', keys.publicKey);
  const part = (value: object) => toBase64(toUTF8(JSON.stringify(value)));
  const text = part({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }) + '.' + part(claims);
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, keys.privateKey, toUTF8(text));
  return text + '.' + toBase64(new Uint8Array(signature));
}
