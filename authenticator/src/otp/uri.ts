// otpauth: links. The format has no standard; this reads what is met in the wild, and writes what every app reads.
import { algorithmOf, checked, type Account, type Scanned } from './account';
import { fromBase32, toBase32 } from './encoding';
import { Problem } from '../problem';

// The browsers' URL class reads unknown schemes differently from each other, so the link is cut by hand.
const link = /^otpauth:\/\/([^/?#]*)\/?([^?#]*)(?:\?([^#]*))?/i;
const longest = 8192;

export function parseURI(text: string): Scanned {
  const cut = text.length <= longest && link.exec(text.trim());
  if (!cut) throw new Problem('otp.not-otpauth');
  const [, kind = '', label = '', query = ''] = cut;
  const type = kind.toLowerCase();
  if (type !== 'totp' && type !== 'hotp') throw new Problem('otp.kind', { kind });

  const parameters = parametersOf(query);
  const { prefix, name } = cutLabel(label);
  const secret = fromBase32(decoded(parameters.get('secret') ?? ''));
  if (!secret) throw new Problem('otp.bad-secret');
  const account = checked({
    kind: type,
    // The parameter is the younger rule and the more reliable one; the prefix may hold a shop's name for many issuers.
    issuer: decoded(spaced(parameters.get('issuer') ?? '')) || prefix,
    name,
    secret,
    algorithm: algorithmOf(decoded(parameters.get('algorithm') || 'SHA1')),
    digits: numberOf(parameters.get('digits'), 6),
    period: type === 'totp' ? numberOf(parameters.get('period'), 30) : 30,
    counter: type === 'hotp' ? numberOf(parameters.get('counter'), 0) : 0,
  });
  const pairing = decoded(parameters.get('woggle') ?? '');
  return /^[\w-]{16,128}$/.test(pairing) ? { account, pairing } : { account };
}

/**
 * The link in the fragment of the app's own address (`#otpauth://…`); undefined when the fragment is something else.
 * Cameras, messengers and QR programs hand the fragment over as it is, wholly encoded, or with each % encoded again.
 */
export function parseFragment(hash: string): Scanned | undefined {
  let text = hash.replace(/^#/, '');
  for (let times = 0; times < 3 && !/^otpauth:\/\//i.test(text); times++) text = decoded(text);
  if (!/^otpauth:/i.test(text)) return undefined;
  return parseURI(/%25[0-9a-f]{2}/i.test(text) ? text.replace(/%25/g, '%') : text);
}

/** An account from a key that was typed; the rest is the usual unless given: totp, SHA-1, 6 digits, 30 s. */
export function fromKey(key: string, rest: Partial<Omit<Account, 'secret'>>): Account {
  // No base32 has a 0 or an 8, so whoever types one has misread the letter.
  const secret = fromBase32(key.replace(/0/g, 'O').replace(/8/g, 'B'));
  if (!secret) throw new Problem('otp.bad-secret');
  const usual = { kind: 'totp', issuer: '', name: '', algorithm: 'SHA-1', digits: 6, period: 30, counter: 0 } as const;
  const account = checked({ ...usual, ...rest, secret });
  if (!account.issuer && !account.name) throw new Problem('otp.no-name');
  return account;
}

/** The link of an account, readable by any authenticator; parseURI gives the same account again. */
export function formatURI(account: Account): string {
  const prefix = account.issuer || account.name.includes(':') ? encodeURIComponent(account.issuer) + ':' : '';
  let text = `otpauth://${account.kind}/${prefix}${encodeURIComponent(account.name)}?secret=${toBase32(account.secret)}`;
  if (account.issuer) text += `&issuer=${encodeURIComponent(account.issuer)}`;
  text += `&algorithm=${account.algorithm.replace('-', '')}&digits=${account.digits}`;
  return text + (account.kind === 'totp' ? `&period=${account.period}` : `&counter=${account.counter}`);
}

/** The first of each name counts, whatever the case. `image` and all that we don't know is left where it is. */
function parametersOf(query: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, at).toLowerCase();
    if (at > 0 && !parameters.has(key)) parameters.set(key, pair.slice(at + 1));
  }
  return parameters;
}

/** A colon as such separates issuer and account; only where there is none does an encoded one. */
function cutLabel(label: string): { prefix: string; name: string } {
  const colon = /:/.exec(label) ?? /%3a/i.exec(label);
  if (!colon) return { prefix: '', name: decoded(label) };
  return {
    prefix: decoded(spaced(label.slice(0, colon.index))),
    name: decoded(label.slice(colon.index + colon[0].length)),
  };
}

/** Form encoding writes a space as +. At the end of a name it is more likely a plus, as in the names of some shops. */
const spaced = (text: string) => text.replace(/([^+])\+(?=[^+])/g, '$1 ');

/** Percent-decoding that leaves alone what is none, such as a bare % or half a letter. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });
}

/** NaN for what is no number: the check says which value it was. */
function numberOf(text: string | undefined, usual: number): number {
  if (!text) return usual;
  return /^\d{1,16}$/.test(text) ? Number(text) : NaN;
}
