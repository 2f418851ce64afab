import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { listInvoices } from '../../src/invoices/invoices.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, makeFolder } from '../end-to-end/arcadia.ts';
import { insertLiving } from '../fixtures/inventory.ts';
import { addDeployment, addDroplet, at, day, openBusiness, own, settle } from '../fixtures/invoices.ts';
import { makePlan } from '../fixtures/pricing.ts';
import { arcadiaHere } from './here.ts';

// An operator moves a droplet that two issued months were billed with, and is told what that comes to.

let database: TestDatabase;
const folder = makeFolder();
const now = at('2026-06-05');

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  await sql`INSERT INTO simulated_clock (instant) VALUES (${now})`.execute(db);
  const account = await openBusiness(db, '2026-04-01');
  const items = [
    { kind: 'droplet_hours', allowance: '0', model: 'standard' as const, properties: { unitPrice: '0.01' } },
  ];
  await makePlan(db, { plan: 'usage', from: '2026-02-01', base: '0.00', items });
  await addDeployment(db, { customer: 'anna', slug: 'ash', plan: 'usage', from: '2026-04-01' });
  await addDeployment(db, { customer: 'bert', slug: 'birch', plan: 'usage', from: '2026-04-01' });
  await addDroplet(db, account, 'web', ['ash'], '2026-04-01');
  const other = await insertLiving(db, account, 'droplet', 'other', { name: 'other' }, at('2026-04-01'));
  await own(db, other, ['birch'], '2026-04-01');
  await settle(db, now);
  for (const month of ['2026-04-01', '2026-05-01']) {
    await draftMonth(db, { month: day(month), now });
    const { items: drafts } = await listInvoices(db, { month: day(month) }, { limit: 10, cursor: null });
    for (const { invoiceId } of drafts.filter(() => month === '2026-04-01')) {
      await approveInvoice(db, invoiceId, { by: 'test', now });
      await issueInvoice(db, invoiceId, { by: 'test', now });
    }
  }
});
afterAll(async () => {
  await database.close();
  folder.remove();
});

const run = (...args: readonly string[]) =>
  arcadiaHere(args, {
    env: { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path },
    cwd: folder.path,
  });

test('assigning what was billed shows the months and what they come to, and is not done unasked', async () => {
  const refused = await run('deployment', 'assign', 'birch', '--resource', '1');
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain('1 resource would change owner.');
  expect(refused.stderr).toMatch(/droplet +2026-04-01 00:00:00Z +- +ash +birch/);
  expect(refused.stderr).toContain('Months: 2026-04, 2026-05, 2026-06. Amounts, excluding tax:');
  expect(refused.stderr).toMatch(/2026-04 +anna +issued, \S+ +7\.20 +0\.00 +-7\.20 +USD +-7\.20/);
  expect(refused.stderr).toMatch(/2026-05 +bert +draft +7\.44 +14\.88 +7\.44 +USD/);
  expect(refused.stderr).toMatch(/2026-06 +bert +open +0\.96 +1\.92 +0\.96 +USD/);
  expect(refused.stderr).toContain('anna (anna Ltd): 15.60 before, 0.00 after, -15.60 USD');
  expect(refused.stderr).toContain('2 issued invoices would get corrections: +7.20 USD, -7.20 USD, excluding tax.');
  expect(refused.stderr).toContain('--yes');
  const { rows } = await sql`SELECT FROM manual_assignments WHERE superseded_at < 'infinity'`.execute(database.db);
  expect(rows).toHaveLength(0);

  const done = await run('deployment', 'assign', 'birch', '--resource', '1', '--yes', '--json');
  expect(answerOf(done)).toMatchObject({ written: true, resources: 1, inserted: 1, preview: null });
  expect((await run('meter')).code).toBe(0);
  const corrections = await run('invoice', 'correction', 'check');
  expect(corrections.code).toBe(0);
  expect((await run('invoice', 'correction', 'list')).stdout).toContain('-7.20');
});

test('taking it back is shown and asked for as well', async () => {
  const refused = await run('deployment', 'unassign', '1', '--from', '2026-06-01');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/birch +unassigned/);
  expect(refused.stderr).toMatch(/2026-06 +bert +open +1\.92 +0\.96 +-0\.96 +USD/);
});

test('a rule that touches issued months says what it comes to, asks, and comes to that', async () => {
  expect((await run('deployment', 'unassign', '2', '--yes')).code).toBe(0);
  expect((await run('meter')).code).toBe(0);
  const refused = await run('rule', 'add', '--name', 'oth*', '--deployment', 'ash');
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(/droplet +other +2026-04-01 00:00:00Z +- +unassigned +ash/);
  expect(refused.stderr).toContain('Months: 2026-04, 2026-05, 2026-06. Amounts, excluding tax:');
  expect(refused.stderr).toMatch(/2026-04 +anna +issued, \S+ +0\.00 +7\.20 +7\.20 +USD +7\.20/);
  expect(refused.stderr).toContain('1 issued invoice would get corrections: +7.20 USD, excluding tax.');
  expect((await run('rule', 'list')).stdout).not.toContain('oth*');

  const file = join(folder.path, 'rules.yaml');
  writeFileSync(file, "rules:\n  - { name: 'oth*', deployment: ash }\n");
  const preview = answerOf(await run('rule', 'preview', file, '--json')) as { money: { bills: object[] } };
  expect(preview).toMatchObject({ rules: { added: 1 }, resources: 1, money: { corrections: { invoices: 1 } } });
  expect(preview.money.bills).toHaveLength(3);
  const asked = await run('rule', 'apply', file);
  expect(asked).toMatchObject({ code: 1, stdout: '' });
  const figures = /Months: [^]*excluding tax\./;
  expect(asked.stderr.match(figures)?.[0]).toBe(refused.stderr.match(figures)?.[0]);

  expect((await run('rule', 'apply', file, '--yes')).stdout).toContain('Applied: 1 rule added');
  expect((await run('meter')).code).toBe(0);
  expect((await run('invoice', 'correction', 'check')).code).toBe(0);
  // What ash lost with web it has again with other: nothing is left to be corrected.
  expect((await run('invoice', 'correction', 'list')).stdout).not.toContain('7.20');
});
