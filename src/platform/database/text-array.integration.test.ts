import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { statement } from './statement.ts';
import { textArray } from './text-array.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

test.each([
  [[]],
  [['']],
  [[null]],
  [['a', null, 'NULL', '{"b": "c\\u0000\\\\"}', 'tab\tline\n', "'", '{}', ' ', 'ä', '€', '😀', 'x'.repeat(70_000)]],
])('texts arrive as they are: %#', async (texts: readonly (string | null)[]) => {
  const { rows } = await statement<{ texts: (string | null)[] }>('test.readTexts')`
    SELECT ${textArray(texts)}::text[] AS texts`.execute(database.db);
  expect(rows[0]?.texts).toEqual(texts);
});

test('a NUL, which no text of PostgreSQL can hold, is refused', async () => {
  const reading = statement('test.readNul')`SELECT ${textArray(['a\0b'])}::text[]`.execute(database.db);
  await expect(reading).rejects.toMatchObject({ code: '22021' });
});
