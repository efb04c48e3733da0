import { expect, test } from 'vitest';
import { mustAsk, shouldAsk } from './fresh';

const hour = 60 * 60 * 1000;

test.each([
  ['a moment later', 1000, false, false],
  ['an hour later', hour, true, false],
  ['just before a day', 24 * hour - 1, true, false],
  ['a day later', 24 * hour, true, true],
  ['the clock was set back', -1, true, true],
])('%s', (_, later, should, must) => {
  const last = 1_800_000_000_000;
  expect(shouldAsk(last, last + later)).toBe(should);
  expect(mustAsk(last, last + later)).toBe(must);
});
