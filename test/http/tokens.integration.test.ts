import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pruneRevocations } from '../../src/http/access/revocations.ts';
import { issueToken } from '../../src/platform/secrets/issue-token.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// Who is let in: what a token would be, and what takes it back, in every process.

let database: TestDatabase;
let api: TestApi;
let other: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  const env = { ARCADIA_JWT_ROLES: '{"admin":"owner"}' };
  api = await startTestApi(database, { env });
  other = await startTestApi(database, { env });
});
afterAll(async () => {
  await other.close();
  await api.close();
  await database.close();
});

const issue = (subject: string) =>
  issueToken(api.config, { subject, role: 'viewer', customer: null, expiresIn: Temporal.Duration.from({ hours: 1 }) });
const idOf = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }).jti;
const statusOf = async (at: TestApi, token: string) =>
  (await at.fetch('/plans', { headers: { authorization: `Bearer ${token}` } })).status;
const revoke = async (body: object, as: 'owner' | 'viewer' = 'owner') =>
  api.fetch('/tokens/revocations', { as, ...json('POST', { reason: 'a lost laptop', ...body }) });
const check = async (token: string) => (await api.fetch('/tokens/check', json('POST', { token }))).json();
/** Longer than a process may go without knowing of a revocation. */
const soon = { timeout: 4_000, interval: 200 };

test('one token is revoked by its id, and nobody else is signed out', async () => {
  const [lost, kept] = [await issue('maria'), await issue('maria')];
  expect(await statusOf(other, lost)).toBe(200);
  expect((await revoke({ tokenId: idOf(lost) }, 'viewer')).status).toBe(403);
  expect((await revoke({ tokenId: idOf(lost) })).status).toBe(201);
  for (const each of [api, other]) await expect.poll(() => statusOf(each, lost), soon).toBe(401);
  for (const each of [api, other]) expect(await statusOf(each, kept)).toBe(200);
  expect(await check(lost)).toMatchObject({
    accepted: false,
    code: 'unauthenticated',
    reason: expect.stringContaining('a lost laptop'),
    tokenId: idOf(lost),
  });
});

test("a subject's tokens so far are revoked, and those to come are good", async () => {
  const before = await issue('nora');
  expect((await revoke({ subject: 'nora' })).status).toBe(201);
  await expect.poll(() => statusOf(other, before), soon).toBe(401);
  // A token says when it was issued in whole seconds.
  await expect.poll(async () => statusOf(other, await issue('nora')), soon).toBe(200);
});

test('those that were issued before an instant are revoked, of one subject too', async () => {
  const token = await issue('olga');
  const hourAgo = Temporal.Now.instant().subtract({ hours: 1 }).toString();
  expect((await revoke({ subject: 'olga', issuedBefore: hourAgo })).status).toBe(201);
  const ofAnother = await issue('piet');
  expect((await revoke({ subject: 'piet', tokenId: 'another' })).status).toBe(201);
  await new Promise((resolve) => setTimeout(resolve, 2_100));
  expect(await statusOf(api, token)).toBe(200);
  expect(await statusOf(api, ofAnother)).toBe(200);
});

test('a revocation needs to say which tokens, is listed, and is forgotten when they have ended', async () => {
  expect((await revoke({})).status).toBe(400);
  const ended = await revoke({ tokenId: 'ended', expiresAt: Temporal.Now.instant().subtract({ hours: 1 }).toString() });
  expect(ended.status).toBe(201);
  await revoke({ tokenId: 'lasting' });
  const { items } = (await (await api.fetch('/tokens/revocations')).json()) as { items: { tokenId: string | null }[] };
  const ids = items.map(({ tokenId }) => tokenId);
  expect(ids).toContain('lasting');
  expect(ids).not.toContain('ended');
});

test('a revocation that no token can be under any more is forgotten by the job, whenever it was decided', async () => {
  await sql`
    INSERT INTO revoked_tokens (jti, issued_before, revoked_at, revoked_by, reason, expires_at)
    SELECT jti, now() + before, now() + revoked, 'test', reason, 'infinity'
    FROM (VALUES ('a', NULL, interval '-13 hours', 'old'), ('b', NULL, interval '-11 hours', 'new'),
                 (NULL, interval '-13 hours', interval '-13 hours', 'old, of all'),
                 (NULL, interval '1 hour', interval '-13 hours', 'to come')) AS v (jti, before, revoked, reason)`.execute(
    database.db,
  );
  const reasons = async () =>
    (await sql<{ reason: string }>`SELECT reason FROM revoked_tokens ORDER BY revocation_id`.execute(database.db)).rows
      .map(({ reason }) => reason)
      .filter((reason) => /^(old|new|to come)/.test(reason));
  await pruneRevocations(database.db, Temporal.Now.instant(), null);
  expect(await reasons()).toEqual(['old', 'new', 'old, of all', 'to come']);
  await pruneRevocations(database.db, Temporal.Now.instant(), 12);
  expect(await reasons()).toEqual(['new', 'to come']);
  await sql`DELETE FROM revoked_tokens WHERE reason IN ('new', 'to come')`.execute(database.db);
});

test('a token is told what it would be, or why it is refused', async () => {
  const token = await issue('maria');
  expect(await check(token)).toMatchObject({
    accepted: true,
    role: 'viewer',
    roleFrom: 'viewer',
    subject: 'maria',
    tokenId: idOf(token),
    customer: null,
  });
  const [head, , signature] = token.split('.');
  const forged = `${head}.${Buffer.from('{"sub":"eve","jti":"j"}').toString('base64url')}.${signature}`;
  expect(await check(forged)).toMatchObject({
    accepted: false,
    code: 'unauthenticated',
    reason: expect.stringMatching(/signature/),
    role: null,
    subject: 'eve',
  });
  expect((await api.fetch('/tokens/check', { as: 'viewer', ...json('POST', { token }) })).status).toBe(403);
  expect((await api.fetch('/tokens/check', json('POST', { token: 'a b' }))).status).toBe(400);
});
