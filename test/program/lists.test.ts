import { expect, test } from 'vitest';
import { program } from '../../src/modules.ts';
import type { List } from '../../src/platform/declare/answer.ts';

// Every list says what it is looked through for, what it is sorted by and whether it counts, or why not.

const lists = program.operations.filter(
  (operation): operation is List & { shape: 'list' } => operation.shape === 'list',
);

test('a list is sorted by what its rows say, and in its own order first', () => {
  const wrong = lists.flatMap(({ name, sort, row }) =>
    ('by' in sort ? (sort.by as readonly string[]) : [])
      .filter((field) => !(field in row.shape))
      .map((field) => `${name}: ${field} is no field of a row`),
  );
  expect(wrong).toEqual([]);
});

test('no list has a search, an order or a count of its own beside the one that all have', () => {
  const taken = ['q', 'search', 'sort', 'order', 'limit', 'cursor', 'offset', 'page'];
  const wrong = lists.flatMap(({ name, query, extra }) => [
    ...Object.keys(query?.shape ?? {})
      .filter((field) => taken.includes(field))
      .map((field) => `${name} --${field}`),
    ...Object.keys(extra?.shape ?? {})
      .filter((field) => ['items', 'nextCursor', 'total', 'count'].includes(field))
      .map((field) => `${name}: ${field}`),
  ]);
  expect(wrong).toEqual([]);
});

test('what a list cannot do it gives a reason for', () => {
  const reasons = lists.flatMap(({ search, sort, total }) =>
    [search, sort, total].flatMap((one) => (typeof one === 'object' && 'none' in one ? [one.none] : [])),
  );
  for (const reason of reasons) expect(reason.length).toBeGreaterThan(5);
});

test('the lists that people work with are searched, sorted and counted', () => {
  const worked = [
    'customer list',
    'deployment list',
    'subscription list',
    'plan list',
    'account list',
    'rule list',
    'kind list',
    'alert list',
    'alert fired',
    'token revocations',
    'invoice correction list',
  ];
  for (const name of worked)
    expect(lists.find((list) => list.name === name)).toMatchObject({
      search: { in: expect.any(String) },
      sort: { by: expect.any(Array) },
      total: true,
    });
  for (const name of ['resource list', 'invoice list'])
    expect(lists.find((list) => list.name === name)).toMatchObject({
      search: { in: expect.any(String) },
      sort: { by: expect.any(Array) },
    });
});
