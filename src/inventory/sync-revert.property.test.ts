import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { createDeployments } from '../../test/fixtures/metering.ts';
import { type Fault, openSimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import { applyRules } from '../deployments/rules.ts';
import { meterOutstanding } from '../metering/meter.ts';
import type { Database } from '../platform/database/database.ts';
import type { FleetEventInput } from '../simulator/events.ts';
import { pruneSyncRuns } from './sync-prune.ts';
import { revertSyncRun } from './sync-revert.ts';
import type { SyncResult } from './sync.ts';

// Two databases read one random fleet. One syncs A, B and C, and reverts C; the other never saw C. They say the
// same of history, usage, prices and evidence, before and after both sync D.

const kinds = ['project', 'droplet', 'volume', 'dns_zone', 'snapshot', 'action', 'size'];
const droplet = fc.constantFrom(9001, 9002, 9003, 9004);
const zone = fc.constantFrom('a.example', 'b.example', 'c.example');
const seconds = fc.constantFrom(0, 40, 900);
const of = <Type extends string>(type: Type) => fc.constant(type);

const event: fc.Arbitrary<FleetEventInput> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: of('create_droplet' as const),
      id: droplet,
      name: fc.constantFrom('web', 'db'),
      backups: fc.constantFrom('weekly' as const, null),
      seconds,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: of('destroy' as const), kind: of('droplet' as const), id: droplet, seconds }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: of('power' as const),
      droplet,
      action: fc.constantFrom('power_off' as const, 'power_on' as const),
      seconds,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: of('resize_droplet' as const),
      droplet,
      size: fc.constantFrom('s-1vcpu-1gb', 's-2vcpu-4gb'),
      seconds,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: of('rename_droplet' as const), droplet, name: of('cache') }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: of('set_backups' as const), droplet, plan: fc.constantFrom('daily' as const, null) }),
  },
  { weight: 2, arbitrary: fc.record({ type: of('create_domain' as const), name: zone }) },
  { weight: 2, arbitrary: fc.record({ type: of('destroy' as const), kind: of('domain' as const), id: zone }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: of('create_snapshot' as const),
      resourceType: of('droplet' as const),
      resourceId: droplet,
      name: of('s'),
      sizeGb: fc.integer({ min: 1, max: 50 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: of('move' as const),
      urn: droplet.map((id) => `do:droplet:${id}`),
      project: fc.constantFrom('first', 'second'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: of('withdraw_size' as const), size: of('s-4vcpu-8gb') }) },
);
const fault: fc.Arbitrary<Fault> = fc.constantFrom<Fault[]>(
  { fault: 'server_error', path: '/v2/droplets' },
  { fault: 'empty', path: '/v2/droplets', what: 'items' },
  { fault: 'empty', path: '/v2/domains', what: 'items' },
  { fault: 'truncate', path: '/v2/projects' },
  { fault: 'server_error', path: '/v2/actions' },
  { fault: 'late_actions', bySeconds: 1800 },
);
const phase = fc.record({
  steps: fc.array(fc.tuple(event, fc.integer({ min: 1, max: 9_000 })), { minLength: 1, maxLength: 5 }),
  minutes: fc.constantFrom(20, 600, 1500),
  upset: fc.option(fault, { freq: 3 }),
});

/** What is believed and known now, without what says when and by whom it was recorded. */
async function believed(db: Database): Promise<object> {
  const { rows } = await sql<Record<string, string>>`
    WITH named AS (SELECT resource_id, kind || ':' || external_id AS name FROM resources)
    SELECT 'state' AS table, n.name AS of, concat_ws(' ', s.valid_from, s.valid_to, s.source, s.name, s.status, s.region, s.tags, s.parents,
      s.attributes) AS says FROM resource_states s JOIN named n USING (resource_id) WHERE s.superseded_at = 'infinity'
    UNION ALL
    SELECT 'membership', n.name, concat_ws(' ', s.valid_from, s.valid_to, s.source, p.name)
    FROM project_memberships s JOIN named n USING (resource_id) JOIN named p ON p.resource_id = s.project_id
    WHERE s.superseded_at = 'infinity'
    UNION ALL
    SELECT 'settings', n.name, concat_ws(' ', s.valid_from, s.valid_to, s.source, s.settings, s.hidden)
    FROM resource_settings s JOIN named n USING (resource_id) WHERE s.superseded_at = 'infinity'
    UNION ALL
    SELECT 'price', s.subject, concat_ws(' ', s.valid_from, s.valid_to, s.amount, s.last_seen_at)
    FROM provider_prices s WHERE s.superseded_at = 'infinity' AND source = 'api'
    UNION ALL
    SELECT 'candidate', n.name, concat_ws(' ', c.missing_since, c.last_counted_at, c.listings)
    FROM end_candidates c JOIN named n USING (resource_id)
    UNION ALL
    SELECT 'first seen', n.name, r.first_seen_at::text FROM resources r JOIN named n USING (resource_id) WHERE NOT r.unseen
    UNION ALL
    SELECT 'confirmed', o.resource_kind, concat_ws(' ', o.listed_as, o.confirmed_through) FROM metering_observed o
    UNION ALL
    SELECT 'position', kind, (array_agg(read_through ORDER BY started_at DESC, sync_run_id DESC))[1]::text
    FROM sync_runs WHERE outcome = 'complete' AND kind = 'action' GROUP BY kind
    UNION ALL
    SELECT 'usage', n.name, concat_ws(' ', u.day, u.quantity) FROM (
      SELECT resource_id, (period_start AT TIME ZONE 'UTC')::date AS day, sum(quantity) AS quantity
      FROM usage_records GROUP BY 1, 2) u JOIN named n USING (resource_id)
    ORDER BY 1, 2, 3`.execute(db);
  return rows.map((row) => Object.values(row).join(' | '));
}

test('history, usage and evidence after a revert are those of a database that never saw the run', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(phase, { minLength: 4, maxLength: 4 }), fc.boolean(), async (phases, together) => {
      const [one, other] = [await openTestDatabase(), await openTestDatabase()];
      const cloud = await openSimulatedAccount(one.db);
      try {
        const ids = await cloud.happen(
          { type: 'create_project', name: 'first' },
          { type: 'create_project', name: 'second' },
        );
        const projects: Record<string, string> = { first: String(ids[0]), second: String(ids[1]) };
        const syncs = [cloud.sync, await cloud.alsoIn(other.db)];
        for (const { db } of [one, other]) {
          await createDeployments(db, ['ash'], Temporal.Instant.from('2020-01-01T00:00:00Z'));
          const rules = [{ name: 'web', deployment: 'ash' }];
          await applyRules(db, { rules }, 'test', Temporal.Instant.from('2020-01-01T00:00:00Z'));
        }
        const meter = async (db: Database) => meterOutstanding(db, { now: cloud.simulator.now() });
        for (const [index, { steps, minutes, upset }] of phases.entries()) {
          for (const [what, after] of steps) {
            await cloud.happen(what.type === 'move' ? { ...what, project: projects[what.project]! } : what);
            await cloud.advance({ seconds: after });
          }
          await cloud.advance({ minutes });
          if (upset !== null) await cloud.upset(upset);
          const isReverted = index === 2;
          const results = await syncs[0]!({ kinds });
          const others = isReverted ? null : await syncs[1]!({ kinds });
          await cloud.calm();
          await cloud.advance({ seconds: 1 });
          await meter(one.db);
          if (isReverted) {
            await revertLast(one.db, results.length, together, cloud.simulator.now());
            // Nor does it make a difference which runs have become sums.
            await pruneSyncRuns(one.db, cloud.simulator.now());
          }
          await meter(one.db);
          await meter(other.db);
          const found = await believed(one.db);
          expect(found).toEqual(await believed(other.db));
          if (others !== null) expect(results.map(counts)).toEqual(others.map(counts));
        }
      } finally {
        await cloud.close();
        await one.close();
        await other.close();
      }
    }),
    // Shrinking takes longer than a test may.
    { numRuns: soakRuns(2), endOnFailure: true },
  );
});

/** What it says of its run; of the action log only what was seen: actions that the reverted run read are no news. */
const counts = ({ requests: _, new: born, changed, ...rest }: SyncResult) =>
  rest.kind === 'action' ? rest : { ...rest, born, changed };

/** Reverts the last runs: each by itself, the last first, or each with those that rest on it, the first first. */
async function revertLast(db: Database, count: number, together: boolean, now: Temporal.Instant): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    SELECT sync_run_id AS id FROM sync_runs ORDER BY sync_run_id DESC LIMIT ${count}`.execute(db);
  const ids = rows.map(({ id }) => id);
  if (together) ids.reverse();
  const done = new Set<number>();
  for (const syncRunId of ids) {
    if (done.has(syncRunId)) continue;
    const runs = await revertSyncRun(db, { syncRunId, reason: 'test', andLater: together }, 'ana', now);
    for (const run of runs) done.add(run.syncRunId);
  }
  expect(done).toEqual(new Set(ids));
}
