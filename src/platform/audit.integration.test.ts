import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { listAudit, verifyAudit } from './audit.ts';
import { connect, type Database, type Queryable } from './database/database.ts';

let database: TestDatabase;
let db: Database;
/** What the migrations themselves have left in the log. */
let before: number;
beforeEach(async () => {
  database = await openTestDatabase();
  db = database.db;
  before = (await verifyAudit(db, null)).head?.position ?? 0;
});
afterEach(() => database.close());

const addCustomer = (on: Queryable, externalId: string) =>
  sql`
  INSERT INTO customers (external_id, name, currency, created_at) VALUES (${externalId}, 'C', 'USD', '2026-05-01')`.execute(
    on,
  );
const entries = async () =>
  (await listAudit(db, {}, { limit: 1000, before: null })).filter(({ position }) => position > before);
const intact = { intact: true, broken: [], faults: [], notedHolds: null };

test('a change is recorded with who made it, from where, and the row before and after', async () => {
  const settings = { 'arcadia.actor': 'maria the first', 'arcadia.origin': 'cli' };
  const hers = connect({ connectionString: database.connectionString, max: 1, settings });
  await addCustomer(hers, 'cus_1');
  await sql`UPDATE customers SET name = 'D'`.execute(hers);
  await sql`DELETE FROM customers`.execute(hers);
  await hers.destroy();
  const row = { external_id: 'cus_1', currency: 'USD', created_at: '2026-05-01T00:00:00+00:00' };
  expect(await entries()).toMatchObject([
    { operation: 'delete', before: { ...row, name: 'D' }, after: null },
    { operation: 'update', before: { ...row, name: 'C' }, after: { ...row, name: 'D' } },
    { operation: 'insert', before: null, after: { ...row, name: 'C' } },
  ]);
  for (const entry of await entries()) {
    expect(entry).toMatchObject({ actor: 'maria the first', origin: 'cli', table: 'customers' });
    expect(Object.keys(entry.key)).toEqual(['customer_id']);
  }
  expect(await verifyAudit(db, null)).toMatchObject(intact);
});

test('who works with SQL, past everything of ours, is recorded by the name of the database user', async () => {
  await addCustomer(db, 'cus_1');
  const { rows } = await sql<{ name: string }>`SELECT session_user::text AS name`.execute(db);
  expect(await entries()).toMatchObject([{ actor: rows[0]?.name, origin: 'sql' }]);
});

test('what is rolled back, or leaves a row as it was, is not recorded', async () => {
  await addCustomer(db, 'cus_1');
  await sql`UPDATE customers SET name = 'C'`.execute(db);
  const undone = db.transaction().execute(async (trx) => {
    await addCustomer(trx, 'cus_2');
    throw new Error('after all not');
  });
  await expect(undone).rejects.toThrow('after all not');
  expect(await entries()).toHaveLength(1);
});

test('a statement over many rows has an entry for each that it changed', async () => {
  await sql`
    INSERT INTO queue_controls SELECT 'q' || i, '*', true, NULL, '2026-05-01' FROM generate_series(1, 5) AS i`.execute(
    db,
  );
  await sql`
    INSERT INTO queue_controls SELECT 'q' || i, '*', i > 3, NULL, '2026-05-01' FROM generate_series(3, 6) AS i
    ON CONFLICT (queue, worker) DO UPDATE SET paused = excluded.paused`.execute(db);
  await sql`UPDATE queue_controls SET queue = 'renamed' WHERE queue = 'q6'`.execute(db);
  const second = (await entries()).filter(({ position }) => position > before + 5);
  expect(second.map(({ operation, key }) => `${operation} ${String(key.queue)}`).sort()).toEqual([
    'delete q6',
    'insert q6',
    'insert renamed',
    'update q3',
  ]);
  expect((await sql`SELECT FROM audit_pending`.execute(db)).rows).toEqual([]);
  expect(await verifyAudit(db, null)).toMatchObject(intact);
});

test('what a savepoint takes back is not recorded, what came before and after it is', async () => {
  await db.transaction().execute(async (trx) => {
    await addCustomer(trx, 'cus_1');
    await sql`SAVEPOINT s`.execute(trx);
    await addCustomer(trx, 'cus_2');
    await sql`ROLLBACK TO SAVEPOINT s`.execute(trx);
    await addCustomer(trx, 'cus_3');
  });
  expect((await entries()).map(({ after }) => after?.external_id)).toEqual(['cus_3', 'cus_1']);
});

test('no secret is in it, only that there is one, or a new one', async () => {
  const account = (credentials: string) =>
    sql`
    INSERT INTO accounts (slug, name, provider, api_url, provider_account_id, simulated, credentials, connected_at, metered_from)
    VALUES ('a', 'A', 'digitalocean', 'https://x', '1', false, ${Buffer.from(credentials)}, '2026-05-01', '2026-05-01')
    ON CONFLICT (slug) DO UPDATE SET credentials = excluded.credentials`.execute(db);
  await account('first-secret');
  await account('second-secret');
  await sql`UPDATE accounts SET name = 'B'`.execute(db);
  expect((await entries()).map(({ before: was, after }) => [was?.credentials, after?.credentials])).toEqual([
    ['[secret]', '[secret]'],
    ['[secret]', '[new secret]'],
    [undefined, '[new secret]'],
  ]);
  const { rows } = await sql<{ row: string }>`SELECT audit_log::text AS row FROM audit_log`.execute(db);
  const all = rows.map(({ row }) => row).join('\n');
  for (const secret of ['first-secret', 'second-secret'])
    for (const encoding of ['utf8', 'hex', 'base64'] as const)
      expect(all).not.toContain(Buffer.from(secret).toString(encoding));
});

test('the history of jobs, and all that is derived in bulk, has no trigger', async () => {
  const { rows } = await sql<{ table: string }>`
    SELECT DISTINCT tgrelid::regclass::text AS table FROM pg_trigger JOIN pg_proc p ON p.oid = tgfoid
    WHERE p.proname = 'note_audited_changes'`.execute(db);
  const audited = rows.map(({ table }) => table);
  expect(audited).toContain('subscriptions');
  for (const bulk of [
    'usage_records',
    'metered_levels',
    'attributions',
    'resource_states',
    'resources',
    'changes',
    'sync_runs',
  ])
    expect(audited).not.toContain(bulk);
});

test('many who write at once make one chain, in the order of their commits, and none waits for another for ever', async () => {
  const writers = connect({ connectionString: database.connectionString, max: 8 });
  await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      writers.transaction().execute(async (trx) => {
        await addCustomer(trx, `cus_${i}`);
        await sql`INSERT INTO queue_controls VALUES (${`q${i}`}, '*', true, NULL, '2026-05-01')`.execute(trx);
        await sql`UPDATE customers SET name = 'D' WHERE external_id = ${`cus_${i}`}`.execute(trx);
      }),
    ),
  );
  await writers.destroy();
  const found = await entries();
  expect(found.map(({ position }) => position)).toEqual(Array.from({ length: 120 }, (_, i) => before + 120 - i));
  expect(await verifyAudit(db, null)).toMatchObject(intact);
});

test('a repeatable read transaction that would fork the chain is told to run again', async () => {
  const late = db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      await sql`SELECT FROM customers`.execute(trx);
      await addCustomer(db, 'cus_1');
      await addCustomer(trx, 'cus_2');
    });
  await expect(late).rejects.toMatchObject({ code: '40001' });
  expect(await verifyAudit(db, null)).toMatchObject(intact);
  expect(await entries()).toHaveLength(1);
});

test('it is only ever appended to, whoever asks', async () => {
  await addCustomer(db, 'cus_1');
  for (const statement of ['UPDATE audit_log SET actor = $$x$$', 'DELETE FROM audit_log', 'TRUNCATE audit_log'])
    await expect(sql.raw(statement).execute(db)).rejects.toThrow('only ever appended');
  for (const role of ['arcadia_api', 'arcadia_worker', 'arcadia_customer']) {
    for (const statement of [
      'UPDATE audit_log SET actor = $$x$$',
      'DELETE FROM audit_log',
      'TRUNCATE audit_log',
      'INSERT INTO audit_log SELECT * FROM audit_log',
      'ALTER TABLE audit_log DISABLE TRIGGER ALL',
    ]) {
      const attempt = db.transaction().execute(async (trx) => {
        await sql`SET LOCAL ROLE ${sql.id(role)}`.execute(trx);
        await sql.raw(statement).execute(trx);
      });
      await expect(attempt).rejects.toMatchObject({ code: '42501' });
    }
  }
  // A decision by a role that cannot write the log is in it all the same.
  await db.transaction().execute(async (trx) => {
    await sql`SET LOCAL ROLE arcadia_api`.execute(trx);
    await addCustomer(trx, 'cus_2');
  });
  expect(await entries()).toHaveLength(2);
});

/** As somebody does who has every right: past the triggers, which then are as before. */
async function tamper(statement: string): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await sql`ALTER TABLE audit_log DISABLE TRIGGER USER`.execute(trx);
    await sql.raw(statement).execute(trx);
    await sql`CALL arm_triggers()`.execute(trx);
  });
}

const at = (offset: number) => before + offset;

test.each([
  [
    'a changed row',
    (p: number) => `UPDATE audit_log SET after = after || '{"name": "E"}' WHERE position = ${p}`,
    'changed',
    0,
  ],
  ['another actor', (p: number) => `UPDATE audit_log SET actor = 'somebody' WHERE position = ${p}`, 'changed', 0],
  [
    'another time',
    (p: number) => `UPDATE audit_log SET recorded_at = recorded_at + interval '1 microsecond' WHERE position = ${p}`,
    'changed',
    0,
  ],
  ['a removed row', (p: number) => `DELETE FROM audit_log WHERE position = ${p}`, 'missing', 1],
  [
    'a changed row with a new hash',
    (p: number) => `
      UPDATE audit_log SET actor = 'somebody' WHERE position = ${p};
      UPDATE audit_log a SET hash = audit_log_hash(a) WHERE position = ${p}`,
    'unlinked',
    1,
  ],
] as const)('%s is found, and where', async (_, statement, what, offset) => {
  for (let i = 1; i <= 5; i += 1) await addCustomer(db, `cus_${i}`);
  await tamper(statement(at(3)));
  expect(await verifyAudit(db, null)).toMatchObject({ intact: false, broken: [{ position: at(3 + offset), what }] });
});

test('a cut end shows by a head that was noted down', async () => {
  await addCustomer(db, 'cus_1');
  const { head } = await verifyAudit(db, null);
  expect(await verifyAudit(db, head)).toMatchObject({ intact: true, notedHolds: true });
  await tamper(`DELETE FROM audit_log WHERE position = ${at(1)}`);
  // It was there when the log was verified.
  const broken = [{ position: at(1), what: 'missing' }];
  expect(await verifyAudit(db, null)).toMatchObject({ intact: false, broken });
  expect(await verifyAudit(db, head)).toMatchObject({ intact: false, broken, notedHolds: false });
});

test('what held is passed over the next time, and all of it verified when somebody asks', async () => {
  for (let i = 1; i <= 3; i += 1) await addCustomer(db, `cus_${i}`);
  const quick = () => verifyAudit(db, null, [], false);
  expect(await quick()).toMatchObject({ intact: true, head: { position: at(3) }, since: { position: before } });
  await addCustomer(db, 'cus_4');
  const found = await quick();
  expect(found).toMatchObject({ intact: true, head: { position: at(4) }, since: { position: at(3) } });
  // What was kept says when all of it was looked at, and not when the rest was.
  const whole = found.since?.verifiedAt;
  expect((await quick()).since).toMatchObject({ position: at(4), verifiedAt: whole });

  await tamper(`UPDATE audit_log SET actor = 'somebody' WHERE position = ${at(2)}`);
  expect(await quick()).toMatchObject({ broken: [], since: { position: at(4) } });
  const broken = [{ position: at(2), what: 'changed' }];
  expect(await verifyAudit(db, null)).toMatchObject({ intact: false, broken, since: null });
  // From then on whoever passes over what held before has nothing to pass over.
  expect(await quick()).toMatchObject({ intact: false, broken, since: null });
});

test('a log that was made anew up to what was kept shows without an anchor', async () => {
  for (let i = 1; i <= 3; i += 1) await addCustomer(db, `cus_${i}`);
  expect(await verifyAudit(db, null)).toMatchObject({ intact: true });
  await tamper(`
    UPDATE audit_log SET actor = 'somebody' WHERE position = ${at(1)};
    UPDATE audit_log a SET hash = audit_log_hash(a) WHERE position = ${at(1)};
    UPDATE audit_log a SET previous_hash = (SELECT hash FROM audit_log WHERE position = ${at(1)}) WHERE position = ${at(2)};
    UPDATE audit_log a SET hash = audit_log_hash(a) WHERE position = ${at(2)};
    UPDATE audit_log a SET previous_hash = (SELECT hash FROM audit_log WHERE position = ${at(2)}) WHERE position = ${at(3)};
    UPDATE audit_log a SET hash = audit_log_hash(a) WHERE position = ${at(3)}`);
  for (const isWhole of [true, false])
    expect(await verifyAudit(db, null, [], isWhole)).toMatchObject({
      intact: false,
      broken: [{ position: at(3), what: 'changed' }],
    });
});

test('pages follow each other, and a list can be of one table, person or time', async () => {
  for (let i = 1; i <= 5; i += 1) await addCustomer(db, `cus_${i}`);
  const first = await listAudit(db, { table: 'customers' }, { limit: 3, before: null });
  const second = await listAudit(db, { table: 'customers' }, { limit: 3, before: first.at(-1)?.position ?? 0 });
  expect([...first, ...second].map(({ position }) => position)).toEqual([5, 4, 3, 2, 1].map(at));
  const none = { limit: 10, before: null };
  expect(await listAudit(db, { actor: 'nobody' }, none)).toEqual([]);
  expect(await listAudit(db, { table: 'customers', to: first[0]?.recordedAt }, none)).toHaveLength(4);
  expect(await listAudit(db, { table: 'customers', from: first[0]?.recordedAt }, none)).toHaveLength(1);
});
