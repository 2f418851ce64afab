import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { assign } from '../deployments/assignments.ts';
import { insertLiving, writeState } from '../../test/fixtures/inventory.ts';
import type { Database } from '../platform/database/database.ts';
import { formatQuantity, parseQuantity } from '../platform/quantity.ts';
import { diffUsage, type UsageDiff } from './diff.ts';
import { changeKind } from './kinds.ts';
import { meterOutstanding, meterRange } from './meter.ts';
import {
  at,
  createDeployments,
  insertAccount,
  setGranularity,
  storedBytes,
  storedUsage,
} from '../../test/fixtures/metering.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const range = { from: day('2026-05-01'), to: day('2026-05-08') };
const now = at('2026-05-08');

let db: Database;
let close: () => Promise<void>;
let server: number;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  await createDeployments(db, ['ash', 'birch'], at('2026-01-01'));
  server = await insertLiving(db, account, 'droplet', 'server', { name: 'server' }, at('2026-04-10'));
  await insertLiving(db, account, 'droplet', 'other', { name: 'other' }, at('2026-04-10'));
});
afterAll(() => close());

const own = (slug: string, from: string) =>
  assign(db, { resourceIds: [server], owners: [{ slug, weight: 1 }], from: at(from) }, 'test', now);
const usage = () => storedUsage(db, '2026-05-01', '2026-05-08');

async function written(): Promise<string> {
  const { rows } = await sql<{ revisions: string }>`
    SELECT concat_ws(' ', (SELECT count(*) FROM metering_runs), (SELECT count(*) FROM usage_changes),
                     (SELECT count(*) FROM metered_days)) AS revisions`.execute(db);
  return `${rows[0]?.revisions} ${await storedBytes(db)}`;
}

/** Looks, sees that nothing was written, meters, and holds what was announced against what came. */
async function expectForetold(options: { verify?: boolean } = {}): Promise<UsageDiff> {
  const stored = await usage();
  const before = await written();
  const diff = await diffUsage(db, { range, now, ...options });
  expect(await written()).toBe(before);
  const metered = await meterRange(db, { ...range, now, ...options });
  const after = await usage();

  const changes: Record<string, string> = {};
  for (const key of new Set([...Object.keys(stored), ...Object.keys(after)])) {
    const change = formatQuantity(parseQuantity(after[key] ?? '0').minus(stored[key] ?? 0));
    if (change !== '0') changes[key] = change;
  }
  const told = diff.resources.filter((row) => row.change !== '0');
  expect(
    Object.fromEntries(told.map((row) => [`${row.deployment} ${row.kind} ${row.resourceId}`, row.change])),
  ).toEqual(changes);
  for (const row of diff.resources) {
    const key = `${row.deployment} ${row.kind} ${row.resourceId}`;
    expect([row.before, row.after]).toEqual([stored[key] ?? '0', after[key] ?? '0']);
  }
  for (const part of ['inserted', 'changed', 'deleted'] as const) {
    const sum = metered.reduce((all, one) => all + one[part], 0);
    expect(diff.resources.reduce((all, one) => all + one[part], 0)).toBe(sum);
    expect(diff.deployments.reduce((all, one) => all + one[part], 0)).toBe(sum);
  }
  expect(diff.differs).toBe(metered.some((one) => one.revision !== null));
  return diff;
}

describe('a difference is what metering then writes', () => {
  test('of days never metered', async () => {
    const diff = await expectForetold();
    expect(diff).toMatchObject({ from: '2026-05-01', to: '2026-05-08', days: 7, differs: true, resourcesTotal: 2 });
    expect(diff.deployments).toEqual([
      {
        deployment: 'unattributed',
        kind: 'droplet_hours',
        before: '0',
        after: '336',
        change: '336',
        recordsFrom: null,
        inserted: 14,
        changed: 0,
        deleted: 0,
      },
    ]);
  });

  test('of nothing', async () => {
    expect(await expectForetold()).toMatchObject({ days: 0, differs: false, deployments: [], resources: [] });
    expect(await expectForetold({ verify: true })).toMatchObject({ days: 7, differs: false });
  });

  test('of a backdated move, on both sides', async () => {
    await own('ash', '2026-05-03');
    await own('birch', '2026-05-06');
    const diff = await expectForetold();
    expect(diff.days).toBe(5);
    expect(diff.deployments.map(({ deployment, before, after }) => [deployment, before, after])).toEqual([
      ['ash', '0', '72'],
      ['birch', '0', '48'],
      ['unattributed', '336', '216'],
    ]);
    expect(diff.resources[0]).toMatchObject({
      deployment: 'unattributed',
      resourceId: server,
      resourceKind: 'droplet',
      name: 'server',
      change: '-120',
    });
  });

  test('of a late power-off that one day loses and another gains', async () => {
    await writeState(
      db,
      server,
      { name: 'server', status: 'off' },
      at('2026-05-04T12:00:00Z'),
      at('2026-05-04T18:00:00Z'),
      now,
    );
    await expectForetold();
    await writeState(db, server, { name: 'server' }, at('2026-05-04T12:00:00Z'), at('2026-05-04T18:00:00Z'), now);
    await writeState(
      db,
      server,
      { name: 'server', status: 'off' },
      at('2026-05-05T12:00:00Z'),
      at('2026-05-05T18:00:00Z'),
      now,
    );
    const diff = await expectForetold();
    expect(diff).toMatchObject({
      differs: true,
      resources: [{ deployment: 'ash', before: '66', after: '66', changed: 2 }],
    });
  });

  test('of a new granularity, a new kind, and a kind that is metered no longer', async () => {
    await setGranularity(db, '2026-05-07', 'hour');
    expect((await expectForetold()).deployments.map((row) => row.change)).toEqual(['0', '0']);
    await changeKind(db, 'droplet_provisioned_hours', day('2026-05-02'), { enabled: true });
    expect((await expectForetold()).deployments.every((row) => row.kind === 'droplet_provisioned_hours')).toBe(true);
    await changeKind(db, 'droplet_provisioned_hours', day('2026-05-02'), { enabled: false });
    await expectForetold();
  });

  test('of what somebody has tampered with, where everything is compared', async () => {
    await sql`UPDATE usage_records SET quantity = 23 WHERE resource_id = ${server} AND period_start = '2026-05-02'`.execute(
      db,
    );
    expect((await diffUsage(db, { range, now })).differs).toBe(false);
    expect((await expectForetold({ verify: true })).resources).toMatchObject([{ change: '1', changed: 1 }]);
  });
});

describe('a range', () => {
  test('need not be given, and is cut to what can be metered', async () => {
    await own('ash', '2026-05-07');
    const diff = await diffUsage(db, { now, limit: 1 });
    expect(diff).toMatchObject({ from: '2026-05-01', to: '2026-05-08', days: 1, resourcesTotal: 2 });
    expect(diff.resources).toHaveLength(1);
    const early = await diffUsage(db, { range: { from: day('2026-03-01'), to: day('2026-04-01') }, now });
    expect(early).toMatchObject({ days: 0, differs: false });
    await meterOutstanding(db, { now });
  });

  test('must be complete and the right way round', async () => {
    const ask = (from: string, to: string) => diffUsage(db, { range: { from: day(from), to: day(to) }, now });
    await expect(ask('2026-05-01', '2026-05-09')).rejects.toMatchObject({ code: 'period_incomplete' });
    await expect(ask('2026-05-02', '2026-05-01')).rejects.toMatchObject({ code: 'range_reversed' });
  });
});
