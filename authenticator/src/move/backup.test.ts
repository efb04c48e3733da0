import { createCipheriv, createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { toBase64, toUTF8 } from '../otp/encoding';
import type { Portable } from '../vault/vault';
import { parse } from './document';
import { isBackup, makeBackup, newPassphrase, openBackup } from './backup';

const accounts: Portable[] = [
  { kind: 'totp', issuer: 'Northwold County', name: 'aisha@northwold.example', label: 'Scouts ✓', secret: toUTF8('a secret of twenty b'), algorithm: 'SHA-1', digits: 6, period: 30, counter: 0 },
  { kind: 'hotp', issuer: '', name: 'b:c', label: '', secret: toUTF8('another secret'), algorithm: 'SHA-512', digits: 8, period: 30, counter: 17 },
];
const passphrase = 'a long walk in the rain';
const at = Date.parse('2026-11-23T12:00:00Z');
// Made once: the slow hash is meant to be slow, and slower where much else is going on.
vi.setConfig({ testTimeout: 60_000 });
const file = await makeBackup(accounts, passphrase, at);

/** The key that wraps, by Node's own cryptography (RFC 7518 section 4.8.1). */
function wrapping(header: { alg: string; p2s: string; p2c: number }): Buffer {
  const salt = Buffer.concat([Buffer.from(header.alg), Buffer.from([0]), Buffer.from(header.p2s, 'base64url')]);
  return pbkdf2Sync(passphrase, salt, header.p2c, 32, 'sha512');
}

/** A backup as another program would write it, with the fewest rounds. */
function foreign(contents: string): string {
  const header = { p2c: 210_000, p2s: 'c2FsdHNhbHQ', v: 1, typ: 'woggle-authenticator-backup', enc: 'A256GCM', alg: 'PBES2-HS512+A256KW' };
  const [encoded, key, iv] = [Buffer.from(JSON.stringify(header)).toString('base64url'), Buffer.alloc(32, 5), Buffer.alloc(12, 6)];
  const wrap = createCipheriv('id-aes256-wrap', wrapping(header), Buffer.alloc(8, 0xa6));
  const seal = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(encoded));
  const wrapped = Buffer.concat([wrap.update(key), wrap.final()]);
  const box = Buffer.concat([seal.update(contents), seal.final()]);
  return [encoded, ...[wrapped, iv, box, seal.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
}

const link = 'otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQ';
const small = foreign(JSON.stringify({ version: 1, madeAt: at, accounts: [{ uri: link }] }));
const parts = small.split('.');
const header = JSON.parse(atob(parts[0]!));
const withHeader = (change: object) => [toBase64(toUTF8(JSON.stringify({ ...header, ...change }))), ...parts.slice(1)].join('.');

test('gives back what was put in, and shows nothing of it', async () => {
  expect(isBackup(file)).toBe(true);
  expect(await openBackup(file, passphrase)).toEqual({ accounts, madeAt: at });
  expect(await openBackup(`\n${file.replace(/.{76}/g, '$&\r\n')}\n`, ` a long walk  in the rain `)).toMatchObject({ accounts });
  expect(file.split('.').map((part) => Buffer.from(part, 'base64url').length)).toEqual([expect.any(Number), 40, 12, 1024, 16]);
});

test('is what JWE says, in the eyes of another implementation (RFC 7516)', async () => {
  const [encoded = '', ...rest] = file.split('.');
  const [wrapped, iv, box, tag] = rest.map((part) => Buffer.from(part, 'base64url'));
  const header = JSON.parse(atob(encoded));
  expect(header).toMatchObject({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 600_000 });
  const unwrap = createDecipheriv('id-aes256-wrap', wrapping(header), Buffer.alloc(8, 0xa6));
  const key = Buffer.concat([unwrap.update(wrapped!), unwrap.final()]);
  const open = createDecipheriv('aes-256-gcm', key, iv!).setAAD(Buffer.from(encoded)).setAuthTag(tag!);
  const text = Buffer.concat([open.update(box!), open.final()]).toString();
  expect(JSON.parse(text).accounts[0]).toEqual({
    uri: expect.stringMatching(/^otpauth:\/\/totp\/Northwold%20County:aisha%40northwold\.example\?secret=/),
    label: 'Scouts ✓',
  });
  expect(await openBackup(small, passphrase)).toMatchObject({ accounts: [{ issuer: 'A', name: 'b', label: '' }] });
});

test('a file of the first version opens in every later one, its passphrase as people type it', async () => {
  // Made with r4m7h-kq2vz-x9w3d-tbn8c.
  const old = readFileSync(new URL('./testdata/backup-1.woggle', import.meta.url), 'utf8');
  expect(await openBackup(old, ' R4m7hkq2vz X9W3D TBN8C')).toEqual({ accounts, madeAt: at });
});

describe('is refused', () => {
  test('with another passphrase', async () => {
    await expect(openBackup(small, 'a long walk in the Rain')).rejects.toThrow('move.wrong-passphrase');
  });

  test.each([
    ['nothing', ''],
    ['a picture', '\u0089PNG\r\n\u001a\n'],
    ['JSON', '{"accounts":[]}'],
    ['another JWE', `${toBase64(toUTF8('{"alg":"dir","enc":"A256GCM"}'))}..a.b.c`],
    ['half a file', file.slice(0, file.lastIndexOf('.'))],
  ])('as none: %s', async (_, text) => {
    expect(isBackup(text)).toBe(false);
    await expect(openBackup(text, passphrase)).rejects.toThrow('move.not-backup');
  });

  test('when a later version made it', async () => {
    await expect(openBackup(withHeader({ v: 2 }), passphrase)).rejects.toThrow('move.newer');
  });

  test.each([
    ['another algorithm', { alg: 'none' }],
    ['another cipher', { enc: 'A128CBC-HS256' }],
    ['no version', { v: undefined }],
    ['too few rounds', { p2c: 1000 }],
    ['rounds without end', { p2c: 1e12 }],
    ['odd rounds', { p2c: '1000000' }],
    ['no salt', { p2s: 7 }],
  ])('before any work, with %s', async (_, change) => {
    await expect(openBackup(withHeader(change), passphrase)).rejects.toThrow('move.damaged');
  });

  test('with a bit turned in any part', async () => {
    const turn = (part: number, byte: number) =>
      parts.map((p, at) => (at === part ? toBase64(Uint8Array.from(Buffer.from(p, 'base64url'), (b, i) => (i === byte ? b ^ 4 : b))) : p)).join('.');
    await expect(openBackup(turn(1, 39), passphrase)).rejects.toThrow('move.wrong-passphrase');
    for (const [part, byte] of [[2, 0], [3, 50], [4, 15]] as const) {
      await expect(openBackup(turn(part, byte), passphrase)).rejects.toThrow('move.damaged');
    }
    await expect(openBackup(withHeader({ note: 'added' }), passphrase)).rejects.toThrow('move.damaged');
  });

  test.each([
    ['a later format', '{"version":2}', 'move.newer'],
    ['no JSON', 'hello', 'move.damaged'],
    ['no accounts', '{"version":1,"madeAt":0}', 'move.damaged'],
    ['no link', '{"version":1,"madeAt":0,"accounts":[{"uri":"https://example.org"}]}', 'move.damaged'],
    ['null', '{"version":1,"madeAt":0,"accounts":[null]}', 'move.damaged'],
  ])('with contents that are none: %s', (_, contents, key) => {
    expect(() => parse(contents)).toThrow(key);
  });
});

test.each(['', 'short', 'elevenchars', 'aaaaaaaaaaaaaaaa', 'abcabcabcabcabc'])('a weak passphrase is not taken: %j', async (weak) => {
  await expect(makeBackup(accounts, weak, at)).rejects.toThrow('move.weak-passphrase');
});

test('our own passphrases are never the same, and hold no letter that looks like another', () => {
  const made = Array.from({ length: 200 }, newPassphrase);
  expect(new Set(made).size).toBe(200);
  for (const one of made) expect(one).toMatch(/^([a-hjkmnp-tv-z2-9]{5}-){3}[a-hjkmnp-tv-z2-9]{5}$/);
});
