import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { verifyAudit } from '../audit.ts';
import { restoreAccess } from '../database/access.ts';
import { connect, type Database } from '../database/database.ts';
import { migrate, readMigrations } from '../database/migrate.ts';
import { findFaults } from './guards.ts';
import { selectGuards } from './guards.store.ts';

// Guards that somebody with every right on the server lifts, and puts back exactly as they were.

let database: TestDatabase;
let db: Database;
beforeEach(async () => {
  database = await openTestDatabase();
  db = connect({ connectionString: database.superuserConnectionString });
  await addCustomer('c-1');
});
afterEach(async () => {
  await db.destroy();
  await database.close();
});

const run = (statement: string) => sql.raw(statement).execute(db);
const addCustomer = (externalId: string) =>
  sql`INSERT INTO customers (external_id, name, currency, created_at) VALUES (${externalId}, 'C', 'USD', '2026-05-01')`.execute(
    db,
  );
const lastEntry = async () =>
  (
    await sql<{ position: number; at: Temporal.Instant }>`
      SELECT position, recorded_at AS at FROM audit_log ORDER BY position DESC LIMIT 1`.execute(db)
  ).rows[0]!;
const definitions = async () =>
  (await selectGuards(db)).map(({ kind, relation, name, definition, state }) =>
    [kind, relation, name, definition, state].join(' '),
  );
/** The statement that makes something again as it is. */
const definitionOf = async (expression: string) =>
  (await sql<{ text: string }>`SELECT ${sql.raw(expression)} AS text`.execute(db)).rows[0]!.text;
const secretly = (set: string) => run(`UPDATE customers SET name = '${set}'`);

const ways: [string, string, () => Promise<unknown>][] = [
  [
    'a trigger that was disabled and enabled',
    'trigger customers audit_update',
    async () => {
      await run('ALTER TABLE customers DISABLE TRIGGER audit_update');
      await secretly('D');
      await run('ALTER TABLE customers ENABLE ALWAYS TRIGGER audit_update');
    },
  ],
  [
    'one within a transaction',
    'trigger customers audit_update',
    () =>
      run(`BEGIN; ALTER TABLE customers DISABLE TRIGGER audit_update; UPDATE customers SET name = 'D';
           ALTER TABLE customers ENABLE ALWAYS TRIGGER audit_update; COMMIT`),
  ],
  [
    'one that was switched off in the catalogue itself',
    'trigger customers audit_update',
    async () => {
      const where = `WHERE tgname = 'audit_update' AND tgrelid = 'customers'::regclass`;
      // Sessions look at the catalogue again where the row of the relation was written.
      const seen = `UPDATE pg_class SET relname = relname WHERE oid = 'customers'::regclass`;
      await run(`BEGIN; UPDATE pg_trigger SET tgenabled = 'D' ${where}; ${seen}; COMMIT`);
      await secretly('D');
      await run(`BEGIN; UPDATE pg_trigger SET tgenabled = 'A' ${where}; ${seen}; COMMIT`);
    },
  ],
  [
    'a trigger that was dropped and created',
    'trigger customers audit_update',
    async () => {
      const made = await definitionOf(
        `(SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'audit_update' AND tgrelid = 'customers'::regclass)`,
      );
      await run('DROP TRIGGER audit_update ON customers');
      await secretly('D');
      await run(made);
      await run('ALTER TABLE customers ENABLE ALWAYS TRIGGER audit_update');
    },
  ],
  [
    'a function that was replaced twice',
    'function  note_audited_changes()',
    async () => {
      const made = await definitionOf(`pg_get_functiondef('note_audited_changes()'::regprocedure)`);
      await run(`CREATE OR REPLACE FUNCTION note_audited_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
                 SET search_path = public, pg_temp AS 'BEGIN RETURN NULL; END'`);
      await secretly('D');
      await run(made);
    },
  ],
  [
    'a policy that was dropped and created',
    'policy customers customer',
    async () => {
      const condition = await definitionOf(
        `(SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'customer' AND polrelid = 'customers'::regclass)`,
      );
      await run('DROP POLICY customer ON customers');
      await run(`CREATE POLICY customer ON customers FOR SELECT TO arcadia_customer USING (${condition})`);
    },
  ],
];

test.each(ways)('%s is found, with what and since when', async (_, guard, liftAndPutBack) => {
  const before = await definitions();
  const entry = await lastEntry();
  await liftAndPutBack();
  expect(await definitions()).toEqual(before);
  expect((await lastEntry()).position).toBe(entry.position);
  const found = await verifyAudit(db, null);
  expect(found).toMatchObject({ intact: false, broken: [], rewritings: [] });
  expect(found.faults.map(({ what, kind, relation, name }) => [what, `${kind} ${relation ?? ''} ${name}`])).toEqual([
    ['rewritten', guard],
  ]);
  const [{ since } = expect.fail('nothing was found')] = found.faults;
  if (since.at === null) expect(since).toEqual({ at: null, after: entry.at, afterEntry: entry.position, before: null });
  else expect(Temporal.Instant.compare(entry.at, since.at)).toBe(-1);
});

test.each(ways)('%s is still found after db migrate has recorded it', async (_, guard, liftAndPutBack) => {
  const entry = await lastEntry();
  await liftAndPutBack();
  expect(await migrate(db)).toEqual([]);
  const recorded = await lastEntry();
  expect(recorded.position).toBe(entry.position + 1);
  const found = await verifyAudit(db, null);
  expect(found).toMatchObject({
    intact: true,
    faults: [],
    rewritings: [{ position: recorded.position, recordedAt: recorded.at, cause: 'unknown', count: 1, guards: [guard] }],
  });
  const [{ writtenAfter } = expect.fail('nothing was recorded')] = found.rewritings;
  expect(Temporal.Instant.compare(entry.at, writtenAfter!)).toBeLessThanOrEqual(0);
  expect(Temporal.Instant.compare(writtenAfter!, recorded.at)).toBe(-1);
  await migrate(db);
  expect(await lastEntry()).toEqual(recorded);
});

test('what the migrations wrote is recorded by them, and explained', async () => {
  const { rows } = await sql<{ actor: string; origin: string; key: unknown; after: any }>`
    SELECT actor, origin, key, after FROM audit_log WHERE table_name = 'guard_writings'`.execute(db);
  const migrations = (await readMigrations()).map(({ name }) => name);
  expect(rows).toMatchObject([
    { actor: migrations.at(-1), origin: 'migration', key: { cause: 'migration' }, after: { migrations } },
  ]);
  const recorded = (await selectGuards(db)).filter(({ kind }) => ['trigger', 'function', 'policy'].includes(kind));
  expect(Object.keys(rows[0]!.after.writings)).toHaveLength(recorded.length);
  expect(await verifyAudit(db, null)).toMatchObject({ intact: true, faults: [], rewritings: [] });
});

const forged = (cause: string, migrations: string) =>
  run(`INSERT INTO audit_pending (table_name, entries)
    SELECT 'guard_writings', jsonb_build_array(jsonb_build_object('key', '{"cause": "${cause}"}'::jsonb, 'before', NULL, 'after',
      jsonb_build_object('migrations', '${migrations}'::jsonb, 'written_after', NULL, 'writings',
        (SELECT jsonb_build_object('trigger customers audit_update', xmin::text) FROM pg_trigger
         WHERE tgname = 'audit_update' AND tgrelid = 'customers'::regclass))))`);

test.each([
  ['migrations that were applied before', 'migration', '["0001_platform"]'],
  ['migrations that there are not', 'migration', '["0999_none"]'],
  ['no migrations', 'migration', '[]'],
  ['a restore', 'restore', '[]'],
])('a recording that somebody forges, by %s, is listed', async (_, cause, migrations) => {
  await ways[0]![2]();
  await forged(cause, migrations);
  expect(await verifyAudit(db, null)).toMatchObject({
    faults: [],
    rewritings: [{ cause, count: 1, guards: ['trigger customers audit_update'] }],
  });
});

test('a log that no longer says who wrote the guards is a fault of its own', async () => {
  await run(`BEGIN; ALTER TABLE audit_log DISABLE TRIGGER USER; DELETE FROM audit_log; CALL arm_triggers(); COMMIT`);
  expect(await findFaults(db)).toMatchObject([
    { what: 'unrecorded', kind: 'recording', relation: 'audit_log', name: 'guard_writings' },
  ]);
});

test('rights that are made again are recorded as such, and what was lifted before them is not theirs', async () => {
  await ways[0]![2]();
  await run('DROP POLICY customer ON deployments');
  expect(await restoreAccess(db)).toBe(true);
  const { faults, rewritings } = await verifyAudit(db, null);
  expect(faults).toEqual([]);
  expect(rewritings).toMatchObject([
    { cause: 'access', guards: expect.arrayContaining(['policy bill_decisions staff']) },
    { cause: 'unknown', guards: ['trigger customers audit_update'] },
  ]);
});

test('a guard that is back after a recording found it lifted is written anew', async () => {
  await run('ALTER TABLE customers DISABLE TRIGGER audit_update');
  await migrate(db);
  expect(await findFaults(db)).toMatchObject([{ what: 'disabled' }]);
  await run('ALTER TABLE customers ENABLE ALWAYS TRIGGER audit_update');
  expect(await findFaults(db)).toMatchObject([{ what: 'rewritten', name: 'audit_update' }]);
});

test('upkeep of the server, of the catalogue and of partitions is none', async () => {
  for (const catalogue of ['pg_trigger', 'pg_proc', 'pg_policy', 'pg_class'])
    for (const statement of [
      `VACUUM ${catalogue}`,
      `VACUUM FREEZE ${catalogue}`,
      `VACUUM FULL ${catalogue}`,
      `REINDEX TABLE ${catalogue}`,
    ])
      await run(statement);
  for (const statement of ['VACUUM FULL customers', 'REINDEX TABLE customers', 'ANALYZE', 'VACUUM', 'CHECKPOINT'])
    await run(statement);
  await run('CREATE INDEX CONCURRENTLY one_more ON customers (name)');
  await run(
    `CREATE TABLE usage_records_day_2099_01 PARTITION OF usage_records_day FOR VALUES FROM ('2099-01-01') TO ('2099-02-01')`,
  );
  await run('ALTER TABLE usage_records_day DETACH PARTITION usage_records_day_2099_01');
  await run('DROP TABLE usage_records_day_2099_01');
  await migrate(db);
  expect(await verifyAudit(db, null)).toMatchObject({ intact: true, faults: [], rewritings: [] });
});

test('processes that migrate at once record what was written anew once', async () => {
  await ways[0]![2]();
  await Promise.all([1, 2, 3].map(() => migrate(db)));
  expect((await verifyAudit(db, null)).rewritings).toHaveLength(1);
});
