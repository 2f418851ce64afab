import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { createDeployments } from '../../../test/fixtures/metering.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../../test/fixtures/reconciliation.ts';
import { timeoutOf } from '../../../test/soak.ts';
import { insertLiving } from '../../../test/fixtures/inventory.ts';
import { assign } from '../../deployments/assignments.ts';
import { bringAttributionsUpToDate } from '../../deployments/attribution.ts';
import { setExchangeRate } from '../../pricing/exchange-rates.ts';
import type { FleetEventInput } from '../../simulator/events.ts';
import { selectCostBills, selectCostLines } from '../focus/cost.store.ts';
import { CostRows } from '../focus/cost-rows.ts';
import { importBill, readBillFile } from '../import.ts';
import { Decimal } from '../../platform/quantity.ts';
import { findConversion, listMargins, readMarginTotals } from '../margin/margin.ts';
import { rewriteAllocation } from './allocation.store.ts';
import { selectDeploymentId } from './decisions.store.ts';
import { selectFindings, selectShares } from './shown.store.ts';

// Figures that were computed by hand, to the cent: what a line of the bill is expected to come to, and who bears it.

type TimedEvent = readonly [at: string, event: FleetEventInput];
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const clusters = [uuid(31), uuid(32)] as const;
const node = (at: string, id: number, cluster: string): TimedEvent => [
  at,
  { type: 'create_droplet', id, name: `node-${id}`, size: 's-2vcpu-4gb', tags: [`k8s:${cluster}`] },
];
const size = (id: number, name: string, of: string, backups: 'weekly' | null = null): FleetEventInput => ({
  type: 'create_droplet',
  id,
  name,
  size: of,
  backups,
});
const gone = (kind: 'droplet' | 'volume' | 'snapshot', id: number | string, seconds?: number): FleetEventInput => ({
  type: 'destroy',
  kind,
  id,
  ...(seconds !== undefined && { seconds }),
});
const first = '2026-05-01T00:00:00Z';

/** What happens, and when the inventory is synced: daily, and where the listing alone shows what happened. */
const events: readonly TimedEvent[] = [
  [first, size(1, 'whole', 's-1vcpu-1gb')],
  [first, size(2, 'ten-days', 's-1vcpu-1gb')],
  ['2026-05-11T00:00:00Z', gone('droplet', 2)],
  [first, size(3, 'hours-670', 's-1vcpu-2gb')],
  ['2026-05-28T22:00:00Z', gone('droplet', 3)],
  [first, { type: 'price_size', size: 'c-4', monthly: 672 }],
  ['2026-05-05T05:05:05Z', size(4, 'seconds-40', 's-1vcpu-1gb')],
  ['2026-05-05T05:05:05Z', size(5, 'dear-40', 'c-4')],
  ['2026-05-05T05:05:45Z', gone('droplet', 4)],
  ['2026-05-05T05:05:45Z', gone('droplet', 5)],
  [first, size(6, 'resized', 's-2vcpu-4gb')],
  ['2026-05-12T14:03:00Z', { type: 'resize_droplet', droplet: 6, size: 's-4vcpu-8gb' }],
  [first, size(7, 'turned', 's-2vcpu-4gb')],
  ['2026-05-31T23:30:00Z', { type: 'power', droplet: 7, action: 'power_off' }],
  ['2026-05-31T23:30:00Z', { type: 'resize_droplet', droplet: 7, size: 's-4vcpu-8gb', seconds: 2_400 }],
  [first, size(8, 'off', 's-1vcpu-1gb')],
  ['2026-05-01T00:10:00Z', { type: 'power', droplet: 8, action: 'power_off' }],
  ['2026-05-03T00:00:00Z', { type: 'create_volume', id: uuid(1), name: 'hours-36', sizeGb: 100 }],
  ['2026-05-04T12:00:00Z', gone('volume', uuid(1))],
  [first, { type: 'create_snapshot', id: 91, resourceType: 'droplet', resourceId: 1, name: 'month', sizeGb: 14.22 }],
  [first, { type: 'create_snapshot', id: 92, resourceType: 'droplet', resourceId: 1, name: 'days', sizeGb: 14.22 }],
  ['2026-05-11T00:00:00Z', gone('snapshot', 92)],
  [first, { type: 'create_snapshot', id: 93, resourceType: 'droplet', resourceId: 1, name: 'small', sizeGb: 0.1 }],
  ['2026-05-10T06:00:00Z', { type: 'create_bucket', name: 'media' }],
  [first, size(10, 'backed', 's-2vcpu-4gb', 'weekly')],
  [first, size(11, 'short', 's-2vcpu-4gb', 'weekly')],
  ['2026-05-02T04:00:00Z', { type: 'create_backup', droplet: 10, sizeGb: 3 }],
  ['2026-05-05T04:00:00Z', { type: 'create_backup', droplet: 11, sizeGb: 3 }],
  ['2026-05-09T04:00:00Z', { type: 'create_backup', droplet: 10, sizeGb: 3 }],
  ['2026-05-11T00:00:00Z', gone('droplet', 11)],
  ['2026-05-16T04:00:00Z', { type: 'create_backup', droplet: 10, sizeGb: 3 }],
  ['2026-05-23T04:00:00Z', { type: 'create_backup', droplet: 10, sizeGb: 3 }],
  [first, { type: 'create_load_balancer', id: uuid(2), name: 'lb' }],
  ['2026-05-13T00:00:00Z', { type: 'resize_load_balancer', loadBalancer: uuid(2), nodes: 3 }],
  [first, { type: 'reserve_ip', ip: '100.80.0.1', droplet: 1 }],
  ['2026-05-10T00:00:00Z', { type: 'unassign_ip', ip: '100.80.0.1' }],
  ['2026-05-15T00:00:00Z', { type: 'assign_ip', ip: '100.80.0.1', droplet: 1 }],
  ...[21, 22, 23].map((id) => node(first, id, clusters[0])),
  [first, { type: 'create_kubernetes_cluster', id: clusters[0], name: 'three', droplets: [21, 22, 23] }],
  node('2026-05-21T00:00:00Z', 24, clusters[0]),
  ['2026-05-21T00:00:00Z', { type: 'set_cluster_nodes', cluster: clusters[0], droplets: [21, 22, 23, 24] }],
  ...[25, 26].map((id) => node(first, id, clusters[1])),
  [first, { type: 'create_kubernetes_cluster', id: clusters[1], name: 'two', droplets: [25, 26] }],
  node('2026-05-23T12:00:00Z', 27, clusters[1]),
  ['2026-05-23T12:00:00Z', { type: 'set_cluster_nodes', cluster: clusters[1], droplets: [25, 26, 27] }],
  ['2026-05-11T08:00:00Z', size(12, 'gpu', 'gpu-4000adax1-20gb')],
  ['2026-05-16T18:20:00Z', gone('droplet', 12, 8)],
  ['2026-05-18T00:00:00Z', { type: 'price_size', size: 'gpu-4000adax1-20gb', monthly: 2522.16, hourly: 3.39 }],
  ['2026-05-20T05:05:05Z', size(13, 'gpu-40', 'gpu-4000adax1-20gb')],
  ['2026-05-20T05:05:45Z', gone('droplet', 13)],
  [first, size(14, 'moved', 's-4vcpu-8gb')],
];

let database: TestDatabase;
let account: ReconciledAccount;
beforeAll(async () => {
  database = await openTestDatabase();
  const at = Temporal.Instant.from(first);
  account = await openReconciledAccount(database, 'hand', { fleet: 'bare', seed: 1, resources: 40, at });
  const inOrder = events.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const days = Array.from({ length: 33 }, (_, day) => at.add({ hours: 24 * day }).toString());
  const times = [...new Set([...inOrder.map(([time]) => time), ...days])].sort();
  for (const time of times) {
    const now = account.opened.simulator.now();
    const wait = now.until(Temporal.Instant.from(time));
    if (wait.sign > 0) await account.advance(wait);
    const due = inOrder.filter(([when]) => when === time).map(([, event]) => event);
    if (due.length > 0) await account.opened.control('fleet', { events: due });
    if (days.includes(time)) await account.sync();
  }
  await account.advance({ hours: 24 * 31 });
  await account.sync();
  await createDeployments(database.db, ['a', 'b', 'c'], Temporal.Instant.from('2024-01-01T00:00:00Z'));
  await account.reconcile(undefined, { monthsBefore: 12 });
}, timeoutOf(240_000));
afterAll(async () => {
  await account?.close();
  await database?.close();
});

/** Lines of a month whose description begins so, or is of the product: what was expected, in the bill's order. */
async function expectedOf(what: string, month: string, how: string): Promise<(string | null)[]> {
  const bills = await account.bills(month);
  const lines = bills.flatMap((bill) => bill.lines);
  const meant = lines.filter(
    ({ product, description }) => product === what || description?.startsWith(`${what} (`) === true,
  );
  for (const { amount, cause, outcome, expected } of meant)
    expect({ what, amount, cause, outcome }).toEqual({ what, amount: expected, cause: 'none', outcome: how });
  return meant.map(({ expected }) => expected);
}

test.each([
  ['ten days of a droplet', 'ten-days', '2026-05', ['2.14']],
  ['all of a month with 744 hours', 'whole', '2026-05', ['6.00']],
  ['670 hours', 'hours-670', '2026-05', ['11.96']],
  ['forty seconds', 'seconds-40', '2026-05', ['0.01'], 'from_bill'],
  ['forty seconds at a dollar an hour', 'dear-40', '2026-05', ['0.02'], 'from_bill'],
  ['forty seconds of a GPU', 'gpu-40', '2026-05', ['0.06'], 'from_bill'],
  ['a resize', 'resized', '2026-05', ['9.93', '33.28']],
  ["a resize at the month's turn, before it", 'turned', '2026-05', ['24.00']],
  ["a resize at the month's turn, after it", 'turned', '2026-06', ['0.01', '48.00']],
  ['off all month', 'off', '2026-05', ['6.00']],
  ['100 GiB for 36 hours', 'Volumes', '2026-05', ['0.54']],
  ['14.22 GiB of a snapshot all month', 'month', '2026-05', ['0.85']],
  ['14.22 GiB of a snapshot for ten days', 'days', '2026-05', ['0.30']],
  ['a cent at least', 'small', '2026-05', ['0.01']],
  ['Spaces for 522 hours', 'Spaces Subscription', '2026-05', ['3.88']],
  ['a droplet that is backed up', 'Droplet Backups', '2026-05', ['4.80', '0.43']],
  ['a load balancer of one node, then three', 'Load Balancers', '2026-05', ['5.14', '24.43']],
  ['a reserved address on nothing', 'Floating IPs', '2026-05', ['0.89']],
  ['pools, by the 672 hours that had most nodes', 'Kubernetes Clusters', '2026-05', ['81.43', '55.29']],
  ['a GPU up to when its destruction was done', 'gpu', '2026-05', ['99.06']],
] as [string, string, string, string[], string?][])('%s', async (_, what, month, expected, how = 'matched') => {
  const inOrder = (amounts: readonly (string | null)[]) => amounts.map(String).toSorted((a, b) => (a < b ? -1 : 1));
  expect(inOrder(await expectedOf(what, month, how))).toEqual(inOrder(expected));
});

test('what is there is on the bill, and nothing else: nothing is missing, unexplained or doubled', async () => {
  for (const month of ['2026-05', '2026-06']) {
    const [bill] = await account.bills(month);
    expect(bill!.missing).toEqual([]);
    expect(bill!.lines.filter(({ cause }) => cause !== 'none')).toEqual([]);
    expect(bill!.bridge).toMatchObject({ unexplained: '0.00', residual: '0.00' });
  }
  // All of February, which has 672 hours, of before the account was connected.
  const [february] = await account.bills('2026-02');
  const small = february!.lines.filter(
    ({ description, startTime, product }) =>
      product === 'Droplets' &&
      /\(s-1vcpu-1gb\)/.test(description ?? '') &&
      startTime?.toString() === '2026-02-01T00:00:00Z',
  );
  expect(small.length).toBeGreaterThan(3);
  expect(new Set(small.map(({ expected, cause }) => `${expected} ${cause}`))).toEqual(new Set(['6.00 none']));
});

test('what costs and does nothing, and what no listing showed, is found', async () => {
  const [bill] = await account.bills('2026-05');
  const found = await selectFindings(database.db, bill!.bridge.reconciliationId, { limit: 1_000, after: null });
  const told = found.map(({ finding, name, amount, hours }) => [finding, name, amount, hours]);
  for (const one of [
    ['off_yet_billed', 'off (s-1vcpu-1gb)', '6.00', '743.83'],
    ['unattached_volume', 'hours-36 (fra1) 100GB', '0.54', '36.00'],
    ['unassigned_address', 'Unused Floating IP - 100.80.0.1', '0.89', null],
    ['lived_between_syncs', 'seconds-40 (s-1vcpu-1gb)', '0.01', null],
    ['lived_between_syncs', 'dear-40 (c-4)', '0.02', null],
    ['covered_by_cluster', 'node-24', '0', null],
  ])
    expect(told).toContainEqual(one);
});

async function resourceId(name: string): Promise<number> {
  const lines = (await account.bills('2026-05')).flatMap((bill) => bill.lines);
  return lines.find(({ description }) => description?.startsWith(`${name} (`))!.resource!;
}

async function own(name: string | number, slug: string, from: string | null = null): Promise<void> {
  const resourceIds = [typeof name === 'number' ? name : await resourceId(name)];
  const now = account.opened.simulator.now();
  const since = from === null ? null : Temporal.Instant.from(from);
  await assign(database.db, { resourceIds, owners: [{ slug, weight: 1 }], from: since }, 'test', now);
  await bringAttributionsUpToDate(database.db, now);
}

const sharesOf = async (reconciliation: number, position: number) =>
  (await selectShares(database.db, reconciliation, position)).map(({ deployment, amount }) => [deployment, amount]);

test('a droplet of 48.00 that was moved to the second', async () => {
  await own('moved', 'a');
  await own('moved', 'b', '2026-05-14T03:07:11Z');
  await account.reconcile(['2026-05'], { read: false });
  const [bill] = await account.bills('2026-05');
  const { position } = bill!.lines.find(({ description }) => description?.startsWith('moved ('))!;
  expect(await sharesOf(bill!.bridge.reconciliationId, position)).toEqual([
    ['b', '27.67'],
    ['a', '20.33'],
  ]);
});

const header = 'product,group_description,description,hours,start,end,USD,project_name,category';

/** A file of the provider's as a bill of a month. */
async function bring(month: string, lines: readonly string[], amount: string | null = null): Promise<void> {
  const csv = `${[header, ...lines].join('\n')}\n`;
  const asked = { payer: 'hand', csv, file: await readBillFile(csv), month: Temporal.PlainDate.from(`${month}-01`) };
  await importBill(database.db, { ...asked, number: null, amount }, 'test', account.opened.simulator.now());
  await account.reconcile([month], { read: false });
}

test('lines of real bills: whole hours rounded down, and the exact 672nd', async () => {
  const year = (product: string, description: string, hours: number, start: string, end: string, amount: string) =>
    `${product},,${description},${hours},${start} +0000,${end} +0000,$${amount},,iaas`;
  await bring('2019-01', [
    year('Droplets', 'indra (s-2vcpu-4gb)', 446, '2019-01-13 09:39:51', '2019-02-01 00:00:00', '13.27'),
    year('Droplets', 'alchemy (s-2vcpu-4gb)', 297, '2019-01-01 00:00:00', '2019-01-13 09:31:34', '8.84'),
    year('Droplets', 'eth (s-4vcpu-8gb)', 744, '2019-01-01 00:00:00', '2019-02-01 00:00:00', '40.00'),
    year('Volumes', 'volume-sfo2-01 (sfo2) 100GB', 744, '2019-01-01 00:00:00', '2019-01-31 23:59:59', '10.00'),
  ]);
  const [bill] = await account.bills('2019-01');
  expect(bill!.lines.map(({ expected, cause, rule }) => [expected, cause, rule])).toEqual(
    ['13.27', '8.84', '40.00', '10.00'].map((expected) => [expected, 'none', 'before_connection']),
  );
});

test('equal lines are lines of their own, and a cent between header and lines is the residual', async () => {
  const volume = 'Volumes,,data (fra1) 166GB,744,2019-03-01 00:00:00 +0000,2019-04-01 00:00:00 +0000,$16.60,,iaas';
  const other = (name: string) => volume.replace('data ', `${name} `);
  await bring(
    '2019-03',
    [volume, volume, other('b'), other('c'), other('d'), volume.replace('166GB', '170GB').replace('16.60', '17.00')],
    '99.99',
  );
  const [bill] = await account.bills('2019-03');
  expect(bill!.lines).toHaveLength(6);
  expect(bill!.bridge).toMatchObject({ amount: '99.99', residual: '-0.01' });
});

test('what is shared adds up, by the largest remainder, and what is given back is its mirror', async () => {
  const { db } = database;
  const from = Temporal.Instant.from('2024-01-01T00:00:00Z');
  for (const slug of ['a', 'b', 'c']) {
    const deploymentId = await selectDeploymentId(db, slug);
    const named = {
      product: 'Droplets',
      description: `${slug} (*`,
      project: null,
      resource: null,
      method: 'deployment',
      deploymentId,
    } as const;
    await db
      .transaction()
      .execute((trx) =>
        rewriteAllocation(trx, { set: { rule: null, position: '10', ...named }, unset: null }, from, 'test', from),
      );
  }
  /** Droplets of a, b and c at these amounts, and lines that are shared like them: who bears each. */
  const shared = async (month: string, costs: readonly string[], lines: readonly string[]) => {
    const times = (hours: string) => `${hours},${month}-01 00:00:00 +0000,${month}-29 00:00:00 +0000`;
    await bring(month, [
      ...costs.map((cost, at) => `Droplets,,${'abc'[at]} (s-8vcpu-16gb),${times('672')},$${cost},,iaas`),
      ...lines.map(
        (amount, at) => `${amount.startsWith('-') ? 'Credits' : 'Support'},,number ${at},${times('')},${amount},,iaas`,
      ),
    ]);
    const [bill] = await account.bills(month);
    expect(bill!.bridge).toMatchObject({ unexplained: '0.00', residual: '0.00' });
    const shares = await Promise.all(
      lines.map((_, at) => sharesOf(bill!.bridge.reconciliationId, costs.length + at + 1)),
    );
    return shares.map((each) => each.map(([slug, amount]) => `${slug} ${amount}`).toSorted());
  };
  expect(await shared('2024-02', ['10.00', '10.00', '10.00'], ['5.00', '0.01', '-5.00'])).toEqual([
    ['a 1.67', 'b 1.67', 'c 1.66'],
    ['a 0.01', 'b 0.00', 'c 0.00'],
    ['a -1.67', 'b -1.67', 'c -1.66'],
  ]);
  expect(await shared('2024-03', ['20.00', '10.00', '10.00'], ['48.01'])).toEqual([['a 24.01', 'b 12.00', 'c 12.00']]);
  expect(await shared('2024-04', ['9.93', '33.28', '56.79'], ['-100.00'])).toEqual([
    ['a -9.93', 'b -33.28', 'c -56.79'],
  ]);
  // More is given back than was charged: every share is of its sign.
  expect(await shared('2024-05', ['30.00', '20.00', '10.00'], ['-100.00'])).toEqual([
    ['a -50.00', 'b -33.33', 'c -16.67'],
  ]);
  expect((await account.bills('2024-05'))[0]!.bridge.amount).toBe('-40.00');
});

test('38.88 in euros: 35.92 in total, and 11.09, 22.17 and 2.66 of it', async () => {
  const { db } = database;
  const times = '672,2024-06-01 00:00:00 +0000,2024-06-29 00:00:00 +0000';
  const line = (slug: string, amount: string) => `Droplets,,${slug} (s-8vcpu-16gb),${times},$${amount},,iaas`;
  await bring('2024-06', [line('a', '12.00'), line('b', '24.00'), line('c', '2.88')]);
  // 1 EUR is 1.0823 USD: entered the other way round, because no rate is turned by itself.
  const day = Temporal.PlainDate.from('2024-06-28');
  const rate = { base: 'USD', counter: 'EUR', rate: '0.923958237', source: 'ECB', day };
  const now = account.opened.simulator.now();
  await setExchangeRate(db, rate, 'test', now);
  const month = Temporal.PlainDate.from('2024-06-01');
  const filters = { from: month, to: month.add({ months: 1 }), basis: 'accrued' } as const;
  const { conversion, rates } = await findConversion(db, filters, 'EUR', Temporal.PlainDate.from('2026-07-01'));
  expect(rates).toMatchObject([{ base: 'USD', rate: '0.923958237', source: 'ECB', day }]);
  const page = { by: 'deployment', limit: 10, after: null, target: null } as const;
  const rows = await listMargins(db, { ...filters, conversion }, page);
  expect(rows.map(({ deployment, cost, fromBill, currency }) => [deployment, cost, fromBill, currency])).toEqual([
    ['a', '11.09', '11.09', 'EUR'],
    ['b', '22.17', '22.17', 'EUR'],
    ['c', '2.66', '2.66', 'EUR'],
  ]);
  expect(await readMarginTotals(db, { ...filters, conversion })).toMatchObject([{ cost: '35.92', currency: 'EUR' }]);
  expect(await readMarginTotals(db, filters)).toMatchObject([{ cost: '38.88', currency: 'USD' }]);
});

test('what is stored in Spaces shares its fee: 0.20, 1.30, 0.06, and 3.44 of what nobody owns', async () => {
  const { db } = database;
  const { rows } = await sql<{ id: number }>`SELECT account_id AS id FROM accounts WHERE slug = 'hand'`.execute(db);
  const from = Temporal.Instant.from('2024-07-01T00:00:00Z');
  const sizes = { a: 12.5, b: 80, c: 3.8, nobody: 212 };
  for (const [slug, size] of Object.entries(sizes)) {
    const id = await insertLiving(
      db,
      rows[0]!.id,
      'spaces_bucket',
      `stored-${slug}`,
      { attributes: { size_gb: size } },
      from,
    );
    if (slug !== 'nobody') await own(id, slug, from.toString());
  }
  await bringAttributionsUpToDate(db, account.opened.simulator.now());
  await bring('2024-07', [
    'Spaces Subscription,,Spaces ($5/mo 250GB storage & 1TB bandwidth),744,2024-07-01 00:00:00 +0000,2024-08-01 00:00:00 +0000,$5.00,,iaas',
  ]);
  const [bill] = await account.bills('2024-07');
  expect(
    (await sharesOf(bill!.bridge.reconciliationId, 1)).toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  ).toEqual([
    ['a', '0.20'],
    ['b', '1.30'],
    ['c', '0.06'],
    ['unattributed', '3.44'],
  ]);
});

test("in FOCUS a GPU's price is that of an hour, whose month has 744", async () => {
  const month = Temporal.PlainDate.from('2026-05-01');
  const [bill] = await selectCostBills(database.db, month);
  const lines = await selectCostLines(database.db, bill!, { after: 0, limit: 10_000 });
  const line = lines.find(({ description }) => description?.startsWith('gpu ('));
  expect(new CostRows(bill!, month).charges(line!)).toMatchObject([
    { BilledCost: '99.06', ContractedUnitPrice: '0.76', ListUnitPrice: '0.76', PricingUnit: 'Hours' },
  ]);
  const [row] = new CostRows(bill!, month).charges(line!);
  expect(new Decimal(row!['ContractedCost'] as string).toFixed(2)).toBe('99.06');
});
