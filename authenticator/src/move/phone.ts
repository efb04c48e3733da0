// Moving to a new phone. The new phone shows one QR code (its public key); the old one reads it and shows a sequence
// that only the new one can open. Nothing is typed, and a film of both screens is worth nothing.
import type { Portable } from '../vault/vault';
/** On the new phone. */
export declare class Receiver {
  static start(): Promise<Receiver>;
  /** Text of the QR code that the old phone reads. */
  readonly invitation: string;
  /** Takes a frame, in any order; a repeated one changes nothing. Throws move.not-frame, move.other-set. */
  add(frame: string): void;
  get count(): number;
  /** Numbers (from 1) of frames not seen yet; empty before the first frame, see count. */
  get missing(): number[];
  get complete(): boolean;
  /** Throws move.damaged. */
  open(): Promise<Portable[]>;
}
export declare function isInvitation(text: string): boolean;
export declare function isFrame(text: string): boolean;
/** On the old phone: texts of the QR codes to show in a loop, all in QR's alphanumeric mode, at most 300 characters. */
export declare function frames(accounts: readonly Portable[], invitation: string): Promise<string[]>;
