// Wrong PINs: they slow down, and they come to an end. The count is kept in the database, so that it holds in every
// tab and after a restart; a try is counted before it is made, so that many at once are not free.
import { Problem } from '../problem';

export interface Tries {
  readonly wrong: number;
  /** No try before this time, milliseconds. */
  readonly notBefore: number;
}

export const noTries: Tries = { wrong: 0, notBefore: 0 };

/** The last wrong PIN; then the device key is thrown away. With the waits it takes two days to get there. */
const most = 20;
const free = 5;
const waits = [60, 300, 900, 3600]; // seconds after the fifth wrong PIN, the sixth, …
const longest = 4 * 3600;

const waitAfter = (wrong: number): number => (wrong < free ? 0 : (waits[wrong - free] ?? longest));

export const spent = (tries: Tries): boolean => tries.wrong >= most;

/** Counts a try that is about to be made. Throws vault.spent or vault.wait. */
export function reserve(tries: Tries, now: number): Tries {
  if (spent(tries)) throw new Problem('vault.spent');
  // A clock that was put back must not make the wait longer than it is.
  const left = Math.min(tries.notBefore - now, waitAfter(tries.wrong) * 1000);
  if (left > 0) throw new Problem('vault.wait', { seconds: Math.ceil(left / 1000) });
  const wrong = tries.wrong + 1;
  return { wrong, notBefore: now + waitAfter(wrong) * 1000 };
}

/** How many more may be made without a wait. */
export const triesLeft = (tries: Tries): number => Math.max(0, free - tries.wrong);
