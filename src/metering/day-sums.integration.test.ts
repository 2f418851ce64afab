import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import {
  addDeployment,
  addDroplet,
  at,
  day,
  openBusiness,
  own,
  settle,
  writeState,
} from '../../test/fixtures/invoices.ts';
import { insertLiving } from '../../test/fixtures/inventory.ts';
import { openUsageSums, sumDays } from './day-sums.ts';
import { selectStaleDays, selectPosition } from './day-sums.store.ts';
import type { DayRange } from './period.ts';
import { openUsageStore } from './records/open.ts';
import { readGrid } from './usage-grid.ts';

// What is kept of each day equals the sums made anew from records, whatever changes and whenever days are summed.

let database: TestDatabase;
let account: number;
beforeAll(async () => {
  database = await openTestDatabase();
  account = await openBusiness(database.db);
  for (const slug of ['ash', 'birch']) await addDeployment(database.db, { customer: slug, slug });
});
afterAll(() => database.close());

const january: DayRange = { from: day('2026-01-01'), to: day('2026-02-01') };
const ranges: readonly DayRange[] = [january, { from: day('2026-01-04'), to: day('2026-01-09') }];

/** The same whatever order it comes in. */
const sorted = (sums: readonly object[]) =>
  sums
    .map((sum) => JSON.stringify(Object.fromEntries(Object.entries(sum).filter(([name]) => name !== 'records'))))
    .sort();

/** Sums for staff equal those of the records; how many days are summed from records. */
async function expectLaw(): Promise<number> {
  const { db } = database;
  const records = await openUsageStore(db);
  const sums = await openUsageSums(db, { isStaff: true });
  const { rows } = await sql<{
    id: number;
  }>`SELECT deployment_id AS id FROM deployments WHERE slug <> 'ash' ORDER BY 1`.execute(db);
  const deploymentIds = rows.map(({ id }) => id);
  for (const range of ranges)
    for (const scope of ['all', { deploymentIds }, { deploymentId: deploymentIds[0] ?? 0 }] as const)
      for (const kind of [undefined, 'droplet_hours'])
        for (const floors of [undefined, new Map([['droplet_hours', day('2026-01-06')]])])
          for (const name of ['sumByKind', 'sumByKindAndDay', 'sumByDeployment', 'sumByDeploymentAndDay'] as const) {
            const query = { scope, range, kind, floors };
            const asked: (of: typeof query) => Promise<readonly object[]> = sums[name].bind(sums);
            expect([name, query, sorted(await asked(query))]).toEqual([
              name,
              query,
              sorted(await records[name](db, query)),
            ]);
          }
  const position = await selectPosition(db);
  return position === null ? 31 : (await selectStaleDays(db, january, position)).length;
}

test('nothing is summed yet, then what was metered, day by day', async () => {
  const { db } = database;
  await addDroplet(db, account, 'a', ['ash'], '2026-01-01');
  await addDroplet(db, account, 'b', ['ash', 'birch'], '2026-01-02T07:13:11Z');
  await insertLiving(db, account, 'droplet', 'nobodys', {}, at('2026-01-03'));
  await settle(db, at('2026-01-06'));
  expect(await expectLaw()).toBe(31);
  expect(await sumDays(db)).toBe(5);
  expect(await expectLaw()).toBe(0);
  expect(await sumDays(db)).toBe(0);
  await settle(db, at('2026-01-08'));
  expect(await expectLaw()).toBe(2);
  expect(await sumDays(db)).toBe(2);
  expect(await expectLaw()).toBe(0);
});

test('late facts make stale the days that they change, and no others', async () => {
  const { db } = database;
  const late = await addDroplet(db, account, 'late', ['birch'], '2026-01-05T12:00:00Z');
  await settle(db, at('2026-01-08T01:00:00Z'));
  expect(await expectLaw()).toBe(3);
  await own(db, late, ['ash'], '2026-01-07', '2026-01-08');
  await settle(db, at('2026-01-08T02:00:00Z'));
  expect(await expectLaw()).toBe(3);
  expect(await sumDays(db)).toBe(3);
  expect(await expectLaw()).toBe(0);
  // It never was there: a deployment's sums of those days are gone.
  await writeState(db, late, null, at('2026-01-05T12:00:00Z'), null, at('2026-01-08T03:00:00Z'));
  await settle(db, at('2026-01-08T03:00:00Z'));
  expect(await expectLaw()).toBe(3);
  await sumDays(db);
  expect(await expectLaw()).toBe(0);
});

test('more days than are summed one by one are summed from the records', async () => {
  const { db } = database;
  await settle(db, at('2026-01-25'));
  expect(await expectLaw()).toBeGreaterThan(10);
  await sumDays(db);
  expect(await expectLaw()).toBe(0);
});

test('sums that broke off are made again', async () => {
  const { db } = database;
  await settle(db, at('2026-01-27'));
  const stopping = new AbortController();
  stopping.abort();
  await expect(sumDays(db, stopping.signal)).rejects.toThrow('aborted');
  expect(await expectLaw()).toBe(2);
  await sumDays(db);
  expect(await expectLaw()).toBe(0);
});

test('a grid says up to when its meter is metered, whatever another one is', async () => {
  const { db } = database;
  const asked = {
    range: january,
    by: 'kind',
    customerId: null,
    compares: true,
    q: null,
    sort: 'name',
    order: 'asc',
  } as const;
  const through = async (kind?: string) =>
    (await readGrid(db, kind === undefined ? asked : { ...asked, kind }, { offset: 0, limit: 50 })).meteredThrough;
  expect(await through()).toBe('2026-01-27');
  await sql`
    DELETE FROM metered_days WHERE day >= '2026-01-20' AND billing_kind_id = (
      SELECT billing_kind_id FROM billing_kinds WHERE slug = 'dns_zones')`.execute(db);
  expect([await through(), await through('droplet_hours'), await through('dns_zones')]).toEqual([
    '2026-01-27',
    '2026-01-27',
    '2026-01-20',
  ]);
});
