// Google's otpauth-migration: sets.
import type { Account } from './account';
export interface Part { readonly set: number; readonly index: number; readonly count: number; readonly accounts: readonly Account[] }
export declare function isMigration(text: string): boolean;
export declare function parseMigration(text: string): Part;
/** Collects the parts of one set, in any order. */
export declare class Parts {
  /** Takes a part; a repeated one changes nothing. Throws otp.other-set for one of another set. */
  add(part: Part): void;
  /** Numbers (from 1) of the parts that were not seen yet. */
  get missing(): number[];
  get count(): number;
  get complete(): boolean;
  /** All accounts in the order of the parts. */
  get accounts(): Account[];
}
