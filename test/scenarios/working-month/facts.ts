import { billOf, type BilledLine, fraction, type Hour, type HeldPlan } from '../../rating/second-engine.ts';
import type { PlanVersion } from '../../../src/pricing/plan.ts';

// What is owed, from what the script itself did: which server ran in which hours, whose it was, and the plan files. It
// reads nothing of the database, and shares no arithmetic with the program.

export const hourOf = (at: string): Hour => Temporal.Instant.from(at).epochMilliseconds / 3_600_000;
/** A month by its number since January of the year 0, as the second engine counts. */
export function monthNumber(month: string): number {
  const [year = 0, of = 0] = month.split('-').map(Number);
  return year * 12 + of - 1;
}

interface Level {
  readonly from: Hour;
  to: Hour | null;
  /** A whole number: of droplets 1 or 0, of storage its size. */
  readonly level: number;
}

interface Owned {
  readonly from: Hour;
  to: Hour | null;
  readonly owners: readonly { readonly deployment: string; readonly weight: number }[];
}

interface Resource {
  readonly meter: string;
  readonly levels: Level[];
  readonly owned: Owned[];
}

/** `hours`: level times hours. `month`: level times the part of the calendar month. */
const accruals: Readonly<Record<string, 'hours' | 'month'>> = {
  droplet_hours: 'hours',
  dns_zones: 'month',
  droplet_snapshot_gb_month: 'month',
  volume_gb_month: 'month',
};

/** The beginning of time, for whoever owned a thing from its birth. */
const always: Hour = 0;

/** All that the script made happen, and from when on it is known to be so. */
export class Facts {
  readonly #resources = new Map<string, Resource>();
  readonly #plans = new Map<string, { plan: string; from: Hour; to: Hour | null }[]>();
  readonly #versions: PlanVersion[] = [];
  /** Nothing before it is metered. */
  readonly #meteredFrom: Hour;

  constructor(meteredFrom: string) {
    this.#meteredFrom = hourOf(meteredFrom);
  }

  born(name: string, meter: string, level: number, at: string, deployment: string | null): void {
    const owned = deployment === null ? [] : [{ from: always, to: null, owners: [{ deployment, weight: 1 }] }];
    this.#resources.set(name, { meter, levels: [{ from: hourOf(at), to: null, level }], owned });
  }

  /** Another level from then on; null: it is gone. */
  becomes(name: string, level: number | null, at: string): void {
    const { levels } = this.#resource(name);
    const last = levels.at(-1) as Level;
    last.to = hourOf(at);
    if (level !== null) levels.push({ from: hourOf(at), to: null, level });
  }

  belongs(name: string, owners: Owned['owners'], from: string | null): void {
    const resource = this.#resource(name);
    const at = from === null ? always : hourOf(from);
    const before = resource.owned
      .filter((one) => one.from < at)
      .map((one) => ({ ...one, to: Math.min(one.to ?? at, at) }));
    resource.owned.splice(0, resource.owned.length, ...before, { from: at, to: null, owners });
  }

  planned(version: PlanVersion): void {
    this.#versions.push(version);
  }

  subscribed(deployment: string, plan: string, from: string): void {
    const held = this.#plans.get(deployment) ?? [];
    const at = hourOf(from);
    const before = held.filter((one) => one.from < at).map((one) => ({ ...one, to: Math.min(one.to ?? at, at) }));
    this.#plans.set(deployment, [...before, { plan, from: at, to: null }]);
  }

  left(deployment: string, at: string): void {
    const last = this.#plans.get(deployment)?.at(-1);
    if (last === undefined) throw new RangeError(`${deployment} is on no plan`);
    last.to = hourOf(at);
  }

  /** What a deployment is charged for a month, line by line. */
  bill(deployment: string, month: string): BilledLine[] {
    const plans = this.#held(deployment);
    const used = (kind: string, from: Hour, to: Hour) => this.#used(deployment, kind, from, to);
    return billOf({ plans, used, kinds: Object.keys(accruals) }, monthNumber(month));
  }

  #resource(name: string): Resource {
    const found = this.#resources.get(name);
    if (found === undefined) throw new RangeError(`there is no ${name}`);
    return found;
  }

  /** Its plans over time, each cut where another version of the plan begins. */
  #held(deployment: string): HeldPlan[] {
    return (this.#plans.get(deployment) ?? []).flatMap(({ plan, from, to }) => {
      const versions = this.#versions
        .filter((version) => version.plan === plan)
        .map((version) => ({ version, begins: hourOf(`${version.from}T00:00:00Z`) }))
        .sort((a, b) => a.begins - b.begins);
      return versions.flatMap(({ version, begins }, index): HeldPlan[] => {
        const end = versions[index + 1]?.begins ?? null;
        const cut = overlap({ from, to }, { from: begins, to: end });
        return cut === null ? [] : [{ version, ...cut, paused: false }];
      });
    });
  }

  #used(deployment: string, kind: string, from: Hour, to: Hour): string {
    let billionths = 0n;
    for (const { meter, levels, owned } of this.#resources.values()) {
      if (meter !== kind) continue;
      for (const share of owned) {
        const weights = share.owners.reduce((sum, one) => sum + one.weight, 0);
        const index = share.owners.findIndex((one) => one.deployment === deployment);
        if (index === -1) continue;
        const below = share.owners.slice(0, index).reduce((sum, one) => sum + one.weight, 0);
        const own = share.owners[index] as (typeof share.owners)[number];
        for (const level of levels) {
          const asked = overlap(share, { from: Math.max(from, this.#meteredFrom), to });
          const run = asked === null ? null : overlap(level, asked);
          if (run === null || run.to === null) continue;
          const whole = accrued(kind, level.level, run.from, run.to);
          const upTo = (weight: number) => rounded(whole * BigInt(weight), BigInt(weights));
          billionths += upTo(below + own.weight) - upTo(below);
        }
      }
    }
    return decimal(billionths);
  }
}

function overlap(
  a: { readonly from: Hour; readonly to: Hour | null },
  b: { readonly from: Hour; readonly to: Hour | null },
): { from: Hour; to: Hour | null } | null {
  const from = Math.max(a.from, b.from);
  const to = a.to === null ? b.to : b.to === null ? a.to : Math.min(a.to, b.to);
  return to !== null && to <= from ? null : { from, to };
}

/** In billionths: of each calendar month the difference of two rounded totals since the month began. */
function accrued(kind: string, level: number, from: Hour, to: Hour): bigint {
  const accrual = accruals[kind];
  let sum = 0n;
  let begin = from;
  while (begin < to) {
    const month = Temporal.Instant.fromEpochMilliseconds(begin * 3_600_000)
      .toZonedDateTimeISO('UTC')
      .with({ day: 1, hour: 0 });
    const first = month.epochMilliseconds / 3_600_000;
    const next = month.add({ months: 1 }).epochMilliseconds / 3_600_000;
    const end = Math.min(to, next);
    const unit = BigInt(accrual === 'hours' ? 1 : next - first);
    const total = (hour: Hour) => rounded(BigInt(level) * BigInt(hour - first) * 1_000_000_000n, unit);
    sum += total(end) - total(begin);
    begin = end;
  }
  return sum;
}

/** Half away from zero. */
function rounded(numerator: bigint, denominator: bigint): bigint {
  const size = numerator < 0n ? -numerator : numerator;
  const result = (2n * size + denominator) / (2n * denominator);
  return numerator < 0n ? -result : result;
}

function decimal(billionths: bigint): string {
  const size = (billionths < 0n ? -billionths : billionths).toString().padStart(10, '0');
  return `${billionths < 0n ? '-' : ''}${size.slice(0, -9)}.${size.slice(-9)}`;
}

/** Whole cents of an amount with two digits. */
export function cents(amount: string): bigint {
  const { n, d } = fraction(amount);
  if ((n * 100n) % d !== 0n) throw new RangeError(`${amount} is finer than a cent`);
  return (n * 100n) / d;
}

/** Cents as an amount with two digits. */
export function money(amount: bigint): string {
  const size = String(amount < 0n ? -amount : amount).padStart(3, '0');
  return `${amount < 0n ? '-' : ''}${size.slice(0, -2)}.${size.slice(-2)}`;
}

/** A percentage of cents, rounded half away from zero. */
export function percentOf(base: bigint, percent: number): bigint {
  return rounded(base * BigInt(percent), 100n);
}
