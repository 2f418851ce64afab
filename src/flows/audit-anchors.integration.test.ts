import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { sql } from 'kysely';
import S3rver from 's3rver';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { program } from '../modules.ts';
import { loadConfig } from '../platform/config.ts';
import { followSimulatedClock } from '../platform/clock.ts';
import type { Database } from '../platform/database/database.ts';
import { migrate } from '../platform/database/migrate.ts';
import { verifyAnchoredAudit, writeAnchor } from './audit-anchors.ts';

let database: TestDatabase;
let db: Database;
let folder: string;
beforeEach(async () => {
  database = await openTestDatabase();
  db = database.db;
  folder = mkdtempSync(join(tmpdir(), 'arcadia-anchors-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await database.close();
});

const { signal } = new AbortController();
const day = (n: number) => Temporal.Instant.from(`2026-05-0${n}T01:17:00Z`);
const keyOf = (first: number) => Buffer.from(Array.from({ length: 32 }, (_, at) => first + at)).toString('base64');
const configOf = (env: Readonly<Record<string, string>>, key = 7) =>
  loadConfig({ env: { ARCADIA_SECRET_KEY: keyOf(key), ...env }, cwd: folder }, program.settings);
const inFolder = (key?: number) => configOf({ ARCADIA_AUDIT_ANCHOR: folder }, key);
const verify = (config = inFolder(), given: { name: string; text: string }[] = []) =>
  verifyAnchoredAudit(db, config, { noted: null, given, isWhole: true, signal });
const addCustomer = (externalId: string) =>
  sql`INSERT INTO customers (external_id, name, currency, created_at) VALUES (${externalId}, 'C', 'USD', '2026-05-01')`.execute(
    db,
  );
const file = () => join(folder, readdirSync(folder)[0] ?? 'none');

/** Two days, with two entries each, and an anchor after each day; entry 1 is what the migrations left. */
async function twoDays(config = inFolder()): Promise<void> {
  for (const n of [1, 2]) {
    await addCustomer(`c-${n}-a`);
    await addCustomer(`c-${n}-b`);
    expect(await writeAnchor(db, config, { now: day(n), signal })).toMatchObject({ position: 1 + 2 * n, faults: 0 });
  }
}

/** As somebody does who has every right. */
async function tamper(statement: string): Promise<void> {
  await sql
    .raw(`BEGIN; ALTER TABLE audit_log DISABLE TRIGGER USER; ${statement}; CALL arm_triggers(); COMMIT`)
    .execute(db);
}

test('each anchor is a line more, and all hold', async () => {
  await twoDays();
  expect(readdirSync(folder)).toEqual([`audit-anchors-${new URL(database.connectionString).pathname.slice(1)}.jsonl`]);
  expect(readFileSync(file(), 'utf8').match(/\n/g)).toHaveLength(2);
  expect(readFileSync(file(), 'utf8')).not.toContain(keyOf(7));
  expect(await verify()).toMatchObject({
    intact: true,
    anchors: [{ place: file(), problem: null, checked: 2, newestAt: day(2), broken: [], altered: [], otherKey: 0 }],
  });
});

test('a cut end of the log shows, and when it was there', async () => {
  await twoDays();
  await tamper('DELETE FROM audit_log WHERE position > 4');
  const found = await verify();
  expect(found).toMatchObject({ intact: false, broken: [] });
  expect(found.anchors).toMatchObject([{ checked: 2, broken: [{ position: 5, at: day(2), what: 'cut' }] }]);
});

test('a log that was made anew shows, although its chain holds', async () => {
  await twoDays();
  await tamper(`
    UPDATE audit_log SET actor = 'somebody' WHERE position = 4;
    UPDATE audit_log a SET hash = audit_log_hash(a) WHERE position = 4;
    UPDATE audit_log SET previous_hash = (SELECT hash FROM audit_log WHERE position = 4) WHERE position = 5;
    UPDATE audit_log a SET hash = audit_log_hash(a) WHERE position = 5`);
  const found = await verify();
  expect(found).toMatchObject({ intact: false, broken: [] });
  expect(found.anchors[0]?.broken).toEqual([{ position: 5, at: day(2), what: 'remade' }]);
});

test('a line that was altered, or is none, is named; one with another key proves nothing', async () => {
  await twoDays();
  await writeAnchor(db, inFolder(8), { now: day(3), signal });
  const text = readFileSync(file(), 'utf8');
  expect(await verify()).toMatchObject({ intact: true, anchors: [{ checked: 2, altered: [], otherKey: 1 }] });
  writeFileSync(file(), text.replace('"position":3', '"position":2'));
  expect(await verify()).toMatchObject({ intact: false, anchors: [{ checked: 1, altered: [1], otherKey: 1 }] });
  writeFileSync(file(), text);
  appendFileSync(file(), 'not an anchor\n{"position":9}\n');
  expect(await verify()).toMatchObject({ intact: false, anchors: [{ checked: 2, altered: [4, 5] }] });
});

test('lines of another database in the same file are left out', async () => {
  await twoDays();
  const text = readFileSync(file(), 'utf8').replaceAll(/"database":"[^"]+"/g, '"database":"other"');
  appendFileSync(file(), text);
  expect(await verify()).toMatchObject({ intact: true, anchors: [{ checked: 2, altered: [] }] });
});

test('a copy that somebody kept is held against the log as well', async () => {
  await twoDays();
  const text = readFileSync(file(), 'utf8');
  rmSync(file());
  await tamper('DELETE FROM audit_log WHERE position = 5');
  expect(await verify()).toMatchObject({
    broken: [],
    anchors: [{ problem: expect.stringMatching(/^Nothing has been written to .+ yet\.$/) }],
  });
  const found = await verify(inFolder(), [{ name: 'vault.jsonl', text }]);
  expect(found).toMatchObject({ intact: false, anchors: [{}, { place: 'vault.jsonl', broken: [{ what: 'cut' }] }] });
});

test('since when a guard is gone is read from the anchors before and after', async () => {
  await twoDays();
  await sql`DROP TRIGGER lines_stay ON invoice_lines`.execute(db);
  expect(await writeAnchor(db, inFolder(), { now: day(3), signal })).toMatchObject({ faults: 1 });
  await writeAnchor(db, inFolder(), { now: day(4), signal });
  expect(await verify()).toMatchObject({
    intact: false,
    faults: [{ what: 'missing', name: 'lines_stay', since: { at: null, after: day(2), before: day(3) } }],
  });
});

test('a fault that an anchor names, and that is gone, is listed with when it was there', async () => {
  await twoDays();
  await sql`ALTER TABLE invoice_lines DISABLE TRIGGER lines_stay`.execute(db);
  for (const n of [3, 4]) await writeAnchor(db, inFolder(), { now: day(n), signal });
  await sql`ALTER TABLE invoice_lines ENABLE ALWAYS TRIGGER lines_stay`.execute(db);
  expect(await writeAnchor(db, inFolder(), { now: day(5), signal })).toMatchObject({ faults: 1 });
  await migrate(db);
  const trigger = 'trigger invoice_lines lines_stay';
  expect(await verify()).toMatchObject({
    intact: true,
    rewritings: [{ cause: 'unknown', guards: [trigger] }],
    pastFaults: [
      { fault: `rewritten ${trigger}`, after: day(4), firstSeenAt: day(5), lastSeenAt: day(5), goneAt: null },
      { fault: `disabled ${trigger}`, after: day(2), firstSeenAt: day(3), lastSeenAt: day(4), goneAt: day(5) },
    ],
  });
});

/** Switches a trigger off and on, and has the log say that the migrations wrote it so: the whole chain anew. */
const liftAndForge = () =>
  tamper(`
    DO $$ DECLARE entry audit_log; head bytea := sha256('');
    BEGIN
      UPDATE audit_log SET after = jsonb_set(after, '{writings}', (after -> 'writings') || (
        SELECT jsonb_object_agg(format('trigger %s %s', tgrelid::regclass, tgname), pg_current_xact_id()::xid::text)
        FROM pg_trigger WHERE tgrelid IN ('audit_log'::regclass, 'customers'::regclass) AND NOT tgisinternal)) WHERE position = 1;
      FOR entry IN SELECT * FROM audit_log ORDER BY position LOOP
        entry.previous_hash := head;
        head := audit_log_hash(entry);
        UPDATE audit_log SET previous_hash = entry.previous_hash, hash = head WHERE position = entry.position;
      END LOOP;
    END $$;
    ALTER TABLE customers DISABLE TRIGGER audit_update;
    UPDATE customers SET name = 'D';
    ALTER TABLE customers ENABLE ALWAYS TRIGGER audit_update;
    DO $$ DECLARE name text; target regclass; BEGIN
      FOR name, target IN SELECT tgname, tgrelid::regclass FROM pg_trigger
        WHERE tgrelid IN ('audit_log'::regclass, 'customers'::regclass) AND NOT tgisinternal
      LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', target, name);
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', target, name);
      END LOOP;
    END $$`);

test('a recording that was forged with the whole chain shows by the anchors', async () => {
  await twoDays();
  await liftAndForge();
  const found = await verify();
  expect(found).toMatchObject({ intact: false, broken: [], faults: [], rewritings: [] });
  expect(found.anchors[0]?.broken).toMatchObject([
    { position: 3, what: 'remade' },
    { position: 5, what: 'remade' },
  ]);
});

test('a process without the secret key says so, and makes none', async () => {
  await twoDays();
  const dataDir = join(folder, 'data');
  const config = loadConfig(
    { env: { ARCADIA_AUDIT_ANCHOR: folder, ARCADIA_DATA_DIR: dataDir }, cwd: folder },
    program.settings,
  );
  expect((await verify(config)).anchors).toMatchObject([
    { checked: 0, problem: expect.stringContaining('secret key') },
  ]);
  expect(existsSync(dataDir)).toBe(false);
});

test('without a place nothing is written, nothing is read, and so it is said', async () => {
  await addCustomer('c-1');
  expect(await writeAnchor(db, configOf({}), { now: day(1), signal })).toBeNull();
  expect(await verify(configOf({}))).toMatchObject({ intact: true, anchors: [] });
});

test('a simulation, which anybody may make anew, is not anchored', async () => {
  await addCustomer('c-1');
  await followSimulatedClock(db, day(1));
  expect(await writeAnchor(db, inFolder(), { now: day(1), signal })).toBeNull();
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder that is not there is an error with what to do, and a verification goes on without', async () => {
  await addCustomer('c-1');
  const config = configOf({ ARCADIA_AUDIT_ANCHOR: join(folder, 'nowhere') });
  await expect(writeAnchor(db, config, { now: day(1), signal })).rejects.toMatchObject({
    code: 'anchor_failed',
    message: expect.stringMatching(/nowhere\/audit-anchors-.* cannot be written: ENOENT/),
    todo: expect.stringContaining('ARCADIA_AUDIT_ANCHOR'),
  });
  expect(await verify(config)).toMatchObject({ intact: true, anchors: [{ checked: 0 }] });
});

/** A server that keeps what is posted. */
async function openVault(status = 204) {
  const lines: string[] = [];
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    if (request.method === 'GET') {
      response.writeHead(lines.length === 0 ? 404 : 200).end(lines.join(''));
      return;
    }
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      if (status < 300) lines.push(body);
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { lines, seen, address: `http://bob:s%20ecret@127.0.0.1:${port}/vault?token=t` };
}

test('an address takes lines by POST and answers them to GET, and its password is not told', async () => {
  const vault = await openVault();
  const config = configOf({ ARCADIA_AUDIT_ANCHOR: vault.address });
  await addCustomer('c-1');
  expect((await verify(config)).anchors).toMatchObject([
    { problem: expect.stringMatching(/^Nothing has been written to .+ yet\.$/) },
  ]);
  const written = await writeAnchor(db, config, { now: day(1), signal });
  expect(vault.lines).toHaveLength(1);
  const verified = await verify(config);
  expect(verified).toMatchObject({ intact: true, anchors: [{ checked: 1, newestAt: day(1) }] });
  expect(new Set(vault.seen)).toEqual(new Set([`Basic ${Buffer.from('bob:s ecret').toString('base64')}`]));
  expect(JSON.stringify([written, verified])).not.toMatch(/ecret|token=/);
  await tamper('DELETE FROM audit_log');
  expect((await verify(config)).anchors).toMatchObject([{ broken: [{ position: 2, what: 'cut' }] }]);
});

test.each([[500], [403], [302]])('an address that answers %i took nothing, which is an error', async (status) => {
  const vault = await openVault(status);
  await addCustomer('c-1');
  const config = configOf({ ARCADIA_AUDIT_ANCHOR: vault.address });
  const failed = await writeAnchor(db, config, { now: day(1), signal }).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 'anchor_failed' });
  expect(String(failed)).not.toMatch(/ecret|token=/);
});

test('one that does not answer is told by a verification', async () => {
  await addCustomer('c-1');
  const config = configOf({ ARCADIA_AUDIT_ANCHOR: 'http://127.0.0.1:1025/vault' });
  expect(await verify(config)).toMatchObject({
    intact: true,
    anchors: [{ place: 'http://127.0.0.1:1025/vault', checked: 0, problem: expect.stringContaining('ECONNREFUSED') }],
  });
});

test('a store that speaks S3 has one file for each database', async () => {
  const s3 = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: join(folder, 's3') });
  const { port } = await s3.run();
  onTestFinished(() => s3.close());
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  const client = new S3Client({ region: 'nyc3', endpoint, credentials, forcePathStyle: true });
  await client.send(new CreateBucketCommand({ Bucket: 'vault' }));
  client.destroy();
  const config = configOf({
    ARCADIA_AUDIT_ANCHOR: 's3://vault/arcadia',
    SPACES_ACCESS_KEY_ID: 'S3RVER',
    SPACES_SECRET_ACCESS_KEY: 'S3RVER',
    SPACES_ENDPOINT: endpoint,
  });
  await twoDays(config);
  expect(await verify(config)).toMatchObject({
    intact: true,
    anchors: [{ place: expect.stringMatching(/^s3:\/\/vault\/arcadia\/audit-anchors-.*\.jsonl$/), checked: 2 }],
  });
  await tamper('DELETE FROM audit_log WHERE position > 3');
  expect((await verify(config)).anchors).toMatchObject([{ checked: 2, broken: [{ position: 5, what: 'cut' }] }]);
});

test.each([['ftp://vault/x'], ['http://vault.example/x'], ['s3://vault'], ['https://']])('%s is no place', (place) => {
  expect(() => configOf({ ARCADIA_AUDIT_ANCHOR: place })).toThrow(/ARCADIA_AUDIT_ANCHOR: its value is not allowed/);
});
