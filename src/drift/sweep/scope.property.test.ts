import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { at, insertAccount, insertResource, writeState } from '../../../test/fixtures/inventory.ts';
import { soakRuns } from '../../../test/soak.ts';
import { assign, bringAttributionsUpToDate, createCustomer, createDeployment } from '../../deployments/index.ts';
import { createTemporaryTableAs } from '../../platform/database/temporary-table.ts';
import { rewriteHistory } from '../../platform/history.ts';
import { declarationSchema } from '../declaration.ts';
import { applyDeclaration, endDeclaration } from '../declarations.ts';
import { decide } from '../findings.ts';
import { changeRule } from '../rules.ts';
import { kindsOfRule } from './hygiene.store.ts';
import { sweep, verifyFindings } from './sweep.ts';

// Over random histories: what a sweep of what changed finds is what a sweep of all finds, at every step, with and without what
// agrees at first sight; and again, it writes nothing.

let database: TestDatabase;
let account: number;
let now = at('2026-03-01');
beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  account = await insertAccount(db);
  await createCustomer(db, { externalId: 'c', name: 'C', currency: 'USD' }, now);
  for (const slug of ['a', 'b']) await createDeployment(db, { slug, name: slug, customer: 'c', startsAt: now }, now);
});
afterAll(() => database.close());

const kinds = [
  'droplet',
  'droplet',
  'volume',
  'snapshot',
  'firewall',
  'load_balancer',
  'reserved_ip',
  'kubernetes_cluster',
] as const;
type Kind = (typeof kinds)[number];

/** A resource by its place: what kind and id it has never changes, everything else does. */
const slots = kinds.flatMap((kind, index) => [0, 1].map((copy) => ({ kind, id: `${kind}-${index}-${copy}` })));
const ids = new Map<string, number>();
const drops = slots.filter(({ kind }) => kind === 'droplet').map(({ id }) => `droplet:${id}`);

const names = ['web', 'db', 'web-1'];
const tag = fc.constantFrom('x', 'y');
const tags = fc.uniqueArray(tag, { maxLength: 2 }).map((list) => list.sort());

const state = fc.record({
  name: fc.constantFrom(...names),
  status: fc.constantFrom('active', 'active', 'off', 'new'),
  tags,
  parent: fc.constantFrom(null, ...drops, 'kubernetes_cluster:kubernetes_cluster-7-0'),
  size: fc.constantFrom('s-1vcpu-1gb', 's-2vcpu-4gb'),
  backups: fc.boolean(),
  open: fc.boolean(),
  hidden: fc.constantFrom([], [], [], ['tags'], ['size']),
  /** In how many hours the settings hold. */
  settingsIn: fc.constantFrom(0, 0, 0, 0, 3),
});
type State = typeof state extends fc.Arbitrary<infer Value> ? Value : never;

const field = fc.record(
  { size: fc.constantFrom('s-1vcpu-1gb', 's-2vcpu-4gb'), tags, 'inbound/tcp/22': fc.constant(['10.0.0.0/8']) },
  { requiredKeys: [] },
);
const declared = fc.record({
  slot: fc.nat(slots.length - 1),
  how: fc.constantFrom('id', 'id', 'name', 'pattern', 'count'),
  name: fc.constantFrom(...names),
  fields: field,
});
const document = fc.record({
  declaration: fc.constantFrom('one', 'two'),
  deployment: fc.constantFrom('a', 'b'),
  covers: fc.constantFrom('deployment', 'nothing'),
  resources: fc.array(declared, { maxLength: 6 }),
  ignores: fc.constantFrom(null, 1, 200),
});

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('set'), slot: fc.nat(slots.length - 1), state }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('end'), slot: fc.nat(slots.length - 1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('own'),
      slot: fc.nat(slots.length - 1),
      owner: fc.constantFrom('a', 'b'),
      inHours: fc.constantFrom(0, 0, 2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('declare'), document }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retract'), declaration: fc.constantFrom('one', 'two') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('decide'), nth: fc.nat(50), hours: fc.constantFrom(1, 30, null) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('list'),
      outcome: fc.constantFrom('complete', 'complete', 'failed', 'partial'),
      kind: fc.constantFrom(...kinds),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('rule'),
      rule: fc.constantFrom('idle_volume', 'changed', 'exposed_ports'),
      enabled: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait'), hours: fc.constantFrom(1, 1, 5, 23, 24 * 7 - 1, 24 * 30 - 2) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

async function set(slot: number, said: State): Promise<void> {
  const { db } = database;
  const { kind, id } = slots[slot]!;
  if (!ids.has(id)) ids.set(id, await insertResource(db, account, kind, id, now));
  const resourceId = ids.get(id)!;
  const { name, status, tags: own, parent } = said;
  const isFirewall = kind === 'firewall';
  const parents = [
    ...(parent === null || kind === 'kubernetes_cluster' || (kind === 'droplet' && parent.startsWith('droplet'))
      ? []
      : [parent]),
    ...(isFirewall ? own : kind === 'load_balancer' ? own.slice(0, 1) : []).map((one) => `tag:${one}`),
  ].sort();
  const isAssigned = parents.some((ref) => ref.startsWith('droplet'));
  const attributes = kind === 'reserved_ip' ? { assigned: String(isAssigned) } : { size_gb: 10 };
  await writeState(db, resourceId, { name, status, tags: isFirewall ? [] : own, parents, attributes }, now, null, now);
  const hidden = kind === 'kubernetes_cluster' ? [] : said.hidden;
  // What a firewall or load balancer is for, and the tags of a droplet, its state says too: of one listing, both at once.
  const isTagged = kind === 'droplet' || isFirewall || kind === 'load_balancer';
  const from = isTagged ? now : now.add({ hours: said.settingsIn });
  await writeSettings(resourceId, settingsOf(kind, said, parents), hidden, from);
}

function settingsOf(kind: Kind, { name, tags: own, size, backups, open }: State, parents: readonly string[]) {
  const droplets = parents.filter((ref) => ref.startsWith('droplet')).map((ref) => ref.slice(8));
  switch (kind) {
    case 'droplet':
      return { name, tags: own, size, backups };
    case 'firewall':
      return { name, tags: own, droplets, 'inbound/tcp/22': open ? ['0.0.0.0/0'] : ['10.0.0.0/8'] };
    case 'load_balancer':
      return { name, droplets, tag: own[0] ?? '' };
    default:
      return { name, tags: own, size };
  }
}

async function writeSettings(
  resourceId: number,
  settings: object,
  hidden: readonly string[],
  from: Temporal.Instant,
): Promise<void> {
  const key = {
    table: 'resource_settings',
    id: 'resource_setting_id',
    key: ['resource_id'],
    values: ['settings', 'hidden', 'source'],
  };
  await database.db.transaction().execute(async (trx) => {
    const staged = await createTemporaryTableAs(
      trx,
      { statement: 'test.writeSettings', table: 'fixture_settings', drop: [] },
      sql`
        SELECT ${resourceId}::bigint AS resource_id, ${JSON.stringify(settings)}::jsonb AS settings, ${hidden}::text[] AS hidden,
               'listing' AS source, ${from}::timestamptz AS valid_from, 'infinity'::timestamptz AS valid_to, true AS asserted`,
    );
    await rewriteHistory(trx, key, staged, now, { topic: 'settings', cause: 'settings' });
  });
}

async function listed(kind: string, outcome: string): Promise<void> {
  await sql`
    INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome) VALUES (${account}, ${kind}, ${now}, ${now}, ${outcome})`.execute(
    database.db,
  );
}

async function declare({
  declaration,
  deployment,
  covers,
  resources,
  ignores,
}: Extract<Step, { do: 'declare' }>['document']) {
  const document = {
    declaration,
    deployment,
    covers,
    resources: resources.map(({ slot, how, name, fields }, index) => {
      const { kind, id } = slots[slot]!;
      const which =
        how === 'id'
          ? { id }
          : how === 'count'
            ? { match: { name: 'web*' }, count: 1 }
            : { match: { name: how === 'name' ? name : 'web*' } };
      return { address: `r${index}`, kind, ...which, fields };
    }),
    ...(ignores !== null && {
      ignore: [{ fields: ['size'], reason: 'moves', until: now.add({ hours: ignores }).toString() }],
    }),
  };
  await applyDeclaration(database.db, declarationSchema.parse(document), { by: 'test', now, force: true });
}

async function take(one: Step): Promise<void> {
  const { db } = database;
  switch (one.do) {
    case 'set':
      return set(one.slot, one.state);
    case 'end': {
      const id = ids.get(slots[one.slot]!.id);
      if (id !== undefined) await writeState(db, id, null, now, null, now);
      return;
    }
    case 'own': {
      const id = ids.get(slots[one.slot]!.id);
      if (id === undefined) return;
      const from = now.add({ hours: one.inHours });
      await assign(db, { resourceIds: [id], owners: [{ slug: one.owner, weight: 1 }], from }, 'test', now);
      return;
    }
    case 'declare':
      return declare(one.document);
    case 'retract':
      return endDeclaration(db, one.declaration, 'test', now).catch(() => undefined);
    case 'decide': {
      const { rows } = await sql<{ key: string }>`
        SELECT finding_key AS key FROM drift_findings WHERE superseded_at = 'infinity' AND valid_to = 'infinity' ORDER BY finding_key`.execute(
        db,
      );
      const key = rows[one.nth % Math.max(1, rows.length)]?.key;
      if (key === undefined) return;
      const until = one.hours === null ? null : now.add({ hours: one.hours });
      await decide(db, key, { decision: 'ignore', reason: 'known', until }, 'test', now);
      return;
    }
    case 'list':
      return listed(one.kind, one.outcome);
    case 'rule':
      await changeRule(db, { rule: one.rule, enabled: one.enabled }, 'test', now);
      return;
    case 'wait':
      now = now.add({ hours: one.hours });
  }
}

const rowsOf = async () =>
  (
    await sql<{ rows: number }>`
      SELECT (SELECT count(*) FROM drift_findings) + (SELECT count(*) FROM drift_notices) + (SELECT count(*) FROM drift_bindings) AS rows`.execute(
      database.db,
    )
  ).rows[0]!.rows;

/** All that findings say, but for when they were found. */
async function said(): Promise<unknown[]> {
  const { rows } = await sql<{ said: unknown }>`
    SELECT to_jsonb(f) - '{drift_finding_id,valid_from,recorded_at}'::text[] AS said FROM drift_findings f
    WHERE f.superseded_at = 'infinity' AND f.valid_to = 'infinity' ORDER BY finding_key`.execute(database.db);
  return rows.map((row) => row.said);
}

/** What no finding and no notice may ever be, as the facts have it: none. */
async function broken(): Promise<unknown[]> {
  const { rows } = await sql`
    SELECT 'missing, and lives' AS what, f.finding_key FROM drift_findings f JOIN inventory_states s USING (resource_id)
    WHERE f.superseded_at = 'infinity' AND f.valid_to = 'infinity' AND f.rule = 'missing' AND f.field IS NULL
      AND s.valid_from <= ${now} AND s.valid_to > ${now}
    UNION ALL
    -- Declared anew it stays, while nobody can see whether it is there.
    SELECT 'missing by no whole listing', f.finding_key FROM drift_findings f
    WHERE f.superseded_at = 'infinity' AND f.valid_to = 'infinity' AND f.rule = 'missing' AND f.resource_id IS NULL AND NOT EXISTS (
      SELECT FROM sync_runs r WHERE r.kind = f.kind AND r.outcome = 'complete' AND r.started_at > (
        SELECT min(d.valid_from) FROM declared_resources d WHERE d.declaration_id = f.declaration_id AND d.address = f.address))
    UNION ALL
    SELECT 'began after it was seen', f.finding_key FROM drift_findings f
    WHERE f.superseded_at = 'infinity' AND f.valid_to = 'infinity' AND (f.since_after >= f.since_before OR f.since_before > ${now})
    UNION ALL
    SELECT 'resolved and never published, or twice published', finding_key FROM drift_notices
    GROUP BY finding_key, split_part(episode, ':', 1)
    HAVING count(*) FILTER (WHERE what = 'resolved') > count(*) FILTER (WHERE what = 'found') OR count(*) FILTER (WHERE what = 'found') > 1`.execute(
    database.db,
  );
  return rows;
}

test('of what changed, of all: the same findings, at every step; and again nothing is written', async () => {
  const { db } = database;
  let [partial, findings] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), async (steps) => {
      // A new day, on which all is compared once; what can be seen is seen.
      now = now.add({ hours: 24 });
      for (const kind of new Set(Object.values(kindsOfRule).flat())) await listed(kind, 'complete');
      await sweep(db, now);
      for (const [index, one] of steps.entries()) {
        now = now.add({ minutes: 7 });
        await take(one);
        now = now.add({ minutes: 1 });
        await bringAttributionsUpToDate(db, now);
        const { whole, skipped } = await sweep(db, now, { full: index % 5 === 4 });
        if (!whole && !skipped) partial += 1;
        const before = await rowsOf();
        expect(await verifyFindings(db, now, { everything: true })).toBeNull();
        expect(await rowsOf()).toBe(before);
        expect(await broken()).toEqual([]);
        findings += (await said()).length;
      }
    }),
    { numRuns: soakRuns(3), endOnFailure: true },
  );
  expect(partial).toBeGreaterThan(5);
  expect(findings).toBeGreaterThan(10);
}, 600_000);

test('derived from nothing, what can be seen is found as it was', async () => {
  const { db } = database;
  now = now.add({ hours: 24 });
  for (const [, id] of ids)
    await sql`UPDATE resource_settings SET superseded_at = recorded_at WHERE resource_id = ${id} AND hidden <> '{}'`.execute(
      db,
    );
  for (let looks = 0; looks < 3; looks += 1) {
    now = now.add({ hours: 8 });
    for (const kind of new Set(Object.values(kindsOfRule).flat())) await listed(kind, 'complete');
    await sweep(db, now, { full: true });
  }
  const before = await said();
  await sql`DELETE FROM drift_findings`.execute(db);
  await sweep(db, now, { full: true });
  expect(await said()).toEqual(before);
}, 120_000);
