// Random histories of a deployment: plans with versions, pauses, gaps, and what is used on each day.
import fc from 'fast-check';
import { planSchema, type PlanVersion } from '../../src/pricing/plan.ts';

/** A year and a half, with a 29 February in it. */
export const firstDay = Temporal.PlainDate.from('2023-10-01');
const daysMax = 520;

/** What a deployment was on and used, in whole hours since 1970. */
export interface RandomHistory {
  readonly plans: readonly { version: PlanVersion; from: number; to: number | null; paused: boolean }[];
  readonly used: (kind: string, from: number, to: number) => string;
  readonly kinds: readonly string[];
  /** The months to compare, counted from the first. */
  readonly months: readonly number[];
}

const kinds = ['alpha', 'beta', 'gamma'] as const;
const digitsOf = { USD: 2, JPY: 0, KWD: 3 } as const;
export type Currency = keyof typeof digitsOf;

const decimal = (units: number, digits: number): string => {
  const all = String(units).padStart(digits + 1, '0');
  return digits === 0 ? all : `${all.slice(0, -digits)}.${all.slice(-digits)}`;
};
/** From 0 to `max` in the currency's smallest units. */
const money = (currency: Currency, max: number) => fc.nat({ max }).map((units) => decimal(units, digitsOf[currency]));
const price = fc.nat({ max: 5000 }).map((units) => decimal(units, 4));

const tiers = fc
  .tuple(
    fc.integer({ min: 1, max: 400 }),
    fc.integer({ min: 1, max: 9000 }),
    fc.array(price, { minLength: 6, maxLength: 6 }),
  )
  .map(([first, more, prices]) => [
    { upTo: decimal(first, 1), unitPrice: prices[0], flatFee: prices[1] },
    { upTo: decimal(first + more, 1), unitPrice: prices[2], flatFee: prices[3] },
    { upTo: null, unitPrice: prices[4], flatFee: prices[5] },
  ]);
const division = fc.constantFrom(
  {},
  {},
  { per: '10' },
  { per: '1024' },
  { per: '7', roundUp: true },
  { roundUp: true },
);
const tiered = fc
  .tuple(tiers, division, fc.boolean())
  .map(([all, by, dueAtZero]) => ({ tiers: all, ...by, dueAtZero }));
const charge = fc.oneof(
  { weight: 3, arbitrary: price.map((unitPrice) => ({ model: 'standard' as const, properties: { unitPrice } })) },
  tiered.map((properties) => ({ model: 'graduated' as const, properties })),
  tiered.map((properties) => ({ model: 'volume' as const, properties })),
  tiered.map(({ tiers: all, ...more }) => ({
    model: 'stairstep' as const,
    properties: { ...more, tiers: all.map(({ upTo, flatFee }) => ({ upTo, flatFee })) },
  })),
  price.map((packagePrice) => ({ model: 'package' as const, properties: { packageSize: '33.3', packagePrice } })),
  price.map((fixed) => ({ model: 'percentage' as const, properties: { percent: '2.5', fixed, minimum: '1' } })),
  price.map((unitCost) => ({ model: 'cost-plus' as const, properties: { unitCost, markupPercent: '17.5' } })),
);

const carryOver = fc.option(
  fc.record({
    months: fc.integer({ min: 1, max: 4 }),
    limit: fc.option(fc.constantFrom('27.36', '80', '500.000000001')),
  }),
);
const itemOf = (kind: string, currency: Currency) =>
  fc
    .record({
      allowance: fc.constantFrom('0', '100', '744', '99.9', '33.333333333', '10.00000000007'),
      carryOver,
      charge,
      minimum: fc.option(money(currency, 3000), { freq: 6 }),
      cap: fc.option(
        fc.nat({ max: 9000 }).map((units) => decimal(units + 6000, digitsOf[currency])),
        { freq: 4 },
      ),
    })
    .map(({ charge: by, ...item }) => ({ kind, ...item, ...by }));

const months = fc.nat({ max: 18 }).map((count) => firstDay.add({ months: count }).toString());
const discountOf = (currency: Currency) =>
  fc.option(
    fc.record({
      size: fc.oneof(
        fc.constantFrom('100', '20', '33.3').map((percent) => ({ percent })),
        money(currency, 4000).map((amount) => ({ amount })),
      ),
      until: fc.option(months),
    }),
  );

const rhythm = fc.record({
  baseEvery: fc.constantFrom('month', 'month', 'month', 'quarter', 'year', '2 months', '5 months'),
  baseDue: fc.constantFrom('arrears', 'advance'),
});

/**
 * A plan's versions by their first days, the first of them from 2020 on, with prices for three kinds called alpha, beta
 * and gamma. One in a few has another rhythm than the plan's.
 */
export function versionsOf(plan: string, currency: Currency, count: number): fc.Arbitrary<PlanVersion[]> {
  const one = fc.record({
    day: fc.oneof(
      months,
      fc.nat({ max: daysMax }).map((days) => firstDay.add({ days }).toString()),
    ),
    rhythm: fc.option(rhythm, { freq: 2 }),
    base: money(currency, 20_000),
    limits: fc.option(fc.tuple(money(currency, 20_000), fc.nat({ max: 20_000 })), { freq: 2 }),
    discount: discountOf(currency),
    items: fc.tuple(...kinds.map((kind) => fc.option(itemOf(kind, currency), { freq: 4 }))),
  });
  return fc
    .tuple(rhythm, fc.uniqueArray(one, { minLength: 1, maxLength: count, selector: ({ day }) => day }))
    .map(([usual, all]) =>
      all
        .sort((a, b) => (a.day < b.day ? -1 : 1))
        .map(({ day, rhythm: own, base, limits, discount, items }, index) => {
          // Of a rhythm of its own, the version in the middle only: so that there is one to and one from it.
          const every = (index === 1 ? own : null) ?? usual;
          const isMonthly = every.baseEvery === 'month';
          const [minimum, room] = isMonthly && limits ? limits : [null, null];
          const cap =
            room === null || minimum === null
              ? null
              : decimal(Number(minimum.replace('.', '')) + room, digitsOf[currency]);
          return planSchema.parse({
            plan,
            name: plan,
            from: index === 0 ? '2020-01-01' : day,
            currency,
            ...every,
            base,
            minimum,
            cap,
            discount: discount && { ...discount.size, until: discount.until },
            items: items.filter((item) => item !== null),
          });
        }),
    );
}

const hourOf = (day: Temporal.PlainDate) => day.toZonedDateTime('UTC').epochMilliseconds / 3_600_000;
const dayAt = (days: number) => hourOf(firstDay.add({ days }));

export const histories: fc.Arbitrary<RandomHistory> = fc
  .constantFrom<[Currency, Currency]>(['USD', 'USD'], ['USD', 'JPY'], ['KWD', 'USD'])
  .chain(([a, b]) =>
    fc.record({
      plans: fc.record({ a: versionsOf('a', a, 4), b: versionsOf('b', b, 2) }),
      cuts: fc.uniqueArray(fc.nat({ max: daysMax }), { minLength: 1, maxLength: 4 }),
      first: fc.nat({ max: 100 }),
      states: fc.array(
        fc.record({ plan: fc.constantFrom('a', 'a', 'a', 'b', null), paused: fc.constantFrom(false, false, true) }),
        { minLength: 6, maxLength: 6 },
      ),
      isOpen: fc.boolean(),
      startHour: fc.nat({ max: 23 }),
      weeks: fc.array(fc.tuple(fc.constantFrom(0, 0, 1, 7, 24, 31, 100.5), fc.integer({ min: 3, max: 60 })), {
        minLength: 3,
        maxLength: 12,
      }),
      months: fc.uniqueArray(fc.nat({ max: 17 }), { minLength: 2, maxLength: 2 }),
    }),
  )
  .map(({ plans, first, cuts, states, isOpen, startHour, weeks, months: counts }) => {
    const days = [...new Set([first, ...cuts.filter((cut) => cut > first)])].sort((x, y) => x - y);
    const held = days.flatMap((from, index) => {
      const state = states[index];
      const next = days[index + 1] ?? (isOpen ? null : daysMax + 30);
      if (!state?.plan) return [];
      // Only the deployment's start can lie within a day.
      const start = dayAt(from) + (index === 0 ? startHour : 0);
      return cutAtVersions(plans[state.plan], start, next === null ? null : dayAt(next), state.paused);
    });
    const daily = weeks.flatMap(([level, length]) => Array.from({ length }, () => level));
    return { plans: held, used: usageOf(daily), kinds, months: monthsOf(held, counts) };
  });

/** Months in which something changes, and any others. */
function monthsOf(held: RandomHistory['plans'], counts: readonly number[]): number[] {
  const [first = 0, ...others] = counts;
  const changes = held.map(({ from }) => {
    const { year, month } = Temporal.Instant.fromEpochMilliseconds(from * 3_600_000).toZonedDateTimeISO('UTC');
    return (year - firstDay.year) * 12 + month - firstDay.month;
  });
  return [...new Set([changes[first % changes.length] ?? first, ...others])];
}

function cutAtVersions(
  versions: readonly PlanVersion[],
  from: number,
  to: number | null,
  paused: boolean,
): RandomHistory['plans'][number][] {
  return versions.flatMap((version, index) => {
    const next = versions[index + 1];
    const begin = Math.max(from, hourOf(version.from));
    const end = Math.min(to ?? Number.POSITIVE_INFINITY, next ? hourOf(next.from) : Number.POSITIVE_INFINITY);
    return begin < end ? [{ version, from: begin, to: Number.isFinite(end) ? end : null, paused }] : [];
  });
}

/** What is used on a day is used on it from the deployment's start on: a time that ends within a day has nothing of it. */
function usageOf(daily: readonly number[]): RandomHistory['used'] {
  return (kind, from, to) => {
    const first = Math.floor(from / 24);
    const end = Math.floor(to / 24);
    let thousandths = 0;
    for (let day = first; day < end; day += 1) {
      thousandths += (daily[(day * (kinds.indexOf(kind as 'alpha') + 1)) % daily.length] ?? 0) * 1000;
    }
    return decimal(thousandths, 3);
  };
}
