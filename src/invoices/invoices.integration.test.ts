import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { createEntity, setDefaultEntity, updateEntity } from './entities.ts';
import { setBilling } from './billing.ts';
import { checkCorrections, correctOnNextInvoice, issueCreditNote, waiveCorrection } from './corrections.ts';
import { composeCustomer, draftMonth } from './drafts.ts';
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
import { getInvoice, type Invoice, listInvoices, readDocument } from './invoices.ts';
import { cancelInvoice } from './cancel.ts';
import { approveInvoice, issueInvoice, reopenInvoice } from './issue.ts';
import { addLine, removeLine } from './manual-lines.ts';
import { setTaxRate } from './tax-rates.ts';
import { sha256 } from './canonical-json.ts';
import { setDeploymentStart } from '../deployments/deployments.ts';
import { subscribe } from '../pricing/subscriptions.ts';

const january = day('2026-01-01');
const february = day('2026-02-01');
const feb5 = at('2026-02-05');

let test: TestDatabase;
let account: number;
beforeAll(async () => {
  test = await openTestDatabase();
  account = await openBusiness(test.db);
  await addDeployment(test.db, { customer: 'acme', slug: 'shop' });
  await addDeployment(test.db, { customer: 'acme', slug: 'blog' });
  await addDeployment(test.db, { customer: 'beta', slug: 'wiki' });
  // 3 droplets all January are 2232 hours: 744 beyond the allowance of 1488, at 0.04.
  for (const name of ['a', 'b', 'c']) await addDroplet(test.db, account, name, ['shop'], '2026-01-01');
  await addDroplet(test.db, account, 'd', ['wiki'], '2026-01-10');
  await settle(test.db, feb5);
});
afterAll(() => test.close());

async function invoicesOf(customer: string, month = january): Promise<Invoice[]> {
  return [...(await listInvoices(test.db, { customer, month }, { limit: 100, cursor: null })).items];
}

async function draftOf(customer: string, month = january): Promise<Invoice> {
  const found = (await invoicesOf(customer, month)).find((invoice) => invoice.state === 'draft');
  if (!found) throw new Error(`no draft of ${customer}`);
  return found;
}

async function issue(invoiceId: number, now = feb5) {
  await approveInvoice(test.db, invoiceId, { by: 'ann', now });
  return issueInvoice(test.db, invoiceId, { by: 'ann', now });
}

describe('drafts', () => {
  it('hold a month of each customer, section by section, and their total is the sum of what is shown', async () => {
    expect(await draftMonth(test.db, { month: january, now: feb5 })).toMatchObject({ created: 2, changed: 0, kept: 0 });
    const { document, missing } = await readDocument(test.db, await draftOf('acme'));
    expect(missing).toEqual([]);
    expect(document.sections.map(({ deployment, subtotal }) => [deployment, subtotal])).toEqual([
      ['blog', '50.00'],
      ['shop', '79.76'],
    ]);
    expect(
      document.sections[1]?.lines.map(({ description, quantity, unitPrice, amount }) => [
        description,
        quantity,
        unitPrice,
        amount,
      ]),
    ).toEqual([
      ['Studio, monthly fee', '1', '50.00', '50.00'],
      ['Droplet hours, running', '744', '0.04', '29.76'],
    ]);
    expect([document.subtotal, document.tax, document.total]).toEqual(['129.76', '0.00', '129.76']);
  });

  it('are written again only where facts differ', async () => {
    expect(await draftMonth(test.db, { month: january, now: feb5 })).toMatchObject({
      created: 0,
      changed: 0,
      unchanged: 2,
    });
  });

  it('say the same as a preview', async () => {
    const { customerId, total } = await draftOf('acme');
    const [preview] = await composeCustomer(test.db, customerId, january);
    expect(preview?.invoices.map((invoice) => invoice.total)).toEqual([total]);
  });

  it.each([
    ['99999999', '9999999999999999'],
    ['1', '1000000000000000'],
    ['1', '0.0000000000000000001'],
  ])('take no line that an export could not hold: %s times %s', async (quantity, unitPrice) => {
    const { invoiceId } = await draftOf('acme');
    const line = { description: 'Setup', quantity, unitPrice };
    await expect(addLine(test.db, invoiceId, line, 'ann', feb5)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('take manual lines, which stay when drafts are made anew, until they are removed', async () => {
    const { invoiceId } = await draftOf('beta');
    const line = { description: 'Set-up', quantity: '2.5', unit: 'hour', unitPrice: '80.01', deployment: 'wiki' };
    const { lineId } = await addLine(test.db, invoiceId, line, 'ann', feb5);
    await draftMonth(test.db, { month: january, now: feb5 });
    expect((await draftOf('beta')).total).toBe('250.03'); // 50.00 + 200.025, rounded once
    await removeLine(test.db, lineId, 'ann', feb5);
    expect((await draftOf('beta')).total).toBe('50.00');
    await expect(removeLine(test.db, lineId, 'ann', feb5)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('are taxed by the rate of the month, and not where the customer is exempt or owes it itself', async () => {
    await setTaxRate(
      test.db,
      { entity: null, category: 'standard', title: 'VAT', percent: '20', from: null },
      'ann',
      feb5,
    );
    await setTaxRate(
      test.db,
      { entity: null, category: 'standard', title: 'VAT', percent: '25', from: february },
      'ann',
      feb5,
    );
    await draftMonth(test.db, { month: january, now: feb5 });
    const { document } = await readDocument(test.db, await draftOf('acme'));
    expect(document.taxes).toMatchObject([{ title: 'VAT', percent: '20', base: '129.76', amount: '25.95' }]);
    expect(document.total).toBe('155.71');
    await setBilling(test.db, 'beta', { taxTreatment: 'reverse_charge', taxIds: ['VAT DE1'] }, january, 'ann', feb5);
    await draftMonth(test.db, { month: january, now: feb5 });
    expect((await draftOf('beta')).taxes).toMatchObject([{ treatment: 'reverse_charge', amount: '0.00' }]);
  });

  it('refuse a month to come', async () => {
    await expect(draftMonth(test.db, { month: day('2026-03-01'), now: feb5 })).rejects.toMatchObject({
      code: 'invalid_argument',
    });
  });
});

describe('approval', () => {
  it('waits for the end of the grace period, unless a reason is given', async () => {
    const { invoiceId } = await draftOf('beta');
    const early = at('2026-02-03T23:59:59Z');
    await expect(approveInvoice(test.db, invoiceId, { by: 'ann', now: early })).rejects.toMatchObject({
      code: 'month_not_final',
      message: expect.stringContaining('grace period'),
    });
    await approveInvoice(test.db, invoiceId, { by: 'ann', now: early, override: 'asked for by the customer' });
    expect(await getInvoice(test.db, String(invoiceId))).toMatchObject({
      state: 'approved',
      overrideReason: 'asked for by the customer',
    });
  });

  it('refuses another total than was seen', async () => {
    const { invoiceId } = await draftOf('acme');
    await expect(
      approveInvoice(test.db, invoiceId, { by: 'ann', now: feb5, expectedTotal: '155.70' }),
    ).rejects.toMatchObject({ code: 'invoice_facts_changed' });
    expect(await approveInvoice(test.db, invoiceId, { by: 'ann', now: feb5, expectedTotal: '155.71' })).toEqual({
      total: '155.71',
    });
  });

  it('is left alone by drafting, and by what changes the facts refused at issue', async () => {
    expect(await draftMonth(test.db, { month: january, now: feb5 })).toMatchObject({ kept: 2 });
    const { invoiceId } = (await invoicesOf('acme'))[0] as Invoice;
    await subscribe(test.db, { deployment: 'blog', plan: 'atelier', from: january }, 'ann', feb5);
    await expect(issueInvoice(test.db, invoiceId, { by: 'ann', now: feb5 })).rejects.toMatchObject({
      code: 'invoice_facts_changed',
      message: expect.stringContaining('311.71 USD now'),
    });
    await subscribe(test.db, { deployment: 'blog', plan: 'studio', from: january }, 'ann', feb5);
  });
});

describe('issuing', () => {
  it('numbers, dates, hashes and freezes', async () => {
    const { invoiceId } = (await invoicesOf('acme'))[0] as Invoice;
    const issued = await issueInvoice(test.db, invoiceId, { by: 'ann', now: feb5 });
    expect(issued).toMatchObject({ number: 'INV-000001', issuedNow: true });
    const { document } = await readDocument(test.db, await getInvoice(test.db, 'INV-000001'));
    expect(document).toMatchObject({
      number: 'INV-000001',
      issuedOn: '2026-02-05',
      dueOn: '2026-02-19',
      total: '155.71',
    });
    const { rows } = await sql<{
      document: string;
    }>`SELECT document FROM invoices WHERE invoice_id = ${invoiceId}`.execute(test.db);
    expect(sha256(rows[0]?.document ?? '')).toBe(issued.digest);
  });

  it('is done once: whoever issues again gets what was issued', async () => {
    const { invoiceId } = await getInvoice(test.db, 'INV-000001');
    expect(await issueInvoice(test.db, invoiceId, { by: 'bob', now: feb5 })).toMatchObject({
      number: 'INV-000001',
      issuedNow: false,
    });
  });

  it.each([
    sql`UPDATE invoices SET total = total + 1, subtotal = subtotal + 1 WHERE number = 'INV-000001'`,
    sql`UPDATE invoices SET document = '{}' WHERE number = 'INV-000001'`,
    sql`DELETE FROM invoices WHERE number = 'INV-000001'`,
    sql`DELETE FROM invoice_lines USING invoices i WHERE i.invoice_id = invoice_lines.invoice_id AND number = 'INV-000001'`,
    sql`UPDATE invoice_lines SET amount = 0`,
    sql`INSERT INTO invoice_lines SELECT invoice_id, 99, 'manual', NULL, month, 'x', 'x', NULL, NULL, NULL, 1, '{}', '{}' FROM invoices WHERE number = 'INV-000001'`,
    sql`TRUNCATE invoice_lines`,
    sql`TRUNCATE invoices CASCADE`,
  ])('is for ever, whoever writes: statement %#', async (statement) => {
    await expect(statement.execute(test.db)).rejects.toMatchObject({ code: '23001' });
  });

  it('refuses drafts, and what lacks an address', async () => {
    await updateEntity(test.db, 'default', { address: [] }, { from: day('2000-01-01'), by: 'ann', now: feb5 });
    const { invoiceId } = (await invoicesOf('beta'))[0] as Invoice;
    await expect(issueInvoice(test.db, invoiceId, { by: 'ann', now: feb5 })).rejects.toThrow(
      /Seller "default" has no address\./,
    );
    await updateEntity(
      test.db,
      'default',
      { address: ['1 Quay Street'] },
      { from: day('2000-01-01'), by: 'ann', now: feb5 },
    );
    expect(await issueInvoice(test.db, invoiceId, { by: 'ann', now: feb5 })).toMatchObject({ number: 'INV-000002' });
  });
});

describe('corrections', () => {
  const march = at('2026-03-05');

  it('find nothing where nothing changed', async () => {
    await settle(test.db, at('2026-02-06'));
    expect(await checkCorrections(test.db)).toBe(0);
    expect(await proposalsOf(test.db)).toEqual([]);
  });

  it('propose what a late fact changed, of the deployment and line that it changed', async () => {
    // Droplet c went on the 21st already: 2232 hours become 1968, of which 480 are charged.
    const { rows } = await sql<{ id: number }>`SELECT resource_id AS id FROM resources WHERE external_id = 'c'`.execute(
      test.db,
    );
    await writeState(test.db, rows[0]?.id as number, null, at('2026-01-21'), null, at('2026-02-07'));
    await settle(test.db, at('2026-02-08'));
    expect(await checkCorrections(test.db)).toBe(1);
    expect(await proposalsOf(test.db)).toMatchObject([
      {
        customer: 'acme',
        deployment: 'shop',
        month: '2026-01',
        currency: 'USD',
        amount: '-10.56',
        lines: [{ costs: '19.20', issued: '29.76', decided: '0.00', amount: '-10.56' }],
      },
    ]);
  });

  it('put a decided one on the next invoice, at the tax of the month that is corrected', async () => {
    const request = { deployment: 'shop', month: january, by: 'ann', now: march };
    await expect(correctOnNextInvoice(test.db, { ...request, expectedAmount: '-10.00' })).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(await correctOnNextInvoice(test.db, request)).toEqual({ amount: '-10.56', month: '2026-02', takenBack: [] });
    expect(await proposalsOf(test.db)).toEqual([]);
    await settle(test.db, march);
    await draftMonth(test.db, { month: february, now: march });
    const { document } = await readDocument(test.db, await draftOf('acme', february));
    expect(
      document.sections.flatMap((section) => section.lines).filter((line) => line.kind === 'correction'),
    ).toMatchObject([{ serviceMonth: '2026-01', amount: '-10.56', taxPercent: '20' }]);
    expect(document.taxes.map(({ percent, base }) => [percent, base])).toEqual([
      ['20', '-10.56'],
      ['25', '100.00'],
    ]);
    await issue((await draftOf('acme', february)).invoiceId, march);
    await checkCorrections(test.db);
    expect(await proposalsOf(test.db)).toEqual([]);
  });

  it('keep an invoice that is corrected by an issued one from being cancelled', async () => {
    const { invoiceId } = await getInvoice(test.db, 'INV-000001');
    await expect(cancelInvoice(test.db, invoiceId, { reason: 'wrong', by: 'ann', now: march })).rejects.toThrow(
      /corrected by INV-000003/,
    );
  });

  it('give back by a credit note of its own series', async () => {
    await subscribe(test.db, { deployment: 'wiki', plan: 'grand', from: january }, 'ann', march);
    const wiki = { deployment: 'wiki', month: january, by: 'ann', now: march };
    await expect(issueCreditNote(test.db, wiki)).rejects.toThrow(/owes 550.00 USD more/);
    await subscribe(test.db, { deployment: 'wiki', plan: 'studio', from: day('2026-01-16') }, 'ann', march);
    await subscribe(test.db, { deployment: 'wiki', plan: 'studio', from: january }, 'ann', march);
    await expect(issueCreditNote(test.db, wiki)).rejects.toMatchObject({ code: 'not_found' });
    const { rows } = await sql<{ id: number }>`SELECT resource_id AS id FROM resources WHERE external_id = 'b'`.execute(
      test.db,
    );
    await writeState(test.db, rows[0]?.id as number, { status: 'off' }, at('2026-01-02'), at('2026-01-03'), march);
    await settle(test.db, march);
    const request = { deployment: 'shop', month: january, by: 'ann', now: march };
    const { creditNotes } = await issueCreditNote(test.db, request);
    expect(creditNotes).toMatchObject([{ number: 'CN-000001', total: '-1.15' }]); // 24 h at 0.04, and 20 % of it
    expect(await getInvoice(test.db, 'CN-000001')).toMatchObject({
      kind: 'credit_note',
      credits: 'INV-000001',
      state: 'issued',
    });
    expect(await proposalsOf(test.db)).toEqual([]);
    const { invoiceId } = await getInvoice(test.db, 'CN-000001');
    await expect(cancelInvoice(test.db, invoiceId, { reason: 'wrong', by: 'ann', now: march })).rejects.toThrow(
      /CN-000001 is a credit note/,
    );
    await writeState(test.db, rows[0]?.id as number, { status: 'off' }, at('2026-01-03'), at('2026-01-04'), march);
    await settle(test.db, march);
    await checkCorrections(test.db);
    expect(await proposalsOf(test.db)).toMatchObject([{ deployment: 'shop', amount: '-0.96' }]);
  });

  it('waive exactly what was waived', async () => {
    const request = { deployment: 'shop', month: january, by: 'ann', now: march, reason: 'a trifle' };
    expect(await waiveCorrection(test.db, request)).toEqual({ amount: '-0.96', takenBack: [] });
    expect(await proposalsOf(test.db)).toEqual([]);
    const { rows } = await sql<{ id: number }>`SELECT resource_id AS id FROM resources WHERE external_id = 'b'`.execute(
      test.db,
    );
    await writeState(test.db, rows[0]?.id as number, { status: 'off' }, at('2026-01-04'), at('2026-01-05'), march);
    await settle(test.db, march);
    await checkCorrections(test.db);
    expect(await proposalsOf(test.db)).toMatchObject([
      { deployment: 'shop', amount: '-0.96', lines: [{ decided: '-0.96' }] },
    ]);
  });
});

describe('a deployment that starts later than was believed', () => {
  it('is billed nothing of the time before: what was is given back', async () => {
    await setDeploymentStart(test.db, 'blog', at('2026-02-11'), at('2026-03-05'));
    await settle(test.db, at('2026-03-05'));
    await checkCorrections(test.db);
    expect(await proposalsOf(test.db, { deployment: 'blog' })).toMatchObject([
      { month: '2026-01', amount: '-50.00' },
      { month: '2026-02', amount: '-17.86' }, // 10 of 28 days
    ]);
    await setDeploymentStart(test.db, 'blog', at('2026-01-01'), at('2026-03-05'));
    await settle(test.db, at('2026-03-05'));
    await checkCorrections(test.db);
    expect(await proposalsOf(test.db, { deployment: 'blog' })).toEqual([]);
  });
});

describe('cancelled', () => {
  const march = at('2026-03-06');

  it('is an invoice that a credit note gives back in full; its month is billed anew', async () => {
    const { invoiceId, total } = await getInvoice(test.db, 'INV-000002');
    const cancelled = await cancelInvoice(test.db, invoiceId, { reason: 'wrong address', by: 'ann', now: march });
    expect(cancelled).toMatchObject({ number: 'CN-000002', total: `-${total}` });
    expect(await getInvoice(test.db, 'CN-000002')).toMatchObject({
      kind: 'credit_note',
      state: 'issued',
      credits: 'INV-000002',
      cancelReason: 'wrong address',
      total: `-${total}`,
    });
    const again = await draftOf('beta');
    expect(again.total).toBe(total);
    expect(await issue(again.invoiceId, march)).toMatchObject({ number: 'INV-000004' });
    expect(await getInvoice(test.db, 'INV-000002')).toMatchObject({
      state: 'cancelled',
      cancelledBy: 'CN-000002',
      cancelReason: 'wrong address',
    });
    const again2 = cancelInvoice(test.db, invoiceId, { reason: 'x', by: 'ann', now: march });
    await expect(again2).rejects.toMatchObject({ code: 'invoice_cancelled' });
    await checkCorrections(test.db);
    expect(await proposalsOf(test.db, { customer: 'beta' })).toEqual([]);
  });

  it('is not for drafts, and an approved one is a draft again', async () => {
    await draftMonth(test.db, { month: february, now: march });
    const { invoiceId } = await draftOf('beta', february);
    await expect(cancelInvoice(test.db, invoiceId, { reason: 'x', by: 'ann', now: march })).rejects.toMatchObject({
      code: 'conflict',
    });
    await expect(reopenInvoice(test.db, invoiceId, march)).rejects.toMatchObject({ code: 'conflict' });
    await approveInvoice(test.db, invoiceId, { by: 'ann', now: march });
    await expect(cancelInvoice(test.db, invoiceId, { reason: 'x', by: 'ann', now: march })).rejects.toMatchObject({
      code: 'conflict',
      next: { operation: 'invoice reopen' },
    });
    await reopenInvoice(test.db, invoiceId, march);
    expect(await getInvoice(test.db, String(invoiceId))).toMatchObject({ state: 'draft', approvedAt: null });
  });
});

describe('sellers', () => {
  it('bill with numbers of their own, or with those of the accounting system', async () => {
    const march = at('2026-03-07');
    await createEntity(
      test.db,
      'oslo',
      { name: 'Oslo AS', address: ['Karl Johans gate 1'], numbering: 'external' },
      { by: 'ann', now: march },
    );
    await setBilling(test.db, 'beta', { entity: 'oslo' }, february, 'ann', march);
    await draftMonth(test.db, { month: february, now: march });
    const draft = await draftOf('beta', february);
    expect(draft.entity).toBe('oslo');
    await approveInvoice(test.db, draft.invoiceId, { by: 'ann', now: march });
    await expect(issueInvoice(test.db, draft.invoiceId, { by: 'ann', now: march })).rejects.toThrow(
      /give the one for this document/,
    );
    expect(await issueInvoice(test.db, draft.invoiceId, { by: 'ann', now: march, number: 'F-77' })).toMatchObject({
      number: 'F-77',
    });
  });

  it('have one default', async () => {
    await setDefaultEntity(test.db, 'oslo');
    await setDefaultEntity(test.db, 'default');
    const { rows } = await sql`SELECT slug FROM legal_entities WHERE is_default`.execute(test.db);
    expect(rows).toEqual([{ slug: 'default' }]);
  });
});
