// For tests of this module: random histories.
import fc from 'fast-check';
import { sql } from 'kysely';
import { openTestDatabase } from '../database.ts';
import { assign } from '../../src/deployments/assignments.ts';
import { setDeploymentStart } from '../../src/deployments/deployments.ts';
import { insertResource, writeState } from '../fixtures/inventory.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { meterDay, meterOutstanding } from '../../src/metering/meter.ts';
import { at, createDeployments, insertAccount } from '../fixtures/metering.ts';

// Random histories with resizes, power cycles, moves, shares, ends, backdated assignments and
// late facts, over windows that hold the ends of months of 28, 29, 30 and 31 days; days are
// metered in between in any order, then facts change behind the meter's back.

export const windows = [
  { from: '2027-02-25', to: '2027-03-04' },
  { from: '2028-02-26', to: '2028-03-04' },
  { from: '2026-04-27', to: '2026-05-03' },
  { from: '2026-05-28', to: '2026-06-03' },
] as const;
export const slugs = ['ash', 'birch', 'cedar'] as const;
const kinds = ['droplet', 'snapshot', 'dns_zone', 'volume'] as const;

/** A place in the window, in thousandths: whole hours, odd seconds, and microseconds happen. */
const place = fc.integer({ min: 0, max: 1_000_000 });
export const fact = fc.oneof(
  fc.record({
    type: fc.constant('state' as const),
    resource: fc.nat(5),
    status: fc.constantFrom('active', 'off'),
    size: fc.integer({ min: 0, max: 2_000_000_000 }),
    from: place,
    to: fc.option(place),
  }),
  fc.record({ type: fc.constant('end' as const), resource: fc.nat(5), from: place }),
  fc.record({
    type: fc.constant('assign' as const),
    resource: fc.nat(5),
    weights: fc.array(fc.integer({ min: 0, max: 7 }), { minLength: 3, maxLength: 3 }),
    from: place,
    to: fc.option(place),
  }),
  fc.record({ type: fc.constant('start' as const), slug: fc.constantFrom(...slugs), from: place }),
  fc.record({ type: fc.constant('meter' as const), day: fc.nat(6), verify: fc.boolean() }),
  fc.record({ type: fc.constant('outstanding' as const) }),
);
export type Fact = typeof fact extends fc.Arbitrary<infer T> ? T : never;

/** A window of days, six resources of four kinds, and what happens to them. */
export class World {
  readonly #db: Database;
  readonly #from: Temporal.Instant;
  readonly #to: Temporal.Instant;
  readonly #resources: number[];
  /** After the window: every day in it is complete. Facts are recorded in this order. */
  #now: Temporal.Instant;

  constructor(db: Database, window: { from: string; to: string }, resources: number[]) {
    this.#db = db;
    this.#from = at(window.from);
    this.#to = at(window.to);
    this.#resources = resources;
    this.#now = this.#to;
  }

  #at(thousandths: number): Temporal.Instant {
    const length = (this.#to.epochNanoseconds - this.#from.epochNanoseconds) / 1000n;
    return this.#from.add({ microseconds: Number((length * BigInt(thousandths)) / 1_000_000n) });
  }

  #interval(from: number, to: number | null): { from: Temporal.Instant; to: Temporal.Instant | null } | null {
    if (to === from) return null;
    if (to === null) return { from: this.#at(from), to: null };
    return { from: this.#at(Math.min(from, to)), to: this.#at(Math.max(from, to)) };
  }

  get now(): Temporal.Instant {
    return this.#now;
  }

  async apply(step: Fact): Promise<void> {
    this.#now = this.#now.add({ minutes: 1 });
    const db = this.#db;
    if (step.type === 'meter') {
      const day = this.#from.toZonedDateTimeISO('UTC').toPlainDate().add({ days: step.day });
      if (Temporal.PlainDate.compare(day, this.#to.toZonedDateTimeISO('UTC').toPlainDate()) < 0) {
        await meterDay(db, day, { now: this.#now, verify: step.verify });
      }
      return;
    }
    if (step.type === 'outstanding') {
      await meterOutstanding(db, { now: this.#now });
      return;
    }
    if (step.type === 'start') {
      await setDeploymentStart(db, step.slug, this.#at(step.from), this.#now);
      return;
    }
    const resource = this.#resources[step.resource] as number;
    if (step.type === 'end') {
      await writeState(db, resource, null, this.#at(step.from), null, this.#now);
      return;
    }
    const interval = this.#interval(step.from, step.to);
    if (interval === null) return;
    if (step.type === 'state') {
      const attributes = { size_gb: step.size / 1_000_000 };
      await writeState(db, resource, { status: step.status, attributes }, interval.from, interval.to, this.#now);
      return;
    }
    const owners = slugs
      .map((slug, index) => ({ slug, weight: step.weights[index] ?? 0 }))
      .filter((owner) => owner.weight > 0);
    if (owners.length === 0) return;
    await assign(db, { resourceIds: [resource], owners, ...dated(interval) }, 'test', this.#now);
  }
}

function dated(interval: { from: Temporal.Instant; to: Temporal.Instant | null }) {
  return interval.to === null ? { from: interval.from } : { from: interval.from, to: interval.to };
}

/** An empty database with the world's beginning. */
export async function build(window: {
  from: string;
  to: string;
}): Promise<{ db: Database; world: World; close(): Promise<void> }> {
  const { db, close } = await openTestDatabase();
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = ${at(window.from).add({ hours: 7 })}`.execute(db);
  await createDeployments(db, slugs, at('2026-01-01'));
  const resources: number[] = [];
  for (let index = 0; index < 6; index += 1) {
    const kind = kinds[index % kinds.length] as string;
    const seen = at(window.from).subtract({ hours: 24 * 10 });
    const resource = await insertResource(db, account, kind, `r${index}`, seen);
    await writeState(db, resource, { attributes: { size_gb: 10 * index + 0.125 } }, seen, null, seen);
    resources.push(resource);
  }
  return { db, world: new World(db, window, resources), close };
}
