import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { verifyAudit } from '../audit.ts';
import { restoreAccess } from '../database/access.ts';
import { connect, type Database } from '../database/database.ts';
import { type Sighting, faultKey } from './dating.ts';
import { guardsFile } from './expected-guards.ts';
import { findFaults } from './guards.ts';
import { selectGuards } from './guards.store.ts';

// By somebody who has every right on the server.

let database: TestDatabase;
let db: Database;
/** Where nothing is ever committed. */
let untouched: TestDatabase;
let superuser: Database;
beforeAll(async () => {
  untouched = await openTestDatabase();
  superuser = connect({ connectionString: untouched.superuserConnectionString });
});
afterAll(async () => {
  await superuser.destroy();
  await untouched.close();
});

/** A database of the test's own. */
async function inDatabase(work: () => Promise<void>): Promise<void> {
  database = await openTestDatabase();
  db = connect({ connectionString: database.superuserConnectionString });
  try {
    await work();
  } finally {
    await db.destroy();
    await database.close();
  }
}

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
const nowOfServer = async () =>
  (await sql<{ at: Temporal.Instant }>`SELECT clock_timestamp() AS at`.execute(db)).rows[0]!.at;

test('migrations/guards.json is what the migrations make; npm run guards writes it', async () => {
  const file = readFileSync(new URL('../../../migrations/guards.json', import.meta.url), 'utf8');
  expect(file).toBe(guardsFile(await selectGuards(untouched.db)));
  expect(await findFaults(untouched.db)).toEqual([]);
});

test('what records and what refuses is among them', async () => {
  const guards = (await selectGuards(untouched.db)).map(({ kind, relation, name }) => `${kind} ${relation} ${name}`);
  for (const guard of [
    'trigger customers audit_insert',
    'trigger audit_log append_only',
    'trigger audit_log never_emptied',
    'trigger audit_pending chain',
    'trigger invoices issued_is_frozen',
    'trigger invoices invoices_stay',
    'trigger invoices decisions',
    'trigger invoice_lines issued_lines_inserted',
    'trigger invoice_lines issued_lines_deleted',
    'trigger invoice_lines lines_stay',
    'trigger invoice_pdfs pdfs_stay',
    'trigger subscriptions history_is_frozen',
    'function  append_to_audit_log()',
    'policy customers customer',
    'relation usage_records ',
    'role  arcadia_customer',
    'grant invoices arcadia_customer',
    'grant audit_log arcadia_api',
  ])
    expect(guards).toContain(guard);
});

const noop = `CREATE OR REPLACE FUNCTION note_audited_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp AS 'BEGIN RETURN NULL; END'`;

test.each<[string, string[], object[]]>([
  [
    'an audit trigger that was dropped',
    ['DROP TRIGGER audit_insert ON customers'],
    [{ what: 'missing', kind: 'trigger', relation: 'customers', name: 'audit_insert', found: null }],
  ],
  [
    'one that is switched off',
    ['ALTER TABLE customers DISABLE TRIGGER audit_update'],
    [{ what: 'disabled', kind: 'trigger', relation: 'customers', name: 'audit_update' }],
  ],
  [
    'one that fires for replicas alone',
    ['ALTER TABLE customers ENABLE REPLICA TRIGGER audit_delete'],
    [{ what: 'replica_only', kind: 'trigger', relation: 'customers', name: 'audit_delete' }],
  ],
  [
    'one that session_replication_role switches off',
    ['ALTER TABLE customers ENABLE TRIGGER audit_delete'],
    [{ what: 'not_always', kind: 'trigger', relation: 'customers', name: 'audit_delete' }],
  ],
  [
    'the trigger that chains entries',
    ['ALTER TABLE audit_pending DISABLE TRIGGER chain'],
    [{ what: 'disabled', relation: 'audit_pending', name: 'chain' }],
  ],
  [
    'a replaced trigger function',
    [noop],
    [{ what: 'changed', kind: 'function', relation: null, name: 'note_audited_changes()' }],
  ],
  [
    'a function that looks names up elsewhere',
    ['ALTER FUNCTION refuse_change_of_issued() RESET search_path'],
    [{ what: 'changed', kind: 'function', name: 'refuse_change_of_issued()' }],
  ],
  [
    'a function of hashes that was replaced',
    [
      `CREATE OR REPLACE FUNCTION audit_log_hash(entry audit_log) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
       BEGIN ATOMIC SELECT entry.hash; END`,
    ],
    [{ what: 'changed', kind: 'function', name: 'audit_log_hash(entry audit_log)' }],
  ],
  [
    'a trigger that calls another function',
    [
      `CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      `CREATE OR REPLACE TRIGGER audit_insert AFTER INSERT ON customers REFERENCING NEW TABLE AS new_rows
       FOR EACH STATEMENT EXECUTE FUNCTION elsewhere()`,
      'ALTER TABLE customers ENABLE ALWAYS TRIGGER audit_insert',
    ],
    [{ what: 'changed', relation: 'customers', name: 'audit_insert', found: expect.stringContaining('elsewhere()') }],
  ],
  [
    'a trigger with another condition',
    [
      `CREATE OR REPLACE TRIGGER issued_is_frozen BEFORE UPDATE OR DELETE ON invoices FOR EACH ROW
       WHEN (current_user <> 'mallory') EXECUTE FUNCTION refuse_change_of_issued()`,
      'ALTER TABLE invoices ENABLE ALWAYS TRIGGER issued_is_frozen',
    ],
    [{ what: 'changed', relation: 'invoices', name: 'issued_is_frozen', found: expect.stringContaining('mallory') }],
  ],
  [
    'a trigger of other columns',
    [
      'DROP TRIGGER history_is_frozen ON subscriptions',
      `CREATE TRIGGER history_is_frozen BEFORE UPDATE OF valid_from ON subscriptions FOR EACH STATEMENT EXECUTE FUNCTION refuse_edit_of_history()`,
      'ALTER TABLE subscriptions ENABLE ALWAYS TRIGGER history_is_frozen',
    ],
    [{ what: 'changed', relation: 'subscriptions', name: 'history_is_frozen' }],
  ],
  [
    'a freeze of issued invoices that is gone',
    ['DROP TRIGGER issued_is_frozen ON invoices', 'DROP TRIGGER lines_stay ON invoice_lines'],
    [
      { what: 'missing', relation: 'invoice_lines', name: 'lines_stay' },
      { what: 'missing', relation: 'invoices', name: 'issued_is_frozen' },
    ],
  ],
  [
    'a freeze of issued invoices that is switched off',
    ['ALTER TABLE invoices DISABLE TRIGGER USER'],
    expect.arrayContaining([
      expect.objectContaining({ what: 'disabled', relation: 'invoices', name: 'issued_is_frozen' }),
    ]) as never,
  ],
  [
    'references that are not checked',
    ['ALTER TABLE invoice_pdfs DISABLE TRIGGER ALL', 'ALTER TABLE invoice_pdfs ENABLE ALWAYS TRIGGER pdfs_stay'],
    [
      { what: 'disabled', kind: 'reference', relation: 'invoice_pdfs' },
      { what: 'rewritten', kind: 'trigger', relation: 'invoice_pdfs', name: 'pdfs_stay' },
    ],
  ],
  [
    'a trigger of somebody else that takes rows away',
    [
      `CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      'CREATE TRIGGER swallow BEFORE INSERT ON audit_pending FOR EACH ROW EXECUTE FUNCTION swallow()',
    ],
    [{ what: 'unexpected', relation: 'audit_pending', name: 'swallow' }],
  ],
  [
    'a rule that rewrites what is written',
    ['CREATE RULE nothing AS ON INSERT TO audit_pending DO INSTEAD NOTHING'],
    [{ what: 'unexpected', kind: 'rule', relation: 'audit_pending', name: 'nothing' }],
  ],
  [
    'a function that stands before one of ours',
    [`CREATE FUNCTION current_customer(of text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'`],
    [{ what: 'unexpected', kind: 'function', name: 'current_customer(of text)' }],
  ],
  [
    'a row policy that was dropped',
    ['DROP POLICY customer ON deployments'],
    [{ what: 'missing', kind: 'policy', relation: 'deployments', name: 'customer' }],
  ],
  [
    'a row policy that shows more',
    ['ALTER POLICY customer ON deployments USING (true)'],
    [{ what: 'changed', kind: 'policy', relation: 'deployments', name: 'customer' }],
  ],
  [
    'a row policy beside ours',
    ['CREATE POLICY more ON invoices FOR SELECT TO arcadia_customer USING (true)'],
    [{ what: 'unexpected', kind: 'policy', relation: 'invoices', name: 'more' }],
  ],
  [
    'row security that is switched off',
    ['ALTER TABLE usage_records DISABLE ROW LEVEL SECURITY'],
    [
      {
        what: 'changed',
        kind: 'relation',
        relation: 'usage_records',
        expected: 'row security',
        found: 'no row security',
      },
    ],
  ],
  [
    'a right that staff were given beside theirs',
    ['GRANT UPDATE ON audit_log TO arcadia_api'],
    [
      {
        what: 'changed',
        kind: 'grant',
        relation: 'audit_log',
        name: 'arcadia_api',
        expected: 'SELECT',
        found: 'SELECT, UPDATE',
      },
    ],
  ],
  [
    'a right of customers to columns that are none of theirs',
    ['GRANT SELECT (actor, position) ON audit_log TO arcadia_customer'],
    [{ what: 'unexpected', kind: 'grant', relation: 'audit_log', found: 'SELECT (actor, position)' }],
  ],
  [
    'a right of everybody',
    ['GRANT SELECT ON invoices TO PUBLIC'],
    [{ what: 'unexpected', kind: 'grant', relation: 'invoices', name: 'public', found: 'SELECT' }],
  ],
  [
    'a right that was taken away',
    ['REVOKE SELECT ON invoices FROM arcadia_customer'],
    [{ what: 'missing', kind: 'grant', relation: 'invoices', name: 'arcadia_customer' }],
  ],
  [
    'a right to a partition by its own name',
    ['GRANT SELECT ON metered_levels_open TO arcadia_customer'],
    [
      {
        what: 'unexpected',
        kind: 'grant',
        relation: 'metered_levels',
        name: 'arcadia_customer on metered_levels_open',
      },
    ],
  ],
  [
    'a trigger of somebody else on a partition',
    [
      `CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      'CREATE TRIGGER swallow BEFORE INSERT ON metered_levels_open FOR EACH ROW EXECUTE FUNCTION swallow()',
    ],
    [{ what: 'unexpected', kind: 'trigger', relation: 'metered_levels', name: 'swallow on metered_levels_open' }],
  ],
  [
    'one on a partitioned table, whatever its state is on a partition',
    [
      `CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
      'CREATE TRIGGER swallow BEFORE INSERT ON metered_levels FOR EACH ROW EXECUTE FUNCTION swallow()',
      'ALTER TABLE metered_levels_open DISABLE TRIGGER swallow',
    ],
    [
      { what: 'unexpected', kind: 'trigger', relation: 'metered_levels', name: 'swallow' },
      { what: 'unexpected', kind: 'trigger', relation: 'metered_levels', name: 'swallow on metered_levels_open' },
    ],
  ],
  [
    'a rule and a policy of a partition',
    [
      'CREATE RULE nothing AS ON INSERT TO metered_levels_open DO INSTEAD NOTHING',
      'CREATE POLICY more ON metered_levels_open FOR SELECT TO arcadia_customer USING (true)',
    ],
    [
      { what: 'unexpected', kind: 'policy', relation: 'metered_levels', name: 'more on metered_levels_open' },
      { what: 'unexpected', kind: 'rule', relation: 'metered_levels', name: 'nothing on metered_levels_open' },
    ],
  ],
  [
    'a view that asks as its owner',
    ['ALTER VIEW deployments_list RESET (security_invoker)'],
    [{ what: 'changed', kind: 'relation', relation: 'deployments_list' }],
  ],
])('%s is found', async (_, statements, faults) => {
  const trx = await superuser.startTransaction().execute();
  for (const statement of statements) await sql.raw(statement).execute(trx);
  const found = await verifyAudit(trx, null);
  await trx.rollback().execute();
  expect(found.intact).toBe(false);
  expect(found.faults).toEqual(Array.isArray(faults) ? faults.map((fault) => expect.objectContaining(fault)) : faults);
});

test('no table that is recorded or frozen is partitioned: no trigger of ours could be switched off on a partition alone', async () => {
  const { rows } = await sql<{ relation: string }>`
    SELECT DISTINCT c.relname AS relation FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal AND (c.relkind = 'p' OR c.relispartition)`.execute(
    untouched.db,
  );
  expect(rows).toEqual([]);
  expect((await sql`SELECT FROM pg_class WHERE relkind = 'p'`.execute(untouched.db)).rows.length).toBeGreaterThan(1);
});

test('session_replication_role is found for a database and a role in it, and is no way past the triggers', () =>
  inDatabase(async () => {
    const name = new URL(database.connectionString).pathname.slice(1);
    const role = `tampering_${process.pid}`;
    await run(`CREATE ROLE ${role}`);
    try {
      await run(`ALTER DATABASE ${name} SET session_replication_role = replica`);
      await run(`ALTER ROLE ${role} IN DATABASE ${name} SET session_replication_role = local`);
      expect(await findFaults(db)).toMatchObject([
        {
          what: 'replication_role',
          name: `session_replication_role of database ${name}`,
          found: 'replica',
          expected: 'origin',
        },
        {
          what: 'replication_role',
          name: `session_replication_role of role ${role} of database ${name}`,
          found: 'local',
        },
      ]);
    } finally {
      await run(`ALTER ROLE ${role} IN DATABASE ${name} RESET session_replication_role`);
      await run(`DROP ROLE ${role}`);
    }
    const before = (await lastEntry())?.position ?? 0;
    await db.transaction().execute(async (trx) => {
      await sql`SET LOCAL session_replication_role = replica`.execute(trx);
      await sql`INSERT INTO customers (external_id, name, currency, created_at) VALUES ('c', 'C', 'USD', '2026-05-01')`.execute(
        trx,
      );
    });
    expect((await lastEntry()).position).toBe(before + 1);
  }));

test('what others make in the same schema is no fault', () =>
  inDatabase(async () => {
    await run('CREATE TABLE reports (report_id int PRIMARY KEY)');
    await run(`CREATE FUNCTION report() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`);
    await run('CREATE TRIGGER report AFTER INSERT ON reports FOR EACH STATEMENT EXECUTE FUNCTION report()');
    await run('CREATE VIEW customers_report AS SELECT name FROM customers');
    expect(await findFaults(db)).toEqual([]);
  }));

test('since when: after the last entry whose transaction was before, or the moment itself where the server keeps it', () =>
  inDatabase(async () => {
    await addCustomer('c-1');
    const entry = await lastEntry();
    await run('ALTER TABLE invoices DISABLE TRIGGER issued_is_frozen');
    const done = await nowOfServer();
    await addCustomer('c-2');
    const { faults } = await verifyAudit(db, null);
    const [{ since } = expect.fail('nothing was found')] = faults;
    if (since.at === null)
      expect(since).toEqual({ at: null, after: entry.at, afterEntry: entry.position, before: null });
    else {
      expect(Temporal.Instant.compare(entry.at, since.at)).toBe(-1);
      expect(Temporal.Instant.compare(since.at, done)).toBeLessThanOrEqual(0);
    }
  }));

test('since when a trigger that recorded is gone: after the last entry that it made; of others it is not known', () =>
  inDatabase(async () => {
    await addCustomer('c-1');
    const entry = await lastEntry();
    await run('DROP TRIGGER audit_insert ON customers');
    await run('DROP TRIGGER audit_delete ON customers');
    await run('DROP TRIGGER lines_stay ON invoice_lines');
    await addCustomer('c-2');
    await sql`UPDATE customers SET name = 'D'`.execute(db);
    const { faults } = await verifyAudit(db, null);
    const unknown = { at: null, after: null, afterEntry: null, before: null };
    expect(faults.map(({ name, since }) => [name, since])).toEqual([
      ['audit_delete', unknown],
      ['audit_insert', { at: null, after: entry.at, afterEntry: entry.position, before: null }],
      ['lines_stay', unknown],
    ]);
  }));

test('since when something is gone lies between what was seen without it and with it', () =>
  inDatabase(async () => {
    await run('DROP TRIGGER lines_stay ON invoice_lines');
    const [fault] = await findFaults(db);
    const key = faultKey(fault!);
    const day = (n: number, ...faults: string[]): Sighting => ({
      at: Temporal.Instant.from(`2026-05-0${n}T01:17:00Z`),
      faults: new Set(faults),
    });
    const seen = [day(1), day(2, key), day(3), day(4, 'missing trigger x y'), day(5, key), day(6, key)];
    const [{ since } = expect.fail('nothing was found')] = (await verifyAudit(db, null, seen)).faults;
    expect(since).toEqual({ at: null, after: day(4).at, afterEntry: null, before: day(5).at });
    const always = (await verifyAudit(db, null, [day(2, key), day(3, key)])).faults[0]?.since;
    expect(always).toEqual({ at: null, after: null, afterEntry: null, before: day(2).at });
  }));

test('rights and policies that are made again are in the log, with what was missing', () =>
  inDatabase(async () => {
    await run('DROP POLICY customer ON deployments');
    await run('ALTER TABLE usage_records DISABLE ROW LEVEL SECURITY');
    expect(await restoreAccess(db)).toBe(true);
    expect(await findFaults(db)).toEqual([]);
    const { rows } = await sql`
    SELECT key, before, after FROM audit_log WHERE table_name = 'access_rules' ORDER BY key->>'relation'`.execute(db);
    expect(rows).toEqual([
      { key: { relation: 'deployments' }, before: { lacks: 'policies' }, after: { lacks: '' } },
      { key: { relation: 'usage_records' }, before: { lacks: 'row security' }, after: { lacks: '' } },
    ]);
    expect(await verifyAudit(db, null)).toMatchObject({ intact: true, rewritings: [{ cause: 'access' }] });
    expect(await restoreAccess(db)).toBe(false);
  }));
