// Accounts as they travel, in the clear: a JSON text of otpauth: links and the person's own names for them. Whoever
// has decrypted one, with any program, can bring its links into any authenticator.
import { formatURI, parseURI } from '../otp/uri';
import { Problem } from '../problem';
import type { Portable } from '../vault/merge';

const version = 1;

export interface Contents {
  readonly accounts: Portable[];
  /** Milliseconds since 1970. */
  readonly madeAt: number;
}

export function format(accounts: readonly Portable[], madeAt: number): string {
  const entries = accounts.map((account) => ({ uri: formatURI(account), ...(account.label ? { label: account.label } : {}) }));
  return JSON.stringify({ version, madeAt, accounts: entries });
}

/** Throws move.newer and move.damaged. */
export function parse(text: string | undefined): Contents {
  let read: { version?: unknown; madeAt?: unknown; accounts?: unknown };
  try {
    read = JSON.parse(text ?? '');
    if (typeof read.version === 'number' && read.version > version) throw new Problem('move.newer');
    if (read.version !== version || typeof read.madeAt !== 'number' || !Array.isArray(read.accounts)) throw new Problem('move.damaged');
    const accounts = read.accounts.map(({ uri, label = '' }: { uri: string; label?: string }) => ({ ...parseURI(uri).account, label: String(label) }));
    return { accounts, madeAt: read.madeAt };
  } catch (error) {
    if (error instanceof Problem && error.key === 'move.newer') throw error;
    throw new Problem('move.damaged', {}, error);
  }
}
