import type { DayRange } from '../metering/period.ts';
import { openUsageStore } from '../metering/usage-store.open.ts';
import type { Database } from '../platform/database.ts';

/** A deployment and the days of a piece of its month. */
export interface UsagePeriod {
  readonly deploymentId: number;
  readonly range: DayRange;
}

/** Billing kind to exact decimal quantity; a kind without any record is not listed. */
export type PeriodSums = ReadonlyMap<string, string>;

/** From how many deployments on one statement that sums all of them is cheaper than one for each. */
const manyDeployments = 20;

const noUsage: PeriodSums = new Map();

/**
 * Sums of usage for rating many deployments. What many have in common, as a rule the whole month,
 * is summed for all deployments in one statement, once, and remembered: it holds as many sums as
 * there are deployments and kinds, however many records.
 */
export class UsageSums {
  readonly #db: Database;
  readonly #ofAll = new Map<string, ReadonlyMap<number, PeriodSums>>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** One answer per period, in their order. */
  async of(periods: readonly UsagePeriod[]): Promise<PeriodSums[]> {
    const counts = new Map<string, number>();
    for (const { range } of periods) counts.set(keyOf(range), (counts.get(keyOf(range)) ?? 0) + 1);
    const sums: PeriodSums[] = [];
    for (const { deploymentId, range } of periods) {
      const key = keyOf(range);
      const many = this.#ofAll.has(key) || (counts.get(key) ?? 0) >= manyDeployments;
      sums.push(
        many
          ? ((await this.#sumAll(key, range)).get(deploymentId) ?? noUsage)
          : await this.#sumOne(deploymentId, range),
      );
    }
    return sums;
  }

  async #sumAll(key: string, range: DayRange): Promise<ReadonlyMap<number, PeriodSums>> {
    const known = this.#ofAll.get(key);
    if (known) return known;
    const store = await openUsageStore(this.#db);
    const byDeployment = new Map<number, Map<string, string>>();
    for (const row of await store.sumByDeployment(this.#db, { scope: 'all', range })) {
      const own = byDeployment.get(row.deploymentId) ?? new Map<string, string>();
      own.set(row.kind, row.quantity);
      byDeployment.set(row.deploymentId, own);
    }
    this.#ofAll.set(key, byDeployment);
    return byDeployment;
  }

  async #sumOne(deploymentId: number, range: DayRange): Promise<PeriodSums> {
    const store = await openUsageStore(this.#db);
    const rows = await store.sumByKind(this.#db, { scope: { deploymentId }, range });
    return new Map(rows.map((row) => [row.kind, row.quantity]));
  }
}

function keyOf({ from, to }: DayRange): string {
  return `${from} ${to}`;
}
