import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { FleetEventInput } from '../../src/simulator/events.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { openTestDatabase } from '../database.ts';
import { soaking, soakRuns } from '../soak.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// The same facts make the same history: in whatever order a sync reads its kinds, the action log has its actions, and
// two accounts are read.

const kinds = ['project', 'droplet', 'volume', 'reserved_ip', 'snapshot', 'droplet_backup', 'action'] as const;
const steps = 3;

const droplets = [7001, 7002];
const volumes = [1, 2].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const projects = [8, 9].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const ip = '100.72.0.7';

const first: readonly FleetEventInput[] = [
  ...projects.map((id, n): FleetEventInput => ({ type: 'create_project', id, name: `p${n}` })),
  ...droplets.map(
    (id): FleetEventInput => ({ type: 'create_droplet', id, name: `d${id}`, project: projects[0], backups: 'daily' }),
  ),
  ...volumes.map((id): FleetEventInput => ({ type: 'create_volume', id, name: `v${id.at(-1)}`, sizeGb: 100 })),
];

/** What can happen, to the first or the second of its sort. */
const possibleEvents: readonly ((n: number, seconds: number) => FleetEventInput)[] = [
  (n, seconds) => ({ type: 'power', droplet: droplets[n]!, action: 'power_off', seconds }),
  (n, seconds) => ({ type: 'power', droplet: droplets[n]!, action: 'power_on', seconds }),
  (n, seconds) => ({ type: 'resize_droplet', droplet: droplets[n]!, size: 's-2vcpu-4gb', seconds }),
  (n) => ({ type: 'destroy', kind: 'droplet', id: droplets[n]! }),
  (n) => ({ type: 'reserve_ip', ip, region: 'fra1', project: projects[n]! }),
  (n, seconds) => ({ type: 'assign_ip', ip, droplet: droplets[n]!, seconds }),
  (_, seconds) => ({ type: 'unassign_ip', ip, seconds }),
  () => ({ type: 'destroy', kind: 'reserved_ip', id: ip }),
  (n, seconds) => ({ type: 'attach_volume', volume: volumes[n]!, droplet: droplets[1 - n]!, seconds }),
  (n, seconds) => ({ type: 'detach_volume', volume: volumes[n]!, seconds }),
  (n) => ({ type: 'resize_volume', volume: volumes[n]!, sizeGb: 200 + n }),
  (n) => ({
    type: 'create_snapshot',
    id: 8001 + n,
    resourceType: 'droplet',
    resourceId: droplets[n]!,
    name: 's',
    sizeGb: 3,
  }),
  (n) => ({ type: 'destroy', kind: 'snapshot', id: String(8001 + n) }),
  (n) => ({ type: 'create_backup', id: 8101 + n, droplet: droplets[n]!, sizeGb: 4 }),
  (n) => ({ type: 'convert_backup', backup: 8101 + n }),
  (n) => ({ type: 'move', urn: `do:droplet:${droplets[0]}`, project: projects[n]! }),
];

const timedEvent = fc
  .record({
    what: fc.integer({ min: 0, max: possibleEvents.length - 1 }),
    n: fc.integer({ min: 0, max: 1 }),
    seconds: fc.constantFrom(0, 0, 90),
    minutes: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ what, n, seconds, minutes }) => ({ event: possibleEvents[what]!(n, seconds), minutes }));
/** A step: what happens to each of two accounts, and the order of their reading. */
const step = fc.record({
  happened: fc.tuple(fc.array(timedEvent, { maxLength: 6 }), fc.array(timedEvent, { maxLength: 6 })),
  order: fc.shuffledSubarray(
    [0, 1].flatMap((account) => kinds.map((kind) => ({ account, kind }))),
    { minLength: 2 * kinds.length },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

type Reading = (accounts: readonly SimulatedAccount[], step: Step) => Promise<void>;

/** History without what is ours: what was so, and from when to when. */
async function readHistory(db: Database): Promise<unknown> {
  const { rows: states } = await sql`
    SELECT a.provider_account_id AS account, r.kind, r.external_id AS id, s.name, s.status, s.region, s.tags, s.parents, s.attributes,
           range_agg(tstzrange(s.valid_from, s.valid_to))::text AS "when"
    FROM resource_states s JOIN resources r USING (resource_id) JOIN accounts a ON a.account_id = r.account_id
    WHERE s.superseded_at = 'infinity'
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 2, 3, 10`.execute(db);
  const { rows: memberships } = await sql`
    SELECT a.provider_account_id AS account, r.kind, r.external_id AS id, p.external_id AS project,
           range_agg(tstzrange(m.valid_from, m.valid_to))::text AS "when"
    FROM project_memberships m JOIN resources r USING (resource_id) JOIN resources p ON p.resource_id = m.project_id
    JOIN accounts a ON a.account_id = r.account_id
    WHERE m.superseded_at = 'infinity' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 5`.execute(db);
  const { rows: settings } = await sql`
    SELECT a.provider_account_id AS account, r.kind, r.external_id AS id, k.settings, k.hidden,
           range_agg(tstzrange(k.valid_from, k.valid_to))::text AS "when"
    FROM resource_settings k JOIN resources r USING (resource_id) JOIN accounts a ON a.account_id = r.account_id
    WHERE k.superseded_at = 'infinity' GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 6`.execute(db);
  return { states, memberships, settings };
}

async function live(story: readonly Step[], unordered: boolean, read: Reading): Promise<unknown> {
  const database = await openTestDatabase();
  const { db } = database;
  const accounts = [
    await openSimulatedAccount(db, { real: true, seed: 1 }),
    await openSimulatedAccount(db, { real: true, seed: 2 }),
  ];
  try {
    for (const account of accounts) {
      await account.happen(...first);
      if (unordered) await account.upset({ fault: 'unordered_actions' });
    }
    for (const one of story) {
      for (const [index, account] of accounts.entries()) {
        let passed = 0;
        for (const { event, minutes } of one.happened[index]!) {
          await account.happen(event);
          await account.advance({ minutes });
          passed += minutes;
        }
        await account.advance({ minutes: 60 - passed });
      }
      await read(accounts, one);
    }
    // What waits for the listing after it.
    for (const account of accounts) await account.advance({ minutes: 15 });
    for (const account of accounts) await account.sync({ kinds });
    return await readHistory(db);
  } finally {
    for (const account of accounts) await account.close();
    await database.close();
  }
}

test('the order in which kinds, actions and accounts are read makes no difference', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: steps, maxLength: steps }), async (story) => {
      const inOrder = await live(story, false, async (accounts) => {
        for (const account of accounts) await account.sync({ kinds });
      });
      const inAny = await live(story, true, async (accounts, { order }) => {
        for (const { account, kind } of order) await accounts[account]!.syncKind(kind);
      });
      expect(inAny).toEqual(inOrder);
      if (!soaking) return;
      const atOnce = await live(story, false, async (accounts) => {
        await Promise.all(accounts.map((account) => account.sync({ kinds })));
      });
      expect(atOnce).toEqual(inOrder);
    }),
    { numRuns: soakRuns(1) },
  );
});
