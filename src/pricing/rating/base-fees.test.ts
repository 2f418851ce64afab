import { describe, expect, it } from 'vitest';
import { bill, shown, phase, version } from '../../../test/fixtures/rating.ts';

const total = (month: ReturnType<typeof bill>) => month.totals.map((sum) => `${sum.total} ${sum.currency}`).join(', ');

describe('a monthly fee in arrears', () => {
  it('is on the bill of its own month, by exact duration', () => {
    const timeline = [phase(version(), '2026-06-16', '2026-08-01')];
    expect(shown(bill(timeline, '2026-05'))).toEqual([]);
    expect(shown(bill(timeline, '2026-06'))).toEqual(['base_fee 2026-06-16..2026-07-01 15.00']);
    expect(shown(bill(timeline, '2026-07'))).toEqual(['base_fee 2026-07-01..2026-08-01 30.00']);
    expect(shown(bill(timeline, '2026-08'))).toEqual([]);
  });

  it('begins with the deployment, within a day too', () => {
    const timeline = [phase(version(), '2026-06-16T12:00:00Z')];
    expect(shown(bill(timeline, '2026-06'))).toEqual(['base_fee 2026-06-16T12:00:00Z..2026-07-01 14.50']);
  });

  it('is that of each plan for its days, and both add up', () => {
    const timeline = [
      phase(version({ plan: 'a', base: '50.00' }), '2026-01-01', '2026-05-11'),
      phase(version({ plan: 'b', base: '180.00' }), '2026-05-11'),
    ];
    expect(shown(bill(timeline, '2026-05'))).toEqual([
      'base_fee 2026-05-01..2026-05-11 16.13',
      'base_fee 2026-05-11..2026-06-01 121.94',
    ]);
    expect(total(bill(timeline, '2026-05'))).toBe('138.07 USD');
  });

  it('leaves out paused days', () => {
    const timeline = [
      phase(version(), '2026-01-01', '2026-06-11'),
      phase(version(), '2026-06-11', '2026-06-21', true),
      phase(version(), '2026-06-21'),
    ];
    expect(shown(bill(timeline, '2026-06'))).toEqual([
      'base_fee 2026-06-01..2026-06-11 10.00',
      'base_fee 2026-06-21..2026-07-01 10.00',
    ]);
  });

  it('of two currencies has two totals', () => {
    const timeline = [
      phase(version({ plan: 'a' }), '2026-01-01', '2026-06-16'),
      phase(version({ plan: 'b', currency: 'JPY', base: '3001' }), '2026-06-16'),
    ];
    // Half of 3001, half away from zero, as the rest of a whole that the first half has rounded up.
    expect(bill(timeline, '2026-06').totals).toEqual([
      { currency: 'JPY', total: '1500' },
      { currency: 'USD', total: '15.00' },
    ]);
  });
});

describe('a monthly fee in advance', () => {
  const advance = version({ baseDue: 'advance' });
  it('is for the month after; on the first bill for the first month too', () => {
    const timeline = [phase(advance, '2026-06-16', '2026-08-11')];
    expect(shown(bill(timeline, '2026-05'))).toEqual([]);
    expect(shown(bill(timeline, '2026-06'))).toEqual([
      'base_fee 2026-06-16..2026-07-01 15.00',
      'base_fee 2026-07-01..2026-08-01 30.00',
    ]);
    expect(shown(bill(timeline, '2026-07'))).toEqual(['base_fee 2026-08-01..2026-08-11 9.68']);
    expect(shown(bill(timeline, '2026-08'))).toEqual([]);
  });

  it('of a plan that is changed in mid-month: the old one was billed before, the new one is billed now', () => {
    const other = version({ plan: 'other', base: '60.00', baseDue: 'advance' });
    const timeline = [phase(advance, '2026-01-01', '2026-06-16'), phase(other, '2026-06-16')];
    expect(shown(bill(timeline, '2026-05'))).toEqual(['base_fee 2026-06-01..2026-06-16 15.00']);
    expect(shown(bill(timeline, '2026-06'))).toEqual([
      'base_fee 2026-06-16..2026-07-01 30.00',
      'base_fee 2026-07-01..2026-08-01 60.00',
    ]);
  });

  it('of a plan that gets a new version: each for its days, all billed before', () => {
    const dearer = version({ from: '2026-06-16', base: '60.00', baseDue: 'advance' });
    const timeline = [phase(advance, '2026-01-01', '2026-06-16'), phase(dearer, '2026-06-16')];
    expect(shown(bill(timeline, '2026-05'))).toEqual([
      'base_fee 2026-06-01..2026-06-16 15.00',
      'base_fee 2026-06-16..2026-07-01 30.00',
    ]);
    expect(shown(bill(timeline, '2026-06'))).toEqual(['base_fee 2026-07-01..2026-08-01 60.00']);
  });
});

describe('a yearly fee', () => {
  const yearly = version({ baseEvery: 'year', base: '365.00' });
  const months = (timeline: Parameters<typeof bill>[0]) =>
    Array.from({ length: 30 }, (_, index) =>
      Temporal.PlainYearMonth.from('2026-01').add({ months: index }).toString(),
    ).flatMap((month) => shown(bill(timeline, month)).map((line) => `${month}: ${line}`));

  it('in arrears is on the bill of the month in which the last moment of its year lies', () => {
    expect(months([phase(yearly, '2026-03-10', '2028-01-01')])).toEqual([
      '2027-03: base_fee 2026-03-10..2027-03-10 365.00',
      // 297 of the 366 days of a year that has a 29 February in it.
      '2027-12: base_fee 2027-03-10..2028-01-01 296.19',
    ]);
  });

  it('that ends with a month is on that month', () => {
    expect(months([phase(yearly, '2026-03-01', '2027-03-01')])).toEqual([
      '2027-02: base_fee 2026-03-01..2027-03-01 365.00',
    ]);
  });

  it('in advance is on the bill of the month in which its year begins, less what is not used', () => {
    const advance = { ...yearly, baseDue: 'advance' as const };
    expect(months([phase(advance, '2026-03-10', '2027-03-20')])).toEqual([
      '2026-03: base_fee 2026-03-10..2027-03-10 365.00',
      '2027-03: base_fee 2027-03-10..2027-03-20 9.97',
    ]);
  });

  it('leaves out paused days, and takes the price of its first day', () => {
    const dearer = version({ from: '2026-09-01', baseEvery: 'year', base: '730.00' });
    const timeline = [
      phase(yearly, '2026-01-01', '2026-02-01'),
      phase(yearly, '2026-02-01', '2026-02-11', true),
      phase(yearly, '2026-02-11', '2026-09-01'),
      phase(dearer, '2026-09-01', '2028-01-01'),
    ];
    expect(months(timeline)).toEqual([
      '2026-12: base_fee 2026-01-01..2027-01-01 355.00',
      '2027-12: base_fee 2027-01-01..2028-01-01 730.00',
    ]);
  });

  it('by the quarter, and by any number of months, follows the same law', () => {
    const timeline = (baseEvery: string, baseDue: 'arrears' | 'advance') => [
      phase(version({ baseEvery, base: '90.00', baseDue }), '2026-01-31', '2026-10-15'),
    ];
    expect(months(timeline('quarter', 'arrears'))).toEqual([
      '2026-04: base_fee 2026-01-31..2026-04-30 90.00',
      '2026-07: base_fee 2026-04-30..2026-07-31 90.00',
      // 76 of the 92 days from 31 July to 31 October.
      '2026-10: base_fee 2026-07-31..2026-10-15 74.35',
    ]);
    expect(months(timeline('quarter', 'advance'))).toEqual([
      '2026-01: base_fee 2026-01-31..2026-04-30 90.00',
      '2026-04: base_fee 2026-04-30..2026-07-31 90.00',
      '2026-07: base_fee 2026-07-31..2026-10-15 74.35',
    ]);
    // The first five months end on 30 June; 107 of the 153 days to 30 November.
    expect(months(timeline('5 months', 'advance'))).toEqual([
      '2026-01: base_fee 2026-01-31..2026-06-30 90.00',
      '2026-06: base_fee 2026-06-30..2026-10-15 62.94',
    ]);
    expect(months(timeline('12 months', 'advance'))).toEqual(months(timeline('year', 'advance')));
  });

  it('from 29 February has its anniversary on the 28th', () => {
    expect(months([phase(yearly, '2024-02-29', '2026-02-28')])).toEqual([
      '2026-02: base_fee 2025-02-28..2026-02-28 365.00',
    ]);
  });
});
