import { expect, test } from 'vitest';
import { Collected } from './collected';
import { troubleOf } from './camera';

const uri = 'otpauth://totp/Northwold:aisha?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Northwold';

test('an account, as a link and as the address that opens this app', () => {
  for (const text of [uri, 'https://signin.northwold.example/authenticator/#' + uri]) {
    expect(new Collected().take(text)?.accounts[0]?.issuer).toBe('Northwold');
  }
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
