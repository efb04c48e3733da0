// otpauth: links.
import type { Account, Scanned } from './account';
export declare function parseURI(text: string): Scanned;
/** The link in the fragment of the app's own address (`#otpauth://…`); undefined when the fragment is something else. */
export declare function parseFragment(hash: string): Scanned | undefined;
/** An account from a key that was typed; the rest is the usual: totp, SHA-1, 6 digits, 30 s, unless given. */
export declare function fromKey(key: string, rest: Partial<Omit<Account, 'secret'>>): Account;
/** The link of an account, readable by any authenticator. */
export declare function formatURI(account: Account): string;
