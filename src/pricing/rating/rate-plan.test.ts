import { describe, expect, it } from 'vitest';
import { type PlanVersion, planSchema } from '../plan.ts';
import { ratePlan } from './rate-plan.ts';

const may = Temporal.PlainYearMonth.from('2026-05');
const standard = (kind: string, allowance: string, unitPrice: string, others: object = {}) => ({
  kind,
  allowance,
  model: 'standard',
  properties: { unitPrice },
  ...others,
});

function plan(others: object = {}): PlanVersion {
  return planSchema.parse({
    plan: 'studio',
    name: 'Studio',
    from: '2026-01-01',
    currency: 'USD',
    base: '50',
    items: [standard('droplet_hours', '1488', '0.04'), standard('dns_zones', '2', '1')],
    ...others,
  });
}
const quote = (version: PlanVersion, usage: Record<string, string>, month = may) =>
  ratePlan(version, new Map(Object.entries(usage)), month);

it('shows each item in its order, used or not', () => {
  expect(quote(plan(), { dns_zones: '3.000000001' })).toEqual({
    plan: 'studio',
    currency: 'USD',
    base: '50.00',
    lines: [
      { kind: 'droplet_hours', quantity: '0', allowance: '1488', billable: '0', unitPrice: '0.04', amount: '0.00' },
      {
        kind: 'dns_zones',
        quantity: '3.000000001',
        allowance: '2',
        billable: '1.000000001',
        unitPrice: '1.00',
        amount: '1.00',
      },
    ],
    overage: '1.00',
    total: '51.00',
  });
});

it('leaves a quantity its value and takes its trailing zeros', () => {
  const [line] = quote(plan(), { droplet_hours: '1490.500000000' }).lines;
  expect(line).toMatchObject({ quantity: '1490.5', billable: '2.5', amount: '0.10' });
});

it('shows what is used and has no price, after the rest', () => {
  const { lines, total } = quote(plan({ items: [] }), { volume_gb_month: '7', dns_zones: '2' });
  expect(lines).toEqual([
    { kind: 'dns_zones', quantity: '2', allowance: '0', billable: '2', unitPrice: null, amount: '0.00' },
    { kind: 'volume_gb_month', quantity: '7', allowance: '0', billable: '7', unitPrice: null, amount: '0.00' },
  ]);
  expect(total).toBe('50.00');
});

describe('a line is rounded once, half away from zero, to the minor unit', () => {
  it.each([
    ['USD', '0.005', '1', '0.01'],
    ['USD', '0.005', '0.999999999', '0.00'],
    ['USD', '0.015', '1', '0.02'],
    ['JPY', '0.5', '1', '1'],
    ['JPY', '0.5', '0.999999999', '0'],
    ['KWD', '0.0005', '1', '0.001'],
    ['KWD', '1', '2', '2.000'],
  ])('%s %s x %s', (currency, unitPrice, quantity, amount) => {
    const version = plan({ currency, base: '0', items: [standard('dns_zones', '0', unitPrice)] });
    const rated = quote(version, { dns_zones: quantity });
    expect(rated.lines[0]?.amount).toBe(amount);
    expect(rated.total).toBe(amount);
  });

  it('and the total is the sum of the lines shown, not of what they were', () => {
    const items = ['a', 'b', 'c'].map((kind) => standard(kind, '0', '0.005'));
    expect(quote(plan({ items }), { a: '1', b: '1', c: '1' })).toMatchObject({ overage: '0.03', total: '50.03' });
  });
});

describe('other models than standard', () => {
  it('name themselves and show their tiers, at the units beyond the allowance', () => {
    const tiers = [
      { upTo: '10', unitPrice: '1' },
      { upTo: null, unitPrice: '0.5', flatFee: '2' },
    ];
    const version = plan({ items: [{ kind: 'dns_zones', allowance: '5', model: 'graduated', properties: { tiers } }] });
    expect(quote(version, { dns_zones: '18' }).lines).toEqual([
      {
        kind: 'dns_zones',
        quantity: '18',
        allowance: '5',
        billable: '13',
        unitPrice: null,
        amount: '13.50',
        model: 'graduated',
        tiers: [
          { from: '0', upTo: '10', units: '10', unitPrice: '1', flatFee: '0', amount: '10' },
          { from: '10', upTo: null, units: '3', unitPrice: '0.5', flatFee: '2', amount: '3.5' },
        ],
      },
    ]);
  });

  it('charge no flat fee within the allowance', () => {
    const properties = { tiers: [{ upTo: null, flatFee: '9' }] };
    const version = plan({ items: [{ kind: 'dns_zones', allowance: '5', model: 'stairstep', properties }] });
    expect(quote(version, { dns_zones: '5' }).overage).toBe('0.00');
    expect(quote(version, { dns_zones: '5.000000001' }).overage).toBe('9.00');
  });

  it('cost-plus shows its price and never the cost', () => {
    const properties = { unitCost: '0.06', markupPercent: '50' };
    const version = plan({ items: [{ kind: 'dns_zones', model: 'cost-plus', properties }] });
    expect(quote(version, { dns_zones: '10' }).lines).toEqual([
      { kind: 'dns_zones', quantity: '10', allowance: '0', billable: '10', unitPrice: '0.09', amount: '0.90' },
    ]);
  });
});

describe('minimum and cap', () => {
  const item = standard('dns_zones', '0', '1', { minimum: '5', cap: '8' });
  it.each([
    ['0', '5.00', 'minimum'],
    ['5', '5.00', undefined],
    ['8', '8.00', undefined],
    ['8.01', '8.00', 'cap'],
  ])('of an item: %s zones cost %s', (used, amount, limitedBy) => {
    const [line] = quote(plan({ items: [item] }), { dns_zones: used }).lines;
    expect([line?.amount, line?.limitedBy]).toEqual([amount, limitedBy]);
  });

  it.each([
    ['0', [{ cause: 'minimum', amount: '10.00' }], '60.00'],
    ['10', undefined, '60.00'],
    ['25.5', [{ cause: 'cap', amount: '-5.50' }], '70.00'],
  ])('of a plan: %s beyond the base', (used, adjustments, total) => {
    const version = plan({ items: [standard('dns_zones', '0', '1')], minimum: '60', cap: '70' });
    const rated = quote(version, { dns_zones: used });
    expect([rated.adjustments, rated.total]).toEqual([adjustments, total]);
  });
});

describe('a discount', () => {
  const items = [standard('dns_zones', '0', '0.01')];
  it('in percent is rounded as a line, and comes after minimum and cap', () => {
    const rated = quote(plan({ items, minimum: '50.05', discount: { percent: '10' } }), {});
    expect(rated.adjustments).toEqual([
      { cause: 'minimum', amount: '0.05' },
      { cause: 'discount', amount: '-5.01' },
    ]);
    expect(rated.total).toBe('45.04');
  });

  it('of an amount never makes a month cost less than nothing', () => {
    expect(quote(plan({ items, discount: { amount: '20' } }), {}).total).toBe('30.00');
    expect(quote(plan({ items, discount: { amount: '70' } }), {}).total).toBe('0.00');
  });

  it('ends', () => {
    const version = plan({ items, discount: { amount: '20', until: '2026-06-01' } });
    expect(quote(version, {}, may).total).toBe('30.00');
    expect(quote(version, {}, may.add({ months: 1 })).total).toBe('50.00');
  });
});
