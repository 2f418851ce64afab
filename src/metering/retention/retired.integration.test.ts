import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import { assign } from '../../deployments/assignments.ts';
import { insertLiving } from '../../../test/fixtures/inventory.ts';
import type { Database } from '../../platform/database/database.ts';
import { sumQuantities } from '../../platform/quantity.ts';
import { diffUsage } from '../diff.ts';
import { explainUsage } from '../explain/explain.ts';
import { meterOutstanding } from '../meter.ts';
import { at, createDeployments, insertAccount, insertSync } from '../../../test/fixtures/metering.ts';
import { applyRetention } from './retention.ts';
import { usageForPeriod } from '../usage.ts';

// What is said of a range whose first month is rolled up: February 2028, of which the droplet went on.

const day = (text: string) => Temporal.PlainDate.from(text);
const now = at('2028-03-03');
const range = { from: day('2028-02-26'), to: day('2028-03-03') };

let db: Database;
let close: () => Promise<void>;
let droplet: number;

beforeAll(async () => {
  ({ db, close } = await openTestDatabase());
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2028-02-26'`.execute(db);
  await sql`UPDATE metering_config SET retention_days = 31`.execute(db);
  await createDeployments(db, ['ash', 'birch'], at('2028-01-01'));
  droplet = await insertLiving(db, account, 'droplet', 'web', {}, at('2028-01-10'));
  await own('ash', '2028-01-10');
  // A level that ends with February is removed with its records.
  await own('birch', '2028-02-28');
  await own('ash', '2028-02-29');
  await insertSync(db, account, 'droplet', now);
  await meterOutstanding(db, { now });
  const retired = await applyRetention(db, { now: at('2028-04-01') });
  expect(retired.find((one) => one.kind === 'droplet_hours')?.outcome).toBe('retired');
});
afterAll(() => close());

const own = (slug: string, from: string) =>
  assign(db, { resourceIds: [droplet], owners: [{ slug, weight: 1 }], from: at(from) }, 'test', now);
const explain = (to: string) =>
  explainUsage(db, { deployment: 'ash', kind: 'droplet_hours', from: range.from, to: day(to), audience: 'staff' });

test('an explanation has what is rolled up as a part by itself, and adds up', async () => {
  const explanation = await explain('2028-03-03');
  const { rows } = await sql<{ records: number; digest: string }>`
    SELECT records, digest FROM usage_months JOIN deployments USING (deployment_id) JOIN billing_kinds USING (billing_kind_id)
    WHERE deployments.slug = 'ash' AND billing_kinds.slug = 'droplet_hours'`.execute(db);
  const february = { month: '2028-02', ...rows[0], monthQuantity: '72', rolledUpAt: '2028-04-01T00:00:00Z' };
  expect(explanation).toMatchObject({
    quantity: '120',
    rolledUp: '72',
    rolledUpMonths: [
      {
        ...february,
        from: '2028-02-26',
        to: '2028-03-01',
        quantity: '72',
        note: `The month 2028-02 was rolled up on 2028-04-01, when its retention had passed: its 3 records were added up, to 72 hour in all, and removed. The sum of each day is kept, and the SHA-256 of the records: ${rows[0]?.digest}.`,
      },
    ],
    explained: '48',
    pending: '0',
    recordsFrom: '2028-03-01',
    resourcesTotal: 1,
    resources: [{ quantity: '48', pending: '0', intervals: [{ from: '2028-03-01T00:00:00Z', quantity: '48' }] }],
  });
  expect(await explain('2028-02-28')).toMatchObject({
    rolledUp: '48',
    rolledUpMonths: [{ ...february, from: '2028-02-26', to: '2028-02-28', quantity: '48' }],
  });
  expect(await explain('2028-03-01')).toMatchObject({
    quantity: '72',
    rolledUp: '72',
    explained: '0',
    pending: '0',
    resources: [],
    resourcesTotal: 0,
  });
});

test('a difference says from which day on its sums are', async () => {
  await own('birch', '2028-03-02');
  const { deployments, resources } = await diffUsage(db, { range, now });
  const common = { kind: 'droplet_hours', recordsFrom: '2028-03-01' };
  expect(deployments).toMatchObject([
    { ...common, deployment: 'ash', before: '48', after: '24' },
    { ...common, deployment: 'birch', before: '0', after: '24' },
  ]);
  expect(resources).toHaveLength(2);
  for (const row of resources) expect(row).toMatchObject(common);
  const { usage } = await usageForPeriod(db, 'ash', range.from, range.to);
  expect(usage).toEqual({ droplet_hours: sumQuantities(['72', '48']) });
});
