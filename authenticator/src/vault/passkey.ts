// The device's own lock as the vault's: a passkey that answers with a key (WebAuthn level 3, section 10.1.4: prf).
//
// It lives at the same address as the passkeys for signing in, which it is none of: its user handle begins with
// `lockHandle`, so that the sign-in page can tell when a person picks it there.
import { Problem } from '../problem';
import { joined, toUTF8 } from '../otp/encoding';
import type { Passkey } from './lock';
import { random } from './seal';

type Bytes = Uint8Array<ArrayBuffer>;

export const lockHandle = 'woggle-authenticator-lock:';

/** Whether it is worth offering. Some browsers tell of PRF only when a passkey is made. */
export async function passkeyOffered(): Promise<boolean> {
  if (typeof PublicKeyCredential === 'undefined') return false;
  const told = await PublicKeyCredential.getClientCapabilities?.().catch(() => undefined);
  if (told?.['extension:prf'] === false) return false;
  return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
}

/** Makes a passkey called `name` and asks it for its key. Throws vault.no-passkey: it has none, or the person said no. */
export async function makePasskey(name: string): Promise<{ prf: Bytes; passkey: Passkey }> {
  const salt = random(32);
  const made = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: random(32), // nobody verifies it: the key that comes back is the proof
        rp: { name },
        user: { id: joined(toUTF8(lockHandle), random(16)), name, displayName: name },
        pubKeyCredParams: [
          { type: 'public-key', alg: -7 },
          { type: 'public-key', alg: -257 },
        ],
        // Phones keep PRF with discoverable passkeys only.
        authenticatorSelection: { authenticatorAttachment: 'platform', residentKey: 'required', userVerification: 'required' },
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  );
  const passkey = { id: new Uint8Array(made.rawId), salt };
  const { prf } = made.getClientExtensionResults();
  if (!prf?.enabled && !prf?.results) throw new Problem('vault.no-passkey');
  // Many make the key only when asked a second time.
  return { prf: prf.results ? bytesOf(prf.results.first) : (await askPasskey(passkey)).prf, passkey };
}

export async function askPasskey(passkey: Passkey): Promise<{ prf: Bytes }> {
  const got = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: random(32),
        allowCredentials: [{ type: 'public-key', id: passkey.id, transports: ['internal', 'hybrid'] }],
        userVerification: 'required',
        extensions: { prf: { eval: { first: passkey.salt } } },
      },
    }),
  );
  const first = got.getClientExtensionResults().prf?.results?.first;
  if (!first) throw new Problem('vault.no-passkey');
  return { prf: bytesOf(first) };
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const answer = await ask();
    if (answer) return answer as PublicKeyCredential;
  } catch (error) {
    throw new Problem('vault.no-passkey', {}, error);
  }
  throw new Problem('vault.no-passkey');
}

function bytesOf(source: BufferSource): Bytes {
  if (source instanceof ArrayBuffer) return new Uint8Array(source.slice(0));
  return new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength).slice();
}
