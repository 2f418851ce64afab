import { expect, test } from 'vitest';
import { type ListKey, pageOfAll } from './pages.ts';
import type { Page } from './operation.ts';

const whole = { q: null, sort: '', order: 'asc' } as const;
const own = (item: string) => [item];

/** Page after page to the end; before each page the list may have changed. */
function walk<Item>(lists: readonly (readonly Item[])[], limit: number, keyOf: (item: Item) => ListKey): Item[] {
  const seen: Item[] = [];
  let cursor: string | null = null;
  for (let place = 0; ; place += 1) {
    const list = lists[Math.min(place, lists.length - 1)] ?? [];
    const page: Page<Item> = pageOfAll(list, { ...whole, limit, cursor }, keyOf);
    for (const item of page.items) seen.push(item);
    cursor = page.nextCursor;
    if (cursor === null) return seen;
  }
}

test('pages follow each other to the end, in the order of the keys', () => {
  const first = pageOfAll(['c', 'a', 'b'], { ...whole, limit: 2, cursor: null }, own);
  expect(first.items).toEqual(['a', 'b']);
  expect(pageOfAll(['c', 'a', 'b'], { ...whole, limit: 2, cursor: first.nextCursor }, own)).toEqual({
    items: ['c'],
    nextCursor: null,
    total: 3,
  });
});

test('a page goes on behind what the last one ended with when that is gone meanwhile', () => {
  expect(
    walk(
      [
        ['a', 'b', 'c', 'd'],
        ['a', 'c', 'd'],
        ['a', 'd'],
      ],
      2,
      own,
    ),
  ).toEqual(['a', 'b', 'c', 'd']);
  expect(walk([['a', 'b', 'c'], ['a'], []], 2, own)).toEqual(['a', 'b']);
});

test('keys are compared part by part: null first, moments by time and numbers by size', () => {
  const moment = (text: string) => Temporal.Instant.from(text);
  const keys: ListKey[] = [
    ['a', null],
    ['a', moment('2026-05-01T00:00:00Z')],
    ['a', moment('2026-05-01T00:00:00.5Z')],
    ['a', moment('2026-05-01T00:00:01Z')],
    ['b', 9],
    ['b', 10],
    ['c', Temporal.PlainDate.from('2026-01-09')],
    ['c', Temporal.PlainDate.from('2026-01-10')],
  ];
  for (let limit = 1; limit <= keys.length; limit += 1)
    expect(walk([keys.toReversed()], limit, (key) => key)).toEqual(keys);
});
