import { describe, expect, it } from 'vitest';
import { rateMonth, type UsageLine } from './rate-month.ts';
import { phase, usedMonth, version } from '../../../test/fixtures/rating.ts';
import type { Timeline } from './timeline.ts';

// What is carried out of a month is carried into the next, whatever version of the plan holds then.

interface Rule {
  readonly months: number;
  readonly limit?: string;
}
const plan = (from: string, carryOver: Rule | null, change: object = {}) =>
  version({
    from,
    items: [
      {
        kind: 'droplet_hours',
        allowance: '100',
        model: 'standard',
        properties: { unitPrice: '1.00' },
        carryOver,
        ...change,
      },
    ],
  });

/** The usage lines of a month, its earlier months known from 2026-01 on. */
function linesOf(timeline: Timeline, month: string, daily: Readonly<Record<string, number>> = {}): UsageLine[] {
  const earlier: string[] = [];
  for (let of = Temporal.PlainYearMonth.from('2026-01'); of.toString() < month; of = of.add({ months: 1 })) {
    earlier.push(of.toString());
  }
  const used = (of: string) => usedMonth(timeline, of, { droplet_hours: daily[of] ?? 0 });
  return rateMonth({ ...used(month), fees: [], earlier: earlier.map(used) }).lines.filter(
    (line): line is UsageLine => line.kind === 'usage',
  );
}
const [from, changed] = ['2026-01-01', '2026-04-01'];

describe('a new version from April, with an allowance of 100 that nobody uses', () => {
  it.each<[string, Rule | null, Rule | null, string]>([
    ['months 1 -> 3', { months: 1 }, { months: 3 }, '100'],
    ['months 3 -> 1', { months: 3 }, { months: 1 }, '300'],
    ['limit 20 -> none', { months: 1, limit: '20' }, { months: 1 }, '20'],
    ['limit 80 -> 20', { months: 1, limit: '80' }, { months: 1, limit: '20' }, '80'],
    ['carried -> not', { months: 1 }, null, '100'],
    ['not -> carried', null, { months: 3 }, '0'],
  ])('%s: what March carries out, April carries in', (_, before, after, units) => {
    const timeline = [phase(plan('2000-01-01', before), from, changed), phase(plan(changed, after), changed)];
    expect(linesOf(timeline, '2026-03')[0]?.carriedOut ?? '0').toBe(units);
    expect(linesOf(timeline, '2026-04')[0]?.carriedIn ?? '0').toBe(units);
  });

  it('what came in is used, and goes on by the rule of the version that holds', () => {
    const timeline = [
      phase(plan('2000-01-01', { months: 1, limit: '80' }), from, changed),
      phase(plan(changed, { months: 3, limit: '150' }), changed),
    ];
    // 120 hours: 100 of its own, 20 of March's 80.
    const [april] = linesOf(timeline, '2026-04', { '2026-04': 4 });
    expect(april).toMatchObject({ quantity: '120', carriedIn: '80', billable: '0', carriedOut: '60' });
    const [may] = linesOf(timeline, '2026-05', { '2026-04': 4 });
    expect(may).toMatchObject({ carriedIn: '60', carriedOut: '150' });
  });

  it('a version without the kind carries nothing on', () => {
    const timeline = [
      phase(plan('2000-01-01', { months: 3 }), from, changed),
      phase(version({ from: changed }), changed, '2026-05-01'),
      phase(plan('2026-05-01', { months: 3 }), '2026-05-01'),
    ];
    expect(linesOf(timeline, '2026-05')[0]).toMatchObject({ carriedIn: '0', carriedOut: '100' });
  });
});

describe('a version that begins within a month', () => {
  const split = (before: ReturnType<typeof plan>, after: ReturnType<typeof plan>) => [
    phase(before, from, '2026-04-16'),
    phase(after, '2026-04-16'),
  ];

  it('takes in what its own rule lets in, and the part before it carries out exactly that', () => {
    const timeline = split(plan('2000-01-01', { months: 3 }), plan('2026-04-16', { months: 1, limit: '27.36' }));
    const [first, second] = linesOf(timeline, '2026-04');
    expect(first).toMatchObject({ carriedIn: '300', carriedOut: '27.36' });
    expect(second).toMatchObject({ allowance: '50', fromEarlierPhase: '50', carriedIn: '27.36', carriedOut: '27.36' });
    expect(linesOf(timeline, '2026-05')[0]?.carriedIn).toBe('27.36');
  });

  it('uses what the part before it left of the month, though nothing is carried over', () => {
    // May: 744 hours are included; nothing is used until the 15th, then 768 hours.
    const cheap = plan('2000-01-01', null, { allowance: '744' });
    const dear = plan('2026-05-16', null, { allowance: '744', properties: { unitPrice: '1.01' } });
    const may = (timeline: Timeline) => {
      const { segments, month } = usedMonth(timeline, '2026-05', {});
      const used = segments.map((segment, index) => ({
        ...segment,
        usage: new Map(index === segments.length - 1 ? [['droplet_hours', '768']] : []),
      }));
      return rateMonth({ month, segments: used, fees: [], earlier: [] });
    };
    const amounts = (timeline: Timeline) => may(timeline).totals.map(({ total }) => total);
    expect(amounts([phase(cheap, from)])).toEqual(['24.00']);
    expect(amounts([phase(cheap, from, '2026-05-16'), phase(dear, '2026-05-16')])).toEqual(['24.24']);
    const [, second] = may([phase(cheap, from, '2026-05-16'), phase(dear, '2026-05-16')]).lines as UsageLine[];
    expect(second).toMatchObject({ allowance: '384', fromEarlierPhase: '360', carriedIn: null, allowanceUsed: '744' });
  });

  it('draws on its own allowance, then on what the month has left, then on earlier months', () => {
    const timeline = split(plan('2000-01-01', { months: 1 }), plan('2026-04-16', { months: 1 }));
    const lines = (daily: number) => linesOf(timeline, '2026-04', { '2026-04': daily });
    // 15 days on either side, each with 50 of its own; March left 100.
    expect(lines(4).map(({ carriedIn, billable, carriedOut }) => [carriedIn, billable, carriedOut])).toEqual([
      ['100', '0', '90'],
      ['90', '0', '0'],
    ]);
    expect(lines(2).map(({ fromEarlierPhase, carriedOut }) => [fromEarlierPhase, carriedOut])).toEqual([
      [null, '100'],
      ['20', '40'],
    ]);
    expect(lines(10).map(({ carriedIn, billable }) => [carriedIn, billable])).toEqual([
      ['100', '0'],
      ['0', '100'],
    ]);
  });

  it('after which another plan was held in between is the same plan still', () => {
    const other = version({ plan: 'other' });
    const timeline = [
      phase(plan('2000-01-01', null), from, '2026-04-07'),
      phase(other, '2026-04-07', '2026-04-16'),
      phase(plan('2026-04-16', null), '2026-04-16'),
    ];
    const [first, last] = linesOf(timeline, '2026-04').filter((line) => line.plan === 'p');
    expect(first?.allowance).toBe('20');
    expect(last).toMatchObject({ allowance: '50', fromEarlierPhase: '20' });
  });
});

it('a billionth below zero, as shares that move can leave, is no allowance used', () => {
  const [line] = rateMonth({
    ...usedMonth([phase(plan('2000-01-01', null), from)], '2026-04', { droplet_hours: 0 }),
    segments: usedMonth([phase(plan('2000-01-01', null), from)], '2026-04', {}).segments.map((segment) => ({
      ...segment,
      usage: new Map([
        ['droplet_hours', '-0.000000001'],
        ['dns_zones', '-0.000000001'],
      ]),
    })),
    fees: [],
    earlier: [],
  }).lines.filter((one) => one.kind === 'usage');
  expect(line).toMatchObject({ quantity: '-0.000000001', allowanceUsed: '0', billable: '0', amount: '0.00' });
});
