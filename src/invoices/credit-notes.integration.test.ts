import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import {
  addDeployment,
  addDroplet,
  at,
  day,
  openBusiness,
  own,
  settle,
  proposalsOf,
} from '../../test/fixtures/invoices.ts';
import { MoneyLaws } from '../../test/fixtures/money-laws.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { Decimal } from '../platform/quantity.ts';
import { endSubscription, subscribe } from '../pricing/subscriptions.ts';
import { cancelInvoice } from './cancel.ts';
import {
  checkCorrections,
  correctOnNextInvoice,
  issueCreditNote,
  listDecisions,
  waiveCorrection,
} from './corrections.ts';
import { documentCsv } from './csv.ts';
import { draftMonth } from './drafts.ts';
import { getInvoice, invoicesOfMonth, listInvoices, readDocument, totalInvoices } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { addLine } from './manual-lines.ts';
import { setTaxRate } from './tax-rates.ts';

const january = day('2026-01-01');
const now = at('2026-02-05');

let test: TestDatabase;
let account: number;
beforeEach(async () => {
  test = await openTestDatabase();
  account = await openBusiness(test.db);
  const rate = { entity: null, category: 'standard', percent: '20', title: 'VAT', from: january };
  await setTaxRate(test.db, rate, 'ann', now);
});
afterEach(() => test.close());

/** Issues the invoices of January and returns the numbers. */
async function bill(month = january, on = now): Promise<string[]> {
  await settle(test.db, on);
  await draftMonth(test.db, { month, now: on });
  const numbers: string[] = [];
  for await (const { invoiceId } of invoicesOfMonth(test.db, month, 'draft')) {
    await approveInvoice(test.db, invoiceId, { by: 'ann', now: on });
    numbers.push((await issueInvoice(test.db, invoiceId, { by: 'ann', now: on })).number);
  }
  return numbers;
}

async function end(deployment: string, from: string): Promise<void> {
  await endSubscription(test.db, { deployment, from: at(from) }, 'ann', now);
}

const credit = (deployment: string, month = january, on = now) =>
  issueCreditNote(test.db, { deployment, month, by: 'ann', now: on });

async function take(number: string): Promise<void> {
  const { invoiceId } = await getInvoice(test.db, number);
  await cancelInvoice(test.db, invoiceId, { reason: 'not sent', by: 'ann', now });
}

/** What stands of an invoice and its credit notes: net, tax and total. */
async function standing(): Promise<{ net: string; tax: string; total: string }> {
  const { items } = await listInvoices(test.db, { state: 'issued' }, { limit: 100, cursor: null });
  const sum = (pick: (invoice: { subtotal: string; tax: string; total: string }) => string) =>
    items.reduce((total, invoice) => total.plus(pick(invoice)), new Decimal(0)).toFixed(2);
  return { net: sum((one) => one.subtotal), tax: sum((one) => one.tax), total: sum((one) => one.total) };
}

describe('several credit notes of an invoice', () => {
  it('give back all of its tax with the last line, and never more', async () => {
    const fees = { a: '68.33', b: '68.33', c: '57.50', d: '85.00' };
    for (const [slug, base] of Object.entries(fees)) {
      await makePlan(test.db, { plan: `plan-${slug}`, base });
      await addDeployment(test.db, { customer: 'acme', slug, plan: `plan-${slug}` });
    }
    const [number] = await bill();
    expect(await getInvoice(test.db, number as string)).toMatchObject({ total: '334.99' });
    const laws = new MoneyLaws(test.db);
    for (const slug of Object.keys(fees)) {
      await end(slug, '2026-01-01');
      await credit(slug);
      await laws.hold();
    }
    expect(await standing()).toEqual({ net: '0.00', tax: '0.00', total: '0.00' });
  });

  it('leave the tax of what is left of it, however many they are', async () => {
    await makePlan(test.db, { plan: 'tiny', base: '0.93' });
    await addDeployment(test.db, { customer: 'acme', slug: 'shop', plan: 'tiny' });
    await bill();
    const days = [31, 30, 29, 28, 27, 26];
    for (const last of days) {
      await end('shop', `2026-01-${last}`);
      await credit('shop');
    }
    expect(await standing()).toEqual({ net: '0.75', tax: '0.15', total: '0.90' });
  });

  it('are taken off what cancels the invoice, at each tax to the cent', async () => {
    await makePlan(test.db, { plan: 'tiny', base: '0.93' });
    await addDeployment(test.db, { customer: 'acme', slug: 'shop', plan: 'tiny' });
    const [number = ''] = await bill();
    expect(await standing()).toEqual({ net: '0.93', tax: '0.19', total: '1.12' });
    await end('shop', '2026-01-31');
    await credit('shop');
    const laws = new MoneyLaws(test.db);
    await laws.hold();
    const { invoiceId } = await getInvoice(test.db, number);
    const request = { reason: 'wrong customer', by: 'ann', now };
    expect(await cancelInvoice(test.db, invoiceId, request)).toMatchObject({ number: 'CN-000002' });
    await laws.hold();
    const note = await getInvoice(test.db, 'CN-000002');
    const { document } = await readDocument(test.db, note);
    expect(document).toMatchObject({ credits: number, cancels: 'wrong customer' });
    expect(documentCsv(document)).toContain(`,${number},wrong customer`);
    expect(await proposalsOf(test.db)).toEqual([]);
    expect(await totalInvoices(test.db, { month: january, kind: 'credit_note' })).toMatchObject([{ total: '-1.12' }]);
  });

  it('and manual lines are given back as manual lines, so that the month is billed anew as a whole', async () => {
    await makePlan(test.db, { plan: 'tiny', base: '10.00' });
    await addDeployment(test.db, { customer: 'acme', slug: 'shop', plan: 'tiny' });
    await draftMonth(test.db, { month: january, now });
    const [draft] = (await listInvoices(test.db, { state: 'draft' }, { limit: 1, cursor: null })).items;
    const line = { description: 'Support', quantity: '2', unit: 'hour', unitPrice: '80' };
    await addLine(test.db, draft?.invoiceId as number, line, 'ann', now);
    const [number = ''] = await bill();
    const { invoiceId, total } = await getInvoice(test.db, number);
    expect(await cancelInvoice(test.db, invoiceId, { reason: 'wrong', by: 'ann', now })).toMatchObject({
      total: `-${total}`,
    });
    const [again] = (await listInvoices(test.db, { state: 'draft' }, { limit: 1, cursor: null })).items;
    expect(again).toMatchObject({ total });
    await bill();
    await new MoneyLaws(test.db).hold();
    expect(await proposalsOf(test.db)).toEqual([]);
  });

  it('cannot be left out: the database refuses what is marked as cancelled and is not credited in full', async () => {
    await makePlan(test.db, { plan: 'tiny', base: '10.00' });
    await addDeployment(test.db, { customer: 'acme', slug: 'shop', plan: 'tiny' });
    await bill();
    await end('shop', '2026-01-31');
    await credit('shop');
    const mark = sql`
      UPDATE invoices i SET cancelled_at = ${now}, cancelled_by = 'nobody', cancel_reason = 'x',
        cancelling_note_id = (SELECT invoice_id FROM invoices n WHERE n.credits_invoice_id = i.invoice_id)
      WHERE kind = 'invoice'`;
    await expect(mark.execute(test.db)).rejects.toThrow(/not credited in full/);
  });
});

describe('a credit note', () => {
  const request = { deployment: 'shop', month: january, by: 'ann', now };
  const february = day('2026-02-01');
  const march5 = at('2026-03-05');
  let droplet: number;

  /** January of the shop is invoiced with 12.00; then a droplet of 315 hours shows up, which are 12.60. */
  beforeEach(async () => {
    const hours = { kind: 'droplet_hours', model: 'standard' as const, properties: { unitPrice: '0.04' } };
    await makePlan(test.db, { plan: 'small', base: '10.00', items: [hours] });
    await addDeployment(test.db, { customer: 'acme', slug: 'shop', plan: 'small' });
    await addDeployment(test.db, { customer: 'beta', slug: 'wiki', plan: 'studio' });
    expect(await bill()).toHaveLength(2);
    droplet = await addDroplet(test.db, account, 'late', ['shop'], '2026-01-18T21:00:00Z');
    await settle(test.db, now);
  });

  const goesBack = async (from = '2026-01-18T21:00:00Z', on = now) => {
    await own(test.db, droplet, ['wiki'], from, on.toString());
    await settle(test.db, on);
  };

  const correctionsDrafted = async (month = february) => {
    const { items } = await listInvoices(test.db, { customer: 'acme', month }, { limit: 9, cursor: null });
    const { document } = await readDocument(test.db, await getInvoice(test.db, String(items[0]?.invoiceId)));
    const lines = document.sections.flatMap((section) => section.lines);
    return lines.filter((line) => line.kind === 'correction').map((line) => line.amount);
  };

  it('gives nothing back of what was never invoiced: a pending line is taken off its draft', async () => {
    expect(await correctOnNextInvoice(test.db, request)).toEqual({ amount: '12.60', month: '2026-02', takenBack: [] });
    expect(await correctionsDrafted()).toEqual(['12.60']);
    await goesBack();
    expect(await credit('shop')).toEqual({ creditNotes: [], takenBack: [{ month: '2026-02', amount: '12.60' }] });
    expect(await correctionsDrafted()).toEqual([]);
    expect(await proposalsOf(test.db, { deployment: 'shop' })).toEqual([]);
    expect(await getInvoice(test.db, 'INV-000001')).toMatchObject({ customer: 'acme', total: '12.00' });
  });

  it('leaves on its draft what still holds of it', async () => {
    await correctOnNextInvoice(test.db, request);
    await goesBack('2026-01-25');
    // Of 315 hours 147 are left: 5.88.
    expect(await credit('shop')).toEqual({ creditNotes: [], takenBack: [{ month: '2026-02', amount: '6.72' }] });
    expect(await correctionsDrafted()).toEqual(['5.88']);
    expect(await proposalsOf(test.db, { deployment: 'shop' })).toEqual([]);
  });

  it('gives back what was issued beyond what is taken off a draft', async () => {
    await correctOnNextInvoice(test.db, request);
    await goesBack();
    await end('shop', '2026-01-01');
    expect(await credit('shop')).toMatchObject({
      creditNotes: [{ number: 'CN-000001', credits: 'INV-000001', total: '-12.00' }],
      takenBack: [{ month: '2026-02', amount: '12.60' }],
    });
  });

  it('gives nothing back of what was waived', async () => {
    expect(await waiveCorrection(test.db, { ...request, reason: 'a trifle' })).toEqual({
      amount: '12.60',
      takenBack: [],
    });
    await goesBack();
    expect(await credit('shop')).toEqual({ creditNotes: [], takenBack: [{ month: null, amount: '12.60' }] });
    expect(await listDecisions(test.db, { deployment: 'shop' }, 9)).toMatchObject([
      { amount: '12.60', withdrawn: true },
    ]);
  });

  it('is one of each invoice that charged what it gives back, the last charged first', async () => {
    await correctOnNextInvoice(test.db, request);
    await bill(february, march5);
    await end('shop', '2026-01-01');
    expect(await credit('shop', january, march5)).toMatchObject({
      creditNotes: [
        { credits: 'INV-000001', total: '-12.00' },
        { credits: 'INV-000003', total: '-15.12' },
      ],
    });
    await new MoneyLaws(test.db).hold();
    // What was given back of it is neither given back again nor charged again.
    await take('INV-000003');
    await new MoneyLaws(test.db).hold();
    expect(await getInvoice(test.db, 'CN-000003')).toMatchObject({ subtotal: '-36.88', credits: 'INV-000003' });
    expect(await proposalsOf(test.db)).toEqual([]);
    expect((await listInvoices(test.db, { state: 'draft' }, { limit: 9, cursor: null })).items).toEqual([]);
  });

  it('does not give back more than is left of an invoice, which gave something back itself', async () => {
    await goesBack();
    await end('shop', '2026-01-01');
    await correctOnNextInvoice(test.db, request);
    await addDeployment(test.db, { customer: 'acme', slug: 'blog', plan: 'small', from: '2026-02-01' });
    await addDeployment(test.db, { customer: 'acme', slug: 'docs', plan: 'small', from: '2026-02-01' });
    await bill(february, march5);
    // Two months of 10.00, less the 10.00 of January: 12.00 with tax.
    await end('blog', '2026-02-01');
    await credit('blog', february, march5);
    await end('docs', '2026-02-01');
    await expect(credit('docs', february, march5)).rejects.toThrow(/0.00 USD is left of INV-000003/);
    expect(await correctOnNextInvoice(test.db, { ...request, deployment: 'docs', month: february })).toMatchObject({
      amount: '-10.00',
    });
  });

  it('keeps an invoice from being cancelled without which more would have been given back than charged', async () => {
    await correctOnNextInvoice(test.db, request);
    await bill(february, march5);
    await goesBack('2026-01-18T21:00:00Z', march5);
    await correctOnNextInvoice(test.db, { ...request, now: at('2026-04-05') });
    await end('shop', '2026-01-01');
    await checkCorrections(test.db);
    await correctOnNextInvoice(test.db, { ...request, now: at('2026-04-05') });
    await bill(day('2026-03-01'), at('2026-04-05'));
    await expect(take('INV-000003')).rejects.toThrow(/corrected by INV-000005;/);
  });
});

describe('a charge', () => {
  it('is of nothing that was only to be given back: that is taken off its draft first', async () => {
    await makePlan(test.db, { plan: 'small', base: '10.00' });
    await makePlan(test.db, { plan: 'large', base: '25.00' });
    await addDeployment(test.db, { customer: 'acme', slug: 'shop', plan: 'small' });
    await bill();
    const request = { deployment: 'shop', month: january, by: 'ann', now };
    await end('shop', '2026-01-01');
    await correctOnNextInvoice(test.db, request);
    await subscribe(test.db, { deployment: 'shop', plan: 'small', from: january }, 'ann', now);
    expect(await correctOnNextInvoice(test.db, request)).toEqual({
      amount: '0.00',
      month: null,
      takenBack: [{ month: '2026-02', amount: '-10.00' }],
    });
    expect(await proposalsOf(test.db)).toEqual([]);
  });

  it('corrects the time of the service, which does not begin before the deployment', async () => {
    const hours = { kind: 'droplet_hours', model: 'standard' as const, properties: { unitPrice: '0.04' } };
    await makePlan(test.db, { plan: 'small', base: '31.00', items: [hours] });
    await addDeployment(test.db, { customer: 'acme', slug: 'shop', plan: 'small', from: '2026-01-10' });
    await bill();
    await addDroplet(test.db, account, 'late', ['shop'], '2026-01-20');
    await end('shop', '2026-01-31');
    await settle(test.db, now);
    await correctOnNextInvoice(test.db, { deployment: 'shop', month: january, by: 'ann', now });
    const [draft] = (await listInvoices(test.db, { month: day('2026-02-01') }, { limit: 1, cursor: null })).items;
    const { document } = await readDocument(test.db, await getInvoice(test.db, String(draft?.invoiceId)));
    const lines = document.sections.flatMap((section) => section.lines);
    expect(lines.map(({ component, amount, period }) => [component.split(' ')[0], amount, period])).toEqual([
      ['base_fee', '-1.00', { from: '2026-01-10', to: '2026-02-01' }],
      ['usage', '10.56', { from: '2026-01-10', to: '2026-02-01' }],
    ]);
  });
});
