// How accounts are looked for, and how codes are shown.
import type { Entry } from '../vault/vault';

/** Whether all words that were typed stand somewhere in the account's names; accents and capitals do not matter. */
export function matches(entry: Pick<Entry, 'issuer' | 'name' | 'label'>, sought: string): boolean {
  const names = plain(`${entry.label} ${entry.issuer} ${entry.name}`);
  return plain(sought).split(/\s+/).every((word) => names.includes(word));
}

function plain(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

/** A code in groups that are easily kept in mind: 402 917, 4029 1783, 402 9178. */
export function grouped(code: string): string {
  const half = code.length === 8 ? 4 : 3;
  return code.slice(0, half) + '\u00a0' + code.slice(half);
}

/** The letter that stands for an account beside its name. */
export function initial(name: string): string {
  return [...name.normalize().trim()][0]?.toUpperCase() ?? '?';
}
