import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';

const { db, close } = await openTestDatabase();
afterAll(close);

async function value<T>(expression: ReturnType<typeof sql>): Promise<T> {
  const { rows } = await sql<{ v: T }>`SELECT ${expression} AS v`.execute(db);
  return rows[0]?.v as T;
}

test('instants and days arrive as Temporal and survive the round trip', async () => {
  const instant = Temporal.Instant.from('2026-03-29T01:30:00.123456Z');
  expect((await value<Temporal.Instant>(sql`${instant}::timestamptz`)).equals(instant)).toBe(true);
  const day = Temporal.PlainDate.from('2026-02-28');
  expect((await value<Temporal.PlainDate>(sql`${day}::date`)).equals(day)).toBe(true);
  expect(await value(sql`${instant}::timestamptz::text`)).toBe('2026-03-29 01:30:00.123456+00');
});

test('no end and no beginning arrive as null', async () => {
  expect(await value(sql`'infinity'::timestamptz`)).toBeNull();
  expect(await value(sql`'-infinity'::timestamptz`)).toBeNull();
});

test('numeric stays a string; an int8 that a number cannot hold is an error', async () => {
  expect(await value(sql`0.100000000::numeric`)).toBe('0.100000000');
  expect(await value(sql`9007199254740991::int8`)).toBe(Number.MAX_SAFE_INTEGER);
  await expect(value(sql`9007199254740992::int8`)).rejects.toThrow(/beyond 2\^53/);
});

test('no statement is compiled to machine code, whatever the server would do', async () => {
  expect(await value(sql`current_setting('jit')`)).toBe('off');
});
