// What was scanned so far: one account is enough, a set of another app's comes in parts.
import type { Account } from '../otp/account';
import { Parts, isMigration, parseMigration } from '../otp/migration';
import { parseFragment, parseURI } from '../otp/uri';

export interface Found {
  readonly accounts: readonly Account[];
  readonly pairing?: string;
  /** Names of accounts that the other app has and this one can't make codes for. */
  readonly refused?: readonly string[];
}

export class Collected {
  #parts: Parts | undefined;

  /** How far a set has come; undefined before its first part. */
  get progress(): { have: number; count: number; missing: number[] } | undefined {
    const parts = this.#parts;
    return parts && { have: parts.count - parts.missing.length, count: parts.count, missing: parts.missing };
  }

  /** Takes the text of a QR code; gives the accounts once all are there. Throws what is wrong with it. */
  take(text: string): Found | undefined {
    if (!isMigration(text)) {
      const { account, pairing } = link(text);
      return pairing === undefined ? { accounts: [account] } : { accounts: [account], pairing };
    }
    const part = parseMigration(text);
    this.#parts ??= new Parts();
    this.#parts.add(part);
    return this.#parts.complete ? { accounts: this.#parts.accounts, refused: this.#parts.refused } : undefined;
  }
}

// link reads an otpauth: link, also one that stands in the fragment of an address: the QR code that opens this very app.
function link(text: string) {
  const at = text.indexOf('#');
  return (/^https?:/i.test(text) && at > 0 && parseFragment(text.slice(at))) || parseURI(text);
}
