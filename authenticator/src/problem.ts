// What can go wrong, as the key of a sentence and its arguments: the sentence itself stands in the locale files.

/** Every key that the app's core may throw. A locale file that lacks one does not compile. */
export type ProblemKey =
  // A link, a QR code or a key that was typed.
  | 'otp.not-otpauth' // it is no otpauth: or otpauth-migration: link at all
  | 'otp.kind' // neither totp nor hotp; args: kind
  | 'otp.no-secret'
  | 'otp.bad-secret' // not base32, or too short to be a key
  | 'otp.algorithm' // args: algorithm
  | 'otp.digits' // args: digits
  | 'otp.period' // args: period
  | 'otp.counter'
  | 'otp.no-name' // neither issuer nor account name
  | 'otp.damaged' // a migration code whose contents cannot be read
  | 'otp.other-set' // a part of another set than the one being collected
  // The store on this device.
  | 'vault.no-storage' // the browser gives none (private window, blocked)
  | 'vault.full' // no room on the device
  | 'vault.newer' // another tab, or a later version of the app, has changed the database
  | 'vault.evicted' // the browser has taken the keys, or a part of the store, away
  | 'vault.exists' // there is one already
  | 'vault.locked'
  | 'vault.wrong-lock' // wrong PIN; args: left (tries until the next wait, may be 0)
  | 'vault.wait' // args: seconds
  | 'vault.spent' // too many wrong PINs: what is here can't be opened any more, a backup can
  | 'vault.weak-pin' // shorter than six, or one of the PINs that are guessed first
  | 'vault.no-passkey' // the device has no lock that gives a key, or the person closed the question
  | 'vault.no-entry' // args: id; it was removed meanwhile
  | 'vault.nothing-to-undo'
  | 'vault.damaged' // a record was changed outside the app
  | 'vault.busy' // other tabs changed the store again and again; try again
  // Backups and moving.
  | 'move.not-backup'
  | 'move.newer' // made by a later version of the app
  | 'move.wrong-passphrase' // or changed on the way: the two cannot be told apart
  | 'move.weak-passphrase'
  | 'move.damaged'
  | 'move.not-frame'
  | 'move.other-set';

export class Problem extends Error {
  override readonly name = 'Problem';
  constructor(
    readonly key: ProblemKey,
    readonly args: Readonly<Record<string, string | number>> = {},
    cause?: unknown,
  ) {
    super(key, { cause });
  }
}
