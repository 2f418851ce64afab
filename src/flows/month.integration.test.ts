import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { insertLiving } from '../../test/fixtures/inventory.ts';
import { addDeployment, addDroplet, at, day, openBusiness, own, settle } from '../../test/fixtures/invoices.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { createCustomer } from '../deployments/customers.ts';
import { setBilling } from '../invoices/billing.ts';
import { closeMonthStep } from '../invoices/close-month.ts';
import { draftMonth } from '../invoices/drafts.ts';
import { createEntity } from '../invoices/entities.ts';
import { listInvoices } from '../invoices/invoices.ts';
import { approveInvoice, issueInvoice } from '../invoices/issue.ts';
import { addLine } from '../invoices/manual-lines.ts';
import { endDeployment } from './end-deployments.ts';
import { type MonthItemCode, type MonthStatus, readMonthStatus } from './month.ts';
import { readOverview } from './overview.ts';

// A business of two sellers and six customers, all on a plan of 30.00 a month; `eve` is in euros, `dora` has no address.
// May has a droplet of whom nobody knows, and `lea` leaves on 11 May while her droplet runs on.

const may = day('2026-05-01');
const now = at('2026-06-05');
const principal = { subject: 'test', role: 'owner' } as const;

let database: TestDatabase;
let account: number;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  account = await openBusiness(db, '2026-04-30');
  await makePlan(db, { plan: 'flat', from: '2026-02-01', items: [] });
  await makePlan(db, { plan: 'flat-eur', from: '2026-02-01', currency: 'EUR', items: [] });
  const told = { by: 'test', now };
  await createEntity(db, 'second', { name: 'Second Ltd', address: ['2 Quay Street'], invoicePrefix: 'S-' }, told);
  for (const name of ['anna', 'bert', 'carl', 'dora', 'lea']) {
    await addDeployment(db, { customer: name, slug: name, plan: 'flat', from: '2026-04-01' });
  }
  await addDeployment(db, { customer: 'eve', slug: 'eve', plan: 'flat-eur', from: '2026-04-01', currency: 'EUR' });
  await setBilling(db, 'eve', { entity: 'second' }, null, 'test', at('2026-04-01'));
  await setBilling(db, 'dora', { address: [] }, null, 'test', at('2026-04-01'));
  const size = { attributes: { size_slug: 's-1vcpu-1gb' } };
  await own(db, await insertLiving(db, account, 'droplet', 'lea-1', size, at('2026-04-01')), ['lea'], '2026-04-01');
  await insertLiving(db, account, 'droplet', 'strange', size, at('2026-05-18'));
  await settle(db, now);
  await draftMonth(db, { month: day('2026-04-01'), now });
  const { items } = await listInvoices(db, { month: day('2026-04-01') }, { limit: 100, cursor: null });
  for (const { invoiceId } of items) {
    await approveInvoice(db, invoiceId, { by: 'test', now });
    await issueInvoice(db, invoiceId, { by: 'test', now, incomplete: true });
  }
});
afterAll(() => database.close());

const status = () => readMonthStatus(database.db, may, now);
const itemOf = ({ items }: MonthStatus, code: MonthItemCode) => items.find((one) => one.code === code);
const invoiceOf = async (customer: string) =>
  (await listInvoices(database.db, { month: may, customer }, { limit: 2, cursor: null })).items[0];

test('ending a deployment ends its subscription, drafts the final bill, and says what runs on', async () => {
  const { db } = database;
  const within = endDeployment(db, { deployment: 'lea', endsAt: at('2026-05-11T06:00:00Z') }, { now, principal });
  await expect(within).rejects.toMatchObject({ code: 'invalid_argument' });
  const ended = await endDeployment(db, { deployment: 'lea', endsAt: at('2026-05-11') }, { now, principal });
  // 10 of 31 days of 30.00 are 9.677.
  expect(ended).toMatchObject({
    customer: 'lea',
    changed: true,
    unissued: [{ month: '2026-05', state: 'draft', currency: 'USD', total: '9.68' }],
    // In June 4 days, 96 of 672 hours of 6.00.
    runsOn: [{ reason: 'ended', resources: 1, running: 1, amounts: [{ currency: 'USD', amount: '0.86' }] }],
  });
  // In the overview it comes before all else that is not billed.
  expect((await readOverview(db, { now })).notBilled.map(({ reason }) => reason)).toEqual(['ended', 'unassigned']);
  const again = await endDeployment(db, { deployment: 'lea', endsAt: at('2026-05-11') }, { now, principal });
  expect(again.changed).toBe(false);
});

test('a status says what keeps the month, with counts, money and what settles it', async () => {
  const { db } = database;
  const before = await status();
  // All but lea are to be drafted: her end has drafted her month.
  expect(itemOf(before, 'drafts_behind')).toMatchObject({ count: 5 });
  // Whose draft is yet to be created is not gone.
  expect(itemOf(before, 'gone')).toBeUndefined();
  await draftMonth(db, { month: may, now });
  const anna = await invoiceOf('anna');
  await addLine(db, anna?.invoiceId ?? 0, { description: 'Move', quantity: '1', unitPrice: '6.01' }, 'test', now);
  const found = await status();
  expect(itemOf(found, 'drafts_behind')).toBeUndefined();
  expect(found).toMatchObject({ month: '2026-05', over: true, final: true, closed: false, issued: [] });
  // bert and carl; eve in euros. anna differs by 20.03 %, lea by 68 %, dora has no address.
  expect(found.ready).toEqual([
    { entity: 'default', currency: 'USD', invoices: 2, total: '60.00' },
    { entity: 'second', currency: 'EUR', invoices: 1, total: '30.00' },
  ]);
  expect(found.held).toEqual([{ entity: 'default', currency: 'USD', invoices: 3, total: '75.69' }]);
  expect(itemOf(found, 'differs')).toMatchObject({
    count: 2,
    holds: 2,
    amounts: [{ currency: 'USD', amount: '45.69' }],
    details: [
      { message: 'It comes to 9.68 USD before tax; the month before came to 30.00.' },
      {
        message: 'It comes to 36.01 USD before tax; the month before came to 30.00.',
        next: { operation: 'invoice show' },
      },
    ],
  });
  expect(itemOf(found, 'incomplete')).toMatchObject({
    count: 1,
    holds: 1,
    amounts: [{ currency: 'USD', amount: '30.00' }],
    details: [
      {
        message: 'Customer "dora" has no address.',
        next: { operation: 'customer billing set', arguments: { customer: 'dora' } },
      },
    ],
  });
  // 21 days, 504 of 672 hours of 6.00; 14 days, 336 hours.
  expect(itemOf(found, 'ended')).toMatchObject({ count: 1, holds: 0, amounts: [{ currency: 'USD', amount: '4.50' }] });
  expect(itemOf(found, 'unassigned')).toMatchObject({ count: 1, amounts: [{ currency: 'USD', amount: '3.00' }] });
  expect(itemOf(found, 'electronic')?.details.find(({ about }) => about === 'dora')?.message).toBe(
    "BR-10: the buyer's address; BR-11: the buyer's country",
  );
  // The end of a leaver is above all else that is not billed.
  const codes = found.items.map(({ code }) => code);
  expect(codes.indexOf('ended')).toBeLessThan(codes.indexOf('unassigned'));
});

const close = (more: object = {}) =>
  closeMonthStep(database.db, { month: may, after: 0, by: 'test', now, signal: AbortSignal.timeout(60_000), ...more });

test('closing issues what nothing holds, names the others, and does nothing twice', async () => {
  const { db } = database;
  const expected = [{ entity: 'default', currency: 'USD', invoices: 2, total: '61.00' }];
  await expect(close({ expected })).rejects.toMatchObject({ code: 'invoice_facts_changed' });
  const { ready } = await status();
  const done = await close({ expected: ready });
  expect(done.issued.map(({ customer, number, total }) => [customer, number, total])).toEqual([
    ['bert', 'INV-000006', '30.00'],
    ['carl', 'INV-000007', '30.00'],
    ['eve', 'S-000002', '30.00'],
  ]);
  expect(done.notIssued.map(({ customer, code }) => [customer, code])).toEqual([
    ['lea', 'differs'],
    ['anna', 'differs'],
    ['dora', 'incomplete'],
  ]);
  expect(done).toMatchObject({ notDrafted: null, next: null });
  expect(await close()).toMatchObject({ issued: [], next: null });

  // Whoever approves one has looked at it.
  const anna = await invoiceOf('anna');
  await approveInvoice(db, anna?.invoiceId ?? 0, { by: 'test', now });
  expect((await close()).issued.map(({ customer }) => customer)).toEqual(['anna']);
  const rest = await close({ differing: true, incomplete: true });
  expect(rest.issued.map(({ customer }) => customer)).toEqual(['lea', 'dora']);
  expect(await status()).toMatchObject({
    closed: true,
    ready: [],
    held: [],
    issued: [
      { entity: 'default', currency: 'USD', invoices: 5, total: '135.69' },
      { entity: 'second', currency: 'EUR', invoices: 1, total: '30.00' },
    ],
  });
});

test('what was stopped in the middle goes on where it was, and a month that is not over is not closed', async () => {
  const { db } = database;
  const june = day('2026-06-01');
  const later = at('2026-07-05');
  await addDroplet(db, account, 'new', ['bert'], '2026-06-01');
  await settle(db, later);
  const stopping = new AbortController();
  await draftMonth(db, { month: june, now: later });
  await sql`
    CREATE FUNCTION stop_third() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT count(*) FROM invoices WHERE month = '2026-06-01' AND state = 'issued') = 2 THEN
        RAISE EXCEPTION 'the power went' USING ERRCODE = 'admin_shutdown';
      END IF;
      RETURN NEW;
    END $$`.execute(db);
  await sql`
    CREATE TRIGGER stop_third BEFORE UPDATE ON invoices FOR EACH ROW WHEN (NEW.state = 'issued')
    EXECUTE FUNCTION stop_third()`.execute(db);
  const options = { month: june, after: 0, by: 'test', now: later, signal: stopping.signal };
  await expect(closeMonthStep(db, options)).rejects.toThrow('the power went');
  await sql`DROP TRIGGER stop_third ON invoices`.execute(db);
  const numbers = async () =>
    (await listInvoices(db, { month: june, state: 'issued' }, { limit: 10, cursor: null })).items
      .map(({ number }) => number)
      .toReversed();
  expect(await numbers()).toEqual(['INV-000011', 'INV-000012']);
  // lea has nothing due in June, anna paid 36.01 in May, which June's 30.00 is less than 20 % off.
  expect((await closeMonthStep(db, options)).issued).toHaveLength(2);
  expect(await numbers()).toEqual(['INV-000011', 'INV-000012', 'INV-000013', 'S-000003']);
  expect(await readMonthStatus(db, june, at('2026-06-20'))).toMatchObject({ over: false, closed: false });
});

test('issued months whose facts have changed are counted until somebody looks, as closing does', async () => {
  const { db } = database;
  const july = day('2026-07-01');
  const later = at('2026-07-06');
  const behind = async () => itemOf(await readMonthStatus(db, july, later), 'corrections_behind');
  expect(await behind()).toBeUndefined();
  await addDroplet(db, account, 'late', ['bert'], '2026-05-10');
  await settle(db, later);
  expect(await behind()).toMatchObject({
    count: 2,
    holds: 0,
    details: [{ next: { operation: 'invoice correction check' } }],
  });
  const signal = AbortSignal.timeout(60_000);
  await closeMonthStep(db, { month: july, after: 0, draftOnly: true, by: 'test', now: later, signal });
  expect(await behind()).toBeUndefined();
});

test('whom last month billed and this does not: all are counted and summed, the first twenty are named', async () => {
  const { db } = database;
  const names = Array.from({ length: 27 }, (_, index) => `gone-${String(index).padStart(2, '0')}`);
  for (const name of names) await createCustomer(db, { externalId: name, name, currency: 'USD' }, now);
  await sql`
    INSERT INTO invoices (legal_entity_id, customer_id, kind, month, currency, state, change_id, usage_revision, inputs_digest,
      subtotal, tax, total, taxes, drafted_at)
    SELECT e.legal_entity_id, c.customer_id, 'invoice', '2026-07-01', 'USD', 'draft', 0, 0, sha256(''), 1.10, 0, 1.10, '[]', now()
    FROM customers c, legal_entities e WHERE c.external_id LIKE 'gone-%' AND e.slug = 'default'`.execute(db);
  const gone = itemOf(await readMonthStatus(db, day('2026-08-01'), at('2026-09-05')), 'gone');
  expect(gone).toMatchObject({ count: 27, amounts: [{ currency: 'USD', amount: '29.70' }] });
  expect(gone?.details.map(({ about }) => about)).toEqual(names.slice(0, 20));
});
