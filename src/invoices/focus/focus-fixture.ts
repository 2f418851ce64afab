import { sql } from 'kysely';
import type { Database } from '../../platform/database.ts';
import { Exact } from '../../platform/quantity.ts';
import type { LineTax } from '../taxes.ts';
import type { columns, FocusRow } from './columns.ts';
import type { BilledLine, BillingKinds } from './charge.ts';
import { type BilledDocument, DocumentCharges } from './document-charges.ts';

// For tests: documents as they were issued, in small.

export const vat: LineTax = { category: 'standard', percent: '19', treatment: 'taxed', title: 'VAT', note: null };

export const billingKinds: BillingKinds = new Map([
  ['droplet_hours', { title: 'Droplet hours, running', resourceKind: 'droplet' }],
  ['spaces_gb_month', { title: 'Spaces storage', resourceKind: 'spaces_bucket' }],
  ['gateway_requests', { title: 'Requests', resourceKind: 'gateway' }],
]);

const may = {
  plan: 'studio',
  planName: 'Studio',
  planFrom: '2026-01-01',
  from: '2026-05-01T00:00:00Z',
  to: '2026-06-01T00:00:00Z',
};

export function line(changes: Partial<BilledLine>): BilledLine {
  return {
    position: 1,
    kind: 'usage',
    deployment: 'acme',
    deploymentName: 'Acme',
    serviceMonth: Temporal.PlainDate.from('2026-05-01'),
    component: 'usage studio@2026-01-01 droplet_hours',
    description: 'Droplet hours, running',
    quantity: '12',
    unit: 'hour',
    unitPrice: '0.02',
    amount: '0.24',
    tax: vat,
    ...changes,
    details: {
      ...may,
      ...(changes.kind === undefined && {
        billingKind: 'droplet_hours',
        used: '1500',
        included: '1488',
        model: 'standard',
        tiers: [],
      }),
      ...changes.details,
    },
  };
}

export const baseFee = line({
  kind: 'base',
  component: 'base_fee studio@2026-01-01 2026-05-01T00:00:00Z',
  description: 'Studio, monthly fee',
  quantity: '1',
  unit: null,
  unitPrice: '50.00',
  amount: '50.00',
  details: { every: 'month', due: 'arrears' },
});

/** Turns lines into the charges of one document whose total is what they come to. */
export function chargesOf(lines: readonly BilledLine[], changes: Partial<BilledDocument> = {}): FocusRow[] {
  const taxes = changes.taxes ?? [];
  const total = [...lines, ...taxes].reduce((sum, { amount }) => sum.plus(amount), new Exact(0)).toFixed(2);
  const document: BilledDocument = {
    kind: 'invoice',
    number: 'INV-000007',
    credits: null,
    issuer: 'Hosting GmbH',
    customer: 'c-1',
    customerName: 'Acme Inc.',
    currency: 'EUR',
    billingMonth: Temporal.PlainDate.from('2026-05-01'),
    total,
    taxes,
    ...changes,
  };
  const charges = new DocumentCharges(document, billingKinds);
  const rows = lines.map((billed, index) => charges.charge({ ...billed, position: index + 1 }));
  return [...rows, ...charges.close()];
}

/** What a row breaks of FOCUS's rules on types, nulls and what hangs together; none: nothing. */
export function brokenRules(row: FocusRow, declared: typeof columns): string[] {
  const broken: string[] = [];
  const rule = (holds: boolean, words: string) => {
    if (!holds) broken.push(words);
  };
  for (const column of declared) {
    const value = row[column.name];
    if (value === null) {
      rule(column.nullable, `${column.name} is null`);
      continue;
    }
    const text = value instanceof Temporal.Instant ? value.toString() : JSON.stringify(value);
    const says = (form: RegExp) => rule(form.test(text), `${column.name} is ${text}`);
    if ('allowed' in column) rule(column.allowed.includes(value as never), `${column.name} is ${text}`);
    if (column.type === 'Decimal') says(/^"-?\d+(\.\d+)?"$/);
    if (column.type === 'String') says(/^".*\S.*"$/);
    if (column.type === 'Date/Time') says(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    if (column.type === 'JSON') says(/^\{.*\}$/);
  }
  const { ChargeCategory: category, PricingQuantity: quantity } = row;
  const regular = row.ChargeClass === null;
  const priced = category === 'Usage' || category === 'Purchase';
  const both = (one: unknown, other: unknown) => (one === null) === (other === null);
  rule(both(quantity, row.PricingUnit), 'PricingUnit without PricingQuantity');
  rule(both(row.ConsumedQuantity, row.ConsumedUnit), 'ConsumedUnit without ConsumedQuantity');
  rule(both(row.SubAccountId, row.SubAccountName), 'SubAccountName without SubAccountId');
  rule(!(priced && regular) || quantity !== null, `${category} without PricingQuantity`);
  rule(!(priced && regular) || row.SkuId !== null, `${category} without SkuId`);
  rule(!(priced && regular) || row.SkuPriceId !== null, `${category} without SkuPriceId`);
  rule(!(priced && regular) || row.ContractedUnitPrice !== null, `${category} without ContractedUnitPrice`);
  rule((category === 'Usage' && regular) === (row.ConsumedQuantity !== null), 'ConsumedQuantity is for usage');
  rule(row.SkuPriceId !== null || quantity === null, 'PricingQuantity without SkuPriceId');
  rule(row.SkuPriceId !== null || row.SkuPriceDetails === null, 'SkuPriceDetails without SkuPriceId');
  rule(row.SkuId !== null || (row.SkuPriceId === null && row.SkuMeter === null), 'a price without SkuId');
  rule(category !== 'Tax' || (row.SkuId === null && quantity === null), 'a tax with a SKU');
  rule(category !== 'Purchase' || row.ChargeFrequency !== 'Usage-Based', 'a purchase that is Usage-Based');
  rule(category !== 'Credit' || row.ContractedCost === row.BilledCost, 'a credit with another ContractedCost');
  rule(row.BillingPeriodStart.toString() < row.BillingPeriodEnd.toString(), 'an empty billing period');
  rule(row.ChargePeriodStart.toString() < row.ChargePeriodEnd.toString(), 'an empty charge period');
  for (const kind of ['Contracted', 'List'] as const) {
    const [unit, cost] = [row[`${kind}UnitPrice`], row[`${kind}Cost`]];
    if (unit === null || quantity === null) continue;
    rule(!new Exact(unit).isNegative(), `a negative ${kind}UnitPrice`);
    rule(new Exact(unit).times(quantity).toDecimalPlaces(18).eq(cost), `${kind}Cost is not price times quantity`);
  }
  return broken;
}

/** An issued invoice of so many lines of 0.24 USD each, for as many deployments as there are, written as it would stand. */
export async function insertIssued(
  db: Database,
  month: Temporal.PlainDate,
  number: string,
  lines: number,
): Promise<void> {
  const document = {
    seller: { name: 'Example Hosting Ltd' },
    buyer: { customer: 'acme', name: 'Acme Ltd' },
    credits: null,
    sections: [],
    taxes: [],
  };
  await db.transaction().execute(async (trx) => {
    await sql`
      INSERT INTO customers (external_id, name, currency, created_at) VALUES (${number}, 'Acme Ltd', 'USD', '-infinity')`.execute(
      trx,
    );
    await sql`
      INSERT INTO usage_states (month, day_revisions) VALUES (${month}::date, '{}') ON CONFLICT DO NOTHING`.execute(
      trx,
    );
    const { rows } = await sql<{ id: number }>`
      INSERT INTO invoices (kind, legal_entity_id, customer_id, currency, month, state, usage_state_id, usage_revision,
                            inputs_digest, rating_mark, subtotal, tax, total, taxes, drafted_at)
      SELECT 'invoice', e.legal_entity_id, c.customer_id, 'USD', ${month}::date, 'draft', u.usage_state_id, 0, '', 0,
             0.24 * ${lines}::int, 0, 0.24 * ${lines}::int, '[]', ${month}::date
      FROM legal_entities e, customers c, usage_states u
      WHERE e.is_default AND c.external_id = ${number} AND u.month = ${month}::date AND u.day_revisions = '{}'
      RETURNING invoice_id AS id`.execute(trx);
    const invoiceId = rows[0]?.id;
    await sql`
      INSERT INTO invoice_lines (invoice_id, position, kind, deployment_id, service_month, component, description, quantity,
                                 unit, unit_price, amount, tax, details)
      SELECT ${invoiceId}::bigint, i, 'usage', (SELECT min(deployment_id) FROM deployments), ${month}::date,
             'usage studio@2000-01-01 droplet_hours', 'Droplet hours, running', 12, 'hour', 0.02, 0.24,
             ${JSON.stringify({ ...vat, percent: '0', title: null })}::jsonb, ${JSON.stringify(line({}).details)}::jsonb
      FROM generate_series(1, ${lines}::int) AS i`.execute(trx);
    await sql`
      UPDATE invoices SET state = 'issued', issued_at = ${month}::date, issued_by = 'test', number = ${number},
        due_on = ${month}::date, document = ${JSON.stringify(document)}, document_digest = ''
      WHERE invoice_id = ${invoiceId}`.execute(trx);
  });
}
