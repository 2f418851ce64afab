import { expect, test } from 'vitest';
import { pageOfAll } from './pages.ts';

const own = (item: string) => item;

test('pages follow each other to the end', () => {
  const all = ['a', 'b', 'c'];
  const first = pageOfAll(all, { limit: 2, cursor: null }, own);
  expect(first).toEqual({ items: ['a', 'b'], nextCursor: 'b' });
  expect(pageOfAll(all, { limit: 2, cursor: first.nextCursor }, own)).toEqual({ items: ['c'], nextCursor: null });
});

test('a page after something that is gone is refused: no row comes twice', () => {
  expect(() => pageOfAll(['a', 'c', 'd'], { limit: 2, cursor: 'b' }, own)).toThrow(/Begin anew/);
});
