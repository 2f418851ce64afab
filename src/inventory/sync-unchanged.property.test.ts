import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { type Fault, openSimulatedAccount } from '../../test/scenarios/simulated-account.ts';
import type { Database } from '../platform/database/database.ts';
import type { FleetEventInput } from '../simulator/events.ts';
import { pruneSyncRuns } from './sync-prune.ts';
import { revertSyncRun } from './sync-revert.ts';
import type { SyncResult } from './sync.ts';

// Two databases read one random fleet: one takes the short way where a listing says what is believed already, the other
// stages every listing. All that they hold is the same, run by run, whatever happens, fails, is hidden, reverted or pruned.

const kinds = ['project', 'droplet', 'volume', 'dns_zone', 'snapshot', 'droplet_backup', 'firewall', 'action', 'size'];
const droplet = fc.constantFrom(9001, 9002, 9003);
const zone = fc.constantFrom('a.example', 'b.example');
const of = <Value>(value: Value) => fc.constant(value);
const seconds = fc.constantFrom(0, 40, 900);

const event: fc.Arbitrary<FleetEventInput> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: of('create_droplet' as const),
      id: droplet,
      name: fc.constantFrom('web', 'db'),
      backups: fc.constantFrom('weekly' as const, null),
      tags: fc.constantFrom<string[]>([], ['blue']),
      seconds,
    }),
  },
  fc.record({ type: of('destroy' as const), kind: of('droplet' as const), id: droplet, seconds }),
  fc.record({ type: of('power' as const), droplet, action: fc.constantFrom('power_off', 'power_on'), seconds }),
  fc.record({
    type: of('resize_droplet' as const),
    droplet,
    size: fc.constantFrom('s-1vcpu-1gb', 's-2vcpu-4gb'),
    seconds,
  }),
  fc.record({ type: of('rename_droplet' as const), droplet, name: of('cache') }),
  fc.record({ type: of('set_backups' as const), droplet, plan: fc.constantFrom('daily' as const, null) }),
  fc.record({ type: of('create_domain' as const), name: zone }),
  fc.record({ type: of('destroy' as const), kind: of('domain' as const), id: zone }),
  fc.record({
    type: of('create_snapshot' as const),
    resourceType: of('droplet' as const),
    resourceId: droplet,
    name: of('s'),
    sizeGb: fc.integer({ min: 1, max: 50 }),
  }),
  fc.record({
    type: of('move' as const),
    urn: droplet.map((id) => `do:droplet:${id}`),
    project: fc.constantFrom('first', 'second'),
  }),
  fc.record({
    type: of('create_other' as const),
    urn: fc.constantFrom('do:genai:1', 'do:genai:2', 'do:droplet:77'),
    project: of('first'),
  }),
  fc.record({ type: of('destroy_other' as const), urn: fc.constantFrom('do:genai:1', 'do:droplet:77') }),
  fc.record({ type: of('rename_project' as const), id: of('first'), name: fc.constantFrom('first', 'other') }),
  fc.record({ type: of('withdraw_size' as const), size: of('s-4vcpu-8gb') }),
);

const fault = fc.constantFrom<Fault[]>(
  { fault: 'server_error', path: '/v2/droplets' },
  { fault: 'empty', path: '/v2/droplets', what: 'items' },
  { fault: 'empty', path: '/v2/domains', what: 'items' },
  { fault: 'empty', path: '/v2/sizes', what: 'items' },
  { fault: 'truncate', path: '/v2/projects' },
  { fault: 'server_error', path: '/v2/actions' },
  { fault: 'late_actions', bySeconds: 1800 },
  { fault: 'leave_out', path: '/v2/droplets', ids: [9001] },
  { fault: 'field', path: '/v2/droplets', id: 9001, field: 'size_slug' },
  { fault: 'field', path: '/v2/droplets', field: 'created_at', value: null },
  { fault: 'field', path: '/v2/droplets', id: 9002, field: 'id' },
  { fault: 'missing_scope', scopes: ['tag:read', 'vpc:read'], hidden: true },
  { fault: 'missing_scope', scopes: ['droplet:read'] },
  { fault: 'refuse', path: '/v2/domains', status: 404 },
);

const phase = fc.record({
  steps: fc.array(fc.tuple(event, fc.integer({ min: 1, max: 4_000 })), { maxLength: 3 }),
  /** Until each of its syncs: between most of them nothing happens. */
  minutes: fc.array(fc.constantFrom(0, 12, 200, 1_000), { minLength: 2, maxLength: 3 }),
  upset: fc.option(fault, { freq: 2 }),
  /** How many of the last runs are taken back when it is over. */
  reverted: fc.constantFrom(0, 0, 0, 1, 3, 9),
  pruned: fc.boolean(),
});

/** Every row of what syncs write, without numbers that say only in which order rows were written. */
async function contents(db: Database): Promise<string[]> {
  const { rows } = await sql<{ row: string }>`
    WITH named AS (SELECT resource_id, kind || ':' || external_id AS name FROM resources)
    SELECT 'state ' || n.name || (to_jsonb(t) - '{resource_state_id,resource_id}'::text[])::text AS row FROM resource_states t JOIN named n USING (resource_id)
    UNION ALL
    SELECT 'settings ' || n.name || (to_jsonb(t) - '{resource_setting_id,resource_id}'::text[])::text FROM resource_settings t JOIN named n USING (resource_id)
    UNION ALL
    SELECT 'membership ' || n.name || p.name || (to_jsonb(t) - '{project_membership_id,resource_id,project_id}'::text[])::text
    FROM project_memberships t JOIN named n USING (resource_id) JOIN named p ON p.resource_id = t.project_id
    UNION ALL
    SELECT 'payload ' || n.name || (to_jsonb(t) - '{resource_id}'::text[])::text FROM resource_payloads t JOIN named n USING (resource_id)
    UNION ALL
    SELECT 'candidate ' || n.name || (to_jsonb(t) - '{resource_id}'::text[])::text FROM end_candidates t JOIN named n USING (resource_id)
    UNION ALL
    SELECT 'candidate before ' || n.name || (to_jsonb(t) - '{resource_id}'::text[])::text FROM end_candidates_before t JOIN named n USING (resource_id)
    UNION ALL
    SELECT 'resource ' || (to_jsonb(t) - '{resource_id}'::text[])::text FROM resources t
    UNION ALL
    SELECT 'price ' || (to_jsonb(t) - '{provider_price_id}'::text[])::text FROM provider_prices t WHERE source = 'api'
    UNION ALL
    SELECT 'action ' || to_jsonb(t)::text FROM provider_actions t
    UNION ALL
    SELECT 'change ' || coalesce(n.name, '') || (to_jsonb(t) - '{change_id,subject}'::text[])::text FROM changes t LEFT JOIN named n ON n.resource_id = t.subject
    UNION ALL
    -- Both databases draw on one budget.
    SELECT 'run ' || (to_jsonb(t) - '{requests_left,requests_limit,requests_reset_at}'::text[])::text FROM sync_runs t
    UNION ALL
    SELECT 'runs ' || to_jsonb(t)::text FROM sync_run_days t
    ORDER BY row`.execute(db);
  return rows.map(({ row }) => row);
}

async function revertLast(db: Database, count: number, now: Temporal.Instant): Promise<void> {
  const { rows } = await sql<{ id: number }>`
    SELECT sync_run_id AS id FROM sync_runs WHERE outcome <> 'reverted' ORDER BY written_order DESC LIMIT ${count}`.execute(
    db,
  );
  const first = rows.at(-1);
  if (first === undefined) return;
  await revertSyncRun(db, { syncRunId: first.id, reason: 'test', andLater: true }, 'ana', now);
}

test('with and without the short way, every row of every table is the same', { timeout: 0 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(phase, { minLength: 4, maxLength: 5 }), async (phases) => {
      const [short, whole] = [await openTestDatabase(), await openTestDatabase()];
      const cloud = await openSimulatedAccount(short.db);
      try {
        const ids = await cloud.happen(
          { type: 'create_project', name: 'first' },
          { type: 'create_project', name: 'second' },
        );
        const projects: Record<string, string> = { first: String(ids[0]), second: String(ids[1]) };
        const named = (what: FleetEventInput): FleetEventInput => {
          if (what.type === 'rename_project') return { ...what, id: projects[what.id]! };
          return 'project' in what && typeof what.project === 'string'
            ? ({ ...what, project: projects[what.project] } as FleetEventInput)
            : what;
        };
        const syncElsewhere = await cloud.alsoIn(whole.db);
        const counts = (results: readonly SyncResult[]) => results.map(({ requests: _, ...said }) => said);
        for (const { steps, minutes, upset, reverted, pruned } of phases) {
          for (const [what, after] of steps) {
            await cloud.happen(named(what));
            await cloud.advance({ seconds: after });
          }
          if (upset !== null) await cloud.upset(upset);
          for (const pause of minutes) {
            await cloud.advance({ minutes: pause });
            const results = await cloud.sync({ kinds });
            expect(counts(await syncElsewhere({ kinds, stagesAll: true }))).toEqual(counts(results));
            expect(await contents(short.db)).toEqual(await contents(whole.db));
          }
          await cloud.calm();
          for (const { db } of [short, whole]) {
            if (reverted > 0) await revertLast(db, reverted, cloud.simulator.now());
            if (pruned) await pruneSyncRuns(db, cloud.simulator.now());
          }
          expect(await contents(short.db)).toEqual(await contents(whole.db));
        }
      } finally {
        await cloud.close();
        await short.close();
        await whole.close();
      }
    }),
    // Shrinking takes longer than a test may.
    { numRuns: soakRuns(2), endOnFailure: true },
  );
});
