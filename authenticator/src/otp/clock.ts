// How far this device's clock is off. A code is made of the time, so a clock that is a day wrong makes a day's wrong codes.

const slowest = 30_000; // an answer that took longer says too little

/**
 * Milliseconds to add to this device's clock to get the server's, from the Date header of an answer and this
 * device's time before and after asking. 0 when they agree as well as can be told (a Date header has no fractions);
 * undefined when there is no use in the header.
 */
export function clockOffset(date: string | null, asked: number, answered: number): number | undefined {
  const said = Date.parse(date ?? '');
  if (Number.isNaN(said) || answered < asked || answered - asked > slowest) return undefined;
  const least = said - answered;
  const most = said + 1000 - asked;
  return least <= 0 && most >= 0 ? 0 : Math.round((least + most) / 2);
}
