// What time it is. Codes are wrong when this device's clock is, so it is compared with the server's when there is a network.
import { clockOffset } from '../otp/clock';

/** A smaller difference is left alone: a Date header has no fractions, and sites take codes that are a little late. */
const TOLERANCE = 10_000;

export class Clock {
  /** The right time of the last tick, in milliseconds. */
  now = $state(Date.now());
  /** What to add to this device's clock; 0 where it is right, or nothing was measured. */
  offset = $state(0);

  device(): number {
    return Date.now();
  }

  right(): number {
    return this.device() + this.offset;
  }

  tick(device: number): void {
    this.now = device + this.offset;
  }

  /** Asks the server. Without an answer what was known stays. */
  async measure(address: string, ask: typeof fetch = fetch): Promise<void> {
    try {
      const asked = this.device();
      const answer = await ask(address, { method: 'HEAD', cache: 'no-store', credentials: 'omit', redirect: 'error', signal: AbortSignal.timeout(5000) });
      const offset = clockOffset(answer.headers.get('Date'), asked, this.device());
      if (offset !== undefined) this.offset = Math.abs(offset) > TOLERANCE ? offset : 0;
    } catch {
      // no network
    }
  }
}
