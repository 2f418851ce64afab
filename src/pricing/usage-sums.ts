import { forecastUsage, type DayRange, usageForPeriod, usageOfAll, type UsageScope } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { sumQuantities } from '../platform/quantity.ts';

/** A deployment and the days of a segment of its month. */
export interface UsagePeriod {
  readonly deploymentId: number;
  /** Its slug. */
  readonly deployment: string;
  readonly range: DayRange;
}

/** Billing kind to exact decimal quantity; a kind without any record is not listed. */
type PeriodSums = ReadonlyMap<string, string>;

/** From how many deployments on one statement that sums everybody's is cheaper than one for each. */
const manyDeployments = 20;

/** Where rating has its usage from. */
export interface UsageSource {
  /** One answer per period, in their order. */
  of(periods: readonly UsagePeriod[]): Promise<PeriodSums[]>;
}

const noUsage: PeriodSums = new Map([]);

/**
 * Sums of usage for rating many deployments. What many have in common, as a rule the whole month,
 * is summed for all of them in one statement, once, and remembered: it holds as many sums as
 * there are deployments and kinds, however many records. `scope`: a customer, where the deployments
 * are all of one; then two are worth it.
 */
export class UsageSums implements UsageSource {
  readonly #db: Queryable;
  readonly #scope: UsageScope;
  readonly #ofAll = new Map<string, ReadonlyMap<string, PeriodSums>>();

  constructor(db: Queryable, scope: UsageScope = 'all') {
    this.#db = db;
    this.#scope = scope;
  }

  async of(periods: readonly UsagePeriod[]): Promise<PeriodSums[]> {
    const enough = this.#scope === 'all' ? manyDeployments : 2;
    const counts = new Map<string, number>();
    for (const { range } of periods) counts.set(keyOf(range), (counts.get(keyOf(range)) ?? 0) + 1);
    const sums: PeriodSums[] = [];
    for (const { deployment, range } of periods) {
      const key = keyOf(range);
      const many = this.#ofAll.has(key) || (counts.get(key) ?? 0) >= enough;
      sums.push(
        many ? ((await this.#sumAll(key, range)).get(deployment) ?? noUsage) : await this.#sumOne(deployment, range),
      );
    }
    return sums;
  }

  async #sumAll(key: string, range: DayRange): Promise<ReadonlyMap<string, PeriodSums>> {
    const known = this.#ofAll.get(key);
    if (known) return known;
    const all = await usageOfAll(this.#db, range.from, range.to, this.#scope);
    const sums = new Map(all.map(({ deployment, usage }) => [deployment, new Map(Object.entries(usage))]));
    this.#ofAll.set(key, sums);
    return sums;
  }

  async #sumOne(deployment: string, range: DayRange): Promise<PeriodSums> {
    return new Map(Object.entries((await usageForPeriod(this.#db, deployment, range.from, range.to)).usage));
  }
}

function keyOf({ from, to }: DayRange): string {
  return `${from} ${to}`;
}

/**
 * Usage of a month that is under way: what is metered of the days before one, and what the days from it on
 * will add if everything stays as it is (`forecastUsage`).
 */
export class ForecastSums implements UsageSource {
  readonly #db: Queryable;
  readonly #metered: UsageSource;
  readonly #from: Temporal.PlainDate;

  constructor(db: Queryable, meteredThrough: Temporal.PlainDate, metered: UsageSource = new UsageSums(db)) {
    this.#db = db;
    this.#metered = metered;
    this.#from = meteredThrough;
  }

  async of(periods: readonly UsagePeriod[]): Promise<PeriodSums[]> {
    const sums = periods.map(() => new Map<string, string>());
    const past: { index: number; period: UsagePeriod }[] = [];
    const ahead = new Map<string, { range: DayRange; indexes: number[] }>();
    for (const [index, { range, ...whose }] of periods.entries()) {
      const cut = clamp(this.#from, range);
      if (isBefore(range.from, cut)) past.push({ index, period: { ...whose, range: { from: range.from, to: cut } } });
      if (!isBefore(cut, range.to)) continue;
      const rest = { from: cut, to: range.to };
      const group = ahead.get(keyOf(rest)) ?? { range: rest, indexes: [] };
      group.indexes.push(index);
      ahead.set(keyOf(rest), group);
    }
    const answers = await this.#metered.of(past.map(({ period }) => period));
    for (const [position, { index }] of past.entries()) add(sums[index], answers[position]);
    for (const { range, indexes } of ahead.values()) {
      const ids = indexes.map((index) => (periods[index] as UsagePeriod).deploymentId);
      const forecasts = await forecastUsage(this.#db, ids, range);
      for (const index of indexes) add(sums[index], forecasts.get((periods[index] as UsagePeriod).deploymentId));
    }
    return sums;
  }
}

/** Usage as if metering had ended before a day: what a month's amount was by then, by the facts of now. */
export class UsageUntil implements UsageSource {
  readonly #metered: UsageSource;
  readonly #through: Temporal.PlainDate;

  constructor(through: Temporal.PlainDate, metered: UsageSource) {
    this.#through = through;
    this.#metered = metered;
  }

  async of(periods: readonly UsagePeriod[]): Promise<PeriodSums[]> {
    const cut = periods.map(({ range, ...whose }) => ({
      ...whose,
      range: { from: range.from, to: clamp(this.#through, range) },
    }));
    const asked = cut.filter(({ range }) => isBefore(range.from, range.to));
    const answers = (await this.#metered.of(asked)).values();
    return cut.map(({ range }) => (isBefore(range.from, range.to) ? (answers.next().value ?? noUsage) : noUsage));
  }
}

function add(sums: Map<string, string> | undefined, more: PeriodSums | undefined): void {
  for (const [kind, quantity] of more ?? []) sums?.set(kind, sumQuantities([sums.get(kind) ?? '0', quantity]));
}

function isBefore(a: Temporal.PlainDate, b: Temporal.PlainDate): boolean {
  return Temporal.PlainDate.compare(a, b) < 0;
}

function clamp(day: Temporal.PlainDate, { from, to }: DayRange): Temporal.PlainDate {
  if (isBefore(day, from)) return from;
  return isBefore(to, day) ? to : day;
}
