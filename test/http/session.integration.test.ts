import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCustomer } from '../../src/deployments/customers.ts';
import { program } from '../../src/modules.ts';
import { type Role, roleNames } from '../../src/platform/declare/operation.ts';
import { issueToken } from '../../src/platform/secrets/issue-token.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// A browser's session: a cookie beside the bearer, which ends as the token does. That other sites cannot use it is in
// test/access.

let database: TestDatabase;
let api: TestApi;
let other: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  const now = Temporal.Instant.from('2026-05-01T00:00:00Z');
  await createCustomer(database.db, { externalId: 'cus_1', name: 'Hazel Bakery', currency: 'USD' }, now);
  // What is tested here is no matter of how busy the machine is.
  const limits = { eventLoopDelayMsMax: 60_000 };
  api = await startTestApi(database, { limits, env: { ARCADIA_SIGN_IN_URL: 'https://app.example/cloud' } });
  other = await startTestApi(database, { limits });
});
afterAll(async () => {
  await other.close();
  await api.close();
  await database.close();
});

interface Me {
  readonly subject: string;
  readonly role: Role;
  readonly customer: unknown;
  readonly expiresAt: string;
  readonly signInUrl: string | null;
  readonly may: readonly string[];
}

const issue = (subject: string, seconds = 3600) =>
  issueToken(api.config, { subject, role: 'viewer', customer: null, expiresIn: Temporal.Duration.from({ seconds }) });
const begin = async (token: string) => {
  const headers = { authorization: `Bearer ${token}` };
  const response = await api.fetch('/session', { method: 'POST', headers });
  return { status: response.status, set: response.headers.get('set-cookie') ?? '' };
};
const ask = (
  at: TestApi,
  set: string,
  path = '/me',
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
) =>
  fetch(`${at.url}/api/v1${path}`, {
    method,
    headers: { 'sec-fetch-site': 'same-origin', origin: at.url, cookie: set.split(';', 1)[0] ?? '', ...headers },
  });
const read = async (response: Response) => (await response.json()) as Record<string, unknown>;

test('a session signs in on every process, and no script can read its cookie', async () => {
  const token = await issue('maria');
  const { status, set } = await begin(token);
  expect(status).toBe(204);
  expect(set).toMatch(
    /^__Host-arcadia-[0-9a-f]{8}=[\w-]+; Path=\/; Max-Age=(35\d\d|3600); Secure; HttpOnly; SameSite=Strict$/,
  );
  expect(set).not.toContain(token.slice(0, 20));
  for (const each of [api, other]) {
    const response = await ask(each, set);
    expect(response.headers.get('vary')).toBe('authorization, cookie, accept, accept-encoding');
    expect(await read(response)).toMatchObject({ subject: 'maria', role: 'viewer', customer: null, zone: 'UTC' });
  }
  const among = { cookie: `theme=dark; ${set.split(';', 1)[0]}; last=1` };
  expect((await ask(api, set, '/me', { headers: among })).status).toBe(200);
  // A header is what counts, from wherever it comes.
  const bearer = { authorization: `Bearer ${await issue('nora')}`, 'sec-fetch-site': 'cross-site' };
  expect(await read(await ask(api, set, '/me', { headers: bearer }))).toMatchObject({ subject: 'nora' });
});

test('what cannot be opened, was altered or is of another key signs nobody in', async () => {
  const { set } = await begin(await issue('maria'));
  const [name = '', value = ''] = set.split(';', 1)[0]?.split('=') ?? [];
  const altered = `${value.slice(0, -2)}${value.endsWith('AA') ? 'BB' : 'AA'}`;
  for (const bad of ['', 'x', altered, randomBytes(200).toString('base64url'), await issue('maria')]) {
    const response = await ask(api, `${name}=${bad}`);
    expect([bad, response.status]).toEqual([bad, 401]);
    expect(await read(response)).toMatchObject({ code: 'unauthenticated' });
  }
});

test('it lasts as long as its token, and twelve hours at most', async () => {
  const long = await begin(await issue('maria', 3 * 86_400));
  expect(long.set).toMatch(/Max-Age=(431\d\d|43200);/);
  const { expiresAt } = (await read(await ask(api, long.set))) as unknown as Me;
  const left = Temporal.Now.instant().until(Temporal.Instant.from(expiresAt)).total('hours');
  expect(left).toBeGreaterThan(11.9);
  expect(left).toBeLessThanOrEqual(12);
  // The token alone would be accepted for another minute, by which clocks may differ.
  const short = await begin(await issue('maria', 2));
  expect((await ask(api, short.set)).status).toBe(200);
  await expect.poll(async () => (await ask(api, short.set)).status, { timeout: 5_000, interval: 250 }).toBe(401);
});

test('a revoked token ends it', async () => {
  const { set } = await begin(await issue('lost'));
  expect((await ask(other, set)).status).toBe(200);
  await api.fetch('/tokens/revocations', json('POST', { subject: 'lost', reason: 'a lost laptop' }));
  await expect.poll(async () => (await ask(other, set)).status, { timeout: 4_000, interval: 200 }).toBe(401);
});

test('signing out has the browser forget the cookie', async () => {
  const { set } = await begin(await issue('maria'));
  const response = await ask(api, set, '/session', { method: 'DELETE' });
  expect(response.status).toBe(204);
  expect(response.headers.get('set-cookie')).toMatch(/^__Host-arcadia-[0-9a-f]{8}=; Path=\/; Max-Age=0; Secure;/);
});

test('a session is begun by a header alone, with a token that fits into a cookie', async () => {
  const { set } = await begin(await issue('maria'));
  const again = await ask(api, set, '/session', { method: 'POST' });
  expect([again.status, again.headers.get('set-cookie')]).toEqual([400, null]);
  const huge = await issue('x'.repeat(255));
  const config = { ...api.config, jwtRoleClaim: `role-${'y'.repeat(3000)}` };
  const long = await startTestApi(database, { env: { ARCADIA_JWT_ROLE_CLAIM: config.jwtRoleClaim } });
  const token = await issueToken(config, {
    subject: 'maria',
    role: 'viewer',
    customer: null,
    expiresIn: Temporal.Duration.from({ hours: 1 }),
  });
  const headers = { authorization: `Bearer ${token}` };
  const refused = await long.fetch('/session', { method: 'POST', headers });
  expect(await read(refused)).toMatchObject({ status: 400, detail: expect.stringContaining('2900 at most') });
  await long.close();
  expect((await begin(huge)).status).toBe(204);
});

test.each(roleNames)('%s is told what they may do, which is what the routes let in', async (role) => {
  const own = role === 'customer' ? { customer: 'cus_1' } : {};
  const me = (await read(await api.fetch('/me', { as: role, ...own }))) as unknown as Me;
  expect(me).toMatchObject({ role, signInUrl: 'https://app.example/cloud' });
  expect(me.customer).toEqual(role === 'customer' ? { customer: 'cus_1', name: 'Hazel Bakery' } : null);
  for (const { operationId, roles } of program.operations)
    expect([operationId, me.may.includes(operationId)]).toEqual([operationId, roles.includes(role)]);
});
