// How long a time is, in one round number.
import type { Text } from '../text/text.svelte';

const steps = [
  ['time.seconds', 1000, 90],
  ['time.minutes', 60_000, 90],
  ['time.hours', 3_600_000, 36],
  ['time.days', 86_400_000, Infinity],
] as const;

/** `ms` is not negative. */
export function span(ms: number, say: Text['say']): string {
  const [key, unit] = steps.find(([, unit, most]) => Math.round(ms / unit) < most)!;
  return say(key, { n: Math.round(ms / unit) });
}
