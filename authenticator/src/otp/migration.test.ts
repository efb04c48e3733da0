import { expect, test } from 'vitest';
import { formatMigration, parseMigration, Parts } from './migration';
import { toUTF8 } from './encoding';
import type { Account } from './account';

const link = (...bytes: number[]) => `otpauth-migration://offline?data=${encodeURIComponent(btoa(String.fromCharCode(...bytes)))}`;

test('reads the known vector', () => {
  // The vector that other readers of the format share.
  const part = parseMigration(
    'otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZTAC',
  );
  expect(part).toEqual({
    set: 0,
    index: 0,
    count: 1,
    refused: [],
    accounts: [
      {
        kind: 'totp',
        issuer: 'Example',
        name: 'alice@google.com',
        secret: Uint8Array.from([...toUTF8('Hello!'), 0xde, 0xad, 0xbe, 0xef]),
        algorithm: 'SHA-1',
        digits: 6,
        period: 30,
        counter: 0,
      },
    ],
  });
});

const account = (n: number, rest: Partial<Account> = {}): Account => ({
  ...{ kind: 'totp', issuer: `Issuer ${n}`, name: `name ${n}`, secret: new Uint8Array(20).fill(n + 1), algorithm: 'SHA-1' },
  ...{ digits: 6, period: 30, counter: 0, ...rest },
});

test('sets are made and read in any order, and missing parts are named', () => {
  const many = Array.from({ length: 19 }, (_, n) => account(n));
  many[3] = account(3, { kind: 'hotp', counter: 2 ** 40, algorithm: 'SHA-512', digits: 8 });
  const odd = [account(20, { period: 60 }), account(21, { digits: 7 })];
  const { links, left } = formatMigration([...many, ...odd], -12345);
  expect(left).toEqual(odd);
  expect(links).toHaveLength(3);

  const parts = new Parts();
  expect([parts.count, parts.missing, parts.complete]).toEqual([0, [], false]);
  parts.add(parseMigration(links[2]!));
  parts.add(parseMigration(links[2]!));
  expect([parts.count, parts.missing, parts.complete]).toEqual([3, [1, 2], false]);
  parts.add(parseMigration(links[0]!));
  expect(parts.missing).toEqual([2]);
  parts.add(parseMigration(links[1]!));
  expect(parts.complete).toBe(true);
  expect(parts.accounts).toEqual(many);

  const other = parseMigration(formatMigration([account(1)], 7).links[0]!);
  expect(() => parts.add(other)).toThrow('otp.other-set');
});

test('an account that the app cannot make codes of does not take the others along', () => {
  const one = (algorithm: number, ...rest: number[]) => [10, 17 + rest.length, 10, 10, ...new Array<number>(10).fill(65), 18, 1, 97, 32, algorithm, ...rest];
  const part = parseMigration(link(...one(4), ...one(2), ...one(1, 48, 9), ...one(1, 40, 2)));
  expect(part.refused).toEqual(['a', 'a']); // MD5, and a kind to come
  expect(part.accounts.map((a) => [a.algorithm, a.digits])).toEqual([['SHA-256', 6], ['SHA-1', 8]]);
});

test('base64 is read however it went through', () => {
  const { links } = formatMigration([account(250, { secret: new Uint8Array(20).fill(0xfb) })], 1);
  const data = decodeURIComponent(links[0]!.split('data=')[1]!);
  const want = parseMigration(links[0]!);
  expect(data).toMatch(/[+/]/);
  for (const way of [data, data.replace(/\+/g, ' '), data.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, ''), encodeURIComponent(data)]) {
    expect(parseMigration(`otpauth-migration://offline?data=${way}`)).toEqual(want);
  }
});

test('damaged contents are told, never guessed, and never run away', () => {
  expect(() => parseMigration('otpauth://totp/a')).toThrow('otp.not-otpauth');
  for (const bad of ['otpauth-migration://offline', 'otpauth-migration://offline?data=', 'otpauth-migration://offline?data=!!!']) {
    expect(() => parseMigration(bad)).toThrow('otp.damaged');
  }
  expect(() => parseMigration(link(10, 200, 1, 1))).toThrow('otp.damaged'); // longer than what is there
  expect(() => parseMigration(link(10, ...new Array<number>(11).fill(255)))).toThrow('otp.damaged'); // an endless number
  expect(() => parseMigration(link(24, 2, 32, 2))).toThrow('otp.damaged'); // part 3 of 2
  expect(() => parseMigration(link(24, 255, 255, 3))).toThrow('otp.damaged'); // 65535 parts
  const whole = formatMigration([account(1), account(2)], 5).links[0]!;
  const bytes = [...atob(decodeURIComponent(whole.split('data=')[1]!))].map((letter) => letter.charCodeAt(0));
  for (let cut = 0; cut < bytes.length; cut++) {
    for (const tried of [bytes.slice(0, cut), bytes.with(cut, bytes[cut]! ^ 0x81)]) {
      try {
        parseMigration(link(...tried));
      } catch (error) {
        expect(error).toMatchObject({ name: 'Problem' });
      }
    }
  }
});
