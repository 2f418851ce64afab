import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCustomer } from '../../src/deployments/customers.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

let database: TestDatabase;
let api: TestApi;
const now = Temporal.Instant.from('2026-05-01T00:00:00Z');

beforeAll(async () => {
  database = await openTestDatabase();
  api = await startTestApi(database);
  await createCustomer(database.db, { externalId: 'c-1', name: 'Acme', currency: 'USD' }, now);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

async function verify(head?: string): Promise<any> {
  return (await api.fetch('/audit-log/verification', json('POST', head === undefined ? {} : { head }))).json();
}

test('the owner verifies the log, against a head of before too; nobody else does', async () => {
  const whole = await verify();
  expect(whole).toEqual({
    intact: true,
    head: { position: expect.any(Number), hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    broken: [],
    since: null,
    faults: [],
    rewritings: [],
    pastFaults: [],
    notedHolds: null,
    anchors: [],
  });
  const { position, hash } = whole.head;
  expect(await verify(`${position}:${hash}`)).toMatchObject({ intact: true, notedHolds: true });
  expect(await verify(`${position}:${'0'.repeat(64)}`)).toMatchObject({ intact: false, notedHolds: false });
  expect(await verify(hash)).toMatchObject({ status: 400, code: 'invalid_argument' });
  for (const as of ['finance', 'operator', 'viewer'] as const)
    expect((await api.fetch('/audit-log/verification', { as, ...json('POST', {}) })).status).toBe(403);
});

test('a guard that was lifted and put back is named, and what a later recording says of it', async () => {
  for (const state of ['DISABLE', 'ENABLE ALWAYS'])
    await sql.raw(`ALTER TABLE customers ${state} TRIGGER audit_update`).execute(database.db);
  expect(await verify()).toMatchObject({
    intact: false,
    faults: [{ what: 'rewritten', kind: 'trigger', relation: 'customers', name: 'audit_update' }],
  });
  await migrate(database.db);
  expect(await verify()).toMatchObject({
    intact: true,
    faults: [],
    rewritings: [{ cause: 'unknown', count: 1, guards: ['trigger customers audit_update'] }],
  });
});

test('an entry that was changed, and a trigger that is switched off, are named', async () => {
  await sql`ALTER TABLE audit_log DISABLE TRIGGER append_only`.execute(database.db);
  await sql`UPDATE audit_log SET actor = 'somebody' WHERE table_name = 'customers'`.execute(database.db);
  const found = await verify();
  expect(found).toMatchObject({
    intact: false,
    faults: [
      { what: 'disabled', kind: 'trigger', relation: 'audit_log', name: 'append_only', since: expect.any(Object) },
    ],
  });
  expect(found.broken).toContainEqual({ position: expect.any(Number), what: 'changed' });
});
