import { describe, expect, test } from 'vitest';
import { Decimal } from '../../platform/quantity.ts';
import type { TaxTotal } from '../taxes.ts';
import { columns, type FocusRow } from './columns.ts';
import { baseFee, brokenRules, chargesOf, line, vat } from '../../../test/fixtures/focus.ts';
import type { BilledLine } from './charge.ts';
import type { BilledDocument } from './document-charges.ts';

const one = (billed: BilledLine, changes: Partial<BilledDocument> = {}): FocusRow => {
  const [row] = chargesOf([billed], changes);
  expect(brokenRules(row as FocusRow, columns)).toEqual([]);
  return row as FocusRow;
};
const iso = (row: FocusRow) => `${row.ChargePeriodStart} ${row.ChargePeriodEnd}`;

describe('every row', () => {
  test('says who bills whom, for which deployment, when, and who runs what is sold', () => {
    expect(one(line({}))).toMatchObject({
      BillingAccountId: 'c-1',
      BillingAccountName: 'Acme Inc.',
      BillingCurrency: 'EUR',
      HostProviderName: 'DigitalOcean',
      InvoiceDetailId: '1',
      InvoiceId: 'INV-000007',
      InvoiceIssuerName: 'Hosting GmbH',
      ServiceProviderName: 'Hosting GmbH',
      SubAccountId: 'acme',
      SubAccountName: 'Acme',
    });
    const { BillingPeriodStart: from, BillingPeriodEnd: to } = one(line({}));
    expect([from, to].map(String)).toEqual(['2026-05-01T00:00:00Z', '2026-06-01T00:00:00Z']);
  });
});

describe('a base fee', () => {
  test('is a recurring purchase of the plan', () => {
    expect(one(baseFee)).toMatchObject({
      BilledCost: '50.00',
      ChargeCategory: 'Purchase',
      ChargeClass: null,
      ChargeFrequency: 'Recurring',
      ContractedCost: '50',
      EffectiveCost: '50.00',
      PricingQuantity: '1',
      PricingUnit: 'Months',
      ServiceName: 'Hosting plan',
      SkuId: 'plan/studio',
      SkuPriceId: 'plan/studio/month',
    });
  });

  test('of a part of a month has the price of a month, for that part of it', () => {
    const part = { ...baseFee, amount: '24.19', details: { ...baseFee.details, part: '0.483870967741935484' } };
    expect(one(part)).toMatchObject({
      BilledCost: '24.19',
      ContractedCost: '24.1935483870967742',
      ListUnitPrice: '50',
      PricingQuantity: '0.483870967741935484',
      PricingUnit: 'Months',
    });
  });

  test('of a year is priced in years', () => {
    const year = { ...baseFee, details: { ...baseFee.details, every: 'year' } };
    expect(one(year)).toMatchObject({ PricingQuantity: '1', PricingUnit: 'Years', SkuPriceId: 'plan/studio/year' });
    const every = (text: string) => one({ ...baseFee, details: { ...baseFee.details, every: text } }).PricingUnit;
    expect(['quarter', '6 months'].map(every)).toEqual(['3 Months', '6 Months']);
  });

  test('that was issued before lines said what a whole fee is stands for itself', () => {
    const { fee: _, part: __, ...details } = baseFee.details;
    expect(one({ ...baseFee, details: { ...details, fee: undefined, part: undefined } })).toMatchObject({
      ListUnitPrice: '50',
      PricingQuantity: '1',
      PricingUnit: 'Units',
    });
  });

  test('due in advance is for the month that it is for, in the period that bills it', () => {
    const ahead = one({
      ...baseFee,
      details: { ...baseFee.details, from: '2026-06-01T00:00:00Z', to: '2026-07-01T00:00:00Z' },
    });
    expect(iso(ahead)).toBe('2026-06-01T00:00:00Z 2026-07-01T00:00:00Z');
    expect(ahead.BillingPeriodStart.toString()).toBe('2026-05-01T00:00:00Z');
  });
});

describe('usage', () => {
  test('is consumed whole and priced beyond what is included', () => {
    expect(one(line({}))).toMatchObject({
      BilledCost: '0.24',
      ChargeCategory: 'Usage',
      ChargeDescription: 'Droplet hours, running, 12 Hours at 0.02 EUR',
      ChargeFrequency: 'Usage-Based',
      ConsumedQuantity: '1500',
      ConsumedUnit: 'Hours',
      ContractedCost: '0.24',
      ContractedUnitPrice: '0.02',
      PricingQuantity: '12',
      PricingUnit: 'Hours',
      ServiceCategory: 'Compute',
      ServiceSubcategory: 'Virtual Machines',
      SkuId: 'droplet_hours',
      SkuMeter: 'Droplet hours, running',
      SkuPriceId: 'studio/droplet_hours',
      x_IncludedQuantity: '1488',
    });
  });

  test('is rounded once where it is billed, and not at all where it is priced', () => {
    const row = one(line({ quantity: '12.123456789', unitPrice: '0.0213', amount: '0.26' }));
    expect([row.BilledCost, row.EffectiveCost, row.ContractedCost]).toEqual(['0.26', '0.26', '0.2582296296057']);
  });

  test.each([
    ['cap', '500', '5.00', ['10.00', '-5.00']],
    ['minimum', '0', '50.00', ['0.00', '50.00']],
  ])('limited by a %s is priced as it is, and the limit is a row of its own', (limitedBy, quantity, amount, billed) => {
    const rows = chargesOf([line({ quantity, amount, details: { limitedBy } })]);
    expect(rows.flatMap((row) => brokenRules(row, columns))).toEqual([]);
    expect(rows.map((row) => row.BilledCost)).toEqual(billed);
    for (const row of rows) expect(new Decimal(row.ContractedCost).eq(row.BilledCost)).toBe(true);
    expect(rows[1]).toMatchObject({ ChargeCategory: 'Adjustment', InvoiceDetailId: '1', ServiceName: 'Droplets' });
  });

  test('whose units differ in price is a row a tier, each with its units and price, and they add up', () => {
    const tier = (from: string, upTo: string | null, units: string, unitPrice: string, flatFee = '0') => ({
      from,
      upTo,
      units,
      unitPrice,
      flatFee,
    });
    const tiers = [
      tier('0', '10', '10', '1.0005'),
      tier('10', '20', '10', '0.5005', '3'),
      tier('20', null, '0.5', '0.01'),
    ];
    // 10.005 + 5.005 + 3 + 0.005 are 18.015: rounded one by one they would be 18.03.
    const billed = { unitPrice: null, quantity: '20.5', amount: '18.02', details: { model: 'graduated', tiers } };
    const rows = chargesOf([line({ ...billed, details: { ...billed.details, used: '1508.5' } })]);
    expect(rows.flatMap((row) => brokenRules(row, columns))).toEqual([]);
    expect(
      rows.map((row) => [
        row.PricingQuantity,
        row.PricingUnit,
        row.ListUnitPrice,
        row.BilledCost,
        row.ConsumedQuantity,
      ]),
    ).toEqual([
      ['10', 'Hours', '1.0005', '10.01', '1498'],
      ['10', 'Hours', '0.5005', '5.00', '10'],
      ['1', 'Units', '3', '3.00', '0'],
      ['0.5', 'Hours', '0.01', '0.01', '0.5'],
    ]);
    expect(new Set(rows.map((row) => row.SkuPriceId)).size).toBe(4);
    expect(rows[1]).toMatchObject({
      InvoiceDetailId: '1',
      SkuPriceDetails: { x_PlanId: 'studio', x_TierFrom: '10', x_TierUpTo: '20' },
      SkuPriceId: 'studio/droplet_hours/from-10',
    });
  });

  test('in tiers of thousands is priced by the thousand, and consumed as it was used', () => {
    const tiers = [
      { from: '0', upTo: '2', units: '2', unitPrice: '1', flatFee: '0' },
      { from: '2', upTo: null, units: '1', unitPrice: '0.5', flatFee: '0' },
    ];
    const details = { model: 'graduated', tiers, per: '1000', used: '2300', included: '0' };
    const rows = chargesOf([line({ unit: 'request', unitPrice: null, quantity: '2300', amount: '2.50', details })]);
    expect(rows.map((row) => [row.PricingQuantity, row.PricingUnit, row.ConsumedQuantity, row.ConsumedUnit])).toEqual([
      ['2', '1000 Requests', '2000', 'Requests'],
      ['1', '1000 Requests', '300', 'Requests'],
    ]);
  });

  test('that the plan has no price for costs nothing, and is there', () => {
    const row = one(line({ unitPrice: null, amount: '0.00', details: { model: null } }));
    expect(row).toMatchObject({ BilledCost: '0.00', ContractedUnitPrice: '0', PricingQuantity: '12' });
  });

  test('of a kind that is none of ours is Other, by its own title', () => {
    const row = one(line({ component: 'usage studio@2026-01-01 gateway_requests' }));
    expect(row).toMatchObject({ ServiceCategory: 'Other', ServiceName: 'Requests', SkuId: 'gateway_requests' });
  });

  test('of part of a month is for that part, in whole seconds', () => {
    const row = one(line({ details: { from: '2026-05-10T06:00:00.5Z', to: '2026-06-01T00:00:00Z' } }));
    expect(iso(row)).toBe('2026-05-10T06:00:00Z 2026-06-01T00:00:00Z');
    const short = one(line({ details: { from: '2026-05-10T06:00:00.1Z', to: '2026-05-10T06:00:00.2Z' } }));
    expect(iso(short)).toBe('2026-05-10T06:00:00Z 2026-05-10T06:00:01Z');
  });
});

test.each([
  ['discount', 'Credit'],
  ['minimum', 'Adjustment'],
  ['cap', 'Adjustment'],
])('what a %s does is a row of its own: %s', (cause, category) => {
  const row = one(
    line({
      kind: 'adjustment',
      component: `${cause} studio@2026-01-01`,
      description: `Studio, ${cause}`,
      quantity: null,
      unit: null,
      unitPrice: null,
      amount: '-5.00',
      details: { cause },
    }),
  );
  expect(row).toMatchObject({
    BilledCost: '-5.00',
    ChargeCategory: category,
    ContractedCost: '-5.00',
    PricingQuantity: null,
  });
});

describe('a manual line', () => {
  const setup = line({
    kind: 'manual',
    component: 'manual 4',
    description: '=cmd setup\nof the site',
    quantity: '1.5',
    unit: 'hour',
    unitPrice: '80',
    amount: '120.00',
    details: { from: undefined, to: undefined },
  });

  test('is bought once, for its month; its words cannot be run as a formula', () => {
    expect(one({ ...setup, deployment: null, deploymentName: null })).toMatchObject({
      ChargeCategory: 'Purchase',
      ChargeDescription: 'Charge: =cmd setup of the site',
      ChargeFrequency: 'One-Time',
      HostProviderName: 'Not Applicable',
      PricingQuantity: '1.5',
      PricingUnit: 'Hours',
      SubAccountId: null,
    });
    expect(iso(one(setup))).toBe('2026-05-01T00:00:00Z 2026-06-01T00:00:00Z');
  });

  test('that gives back is a credit', () => {
    const row = one({ ...setup, quantity: '-1', amount: '-80.00' });
    expect(row).toMatchObject({ BilledCost: '-80.00', ChargeCategory: 'Credit', ListCost: '-80.00', SkuPriceId: null });
  });
});

describe('a correction', () => {
  const corrected = (component: string, amount = '-1.20'): BilledLine =>
    line({
      kind: 'correction',
      component,
      description: 'Correction',
      serviceMonth: Temporal.PlainDate.from('2026-03-01'),
      quantity: null,
      unit: null,
      unitPrice: null,
      amount,
      details: { plan: undefined, from: undefined, to: undefined, correctionId: 3 },
    });

  test('is of the kind that it corrects, for the month in which that was, in the period that bills it', () => {
    const row = one(corrected('usage studio@2026-01-01 droplet_hours'));
    expect(row).toMatchObject({
      BilledCost: '-1.20',
      ChargeCategory: 'Usage',
      ChargeClass: 'Correction',
      ServiceName: 'Droplets',
      SkuId: 'droplet_hours',
      x_PlanId: 'studio',
    });
    expect(iso(row)).toBe('2026-03-01T00:00:00Z 2026-04-01T00:00:00Z');
    expect(row.BillingPeriodStart.toString()).toBe('2026-05-01T00:00:00Z');
    expect(one(corrected('base_fee studio@2026-01-01 2026-03-01T00:00:00Z')).ChargeCategory).toBe('Purchase');
    expect(one(corrected('discount studio@2026-01-01')).ChargeCategory).toBe('Credit');
  });

  const tax = (base: string, amount: string): TaxTotal => ({ ...vat, base, amount });

  test('alone on a document makes its tax one too, for the time of all that it corrects', () => {
    const [, , row] = chargesOf(
      [
        corrected('discount studio@2026-01-01'),
        { ...corrected('cap studio@2026-01-01'), serviceMonth: Temporal.PlainDate.from('2026-02-01') },
      ],
      { kind: 'credit_note', credits: 'INV-000001', taxes: [tax('-2.40', '-0.46')] },
    ) as [FocusRow, FocusRow, FocusRow];
    expect(brokenRules(row, columns)).toEqual([]);
    expect(row).toMatchObject({ ChargeCategory: 'Tax', ChargeClass: 'Correction', x_CreditedInvoiceId: 'INV-000001' });
    expect(iso(row)).toBe('2026-02-01T00:00:00Z 2026-04-01T00:00:00Z');
  });

  test('among other lines leaves the tax a tax of the month', () => {
    const [, , row] = chargesOf([baseFee, corrected('cap studio@2026-01-01')], {
      taxes: [tax('48.80', '9.27')],
    });
    expect(row?.ChargeClass).toBeNull();
    expect(iso(row as FocusRow)).toBe('2026-05-01T00:00:00Z 2026-06-01T00:00:00Z');
  });
});

describe('taxes', () => {
  test('are a row for each that the document shows, reckoned on the charges that they are on', () => {
    const exempt = { ...vat, category: 'books', percent: '7', title: 'VAT reduced' };
    const rows = chargesOf(
      [line({ quantity: '500', amount: '5.00', details: { limitedBy: 'cap' } }), { ...baseFee, tax: exempt }],
      {
        taxes: [
          { ...exempt, base: '50.00', amount: '3.50' },
          { ...vat, base: '5.00', amount: '0.95' },
        ],
      },
    );
    expect(rows.flatMap((row) => brokenRules(row, columns))).toEqual([]);
    expect(rows.slice(3)).toMatchObject([
      { BilledCost: '3.50', ContractedCost: '3.50', InvoiceDetailId: 'tax-1', x_TaxPercent: '7' },
      {
        BilledCost: '0.95',
        ContractedCost: '0.95',
        ChargeDescription: 'VAT, 19 % of 5.00 EUR',
        InvoiceDetailId: 'tax-2',
      },
    ]);
    expect(rows[3]).toMatchObject({
      HostProviderName: 'Not Applicable',
      ChargeCategory: 'Tax',
      PricingQuantity: null,
      SkuId: null,
      ServiceName: 'Taxes',
    });
  });

  test('that are not charged say why', () => {
    const reverse = { ...vat, percent: '0', treatment: 'reverse_charge', note: 'Due from the recipient.' } as const;
    const [, row] = chargesOf([{ ...baseFee, tax: reverse }], {
      taxes: [{ ...reverse, base: '50.00', amount: '0.00' }],
    });
    expect(row).toMatchObject({
      BilledCost: '0.00',
      ChargeDescription: 'VAT, 0 % of 50.00 EUR. Due from the recipient.',
    });
  });
});

test('charges that do not add up to the total of their document are refused', () => {
  expect(() => chargesOf([baseFee], { total: '50.01' })).toThrow(/INV-000007/);
});
