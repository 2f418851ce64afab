import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import { assign } from '../../deployments/assignments.ts';
import { setDeploymentStart } from '../../deployments/deployments.ts';
import { insertLiving, writeState } from '../../../test/fixtures/inventory.ts';
import { applyRules } from '../../deployments/rules.ts';
import type { Database } from '../../platform/database/database.ts';
import { readWatermark } from '../../platform/changes.ts';
import { sumQuantities } from '../../platform/quantity.ts';
import { type ExplainQuery, explainUsage, type UsageExplanation } from './explain.ts';
import { bringLevelsUpToDate } from '../levels.ts';
import { meterOutstanding, meterRange } from '../meter.ts';
import { at, createDeployments, insertAccount, insertSync, setGranularity } from '../../../test/fixtures/metering.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const may = { from: day('2026-05-01'), to: day('2026-06-01') };
const afterMay = at('2026-06-01T01:00:00Z');

let db: Database;
let close: () => Promise<void>;
let account: number;
let web: number;
let shared: number;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  await createDeployments(db, ['ash', 'birch', 'cedar'], at('2026-01-01'));
  web = await insertLiving(db, account, 'droplet', 'web-1', { name: 'ash-web' }, at('2026-04-10'));
  await writeState(
    db,
    web,
    { name: 'ash-web', status: 'off' },
    at('2026-05-05T12:00:00Z'),
    at('2026-05-07T06:00:00Z'),
    at('2026-05-07'),
  );
  shared = await insertLiving(db, account, 'droplet', 'db-1', { name: 'db' }, at('2026-05-01'));
  const owners = ['ash', 'birch', 'cedar'].map((slug) => ({ slug, weight: 1 }));
  await assign(db, { resourceIds: [shared], owners, from: at('2026-05-01'), to: at('2026-05-21') }, 'ana', afterMay);
  await applyRules(db, { rules: [{ name: 'ash-*', deployment: 'ash' }] }, 'ben', at('2026-01-02'));

  const power = await insertSync(db, account, 'action', at('2026-05-07T06:15:00Z'));
  await sql`
    INSERT INTO provider_actions (account_id, external_id, type, status, resource_kind, resource_external_id, started_at, completed_at, payload, seen_at)
    VALUES (${account}, '77', 'power_off', 'completed', 'droplet', 'web-1', '2026-05-05T11:59:00Z', '2026-05-05T12:00:00Z', '{}', '2026-05-07')`.execute(
    db,
  );
  await sql`ALTER TABLE resource_states DISABLE TRIGGER history_is_frozen`.execute(db);
  await sql`
    UPDATE resource_states SET source = 'action', sync_run_id = ${power}
    WHERE resource_id = ${web} AND status = 'off' AND superseded_at = 'infinity'`.execute(db);
  await sql`ALTER TABLE resource_states ENABLE TRIGGER history_is_frozen`.execute(db);
  await insertSync(db, account, 'droplet', at('2026-05-30T00:00:00Z'));
  await meterRange(db, { ...may, now: afterMay });
});
afterAll(() => close());

const explain = (query: Partial<ExplainQuery> = {}) =>
  explainUsage(db, { deployment: 'ash', kind: 'droplet_hours', ...may, audience: 'staff', ...query });

/** Whatever is shown adds up to what is above it. */
function expectToAddUp(explanation: UsageExplanation): void {
  expect(sumQuantities([explanation.rolledUp, explanation.explained, explanation.pending])).toBe(explanation.quantity);
  for (const { quantity, pending, days, intervals, more } of explanation.resources) {
    expect(sumQuantities(days.map((one) => one.quantity))).toBe(quantity);
    expect(sumQuantities([...intervals.map((one) => one.quantity), more?.quantity ?? '0', pending])).toBe(quantity);
  }
  if (explanation.nextCursor === null && explanation.resources.length === explanation.resourcesTotal) {
    const shown = explanation.resources.map((one) => one.quantity);
    expect(sumQuantities([explanation.rolledUp, ...shown])).toBe(explanation.quantity);
  }
}

describe('a sum', () => {
  test('is explained down to the intervals, their cause and their rule, and adds up', async () => {
    const explanation = await explain();
    expect(explanation).toMatchObject({
      title: 'Droplet hours, running',
      unit: 'hour',
      accrual: 'hours',
      quantity: '862',
      explained: '862',
      pending: '0',
      resourcesTotal: 2,
      meteredThrough: '2026-06-01',
      nextCursor: null,
    });
    expectToAddUp(explanation);
    const [server, database] = explanation.resources;
    expect(server).toMatchObject({ resourceId: web, externalId: 'web-1', name: 'ash-web', quantity: '702' });
    expect(
      server?.intervals.map(({ from, to, level, status, quantity }) => [from, to, level, status, quantity]),
    ).toEqual([
      ['2026-05-01T00:00:00Z', '2026-05-05T12:00:00Z', '1', 'active', '108'],
      ['2026-05-05T12:00:00Z', '2026-05-07T06:00:00Z', '0', 'off', '0'],
      ['2026-05-07T06:00:00Z', '2026-06-01T00:00:00Z', '1', 'active', '594'],
    ]);
    expect(server?.intervals[1]).toMatchObject({
      source: 'action',
      cause: {
        syncRun: { kind: 'action', startedAt: '2026-05-07T06:15:00Z' },
        action: { actionId: '77', type: 'power_off', completedAt: '2026-05-05T12:00:00Z' },
        owners: 'ash',
        rule: { kind: 'name', pattern: 'ash-*', recordedBy: 'ben' },
        assignment: null,
      },
    });
    expect(database?.intervals).toMatchObject([
      {
        to: '2026-05-21T00:00:00Z',
        share: '1/3',
        quantity: '160',
        cause: {
          owners: 'ash 1/3, birch 1/3, cedar 1/3',
          rule: { kind: 'manual' },
          assignment: { by: 'ana' },
        },
      },
    ]);
  });

  test('says which days are carried forward', async () => {
    const [server] = (await explain()).resources;
    expect(server?.days).toHaveLength(31);
    expect(server?.days.filter((one) => one.observation === 'carried forward').map((one) => one.day)).toEqual([
      '2026-05-30',
      '2026-05-31',
    ]);
    expect(server?.intervals.at(-1)?.carriedForwardFrom).toBe('2026-05-30T00:00:00Z');
    expect(server?.intervals[0]?.carriedForwardFrom).toBeNull();
  });

  test('over part of a month, over several, and over days that are not metered, it adds up too', async () => {
    for (const [from, to, quantity] of [
      ['2026-05-05', '2026-05-08', '54'],
      ['2026-04-01', '2026-06-15', '862'],
      ['2026-06-01', '2026-07-01', '0'],
    ] as const) {
      const explanation = await explain({ from: day(from), to: day(to) });
      expect(explanation.quantity).toBe(quantity);
      expectToAddUp(explanation);
    }
  });

  test('comes in pages, those that used most first', async () => {
    const first = await explain({ limit: 1 });
    expect(first.resources.map((one) => one.resourceId)).toEqual([web]);
    const second = await explain({ limit: 1, cursor: first.nextCursor });
    expect(second.resources.map((one) => one.resourceId)).toEqual([shared]);
    expect(second.nextCursor).toBeNull();
    // A share of a resource may have the rounding of the others to give back.
    expect((await explain({ cursor: '-0.000000001:1' })).resources).toEqual([]);
    await expect(explain({ cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(explain({ limit: 0 })).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test('for a customer says nothing of accounts, syncs, people and rules', async () => {
    const explanation = await explain({ audience: 'customer' });
    expectToAddUp(explanation);
    for (const { intervals, days } of explanation.resources) {
      for (const interval of intervals) expect(interval).toMatchObject({ cause: null, carriedForwardFrom: null });
      for (const one of days) expect(one.observation).toBeNull();
    }
    expect(JSON.stringify(explanation)).not.toMatch(/ana|ben|team|birch|cedar/);
  });

  test('of what is read as a customer is only their own', async () => {
    const { rows } = await sql<{ customer_id: number }>`SELECT customer_id FROM customers`.execute(db);
    await db.transaction().execute(async (trx) => {
      await sql`SELECT set_config('arcadia.customer', ${String(rows[0]?.customer_id)}, true)`.execute(trx);
      await sql`SET LOCAL ROLE arcadia_customer`.execute(trx);
      const own = await explainUsage(trx, { deployment: 'ash', kind: 'droplet_hours', ...may, audience: 'customer' });
      expect(own.quantity).toBe('862');
      expectToAddUp(own);
      await expect(
        explainUsage(trx, { deployment: 'unattributed', kind: 'droplet_hours', ...may, audience: 'customer' }),
      ).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  test('of what nobody owns, or not yet, is explained as well', async () => {
    await setDeploymentStart(db, 'birch', at('2026-05-11'), afterMay);
    await setDeploymentStart(db, 'cedar', at('2026-05-11'), afterMay);
    await meterOutstanding(db, { now: afterMay });
    const explanation = await explain({ deployment: 'unattributed' });
    expect(explanation.quantity).toBe('424'); // two thirds of 240 hours, and 264 hours after the assignment
    expectToAddUp(explanation);
  });

  test('by the hour is explained by the day', async () => {
    await setGranularity(db, '2026-05-01', 'hour');
    await meterOutstanding(db, { now: afterMay });
    const explanation = await explain();
    expect(explanation.resources[0]?.days[4]).toMatchObject({ day: '2026-05-05', records: 24, quantity: '12' });
    expectToAddUp(explanation);
  });

  test('that facts have outrun says by how much', async () => {
    const before = await explain();
    await writeState(db, web, { status: 'off' }, at('2026-05-20'), at('2026-05-21'), afterMay);
    // What a metering under way has derived, and not yet written.
    await bringLevelsUpToDate(db, await readWatermark(db));
    const pending = await explain();
    expect(pending.quantity).toBe(before.quantity);
    expect(pending).toMatchObject({ explained: '838', pending: '24' });
    expectToAddUp(pending);
    await meterOutstanding(db, { now: afterMay });
    expect(await explain()).toMatchObject({ quantity: '838', pending: '0' });
  });
});

test('what is not there is not explained', async () => {
  await expect(explain({ deployment: 'nobody' })).rejects.toMatchObject({ code: 'not_found' });
  await expect(explain({ kind: 'nothing' })).rejects.toMatchObject({ code: 'not_found' });
  await expect(explain({ from: may.to, to: may.from })).rejects.toMatchObject({ code: 'range_reversed' });
});
