import { describe, expect, it } from 'vitest';
import { feesOfMonth } from './base-fees.ts';
import { rateMonth } from './rate-month.ts';
import { bill, shown, phase, usedMonth, version } from '../../../test/fixtures/rating.ts';

// A minimum, a cap and a discount are computed on the lines of the document that carries them.

type Change = NonNullable<Parameters<typeof version>[0]>;
const monthsFrom = (first: string, count: number) =>
  Array.from({ length: count }, (_, index) => Temporal.PlainYearMonth.from(first).add({ months: index }).toString());

/** What each month's bill comes to: on the plan from 2026-01-01 on. */
function totals(change: Change, count: number, to: string | null = null, hours = 0): string[] {
  const items = [{ kind: 'droplet_hours', model: 'standard' as const, properties: { unitPrice: '1' } }];
  const timeline = [phase(version({ items, ...change }), '2026-01-01', to)];
  return monthsFrom('2026-01', count).map(
    (month) => bill(timeline, month, { droplet_hours: hours }).totals.map(({ total }) => total)[0] ?? '0.00',
  );
}
const zeros = (count: number) => Array.from({ length: count }, () => '0.00');
const yearly = { base: '120.00', baseEvery: 'year' } as const;
const advance = { baseDue: 'advance' } as const;

describe('a discount in percent', () => {
  const free = { discount: { percent: '100', until: '2026-04-01' } };

  it('of 100 for all of three months in advance leaves nothing on any bill', () => {
    expect(totals({ base: '50.00', ...advance, ...free }, 3, '2026-04-01')).toEqual(zeros(3));
  });

  it('that ends is off the fees of its months, whichever bills they are on', () => {
    // March's bill has April's fee.
    expect(totals({ base: '50.00', ...advance, ...free }, 4)).toEqual(['0.00', '0.00', '50.00', '50.00']);
    expect(totals({ base: '50.00', ...free }, 4)).toEqual(['0.00', '0.00', '0.00', '50.00']);
  });

  it('and off the usage of its months', () => {
    const used = { base: '50.00', ...advance, discount: { percent: '50', until: '2026-03-01' } };
    // 31 hours less half; January's bill has its fee and February's, February's has March's.
    expect(totals(used, 3, null, 1)).toEqual(['65.50', '64.00', '81.00']);
  });

  it('of a yearly fee is on the bill that has the fee', () => {
    const fifth = { ...yearly, discount: { percent: '20' } };
    expect(totals({ ...fifth, ...advance }, 12)).toEqual(['96.00', ...zeros(11)]);
    expect(totals(fifth, 12)).toEqual([...zeros(11), '96.00']);
  });

  it.each([
    ['100.00', 'USD', '0.00'],
    ['119.00', 'USD', '0.00'],
    ['500', 'JPY', '0'],
  ])('of 100 of a yearly fee of %s %s leaves nothing in any month', (base, currency, nothing) => {
    const all = { ...yearly, base, currency, discount: { percent: '100' } };
    const none = Array.from({ length: 12 }, () => nothing);
    const billed = [advance, {}].map((due) =>
      monthsFrom('2026-01', 12).map(
        (month) => bill([phase(version({ ...all, ...due }), '2026-01-01')], month).totals[0]?.total ?? nothing,
      ),
    );
    expect(billed).toEqual([none, none]);
    const own = monthsFrom('2026-01', 12).map((month) => {
      const used = usedMonth([phase(version(all), '2026-01-01')], month, {});
      return rateMonth({ ...used, fees: feesOfMonth(used.segments, used.month), earlier: [] }).totals[0]?.total;
    });
    expect(own).toEqual(none);
  });

  it('that ends within a year is off the part of the year that has it, by exact duration', () => {
    const quarter = { ...yearly, base: '365.00', discount: { percent: '100', until: '2026-04-01' } };
    expect(totals({ ...quarter, ...advance }, 2)).toEqual(['275.00', '0.00']);
    expect(totals(quarter, 12)).toEqual([...zeros(11), '275.00']);
  });
});

describe('an amount of discount', () => {
  it('is off each month that a fee is for', () => {
    const five = { base: '50.00', discount: { amount: '5.00' } };
    expect(totals(five, 3, '2026-04-01')).toEqual(['45.00', '45.00', '45.00']);
    expect(totals({ ...five, ...advance }, 3, '2026-04-01')).toEqual(['90.00', '45.00', '0.00']);
    expect(totals({ ...five, ...yearly, ...advance }, 12)).toEqual(['60.00', ...zeros(11)]);
  });

  it('never takes more than there is', () => {
    expect(totals({ base: '3.00', discount: { amount: '5.00' } }, 2)).toEqual(zeros(2));
  });
});

describe('minimum and cap', () => {
  it('are of as many months as the fees beside them', () => {
    const least = { base: '50.00', minimum: '60.00' };
    expect(totals(least, 3, '2026-04-01')).toEqual(['60.00', '60.00', '60.00']);
    // Of two months, of one, and of none: what the last month needs was due in advance.
    expect(totals({ ...least, ...advance }, 3, '2026-04-01')).toEqual(['120.00', '60.00', '0.00']);
    expect(totals({ base: '50.00', cap: '60.00', ...advance }, 3, '2026-04-01', 1)).toEqual([
      '120.00',
      '60.00',
      '31.00',
    ]);
    expect(totals({ base: '50.00', cap: '20.00', ...advance }, 3, '2026-04-01', 1)).toEqual([
      '40.00',
      '20.00',
      '20.00',
    ]);
  });

  it('count what is shown beside them, in advance too, and the discount is on what they leave', () => {
    const limited = version({
      baseDue: 'advance',
      cap: '40.00',
      discount: { percent: '10' },
      items: [{ kind: 'droplet_hours', model: 'standard', properties: { unitPrice: '0.10' } }],
    });
    expect(shown(bill([phase(limited, '2026-01-01')], '2026-06', { droplet_hours: 10 }))).toEqual([
      'base_fee 2026-07-01..2026-08-01 30.00',
      'usage droplet_hours 2026-06-01..2026-07-01 30.00',
      'cap 2026-06-01..2026-08-01 -20.00',
      'discount 2026-06-01..2026-08-01 -4.00',
    ]);
  });
});

it('a version that begins next month has its own adjustments on the bill that has its fee', () => {
  const old = version({ base: '50.00', baseDue: 'advance' });
  const cheaper = version({ from: '2026-04-01', base: '50.00', baseDue: 'advance', discount: { percent: '10' } });
  const timeline = [phase(old, '2026-01-01', '2026-04-01'), phase(cheaper, '2026-04-01', '2026-05-01')];
  expect(monthsFrom('2026-01', 4).map((month) => shown(bill(timeline, month)))).toEqual([
    ['base_fee 2026-01-01..2026-02-01 50.00', 'base_fee 2026-02-01..2026-03-01 50.00'],
    ['base_fee 2026-03-01..2026-04-01 50.00'],
    ['base_fee 2026-04-01..2026-05-01 50.00', 'discount 2026-04-01..2026-05-01 -5.00'],
    [],
  ]);
});
