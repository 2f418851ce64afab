import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { bringAttributionsUpToDate } from '../deployments/attribution.ts';
import { insertLiving } from '../../test/fixtures/inventory.ts';
import { applyRules } from '../deployments/rules.ts';
import type { Database } from '../platform/database/database.ts';
import { meterRange } from './meter.ts';
import { at, createDeployments, insertAccount } from '../../test/fixtures/metering.ts';
import { usageOfAll, type UsageOfKind, usagePage } from './usage.ts';

// A list of usage, page by page, over more deployments than a page has.

const range = { from: Temporal.PlainDate.from('2026-05-01'), to: Temporal.PlainDate.from('2026-05-03') };
const count = 120;
const slugs = Array.from({ length: count }, (_, place) => `d${String(place).padStart(3, '0')}`);

let opened: TestDatabase;
let db: Database;

beforeAll(async () => {
  opened = await openTestDatabase();
  db = opened.db;
  const start = at('2026-05-01');
  const account = await insertAccount(db);
  await createDeployments(db, slugs, start);
  for (const [place, slug] of slugs.entries()) {
    // Every third has two kinds, and those of the forties nothing.
    if (place >= 40 && place < 50) continue;
    await insertLiving(db, account, 'droplet', `${place}`, { name: slug, status: 'active' }, start);
    if (place % 3 === 0) await insertLiving(db, account, 'dns_zone', `${place}`, { name: slug }, start);
  }
  await applyRules(db, { rules: slugs.map((slug) => ({ name: slug, deployment: slug })) }, 'test', start);
  const now = at('2026-05-03');
  await bringAttributionsUpToDate(db, now);
  await meterRange(db, { ...range, now });
}, 120_000);
afterAll(() => opened.close());

async function pages(limit: number, customerId: number | null = null): Promise<UsageOfKind[]> {
  const all: UsageOfKind[] = [];
  for (let after: UsageOfKind | null = null; ; ) {
    const page: UsageOfKind[] = await usagePage(db, range, { customerId, after, limit });
    for (const row of page) all.push(row);
    after = page.at(-1) ?? null;
    if (page.length < limit) return all;
  }
}

test.each([1, 7, 100, 1000])('pages of %i hold what all of it is, in its order', async (limit) => {
  const whole = (await usageOfAll(db, range.from, range.to)).flatMap(({ deployment, meteredThrough, usage }) =>
    Object.entries(usage).map(([kind, quantity]) => ({ deployment, kind, quantity, meteredThrough })),
  );
  expect(whole).toHaveLength(110 + 37);
  expect(await pages(limit)).toEqual(whole);
});

test('a page goes on behind what is not there, and holds one customer alone', async () => {
  const behind = (deployment: string, kind: string) =>
    usagePage(db, range, { customerId: null, after: { deployment, kind }, limit: 1 });
  expect(await behind('d000', 'dns_zonesx')).toMatchObject([{ deployment: 'd000', kind: 'droplet_hours' }]);
  expect(await behind('d000x', 'droplet_hours')).toMatchObject([{ deployment: 'd001' }]);
  expect(await behind('d039', 'zzz')).toMatchObject([{ deployment: 'd050' }]);
  expect(await behind('zzz', '')).toEqual([]);
  expect(await pages(100, 4_711)).toEqual([]);
  const { rows } = await sql<{ id: number }>`SELECT customer_id AS id FROM customers`.execute(db);
  expect(await pages(100, rows[0]?.id)).toHaveLength(110 + 37);
});

test('a page reads what is on it, not all that there is', async () => {
  let rowsRead = 0;
  let statements = 0;
  const counted = db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      statements += 1;
      rowsRead += result.rows.length;
      return result;
    },
  });
  const page = await usagePage(counted, range, {
    customerId: null,
    after: { deployment: 'd060', kind: 'z' },
    limit: 8,
  });
  expect(page.map(({ deployment }) => deployment)).toEqual([
    'd061',
    'd062',
    'd063',
    'd063',
    'd064',
    'd065',
    'd066',
    'd066',
  ]);
  expect(statements).toBeLessThan(15);
  expect(rowsRead).toBeLessThan(60);
});
