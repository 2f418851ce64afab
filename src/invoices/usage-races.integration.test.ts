import { setTimeout as sleep } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { connect, type Database } from '../platform/database/database.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { checkCorrections } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import {
  addDeployment,
  addDroplet,
  at,
  day,
  openBusiness,
  settle,
  writeState,
  proposalsOf,
} from '../../test/fixtures/invoices.ts';
import { listInvoices } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { findLateMonths } from './late-months.ts';
import { MoneyLaws } from '../../test/fixtures/money-laws.ts';

// Usage that changes between the reading of its state and the reading of itself, or of what it
// costs and the writing of that. Each is held at a lock that it takes anyway, and let go.

const january = day('2026-01-01');
const february = day('2026-02-01');
const march = day('2026-03-01');
const now = at('2026-02-05');

let test: TestDatabase;
let db: Database;
let account: number;
beforeEach(async () => {
  test = await openTestDatabase();
  db = test.db;
  account = await openBusiness(db, '2026-01-28');
  const hours = { kind: 'droplet_hours', allowance: '0', model: 'standard' as const, properties: { unitPrice: '1' } };
  await makePlan(db, { plan: 'hours', base: '1.00', items: [hours] });
  await makePlan(db, { plan: 'yearly', base: '12.00', baseEvery: 'year', baseDue: 'advance', items: [hours] });
});
afterEach(() => test.close());

/** Another connection that holds a lock, once `held`, until it is let go. */
function hold(lock: RawBuilder<unknown>): { readonly held: Promise<void>; release(): Promise<void> } {
  const held = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const done = db.transaction().execute(async (trx) => {
    await lock.execute(trx);
    held.resolve();
    await released.promise;
  });
  return {
    held: held.promise,
    async release() {
      released.resolve();
      await done;
    },
  };
}

/** Until so many wait for locks. */
async function waiting(count: number): Promise<void> {
  for (let left = 6_000; left > 0; left -= 1) {
    const { rows } = await sql<{ waiting: number }>`
      SELECT count(*) AS waiting FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'`.execute(db);
    if (rows[0]?.waiting === count) return;
    await sleep(10);
  }
  throw new Error(`never did ${count} wait`);
}

/** Customers of one deployment each, those named first with a droplet. */
async function open(names: readonly string[], withDroplet: number): Promise<number[]> {
  const droplets: number[] = [];
  for (const [index, slug] of names.entries()) {
    await addDeployment(db, { customer: slug, slug, plan: 'hours', from: '2026-01-28' });
    if (index < withDroplet) droplets.push(await addDroplet(db, account, slug, [slug], '2026-01-28'));
  }
  await settle(db, now);
  await draftMonth(db, { month: january, now });
  for (const slug of names)
    await approveInvoice(db, await invoiceOf(slug), { by: 'ann', now, override: 'It is known.' });
  return droplets;
}

async function invoiceOf(customer: string): Promise<number> {
  const { items } = await listInvoices(db, { customer, month: january }, { limit: 1, cursor: null });
  return items[0]?.invoiceId as number;
}

/** The droplets are off for a day of January, and that is metered. */
async function turnOff(droplets: readonly number[], from = '2026-01-29'): Promise<void> {
  for (const droplet of droplets) {
    await writeState(db, droplet, { status: 'off' }, at(from), at(from).add({ hours: 24 }), now.add({ minutes: 1 }));
  }
  await settle(db, now.add({ minutes: 2 }));
}

/** What is proposed is what the law wants, and there is nothing left to look at. */
async function allIsFound(proposals: readonly string[]): Promise<void> {
  await new MoneyLaws(db).hold();
  const found = await proposalsOf(db);
  expect(found.map(({ deployment, month, amount }) => `${deployment} ${month} ${amount}`)).toEqual(proposals);
  expect(await checkCorrections(db)).toBe(0);
}

const draftsLock = (month: Temporal.PlainDate) =>
  sql`SELECT pg_advisory_xact_lock(hashtextextended('invoice_drafts', extract(epoch FROM ${month}::date)::bigint))`;
const checksLock = sql`SELECT pg_advisory_xact_lock(hashtextextended('correction_checks', 0))`;

it('usage that changes after the sums of all were read, while one after the other is rated by them, is found', async () => {
  // So many that their usage is summed once for all of them, and one of whom it takes more than one attempt.
  const names = Array.from({ length: 21 }, (_, index) => `c${String(index).padStart(2, '0')}`);
  const droplets = await open(names, 2);
  for (const slug of names) await issueInvoice(db, await invoiceOf(slug), { by: 'ann', now });
  await sql`UPDATE correction_checks SET stale = true`.execute(db);
  await sql`
    INSERT INTO manual_lines (customer_id, currency, month, description, quantity, unit_price, added_at, added_by)
    SELECT customer_id, 'USD', ${january}, 'no number', 'NaN', 1, ${now}, 'ann' FROM customers WHERE external_id = 'c20'`.execute(
    db,
  );

  // Whoever wants a lock waits behind those who wanted it before: so the check goes step by step.
  const beforeLooking = hold(checksLock);
  await beforeLooking.held;
  const checking = checkCorrections(db).catch((error: unknown) => error);
  await waiting(1);
  const beforeWriting = hold(checksLock);
  await waiting(2);
  await beforeLooking.release();
  await beforeWriting.held;
  await waiting(1);
  await turnOff(droplets);
  await beforeWriting.release();
  expect(await checking).toMatchObject({ message: expect.stringContaining('"c20" for 2026-01') });

  await sql`UPDATE manual_lines SET removed_at = ${now}, removed_by = 'ann'`.execute(db);
  await allIsFound(['c00 2026-01 -24.00', 'c01 2026-01 -24.00']);
});

it('those who look at once need no more connections than they are, and usage may take its time', async () => {
  await open(['first', 'second'], 2);
  for (const slug of ['first', 'second']) await issueInvoice(db, await invoiceOf(slug), { by: 'ann', now });
  const customers = await sql<{ id: number }>`SELECT customer_id AS id FROM customers`.execute(db);
  const { connectionString } = test;
  const connected = (settings: Record<string, string>) =>
    connect({ connectionString, applicationName: 'checks', max: 2, settings });
  const forgotten = sql`UPDATE correction_checks SET stale = true`;

  await forgotten.execute(db);
  const two = connected({ statement_timeout: '20s' });
  const found = await Promise.all(customers.rows.map(({ id }) => checkCorrections(two, { customerId: id })));
  expect(found).toEqual([1, 1]);
  await two.destroy();

  await forgotten.execute(db);
  const impatient = connected({ idle_in_transaction_session_timeout: '500ms' });
  const records = hold(sql`LOCK TABLE usage_records IN ACCESS EXCLUSIVE MODE`);
  await records.held;
  const checking = checkCorrections(impatient);
  await waiting(1);
  await sleep(1_500);
  await records.release();
  expect(await checking).toBe(2);
  await impatient.destroy();
});

it('usage that changes after the position in the log was read, and before it is read itself, is found', async () => {
  const droplets = await open(['first', 'second'], 2);
  await issueInvoice(db, await invoiceOf('first'), { by: 'ann', now });
  const issues = hold(draftsLock(january));
  await issues.held;
  const issuing = issueInvoice(db, await invoiceOf('second'), { by: 'ann', now }).catch((error: unknown) => error);
  await waiting(1);
  await turnOff(droplets);
  await issues.release();
  expect(await issuing).toMatchObject({ message: expect.stringContaining('The facts have changed') });
  await allIsFound(['first 2026-01 -24.00']);

  await sql`UPDATE correction_checks SET stale = true`.execute(db);
  const again = hold(checksLock);
  await again.held;
  const checking = checkCorrections(db);
  await waiting(1);
  await turnOff(droplets, '2026-01-30');
  await again.release();
  await checking;
  await allIsFound(['first 2026-01 -48.00']);
});

it('an invoice that is issued by older usage while others are looked at is looked at later', async () => {
  const droplets = await open(['first', 'second'], 2);
  await issueInvoice(db, await invoiceOf('first'), { by: 'ann', now });
  const series = hold(sql`SELECT FROM number_series FOR UPDATE`);
  await series.held;
  const issuing = issueInvoice(db, await invoiceOf('second'), { by: 'ann', now });
  await waiting(1);
  await turnOff(droplets);
  const marking = hold(sql`SELECT FROM correction_checks FOR UPDATE`);
  await marking.held;
  const checking = checkCorrections(db);
  await waiting(2);
  await series.release();
  await issuing;
  await marking.release();
  await checking;
  await allIsFound(['first 2026-01 -24.00', 'second 2026-01 -24.00']);
});

it('a month that comes to be owed while it is remembered that nothing is due is found', async () => {
  // In February of a year that was paid in January nothing is due but usage.
  await addDeployment(db, { customer: 'acme', slug: 'shop', plan: 'yearly', from: '2026-01-28' });
  const { rows } = await sql<{ id: number }>`SELECT customer_id AS id FROM customers`.execute(db);
  const march5 = at('2026-03-05');
  await settle(db, march5);
  const drafted = { month: february, now: march5, customerIds: rows.map((row) => row.id), remember: true };
  const months = async () => (await findLateMonths(db, march)).map(({ month }) => month.toString().slice(0, 7));
  expect(await months()).toEqual(['2026-01', '2026-02']);

  const drafting = hold(draftsLock(february));
  await drafting.held;
  const remembering = draftMonth(db, drafted);
  await waiting(1);
  await addDroplet(db, account, 'late', ['shop'], '2026-02-27');
  await settle(db, march5.add({ minutes: 1 }));
  await drafting.release();
  expect(await remembering).toMatchObject({ created: 0 });
  expect(await months()).toEqual(['2026-01', '2026-02']);
  expect(await draftMonth(db, drafted)).toMatchObject({ created: 1 });
});
