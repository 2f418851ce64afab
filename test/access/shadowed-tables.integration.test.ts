import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { verifyAudit } from '../../src/platform/audit.ts';
import { connect, type Database } from '../../src/platform/database/database.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { insertTwoCustomers, type TwoCustomers } from './two-customers.ts';

// Somebody who signs in to the database with the rights of arcadia_api, and puts temporary tables before ours: what is
// refused stays refused, and what is recorded is recorded, on the tables that are meant.

let database: TestDatabase;
let db: Database;
let superuser: Database;
let world: TwoCustomers;
let intruder: pg.Client;
const user = `intruder_${process.pid}`;

beforeAll(async () => {
  database = await openTestDatabase();
  ({ db } = database);
  world = await insertTwoCustomers(db);
  superuser = connect({ connectionString: database.superuserConnectionString, max: 1 });
  await sql.raw(`CREATE ROLE ${user} LOGIN PASSWORD 'intruder' IN ROLE arcadia_api`).execute(superuser);
});
afterAll(async () => {
  await sql.raw(`DROP ROLE ${user}`).execute(superuser);
  await superuser.destroy();
  await database.close();
});

beforeEach(async () => {
  const address = new URL(database.connectionString);
  address.username = user;
  address.password = 'intruder';
  intruder = new pg.Client({ connectionString: address.href });
  await intruder.connect();
});
afterEach(() => intruder.end());

/** Every table of ours that functions name, empty and before the real one, with a view of its own where there was one. */
async function shadow(): Promise<void> {
  for (const table of [
    'invoices',
    'invoice_lines',
    'invoice_pdfs',
    'invoice_decisions',
    'audit_log',
    'event_outbox',
    'simulated_clock',
    'deployments',
    'customers',
  ])
    await intruder.query(`CREATE TEMPORARY TABLE ${table} (LIKE public.${table} INCLUDING DEFAULTS)`);
  // Whose shape a role of requests may not ask for.
  await intruder.query(
    'CREATE TEMPORARY TABLE audit_pending (audit_pending_id bigserial, table_name text, entries jsonb)',
  );
  await intruder.query(`SET search_path = pg_temp, public`);
}

interface Kept {
  readonly position: number;
  readonly invoices: string;
  readonly lines: string;
}

/** All that must not change unseen: the invoices, their lines, and where the log ends. */
async function kept(): Promise<Kept> {
  const { rows } = await sql<Kept>`
    SELECT (SELECT max(position) FROM audit_log) AS position,
           (SELECT jsonb_agg(i ORDER BY invoice_id)::text FROM invoices i) AS invoices,
           (SELECT jsonb_agg(l ORDER BY invoice_id, position)::text FROM invoice_lines l) AS lines`.execute(db);
  return rows[0]!;
}

test('a table before ours is found first, so that this tests something', async () => {
  await shadow();
  const { rows } = await intruder.query('SELECT count(*)::int AS n FROM invoices');
  expect(rows).toEqual([{ n: 0 }]);
});

test.each<[string, (invoice: number) => string]>([
  ['a total', (id) => `UPDATE public.invoices SET total = 0 WHERE invoice_id = ${id}`],
  ['a state back to a draft', (id) => `UPDATE public.invoices SET state = 'draft' WHERE invoice_id = ${id}`],
  ['a document', (id) => `UPDATE public.invoices SET document = '{}' WHERE invoice_id = ${id}`],
  [
    'a cancellation without a credit note',
    (id) => `UPDATE public.invoices SET cancelled_at = '2026-06-10', cancelled_by = 'nobody', cancel_reason = 'because',
             cancelling_note_id = invoice_id WHERE invoice_id = ${id}`,
  ],
  ['an invoice that goes', (id) => `DELETE FROM public.invoices WHERE invoice_id = ${id}`],
  ['a line that is edited', (id) => `UPDATE public.invoice_lines SET amount = 0 WHERE invoice_id = ${id}`],
  ['a line that goes', (id) => `DELETE FROM public.invoice_lines WHERE invoice_id = ${id}`],
  [
    'a line more',
    (id) => `INSERT INTO public.invoice_lines SELECT (jsonb_populate_record(l, '{"position": 99}')).*
             FROM public.invoice_lines l WHERE invoice_id = ${id} LIMIT 1`,
  ],
  ['all lines', () => 'TRUNCATE public.invoice_lines'],
])('%s is refused on an issued invoice, whatever stands before it', async (_, statement) => {
  const before = await kept();
  expect(JSON.parse(before.lines)).not.toHaveLength(0);
  await shadow();
  await expect(intruder.query(statement(world.alphasInvoice))).rejects.toMatchObject({
    code: expect.stringMatching(/^(23001|42501)$/),
  });
  expect(await kept()).toEqual(before);
});

test('a cancellation is recorded, on our tables, by the name of who signed in', async () => {
  const before = await kept();
  await shadow();
  await intruder.query(`
    INSERT INTO public.invoices (kind, credits_invoice_id, legal_entity_id, customer_id, currency, month, state, change_id,
      usage_revision, inputs_digest, subtotal, tax, total, taxes, drafted_at, approved_at, approved_by)
    SELECT 'credit_note', invoice_id, legal_entity_id, customer_id, currency, month, 'approved', change_id,
      usage_revision, inputs_digest, -subtotal, -tax, -total, taxes, drafted_at, '2026-06-10', 'nobody'
    FROM public.invoices WHERE invoice_id = ${world.bravosInvoice}`);
  await intruder.query(`
    UPDATE public.invoices i SET cancelled_at = '2026-06-10', cancelled_by = 'nobody', cancel_reason = 'because',
      cancelling_note_id = (SELECT invoice_id FROM public.invoices n WHERE n.credits_invoice_id = i.invoice_id)
    WHERE invoice_id = ${world.bravosInvoice}`);
  const { rows } = await sql<{ actor: string; origin: string; after: object }>`
    SELECT actor, origin, after FROM audit_log WHERE position > ${before.position} AND table_name = 'invoice_decisions'`.execute(
    db,
  );
  expect(rows).toEqual([
    {
      actor: user,
      origin: 'sql',
      after: expect.objectContaining({ invoice_id: world.bravosInvoice, state: 'cancelled', reason: 'because' }),
    },
  ]);
  const own = await intruder.query('SELECT FROM pg_temp.invoice_decisions UNION ALL SELECT FROM pg_temp.audit_pending');
  expect(own.rows).toEqual([]);
  expect(await verifyAudit(db, null)).toMatchObject({ intact: true });
});

test('a customer who is renamed is in the log, on our tables', async () => {
  const before = await kept();
  await shadow();
  await intruder.query(`UPDATE public.customers SET name = 'Renamed' WHERE customer_id = ${world.alpha}`);
  const { rows } = await sql`
    SELECT actor, table_name AS table, after ->> 'name' AS name FROM audit_log WHERE position > ${before.position}`.execute(
    db,
  );
  expect(rows).toEqual([{ actor: user, table: 'customers', name: 'Renamed' }]);
});

test('the functions that record cannot be called, replaced or switched off', async () => {
  await shadow();
  for (const statement of [
    'SET session_replication_role = replica',
    'ALTER TABLE public.invoices DISABLE TRIGGER ALL',
    'DROP TRIGGER issued_is_frozen ON public.invoices',
    `CREATE OR REPLACE FUNCTION public.refuse_change_of_issued() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`,
    'CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS $$SELECT 1$$',
    `CREATE TRIGGER mine AFTER INSERT ON pg_temp.invoices REFERENCING NEW TABLE AS new_rows
     FOR EACH STATEMENT EXECUTE FUNCTION public.note_audited_changes('{invoice_id}', '{}')`,
    'INSERT INTO public.audit_log SELECT * FROM public.audit_log',
    `INSERT INTO public.audit_pending (table_name, entries) VALUES ('customers', '[]')`,
  ])
    await expect(intruder.query(statement)).rejects.toMatchObject({ code: '42501' });
});
