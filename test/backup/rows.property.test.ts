import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyIn, copyOut, onOneConnection } from '../../src/platform/backup/copy.ts';
import { backupSettings } from '../../src/platform/backup/settings.ts';
import { copyInStatement, copyOutStatement } from '../../src/platform/backup/backup.store.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { soakRuns } from '../soak.ts';
import { backUpTo, contentOf, openEmptyDatabase, restoreFrom } from './databases.ts';

// Whatever stands in a row comes back as it was.

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** Text that COPY has to escape, and that looks like the lines of the file itself. */
const awkward = fc.oneof(
  fc.constantFrom(
    '',
    '\\',
    '\\.',
    '\\N',
    '\n\\.\n',
    '\\.\n',
    '\t',
    '\r\n',
    '\b\f\v',
    '\\\\.',
    '{"rows":0}',
    'NULL',
    '"',
    "'",
  ),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom('\\', '.', '\n', '\r', '\t', 'x', 'é', '😀')).map((parts) => parts.join('')),
);
// PostgreSQL stores no NUL, and no half of a surrogate pair.
const text = awkward.map((value) => value.replaceAll('\0', '').toWellFormed());

const row = fc.record({
  text,
  long: fc
    .tuple(text, fc.nat(40_000))
    .map(([value, times]) => value.repeat(Math.min(times, Math.ceil(400_000 / (value.length + 1))))),
  texts: fc.array(fc.option(text)),
  number: fc
    .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(30))
    .map(([digits, scale]) => `${digits}e-${scale}`),
  float: fc.double(),
  json: fc.jsonValue(),
  bytes: fc.uint8Array({ maxLength: 300 }),
  from: fc.option(fc.integer({ min: -2_000_000, max: 2_000_000 })),
  days: fc.option(fc.nat(1_000_000)),
  months: fc.option(fc.integer({ min: -1_000_000, max: 1_000_000 })),
});

/** PostgreSQL's jsonb has neither NUL nor halves of surrogate pairs. */
const jsonText = (value: unknown) => JSON.stringify(value).replaceAll(/\\u(0000|d[89a-f]..)/gi, '');

async function insert(rows: readonly (typeof row extends fc.Arbitrary<infer Row> ? Row : never)[]): Promise<void> {
  const { db } = database;
  await sql`TRUNCATE awkward`.execute(db);
  for (const each of rows) {
    const days = each.days === null || each.from === null ? null : `[${each.from},${each.from + each.days}]`;
    await sql`
      INSERT INTO awkward ("te""xt", long, texts, number, float, json, bytes, instant, span, days, "select")
      VALUES (${each.text}, ${each.long}, ${each.texts}, ${each.number}::numeric, ${String(each.float)}::float8,
              ${jsonText(each.json)}::jsonb, ${Buffer.from(each.bytes)},
              coalesce('2026-01-01'::timestamptz + make_interval(days => ${each.from}::int, secs => 0.000001), 'infinity'),
              make_interval(months => ${each.months}::int, secs => -1.5), ${days}::int4range, NULL)`.execute(db);
  }
}

const columns = 'id, "te""xt", long, texts, number, float, json, bytes, instant, span, days, "select"';

beforeAll(async () => {
  await sql`CREATE TABLE awkward (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "te""xt" text, long text, texts text[], number numeric, float float8,
    json jsonb, bytes bytea, instant timestamptz, span interval, days int4range, "select" boolean,
    size int GENERATED ALWAYS AS (length(long)) STORED)`.execute(database.db);
  await sql`CREATE TABLE awkward_again (LIKE awkward INCLUDING ALL)`.execute(database.db);
});

test('rows go through COPY as they are, in chunks of any size', async () => {
  const { connectionString } = database;
  const signal = new AbortController().signal;
  const holding = { connectionString, applicationName: 'test', settings: backupSettings, signal };
  const names = [
    'id',
    'te"xt',
    'long',
    'texts',
    'number',
    'float',
    'json',
    'bytes',
    'instant',
    'span',
    'days',
    'select',
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 8 }), fc.integer({ min: 1, max: 70_000 }), async (rows, size) => {
      await insert(rows);
      await sql`TRUNCATE awkward_again`.execute(database.db);
      const count = await onOneConnection(holding, (held) => {
        async function* read() {
          const out = copyOut(held, copyOutStatement(held.db, { name: 'awkward', columns: names }));
          const all: Buffer[] = [];
          for await (const chunk of out) all.push(chunk);
          const whole = Buffer.concat(all);
          for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size);
        }
        return collect(read()).then((chunks) =>
          copyIn(held, copyInStatement(held.db, { name: 'awkward_again', columns: names }), chunks),
        );
      });
      expect(count).toBe(rows.length);
      const differing = sql.raw(
        `SELECT 1 FROM (SELECT ROW(${columns}, size)::text AS r FROM awkward) a FULL JOIN (SELECT ROW(${columns}, size)::text AS r FROM awkward_again) b USING (r) WHERE a.r IS NULL OR b.r IS NULL`,
      );
      expect((await sql`${differing}`.execute(database.db)).rows).toEqual([]);
    }),
    { numRuns: soakRuns(12) },
  );
});

async function* again(chunks: readonly Buffer[]): AsyncGenerator<Buffer, void, undefined> {
  yield* chunks;
}

async function collect(source: AsyncIterable<Buffer>): Promise<AsyncIterable<Buffer>> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return again(chunks);
}

test('what customers are called, and what is noted of them, comes back through a file', async () => {
  await sql`DROP TABLE awkward, awkward_again`.execute(database.db);
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
      const { db, connectionString } = database;
      await sql`DELETE FROM customers`.execute(db);
      await sql`DELETE FROM idempotency_keys`.execute(db);
      for (const [index, each] of rows.entries()) {
        await sql`INSERT INTO customers (external_id, name, currency, created_at)
                  VALUES (${`${index} ${each.text}`}, ${each.text}, 'EUR', '-infinity')`.execute(db);
        await sql`INSERT INTO idempotency_keys (principal, operation_id, key, digest, status, body, expires_at)
                  VALUES (${each.text}, 'x', ${String(index)}, ${Buffer.from(each.bytes)}, 200, ${each.long}, 'infinity')`.execute(
          db,
        );
      }
      const { bytes } = await backUpTo(connectionString);
      const restored = await openEmptyDatabase();
      try {
        await restoreFrom(bytes, restored.connectionString);
        expect(await contentOf(restored.connectionString)).toEqual(await contentOf(connectionString));
      } finally {
        await restored.close();
      }
    }),
    { numRuns: soakRuns(4) },
  );
});
