import { expect, test } from 'vitest';
import { clockOffset } from './clock';

const date = 'Mon, 23 Nov 2026 12:00:00 GMT';
const noon = Date.parse(date);

test.each([
  ['the same', date, noon + 300, noon + 400, 0],
  ['within what a whole second can tell', date, noon - 500, noon + 100, 0],
  ['a day late', date, noon - 86_400_000, noon - 86_399_800, 86_400_400],
  ['a day early', date, noon + 86_400_000, noon + 86_400_200, -86_399_600],
  ['no header', null, noon, noon, undefined],
  ['not a date', 'yesterday', noon, noon, undefined],
  ['an answer that took a minute', date, noon, noon + 60_000, undefined],
  ['a clock put back while asking', date, noon, noon - 1, undefined],
])('%s', (_, header, asked, answered, offset) => {
  expect(clockOffset(header, asked, answered)).toBe(offset);
});
