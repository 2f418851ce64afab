import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { addDeployment, at } from '../../../test/fixtures/invoices.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../../test/fixtures/reconciliation.ts';
import { startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';
import { timeoutOf } from '../../../test/soak.ts';
import { assign } from '../../deployments/assignments.ts';
import { bringAttributionsUpToDate } from '../../deployments/attribution.ts';
import { Decimal } from '../../platform/quantity.ts';

// Twelve months of bills from before the account was connected: what still lives is its owner's, what is dead is whom a rule
// names, each month adds up to its bill, and nothing of it is metered.

let database: TestDatabase;
let account: ReconciledAccount;
let api: TestApi;
const months = Array.from({ length: 12 }, (_, n) => Temporal.PlainDate.from('2025-05-01').add({ months: n }));
const counted = async () => {
  const { rows } = await sql<Record<string, number>>`
    SELECT (SELECT count(*) FROM resources) AS resources, (SELECT count(*) FROM usage_records) AS usage,
           (SELECT count(*) FROM attributions) AS attributions`.execute(database.db);
  return rows[0]!;
};
let before: Record<string, number>;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const opened = at('2026-05-01T09:30:00Z');
  account = await openReconciledAccount(database, 'agency', { fleet: 'agency', seed: 1, at: opened });
  for (const [customer, slug] of [
    ['living', 'living'],
    ['dead', 'dead'],
    ['one', 'one'],
  ] as const)
    await addDeployment(db, { customer, slug, from: '2026-05-01' });
  const { rows } = await sql<{ id: number }>`
    SELECT resource_id AS id FROM resources WHERE kind = 'droplet' ORDER BY 1 LIMIT 60`.execute(db);
  const resourceIds = rows.map(({ id }) => id);
  await assign(db, { resourceIds, owners: [{ slug: 'living', weight: 1 }], from: null }, 'test', opened);
  await bringAttributionsUpToDate(db, opened);
  before = await counted();
  await account.reconcile(undefined, { monthsBefore: 12 });
  api = await startTestApi(database);
}, timeoutOf(240_000));
afterAll(async () => {
  await api?.close();
  await account?.close();
  await database?.close();
});

async function ask(path: string, body?: unknown): Promise<any> {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await api.fetch(path, init);
  const read = await answer.json();
  expect([path, answer.ok, read]).toEqual([path, true, read]);
  return read;
}

const sumOf = (rows: readonly any[], field: string) =>
  rows.reduce((sum: Decimal, row) => sum.plus(row[field] ?? 0), new Decimal(0)).toFixed(2);
const marginsOf = (month: Temporal.PlainDate, by = 'deployment') => ask(`/margins?from=${month}&by=${by}`);

async function expectToAddUp(): Promise<void> {
  for (const month of months) {
    const [bill] = await account.bills(month.toString().slice(0, 7));
    const { items } = await marginsOf(month);
    expect([month.toString(), sumOf(items, 'cost')]).toEqual([
      month.toString(),
      new Decimal(bill!.bridge.amount).toFixed(2),
    ]);
    // All of it is from the bill, but what nobody explains.
    const own = items.filter(({ part }: { part: string }) => part !== 'unexplained' && part !== 'residual');
    expect([month.toString(), sumOf(own, 'fromBill')]).toEqual([month.toString(), sumOf(own, 'cost')]);
  }
}

test(
  'each month comes to its bill, by owner, dead resources included; nothing is metered by it',
  async () => {
    await expectToAddUp();
    const living = (await ask('/margins?from=2025-06-01&by=customer')).items.find(
      (row: any) => row.customer === 'living',
    );
    expect(living).toMatchObject({ revenue: null, notKnown: 'not_rated', state: 'final' });
    expect(new Decimal(living.cost).gt(0)).toBe(true);
    expect(living.fromBill).toBe(living.cost);

    // What is dead: no resource, and nobody's until a rule says whose.
    const { items: dead } = await ask('/bill-resources?kind=droplet&limit=500');
    expect(dead.length).toBeGreaterThan(0);
    const { items: all } = await ask('/bill-resources?limit=500');
    expect(new Set(all.map((row: any) => row.kind)).size).toBeGreaterThan(1);
    const [first] = dead;
    const known =
      await sql`SELECT FROM resources WHERE kind = 'droplet' AND external_id = ANY (${dead.map((row: any) => row.externalId)})`.execute(
        database.db,
      );
    expect(known.rows).toEqual([]);
    for (const [position, rule] of [
      ['5', { resource: first.externalId, deployment: 'one' }],
      ['6', { product: 'Droplet *', deployment: 'dead' }],
    ] as const)
      await ask('/allocation-rules', { position, method: 'deployment', from: '2025-01', ...rule });
    await account.reconcile(undefined, { monthsBefore: 12, read: false });
    await expectToAddUp();
    const costs = (await Promise.all(months.map((month) => marginsOf(month, 'customer')))).flatMap(
      ({ items }) => items,
    );
    const of = (customer: string) =>
      sumOf(
        costs.filter((row: any) => row.customer === customer),
        'cost',
      );
    const inside = (row: any) => row.from >= '2025-05-01' && row.to <= '2026-05-01T00:00:00Z';
    if (inside(first)) expect(of('one')).toBe(new Decimal(first.amount).toFixed(2));
    expect(new Decimal(of('one')).gt(0)).toBe(true);
    expect(new Decimal(of('dead')).gt(0)).toBe(true);
    expect(await counted()).toEqual(before);
  },
  timeoutOf(120_000),
);
