import { describe, expect, test } from 'vitest';
import { toBase32, toUTF8 } from './encoding';
import { formatURI, fromKey, parseFragment, parseURI } from './uri';
import type { Account } from './account';

const secret = toUTF8('12345678901234567890');
const key = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const usual: Account = { kind: 'totp', issuer: '', name: 'alice', secret, algorithm: 'SHA-1', digits: 6, period: 30, counter: 0 };

describe('reads', () => {
  test.each<[string, string, Partial<Account>]>([
    ['the least', `otpauth://totp/alice?secret=${key}`, {}],
    ['a prefix', `otpauth://totp/Example:alice?secret=${key}`, { issuer: 'Example' }],
    ['an encoded colon and space', `otpauth://totp/Example%3A%20alice?secret=${key}`, { issuer: 'Example' }],
    ['only a parameter', `otpauth://totp/alice?secret=${key}&issuer=Example`, { issuer: 'Example' }],
    ['both, the parameter wins', `otpauth://totp/Old:alice?issuer=New&secret=${key}`, { issuer: 'New' }],
    ['a colon in the issuer', `otpauth://totp/A%3AB:alice?secret=${key}`, { issuer: 'A:B' }],
    ['a plus in an address', `otpauth://totp/a+b@example.org?secret=${key}`, { name: 'a+b@example.org' }],
    ['a plus for a space', `otpauth://totp/alice?secret=${key}&issuer=My+Old+Bank`, { issuer: 'My Old Bank' }],
    ['a plus for a plus', `otpauth://totp/alice?secret=${key}&issuer=Films+`, { issuer: 'Films+' }],
    ['letters of every kind', `otpauth://totp/Caf%C3%A9%20%F0%9F%8F%95:%E6%9D%8E?secret=${key}`, { issuer: 'Café 🏕', name: '李' }],
    ['letters not encoded', `otpauth://totp/Café:Zoë Ü?secret=${key}`, { issuer: 'Café', name: 'Zoë Ü' }],
    ['broken percents', `otpauth://totp/100%25%:a%E9b%?secret=${key}`, { issuer: '100%%', name: 'a%E9b%' }],
    ['an accent apart from its letter', `otpauth://totp/Cafe%CC%81:alice?secret=${key}`, { issuer: 'Café' }],
    ['marks that hide', `otpauth://totp/%E2%80%AEExa%00mple:al%0Aice?secret=${key}`, { issuer: 'Example', name: 'al ice' }],
    ['no name at all', `otpauth://totp/?secret=${key}&issuer=Example`, { issuer: 'Example', name: '' }],
    ['no slash', `otpauth://totp?secret=${key}`, { name: '' }],
    ['capitals', `OTPAUTH://TOTP/alice?SECRET=${key}&Digits=8`, { digits: 8 }],
    ['a lower-case secret', `otpauth://totp/alice?secret=${key.toLowerCase()}`, {}],
    ['spaces and hyphens', `otpauth://totp/alice?secret=${key.replace(/.{4}/g, '$&%20').replace('%20', '-')}`, {}],
    ['padding', `otpauth://totp/alice?secret=${key}%3D%3D%3D`, {}],
    ['SHA256', `otpauth://totp/alice?secret=${key}&algorithm=SHA256`, { algorithm: 'SHA-256' }],
    ['sha-512', `otpauth://totp/alice?secret=${key}&algorithm=sha-512`, { algorithm: 'SHA-512' }],
    ['HmacSHA256', `otpauth://totp/alice?secret=${key}&algorithm=HmacSHA256`, { algorithm: 'SHA-256' }],
    ['SHA_1', `otpauth://totp/alice?secret=${key}&algorithm=SHA_1`, {}],
    ['seven digits, a minute', `otpauth://totp/alice?secret=${key}&digits=7&period=60`, { digits: 7, period: 60 }],
    ['empty parameters', `otpauth://totp/alice?secret=${key}&digits=&period=&algorithm=&issuer=`, {}],
    ['parameters twice', `otpauth://totp/alice?secret=${key}&digits=7&digits=8`, { digits: 7 }],
    ['what it does not know', `otpauth://totp/alice?image=https%3A%2F%2Fexample.org%2Fa.png&lock&x=1&secret=${key}#f`, {}],
    ['a counter', `otpauth://hotp/alice?secret=${key}&counter=41&period=7`, { kind: 'hotp', counter: 41 }],
    ['no counter', `otpauth://hotp/alice?secret=${key}`, { kind: 'hotp' }],
    ['space around', `\n otpauth://totp/alice?secret=${key} \n`, {}],
  ])('%s', (_, uri, want) => {
    const { account, pairing } = parseURI(uri);
    expect(account).toEqual({ ...usual, ...want });
    expect(Object.keys(account).sort()).toEqual(Object.keys(usual).sort()); // nothing unknown comes along
    expect(pairing).toBeUndefined();
  });
});

describe('refuses', () => {
  test.each([
    ['another address', 'https://example.org/', 'otp.not-otpauth'],
    ['nothing', '', 'otp.not-otpauth'],
    ['a very long one', `otpauth://totp/${'a'.repeat(9000)}?secret=${key}`, 'otp.not-otpauth'],
    ['a set of Google', 'otpauth-migration://offline?data=CjE', 'otp.not-otpauth'],
    ['another kind', `otpauth://steam/alice?secret=${key}`, 'otp.kind'],
    ['no secret', 'otpauth://totp/alice', 'otp.no-secret'],
    ['an empty secret', 'otpauth://totp/alice?secret=', 'otp.no-secret'],
    ['no base32', `otpauth://totp/alice?secret=${key}1`, 'otp.bad-secret'],
    ['half a secret', 'otpauth://totp/alice?secret=GEZD', 'otp.bad-secret'],
    ['MD5', `otpauth://totp/alice?secret=${key}&algorithm=MD5`, 'otp.algorithm'],
    ['SHA3', `otpauth://totp/alice?secret=${key}&algorithm=SHA3-256`, 'otp.algorithm'],
    ['five digits', `otpauth://totp/alice?secret=${key}&digits=5`, 'otp.digits'],
    ['nine digits', `otpauth://totp/alice?secret=${key}&digits=9`, 'otp.digits'],
    ['words for digits', `otpauth://totp/alice?secret=${key}&digits=six`, 'otp.digits'],
    ['no period', `otpauth://totp/alice?secret=${key}&period=0`, 'otp.period'],
    ['a part of a second', `otpauth://totp/alice?secret=${key}&period=0.5`, 'otp.period'],
    ['a counter below zero', `otpauth://hotp/alice?secret=${key}&counter=-1`, 'otp.counter'],
    ['a counter too large', `otpauth://hotp/alice?secret=${key}&counter=9999999999999999`, 'otp.counter'],
  ])('%s', (_, uri, problem) => {
    expect(() => parseURI(uri)).toThrow(expect.objectContaining({ name: 'Problem', key: problem }));
  });
});

test('a pairing token is given beside the account, never in it', () => {
  const { account, pairing } = parseURI(`otpauth://totp/alice?secret=${key}&woggle=Abc-123_Abc-123_Abc`);
  expect(pairing).toBe('Abc-123_Abc-123_Abc');
  expect(account).toEqual(usual);
  for (const odd of ['short', 'a b c d e f g h i j k', '%3Cscript%3Ealert()%3C/script%3E', 'a'.repeat(129)]) {
    expect(parseURI(`otpauth://totp/alice?secret=${key}&woggle=${odd}`).pairing).toBeUndefined();
  }
});

test('a fragment is read as it comes: plain, encoded once, twice, or in part', () => {
  const uri = `otpauth://totp/Northwold%20County:aisha.khan%40northwold.example?secret=${key}&issuer=Northwold%20County&woggle=${'t'.repeat(22)}`;
  const want = parseURI(uri);
  expect(want.account.name).toBe('aisha.khan@northwold.example');
  const once = encodeURIComponent(uri);
  for (const hash of [uri, once, encodeURIComponent(once), encodeURI(uri), uri.replace('://', '%3A%2F%2F')]) {
    expect(parseFragment('#' + hash)).toEqual(want);
  }
  for (const other of ['', '#', '#/settings', '#100%', '#https://example.org/']) expect(parseFragment(other)).toBeUndefined();
  expect(() => parseFragment('#otpauth://totp/alice')).toThrow('otp.no-secret');
});

test('a typed key is read with the mistakes that cannot be anything else', () => {
  expect(fromKey(' gezd gnbv gy3t qojq GEZDGNBVGY3TQOJQ ', { name: 'alice' })).toEqual(usual);
  expect(toBase32(fromKey('0ABC DEF8', { issuer: 'X' }).secret)).toBe('OABCDEFB');
  expect(() => fromKey(key, {})).toThrow('otp.no-name');
  expect(() => fromKey('', { name: 'alice' })).toThrow('otp.no-secret');
  expect(() => fromKey('what?', { name: 'alice' })).toThrow('otp.bad-secret');
  expect(() => fromKey('1111 1111', { name: 'alice' })).toThrow('otp.bad-secret');
  expect(() => fromKey(key, { name: 'alice', digits: 12 })).toThrow('otp.digits');
});

test('what is written is read again', () => {
  const names = ['', 'alice', 'a:b', ':', '100%25', 'a+b', '%3A', 'Ünï & = ? # /', '李 🏕'];
  for (const issuer of names) {
    for (const name of names) {
      for (const rest of [{}, { kind: 'hotp', counter: 12 }, { algorithm: 'SHA-512', digits: 8, period: 45 }] as const) {
        const account = { ...usual, ...rest, issuer, name };
        expect(parseURI(formatURI(account)).account).toEqual(account);
      }
    }
  }
});

test('whatever is scanned, it is an account or a problem', () => {
  let seed = 1;
  const next = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const valid = `otpauth://totp/A%3Ab:c?secret=${key}&issuer=A&digits=6&period=30&algorithm=SHA1`;
  for (let i = 0; i < 1000; i++) {
    const letters = [...valid];
    for (let n = next(4); n >= 0; n--) letters.splice(next(letters.length), next(3), '%:?&=/#+0Z\u0000é'[next(12)]!);
    try {
      parseURI(letters.join(''));
    } catch (error) {
      expect(error).toMatchObject({ name: 'Problem' });
    }
  }
});
