// The encrypted backup: a file, or a copy on the server that the server can't read.
import type { Portable } from '../vault/vault';
/** A passphrase to write down, strong enough for a copy that others may hold. */
export declare function newPassphrase(): string;
/** Text of the file; throws move.weak-passphrase. */
export declare function makeBackup(accounts: readonly Portable[], passphrase: string, at: number): Promise<string>;
/** Throws move.not-backup, move.newer, move.wrong-passphrase, move.damaged. Merge the accounts with Vault.preview and merge. */
export declare function openBackup(text: string, passphrase: string): Promise<{ accounts: Portable[]; madeAt: number }>;
/** Whether it looks like a backup, before a passphrase is asked for. */
export declare function isBackup(text: string): boolean;
