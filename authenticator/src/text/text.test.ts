import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { cy } from './cy';
import { en, type Key } from './en';
import { Text, choose, fill } from './text.svelte';

const keys = Object.keys(en) as Key[];
const places = (sentence: string) => (sentence.match(/\{\w+\}/g) ?? []).sort();

test('every sentence has the same places to fill in both languages', () => {
  for (const key of keys) expect([key, ...places(cy[key])]).toEqual([key, ...places(en[key])]);
});

test('no sentence is left that nothing says', () => {
  const folder = path.join(import.meta.dirname, '..');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|svelte)$/.test(name) && !name.startsWith('text') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n');
  const composed = /^(scan\.(refused|none|busy)|confirm\.(new|same|replaced)$|approve\.(wrong|over|stopped)$)/; // put together from a kind
  expect(keys.filter((key) => !sources.includes(`'${key}'`) && !composed.test(key))).toEqual([]);
});

test.each([
  [['cy-GB', 'en'], 'cy'],
  [['fr', 'cy'], 'cy'],
  [['en-US'], 'en'],
  [['de'], 'en'],
  [[''], 'en'],
])('%j speaks %s', (wanted, language) => expect(choose(wanted)).toBe(language));

test('what was chosen here goes before what the browser prefers, and is kept', () => {
  const kept = new Map<string, string>();
  const store = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value) } as Storage;
  const text = new Text(['en'], store);
  expect(text.say('app.back')).toBe('Back');
  text.speak('cy');
  expect(text.say('app.back')).toBe('Yn ôl');
  expect(new Text(['en'], store).language).toBe('cy');
});

test('what is filled in is not filled again', () => expect(fill('{a} {b}', { a: '{b}', b: '2' })).toBe('{b} 2'));
