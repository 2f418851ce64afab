import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestDatabase } from '../../src/http/access/request-database.ts';
import { openEngine } from '../../src/jobs/engine.ts';
import { type Database, openPool, type Queryable } from '../../src/platform/database/database.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { closedPatterns, closedToCustomers, readByCustomers } from './relations.ts';
import { insertTwoCustomers, plantedCost, type TwoCustomers } from './two-customers.ts';
import { program } from '../../src/modules.ts';

// customers never meet, in the database itself: what the role of customers' requests can read,
// whatever the program above it asks for.

let database: TestDatabase;
let db: Database;
let pool: ReturnType<typeof openPool>;
let world: TwoCustomers;
beforeAll(async () => {
  database = await openTestDatabase();
  ({ db } = database);
  const engine = await openEngine({
    connectionString: database.connectionString,
    queues: program.queues,
    worker: null,
    onError: () => {},
  });
  await engine.close();
  world = await insertTwoCustomers(db);
  pool = openPool({ connectionString: database.connectionString, max: 4 });
});
afterAll(async () => {
  await pool.end();
  await database.close();
});

async function catalogue(): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT CASE nspname WHEN 'public' THEN '' ELSE nspname || '.' END || relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)'
    ORDER BY 1`.execute(db);
  return rows.map(({ name }) => name).sort();
}

/** The readable columns of all rows, as text; 'denied' where the role may read none. */
async function read(relation: string, customerId: number | null): Promise<'denied' | string[]> {
  try {
    return await db.transaction().execute(async (trx) => {
      await sql`
        SELECT set_config('role', 'arcadia_customer', true),
               set_config('arcadia.customer', ${customerId === null ? '' : String(customerId)}, true)`.execute(trx);
      const { rows: columns } = await sql<{ name: string }>`
        SELECT attname AS name FROM pg_attribute
        WHERE attrelid = ${relation}::regclass AND attnum > 0 AND NOT attisdropped
          AND has_column_privilege(attrelid, attnum, 'SELECT')`.execute(trx);
      const names = columns.length === 0 ? sql`*` : sql.join(columns.map(({ name }) => sql.ref(name)));
      const { rows } = await sql<{ row: string }>`
        SELECT to_jsonb(r)::text AS row FROM (SELECT ${names} FROM ${sql.table(relation)}) AS r`.execute(trx);
      return rows.map(({ row }) => row);
    });
  } catch (error) {
    if ((error as { code?: string }).code === '42501') return 'denied';
    throw error;
  }
}

test('without a customer every table and view is empty or closed, as it was declared to be', async () => {
  const found: Record<'read' | 'closed', string[]> = { read: [], closed: [] };
  for (const relation of await catalogue()) {
    const rows = await read(relation, null);
    const isMadeLater = closedPatterns.some((pattern) => pattern.test(relation));
    if (isMadeLater) expect([relation, rows]).toEqual([relation, 'denied']);
    else if (rows === 'denied') found.closed.push(relation);
    else {
      expect([relation, rows]).toEqual([relation, []]);
      found.read.push(relation);
    }
  }
  expect(found).toEqual({ read: readByCustomers.toSorted(), closed: closedToCustomers.toSorted() });
});

test("a customer's own rows are there, and no row, name or number of another's is", async () => {
  const seen: Record<string, number> = {};
  for (const relation of readByCustomers) {
    const rows = await read(relation, world.alpha);
    if (rows === 'denied') throw new Error(`${relation} is denied to a customer, and was not to nobody`);
    seen[relation] = rows.length;
    for (const text of rows) {
      const row = JSON.parse(text) as Record<string, unknown>;
      const where = `${relation}: ${text}`;
      expect(text, `in ${where}`).not.toMatch(/bravo/i);
      if ('customer_id' in row) expect(row.customer_id, `in ${where}`).toBe(world.alpha);
      expect(world.bravosDeployments, `in ${where}`).not.toContain(row.deployment_id);
      expect(row.resource_id, `in ${where}`).not.toBe(world.bravosDroplet);
      expect(text, `in ${where}`).not.toContain('credentials');
      // The price of a plan that adds to a cost is reckoned from it; routes leave it out.
      if (relation !== 'plan_items') expect(text, `in ${where}`).not.toContain(plantedCost);
    }
  }
  expect(seen).toMatchObject({
    customers: 1,
    deployments: 1,
    deployments_list: 1,
    subscriptions: 1,
    plans: 1,
    accounts: 1,
  });
  for (const relation of [
    'usage_records',
    'usage_changes',
    'attributions',
    'resources',
    'resource_states',
    'billing_kinds',
    'owner_sets',
  ])
    expect(seen[relation], `rows of ${relation}`).toBeGreaterThan(0);
});

test('what was moved to another customer is seen as it was until then', async () => {
  const rows = await read('inventory_states', world.alpha);
  if (rows === 'denied') throw new Error('denied');
  const named = (name: string) => rows.filter((row) => row.includes(name));
  expect(named('moved-droplet')).toHaveLength(1);
  expect(named('bravo-renamed')).toEqual([]);
});

test('both customers see their part of what they share, and neither the other', async () => {
  for (const [customer, slug] of [
    [world.alpha, 'alpha'],
    [world.bravo, 'bravo'],
  ] as const) {
    const deployments = await read('deployments', customer);
    expect(deployments).not.toHaveLength(0);
    for (const row of deployments) expect(row).toContain(slug);
    expect(await read('owner_set_members', customer)).toHaveLength(slug === 'alpha' ? 2 : 3);
  }
});

test('columns about our money, our secrets and others are not readable in tables that are', async () => {
  const { rows } = await sql<{ name: string }>`
    SELECT attrelid::regclass || '.' || attname AS name FROM pg_attribute
    WHERE attrelid = ANY (${readByCustomers}::regclass[]) AND attnum > 0 AND NOT attisdropped
      AND has_column_privilege('arcadia_customer', attrelid, attnum, 'SELECT')`.execute(db);
  const readable = rows.map(({ name }) => name);
  expect(readable).toContain('accounts.slug');
  for (const hidden of [
    'accounts.credentials',
    'accounts.api_url',
    'accounts.provider_account_id',
    'owner_sets.signature',
  ])
    expect(readable).not.toContain(hidden);
  expect(readable.filter((name) => /cost|margin|markup|secret|credential|payload|token/.test(name))).toEqual([]);
});

test('a customer changes nothing', async () => {
  for (const relation of await catalogue()) {
    const { rows } = await sql<{ may: boolean }>`
      SELECT has_table_privilege('arcadia_customer', ${relation}::regclass, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
          OR has_any_column_privilege('arcadia_customer', ${relation}::regclass, 'INSERT, UPDATE, REFERENCES') AS may`.execute(
      db,
    );
    expect([relation, rows[0]?.may]).toEqual([relation, false]);
  }
});

test('functions with the rights of their owner are not for customers to call, and those of the log for nobody', async () => {
  const { rows } = await sql<{ name: string }>`
    SELECT proname || ' ' || role AS name FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace,
           unnest('{arcadia_worker,arcadia_api,arcadia_customer}'::text[]) AS role
    WHERE prosecdef AND nspname NOT IN ('pg_catalog', 'information_schema')
      AND (proname IN ('note_audited_changes', 'append_to_audit_log')
           OR role = 'arcadia_customer' AND prorettype <> 'trigger'::regtype)
      AND has_function_privilege(role, pg_proc.oid, 'EXECUTE')`.execute(db);
  expect(rows).toEqual([]);
});

test('every table has row-level security, and every view asks as its reader', async () => {
  const { rows } = await sql<{ name: string }>`
    SELECT relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname = 'public' AND NOT relispartition AND relname NOT LIKE 'kysely\\_%'
      AND CASE relkind WHEN 'v' THEN NOT coalesce('security_invoker=true' = ANY (reloptions), false)
                       WHEN 'r' THEN NOT relrowsecurity WHEN 'p' THEN NOT relrowsecurity ELSE relkind IN ('m', 'f') END`.execute(
    db,
  );
  expect(rows).toEqual([]);
});

const customerRequest = (customerId: number) =>
  requestDatabase(pool, {
    principal: { subject: 'alpha-user', role: 'customer', customerId },
    requestId: 'request-1',
    address: '192.0.2.7',
  });
const staffRequest = () =>
  requestDatabase(pool, {
    principal: { subject: "o'hara", role: 'operator', customerId: null },
    requestId: 'request-2',
    address: '192.0.2.8',
  });
const slugs = async (on: Queryable) =>
  (await sql<{ slug: string }>`SELECT slug FROM deployments ORDER BY slug`.execute(on)).rows.map(({ slug }) => slug);
const role = async (on: Queryable) =>
  (await sql<{ role: string }>`SELECT current_user::text AS role`.execute(on)).rows[0]?.role;

test("a request's database is its customer's, in and out of transactions, and leaves nothing behind", async () => {
  const hers = customerRequest(world.alpha);
  expect(await slugs(hers)).toEqual(['alpha-shop']);
  expect(await hers.transaction().execute(slugs)).toEqual(['alpha-shop']);
  expect(
    await hers.transaction().setAccessMode('read only').setIsolationLevel('repeatable read').execute(slugs),
  ).toEqual(['alpha-shop']);
  expect(await hers.connection().execute(slugs)).toEqual(['alpha-shop']);
  await expect(sql`SELECT FROM sync_runs`.execute(hers)).rejects.toMatchObject({ code: '42501' });
  await expect(hers.transaction().execute((trx) => sql`SELECT 1 / 0`.execute(trx))).rejects.toThrow('division');
  await expect(sql`DELETE FROM deployments`.execute(hers)).rejects.toMatchObject({ code: '42501' });

  const plain = await pool.query("SELECT current_user AS role, current_setting('arcadia.customer', true) AS customer");
  const { rows } = await sql<{ owner: string }>`SELECT current_user::text AS owner`.execute(db);
  expect(plain.rows).toEqual([{ role: rows[0]?.owner, customer: '' }]);
});

test('many requests over few connections never see through each other', async () => {
  const asked = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? world.alpha : i % 3 === 1 ? world.bravo : null));
  const seen = await Promise.all(
    asked.map((customer) => slugs(customer === null ? staffRequest() : customerRequest(customer))),
  );
  asked.forEach((customer, i) => {
    if (customer === null) expect(seen[i]).toContain('unattributed');
    else expect(seen[i]).toEqual(customer === world.alpha ? ['alpha-shop'] : ['bravo-blog', 'bravo-shop']);
  });
});

test("staff's requests see and change everything but the log, which says who they were", async () => {
  expect(await role(staffRequest())).toBe('arcadia_api');
  await sql`UPDATE customers SET name = 'Alpha' WHERE external_id = 'alpha'`.execute(staffRequest());
  const { rows } = await sql`
    SELECT actor, origin, address, request_id FROM audit_log ORDER BY position DESC LIMIT 1`.execute(staffRequest());
  expect(rows).toEqual([{ actor: "o'hara", origin: 'api', address: '192.0.2.8', request_id: 'request-2' }]);
});

test('nothing is streamed past the role', async () => {
  const read = async () => {
    for await (const _ of customerRequest(world.alpha).selectFrom('customers').selectAll().stream()) break;
  };
  await expect(read()).rejects.toThrow('inside a transaction');
});

test('every function is fixed in where it looks names up, when it is called or when it was made', async () => {
  const { rows } = await sql<{ name: string; fixed: string | null; isTrigger: boolean }>`
    SELECT p.oid::regprocedure::text AS name, p.prorettype = 'trigger'::regtype AS "isTrigger",
           CASE WHEN p.prosqlbody IS NOT NULL THEN 'when it was made'
                ELSE (SELECT setting FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=%') END AS fixed
    FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.prokind <> 'a'
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')`.execute(
    db,
  );
  expect(rows.length).toBeGreaterThan(40);
  expect(rows.filter(({ isTrigger }) => isTrigger).length).toBeGreaterThan(8);
  // Temporary tables last: else they come first of all.
  const allowed = ['when it was made', 'search_path=public, pg_temp'];
  expect(rows.filter(({ fixed }) => fixed === null || !allowed.includes(fixed))).toEqual([]);
});

test('every trigger fires whatever session_replication_role says', async () => {
  const { rows } = await sql<{ trigger: string; state: string }>`
    SELECT tgrelid::regclass || ' ' || tgname AS trigger, tgenabled::text AS state
    FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
    WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace`.execute(db);
  expect(rows.length).toBeGreaterThan(80);
  expect(rows.filter(({ state }) => state !== 'A')).toEqual([]);
});

test("what runs with the owner's rights is fixed in where it looks, and nobody else hangs it on a table of theirs", async () => {
  const { rows } = await sql<{ name: string; callable: string[]; isFixed: boolean }>`
    SELECT p.proname AS name, coalesce(p.proconfig::text LIKE '%search_path%', false) AS "isFixed",
           ARRAY(SELECT r FROM unnest(ARRAY['arcadia_worker', 'arcadia_api', 'arcadia_customer']) AS r
                 WHERE has_function_privilege(r, p.oid, 'EXECUTE')) AS callable
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname = current_schema() ORDER BY p.proname`.execute(db);
  expect(rows.length).toBeGreaterThan(4);
  for (const { name, callable, isFixed } of rows) {
    const allowed = name === 'publish_event' ? ['arcadia_worker', 'arcadia_api'] : [];
    expect([name, isFixed, callable]).toEqual([name, true, allowed]);
  }
});
