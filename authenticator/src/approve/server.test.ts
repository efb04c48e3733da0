import { expect, test } from 'vitest';
import { fromBase64, fromUTF8, toUTF8 } from '../otp/encoding';
import { algorithm, makeKeys, Refused, Server } from './server';
import type { Device } from './store';

const at = 1_800_000_000_000;
const partOf = (proof: string, n: number) => JSON.parse(fromUTF8(fromBase64(proof.split('.')[n]!)!)!) as Record<string, unknown>;

function answering(status: number, body: object) {
  const asked: { path: string; init: RequestInit }[] = [];
  const server = new Server('https://woggle.example', () => at, (path, init) => {
    asked.push({ path: String(path), init: init! });
    return Promise.resolve(new Response(JSON.stringify(body), { status }));
  });
  return { server, asked, proof: () => (asked.at(-1)!.init.headers as Record<string, string>)['DPoP']! };
}

async function device(): Promise<Device> {
  return { id: 'thumb', keys: await makeKeys(), issuer: 'Northwold', name: 'aisha', endpoint: '' };
}

test('the private half of a key cannot be read', async () => {
  const { privateKey, publicKey } = await makeKeys();
  await expect(crypto.subtle.exportKey('pkcs8', privateKey)).rejects.toThrow();
  await expect(crypto.subtle.exportKey('jwk', privateKey)).rejects.toThrow();
  expect((await crypto.subtle.exportKey('jwk', publicKey)).d).toBeUndefined();
});

test('an answer is signed for one request, by one key, once', async () => {
  const { server, asked, proof } = answering(200, { state: 'right' });
  const one = await device();
  expect(await server.answer(one, 'request', 'yes', '47')).toBe('right');
  const first = proof();
  const head = partOf(first, 0) as { jwk: JsonWebKey; typ: string; alg: string };
  expect(head).toMatchObject({ typ: 'dpop+jwt', alg: 'ES256' });
  expect(Object.keys(head.jwk).sort()).toEqual(['crv', 'kty', 'x', 'y']);
  expect(partOf(first, 1)).toMatchObject({ htm: 'POST', htu: 'https://woggle.example/authenticator/api/devices/thumb/requests/request', iat: at / 1000, answer: 'yes', number: '47' });
  const [text, signature] = [first.slice(0, first.lastIndexOf('.')), first.split('.')[2]!];
  const key = await crypto.subtle.importKey('jwk', head.jwk, algorithm, false, ['verify']);
  expect(await crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, fromBase64(signature)!, toUTF8(text))).toBe(true);
  await server.answer(one, 'request', 'yes', '47');
  expect(partOf(proof(), 1)['jti']).not.toBe(partOf(first, 1)['jti']);
  expect(asked[0]!.init).toMatchObject({ credentials: 'omit', redirect: 'error' });
});

test('what is signed leaves the query out', async () => {
  const { server, asked, proof } = answering(200, { requests: [] });
  expect(await server.waiting(await device(), 25, new AbortController().signal)).toEqual([]);
  expect(asked[0]!.path).toBe('/authenticator/api/devices/thumb/requests?wait=25');
  expect(partOf(proof(), 1)['htu']).toBe('https://woggle.example/authenticator/api/devices/thumb/requests');
});

test('a refusal is a word, and no answer is none', async () => {
  await expect(answering(403, { error: 'stopped' }).server.leave(await device())).rejects.toMatchObject({ word: 'stopped' });
  const away = new Server('https://woggle.example', () => at, () => Promise.reject(new TypeError('Failed to fetch')));
  await expect(away.leave(await device())).rejects.toEqual(new Refused(''));
});

test('how long to wait is told in seconds', async () => {
  for (const [header, wait] of [['90', 90_000], ['soon', 0], ['', 0]] as const) {
    const busy = new Server('https://woggle.example', () => at, () => Promise.resolve(new Response('{"error":"later"}', { status: 429, headers: { 'Retry-After': header } })));
    await expect(busy.waiting(await device(), 25, new AbortController().signal)).rejects.toMatchObject({ word: 'later', wait });
  }
});
