import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
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
import { invoicesOfMonth } from './invoices.ts';
import { cancelInvoice } from './cancel.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { MoneyLaws } from '../../test/fixtures/money-laws.ts';

const january = day('2026-01-01');
const february = day('2026-02-01');
const march5 = at('2026-03-05');
const reason = { reason: 'wrong', by: 'ann', now: march5 };

let test: TestDatabase;
const droplets = new Map<string, number>();
beforeAll(async () => {
  test = await openTestDatabase();
  const account = await openBusiness(test.db, '2026-01-22');
  const hours = { kind: 'droplet_hours', allowance: '744', carryOver: { months: 1, limit: null } };
  const items = [{ ...hours, model: 'standard' as const, properties: { unitPrice: '1' } }];
  await makePlan(test.db, { plan: 'thrifty', base: '10.00', items });
  for (const slug of ['draft', 'cancelled', 'never', 'issued']) {
    await addDeployment(test.db, { customer: slug, slug, plan: 'thrifty', from: '2026-01-22' });
    for (const name of ['a', 'b']) {
      droplets.set(slug + name, await addDroplet(test.db, account, slug + name, [slug], '2026-01-22'));
    }
  }
  await settle(test.db, march5);
  await draftMonth(test.db, { month: january, now: march5 });
  await draftMonth(test.db, { month: february, now: march5 });
  await sql`DELETE FROM invoices WHERE month = ${january} AND customer_id = (SELECT customer_id FROM customers WHERE external_id = 'never')`.execute(
    test.db,
  );
});
afterAll(() => test.close());

async function issue(month: Temporal.PlainDate, customers: readonly string[]): Promise<Map<string, number>> {
  const issued = new Map<string, number>();
  for await (const { invoiceId, customer } of invoicesOfMonth(test.db, month, 'draft')) {
    if (!customers.includes(customer)) continue;
    await approveInvoice(test.db, invoiceId, { by: 'ann', now: march5, override: 'It is known.' });
    await issueInvoice(test.db, invoiceId, { by: 'ann', now: march5 });
    issued.set(customer, invoiceId);
  }
  return issued;
}

it('what a month carried over is corrected in an issued one behind it, whether the month itself is issued or not', async () => {
  const first = await issue(january, ['issued', 'cancelled']);
  await issue(february, ['issued', 'cancelled', 'draft', 'never']);
  await cancelInvoice(test.db, first.get('cancelled') as number, reason);
  expect(await checkCorrections(test.db)).toBe(0);
  // Both off for a week: January uses 144 hours of its 240 then, and February has the other 96 too.
  for (const droplet of droplets.values()) {
    await writeState(test.db, droplet, { status: 'off' }, at('2026-01-24'), at('2026-01-31'), march5);
  }
  await settle(test.db, march5.add({ hours: 1 }));
  await checkCorrections(test.db);
  const proposals = (await proposalsOf(test.db)).map(
    ({ deployment, month, amount }) => `${deployment} ${month} ${amount}`,
  );
  expect(proposals).toEqual([
    'cancelled 2026-02 -96.00',
    'draft 2026-02 -96.00',
    'issued 2026-01 -240.00',
    'issued 2026-02 -96.00',
    'never 2026-02 -96.00',
  ]);
  await new MoneyLaws(test.db).hold();
});
