import { expect, test } from 'vitest';
import { z } from 'zod';
import { day } from './schemas.ts';
import { readerOf } from './text-values.ts';

const reader = readerOf(
  z.object({
    count: z.int().default(1),
    ratio: z.number().optional(),
    all: z.boolean().optional(),
    kinds: z.array(z.string()).optional(),
    ids: z.array(z.int()).optional(),
    name: z.string(),
    from: day.optional(),
    either: z.union([z.int(), z.null()]).optional(),
  }),
  'query',
);

test('a text becomes what its schema says, where it is one', () => {
  expect(reader.read({ count: '7', ratio: '-0.5', all: 'true', name: '7', from: '2026-05-01', either: '3' })).toEqual({
    count: 7,
    ratio: -0.5,
    all: true,
    name: '7',
    from: '2026-05-01',
    either: 3,
  });
});

test('a list is made by repetition, and of one', () => {
  expect(reader.read({ kinds: 'a', ids: ['1', '2', 'x'] })).toEqual({ kinds: ['a'], ids: [1, 2, 'x'] });
});

test.each([
  ['count', ''],
  ['count', ' 7'],
  ['count', '1e3'],
  ['count', '0x10'],
  ['count', '7.0'],
  ['count', '9'.repeat(17)],
  ['ratio', 'Infinity'],
  ['ratio', '.5'],
  ['all', '1'],
  ['all', 'TRUE'],
])('%s=%s stays text, for the schema to refuse', (name, text) => {
  expect(reader.read({ [name]: text })).toEqual({ [name]: text });
});

test('what is not declared is told, what is not there is left out', () => {
  expect(reader.read({ other: '1' })).toEqual({});
  expect(reader.unknown({ other: '1', name: 'x' })).toEqual([
    { in: 'query', pointer: 'other', detail: 'is no parameter of this operation' },
  ]);
});
