import { expect, test } from 'vitest';
import { at, version } from '../../test/fixtures/rating.ts';
import type { Kind } from '../metering/index.ts';
import type { Segment } from '../pricing/index.ts';
import type { Billable } from './billables.ts';
import { customersMoney, type MonthUnderWay, ourMoney } from './money.ts';
import type { OurMoney } from './proposal-document.ts';

const hours: Kind = {
  kind: 'droplet_hours',
  title: 'Droplet hours',
  resourceKind: 'droplet',
  accrual: 'hours',
  aggregation: 'sum',
  percentile: null,
  unit: 'hour',
  statuses: null,
  filter: {},
  weight: null,
  enabled: true,
  granularity: 'day',
  retentionDays: 730,
};
const gib: Kind = {
  ...hours,
  kind: 'volume_gib',
  resourceKind: 'volume',
  accrual: 'month',
  weight: { attribute: 'size_gb', divisor: '1' },
};
const peak: Kind = { ...gib, kind: 'volume_gib_peak', aggregation: 'peak' };

const item = (kind: string, allowance: string, unitPrice: string) =>
  ({ kind, allowance, model: 'standard', properties: { unitPrice } }) as const;

const droplet = (what: string): Billable => ({
  what,
  kind: 'droplet',
  status: 'active',
  parents: [],
  attributes: {},
  backups: null,
});
const volume = (size: number): Billable => ({ ...droplet('volume'), kind: 'volume', attributes: { size_gb: size } });

const [begin, mid, end] = [at('2026-06-01'), at('2026-06-16'), at('2026-07-01')];
const plan = (items: Parameters<typeof item>[]) => version({ items: items.map((each) => item(...each)) });
const active = (items: Parameters<typeof item>[], from = begin): Segment => ({
  from,
  to: end,
  state: 'active',
  version: plan(items),
});
const onNone = (to: Temporal.Instant): Segment => ({ from: begin, to, state: 'no_plan', version: null });

function rest(
  segments: readonly Segment[],
  [before, after]: readonly [readonly Billable[] | null, readonly Billable[]],
  change: { readonly kinds?: readonly Kind[]; readonly ours?: string; readonly currency?: string } = {},
) {
  const { kinds = [hours], ours = '0.00', currency = 'USD' } = change;
  const underWay: MonthUnderWay = { month: '2026-06', from: mid, segments, kinds };
  const month = { month: '2026-06', version: segments.at(-1)?.version ?? plan([]), kinds };
  const monthly = { before: '0.00', after: '0.00', difference: '0.00' };
  const money: OurMoney = { currency, monthly, restOfMonth: ours, lines: [], unknown: [] };
  const asked = { months: [month], underWay };
  return customersMoney({ before, after }, asked, { ours: money, now: mid }).money.restOfMonth;
}

const from = '2026-06-16T00:00:00Z';

test('what is added in the middle of a month is charged for what is left of it, and what goes is not', () => {
  const items = [active([['droplet_hours', '0', '0.10']])];
  const [one, other] = [droplet('one'), droplet('other')];
  expect(rest(items, [[one], [one, other]], { ours: '10.00' })).toEqual({ from, difference: '36.00', margin: '26.00' });
  expect(rest(items, [[one, other], [one]])).toMatchObject({ difference: '-36.00' });
  expect(rest(items, [[one], [one]])).toMatchObject({ difference: '0.00' });
  expect(rest(items, [[one], [one, other]], { currency: 'EUR' })).toMatchObject({ difference: '36.00', margin: null });
});

test('the allowance of a month is used by what is there first', () => {
  const items = [active([['droplet_hours', '1000', '0.10']])];
  // 720 hours and 360 more, of which 80 are beyond what is included.
  expect(rest(items, [[droplet('one')], [droplet('one'), droplet('other')]])).toMatchObject({ difference: '8.00' });
});

test('a plan that begins within the month charges its own days, with its part of fee and allowance', () => {
  const items: Parameters<typeof item>[] = [['droplet_hours', '720', '0.10']];
  const late = [onNone(at('2026-06-11')), active(items, at('2026-06-11'))];
  // 480 of 480 hours are included; 360 are beyond.
  expect(rest(late, [[droplet('one')], [droplet('one'), droplet('other')]])).toMatchObject({ difference: '36.00' });
  // A new one is on its plan from the 17th: 14 of 30 days' fee, and 336 hours of two droplets less as many that are included.
  const next = [onNone(at('2026-06-17')), active(items, at('2026-06-17'))];
  expect(rest(next, [null, [droplet('one'), droplet('other')]])).toMatchObject({ difference: '47.60' });
  // On the last day nothing of the month is charged.
  expect(rest([onNone(end)], [null, [droplet('one')]])).toMatchObject({ difference: '0.00' });
});

test('a volume that grows costs its time, and a peak the whole of what it rises by', () => {
  const grown = [[volume(100)], [volume(200)]] as const;
  expect(rest([active([['volume_gib', '0', '0.10']])], grown, { kinds: [gib] })).toMatchObject({ difference: '5.00' });
  const peaks = [active([['volume_gib_peak', '0', '0.10']])];
  expect(
    rest(peaks, [[volume(100)], [volume(100), { ...volume(50), what: 'another' }]], { kinds: [peak] }),
  ).toMatchObject({
    difference: '5.00',
  });
  // What rises on the day before the plan begins is charged by no plan: 14 of 30 days' fee are left.
  const items: Parameters<typeof item>[] = [['volume_gib_peak', '0', '0.10']];
  const next = [onNone(at('2026-06-17')), active(items, at('2026-06-17'))];
  expect(rest(next, [null, [volume(100)]], { kinds: [peak] })).toMatchObject({ difference: '14.00' });
});

test('what changes raises a peak by the difference, and a percentile where it is long enough above a level', () => {
  const items = [active([['volume_gib_peak', '0', '1.00']])];
  const restOf = (before: readonly Billable[], after: readonly Billable[], kind: Kind) =>
    rest(items, [before, after], { kinds: [kind] })?.difference;
  expect(restOf([volume(20)], [volume(40)], peak)).toBe('20.00');
  expect(restOf([volume(40)], [volume(20)], peak)).toBe('0.00');
  expect(restOf([volume(40)], [], peak)).toBe('0.00');
  // Its backups are no other level.
  expect(restOf([volume(20)], [{ ...volume(20), backups: 'weekly' }], peak)).toBe('0.00');
  // Half of the month is left, and half of it has passed.
  const percentile = (of: string): Kind => ({ ...peak, aggregation: 'percentile', percentile: of });
  expect(restOf([volume(20)], [volume(40)], percentile('95'))).toBe('20.00');
  expect(restOf([volume(20)], [volume(40)], percentile('40'))).toBe('0.00');
  expect(restOf([volume(40)], [volume(20)], percentile('95'))).toBe('0.00');
  expect(restOf([volume(40)], [volume(20)], percentile('40'))).toBe('-20.00');
  // In a plan that begins within the month what rose before is no part of it.
  const late = [onNone(at('2026-06-11')), active([['volume_gib_peak', '0', '1.00']], at('2026-06-11'))];
  expect(rest(late, [[volume(20)], [volume(40)]], { kinds: [peak] })).toMatchObject({ difference: '20.00' });
});

test('the margin of a plan that passes cost on is not known', () => {
  const passing = { ...plan([]), passThrough: [{ product: '*', resourceKind: null, markupPercent: '10' }] };
  const segments: Segment[] = [{ from: begin, to: end, state: 'active', version: passing }];
  expect(rest(segments, [[droplet('one')], []])).toEqual({ from, difference: '0.00', margin: null });
  const month = { month: '2026-06', version: passing, kinds: [hours] };
  const money: OurMoney = {
    currency: 'USD',
    monthly: { before: '0.00', after: '0.00', difference: '0.00' },
    restOfMonth: '0.00',
    lines: [],
    unknown: [],
  };
  const of = (version: typeof passing) =>
    customersMoney(
      { before: [], after: [] },
      { months: [{ ...month, version }], underWay: null },
      { ours: money, now: mid },
    );
  expect(of(passing).money.margin).toBeNull();
  expect(of({ ...passing, passThrough: [] }).money.margin).not.toBeNull();
});

test('a plan that ends within the month has a rest of it, in its own currency, and no whole month', () => {
  const euros = { ...plan([['droplet_hours', '0', '0.10']]), currency: 'EUR' };
  const segments: Segment[] = [
    { from: begin, to: at('2026-06-21'), state: 'active', version: euros },
    { from: at('2026-06-21'), to: end, state: 'no_plan', version: null },
  ];
  const underWay: MonthUnderWay = { month: '2026-06', from: mid, segments, kinds: [hours] };
  const money = ourMoney({ before: [], after: [] }, { book: new Map(), sizes: [] }, mid);
  const sides = { before: [], after: [droplet('one')] };
  // From the 16th to the 20th.
  expect(customersMoney(sides, { months: [], underWay }, { ours: money, now: mid }).money).toEqual({
    currency: 'EUR',
    months: [],
    margin: null,
    restOfMonth: { from, difference: '12.00', margin: null },
  });
});

test('what costs us by the month has reached its price after 672 hours', () => {
  const price = { amount: '67.20', currency: 'USD', unit: 'month', source: 'operator' } as const;
  const small = { ...price, amount: '33.60' };
  const prices = {
    book: new Map([
      ['droplet_size:large', price],
      ['droplet_size:small', small],
    ]),
    sizes: [],
  };
  const of = (size: string): Billable => ({ ...droplet('one'), attributes: { size_slug: size } });
  const restAt = (day: string, before: readonly Billable[], after: readonly Billable[]) =>
    ourMoney({ before, after }, prices, at(day)).restOfMonth;
  // On 30 July 696 hours have passed, and 48 are left.
  expect(restAt('2026-07-30', [of('large')], [])).toBe('0.00');
  expect(restAt('2026-07-30', [], [of('large')])).toBe('4.80');
  expect(restAt('2026-07-30', [of('small')], [of('large')])).toBe('4.80');
  expect(restAt('2026-07-15', [of('large')], [])).toBe('-33.60');
  expect(restAt('2026-07-01', [], [of('large')])).toBe('67.20');
  // Of the droplet itself nothing changes.
  expect(restAt('2026-07-30', [of('large')], [{ ...of('large'), backups: 'weekly' }])).toBe('0.96');
});
