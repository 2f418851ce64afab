import { expect, test } from 'vitest';
import { at, version } from '../../test/fixtures/rating.ts';
import type { Kind } from '../metering/index.ts';
import type { Segment } from '../pricing/index.ts';
import type { Billable } from './billables.ts';
import { customersMoney, type MonthUnderWay } from './money.ts';
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
