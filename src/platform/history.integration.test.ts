import { sql } from 'kysely';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { createTemporaryTable } from './database/temporary-table.ts';
import { type HistoryTable, rewriteHistory } from './history.ts';

const { db, close } = await openTestDatabase();
afterAll(close);

const history: HistoryTable = { table: 'colours', id: 'colour_id', key: ['resource_id'], values: ['colour'] };
const at = (text: string) => Temporal.Instant.from(`2026-05-${text}:00Z`);

interface Staged {
  readonly from: string;
  /** null: no end. */
  readonly to: string | null;
  /** null: nothing holds there. */
  readonly colour: string | null;
  readonly resource?: number;
}

async function rewrite(staged: readonly Staged[], recordedAt: string, cause?: string) {
  return db.transaction().execute(async (trx) => {
    const table = await createTemporaryTable(
      trx,
      { statement: 'test.stage', table: 'staged', drop: [] },
      sql`resource_id bigint, colour text, valid_from timestamptz, valid_to timestamptz, asserted boolean`,
    );
    for (const { from, to, colour, resource = 1 } of staged) {
      await sql`INSERT INTO ${table} VALUES (${resource}, ${colour}, ${at(from)}, ${to === null ? 'infinity' : at(to).toString()}, ${colour !== null})`.execute(
        trx,
      );
    }
    return rewriteHistory(
      trx,
      history,
      table,
      at(recordedAt),
      cause === undefined ? undefined : { topic: 'resource', cause },
    );
  });
}

/** What is believed now, as 'from..to colour', in order. */
async function believed(resource = 1): Promise<string[]> {
  const { rows } = await sql<{ line: string }>`
    SELECT to_char(valid_from, 'DD"T"HH24') || '..' || CASE WHEN valid_to = 'infinity' THEN '' ELSE to_char(valid_to, 'DD"T"HH24') END
           || ' ' || colour AS line
    FROM colours WHERE resource_id = ${resource} AND superseded_at = 'infinity' ORDER BY valid_from`.execute(db);
  return rows.map((row) => row.line);
}

beforeEach(async () => {
  await sql`DROP TABLE IF EXISTS colours`.execute(db);
  await sql`
    CREATE TABLE colours (
      colour_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, resource_id bigint NOT NULL, colour text NOT NULL)`.execute(
    db,
  );
  await sql`CALL keep_history('colours', 'resource_id')`.execute(db);
  await sql`TRUNCATE changes`.execute(db);
});

test('a change from an instant on leaves what was before it', async () => {
  await rewrite([{ from: '01T00:00', to: null, colour: 'red' }], '01T00:00');
  const result = await rewrite([{ from: '05T00:00', to: null, colour: 'blue' }], '05T06:00');
  expect(result).toEqual({ superseded: 1, inserted: 2 });
  expect(await believed()).toEqual(['01T00..05T00 red', '05T00.. blue']);
});

test('a change in the middle cuts a row in two', async () => {
  await rewrite([{ from: '01T00:00', to: '20T00:00', colour: 'red' }], '01T00:00');
  await rewrite([{ from: '05T00:00', to: '06T00:00', colour: 'blue' }], '07T00:00');
  expect(await believed()).toEqual(['01T00..05T00 red', '05T00..06T00 blue', '06T00..20T00 red']);
});

test('one change may cover several rows, and several changes cut one row', async () => {
  await rewrite(
    [
      { from: '01T00:00', to: '05T00:00', colour: 'red' },
      { from: '05T00:00', to: '10T00:00', colour: 'blue' },
    ],
    '01T00:00',
  );
  await rewrite([{ from: '04T00:00', to: '06T00:00', colour: 'green' }], '11T00:00');
  expect(await believed()).toEqual(['01T00..04T00 red', '04T00..06T00 green', '06T00..10T00 blue']);
  await rewrite(
    [
      { from: '01T06:00', to: '02T00:00', colour: 'black' },
      { from: '03T00:00', to: '03T12:00', colour: 'white' },
    ],
    '12T00:00',
  );
  expect(await believed()).toEqual([
    '01T00..01T06 red',
    '01T06..02T00 black',
    '02T00..03T00 red',
    '03T00..03T12 white',
    '03T12..04T00 red',
    '04T00..06T00 green',
    '06T00..10T00 blue',
  ]);
});

test('what is denied holds no longer, and a gap may be filled', async () => {
  await rewrite([{ from: '01T00:00', to: null, colour: 'red' }], '01T00:00');
  await rewrite([{ from: '05T00:00', to: null, colour: null }], '05T00:00');
  expect(await believed()).toEqual(['01T00..05T00 red']);
  await rewrite([{ from: '07T00:00', to: '08T00:00', colour: 'blue' }], '09T00:00');
  expect(await believed()).toEqual(['01T00..05T00 red', '07T00..08T00 blue']);
});

test('neighbours that only touch, and other keys, are left alone', async () => {
  await rewrite(
    [
      { from: '01T00:00', to: '05T00:00', colour: 'red' },
      { from: '01T00:00', to: null, colour: 'red', resource: 2 },
    ],
    '01T00:00',
  );
  const result = await rewrite([{ from: '05T00:00', to: '06T00:00', colour: 'blue' }], '06T00:00');
  expect(result).toEqual({ superseded: 0, inserted: 1 });
  expect(await believed(2)).toEqual(['01T00.. red']);
});

test('what was believed at any earlier moment can still be told', async () => {
  await rewrite([{ from: '01T00:00', to: null, colour: 'red' }], '02T00:00');
  await rewrite([{ from: '03T00:00', to: null, colour: 'blue' }], '04T00:00');
  const { rows } = await sql<{ colour: string; valid_to: Temporal.Instant | null }>`
    SELECT colour, valid_to FROM colours WHERE recorded_at <= ${at('03T12:00')} AND superseded_at > ${at('03T12:00')}`.execute(
    db,
  );
  expect(rows).toEqual([{ colour: 'red', valid_to: null }]);
});

test('a clock that went back does not end a belief before it began', async () => {
  await rewrite([{ from: '01T00:00', to: null, colour: 'red' }], '10T00:00');
  await rewrite([{ from: '03T00:00', to: null, colour: 'blue' }], '04T00:00');
  expect(await believed()).toEqual(['01T00..03T00 red', '03T00.. blue']);
});

test('with a cause, each change is in the log for those who derive from it; without one, none', async () => {
  await rewrite([{ from: '01T00:00', to: null, colour: 'red' }], '01T00:00');
  await rewrite([{ from: '05T00:00', to: '06T00:00', colour: null }], '07T00:00', 'correction');
  const { rows } = await sql`SELECT topic, subject, valid_from, valid_to, cause, recorded_at FROM changes`.execute(db);
  expect(rows).toEqual([
    {
      topic: 'resource',
      subject: 1,
      valid_from: at('05T00:00'),
      valid_to: at('06T00:00'),
      cause: 'correction',
      recorded_at: at('07T00:00'),
    },
  ]);
});

test('two changes of one key that overlap are refused, and nothing is written', async () => {
  const overlapping = rewrite(
    [
      { from: '01T00:00', to: '03T00:00', colour: 'red' },
      { from: '02T00:00', to: '04T00:00', colour: 'blue' },
    ],
    '05T00:00',
  );
  await expect(overlapping).rejects.toThrow(/conflicting key value violates exclusion constraint/);
  expect(await believed()).toEqual([]);
});

test('no statement edits what a row of history says', async () => {
  await rewrite([{ from: '01T00:00', to: null, colour: 'red' }], '01T00:00');
  await expect(sql`UPDATE colours SET colour = 'blue'`.execute(db)).rejects.toThrow('superseded, never edited');
  await expect(sql`UPDATE colours SET valid_to = '2026-06-01'`.execute(db)).rejects.toThrow('superseded, never edited');
  await sql`UPDATE colours SET superseded_at = '2026-05-02'`.execute(db);
  expect(await believed()).toEqual([]);
});
