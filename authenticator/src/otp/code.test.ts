import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { fromBase32, toBase32, toUTF8 } from './encoding';
import { codeKey, hotp, totp } from './code';
import type { Algorithm } from './account';

const seeds: Record<Algorithm, string> = {
  'SHA-1': '12345678901234567890',
  'SHA-256': '12345678901234567890123456789012',
  'SHA-512': '1234567890123456789012345678901234567890123456789012345678901234',
};

test('HOTP makes the codes of RFC 4226 appendix D', async () => {
  const key = await codeKey(toUTF8(seeds['SHA-1']), 'SHA-1');
  const codes = await Promise.all(Array.from({ length: 10 }, (_, counter) => hotp(key, counter, 6)));
  expect(codes.join(' ')).toBe('755224 287082 359152 969429 338314 254676 287922 162583 399871 520489');
});

test.each([
  [59, '94287082', '46119246', '90693936'],
  [1111111109, '07081804', '68084774', '25091201'],
  [1111111111, '14050471', '67062674', '99943326'],
  [1234567890, '89005924', '91819424', '93441116'],
  [2000000000, '69279037', '90698825', '38618901'],
  [20000000000, '65353130', '77737706', '47863826'],
])('TOTP makes the codes of RFC 6238 appendix B at %i s', async (at, ...codes) => {
  for (const [i, algorithm] of (['SHA-1', 'SHA-256', 'SHA-512'] as const).entries()) {
    const key = await codeKey(toUTF8(seeds[algorithm]), algorithm);
    expect((await totp(key, { digits: 8, period: 30 }, at * 1000)).code).toBe(codes[i]);
  }
});

test('the next code and the time left are those of the step', async () => {
  const key = await codeKey(toUTF8(seeds['SHA-1']), 'SHA-1');
  const late = await totp(key, { digits: 6, period: 30 }, 59_500);
  const then = await totp(key, { digits: 6, period: 30 }, 60_000);
  expect(late.secondsLeft).toBe(0.5);
  expect(late.next).toBe(then.code);
  expect(then.secondsLeft).toBe(30);
});

test('a key that makes codes cannot be read', async () => {
  const key = await codeKey(toUTF8(seeds['SHA-1']), 'SHA-1');
  await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow();
});

describe('oathtool agrees', () => {
  const there = (() => {
    try {
      return execFileSync('oathtool', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] }).length > 0;
    } catch (error) {
      if (process.env['WOGGLE_TEST_ALL']) throw error;
      return false;
    }
  })();
  const oathtool = (...args: string[]) => execFileSync('oathtool', args, { encoding: 'utf8' }).trim();
  const secret = crypto.getRandomValues(new Uint8Array(23));

  test.skipIf(!there).each([
    ['SHA-1', 6, 30],
    ['SHA-256', 7, 60],
    ['SHA-512', 8, 15],
  ] as const)('with TOTP by %s, %i digits, %i s', async (algorithm, digits, period) => {
    const key = await codeKey(secret, algorithm);
    for (const at of [0, 1_790_000_000, 1_790_000_029, 33_000_000_000]) {
      const mode = `--totp=${algorithm.replace('-', '')}`;
      const said = oathtool(mode, '-b', '-d', `${digits}`, '-s', `${period}s`, '-N', `@${at}`, toBase32(secret));
      expect((await totp(key, { digits, period }, at * 1000)).code).toBe(said);
    }
  });

  test.skipIf(!there)('with HOTP, also at large counters', async () => {
    const key = await codeKey(secret, 'SHA-1');
    for (const counter of [0, 1, 2 ** 32, 2 ** 53 - 2]) {
      expect(await hotp(key, counter, 6)).toBe(oathtool('--hotp', '-b', '-c', `${counter}`, toBase32(secret)));
    }
  });
});

test('base32 reads the vectors of RFC 4648 section 10, and what people do to them', () => {
  const vectors = { '': '', f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' };
  for (const [plain, written] of Object.entries(vectors)) {
    expect(toBase32(toUTF8(plain))).toBe(written);
    expect(fromBase32(written)).toEqual(toUTF8(plain));
    expect(fromBase32(written.padEnd(8, '='))).toEqual(toUTF8(plain));
  }
  expect(fromBase32(' mzxw 6ytb-oi== ')).toEqual(toUTF8('foobar'));
  for (const wrong of ['MZXW1', 'MZ=XW', 'MZ!', 'ÄÖ']) expect(fromBase32(wrong)).toBeUndefined();
});
