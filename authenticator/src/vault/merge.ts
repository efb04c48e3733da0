// What becomes of accounts that come in: new, the same as one that is there, or in the place of one.
import type { Account } from '../otp/account';
import { sameBytes } from '../otp/encoding';
import { openSecret, sealEntry, sealHead, type Entry, type Row } from './entry';

export type Outcome = 'new' | 'same' | 'replaced';

export interface Added {
  readonly id: string;
  readonly outcome: Outcome;
}

/** An account with the person's own name for it, as backups and moves carry it. */
export interface Portable extends Account {
  readonly label: string;
}

export interface Live {
  readonly row: Row;
  readonly entry: Entry;
}

export interface Merged {
  readonly added: Added[];
  readonly put: Map<string, Row>;
}

export async function merged(key: CryptoKey, present: readonly Live[], accounts: readonly (Account | Portable)[], now: number): Promise<Merged> {
  const live = [...present];
  const put = new Map<string, Row>();
  const added: Added[] = [];
  const keep = async (at: number, entry: Entry, row: Promise<Row>) => {
    live[at] = { entry, row: await row };
    put.set(entry.id, await row);
  };
  for (const account of accounts) {
    const { outcome, at } = await judged(key, live, account);
    const old = live[at];
    if (outcome === 'same' && old) {
      // A counter never goes back: its codes were used.
      if (account.counter > old.entry.counter) {
        const entry = { ...old.entry, counter: account.counter };
        await keep(at, entry, sealHead(key, entry).then((head) => ({ ...old.row, head })));
      }
      added.push({ id: old.entry.id, outcome });
      continue;
    }
    const { secret, ...rest } = account;
    const label = old?.entry.label || ('label' in account ? account.label : '');
    const position = old?.entry.position ?? Math.max(-1, ...live.filter((l) => !l.entry.damaged).map((l) => l.entry.position)) + 1;
    const entry: Entry = { ...rest, id: crypto.randomUUID(), label, position, addedAt: now };
    if (old) {
      supersede(put, present, old, entry.id, now);
    }
    await keep(old ? at : live.length, entry, sealEntry(key, entry, secret));
    added.push({ id: entry.id, outcome });
  }
  return { added, put };
}

/** Keeps the old one for undoing; one that came with the same batch was never there, and hands on what it replaced. */
function supersede(put: Map<string, Row>, present: readonly Live[], old: Live, by: string, now: number): void {
  if (present.some(({ entry }) => entry.id === old.entry.id)) {
    put.set(old.row.id, { ...old.row, removedAt: now, replacedBy: by });
    return;
  }
  put.delete(old.row.id);
  for (const [id, row] of put) if (row.replacedBy === old.row.id) put.set(id, { ...row, replacedBy: by });
}

/**
 * Issuer and name together say which account it is. Where one of them is missing, another account may well look the
 * same: then only the same secret is the same account, and nothing is replaced.
 */
async function judged(key: CryptoKey, live: readonly Live[], account: Account): Promise<{ outcome: Outcome; at: number }> {
  let replaced = -1;
  for (const [at, { row, entry }] of live.entries()) {
    if (entry.damaged || entry.issuer !== account.issuer || entry.name !== account.name) continue;
    const secret = await openSecret(key, row).catch(() => undefined);
    const alike = (['kind', 'algorithm', 'digits', 'period'] as const).every((part) => entry[part] === account[part]);
    if (secret && alike && sameBytes(secret, account.secret)) return { outcome: 'same', at };
    if (account.issuer && account.name) replaced = at;
  }
  return { outcome: replaced < 0 ? 'new' : 'replaced', at: replaced };
}
