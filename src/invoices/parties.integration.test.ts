import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, addDroplet, at, day, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { billingHistory, setBilling } from './billing.ts';
import { draftMonth } from './drafts.ts';
import { createEntity, getEntity, partyHistory, updateEntity } from './entities.ts';
import { getInvoice, listInvoices, readDocument } from './invoices.ts';
import { approveInvoice, issueInvoice } from './issue.ts';
import { setTaxRate } from './tax-rates.ts';

const january = day('2026-01-01');
const now = at('2026-02-10');

let database: TestDatabase;
let invoiceId: number;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await openBusiness(db);
  await addDeployment(db, { customer: 'acme', slug: 'acme' });
  for (const name of ['one', 'two', 'three']) await addDroplet(db, account, name, ['acme'], '2026-01-01');
  const tiers = [
    { upTo: '1000', unitPrice: '0.03' },
    { upTo: null, unitPrice: '0.02' },
  ];
  for (const [plan, linePerTier] of [
    ['tiered', true],
    ['summed', false],
  ] as const) {
    const item = { kind: 'droplet_hours', model: 'graduated', properties: { tiers, linePerTier } } as const;
    await makePlan(db, { plan, base: '0', items: [item] });
    await addDeployment(db, { customer: plan, slug: plan, plan });
    for (const name of ['a', 'b']) await addDroplet(db, account, `${plan}-${name}`, [plan], '2026-01-01');
  }
  await settle(db, now);
  await draftMonth(db, { month: january, now });
  invoiceId =
    (await listInvoices(db, { month: january, customer: 'acme' }, { limit: 1, cursor: null })).items[0]?.invoiceId ?? 0;
});
afterAll(() => database.close());

const read = async () => readDocument(database.db, await getInvoice(database.db, String(invoiceId)));
const lacking = async () => (await read()).lacking.map(({ message }) => message);

test('what a draft lacks by rule is named as it is needed, with the operation that tells it', async () => {
  const { db } = database;
  expect((await read()).missing).toEqual([]);
  expect((await read()).lacking).toContainEqual({
    rule: 'BR-11',
    message: "BR-11: the buyer's country",
    next: { operation: 'customer billing set', arguments: { customer: 'acme', from: '2026-01-01' } },
  });
  expect(await lacking()).toEqual([
    "BR-09: the seller's country",
    "BR-11: the buyer's country",
    "BR-CO-26: the seller's VAT id or registration id",
    "BR-61: the seller's account (IBAN)",
  ]);
  await setTaxRate(
    db,
    { entity: 'default', category: 'standard', title: 'VAT', percent: '20', from: null },
    'ann',
    now,
  );
  await draftMonth(db, { month: january, now });
  expect(await lacking()).toContain("BR-S-02: the seller's VAT id");
  const told = { from: january, by: 'ann', now };
  await updateEntity(db, 'default', { country: 'DE', vatId: 'DE123456789', iban: 'DE89370400440532013000' }, told);
  await setBilling(db, 'acme', { country: 'AT' }, null, 'ann', at('2026-01-02'));
  expect(await lacking()).toEqual([
    "BR-DE-3: the seller's city",
    "BR-DE-4: the seller's postal code",
    "BR-DE-5: the seller's contact",
    "BR-DE-6: the telephone number of the seller's contact",
    "BR-DE-7: the e-mail of the seller's contact",
    "BR-DE-8: the buyer's city",
    "BR-DE-9: the buyer's postal code",
    "BR-DE-15: the buyer's reference",
  ]);
});

test('what is told from a day after the month on is named with that day, and with the day that adds it to the month', async () => {
  const { db } = database;
  await createEntity(
    db,
    'late',
    { name: 'Late Ltd', address: ['3 Quay Street'] },
    { by: 'ann', now: at('2026-01-02') },
  );
  await setTaxRate(db, { entity: 'late', category: 'standard', title: 'VAT', percent: '20', from: null }, 'ann', now);
  await setBilling(db, 'tiered', { entity: 'late' }, null, 'ann', at('2026-01-02'));
  await draftMonth(db, { month: january, now });
  const own = await listInvoices(db, { month: january, customer: 'tiered' }, { limit: 1, cursor: null });
  const id = own.items[0]?.invoiceId ?? 0;
  await approveInvoice(db, id, { by: 'ann', now });
  const issue = () => issueInvoice(db, id, { by: 'ann', now });
  const next = { operation: 'entity set', arguments: { entity: 'late', from: '2026-01-01' } };
  // Nothing of it is told for any day: a change without a day would count from today all the same.
  await expect(issue()).rejects.toMatchObject({
    message: expect.stringContaining('Seller "late" charges tax and has no tax id.'),
    next,
  });
  await updateEntity(db, 'late', { taxIds: ['VAT GB1'] }, { by: 'ann', now });
  await expect(issue()).rejects.toMatchObject({
    message: expect.stringContaining(
      'Seller "late" charges tax and has no tax id on 2026-01-31: it is set from 2026-02-10 on.',
    ),
    next,
  });
  await updateEntity(db, 'late', { taxIds: ['VAT GB1'] }, { from: day(next.arguments.from), by: 'ann', now });
  expect(await issue()).toMatchObject({ issuedNow: true });
});

test('an electronic address and its scheme go together', async () => {
  const told = { by: 'ann', now };
  await expect(updateEntity(database.db, 'default', { electronicAddress: 'a@b.example' }, told)).rejects.toMatchObject({
    code: 'invalid_argument',
  });
  await expect(setBilling(database.db, 'acme', { registrationScheme: '0002' }, null, 'ann', now)).rejects.toMatchObject(
    { code: 'invalid_argument' },
  );
});

test('a document has the parties of the last day of its month, and keeps them', async () => {
  const { db } = database;
  const told = { from: day('2026-02-01'), by: 'ann', now };
  await updateEntity(db, 'default', { name: 'Moved GmbH', city: 'Hamburg' }, told);
  await setBilling(db, 'acme', { city: 'Graz', buyerReference: 'Dept 9' }, day('2026-01-31'), 'ann', now);
  expect(await getEntity(db, 'default')).toMatchObject({ name: 'Moved GmbH', city: 'Hamburg', country: 'DE' });
  expect(
    (await partyHistory(db, 'default')).map(({ from, name, country }) => [from?.toString() ?? null, name, country]),
  ).toEqual([
    [null, 'Example Hosting Ltd', null],
    ['2026-01-01T00:00:00Z', 'Example Hosting Ltd', 'DE'],
    ['2026-02-01T00:00:00Z', 'Moved GmbH', 'DE'],
  ]);
  await approveInvoice(db, invoiceId, { by: 'ann', now });
  await issueInvoice(db, invoiceId, { by: 'ann', now });
  const { document } = await read();
  expect(document.seller).toMatchObject({
    name: 'Example Hosting Ltd',
    party: { country: 'DE', vatId: 'DE123456789', city: null },
  });
  expect(document.buyer).toMatchObject({ reference: 'Dept 9', party: { country: 'AT', city: 'Graz' } });
  expect(document.payment).toEqual({ iban: 'DE89370400440532013000', bic: null, accountName: null, terms: null });
  const lines = document.sections.flatMap((section) => section.lines);
  expect(lines.map(({ kind, billed, vat }) => [kind, billed, vat?.code])).toEqual([
    ['base', [{ quantity: '1', unitCode: 'C62', unitPrice: '50.00', amount: '50.00' }], 'S'],
    ['usage', [{ quantity: '744', unitCode: 'HUR', unitPrice: '0.04', amount: '29.76' }], 'S'],
  ]);
  expect(document.taxes).toMatchObject([{ vat: { code: 'S', reason: null } }]);

  await updateEntity(db, 'default', { name: 'Later AG' }, { from: january, by: 'ann', now });
  await setBilling(db, 'acme', { country: 'CH' }, january, 'ann', now);
  expect((await read()).document).toEqual(document);
});

test('tiers are one row of their sum, or a row each where the plan says so', async () => {
  const { db } = database;
  const billed = async (customer: string) => {
    const [found] = (await listInvoices(db, { month: january, customer }, { limit: 1, cursor: null })).items;
    const { document } = await readDocument(db, found as NonNullable<typeof found>);
    return document.sections.flatMap((section) => section.lines.map((line) => line.billed));
  };
  expect(await billed('tiered')).toEqual([
    [
      { quantity: '1000', unitCode: 'HUR', unitPrice: '0.03', amount: '30.00' },
      { quantity: '488', unitCode: 'HUR', unitPrice: '0.02', amount: '9.76' },
    ],
  ]);
  expect(await billed('summed')).toEqual([[{ quantity: '1', unitCode: 'C62', unitPrice: '39.76', amount: '39.76' }]]);
});

test('what holds from a day on holds until its own next change, of a seller and of a customer', async () => {
  const { db } = database;
  const by = 'ann';
  await createEntity(db, 'dated', { name: 'Old Ltd', address: ['1 Quay'] }, { by, now });
  await updateEntity(db, 'dated', { name: 'New Ltd' }, { from: day('2026-09-01'), by, now });
  await updateEntity(
    db,
    'dated',
    { name: 'Other Ltd', email: 'pay@old.example' },
    { from: day('2026-06-01'), by, now },
  );
  expect(
    (await partyHistory(db, 'dated')).map(({ from, name, email }) => [from?.toString() ?? null, name, email]),
  ).toEqual([
    [null, 'Old Ltd', null],
    ['2026-06-01T00:00:00Z', 'Other Ltd', 'pay@old.example'],
    ['2026-09-01T00:00:00Z', 'New Ltd', 'pay@old.example'],
  ]);
  await setBilling(db, 'acme', { termsDays: 14 }, day('2026-09-01'), by, now);
  expect(await setBilling(db, 'acme', { termsDays: 30, poNumber: 'PO-1' }, day('2026-06-01'), by, now)).toMatchObject({
    changed: true,
  });
  const history = await billingHistory(db, 'acme');
  expect(history.slice(-2).map(({ termsDays, poNumber }) => [termsDays, poNumber])).toEqual([
    [30, 'PO-1'],
    [14, 'PO-1'],
  ]);
  expect(await setBilling(db, 'acme', { termsDays: 30 }, day('2026-06-01'), by, now)).toMatchObject({ changed: false });
});
