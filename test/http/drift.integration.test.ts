import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { addDeployment, addDroplet, at, openBusiness, settle } from '../fixtures/invoices.ts';
import { makePlan } from '../fixtures/pricing.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// Drift over HTTP: declared, listed, decided, checked, and in the overview; nothing of it for customers.

let database: TestDatabase;
let api: TestApi;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await sql`INSERT INTO simulated_clock (instant) VALUES (${at('2026-02-05')})`.execute(db);
  const account = await openBusiness(db);
  await makePlan(db, { plan: 'usage', from: '2026-01-01', base: '0.00', items: [] });
  await addDeployment(db, { customer: 'anna', slug: 'acme', plan: 'usage' });
  await addDroplet(db, account, 'web', ['acme'], '2026-01-01');
  await settle(db, at('2026-02-05'));
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const ask = async (path: string, init?: RequestInit) => {
  const answer = await api.fetch(path, { as: 'owner', ...init });
  return { status: answer.status, body: (await answer.json()) as never };
};

test('a finding is listed, decided and checked, and is nothing for customers', async () => {
  const document = { declaration: 'acme', deployment: 'acme', covers: 'deployment', resources: [] };
  const dry = await ask('/declarations/apply?dryRun=true', json('POST', document));
  expect(dry.body).toMatchObject({ written: false, findings: 1, shown: [{ category: 'unmanaged', kind: 'droplet' }] });
  expect((await ask('/drift')).body).toMatchObject({ items: [], total: 0 });
  expect((await ask('/declarations/apply', json('POST', document))).body).toMatchObject({ written: true, findings: 1 });
  const { items } = (await ask('/drift')).body as { items: { finding: string }[] };
  const [{ finding } = { finding: '' }] = items;
  expect(items).toMatchObject([{ category: 'unmanaged', severity: 'medium', state: 'open', deployment: 'acme' }]);
  for (const path of ['/drift?limit=1', '/drift/groups?limit=1', `/drift/groups?q=${finding}`])
    expect([path, (await ask(path)).body]).toMatchObject([
      path,
      { items: [{}], totals: { findings: 1, settling: 0, severe: 0 } },
    ]);
  expect((await ask('/drift/groups?q=elsewhere')).body).toMatchObject({
    items: [],
    totals: { findings: 0, monthly: [] },
  });
  expect((await ask('/drift/check', json('POST', { severity: 'medium' }))).body).toMatchObject({ findings: 1 });
  expect((await ask('/drift/check', json('POST', { severity: 'high' }))).body).toMatchObject({ findings: 0 });
  const instead = { declaration: 'other', deployment: 'acme', resources: [] };
  expect((await ask('/drift/check', json('POST', { document: instead }))).body).toMatchObject({ findings: 0 });
  expect((await ask('/drift/sweep', json('POST', { verify: true }))).body).toEqual({ job: null, difference: null });
  await sql`UPDATE drift_findings SET superseded_at = recorded_at WHERE finding_key = ${finding}`.execute(database.db);
  expect((await ask('/drift/sweep', json('POST', { verify: true }))).body).toMatchObject({
    job: null,
    difference: { finding, what: 'found', rule: 'unmanaged', kind: 'droplet' },
  });
  await sql`UPDATE drift_findings SET superseded_at = 'infinity' WHERE finding_key = ${finding}`.execute(database.db);
  const acked = await ask(`/drift/${finding}/ack`, json('POST', { reason: 'known' }));
  expect(acked.body).toMatchObject({ state: 'acknowledged', reason: 'known' });
  expect((await ask('/drift')).body).toMatchObject({ total: 0 });
  const past = await ask(`/drift/${finding}/ignore`, json('POST', { reason: 'x', until: '2026-01-01T00:00:00Z' }));
  expect(past.status).toBe(400);
  expect((await ask(`/drift/${finding}/reopen`, json('POST', {}))).body).toMatchObject({ state: 'open' });
  const overview = (await ask('/overview')).body as { drift: object };
  expect(overview.drift).toMatchObject({ declarations: 1, findings: 1, groups: [{ rule: 'unmanaged' }] });
  for (const path of ['/drift', '/declarations', '/drift-rules', `/drift/${finding}`])
    expect((await api.fetch(path, { as: 'customer', customer: 'anna' })).status).toBe(403);
  const csv = await api.fetch('/drift', { as: 'viewer', headers: { accept: 'text/csv' } });
  expect((await csv.text()).split('\n')[0]).toContain('finding,category,rule,severity,state');
});

test('what cannot be seen is refused by a check unless it is allowed', async () => {
  await sql`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome, reason)
    SELECT account_id, 'firewall', '2026-02-05', '2026-02-05', 'failed', '403 Forbidden' FROM accounts LIMIT 1`.execute(
    database.db,
  );
  const blind = await ask('/drift/check', json('POST', {}));
  expect(blind).toMatchObject({ status: 409, body: { code: 'drift_blind' } });
  const ofIt = await ask('/drift/check', json('POST', { deployment: 'acme' }));
  expect(ofIt).toMatchObject({ status: 409, body: { code: 'drift_blind' } });
  // Nothing of it is in that account: what is not seen there does not concern it.
  await addDeployment(database.db, { customer: 'anna', slug: 'elsewhere', plan: 'usage', from: '2026-01-01' });
  const elsewhere = await ask('/drift/check', json('POST', { deployment: 'elsewhere' }));
  expect(elsewhere).toMatchObject({ status: 200, body: { findings: 0, blind: [] } });
  const allowed = await ask('/drift/check', json('POST', { allowBlind: true }));
  expect(allowed.body).toMatchObject({ findings: 1, blind: [{ kind: 'firewall', reason: '403 Forbidden' }] });
});
