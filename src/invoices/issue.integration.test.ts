import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { draftMonth } from './drafts.ts';
import { updateEntity } from './entities.ts';
import { addDeployment, at, day, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { invoicesOfMonth } from './invoices.ts';
import { cancelInvoice } from './cancel.ts';
import { approveInvoice, issueInvoice } from './issue.ts';

const january = day('2026-01-01');
const now = at('2026-02-05');
const customers = 12;

let test: TestDatabase;
const approved: number[] = [];
beforeAll(async () => {
  test = await openTestDatabase();
  await openBusiness(test.db, '2026-01-31');
  for (let index = 0; index < customers; index += 1) {
    await addDeployment(test.db, { customer: `c-${index}`, slug: `d-${index}` });
  }
  await settle(test.db, now);
  await draftMonth(test.db, { month: january, now });
  for await (const { invoiceId } of invoicesOfMonth(test.db, january, 'draft')) {
    await approveInvoice(test.db, invoiceId, { by: 'ann', now });
    approved.push(invoiceId);
  }
});
afterAll(() => test.close());

async function numbers(): Promise<string[]> {
  const { rows } = await sql<{ number: string }>`
    SELECT number FROM invoices WHERE number IS NOT NULL ORDER BY sequence_number`.execute(test.db);
  return rows.map((row) => row.number);
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => `INV-${String(index + 1).padStart(6, '0')}`);

it('two who issue the same invoice at once make one', async () => {
  const [first = 0] = approved;
  const both = await Promise.all(['ann', 'bob'].map((by) => issueInvoice(test.db, first, { by, now })));
  expect(both.map((one) => one.number)).toEqual(['INV-000001', 'INV-000001']);
  expect(both.filter((one) => one.issuedNow)).toHaveLength(1);
  expect(both[0]?.digest).toBe(both[1]?.digest);
  expect(await numbers()).toEqual(['INV-000001']);
});

it('a number that a transaction took and gave back is the next one', async () => {
  const [, second = 0] = approved;
  const gaveUp = test.db.transaction().execute(async (trx) => {
    expect(await issueInvoice(nestedDatabase(trx), second, { by: 'ann', now })).toMatchObject({ number: 'INV-000002' });
    throw new Error('the connection went');
  });
  await expect(gaveUp).rejects.toThrow('the connection went');
  expect(await numbers()).toEqual(['INV-000001']);
});

it('numbers have no gap and no double, however many issue at once and give up', async () => {
  const issuing = approved.slice(1).map((invoiceId, index) =>
    // Each second one is tried once in vain.
    (index % 2 === 0
      ? Promise.resolve()
      : test.db
          .transaction()
          .execute(async (trx) => {
            await issueInvoice(nestedDatabase(trx), invoiceId, { by: 'bob', now });
            throw new Error('gave up');
          })
          .catch(() => {})
    ).then(() => issueInvoice(test.db, invoiceId, { by: 'ann', now })),
  );
  const issued = await Promise.all(issuing);
  expect(issued.every((one) => one.issuedNow)).toBe(true);
  expect(await numbers()).toEqual(numbered(customers));
});

it('of two who cancel the same invoice at once one is told that it is cancelled', async () => {
  const [first = 0] = approved;
  const reason = { reason: 'wrong', by: 'ann', now };
  const both = await Promise.allSettled([1, 2].map(() => cancelInvoice(test.db, first, reason)));
  expect(both.filter((one) => one.status === 'rejected')).toHaveLength(1);
});

it('drafting at the same time makes one draft of each', async () => {
  await sql`DELETE FROM invoices WHERE state = 'draft'`.execute(test.db);
  const both = await Promise.all([1, 2, 3].map(() => draftMonth(test.db, { month: january, now })));
  expect(both.reduce((sum, one) => sum + one.created, 0)).toBe(1);
  const { rows } = await sql<{ count: number }>`SELECT count(*) FROM invoices WHERE state = 'draft'`.execute(test.db);
  expect(rows[0]?.count).toBe(1);
});

it('an entity does not number its documents itself again where its next number is taken', async () => {
  await addDeployment(test.db, { customer: 'late', slug: 'late' });
  await draftMonth(test.db, { month: january, now });
  const drafts: number[] = [];
  for await (const { invoiceId } of invoicesOfMonth(test.db, january, 'draft')) drafts.push(invoiceId);
  for (const id of drafts) await approveInvoice(test.db, id, { by: 'ann', now });
  const [first = 0, second = 0] = drafts;
  const told = { by: 'ann', now };
  await updateEntity(test.db, 'default', { numbering: 'external' }, told);
  await issueInvoice(test.db, first, { by: 'ann', now, number: 'INV-000013' });
  await expect(updateEntity(test.db, 'default', { numbering: 'own' }, told)).rejects.toMatchObject({
    code: 'number_taken',
    message: expect.stringContaining('INV-000013'),
  });
  await updateEntity(test.db, 'default', { numbering: 'own', invoicePrefix: 'N-' }, told);
  await expect(updateEntity(test.db, 'default', { invoicePrefix: 'INV-' }, told)).rejects.toMatchObject({
    code: 'number_taken',
  });
  await sql`UPDATE legal_entities SET invoice_prefix = 'INV-'`.execute(test.db);
  await expect(issueInvoice(test.db, second, { by: 'ann', now })).rejects.toMatchObject({ code: 'number_taken' });
  await updateEntity(test.db, 'default', { invoicePrefix: 'N-' }, told);
  expect(await issueInvoice(test.db, second, { by: 'ann', now })).toMatchObject({ number: 'N-000013' });
});
