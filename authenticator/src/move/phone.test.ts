import { createCipheriv, createECDH, hkdfSync } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { toUTF8 } from '../otp/encoding';
import type { Portable } from '../vault/vault';
import { fromBase45, toBase45 } from './base45';
import { frames, isFrame, isInvitation, Receiver } from './phone';

const accounts = Array.from({ length: 25 }, (_, n): Portable => ({
  ...{ kind: 'totp', issuer: `Issuer ${n}`, name: `person${n}@example.org`, label: n % 2 ? '' : `Own ${n}`, algorithm: 'SHA-1' },
  ...{ secret: new Uint8Array(20).fill(n), digits: 6, period: 30, counter: 0 },
}));

test('a phone full of accounts moves, its frames in any order', async () => {
  const phone = await Receiver.start();
  expect(isInvitation(phone.invitation)).toBe(true);
  const shown = await frames(accounts, phone.invitation);
  expect([phone.count, phone.missing, phone.complete]).toEqual([0, [], false]);
  const last = shown.pop()!;
  for (const frame of [...shown].reverse().concat(shown)) phone.add(frame);
  expect([phone.count, phone.missing, phone.complete]).toEqual([shown.length + 1, [shown.length + 1], false]);
  await expect(phone.open()).rejects.toThrow('move.damaged');
  phone.add(last);
  expect(phone.complete).toBe(true);
  expect(await phone.open()).toEqual(accounts);
});

test('codes stay coarse and in the alphanumeric mode of QR', async () => {
  const phone = await Receiver.start();
  for (const text of [phone.invitation, ...(await frames(accounts, phone.invitation))]) {
    expect(text).toMatch(/^[0-9A-Z $%*+\-./:]+$/);
    expect(text.length).toBeLessThanOrEqual(280); // version 10 at level M holds 311
    expect(isFrame(text)).toBe(text !== phone.invitation);
  }
});

test('a film of the screens is of no use to another phone', async () => {
  const [phone, thief] = [await Receiver.start(), await Receiver.start()];
  const shown = await frames(accounts.slice(0, 1), phone.invitation);
  for (const frame of shown) expect(() => thief.add(frame)).toThrow('move.other-set');
  const own = thief.invitation;
  const to = (await frames([], own))[0]!.slice(14, 18);
  for (const frame of shown) thief.add(frame.slice(0, 14) + to + frame.slice(18));
  await expect(thief.open()).rejects.toThrow('move.damaged');
  expect(shown.join('')).not.toContain(toBase45(toUTF8('Issuer')));
});

test('the format is what phone.ts says, as another program would write it', async () => {
  const phone = await Receiver.start();
  const to = fromBase45(phone.invitation.slice('WOGGLE-MOVE:1/KEY/'.length))!;
  const own = createECDH('prime256v1');
  const sender = own.generateKeys();
  const info = Buffer.concat([Buffer.from('woggle authenticator move 1'), sender, to]);
  const key = Buffer.from(hkdfSync('sha256', own.computeSecret(to), '', info, 32));
  const seal = createCipheriv('aes-256-gcm', key, Buffer.alloc(12, 3));
  const contents = JSON.stringify({ version: 1, madeAt: 0, accounts: [{ uri: 'otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQ', label: 'c' }] });
  const all = Buffer.concat([sender, Buffer.alloc(12, 3), seal.update(deflateRawSync(contents)), seal.final(), seal.getAuthTag()]);
  const head = `WOGGLE-MOVE:1/${Buffer.from(to.slice(1, 3)).toString('hex').toUpperCase()}00C0FFEE`;
  phone.add(`${head}/2/2/${toBase45(Uint8Array.from(all.subarray(100)))}`);
  phone.add(`${head}/1/2/${toBase45(Uint8Array.from(all.subarray(0, 100)))}`);
  expect(await phone.open()).toMatchObject([{ issuer: 'A', name: 'b', label: 'c' }]);
});

test('when the old phone begins anew, so does the new one', async () => {
  const phone = await Receiver.start();
  const [first, second] = [await frames(accounts, phone.invitation), await frames(accounts.slice(0, 3), phone.invitation)];
  first.slice(0, 5).forEach((frame) => phone.add(frame));
  second.forEach((frame) => phone.add(frame));
  expect(await phone.open()).toHaveLength(3);
});

describe('what is damaged', () => {
  test.each(['', 'otpauth://totp/a', 'WOGGLE-MOVE:2/ABCD00000000/1/1/AA', 'WOGGLE-MOVE:1/', 'WOGGLE-MOVE:1/ABCD00000000/0/1/AA', 'WOGGLE-MOVE:1/ABCD00000000/2/1/AA', 'WOGGLE-MOVE:1/ABCD00000000/1/999/AA', 'WOGGLE-MOVE:1/ABCD00000000/1/1/:::'])(
    'is no frame: %j',
    async (text) => {
      const phone = await Receiver.start();
      expect(() => phone.add(text)).toThrow('move.not-frame');
      expect(phone.count).toBe(0);
    },
  );

  test('does not open: a bit anywhere', async () => {
    const phone = await Receiver.start();
    const [frame] = await frames([], phone.invitation);
    const [head, payload] = [frame!.slice(0, 31), fromBase45(frame!.slice(31))!];
    expect(head).toMatch(/\/1\/1\/$/);
    for (let at = 0; at < payload.length; at += 3) {
      phone.add(head + toBase45(payload.map((byte, i) => (i === at ? byte ^ 16 : byte))));
      await expect(phone.open()).rejects.toThrow('move.damaged');
    }
    phone.add(frame!);
    expect(await phone.open()).toEqual([]);
  });

  test.each(['', 'WOGGLE-MOVE:1/KEY/', `WOGGLE-MOVE:1/KEY/${toBase45(new Uint8Array(65).fill(4))}`, 'WOGGLE-MOVE:1/KEY/:::'])('is no invitation: %j', async (text) => {
    await expect(frames(accounts, text)).rejects.toThrow('move.not-frame');
  });
});

test('base45 has the vectors of RFC 9285 section 4, and reads only what it writes', () => {
  for (const [plain, written] of [['AB', 'BB8'], ['Hello!!', '%69 VD92EX0'], ['base-45', 'UJCLQE7W581'], ['ietf!', 'QED8WEX0']] as const) {
    expect(toBase45(toUTF8(plain))).toBe(written);
    expect(fromBase45(written)).toEqual(toUTF8(plain));
  }
  for (const wrong of ['GGW', '::', 'A', 'ab', 'BB8A']) expect(fromBase45(wrong)).toBeUndefined();
});
