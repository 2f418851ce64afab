import { afterEach, beforeEach, expect, test } from 'vitest';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment, getDeployment } from '../../src/deployments/deployments.ts';
import { applyRules } from '../../src/deployments/rules.ts';
import { checkAccount, listUnlisted } from '../../src/inventory/accounts.ts';
import { getResource } from '../../src/inventory/resources.ts';
import { listSyncRuns, newestSyncRun } from '../../src/inventory/sync.ts';
import { revertSyncRun } from '../../src/inventory/sync-revert.ts';
import { confirmUsage, monthStatus, withdrawConfirmation } from '../../src/metering/finality/attestations.ts';
import { changeKind } from '../../src/metering/kinds.ts';
import { meterOutstanding, meterRange } from '../../src/metering/meter.ts';
import { usageForPeriod } from '../../src/metering/usage.ts';
import { gapsWithMoney } from '../../src/pricing/gaps.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { openSimulatedAccount, type SimulatedAccount } from './simulated-account.ts';

// Where a project's listing omits a resource, what the resource says of its project counts; where the project shows
// it, the project does.

let database: TestDatabase;
let cloud: SimulatedAccount;
let acme: string;
let other: string;

beforeEach(async () => {
  database = await openTestDatabase();
  cloud = await openSimulatedAccount(database.db);
  const { db } = database;
  const start = cloud.simulator.now();
  await createCustomer(db, { externalId: 'acme', name: 'Acme', currency: 'USD' }, start);
  await createDeployment(db, { slug: 'acme', name: 'Acme', customer: 'acme', startsAt: start }, start);
  const made = await cloud.happen({ type: 'create_project', name: 'acme' }, { type: 'create_project', name: 'other' });
  [acme, other] = made.map(String) as [string, string];
});
afterEach(async () => {
  await cloud.close();
  await database.close();
});

/** What holds a resource when, and what says so. */
async function memberships(ref: string): Promise<string[]> {
  const found = await getResource(database.db, ref);
  const names: Record<string, string> = { [acme]: 'acme', [other]: 'other' };
  return found.memberships.map(
    ({ project, source, validFrom, validTo }) =>
      `${names[project] ?? 'default'} by ${source} ${validFrom}/${validTo ?? ''}`,
  );
}

const later = async (minutes = 15) => {
  await cloud.advance({ minutes });
  await cloud.sync();
  return cloud.simulator.now();
};
const omit = (...ids: (string | number)[]) => cloud.upset({ fault: 'leave_out', path: '/v2/projects/', ids });

test('what a project omits and names its project itself belongs to the owner of the project', async () => {
  const { db } = database;
  const [database_, balancer, app] = await cloud.happen(
    { type: 'create_database', name: 'db', project: acme },
    { type: 'create_load_balancer', name: 'lb', project: acme },
    { type: 'create_app', name: 'shop', project: acme },
  );
  const [ip] = await cloud.happen({ type: 'reserve_ip', region: 'fra1', project: acme });
  await omit(`do:dbaas:${database_}`, `do:loadbalancer:${balancer}`, `do:app:${app}`, `do:floatingip:${ip}`);
  const born = cloud.simulator.now();
  await cloud.sync();
  for (const ref of [`database:${database_}`, `load_balancer:${balancer}`, `app:${app}`, `reserved_ip:${ip}`])
    expect([ref, ...(await memberships(ref))]).toEqual([ref, `acme by resource ${born}/`]);

  await applyRules(db, { rules: [{ project: acme, deployment: 'acme' }] }, 'test', cloud.simulator.now());
  await changeKind(db, 'load_balancer_hours', Temporal.PlainDate.from('2026-05-01'), { enabled: true });
  const now = await later(4 * 24 * 60);
  await bringAttributionsUpToDate(db, now);
  const from = Temporal.PlainDate.from('2026-05-01');
  const to = from.add({ days: 4 });
  await meterRange(db, { from, to, now });
  // One node for four days.
  expect((await usageForPeriod(db, 'acme', from, to)).usage.load_balancer_hours).toBe('96');
});

test("a project's listing wins over what the resource says, and what the resource says over nothing", async () => {
  const [id] = await cloud.happen({ type: 'create_database', name: 'db', project: acme });
  const ref = `database:${id}`;
  const born = cloud.simulator.now();
  await cloud.sync();
  expect(await memberships(ref)).toEqual([`acme by listing ${born}/`]);

  // It says another project than the one that shows it.
  await cloud.upset({ fault: 'field', path: '/v2/databases', field: 'project_id', value: other });
  await later();
  await later();
  expect(await memberships(ref)).toEqual([`acme by listing ${born}/`]);

  await omit(`do:dbaas:${id}`);
  const omitted = await later();
  expect(await memberships(ref)).toEqual([`acme by listing ${born}/${omitted}`, `other by resource ${omitted}/`]);
  await later();
  expect(await memberships(ref)).toHaveLength(2);

  await cloud.calm();
  const shown = await later(48 * 60);
  expect(await memberships(ref)).toEqual([
    `acme by listing ${born}/${omitted}`,
    `other by resource ${omitted}/${shown}`,
    `acme by listing ${shown}/`,
  ]);
});

test('moves with what the resource says while no project shows it, and keeps it while that is hidden', async () => {
  const [id] = await cloud.happen({ type: 'create_database', name: 'db', project: acme });
  const ref = `database:${id}`;
  const born = cloud.simulator.now();
  await omit(`do:dbaas:${id}`);
  await cloud.sync();
  await cloud.happen({ type: 'move', urn: `do:dbaas:${id}`, project: other });
  const moved = await later();
  const both = [`acme by resource ${born}/${moved}`, `other by resource ${moved}/`];
  expect(await memberships(ref)).toEqual(both);

  await cloud.upset({ fault: 'missing_scope', scopes: ['project:read'], hidden: true, path: '/v2/databases' });
  await later();
  expect(await memberships(ref)).toEqual(both);
  // Where projects cannot be read whole, that none shows it says nothing.
  await cloud.calm();
  await cloud.upset({ fault: 'server_error', path: `/v2/projects/${other}/resources` });
  await later();
  expect(await memberships(ref)).toEqual(both);
});

test('a project that shows within a day what said so itself showed it all the time; later, from then on', async () => {
  const [soon, late] = await cloud.happen(
    { type: 'create_database', name: 'soon', project: acme },
    { type: 'create_database', name: 'late', project: acme },
  );
  const born = cloud.simulator.now();
  await omit(`do:dbaas:${soon}`, `do:dbaas:${late}`);
  await cloud.sync();
  await cloud.calm();
  await omit(`do:dbaas:${late}`);
  await later();
  expect(await memberships(`database:${soon}`)).toEqual([`acme by listing ${born}/`]);
  await cloud.calm();
  const shown = await later(30 * 60);
  expect(await memberships(`database:${late}`)).toEqual([
    `acme by resource ${born}/${shown}`,
    `acme by listing ${shown}/`,
  ]);
});

test('what was owned and is taken back with its sync run has no name until ownership is derived again', async () => {
  const { db } = database;
  await cloud.happen({ type: 'create_database', name: 'db', project: acme });
  await cloud.syncKind('project');
  await applyRules(db, { rules: [{ project: acme, deployment: 'acme' }] }, 'test', cloud.simulator.now());
  await cloud.syncKind('database');
  await bringAttributionsUpToDate(db, cloud.simulator.now());
  expect((await getDeployment(db, 'acme')).owned).toMatchObject([{ kind: 'database', name: 'db' }]);
  const run = await newestSyncRun(db);
  await revertSyncRun(db, { syncRunId: run, reason: 'test', andLater: false }, 'test', cloud.simulator.now());
  expect((await getDeployment(db, 'acme')).owned).toMatchObject([{ kind: 'database', name: null }]);
  await bringAttributionsUpToDate(db, cloud.simulator.now());
  expect((await getDeployment(db, 'acme')).owned).toEqual([]);
});

test('ends with the resource, is taken back with the run that wrote it, and is written again', async () => {
  const [id] = await cloud.happen({ type: 'create_database', name: 'db', project: acme });
  const born = cloud.simulator.now();
  await omit(`do:dbaas:${id}`);
  await cloud.syncKind('project');
  await cloud.syncKind('database');
  expect(await memberships(`database:${id}`)).toEqual([`acme by resource ${born}/`]);
  const { db } = database;
  const run = await newestSyncRun(db);
  await revertSyncRun(db, { syncRunId: run, reason: 'test', andLater: false }, 'test', cloud.simulator.now());
  expect(await memberships(`database:${id}`)).toEqual([]);
  await later();
  expect(await memberships(`database:${id}`)).toEqual([`acme by resource ${born}/`]);
  await cloud.happen({ type: 'destroy', kind: 'database', id: String(id) });
  const gone = await later();
  expect(await memberships(`database:${id}`)).toEqual([`acme by resource ${born}/${gone}`]);
});

const month = Temporal.PlainYearMonth.from('2026-05');

/** Why a month is not final as far as resources go, and what is said with it. */
async function blockers(): Promise<string[]> {
  const status = await monthStatus(database.db, { month, now: cloud.simulator.now() });
  return status.blockers.flatMap((one) =>
    one.reason === 'unlisted' ? [`${one.resourceKind} since ${one.since}: ${one.message}`] : [],
  );
}

test('what a project shows and no listing does keeps the month from being final, until it is listed or confirmed', async () => {
  const { db } = database;
  await cloud.happen(
    // The account's keys are for another region.
    { type: 'create_bucket', name: 'far-away', region: 'ams3', project: acme },
    { type: 'create_other', urn: 'do:genai:one', project: acme },
  );
  const since = cloud.simulator.now();
  await cloud.sync();
  const june = await later(31 * 24 * 60);
  await meterOutstanding(db, { now: june });
  const status = () => monthStatus(db, { month, now: cloud.simulator.now() });
  const first = await status();
  expect(first).toMatchObject({ complete: true, confirmed: false, final: false });
  expect(first.blockers).toEqual([
    {
      reason: 'unlisted',
      account: cloud.account.slug,
      resourceKind: 'spaces_bucket',
      kind: null,
      since: since.toString(),
      message: expect.stringContaining('do:space:far-away'),
      todo: expect.stringContaining('confirm spaces_bucket'),
      next: { operation: 'account check', arguments: { account: cloud.account.slug } },
    },
  ]);
  expect(first.kinds.filter(({ confirmed }) => !confirmed).map(({ kind }) => kind)).toEqual(['spaces_gb_month']);
  expect(first.kinds.filter(({ final }) => !final).map(({ kind }) => kind)).toEqual(['spaces_gb_month']);
  // All who say so say the same; a kind that is not listed at all is said, and keeps nothing from being final.
  const { account } = cloud;
  const named = [
    { kind: 'genai', hidden: 1, urns: ['do:genai:one'], since },
    { kind: 'spaces_bucket', hidden: 1, urns: ['do:space:far-away'], since },
  ];
  expect((await checkAccount(db, account, cloud.provider)).unlisted).toEqual(named);
  const ofAccount = named.map((each) => ({ account: account.slug, ...each }));
  expect(await listUnlisted(db)).toEqual(ofAccount);
  const may = { from: Temporal.Instant.from('2026-05-01T00:00Z'), to: Temporal.Instant.from('2026-06-01T00:00Z') };
  expect(await listUnlisted(db, may)).toEqual(ofAccount);
  expect((await gapsWithMoney(db, { month, now: june })).unlisted).toEqual([
    {
      account: account.slug,
      resourceKind: 'spaces_bucket',
      resources: 1,
      urns: ['do:space:far-away'],
      since: since.toString(),
      until: null,
    },
  ]);

  const through = may.to;
  const request = { account: account.slug, resourceKind: 'spaces_bucket', through, reason: 'not ours to bill' };
  const { confirmationId } = await confirmUsage(db, request, 'ana', june);
  expect(await status()).toMatchObject({ confirmed: true, final: true, blockers: [] });
  await withdrawConfirmation(db, confirmationId, 'ana', june);
  expect(await blockers()).toHaveLength(1);

  // It is gone from the project: in May it was there all the same.
  await cloud.happen({ type: 'destroy', kind: 'bucket', id: 'far-away' });
  const gone = await later();
  expect(await memberships('spaces_bucket:far-away')).toEqual([`acme by listing ${since}/${gone}`]);
  expect(await listUnlisted(db)).toEqual(ofAccount.slice(0, 1));
  expect(await blockers()).toHaveLength(1);
});

test("what is listed after all, or was gone again within a gap, is in nobody's way", async () => {
  const { db } = database;
  await cloud.happen({ type: 'create_droplet', id: 7001, name: 'web', project: acme });
  await cloud.upset({ fault: 'leave_out', path: '/v2/droplets', ids: [7001] });
  await cloud.sync();
  await meterOutstanding(db, { now: cloud.simulator.now() });
  await later(24 * 60);
  expect(await blockers()).toEqual([expect.stringMatching(/^droplet since .*do:droplet:7001/)]);
  await cloud.calm();
  await later();
  expect(await blockers()).toEqual([]);
  // A run that is taken back has listed nothing.
  const [run] = await listSyncRuns(db, { kind: 'droplet' }, { limit: 1, before: null });
  await revertSyncRun(db, { syncRunId: run!.syncRunId, reason: 'test', andLater: true }, 'test', cloud.simulator.now());
  expect(await blockers()).toHaveLength(1);
  await later();
  expect(await blockers()).toEqual([]);

  await cloud.happen({ type: 'create_droplet', id: 7002, name: 'brief', project: acme });
  await cloud.syncKind('project');
  expect(await blockers()).toHaveLength(1);
  await cloud.happen({ type: 'destroy', kind: 'droplet', id: 7002 });
  await later(60);
  expect(await blockers()).toEqual([]);
});
