import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { applyRules } from '../../src/deployments/rules.ts';
import { meterRange } from '../../src/metering/meter.ts';
import { startOfDay } from '../../src/metering/period.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { openTestDatabase } from '../database.ts';
import { soaking, soakRuns } from '../soak.ts';
import { disturbances } from './random-faults.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// A week of an agency with all faults at random, by a seed (two days in `npm test`). It ends with the figures of a week without
// faults, or with differences of which the sync runs said that they may be there: a run of the resource's kind
// was not complete, or named what it did not see, from the last one that did to the next. What the figures
// differ by is held against that time.
//
// ARCADIA_WEEK_SEED: the first seed, to repeat one. Failures name theirs.

const days = soaking ? 7 : 2;
const hoursApart = soaking ? 8 : 12;
const steps = (days * 24) / hoursApart;
/** Syncs after the last day, a quarter of an hour apart. */
const lastQuarters = 3;
const firstSeed = Number(process.env.ARCADIA_WEEK_SEED ?? '1');
const seeds = Array.from({ length: soakRuns(1) }, (_, index) => firstSeed + index);

/** In it servers grow, change hands, live for minutes and are left behind. */
const from = Temporal.PlainDate.from('2026-05-09');
const to = from.add({ days });

/** Those that are metered, and what tells whose they are. */
const kinds =
  'project droplet dns_zone volume reserved_ip load_balancer snapshot custom_image droplet_backup spaces_bucket kubernetes_cluster action'.split(
    ' ',
  );

interface Week {
  /** Level times hours of each day, by deployment, resource, meter and day. */
  readonly usage: ReadonlyMap<string, Figure>;
  /** When all of a kind was seen. */
  readonly seen: ReadonlyMap<string, readonly Temporal.Instant[]>;
}

interface Figure {
  readonly deployment: string;
  readonly kind: string;
  readonly resource: string;
  readonly day: Temporal.PlainDate;
  readonly meter: string;
  readonly quantity: number;
  /** What an hour of the resource at its highest level adds up to. */
  readonly hourly: number;
}

async function declare(db: Database, { simulator }: SimulatedAccount): Promise<void> {
  const now = simulator.now();
  const customers = new Set<string>();
  const deployments = simulator.deployments.filter(({ startsAt }) => Temporal.Instant.compare(startsAt, now) <= 0);
  for (const { customer, slug, name, startsAt } of deployments) {
    if (!customers.has(customer.externalId)) await createCustomer(db, customer, now);
    customers.add(customer.externalId);
    await createDeployment(db, { slug, name, customer: customer.externalId, startsAt }, now);
  }
  const rules = deployments.flatMap(({ slug, projectId, namePattern }) => [
    ...(projectId === undefined ? [] : [{ project: projectId, deployment: slug }]),
    ...(namePattern === undefined ? [] : [{ name: namePattern, deployment: slug }]),
  ]);
  await applyRules(db, { rules }, 'test', now);
}

/** Lets the week pass; null: without faults. */
async function pass(seed: number | null): Promise<Week> {
  const database = await openTestDatabase();
  const { db } = database;
  const cloud = await openSimulatedAccount(db, { fleet: 'agency', real: true, at: startOfDay(from) });
  try {
    await sql`UPDATE metering_config SET enabled = true`.execute(db);
    const troubles = seed === null ? [] : disturbances(seed, steps);
    await cloud.sync({ kinds });
    for (let step = 0; step < steps; step++) {
      await cloud.advance({ hours: hoursApart });
      const trouble = troubles[step];
      if (trouble !== undefined) await cloud.upset(...trouble.faults);
      // A token that is refused, or an account that does not answer, reads nothing.
      await cloud.sync({ kinds }).catch((error: unknown) => {
        if (trouble === undefined) throw error;
      });
      if (trouble?.lasts !== true) await cloud.calm();
    }
    await cloud.calm();
    // A budget that was spent is back within the hour; what seemed to be missing is gone when that was seen often enough.
    await cloud.advance({ hours: 1 });
    for (let quarter = 0; quarter < lastQuarters; quarter++) {
      await cloud.advance({ minutes: 15 });
      await cloud.sync({ kinds });
    }
    await declare(db, cloud);
    const now = cloud.simulator.now();
    await bringAttributionsUpToDate(db, now);
    await meterRange(db, { from, to, now });
    return { usage: await readUsage(db), seen: await readSeen(db) };
  } finally {
    await cloud.close();
    await database.close();
  }
}

async function readUsage(db: Database): Promise<Map<string, Figure>> {
  const { rows } = await sql<Figure>`
    SELECT d.slug AS deployment, r.kind, r.external_id AS resource, k.slug AS meter, (u.period_start AT TIME ZONE 'UTC')::date AS day,
           u.quantity::float8 AS quantity,
           (SELECT max(l.level) FROM metered_levels l
            WHERE l.resource_id = u.resource_id AND l.billing_kind_id = u.billing_kind_id)::float8
             / CASE f.accrual WHEN 'hours' THEN 1 ELSE extract(epoch FROM date_trunc('month', u.period_start, 'UTC') + interval '1 month'
                                                           - date_trunc('month', u.period_start, 'UTC')) / 3600 END::float8 AS hourly
    FROM usage_records u
    JOIN deployments d USING (deployment_id) JOIN resources r USING (resource_id) JOIN billing_kinds k USING (billing_kind_id)
    JOIN billing_kind_definitions f USING (billing_kind_id)`.execute(db);
  return new Map(rows.map((row) => [`${row.deployment} ${row.kind} ${row.resource} ${row.meter} ${row.day}`, row]));
}

async function readSeen(db: Database): Promise<Map<string, Temporal.Instant[]>> {
  const { rows } = await sql<{ kind: string; at: Temporal.Instant }>`
    SELECT kind, started_at AS at FROM sync_runs WHERE outcome = 'complete' AND reason IS NULL ORDER BY started_at`.execute(
    db,
  );
  return new Map([...Map.groupBy(rows, ({ kind }) => kind)].map(([kind, runs]) => [kind, runs.map(({ at }) => at)]));
}

/** The hours of a day of which something is said about one of these kinds: it was not seen in all of the steps. */
function saidHours({ seen }: Week, of: readonly string[], day: Temporal.PlainDate): number {
  const begin = startOfDay(day).epochMilliseconds;
  const end = startOfDay(day.add({ days: 1 })).epochMilliseconds;
  const spans = of.flatMap((kind) => {
    const whole = seen.get(kind) ?? [];
    return whole.flatMap((until, index) => {
      const since = whole[index - 1];
      return since === undefined || until.since(since).total('hours') <= hoursApart ? [] : [[since, until] as const];
    });
  });
  // Overlapping spans count once: by the quarter of an hour.
  const quarter = 900_000;
  let hours = 0;
  for (let at = begin; at < end; at += quarter)
    if (spans.some(([since, until]) => since.epochMilliseconds < at + quarter && until.epochMilliseconds > at))
      hours += 0.25;
  return hours;
}

/** Whose it is follows from these, whatever it is. */
const tellOwners = ['project', 'droplet', 'volume', 'kubernetes_cluster'];

interface Difference {
  readonly key: string;
  readonly before: Figure | undefined;
  readonly after: Figure | undefined;
}

function differing(undisturbed: Week, disturbed: Week): Difference[] {
  return [...new Set([...undisturbed.usage.keys(), ...disturbed.usage.keys()])].flatMap((key) => {
    const before = undisturbed.usage.get(key);
    const after = disturbed.usage.get(key);
    return before?.quantity === after?.quantity ? [] : [{ key, before, after }];
  });
}

/** Differences that nothing was said of. */
function unexplained(undisturbed: Week, disturbed: Week): string[] {
  const found: string[] = [];
  const fleet = new Map<string, { more: number; hourly: number; figure: Figure }>();
  for (const { key, before, after } of differing(undisturbed, disturbed)) {
    const figure = (after ?? before) as Figure;
    const { kind, resource, meter, day } = figure;
    const more = (after?.quantity ?? 0) - (before?.quantity ?? 0);
    const hourly = Math.max(before?.hourly ?? 0, after?.hourly ?? 0);
    const hours = saidHours(disturbed, [kind, ...tellOwners], day);
    if (Math.abs(more) > hourly * hours + 1e-6)
      found.push(`${key}: ${before?.quantity} is ${after?.quantity}; ${hours} hours were said`);
    const total = `${kind} ${resource} ${meter} ${day}`;
    const known = fleet.get(total);
    fleet.set(total, { more: more + (known?.more ?? 0), hourly: Math.max(hourly, known?.hourly ?? 0), figure });
  }
  for (const [key, { more, hourly, figure }] of fleet) {
    const hours = saidHours(disturbed, [figure.kind], figure.day);
    if (Math.abs(more) > hourly * hours + 1e-6)
      found.push(`${key}: of the fleet ${more} more; ${hours} hours were said`);
  }
  return found;
}

let undisturbed: Week;
beforeAll(async () => {
  undisturbed = await pass(null);
});

test('of an undisturbed week nothing is said', () => {
  expect(undisturbed.usage.size).toBeGreaterThan(100);
  for (const kind of kinds)
    expect(undisturbed.seen.get(kind)?.length, `whole runs of ${kind}`).toBe(1 + steps + lastQuarters);
});

test.each(seeds)(
  'a week disturbed by seed %i ends with the figures of an undisturbed one, or with what was said',
  async (seed) => {
    const disturbed = await pass(seed);
    const found = unexplained(undisturbed, disturbed);
    if (soaking)
      console.log(
        `seed ${seed}: ${differing(undisturbed, disturbed).length} figures differ, ${found.length} of them unsaid`,
      );
    expect(found, `with ARCADIA_WEEK_SEED=${seed}`).toEqual([]);
  },
);
