import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from 'kysely';
import { createDigitalOcean } from '../../src/cloud/digitalocean/client.ts';
import { bringAttributionsUpToDate, findDeployment, unattributedResources } from '../../src/deployments/index.ts';
import { connectAccount, identifyCredentials, syncAccount } from '../../src/inventory/index.ts';
import { meterOutstanding } from '../../src/metering/index.ts';
import { databaseClock, followSimulatedClock } from '../../src/platform/clock.ts';
import { SnoozeJob } from '../../src/platform/declare/job.ts';
import { parseSecretKey } from '../../src/platform/secrets/crypto.ts';
import { applyPlans } from '../../src/pricing/index.ts';
import { runRollout } from '../../src/provisioning/run-rollout.ts';
import { open, type Opened } from '../contract/simulator-client.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi, testSecretKey } from '../http/api-fixture.ts';

// A customer's system from a blueprint to the first whole month's invoice, over HTTP: what was proposed is what is made,
// once, and what is billed.

const blueprint = JSON.stringify({
  blueprint: 'shop',
  schema: 1,
  parameters: { domain: { type: 'domain' } },
  region: 'fra1',
  network: { vpc: { ip_range: null } },
  droplets: { web: { count: 2, size: 's-2vcpu-4gb', image: 'ubuntu-24-04-x64' } },
  volumes: { data: { size: 100, attach: 'web-1', protected: true } },
  firewall: { inbound: [{ tcp: 443, from: 'balancer' }] },
  balancer: { targets: 'web', forward: [{ http: 80, to: 80 }] },
  dns: { zone: '${domain}', records: [{ A: '@', to: 'balancer' }] },
  plan: 'studio',
});

const writeToken = `write-${randomUUID()}`;

let database: TestDatabase;
let api: TestApi;
let cloud: Opened;
let sync: () => Promise<void>;

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire
async function ask(path: string, body?: unknown): Promise<any> {
  const response = await api.fetch(path, { as: 'owner', ...(body === undefined ? {} : json('POST', body)) });
  const answer: unknown = await response.json();
  expect([path, response.status, response.status < 300 ? '' : answer]).toEqual([path, expect.any(Number), '']);
  return answer;
}

async function pass(seconds: number): Promise<void> {
  await cloud.control('clock', { advanceBy: `PT${Math.ceil(seconds)}S` });
  await followSimulatedClock(database.db, cloud.simulator.now());
}

async function log(): Promise<{ total: number; writes: number; counts: Record<string, number> }> {
  return (await cloud.send('/_simulator/requests')).body;
}

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const at = Temporal.Instant.from('2026-06-09T10:00:00Z');
  cloud = await open({ fleet: 'bare', seed: 3, resources: 2, writable: true, at });
  await cloud.control('limits', { perHour: null, perMinute: null });
  const credentials = { token: 'read' };
  const secretKey = parseSecretKey(testSecretKey)!;
  const found = await identifyCredentials(db, { apiUrl: cloud.simulator.url, credentials });
  const account = await connectAccount(db, { ...found, slug: 'cloud', secretKey }, found.identity, at);
  const provider = createDigitalOcean({ apiUrl: cloud.simulator.url, credentials });
  sync = async () => {
    await syncAccount(db, account, provider, { clock: databaseClock(db) });
    await bringAttributionsUpToDate(db, cloud.simulator.now());
  };
  await sync();
  await applyPlans(db, [{ name: 'studio.yaml', text: await readFile('plans/studio.yaml', 'utf8') }], 'test', at);
  await sql`UPDATE metering_config SET enabled = true FROM billing_kinds b
    WHERE b.billing_kind_id = metering_config.billing_kind_id AND b.slug IN ('volume_gb_month', 'load_balancer_hours')`.execute(
    db,
  );
  api = await startTestApi(database);
  await ask('/customers', { customer: 'cus-88', name: 'Beta Ltd', currency: 'USD' });
  await ask('/blueprints', { files: [{ name: 'shop.yaml', text: blueprint }] });
});
afterAll(async () => {
  await api?.close();
  await cloud?.close();
  await database?.close();
});

/** Attempts until it has come to rest, as a worker makes them. */
async function drive(rollout: number): Promise<void> {
  const { db } = database;
  const signal = new AbortController().signal;
  const run = { db, clock: databaseClock(db), config: api.config, signal, log: pino({ level: 'silent' }) };
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      return await runRollout({ ...run, report: () => {}, read: async () => {} }, rollout);
    } catch (error) {
      if (!(error instanceof SnoozeJob)) throw error;
      await pass(Math.max(1, error.seconds));
    }
  }
}

/** A proposal that is approved. */
async function approved(path: string, body: object, approval: object = {}) {
  const proposed = await ask(path, body);
  if (proposed.problems.length === 0) await ask(`/proposals/${proposed.hash}/approvals`, approval);
  return proposed;
}

async function rolledOut(proposal: string): Promise<unknown> {
  const { rollout } = await ask('/rollouts', { proposal });
  await drive(rollout);
  // The job that follows a rollout.
  await sync();
  const { state, reason } = await ask(`/rollouts/${rollout}`);
  return [state, reason];
}

/** The tables that have a text somewhere, as it is or as bytes: those of the queue too. */
async function placesOf(text: string): Promise<string[]> {
  const { db } = database;
  const hex = Buffer.from(text).toString('hex');
  const { rows: tables } = await sql<{ name: string }>`
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND schemaname NOT LIKE 'pg!_temp%' ESCAPE '!'`.execute(
    db,
  );
  expect(tables.map(({ name }) => name)).toContain('pgboss.job');
  const found: string[] = [];
  for (const { name } of tables) {
    const { rows } = await sql<{ found: boolean }>`
      SELECT EXISTS (SELECT FROM ${sql.raw(name)} AS t
        WHERE t::text LIKE ${`%${text}%`} OR t::text LIKE ${`%${hex}%`}) AS found`.execute(db);
    if (rows[0]?.found === true) found.push(name);
  }
  return found;
}

test('what is proposed is made once, owned at birth, and billed as it was quoted', { timeout: 0 }, async () => {
  const { db } = database;
  await ask('/accounts/cloud/grant', { token: writeToken });
  const parameters = { domain: 'beta.example' };
  const wanted = { deployment: 'beta-shop', customer: 'cus-88', blueprint: 'shop', parameters };
  const before = await log();
  const proposed = await ask('/proposals/creations', wanted);
  expect((await log()).writes).toBe(before.writes);
  expect([proposed.problems, proposed.ours.monthly.after]).toEqual([[], '70.00']);
  expect(proposed.customers.months.map(({ after }: { after: string }) => after)).toEqual(['88.00', '88.84']);
  await ask(`/proposals/${proposed.hash}/approvals`, {});
  const asked = await log();
  // The provider's clock is behind: what it creates is dated before it was asked for.
  const created = '2026-06-09T09:59:00Z';
  await cloud.control('faults', { fault: 'field', path: '/v2/projects', field: 'created_at', value: created });
  const { rollout, begun } = await ask('/rollouts', { proposal: proposed.hash });
  expect(begun).toBe(true);
  expect(await placesOf(writeToken)).toEqual([]);
  const { rows: jobs } = await sql<{ name: string; data: unknown }>`SELECT name, data FROM pgboss.job`.execute(db);
  expect(JSON.stringify(jobs)).toContain(`"rollout":${rollout}`);
  await drive(rollout);
  const done = await ask(`/rollouts/${rollout}`);
  expect([done.state, done.reason]).toEqual(['done', null]);
  expect(done.extras).toEqual([]);
  expect((await ask('/deployments/beta-shop')).startsAt).toBe(created);
  await cloud.send('/_simulator/faults', { method: 'DELETE' });
  const after = await log();
  expect(after.writes - asked.writes).toBeLessThanOrEqual(20);
  expect(after.total - asked.total).toBeLessThanOrEqual(120);
  // Begun again it is the same one, and nothing is written.
  expect(await ask('/rollouts', { proposal: proposed.hash })).toEqual({ rollout, begun: false });
  await drive(rollout);
  expect((await log()).writes).toBe(after.writes);

  const owners = async () =>
    (
      await sql`SELECT a.resource_id, a.owner_set_id, a.valid_from::text FROM deployments_attributions a
      JOIN inventory_resources r USING (resource_id) WHERE r.kind <> 'project' ORDER BY 1, 3`.execute(db)
    ).rows;
  const owned = await owners();
  await sync();
  expect(await owners()).toEqual(owned);
  const unowned = (await unattributedResources(db, cloud.simulator.now())).resources.map(({ name }) => name);
  expect(unowned.filter((name) => name.includes('beta'))).toEqual([]);

  // A whole month goes by, and is read every day.
  for (let day = 0; day < 54; day++) {
    await pass(86_400);
    await sync();
  }
  await meterOutstanding(db, { now: cloud.simulator.now() });
  // July as a whole month, and June from the day after the proposal on.
  expect(proposed.customers.restOfMonth).toEqual({ from: '2026-06-10T00:00:00Z', difference: '61.60', margin: '7.64' });
  for (const [month, total] of [
    ['2026-06', '61.60'],
    ['2026-07', '88.84'],
  ]) {
    const invoice = await ask(`/deployments/beta-shop/invoice-preview?month=${month}`);
    expect([month, invoice.invoices.map((each: { total: string }) => each.total)]).toEqual([month, [total]]);
  }
  // Nothing of what was made has been anybody's but the deployment's at any moment.
  const made = done.stepList.flatMap(({ externalId }: { externalId: string | null }) => externalId ?? []);
  const { rows: usage } = await sql<{ owner: string; records: number }>`
    SELECT d.slug AS owner, count(*)::int AS records
    FROM usage_records u JOIN deployments_list d USING (deployment_id) JOIN inventory_resources r USING (resource_id)
    WHERE r.external_id = ANY (${made}::text[]) GROUP BY d.slug`.execute(db);
  expect(usage).toEqual([{ owner: 'beta-shop', records: expect.any(Number) }]);
});

test('it is changed, and taken down with its snapshots, by proposals too', { timeout: 0 }, async () => {
  const { db } = database;
  await ask('/blueprints', { files: [{ name: 'shop.yaml', text: blueprint.replace('"count":2', '"count":3') }] });
  const change = await approved('/deployments/beta-shop/proposals/changes', {});
  expect(change.problems).toEqual([]);
  expect(await rolledOut(change.hash)).toEqual(['done', null]);
  const live = async (kind: string) =>
    (await cloud.all(`/v2/${kind}`, kind)).filter(({ name }) => String(name).includes('beta')).length;
  expect(await Promise.all(['droplets', 'volumes', 'load_balancers'].map(live))).toEqual([3, 1, 1]);
  // A cluster of a kind that no blueprint has, in the deployment's own project.
  const [project] = (await cloud.all('/v2/projects', 'projects')).filter(({ name }) => name === 'beta-shop');
  const cluster = randomUUID();
  const size = 'db-s-1vcpu-1gb';
  const wanted = { type: 'create_database', id: cluster, name: 'beta-shop-pg', size, region: 'fra1', nodes: 2 };
  await cloud.control('fleet', { events: [{ ...wanted, project: project.id }] });
  const price = { from: '2026-07-01', amount: '15.15', unit: 'node-month', currency: 'USD' };
  expect((await api.fetch(`/prices/database:${size}`, { as: 'owner', ...json('PUT', price) })).status).toBe(200);
  await pass(3_600);
  await sync();
  const [{ id: volume }] = (await cloud.all('/v2/volumes', 'volumes')).filter(({ name }) => name.includes('beta'));
  expect((await ask('/deployments/beta-shop/proposals/destructions', {})).problems).toHaveLength(1);
  await ask('/protections/end', { resource: `volume:${volume}` });
  const gone = await approved('/deployments/beta-shop/proposals/destructions', {}, { typeName: 'beta-shop' });
  expect(gone.problems).toEqual([]);
  // What goes on costing is said before: a last snapshot of each disk, at most as large as it, and the cluster with its
  // nodes. Its project and its network hold it.
  expect(gone.stays.map(({ what, monthly }: { what: string; monthly: string | null }) => [what, monthly])).toEqual([
    [expect.stringMatching(/^the last snapshot of droplet \d+ beta-shop-web-1$/), '4.80'],
    [expect.stringMatching(/^the last snapshot of droplet \d+ beta-shop-web-2$/), '4.80'],
    [expect.stringMatching(/^the last snapshot of droplet \d+ beta-shop-web-3$/), '4.80'],
    [`the last snapshot of volume ${volume} beta-shop-data`, '6.00'],
    [`database ${cluster} beta-shop-pg`, '30.30'],
    [`project ${project.id} beta-shop`, '0.00'],
  ]);
  expect(gone.stays.map(({ why }: { why: string }) => why).slice(-2)).toEqual([
    'no rollout destroys what is of this kind',
    `it holds database ${cluster} beta-shop-pg`,
  ]);
  expect(await rolledOut(gone.hash)).toEqual(['done', null]);
  for (const kind of ['droplets', 'volumes', 'load_balancers', 'firewalls', 'domains'])
    expect([kind, await live(kind)]).toEqual([kind, 0]);
  expect(await live('snapshots')).toBe(4);
  const deployment = await findDeployment(db, 'beta-shop');
  expect(deployment.endsAt).not.toBeNull();
  // The cluster is there, in its project, and nobody's: it is shown among what is unassigned.
  expect((await cloud.all('/v2/databases', 'databases')).map(({ name }) => name)).toEqual(['beta-shop-pg']);
  expect(await live('projects')).toBe(1);
  await pass(86_400);
  await sync();
  const { resources } = await unattributedResources(db, cloud.simulator.now());
  expect(resources.map(({ name }) => name).filter((name) => name.includes('beta'))).toEqual(['beta-shop-pg']);
  await meterOutstanding(db, { now: cloud.simulator.now() });
  // Two of 31 days' fee (3.23), and until 11:16 of the second the volume beyond what is included (0.55) and the load
  // balancer (1.23).
  const last = await ask('/deployments/beta-shop/invoice-preview?month=2026-08');
  expect(last.invoices.map(({ total }: { total: string }) => total)).toEqual(['5.01']);
});

test('what waited behind another rollout of its account goes on, once it is found to be fresh', {
  timeout: 0,
}, async () => {
  const creating = async (name: string) => {
    const parameters = { domain: `${name}.example` };
    const wanted = { deployment: name, customer: 'cus-88', blueprint: 'shop', parameters };
    const { hash } = await approved('/proposals/creations', wanted);
    return (await ask('/rollouts', { proposal: hash })).rollout as number;
  };
  const [first, second] = [await creating('gamma'), await creating('delta')];
  await pass(1);
  await drive(first);
  await drive(second);
  expect((await ask(`/rollouts/${second}`)).state).toBe('done');
});
