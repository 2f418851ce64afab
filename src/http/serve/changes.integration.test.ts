import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { json, startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';
import { createCustomer, listCustomers } from '../../deployments/customers.ts';
import { createDeployment } from '../../deployments/deployments.ts';

let database: TestDatabase;
let api: TestApi;
const born = Temporal.Instant.from('2026-05-01T00:00:00Z');

beforeAll(async () => {
  database = await openTestDatabase();
  await createCustomer(database.db, { externalId: 'c-1', name: 'One', currency: 'USD' }, born);
  await createDeployment(database.db, { slug: 'a', name: 'A', customer: 'c-1', startsAt: born }, born);
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const customers = async () => (await listCustomers(database.db)).map((customer) => customer.externalId);
const make = (customer: string, key?: string, name = 'New') =>
  api.fetch(
    '/customers',
    json('POST', { customer, name, currency: 'USD' }, key === undefined ? {} : { 'idempotency-key': key }),
  );

describe('what is edited', () => {
  const move = (startsAt: string, ifMatch?: string) =>
    api.fetch('/deployments/a', json('PATCH', { startsAt }, ifMatch === undefined ? {} : { 'if-match': ifMatch }));

  test('is not sent again while it is as it was', async () => {
    const first = await api.fetch('/deployments/a');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]+"$/);
    const again = await api.fetch('/deployments/a', { headers: { 'if-none-match': `"other", W/${etag}` } });
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag]);
    expect((await api.fetch('/deployments/a', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  test('changes only for whoever has seen what it is now', async () => {
    const etag = (await api.fetch('/deployments/a')).headers.get('etag') ?? '';
    const without = await move('2026-06-01T00:00:00Z');
    expect([without.status, ((await without.json()) as { code: string }).code]).toEqual([428, 'precondition_required']);
    const moved = await move('2026-06-01T00:00:00Z', etag);
    expect(moved.status).toBe(200);
    expect(await moved.json()).toMatchObject({ startsAt: '2026-06-01T00:00:00Z' });
    const now = (await api.fetch('/deployments/a')).headers.get('etag');
    expect(moved.headers.get('etag')).toBe(now);
    expect(now).not.toBe(etag);
    const late = await move('2026-07-01T00:00:00Z', etag);
    expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([412, 'precondition_failed']);
    expect((await move('2026-07-01T00:00:00Z', `W/${now}`)).status).toBe(412);
    expect(await (await api.fetch('/deployments/a')).json()).toMatchObject({ startsAt: '2026-06-01T00:00:00Z' });
    expect((await move('2026-05-01T00:00:00Z', '*')).status).toBe(200);
  });

  test('changes for one of several who saw the same', async () => {
    const etag = (await api.fetch('/deployments/a')).headers.get('etag') ?? '';
    const days = [10, 11, 12, 13, 14, 15];
    const answers = await Promise.all(days.map((day) => move(`2026-05-${day}T00:00:00Z`, etag)));
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 412, 412, 412, 412, 412]);
    const winner = days[answers.findIndex((answer) => answer.status === 200)];
    expect(await (await api.fetch('/deployments/a')).json()).toMatchObject({ startsAt: `2026-05-${winner}T00:00:00Z` });
  });

  test('tells who changed it', async () => {
    await api.fetch('/deployments/a', {
      ...json('PATCH', { startsAt: '2026-04-01T00:00:00Z' }, { 'if-match': '*', 'x-request-id': 'audited-1' }),
      as: 'operator',
    });
    const { rows } =
      await sql`SELECT actor, origin, address, table_name FROM audit_log WHERE request_id = 'audited-1'`.execute(
        database.db,
      );
    expect(rows).toEqual([
      { actor: 'test operator null', origin: 'api', address: '127.0.0.1', table_name: 'deployments' },
    ]);
  });
});

describe('a POST with an Idempotency-Key', () => {
  test('is done once and answered the same, byte for byte', async () => {
    const first = await make('k-1', 'key-1');
    expect([first.status, first.headers.get('location')]).toEqual([201, '/api/v1/customers/k-1']);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    const bytes = await first.text();
    const again = await make('k-1', '"key-1"');
    expect([again.status, again.headers.get('location'), await again.text()]).toEqual([
      201,
      '/api/v1/customers/k-1',
      bytes,
    ]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await make('k-1')).status).toBe(409);
    expect((await customers()).filter((id) => id === 'k-1')).toHaveLength(1);
  });

  test('is refused with another body, and is another one for somebody else or elsewhere', async () => {
    expect((await make('k-2', 'key-2')).status).toBe(201);
    const other = await make('k-3', 'key-2');
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([422, 'idempotency_key_reused']);
    const theirs = await api.fetch('/customers', {
      ...json('POST', { customer: 'k-4', name: 'New', currency: 'USD' }, { 'idempotency-key': 'key-2' }),
      as: 'operator',
    });
    expect(theirs.status).toBe(201);
    const elsewhere = { deployment: 'k', customer: 'c-1' };
    expect((await api.fetch('/deployments', json('POST', elsewhere, { 'idempotency-key': 'key-2' }))).status).toBe(201);
    expect((await make('k-5', 'two words')).status).toBe(400);
  });

  test('that was refused has done nothing, and may be sent again', async () => {
    expect((await make('c-1', 'key-6')).status).toBe(409);
    expect((await make('k-6', 'key-6')).status).toBe(201);
  });

  test('sent several times at once is done by one of them', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => make('k-7', 'key-7')));
    const statuses = answers.map((answer) => answer.status);
    expect(new Set(statuses).isSubsetOf(new Set([201, 409]))).toBe(true);
    const fresh = answers.filter(
      (answer) => answer.status === 201 && answer.headers.get('idempotency-replayed') === null,
    );
    expect(fresh).toHaveLength(1);
    for (const answer of answers.filter((each) => each.status === 409)) {
      expect(await answer.json()).toMatchObject({ code: 'idempotency_key_in_use' });
      expect(answer.headers.get('retry-after')).toBe('1');
    }
  });

  test('whose connection died is done when it is sent again', async () => {
    // A lock on the table holds the request up after it has taken its key.
    const blocker = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const blocking = database.db.transaction().execute(async (trx) => {
      await sql`LOCK TABLE customers IN ACCESS EXCLUSIVE MODE`.execute(trx);
      locked.resolve();
      await blocker.promise;
    });
    await locked.promise;
    const dying = make('k-8', 'key-8');
    const waiting = sql<{ pid: number }>`
      SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l USING (pid)
      WHERE a.application_name = 'arcadia api' AND NOT l.granted AND a.datname = current_database()`;
    await expect.poll(async () => (await waiting.execute(database.db)).rows).toHaveLength(1);
    expect(await (await make('k-8', 'key-8')).json()).toMatchObject({ code: 'idempotency_key_in_use' });

    for (const { pid } of (await waiting.execute(database.db)).rows)
      await sql`SELECT pg_terminate_backend(${pid})`.execute(database.db);
    expect((await dying).status).toBe(503);
    blocker.resolve();
    await blocking;
    expect((await make('k-8', 'key-8')).status).toBe(201);
  });

  test('is remembered for a day', async () => {
    expect((await make('k-9', 'key-9')).status).toBe(201);
    const expire = sql`UPDATE idempotency_keys SET expires_at = expires_at - interval '24 hours' WHERE key = 'key-9'`;
    await expire.execute(database.db);
    expect((await make('k-9', 'key-9')).status).toBe(409);
    expect((await make('k-10', 'key-10')).status).toBe(201);
    const { rows } = await sql`SELECT key FROM idempotency_keys WHERE key = 'key-9'`.execute(database.db);
    expect(rows).toEqual([]);
  });
});

describe('an import', () => {
  const header = 'customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at,plan\r\n';
  const send = (csv: string, query = '', headers: Record<string, string> = {}) =>
    api.fetch(`/customers/import${query}`, {
      method: 'POST',
      body: csv,
      headers: { 'content-type': 'text/csv; charset=utf-8', ...headers },
    });

  test('that puts deployments on plans is not for an operator', async () => {
    const csv = `${header}i-9,Nine,USD,nine,Nine,2026-05-01,studio\r\n`;
    const authorization = `Bearer ${await api.token('operator')}`;
    expect((await send(csv, '', { authorization })).status).toBe(403);
    expect((await api.fetch('/deployments/nine')).status).toBe(404);
  });

  test('writes all or nothing, and tells each bad row', async () => {
    const bad = await send(`${header}i-1,One,USD,imported,Imported,2026-05-01,\r\ni-1,One,dollars,x,X,2026-05-01,\r\n`);
    expect([bad.status, await bad.json()]).toEqual([
      400,
      expect.objectContaining({
        errors: expect.arrayContaining([expect.objectContaining({ pointer: 'line 3, currency' })]),
      }),
    ]);
    expect(await customers()).not.toContain('i-1');
    const none = await send(`${header}a"b\r\n`);
    expect([none.status, await none.json()]).toEqual([400, expect.objectContaining({ field: 'line 2' })]);
  });

  test('can be tried first, and is done once by its key', async () => {
    const { rows } = await sql<{ slug: string }>`SELECT slug FROM plans ORDER BY slug LIMIT 1`.execute(database.db);
    const csv = `${header}i-2,Two,USD,imported,Imported,2026-05-01,${rows[0]?.slug}\r\n`;
    expect(await (await send(csv, '?dryRun=true')).json()).toMatchObject({ written: false, customers: { created: 1 } });
    expect(await customers()).not.toContain('i-2');
    const written = {
      written: true,
      deployments: { created: 1 },
      subscriptions: { created: 1, unchanged: 0, kept: 0 },
      problems: [],
    };
    expect(await (await send(csv, '', { 'idempotency-key': 'import-1' })).json()).toMatchObject(written);
    expect(await (await send(csv, '', { 'idempotency-key': 'import-1' })).json()).toMatchObject(written);
    expect(await (await send(csv)).json()).toMatchObject({
      deployments: { unchanged: 1 },
      subscriptions: { created: 0, unchanged: 1 },
    });
    expect((await send(`${csv}\r\n`, '', { 'idempotency-key': 'import-1' })).status).toBe(422);
  });
});
