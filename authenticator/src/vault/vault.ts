// The sealed store of accounts on this device.
import type { Account } from '../otp/account';
import type { Code } from '../otp/code';

/** What opens the vault: what the person types, or the passkey's PRF output (see passkey.ts). */
export type Secret = { readonly pin: string } | { readonly prf: Uint8Array<ArrayBuffer> };
/** A new lock. For a passkey: what makePasskey gave. */
export type NewLock = { readonly pin: string } | { readonly prf: Uint8Array<ArrayBuffer>; readonly passkey: Passkey };
export interface Passkey { readonly id: Uint8Array<ArrayBuffer>; readonly salt: Uint8Array<ArrayBuffer> }

export type State = 'empty' | 'locked' | 'open' | 'spent';

/** An account in the list: everything but its secret. */
export interface Entry extends Omit<Account, 'secret'> {
  readonly id: string;
  /** The person's own name for it, '' when they gave none. */
  readonly label: string;
  readonly addedAt: number;
  /** The record was changed outside the app; it can only be removed. */
  readonly damaged?: true;
}
export type Outcome = 'new' | 'same' | 'replaced';
export interface Added { readonly id: string; readonly outcome: Outcome }
/** An account with the person's own name for it, as backups and moves carry it. */
export interface Portable extends Account { readonly label: string }

export interface Options {
  /** This device's clock, milliseconds; Date.now when not given. */
  now?: () => number;
  /** Another database name, for tests. */
  name?: string;
  indexedDB?: IDBFactory;
}

export declare class Vault {
  /** Opens the database; creates no lock. */
  static open(options?: Options): Promise<Vault>;
  get state(): State;
  /** The kind of lock there is, and what to ask the passkey for; undefined when empty. */
  get lockKind(): { kind: 'pin' } | { kind: 'passkey'; passkey: Passkey } | undefined;
  create(lock: NewLock): Promise<void>;
  /** Throws vault.wrong-lock, vault.wait, vault.spent. */
  unlock(secret: Secret): Promise<void>;
  /** Locks in every tab. */
  lock(): void;
  /** Asks for the lock there is, and puts another in its place. */
  changeLock(old: Secret, next: NewLock): Promise<void>;
  /** Proves the lock once more (before a backup or a move is made); counts wrong tries as unlock does. */
  confirm(secret: Secret): Promise<void>;

  list(): Promise<Entry[]>;
  /** What add or merge would do, nothing changed. */
  preview(accounts: readonly Account[]): Promise<Outcome[]>;
  add(account: Account): Promise<Added>;
  /** All or nothing. */
  merge(accounts: readonly (Account | Portable)[]): Promise<Added[]>;
  rename(id: string, label: string): Promise<void>;
  /** `before` is the entry that it shall stand before, undefined for the end. */
  move(id: string, before: string | undefined): Promise<void>;
  remove(id: string): Promise<void>;
  /** Takes the last remove or replacement back, for UNDO_SECONDS. */
  undo(): Promise<void>;
  /** Deletes what can be undone no more; call it when the offer to undo goes away. */
  forget(): Promise<void>;
  /** Current codes of all totp entries by id, at this (corrected) time. */
  codes(at: number): Promise<Map<string, Code>>;
  /** The next code of a hotp entry: its counter is stored advanced before this returns. */
  nextCode(id: string): Promise<string>;
  /** All accounts with their secrets, for a backup or a move. */
  export(): Promise<Portable[]>;
  /** Everything away: accounts, keys, lock. */
  erase(): Promise<void>;
  /** Called whenever the list or the state may have changed, in this tab or another. Returns how to stop. */
  watch(changed: () => void): () => void;
  close(): void;
}
export declare const UNDO_SECONDS = 30;
