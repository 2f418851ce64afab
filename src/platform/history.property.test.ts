import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { createTemporaryTable } from './database/temporary-table.ts';
import { rewriteHistory } from './history.ts';

// Against a model that cannot be wrong: one cell per hour that holds what is believed of it.

const { db, close } = await openTestDatabase();
afterAll(close);

const hours = 24;
const base = Temporal.Instant.from('2026-05-01T00:00:00Z');
const hour = (n: number) => base.add({ hours: n });
const colours = ['red', 'blue', 'green'] as const;

type Cells = (string | null)[];

/** Intervals of one key that do not overlap, from sorted cuts. */
const change = fc
  .record({
    resource: fc.integer({ min: 1, max: 2 }),
    cuts: fc.uniqueArray(fc.integer({ min: 0, max: hours }), { minLength: 2, maxLength: 6 }),
    colours: fc.array(fc.option(fc.constantFrom(...colours), { nil: null }), { minLength: 3, maxLength: 3 }),
  })
  .map(({ resource, cuts, colours: values }) => {
    const sorted = cuts.toSorted((a, b) => a - b);
    const pieces: { from: number; to: number; colour: string | null }[] = [];
    for (let i = 0; i + 1 < sorted.length; i += 2) {
      pieces.push({ from: sorted[i] as number, to: sorted[i + 1] as number, colour: values[i / 2] ?? null });
    }
    return { resource, pieces };
  });

test('after any changes the table says what the model says, now and as of each earlier moment', async () => {
  await sql`
    CREATE TABLE colours (
      colour_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, resource_id bigint NOT NULL, colour text NOT NULL,
      valid_from timestamptz NOT NULL, valid_to timestamptz NOT NULL,
      recorded_at timestamptz NOT NULL, superseded_at timestamptz NOT NULL,
      CHECK (valid_from < valid_to), CHECK (recorded_at <= superseded_at),
      EXCLUDE USING gist (resource_id WITH =, tstzrange(valid_from, valid_to) WITH &&) WHERE (superseded_at = 'infinity'))`.execute(
    db,
  );
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
      await sql`TRUNCATE colours`.execute(db);
      const model = new Map<number, Cells>(
        [1, 2].map((resource) => [resource, Array<string | null>(hours).fill(null)]),
      );
      const snapshots: Map<number, Cells>[] = [];
      for (const [i, { resource, pieces }] of changes.entries()) {
        await db.transaction().execute(async (trx) => {
          const table = await createTemporaryTable(
            trx,
            { statement: 'test.stage', table: 'staged', drop: [] },
            sql`resource_id bigint, colour text, valid_from timestamptz, valid_to timestamptz, asserted boolean`,
          );
          for (const { from, to, colour } of pieces) {
            await sql`INSERT INTO ${table} VALUES (${resource}, ${colour}, ${hour(from)}, ${hour(to)}, ${colour !== null})`.execute(
              trx,
            );
            model.get(resource)?.fill(colour, from, to);
          }
          const history = { table: 'colours', id: 'colour_id', key: ['resource_id'], values: ['colour'] };
          await rewriteHistory(trx, history, table, hour(i));
        });
        snapshots.push(structuredClone(model));
      }
      for (const [i, snapshot] of snapshots.entries()) {
        const { rows } = await sql<{ resource_id: number; hour: number; colour: string }>`
          SELECT resource_id, hour, colour
          FROM generate_series(0, ${hours - 1}::int) AS hour JOIN colours
            ON valid_from <= ${base}::timestamptz + hour * interval '1 hour' AND valid_to > ${base}::timestamptz + hour * interval '1 hour'
          WHERE recorded_at <= ${hour(i)} AND superseded_at > ${hour(i)}`.execute(db);
        const told = new Map<number, Cells>(
          [1, 2].map((resource) => [resource, Array<string | null>(hours).fill(null)]),
        );
        for (const row of rows) {
          const cells = told.get(row.resource_id) as Cells;
          expect(cells[row.hour], 'two rows say something of one hour').toBeNull();
          cells[row.hour] = row.colour;
        }
        expect(told).toEqual(snapshot);
      }
    }),
    { numRuns: soakRuns(60) },
  );
});
