import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import {
  addDeployment,
  at,
  day,
  openBusiness,
  own,
  settle,
  writeState,
  proposalsOf,
} from '../../test/fixtures/invoices.ts';
import { insertLiving } from '../../test/fixtures/inventory.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { addKind, beginningOfHistory, changeKind, kindSchema } from '../metering/kinds.ts';
import { checkCorrections, correctOnNextInvoice } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import { explainLine } from './explain.ts';
import { invoicesOfMonth, listInvoices, readDocument } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';

// A month's peak on invoices: 0.50 a GiB. The bucket is deployment a's until 10 June, then b's.

const june = day('2026-06-01');
const now = at('2026-07-05');
const gib = (size: number) => ({ name: 'assets', attributes: { size_gb: size } });

let test: TestDatabase;
let bucket: number;
beforeAll(async () => {
  test = await openTestDatabase();
  const { db } = test;
  const account = await openBusiness(db, '2026-06-01');
  await sql`UPDATE metering_config SET enabled = false`.execute(db);
  const kind = { kind: 'bucket_peak', title: 'Storage, peak', resourceKind: 'spaces_bucket', unit: 'GiB' };
  const peak = { accrual: 'month', aggregation: 'peak', weight: { attribute: 'size_gb' } };
  await addKind(db, kindSchema.parse({ ...kind, ...peak }));
  await changeKind(db, 'bucket_peak', beginningOfHistory(), { enabled: true });
  const item = { kind: 'bucket_peak', allowance: '0', model: 'standard' as const, properties: { unitPrice: '0.50' } };
  await makePlan(db, { plan: 'storage', base: '10.00', items: [item] });
  for (const name of ['a', 'b'])
    await addDeployment(db, { customer: name, slug: name, plan: 'storage', from: '2026-06-01' });
  bucket = await insertLiving(db, account, 'spaces_bucket', 'assets', gib(40), at('2026-05-01'));
  await writeState(db, bucket, gib(100), at('2026-06-03'), at('2026-06-04'), at('2026-06-04'));
  await own(db, bucket, ['a'], '2026-05-01');
  await own(db, bucket, ['b'], '2026-06-10');
  await settle(db, now);
  await draftMonth(db, { month: june, now });
  for await (const { invoiceId } of invoicesOfMonth(db, june, 'draft')) {
    await approveInvoice(db, invoiceId, { by: 'ann', now });
    await issueInvoice(db, invoiceId, { by: 'ann', now });
  }
});
afterAll(() => test.close());

it('a peak is charged to whoever owned the resource at the raise, and its line is explained', async () => {
  const { items } = await listInvoices(test.db, { month: june }, { limit: 10, cursor: null });
  expect(items.map((invoice) => `${invoice.customer} ${invoice.total}`).sort()).toEqual(['a 60.00', 'b 10.00']);
  const invoice = items.find((one) => one.customer === 'a');
  if (invoice === undefined) throw new Error('a has no invoice');
  const { document } = await readDocument(test.db, invoice);
  const line = document.sections
    .flatMap((section) => section.lines)
    .find((one) => one.details.billingKind === 'bucket_peak');
  expect(line).toMatchObject({ quantity: '100', unit: 'GiB', unitPrice: '0.50', amount: '50.00' });
  const explained = await explainLine(test.db, invoice, { line: line?.position ?? 0 }, 'customer');
  expect(explained).toMatchObject({
    changedSince: false,
    usage: {
      aggregation: 'peak',
      quantity: '100',
      resources: [
        {
          months: [
            {
              level: '100',
              heldSeconds: '86400',
              aboveSeconds: '0',
              discardedSeconds: '0',
              raises: [
                { at: '2026-06-01T00:00:00Z', before: '0', level: '40', quantity: '40' },
                { at: '2026-06-03T00:00:00Z', before: '40', level: '100', quantity: '60' },
              ],
            },
          ],
        },
      ],
    },
  });
});

it('a late fact that moves the peak from the 3rd to the 20th gives back to one what the other owes', async () => {
  const { db } = test;
  await writeState(db, bucket, gib(40), at('2026-06-03'), at('2026-06-04'), now);
  await writeState(db, bucket, gib(100), at('2026-06-20'), at('2026-06-21'), now);
  await settle(db, now);
  expect(await checkCorrections(db)).toBe(2);
  const proposals = await proposalsOf(db);
  expect(
    proposals.map(({ deployment, month, amount, lines }) => [
      deployment,
      month,
      amount,
      lines.map((line) => line.amount),
    ]),
  ).toEqual([
    ['a', '2026-06', '-30.00', ['-30.00']],
    ['b', '2026-06', '30.00', ['30.00']],
  ]);
  for (const deployment of ['a', 'b']) await correctOnNextInvoice(db, { deployment, month: june, by: 'ann', now });
  expect(await proposalsOf(db)).toEqual([]);
});
