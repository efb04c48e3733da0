// How old the app's own code may be.

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

/** Whether it is time to ask for the newest version, while the kept one is shown. A clock that was set back counts as time. */
export function shouldAsk(last: number, now: number): boolean {
  return now < last || now - last >= HOUR;
}

/** Whether the kept version is too old to be shown before the server was asked (threat T91). */
export function mustAsk(last: number, now: number): boolean {
  return now < last || now - last >= DAY;
}
