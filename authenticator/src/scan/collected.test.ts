import { expect, test } from 'vitest';
import { formatMigration } from '../otp/migration';
import { parseURI } from '../otp/uri';
import { Collected } from './collected';
import { troubleOf } from './camera';

const uri = 'otpauth://totp/Northwold:aisha?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Northwold';

test('an account, as a link and as the address that opens this app', () => {
  for (const text of [uri, 'https://signin.northwold.example/authenticator/#' + uri]) {
    expect(new Collected().take(text)?.accounts[0]?.issuer).toBe('Northwold');
  }
});

test('a set in parts tells what is missing until all are there', () => {
  const { account } = parseURI(uri);
  const many = Array.from({ length: 25 }, (_, n) => ({ ...account, name: `aisha ${n}` }));
  const { links } = formatMigration(many, 7);
  const collected = new Collected();
  expect(collected.progress).toBeUndefined();
  expect(collected.take(links[1]!)).toBeUndefined();
  expect(collected.take(links[1]!)).toBeUndefined();
  expect(collected.progress).toEqual({ have: 1, count: links.length, missing: links.map((_, n) => n + 1).filter((n) => n !== 2) });
  let found;
  for (const link of links) found = collected.take(link);
  expect(found?.accounts).toHaveLength(25);
});

test.each(['hello', 'https://example.org/', 'https://example.org/#top'])('%s is no account', (text) => {
  expect(() => new Collected().take(text)).toThrow('otp.not-otpauth');
});

test.each([
  ['NotAllowedError', 'refused'],
  ['SecurityError', 'refused'],
  ['NotFoundError', 'none'],
  ['OverconstrainedError', 'none'],
  ['NotReadableError', 'busy'],
  ['AbortError', 'busy'],
])('%s of the camera', (name, trouble) => expect(troubleOf(new DOMException('', name))).toBe(trouble));
