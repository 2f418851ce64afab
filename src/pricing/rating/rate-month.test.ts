import { describe, expect, it } from 'vitest';
import { feesOfMonth } from './base-fees.ts';
import { rateMonth, type UsageLine } from './rate-month.ts';
import { Decimal } from '../../platform/quantity.ts';
import { bill, shown, phase, usedMonth, version } from '../../../test/fixtures/rating.ts';

const hours = (change: object = {}) => ({
  kind: 'droplet_hours',
  allowance: '300',
  model: 'standard' as const,
  properties: { unitPrice: '0.10' },
  ...change,
});
const usageOf = (month: ReturnType<typeof bill>) =>
  month.lines.filter((line): line is UsageLine => line.kind === 'usage');

describe('a plan change in mid-month', () => {
  it('splits usage at the day, and prorates the allowance of each plan over the calendar month', () => {
    const small = version({ plan: 'small', base: '50.00', items: [hours()] });
    const large = version({ plan: 'large', base: '180.00', items: [hours({ allowance: '600' })] });
    const timeline = [phase(small, '2026-01-01', '2026-06-11'), phase(large, '2026-06-11')];
    const rated = bill(timeline, '2026-06', { droplet_hours: 24 });
    expect(
      usageOf(rated).map(({ plan, quantity, allowance, billable, amount }) => ({
        plan,
        quantity,
        allowance,
        billable,
        amount,
      })),
    ).toEqual([
      { plan: 'small', quantity: '240', allowance: '100', billable: '140', amount: '14.00' },
      { plan: 'large', quantity: '480', allowance: '400', billable: '80', amount: '8.00' },
    ]);
    expect(shown(rated)).toEqual([
      'base_fee 2026-06-01..2026-06-11 16.67',
      'usage droplet_hours 2026-06-01..2026-06-11 14.00',
      'base_fee 2026-06-11..2026-07-01 120.00',
      'usage droplet_hours 2026-06-11..2026-07-01 8.00',
    ]);
    expect(rated.totals).toEqual([{ currency: 'USD', total: '158.67' }]);
  });

  it('there and back again is one line group of each plan', () => {
    const small = version({ plan: 'small', items: [hours()] });
    const large = version({ plan: 'large', items: [hours()] });
    const timeline = [
      phase(small, '2026-01-01', '2026-06-11'),
      phase(large, '2026-06-11', '2026-06-21'),
      phase(small, '2026-06-21'),
    ];
    const rated = bill(timeline, '2026-06', { droplet_hours: 10 });
    expect(usageOf(rated).map(({ plan, quantity, allowance }) => [plan, quantity, allowance])).toEqual([
      ['small', '200', '200'],
      ['large', '100', '100'],
    ]);
  });

  it('prorates minimum, cap and an amount of discount, each to its currency', () => {
    const limited = version({
      base: '10.00',
      minimum: '30.00',
      discount: { amount: '9.00' },
      items: [hours({ cap: '3.00', allowance: '0' })],
    });
    const rated = bill([phase(limited, '2026-06-11')], '2026-06', { droplet_hours: 24 });
    expect(shown(rated)).toEqual([
      'base_fee 2026-06-11..2026-07-01 6.67',
      'usage droplet_hours 2026-06-11..2026-07-01 2.00',
      'minimum 2026-06-11..2026-07-01 11.33',
      'discount 2026-06-11..2026-07-01 -6.00',
    ]);
    expect(rated.totals).toEqual([{ currency: 'USD', total: '14.00' }]);
  });

  it('does not prorate tiers, packages and flat fees', () => {
    const packages = version({
      items: [hours({ allowance: '0', model: 'package', properties: { packageSize: '100', packagePrice: '7' } })],
    });
    const timeline = [phase(packages, '2026-06-11')];
    expect(usageOf(bill(timeline, '2026-06', { droplet_hours: 5.05 }))[0]).toMatchObject({
      quantity: '101',
      amount: '14.00',
    });
  });
});

describe('what no plan charges', () => {
  const timeline = [
    phase(version({ items: [hours()] }), '2026-06-04', '2026-06-11'),
    phase(version({ items: [hours()] }), '2026-06-11', '2026-06-21', true),
    phase(version({ items: [hours()] }), '2026-06-21'),
  ];
  it('is shown with its reason: paused time, and time on no plan', () => {
    const rated = bill(timeline, '2026-06', { droplet_hours: 24, dns_zones: 1 });
    expect(rated.uncharged.map(({ reason, billingKind, quantity }) => [reason, billingKind, quantity])).toEqual([
      ['no_plan', 'dns_zones', '3'],
      ['no_plan', 'droplet_hours', '72'],
      ['paused', 'dns_zones', '10'],
      ['paused', 'droplet_hours', '240'],
    ]);
  });

  it('has no part in what is charged', () => {
    const [charged, unpriced] = usageOf(bill(timeline, '2026-06', { droplet_hours: 24, dns_zones: 1 }));
    expect(charged).toMatchObject({ quantity: '408', allowance: '170', billable: '238', amount: '23.80' });
    expect(unpriced).toMatchObject({
      billingKind: 'dns_zones',
      quantity: '17',
      unitPrice: null,
      model: null,
      amount: '0.00',
    });
  });
});

describe('an estimate of a month', () => {
  const yearly = version({ base: '100.00', baseEvery: 'year' });
  const estimate = (month: string) => {
    const used = usedMonth([phase(yearly, '2020-01-01')], month, {});
    return rateMonth({ ...used, fees: feesOfMonth(used.segments, used.month), earlier: [] }).totals[0]?.total;
  };
  it('has a twelfth of a yearly fee', () => expect(estimate('2026-06')).toBe('8.33'));

  it('has a third of a fee by the quarter, and three of them are the fee', () => {
    const thirds = ['2026-02', '2026-03', '2026-04'].map((month) => {
      const used = usedMonth([phase(version({ base: '100.00', baseEvery: 'quarter' }), '2020-01-01')], month, {});
      return rateMonth({ ...used, fees: feesOfMonth(used.segments, used.month), earlier: [] }).totals[0]?.total;
    });
    expect(thirds).toEqual(['33.34', '33.33', '33.33']);
  });

  it('and twelve of them are the fee, from whatever month on', () => {
    for (const first of ['2026-01', '2026-08']) {
      const months = Array.from({ length: 12 }, (_, index) =>
        Temporal.PlainYearMonth.from(first).add({ months: index }).toString(),
      );
      expect(months.reduce((sum, month) => sum.plus(estimate(month) ?? ''), new Decimal(0)).toFixed(2)).toBe('100.00');
    }
  });
});

it('gives each line a key that no other has', () => {
  const priced = version({ baseDue: 'advance', cap: '1.00', discount: { amount: '1.00' }, items: [hours()] });
  const timeline = [
    phase(priced, '2026-06-01', '2026-06-11'),
    phase(priced, '2026-06-11', '2026-06-12', true),
    phase(priced, '2026-06-12'),
  ];
  const keys = bill(timeline, '2026-06', { droplet_hours: 24, dns_zones: 1 }).lines.map((line) => line.key);
  expect(keys).toHaveLength(7);
  expect(new Set(keys).size).toBe(7);
});
