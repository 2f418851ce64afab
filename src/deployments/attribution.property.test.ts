import { soakRuns, timeoutOf } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import type { Database } from '../platform/database/database.ts';
import { assign, unassign } from './assignments.ts';
import { bringAttributionsUpToDate } from './attribution.ts';
import { createCustomer } from './customers.ts';
import { createDeployment } from './deployments.ts';
import { at, insertAccount, insertResource, writeMembership, writeState } from '../../test/fixtures/inventory.ts';
import { compareWithNaive } from '../../test/fixtures/naive-ownership.ts';
import { previewRules } from '../../test/fixtures/preview-rules.ts';
import { applyRules, listRules, reorderRules } from './rules.ts';

// A small world with everything that ownership rests on: three projects, two tags, four names, four
// droplets (0-3), two volumes (4, 5), a reserved IP (6), two firewalls (7, 8), three snapshots and
// a backup (9-12). Facts come in any order, about any time, again and again.

const epoch = at('2026-05-01');
const hours = (count: number) => epoch.add({ hours: count });
const kinds = [
  'droplet',
  'droplet',
  'droplet',
  'droplet',
  'volume',
  'volume',
  'reserved_ip',
  'firewall',
  'firewall',
  'snapshot',
  'snapshot',
  'snapshot',
  'droplet_backup',
];
const projectCount = 3;
const slugs = ['a', 'b', 'c'];
const lateSlug = 'late';

const hour = fc.integer({ min: 0, max: 240 });
const from = hour;
const to = fc.option(hour);
const resource = fc.nat({ max: kinds.length - 1 });
const name = fc.constantFrom('a-web', 'a-db', 'b-web', 'x');
const tags = fc.oneof(
  fc.constant([]),
  fc.subarray(['deployment:a', 'deployment:b', `deployment:${lateSlug}`, 'web', 'blue'], { maxLength: 2 }),
);
/** What a resource may belong to, by its kind; what it does is picked from it. */
const possibleParents: Record<string, string[]> = {
  volume: ['droplet:0', 'droplet:1', 'droplet:2'],
  reserved_ip: ['droplet:0', 'droplet:3', 'volume:4'],
  firewall: ['droplet:0', 'droplet:1', 'tag:web', 'tag:blue', 'droplet:404'],
  snapshot: ['droplet:0', 'droplet:1', 'volume:4', 'volume:5', 'snapshot:9'],
  droplet_backup: ['droplet:2', 'droplet:3'],
};
const picks = fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 2 });
const state = fc.record({ name, tags, picks });
const slug = fc.constantFrom(...slugs);
const owners = fc.uniqueArray(fc.record({ slug, weight: fc.integer({ min: 1, max: 3 }) }), {
  minLength: 1,
  selector: (owner) => owner.slug,
});
const rule = fc
  .record({
    subject: fc.constantFrom(
      { name: 'a-*' },
      { name: '?-web' },
      { name: '*' },
      { tag: 'web' },
      { tag: 'blue' },
      { project: 'p0' },
      { project: 'p1' },
    ),
    owners,
    from: fc.option(hour),
    kinds: fc.option(fc.constantFrom(['droplet'], ['volume', 'snapshot'])),
    position: fc.option(fc.constantFrom(50, 250, 450, 550)),
  })
  .map(({ subject, owners: shared, from: since, kinds: only, position }) => ({
    ...subject,
    shares: Object.fromEntries(shared.map((owner) => [owner.slug, owner.weight])),
    ...(since === null ? {} : { from: hours(since).toString() }),
    ...(only === null ? {} : { kinds: only }),
    ...(position === null ? {} : { position }),
  }));
const rules = fc.uniqueArray(rule, {
  maxLength: 4,
  selector: (one) => JSON.stringify({ ...one, shares: undefined, from: undefined, position: undefined }),
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('state' as const), resource, state, from, to }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), resource, from, to }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('power' as const), resource, from }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('member' as const),
      resource,
      project: fc.option(fc.nat({ max: projectCount - 1 })),
      from,
      to,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('assign' as const),
      resources: fc.uniqueArray(resource, { minLength: 1, maxLength: 3 }),
      owners,
      from: fc.option(from),
      to,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('unassign' as const),
      resources: fc.uniqueArray(resource, { minLength: 1 }),
      from: fc.option(from),
      to,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rules' as const), rules, at: hour }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reorder' as const), seed: fc.integer({ min: 1, max: 97 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'deploy' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
type State = typeof state extends fc.Arbitrary<infer S> ? S : never;

/** Where it begins: everything lives, some of it in projects, under some rules. */
const beginning = fc.record({
  states: fc.array(state, { minLength: kinds.length, maxLength: kinds.length }),
  members: fc.array(fc.option(fc.nat({ max: projectCount - 1 })), { minLength: kinds.length, maxLength: kinds.length }),
  rules,
});

let opened: TestDatabase;
let db: Database;
let account: number;
let resources: number[] = [];
let projects: number[] = [];

beforeAll(async () => {
  opened = await openTestDatabase();
  db = opened.db;
  account = await insertAccount(db);
  await createCustomer(db, { externalId: 'c', name: 'C', currency: 'USD' }, epoch);
});
afterAll(() => opened.close());

/** An empty world, in the one database: a clone per run would take longer than the run. */
async function reset() {
  await sql`TRUNCATE attributions, manual_assignments, project_memberships, resource_states, changes`.execute(db);
  await sql`DELETE FROM ownership_rules WHERE kind NOT IN ('manual', 'deployment_tag', 'inheritance') OR superseded_at < 'infinity' OR recorded_by <> 'built in'`.execute(
    db,
  );
  await sql`DELETE FROM ownership_rules WHERE rule_id < 4`.execute(db);
  await sql`
    INSERT INTO ownership_rules (rule_id, kind, position, origin, valid_from, valid_to, recorded_at, superseded_at, recorded_by)
    SELECT id, kind, position, 'built in', '-infinity', 'infinity', '-infinity', 'infinity', 'built in'
    FROM (VALUES (1, 'manual', 100), (2, 'deployment_tag', 300), (3, 'inheritance', 500)) AS v(id, kind, position)`.execute(
    db,
  );
  await sql`DELETE FROM resources`.execute(db);
  await sql`DELETE FROM owner_set_members WHERE deployment_id IN (SELECT deployment_id FROM deployments WHERE customer_id IS NOT NULL)`.execute(
    db,
  );
  await sql`DELETE FROM owner_sets s WHERE NOT EXISTS (SELECT FROM owner_set_members m WHERE m.owner_set_id = s.owner_set_id)`.execute(
    db,
  );
  await sql`DELETE FROM deployments WHERE customer_id IS NOT NULL`.execute(db);
  await sql`UPDATE attribution_progress SET change_id = 0`.execute(db);
  for (const each of slugs)
    await createDeployment(db, { slug: each, name: each, customer: 'c', startsAt: epoch }, epoch);
  projects = [];
  for (let index = 0; index < projectCount; index++)
    projects.push(await insertResource(db, account, 'project', `p${index}`, epoch));
  resources = [];
  for (const [index, kind] of kinds.entries())
    resources.push(await insertResource(db, account, kind, String(index), hours(index * 5)));
}

const id = (index: number) => resources[index] as number;

function stateOf(index: number, { name: called, tags: tagged, picks: picked }: State) {
  const possible = possibleParents[kinds[index] as string] ?? [];
  const parents = new Set(
    possible.length === 0 ? [] : picked.map((pick) => possible[pick % possible.length] as string),
  );
  return { name: called, tags: tagged, parents: [...parents].sort() };
}

async function take(one: Step, now: Temporal.Instant) {
  if ('to' in one && one.to !== null && one.from !== null && one.to <= one.from) return;
  const since = 'from' in one && one.from !== null ? hours(one.from) : null;
  const until = 'to' in one && one.to !== null ? hours(one.to) : null;
  switch (one.do) {
    case 'state':
      return writeState(db, id(one.resource), stateOf(one.resource, one.state), since ?? epoch, until, now);
    case 'end':
      return writeState(db, id(one.resource), null, since ?? epoch, until, now);
    case 'power': {
      const { rows } = await sql<{
        name: string;
        tags: string[];
        parents: string[];
        valid_to: Temporal.Instant | null;
      }>`
        SELECT name, tags, parents, nullif(valid_to, 'infinity') AS valid_to FROM resource_states
        WHERE resource_id = ${id(one.resource)} AND superseded_at = 'infinity' AND valid_from <= ${since} AND valid_to > ${since}`.execute(
        db,
      );
      for (const { valid_to: end, ...same } of rows)
        await writeState(db, id(one.resource), { ...same, status: 'off' }, since ?? epoch, end, now);
      return;
    }
    case 'member':
      return writeMembership(
        db,
        id(one.resource),
        one.project === null ? null : (projects[one.project] as number),
        since ?? epoch,
        until,
        now,
      );
    case 'assign':
      await assign(db, { resourceIds: one.resources.map(id), owners: one.owners, from: since, to: until }, 'test', now);
      return;
    case 'unassign':
      await unassign(db, { resourceIds: one.resources.map(id), from: since, to: until }, 'test', now);
      return;
    case 'rules':
      await applyRules(db, { rules: one.rules }, 'test', hours(one.at));
      return;
    case 'reorder': {
      const order = [...new Set((await listRules(db)).map((each) => each.ruleId))].sort(
        (a, b) => ((a * one.seed) % 101) - ((b * one.seed) % 101) || a - b,
      );
      await reorderRules(db, order, 'test', now);
      return;
    }
    case 'deploy':
      await createDeployment(db, { slug: lateSlug, name: lateSlug, customer: 'c', startsAt: epoch }, now).catch(
        (error: { code?: string }) => {
          if (error.code !== 'already_exists') throw error;
        },
      );
  }
}

/** What is believed: adjoining intervals of the same owner and rule as one. */
async function believed(): Promise<unknown[]> {
  const { rows } = await sql`
    SELECT r.external_id, r.kind, s.signature, a.rule_id, range_agg(tstzrange(a.valid_from, a.valid_to))::text AS held
    FROM attributions a JOIN resources r USING (resource_id) JOIN owner_sets s USING (owner_set_id)
    WHERE a.superseded_at = 'infinity'
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`.execute(db);
  return rows;
}

async function rowCounts(): Promise<unknown> {
  const { rows } = await sql`
    SELECT (SELECT count(*) FROM attributions) AS attributions, (SELECT count(*) FROM changes) AS changes`.execute(db);
  return rows[0];
}

/** Law: whole ownership. From birth on one owner set at every instant, whose members' shares lie end to end from 0 to 1. */
async function wholeOwnershipViolations(): Promise<unknown[]> {
  const { rows } = await sql`
    SELECT resource_id, 'coverage' AS what, owned::text, lived::text FROM (
      SELECT resource_id, tstzmultirange(tstzrange(min(valid_from), 'infinity')) AS lived
      FROM resource_states WHERE superseded_at = 'infinity' GROUP BY resource_id
    ) l FULL JOIN (
      SELECT resource_id, range_agg(tstzrange(valid_from, valid_to)) AS owned
      FROM attributions WHERE superseded_at = 'infinity' GROUP BY resource_id
    ) o USING (resource_id) WHERE lived IS DISTINCT FROM owned
    UNION ALL
    SELECT a.resource_id, 'overlap', a.owner_set_id::text, b.owner_set_id::text
    FROM attributions a JOIN attributions b ON a.resource_id = b.resource_id AND a.attribution_id < b.attribution_id
     AND tstzrange(a.valid_from, a.valid_to) && tstzrange(b.valid_from, b.valid_to)
    WHERE a.superseded_at = 'infinity' AND b.superseded_at = 'infinity'
    UNION ALL
    SELECT owner_set_id, 'shares', sum(weight)::text, s.weight_total::text
    FROM owner_sets s JOIN owner_set_members m USING (owner_set_id) GROUP BY owner_set_id
    HAVING sum(weight) <> s.weight_total OR range_agg(int4range(weight_before, weight_before + weight)) <> int4multirange(int4range(0, s.weight_total))`.execute(
    db,
  );
  return rows;
}

test(
  'attributions say what the rules say, step by step as derived anew, and leave no instant out',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        beginning,
        fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 8 }),
        rules,
        async (start, batches, last) => {
          await reset();
          let now = hours(240);
          for (const [index, each] of start.states.entries()) {
            await writeState(db, id(index), stateOf(index, each), hours(index * 5), null, now);
          }
          for (const [index, project] of start.members.entries()) {
            if (project !== null)
              await writeMembership(db, id(index), projects[project] as number, hours(index * 5), null, now);
          }
          await applyRules(db, { rules: start.rules }, 'test', now);
          for (const batch of batches) {
            now = now.add({ minutes: 15 });
            for (const one of batch) await take(one, now);
            await bringAttributionsUpToDate(db, now);
            expect(await wholeOwnershipViolations()).toEqual([]);
            expect(await compareWithNaive(db, epoch, 250)).toEqual([]);
            // Idempotence.
            const counts = await rowCounts();
            expect(await bringAttributionsUpToDate(db, now)).toEqual({ resources: 0, changed: 0 });
            expect(await rowCounts()).toEqual(counts);
          }
          const stepwise = await believed();

          // Deriving all that is believed again finds nothing to change.
          const touchAll = sql`
        INSERT INTO changes (topic, subject, valid_from, valid_to, cause, recorded_at)
        SELECT 'resource', resource_id, '-infinity', 'infinity', 'test', ${now} FROM resources`;
          await touchAll.execute(db);
          expect(await bringAttributionsUpToDate(db, now)).toMatchObject({ changed: 0 });

          await sql`TRUNCATE attributions`.execute(db);
          await touchAll.execute(db);
          await bringAttributionsUpToDate(db, now);
          expect(await believed()).toEqual(stepwise);

          // A preview is what then happens.
          const preview = await previewRules(db, { rules: last }, now, { limit: 1000 });
          expect(await believed()).toEqual(stepwise);
          const owner = async () =>
            (
              await sql<{ resource_id: number; owner_set_id: number; held: string }>`
          SELECT resource_id, owner_set_id, range_agg(tstzrange(valid_from, valid_to))::text AS held
          FROM attributions WHERE superseded_at = 'infinity' GROUP BY 1, 2`.execute(db)
            ).rows.map((row) => JSON.stringify(row));
          const before = new Set(await owner());
          await applyRules(db, { rules: last }, 'test', now);
          await bringAttributionsUpToDate(db, now);
          const moved = new Set(
            (await owner()).filter((row) => !before.has(row)).map((row) => JSON.parse(row).resource_id),
          );
          expect(new Set(preview.changes.map((change) => change.resourceId))).toEqual(moved);
        },
      ),
      { numRuns: soakRuns(7), endOnFailure: true },
    );
  },
  timeoutOf(600_000),
);
