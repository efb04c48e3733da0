import { describe, expect, test } from 'vitest';
import { Text } from '../text/text.svelte';
import { reminder } from './memory';
import { dropBefore, moved } from './order';
import { isApple } from './platform';
import { grouped, initial, matches } from './search';
import { span } from './span';
import { takeFragment } from './arrival';

const list = ['a', 'b', 'c'].map((id) => ({ id }));
const ids = (of: readonly { id: string }[]) => of.map(({ id }) => id).join('');

test.each([
  ['a', 1, 'bac', 'c'],
  ['a', 2, 'bca', undefined],
  ['c', 0, 'cab', 'a'],
  ['c', -5, 'cab', 'a'],
  ['b', 99, 'acb', undefined],
  ['b', 1, 'abc', 'c'],
  ['x', 0, 'abc', 'a'],
])('%s moved to %i', (id, to, order, before) => {
  const after = moved(list, id, to);
  expect(ids(after)).toBe(order);
  expect(dropBefore(after, id)).toBe(before);
});

test.each([
  ['402917', '402\u00a0917'],
  ['4029178', '402\u00a09178'],
  ['40291783', '4029\u00a01783'],
])('%s is shown in groups', (code, shown) => expect(grouped(code)).toBe(shown));

test('accounts are found by any of their names, without accents', () => {
  const entry = { label: '', issuer: 'Plwyf Llanbêr', name: 'aisha@example.org' };
  for (const sought of ['', 'llanber', 'AISHA', 'plwyf aisha', ' ber ']) expect(matches(entry, sought)).toBe(true);
  expect(matches(entry, 'bank')).toBe(false);
});

test('a name’s letter is whole, whatever its script and however its accents are written', () => {
  expect([initial('e\u0301lan'), initial(' x'), initial('🚒 crew'), initial('')]).toEqual(['É', 'X', '🚒', '?']);
});

test.each([
  [0, '0 s'],
  [11_000, '11 s'],
  [100_000, '2 min'],
  [3_600_000, '60 min'],
  [86_400_000, '24 h'],
  [40 * 86_400_000, '40 d'],
])('%i ms', (ms, said) => expect(span(ms, new Text(['en']).say)).toBe(said));

describe('people are reminded of a backup', () => {
  const now = 1_800_000_000_000;
  const day = 86_400_000;
  test.each([
    ['not without accounts', 0, 0, 0, 0, undefined],
    ['when there is none', 1, now, 0, 0, 'none'],
    ['not within a week after “later”', 1, now, 0, now - 6 * day, undefined],
    ['again after a week', 1, now, 0, now - 8 * day, 'none'],
    ['not when it holds all', 1, now - day, now, 0, undefined],
    ['when accounts came after it', 1, now, now - day, 0, 'old'],
  ])('%s', (_, accounts, changedAt, backedUpAt, laterAt, want) => {
    expect(reminder({ changedAt, backedUpAt, laterAt }, accounts, now)).toBe(want);
  });
});

test.each([
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)', 5, true],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 5, true],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)', 0, false],
  ['Mozilla/5.0 (Linux; Android 16)', 5, false],
])('%s with %i fingers', (userAgent, maxTouchPoints, apple) => expect(isApple({ userAgent, maxTouchPoints })).toBe(apple));

test('a fragment is taken out of the address at once', () => {
  const written: unknown[] = [];
  const history = { replaceState: (...args: unknown[]) => void written.push(args) };
  expect(takeFragment({ hash: '#otpauth://totp/x?secret=y', pathname: '/authenticator/' }, history)).toBe('#otpauth://totp/x?secret=y');
  expect(written).toEqual([[null, '', '/authenticator/']]);
  expect(takeFragment({ hash: '', pathname: '/authenticator/' }, history)).toBe('');
  expect(written).toHaveLength(1);
});
