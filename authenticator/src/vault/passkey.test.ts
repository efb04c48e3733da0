import { afterEach, describe, expect, test, vi } from 'vitest';
import { askPersistence, persistence } from './persistence';
import { askPasskey, lockHandle, makePasskey, passkeyOffered } from './passkey';

afterEach(() => vi.unstubAllGlobals());

const key = new Uint8Array(32).fill(9);

/** A device that answers create and get with these extension results, or not at all. */
function device(create: object | Error, get: object | Error = new Error()) {
  const asked: any[] = [];
  const answer = (results: object | Error) => async (options: any) => {
    asked.push(options.publicKey);
    if (results instanceof Error) throw results;
    return { rawId: new Uint8Array([1, 2]).buffer, getClientExtensionResults: () => results };
  };
  vi.stubGlobal('navigator', { credentials: { create: answer(create), get: answer(get) } });
  return asked;
}

describe('a passkey for the lock', () => {
  test('is asked for its key at once', async () => {
    const asked = device({ prf: { enabled: true, results: { first: key.buffer } } });
    const { prf, passkey } = await makePasskey('Woggle Authenticator');
    expect(prf).toEqual(key);
    expect(passkey.id).toEqual(new Uint8Array([1, 2]));
    expect(asked).toHaveLength(1);
    expect(asked[0].extensions.prf.eval.first).toBe(passkey.salt);
    expect(asked[0].authenticatorSelection).toMatchObject({ userVerification: 'required', residentKey: 'required' });
    expect(new TextDecoder().decode(asked[0].user.id)).toContain(lockHandle);
    expect(asked[0].user.id.length).toBeLessThanOrEqual(64); // WebAuthn level 3 section 5.4.3
  });

  test('is asked a second time where the first gives none', async () => {
    const asked = device({ prf: { enabled: true } }, { prf: { results: { first: key } } });
    const { prf, passkey } = await makePasskey('Woggle Authenticator');
    expect(prf).toEqual(key);
    expect(asked[1].allowCredentials).toMatchObject([{ id: passkey.id }]);
    expect(asked[1].extensions.prf.eval.first).toBe(passkey.salt);
    expect(asked[1].challenge).not.toEqual(asked[0].challenge);
  });

  test.each([
    ['has no PRF', {}],
    ['says that it has none', { prf: { enabled: false } }],
    ['was not wanted', new DOMException('', 'NotAllowedError')],
  ])('is none when it %s', async (_, results) => {
    device(results);
    await expect(makePasskey('x')).rejects.toThrow('vault.no-passkey');
  });

  test.each([
    ['gives no key', {}],
    ['is gone', new DOMException('', 'NotAllowedError')],
  ])('does not open when it %s', async (_, results) => {
    device({}, results);
    await expect(askPasskey({ id: key, salt: key })).rejects.toThrow('vault.no-passkey');
  });

  test('is offered where the device can', async () => {
    expect(await passkeyOffered()).toBe(false);
    const browser = (own: boolean, told?: object) =>
      vi.stubGlobal('PublicKeyCredential', {
        isUserVerifyingPlatformAuthenticatorAvailable: async () => own,
        ...(told && { getClientCapabilities: async () => told }),
      });
    browser(true);
    expect(await passkeyOffered()).toBe(true);
    browser(true, { 'extension:prf': false });
    expect(await passkeyOffered()).toBe(false);
    browser(false, { 'extension:prf': true });
    expect(await passkeyOffered()).toBe(false);
  });
});

test('whether storage is kept is told as the browser tells it', async () => {
  vi.stubGlobal('navigator', {});
  expect(await persistence()).toEqual({ persisted: false, canAsk: false });
  expect(await askPersistence()).toBe(false);
  vi.stubGlobal('navigator', { storage: { persisted: async () => false, persist: async () => true, estimate: async () => ({ quota: 10, usage: 4 }) } });
  expect(await persistence()).toEqual({ persisted: false, canAsk: true, free: 6 });
  expect(await askPersistence()).toBe(true);
});
