// How far this device's clock is off.
/**
 * Milliseconds to add to this device's clock to get the server's, from the Date header of an answer and this
 * device's time before and after asking. 0 when they agree as well as can be told (a Date header has no fractions);
 * undefined when there is no use in the header.
 */
export declare function clockOffset(date: string | null, asked: number, answered: number): number | undefined;
