import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { applyRetention } from '../metering/retention/retention.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { changeSubscription } from '../pricing/subscriptions.ts';
import { checkCorrections } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import { addDeployment, addDroplet, at, day, openBusiness, settle, proposalsOf } from '../../test/fixtures/invoices.ts';
import { invoicesOfMonth, listInvoices } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';

const now = at('2026-03-20');

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
  const account = await openBusiness(test.db, '2026-01-20');
  await sql`UPDATE metering_config SET retention_days = 31`.execute(test.db);
  const hours = {
    kind: 'droplet_hours',
    allowance: '300',
    carryOver: { months: 3, limit: null },
    model: 'standard' as const,
    properties: { unitPrice: '1' },
  };
  await makePlan(test.db, { plan: 'thrifty', base: '10.00', items: [hours] });
  await addDeployment(test.db, { customer: 'acme', slug: 'a' });
  await changeSubscription(test.db, { deployment: 'a', plan: 'thrifty', from: at('2026-01-25') }, 'test', now);
  await addDeployment(test.db, { customer: 'beta', slug: 'b', plan: 'thrifty' });
  await addDroplet(test.db, account, 'x', ['a'], '2026-01-20');
  await addDroplet(test.db, account, 'y', ['b'], '2026-01-20');
  await settle(test.db, now);
});
afterAll(() => test.close());

async function totals(month: string): Promise<string[]> {
  await draftMonth(test.db, { month: day(month), now });
  const { items } = await listInvoices(test.db, { month: day(month) }, { limit: 10, cursor: null });
  return items.map((invoice) => `${invoice.customer} ${invoice.total}`).sort();
}

it('a month with a plan change is drafted, carried over and corrected when its records are gone as before', async () => {
  const january = ['acme 141.23', 'beta 10.00'];
  const february = ['acme 382.00', 'beta 370.00'];
  expect(await totals('2026-01-01')).toEqual(january);
  expect(await totals('2026-02-01')).toEqual(february);
  for await (const { invoiceId } of invoicesOfMonth(test.db, day('2026-01-01'), 'draft')) {
    await approveInvoice(test.db, invoiceId, { by: 'ann', now, override: 'The facts are known.' });
    await issueInvoice(test.db, invoiceId, { by: 'ann', now });
  }
  const retired = await applyRetention(test.db, { now });
  expect(retired).toContainEqual(
    expect.objectContaining({ kind: 'droplet_hours', month: '2026-01', outcome: 'retired' }),
  );
  expect(await totals('2026-01-01')).toEqual(january);
  expect(await totals('2026-02-01')).toEqual(february);
  await sql`UPDATE correction_checks SET stale = true`.execute(test.db);
  expect(await checkCorrections(test.db)).toBe(2);
  expect(await proposalsOf(test.db)).toEqual([]);

  await changeSubscription(test.db, { deployment: 'a', plan: 'studio', from: at('2026-01-29') }, 'ann', now);
  expect(await checkCorrections(test.db)).toBe(1);
  expect(await proposalsOf(test.db)).toMatchObject([{ deployment: 'a', month: '2026-01', amount: '-39.10' }]);
});
