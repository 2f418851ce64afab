import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { sql } from 'kysely';
import S3rver from 's3rver';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connectAccount } from '../../src/inventory/accounts.ts';
import { generateSecretKey, parseSecretKey } from '../../src/platform/secrets/crypto.ts';
import { contentOf, openEmptyDatabase } from '../backup/databases.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, Arcadia, arcadia, failureOf, makeFolder } from '../end-to-end/arcadia.ts';
import { arcadiaHere } from './here.ts';

// db backup and db restore as an operator runs them.

let database: TestDatabase;
const folder = makeFolder();
const dataDir = join(folder.path, 'data');
const keyFile = join(dataDir, 'secret.key');
const key = parseSecretKey(generateSecretKey())!;
const keyId = key.id.toString('hex');

beforeAll(async () => {
  database = await openTestDatabase();
  const now = Temporal.Instant.from('2026-05-01T00:00:00Z');
  await connectAccount(
    database.db,
    {
      slug: 'acme',
      provider: 'digitalocean',
      apiUrl: 'http://127.0.0.1:1',
      credentials: { token: 'any' },
      secretKey: key,
    },
    { accountId: 'a-1', name: 'Acme', simulatedAt: null, answeredAt: now },
    now,
  );
});
afterAll(async () => {
  await database.close();
  folder.remove();
});

const env = (connectionString = database.connectionString) => ({
  DATABASE_URL: connectionString,
  ARCADIA_DATA_DIR: dataDir,
});
const withKey = { ARCADIA_SECRET_KEY: key.key.toString('base64') };
const options = (more: Readonly<Record<string, string>> = {}) => ({ env: { ...env(), ...more }, cwd: folder.path });
const backups = () => readdirSync(folder.path).filter((name) => name !== 'data');

async function emptyDatabase() {
  const made = await openEmptyDatabase();
  onTestFinished(() => made.close());
  return made;
}

test('a backup tells the key apart, is for its owner alone, and replaces nothing', async () => {
  const ended = await arcadia(['db', 'backup'], options(withKey));
  expect(ended).toMatchObject({ code: 0 });
  const [name = ''] = backups();
  expect(name).toMatch(/^arcadia-\d{4}-\d\d-\d\dT\d{6}Z\.backup$/);
  expect(ended.stdout).toContain(`to ${name}: `);
  expect(ended.stdout).toContain(`Keep the value of ARCADIA_SECRET_KEY (key ${keyId}) as well, apart from the backup`);
  expect(ended.stdout).toContain('the credentials of account acme');
  expect(statSync(join(folder.path, name)).mode & 0o777).toBe(0o600);
  const again = await arcadiaHere(['db', 'backup', '--out', name, '--json'], options(withKey));
  expect(failureOf(again)).toMatchObject({ code: 'conflict' });
  rmSync(join(folder.path, name));
});

test('without its key it is not restored, unless that is said; the key is never made anew for it', async () => {
  const made = answerOf(await arcadiaHere(['db', 'backup', '--out', 'one.backup', '--json'], options(withKey)));
  expect(made).toMatchObject({
    to: 'one.backup',
    sealed: [{ what: 'the credentials of account acme', keyId }],
    key: { ids: [keyId], file: null, isHere: true },
    usageStore: null,
    auditIntact: true,
    bytes: statSync(join(folder.path, 'one.backup')).size,
  });
  const target = await emptyDatabase();
  const restore = (more: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    arcadiaHere(
      ['db', 'restore', 'one.backup', '--json', ...args],
      options({ ...env(target.connectionString), ...more }),
    );

  const missing = failureOf(await restore({}));
  expect(missing).toMatchObject({ code: 'secret_unreadable' });
  expect(missing.message).toContain(`needs key ${keyId}, and there is no key at ${keyFile}`);
  expect(missing.message).toContain('the credentials of account acme');
  expect(failureOf(await restore({ ARCADIA_SECRET_KEY: generateSecretKey() }))).toMatchObject({
    code: 'secret_unreadable',
    message: expect.stringContaining('the key of ARCADIA_SECRET_KEY is '),
  });
  expect(await contentOf(target.connectionString)).toEqual({});

  expect(answerOf(await restore({}, '--without-key'))).toMatchObject({ withoutKey: true, migrated: [] });
  expect(await contentOf(target.connectionString)).toEqual(await contentOf(database.connectionString));
  const listed = await arcadiaHere(['account', 'list', '--json'], options(env(target.connectionString)));
  expect(failureOf(listed)).toMatchObject({ code: 'secret_unreadable' });
  expect(() => statSync(keyFile)).toThrow('ENOENT');
  expect(failureOf(await restore(withKey))).toMatchObject({ code: 'database_not_empty' });
  rmSync(join(folder.path, 'one.backup'));
});

test('through a store that speaks S3', async () => {
  const s3 = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory: join(folder.path, 'data', 's3') });
  const { port } = await s3.run();
  onTestFinished(() => s3.close());
  const endpoint = `http://127.0.0.1:${port}`;
  const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
  const client = new S3Client({ region: 'nyc3', endpoint, credentials, forcePathStyle: true });
  onTestFinished(() => client.destroy());
  await client.send(new CreateBucketCommand({ Bucket: 'kept' }));
  const aws = {
    AWS_ACCESS_KEY_ID: 'S3RVER',
    AWS_SECRET_ACCESS_KEY: 'S3RVER',
    AWS_ENDPOINT_URL_S3: endpoint,
    ...withKey,
  };
  const spaces = {
    SPACES_ACCESS_KEY_ID: 'S3RVER',
    SPACES_SECRET_ACCESS_KEY: 'S3RVER',
    SPACES_ENDPOINT: endpoint,
    ...withKey,
  };
  const to = 's3://kept/daily/';
  const made = answerOf(await arcadiaHere(['db', 'backup', '--out', to, '--json'], options(aws))) as { to: string };
  expect(made.to).toMatch(/^s3:\/\/kept\/daily\/arcadia-.*\.backup$/);
  expect(failureOf(await arcadiaHere(['db', 'backup', '--out', made.to, '--json'], options(spaces)))).toMatchObject({
    code: 'conflict',
  });
  const target = await emptyDatabase();
  const restored = await arcadiaHere(
    ['db', 'restore', made.to, '--json'],
    options({ ...env(target.connectionString), ...spaces }),
  );
  expect(answerOf(restored)).toMatchObject({ from: made.to });
  expect(await contentOf(target.connectionString)).toEqual(await contentOf(database.connectionString));

  const nothing = await arcadiaHere(['db', 'restore', 's3://kept/none', '--json'], options(aws));
  expect(failureOf(nothing)).toMatchObject({ code: 'not_found' });
  const nowhere = await arcadiaHere(['db', 'backup', '--out', 's3://none/x', '--json'], options(aws));
  expect(failureOf(nowhere)).toMatchObject({ code: expect.stringMatching(/^provider_/) });
  const keyless = await arcadiaHere(['db', 'backup', '--out', 's3://kept/x', '--json'], options());
  expect(failureOf(keyless)).toMatchObject({ code: 'invalid_config' });
  const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: 'kept' }));
  expect(Contents?.map(({ Key }) => `s3://kept/${Key}`)).toEqual([made.to]);
  const { Uploads = [] } = await client
    .send(new ListMultipartUploadsCommand({ Bucket: 'kept' }))
    .catch(() => ({}) as never);
  expect(Uploads).toEqual([]);
});

test('what is no backup is refused, and what is not there is missed', async () => {
  const target = await emptyDatabase();
  writeFileSync(join(folder.path, 'other.backup'), 'PGDMP');
  const restore = (from: string) =>
    arcadiaHere(['db', 'restore', from, '--json'], options({ ...env(target.connectionString), ...withKey }));
  expect(failureOf(await restore('other.backup'))).toMatchObject({ code: 'backup_unreadable' });
  expect(failureOf(await restore('none.backup'))).toMatchObject({ code: 'not_found' });
  expect(failureOf(await restore('data'))).toMatchObject({ code: 'invalid_argument' });
  rmSync(join(folder.path, 'other.backup'));
});

test('Ctrl-C leaves neither half a file nor half a database', async () => {
  // So much that it takes a while.
  await sql`
    INSERT INTO idempotency_keys (principal, operation_id, key, digest, status, body, expires_at)
    SELECT 'x', 'x', i, '', 200, (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 8 + i % 2)), 'infinity'
    FROM generate_series(1, 200000) i`.execute(database.db);
  onTestFinished(async () => {
    await sql`DELETE FROM idempotency_keys`.execute(database.db);
  });
  const backup = new Arcadia(['db', 'backup', '--out', 'half.backup'], options(withKey));
  const written = () =>
    backups()
      .filter((name) => name.endsWith('.part'))
      .map((name) => statSync(join(folder.path, name)).size);
  await expect.poll(written, { interval: 5 }).toEqual([expect.toSatisfy((size: number) => size > 0)]);
  backup.child.kill('SIGINT');
  const ended = await backup.ended;
  expect(ended.stderr).toContain('nothing was written to half.backup');
  expect(ended.code).toBe(2);
  expect(backups()).toEqual([]);
});

test('a restore that is stopped or killed leaves an empty database, and can be run again', async () => {
  expect(await arcadiaHere(['db', 'backup', '--out', 'whole.backup'], options(withKey))).toMatchObject({ code: 0 });
  const target = await emptyDatabase();
  const restore = () =>
    new Arcadia(['db', 'restore', 'whole.backup'], options({ ...env(target.connectionString), ...withKey }));
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    // Restores take turns: this one is held up by somebody who pretends to be another.
    const holder = await target.db.startTransaction().execute();
    await sql`SELECT pg_advisory_xact_lock(hashtextextended('arcadia restore', 0))`.execute(holder);
    const restoring = restore();
    await restoring.says(/Restoring/);
    restoring.child.kill(signal);
    if (signal === 'SIGKILL') await holder.rollback().execute();
    const ended = await restoring.ended;
    if (signal === 'SIGINT') {
      expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining('nothing was changed') });
      await holder.rollback().execute();
    }
    await expect.poll(() => contentOf(target.connectionString)).toEqual({});
  }
  expect(await restore().ended).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder.path, 'whole.backup')).length).toBeGreaterThan(0);
  rmSync(join(folder.path, 'whole.backup'));
});
