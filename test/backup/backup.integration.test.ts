import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { insertTwoCustomers, now } from '../access/two-customers.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { testConfig, untilDrained } from '../jobs/worker-fixture.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { openJobs } from '../../src/jobs/index.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { verifyAudit, verifyChain } from '../../src/platform/audit.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { hasAccess } from '../../src/platform/database/access.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { migrationsFolder } from '../../src/platform/database/migrations-folder.ts';
import { connectAccount } from '../../src/inventory/accounts.ts';
import { generateSecretKey, parseSecretKey } from '../../src/platform/secrets/crypto.ts';
import { createLog } from '../../src/platform/log.ts';
import { Registry } from 'prom-client';
import { backUpTo, contentOf, type EmptyDatabase, openEmptyDatabase, restoreFrom, schemaOf } from './databases.ts';

// A business with invoices, jobs, sealed credentials and an audit log; its backup, and what becomes of it.

let database: TestDatabase;
let bytes: Buffer;
let tables: number;
let rows: number;
let draft: number;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db, connectionString } = database;
  ({ alphasDraft: draft } = await insertTwoCustomers(db));
  const secretKey = parseSecretKey(generateSecretKey())!;
  const details = { provider: 'digitalocean', apiUrl: 'http://127.0.0.1:1', credentials: { token: 'any' }, secretKey };
  const identity = { accountId: 'a-1', name: 'Acme', simulatedAt: null, answeredAt: now };
  await connectAccount(db, { slug: 'acme', ...details }, identity, now);
  const jobs = await openJobs({ db, connectionString, program, clock: databaseClock(db) });
  await jobs.runNow('prune_jobs', {});
  await jobs.close();
  ({
    bytes,
    summary: { tables, rows },
  } = await backUpTo(connectionString));
});
afterAll(() => database.close());

async function empty(): Promise<EmptyDatabase> {
  const made = await openEmptyDatabase();
  onTestFinished(() => made.close());
  return made;
}

/** What is there when nothing is. */
const nothing = {};

test('a restored database holds the same rows and sequences, the same schema and the same rights', async () => {
  const restored = await empty();
  expect(await restoreFrom(bytes, restored.connectionString)).toEqual({ tables, rows, migrated: [] });
  const content = await contentOf(restored.connectionString);
  expect(content).toEqual(await contentOf(database.connectionString));
  expect(Object.keys(content).filter((name) => !name.startsWith('sequence'))).toHaveLength(tables);
  expect(Object.keys(content)).toEqual(expect.arrayContaining(['usage_records_day_20260501', 'pgboss.job_common']));
  expect(await schemaOf(restored.db)).toEqual(await schemaOf(database.db));
  expect(await hasAccess(restored.db)).toBe(true);
  expect(await migrate(restored.db)).toEqual([]);
});

test('a restored business goes on: the next number, the pending job, the chain of the audit log, a backup of it', async () => {
  const restored = await empty();
  await restoreFrom(bytes, restored.connectionString);
  const { db, connectionString } = restored;
  const again = await backUpTo(connectionString);
  const twice = await empty();
  await restoreFrom(again.bytes, twice.connectionString);
  expect(await contentOf(twice.connectionString)).toEqual(await contentOf(database.connectionString));

  const head = (await verifyAudit(database.db, null)).head!;
  await approveInvoice(db, draft, { by: 'ann', now, override: 'a test' });
  expect(await issueInvoice(db, draft, { by: 'ann', now, incomplete: true })).toMatchObject({ number: 'INV-000003' });
  const verified = await verifyAudit(db, head);
  expect(verified).toMatchObject({
    intact: true,
    notedHolds: true,
    faults: [],
    rewritings: [{ cause: 'restore', actor: expect.any(String), position: head.position + 1 }],
  });
  expect(verified.head!.position).toBeGreaterThan(head.position);
  await expect(
    sql`UPDATE invoices SET total = 1, subtotal = 1, tax = 0 WHERE state = 'issued'`.execute(db),
  ).rejects.toThrow(/never changes/);

  const worker = await startWorker({
    db,
    connectionString,
    config: testConfig(),
    log: createLog({ level: 'silent', format: 'json' }),
    program: { ...program, schedule: [] },
    registry: new Registry(),
  });
  await untilDrained(db);
  await worker.stop();
  expect((await sql`SELECT state::text FROM pgboss.job WHERE data ->> 'job' = 'prune_jobs'`.execute(db)).rows).toEqual([
    { state: 'completed' },
  ]);
});

test('a database that holds anything is left as it is', async () => {
  const before = await contentOf(database.connectionString);
  const code = 'database_not_empty';
  await expect(restoreFrom(bytes, database.connectionString)).rejects.toMatchObject({ code });
  expect(await contentOf(database.connectionString)).toEqual(before);
  const other = await empty();
  await sql`CREATE VIEW somebodys AS SELECT 1 AS one`.execute(other.db);
  await expect(restoreFrom(bytes, other.connectionString)).rejects.toMatchObject({
    code,
    message: expect.stringContaining('somebodys'),
  });
});

test('what an extension has put there is nobody’s', async () => {
  const restored = await empty();
  await sql`CREATE EXTENSION btree_gist`.execute(restored.db);
  expect(await restoreFrom(bytes, restored.connectionString)).toMatchObject({ rows });
});

/** The text of the backup, changed and compressed again: gzip's own checksum holds. */
function altered(change: (text: string) => string): Buffer {
  const text = gunzipSync(bytes).toString('latin1');
  const after = change(text);
  if (after === text) throw new Error('nothing was altered');
  return gzipSync(Buffer.from(after, 'latin1'));
}

const flipped = (at: number) => {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ 0x10;
  return copy;
};

test.each<[string, () => Buffer, RegExp]>([
  ['cut short', () => bytes.subarray(0, bytes.length >> 1), /cut short|damaged/],
  ['cut short by its last byte', () => bytes.subarray(0, -1), /cut short/],
  ['cut short and compressed again', () => altered((text) => text.slice(0, text.length >> 1)), /cut short/],
  ['damaged near its end', () => flipped(bytes.length - 2_000), /damaged|cut short/],
  ['damaged at its checksum', () => flipped(bytes.length - 6), /damaged/],
  [
    'with a row altered',
    () => altered((text) => text.replace('alpha Ltd', 'alpho Ltd')),
    /rows of customers are not those/,
  ],
  ['with a row left out', () => altered((text) => text.replace(/\n1\talpha\t[^\n]*\n/, '\n')), /damaged/],
  [
    'with a table left out',
    () => altered((text) => text.replace(/\{"table":"alert_firings"[^]*?\n\\\.\n[^\n]*\n/, '')),
    /damaged/,
  ],
  [
    'with an unknown table',
    () => altered((text) => text.replace('{"table":"customers"', '{"table":"pg_authid"')),
    /damaged/,
  ],
  [
    'with other columns',
    () => altered((text) => text.replace('"external_id","name","currency"', '"external_id","names","currency"')),
    /other columns/,
  ],
  ['with more behind it', () => altered((text) => `${text}more\n`), /damaged/],
  ['of somebody else', () => gzipSync('-- PostgreSQL database dump\n'), /no backup that arcadia made/],
  ['that is not compressed', () => Buffer.from('PGDMP and so on'), /no backup that arcadia made/],
  ['that is empty', () => Buffer.alloc(0), /no backup that arcadia made|cut short/],
  [
    'of a newer format',
    () => altered((text) => text.replace('arcadia backup 1\n', 'arcadia backup 2\n')),
    /format 2.*reads format 1/,
  ],
])('a file %s is refused, and nothing is changed', async (_, make, said) => {
  const target = await empty();
  await expect(restoreFrom(make(), target.connectionString)).rejects.toMatchObject({
    code: 'backup_unreadable',
    message: expect.stringMatching(said),
  });
  expect(await contentOf(target.connectionString)).toEqual(nothing);
  expect((await sql`SELECT FROM pg_proc WHERE pronamespace = 'public'::regnamespace`.execute(target.db)).rows).toEqual(
    [],
  );
});

test('a backup of other migrations is refused, by name', async () => {
  const target = await empty();
  const newer = altered((text) =>
    text
      .replace('"migrations":[', '"migrations":[')
      .replace(/(\{"name":"0008_http"[^}]*\})/, '$1,{"name":"0099_later","sha256":"0"}'),
  );
  await expect(restoreFrom(newer, target.connectionString)).rejects.toMatchObject({
    code: 'schema_newer',
    message: expect.stringContaining('0099_later'),
  });
  const edited = altered((text) => text.replace(/("name":"0003_deployments","sha256":")[^"]*/, '$1abc'));
  await expect(restoreFrom(edited, target.connectionString)).rejects.toMatchObject({
    code: 'schema_changed',
    message: expect.stringContaining('0003_deployments'),
  });
  expect(await contentOf(target.connectionString)).toEqual(nothing);
});

test('a newer version applies its own migrations after the rows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'arcadia-migrations-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  cpSync(migrationsFolder, folder, { recursive: true });
  // It sees the rows, and is recorded where they end.
  writeFileSync(
    join(folder, '0099_later.sql'),
    "ALTER TABLE customers ADD shouted text; UPDATE customers SET shouted = upper(name); CALL publish_to_customers('customers');",
  );
  const target = await empty();
  expect(await restoreFrom(bytes, target.connectionString, { folder })).toMatchObject({ migrated: ['0099_later'] });
  expect((await sql`SELECT shouted FROM customers ORDER BY 1`.execute(target.db)).rows).toEqual([
    { shouted: 'ALPHA LTD' },
    { shouted: 'BRAVO LTD' },
  ]);
  // What guards it there is the newer version's to say.
  expect(await verifyChain(target.db, (await verifyAudit(database.db, null)).head)).toMatchObject({
    intact: true,
    notedHolds: true,
  });
});

test('a restore that is stopped at any table leaves nothing', async () => {
  const target = await empty();
  for (const table of ['access_rules', 'usage_records_day_20260515', 'usage_visible_revisions']) {
    const stop = new AbortController();
    const stopped = new Error('stopped');
    const restoring = restoreFrom(bytes, target.connectionString, {
      signal: stop.signal,
      onProgress: (at) => at === table && stop.abort(stopped),
    });
    await expect(restoring).rejects.toBe(stopped);
    await expect.poll(() => contentOf(target.connectionString)).toEqual(nothing);
  }
  expect(await restoreFrom(bytes, target.connectionString)).toMatchObject({ rows });
});

test('an audit log that somebody has altered does not pass for one that is whole', async () => {
  const forged = altered((text) => text.replace(/("head":\{"position":\d+,"hash":")[0-9a-f]{8}/, '$100000000'));
  const target = await empty();
  // The lines that are no rows have a checksum of their own.
  await expect(restoreFrom(forged, target.connectionString)).rejects.toMatchObject({ code: 'backup_unreadable' });
});

test('a database of which there is nothing to back up says so', async () => {
  const target = await empty();
  await expect(backUpTo(target.connectionString)).rejects.toMatchObject({ code: 'not_found' });
});
