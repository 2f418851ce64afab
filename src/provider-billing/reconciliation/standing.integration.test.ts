import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { createDeployments } from '../../../test/fixtures/metering.ts';
import { ownNamed, resourceNamed } from '../../../test/fixtures/mistaken-bill.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../../test/fixtures/reconciliation.ts';
import type { BillingSource } from '../../cloud/index.ts';
import { assign } from '../../deployments/assignments.ts';
import { bringAttributionsUpToDate } from '../../deployments/attribution.ts';
import { selectCountingBills } from '../costs.store.ts';
import { importBill, readBillFile } from '../import.ts';
import { readMarginTotals } from '../margin/margin.ts';
import { getPayer } from '../payers.ts';
import { listBills, listLines } from '../shown-bills.ts';
import { selectLinesOfBills } from './bill-lines.store.ts';
import { plainOf } from './judged.store.ts';
import { reckon, reconcileMonth } from './reconcile.ts';
import { getReconciliation, reopenBill, signBill } from './review.ts';
import { selectCosts, selectFindings } from './shown.store.ts';
import { temporaryTables } from './result-tables.store.ts';
import { selectBillMonth } from './stage-lines.store.ts';

// What a month comes to by the short way and by the long one, when it is reckoned again, and what of it stands.

let database: TestDatabase;
let account: ReconciledAccount;
let payerId: number;
const june = Temporal.PlainDate.from('2026-06-01');
const now = () => account.opened.simulator.now();
const uuid = '00000000-0000-4000-8000-000000000001';

beforeAll(async () => {
  database = await openTestDatabase();
  account = await openReconciledAccount(database, 'acme', {
    fleet: 'bare',
    seed: 1,
    resources: 10,
    at: Temporal.Instant.from('2026-05-01T00:00:00Z'),
  });
  const droplet = (id: number, name: string, size: string, backups: 'weekly' | null = null) =>
    ({ type: 'create_droplet', id, name, size, backups }) as const;
  await account.opened.control('fleet', {
    events: [
      droplet(1, 'plain', 's-1vcpu-1gb'),
      droplet(2, 'shared', 's-1vcpu-2gb'),
      droplet(3, 'moved', 's-2vcpu-4gb'),
      droplet(4, 'dear', 's-2vcpu-4gb'),
      droplet(5, 'backed', 's-2vcpu-4gb', 'weekly'),
      droplet(6, 'resized', 's-2vcpu-4gb'),
      { type: 'create_volume', id: uuid, name: 'data', sizeGb: 100 },
      { type: 'create_snapshot', id: 91, resourceType: 'droplet', resourceId: 1, name: 'image', sizeGb: 14.22 },
    ],
  });
  await account.advance({ hours: 2 });
  await account.sync();
  await createDeployments(database.db, ['a', 'b'], Temporal.Instant.from('2026-04-01T00:00:00Z'));
  const own = (name: string, owners: readonly (readonly [string, number])[], from: string | null = null) =>
    ownNamed(database, account, name, owners, from);
  for (const name of ['plain', 'dear', 'backed', 'data', 'moved']) await own(name, [['a', 1]]);
  await own('shared', [
    ['a', 2],
    ['b', 1],
  ]);
  await account.advance({ hours: 24 * 35 });
  await account.opened.control('fleet', { events: [{ type: 'create_backup', droplet: 5, sizeGb: 3 }] });
  await account.opened.control('fleet', { events: [{ type: 'resize_droplet', droplet: 6, size: 's-4vcpu-8gb' }] });
  await account.advance({ hours: 24 * 30 });
  await account.sync();
  await own('moved', [['b', 1]], '2026-06-14T03:07:11Z');
  await account.opened.control('billing/mistakes', {
    month: '2026-06',
    mistake: 'wrong_price',
    resource: '4',
    percent: 150,
  });
  await account.reconcile();
  payerId = (await getPayer(database.db, 'acme')).payerId;
}, 240_000);
afterAll(async () => {
  await account?.close();
  await database?.close();
});

const againJune = () => reconcileMonth(database.db, payerId, june, now());
const finalBill = async () =>
  (await listBills(database.db, { month: june, kind: 'final', limit: 10, after: null }))[0]!;

/** Lines of June that the short way judges. */
function plainLines(): Promise<string[]> {
  return database.db.transaction().execute(async (trx) => {
    const bills = await selectBillMonth(trx, payerId, june);
    const { judged } = await reckon(trx, bills!, await temporaryTables(trx, bills!.bills));
    const { rows } = await sql<{ description: string }>`
      SELECT l.description FROM ${plainOf(judged)} p JOIN provider_bill_versions v USING (bill_version_id)
      JOIN provider_bill_lines l USING (bill_version_id, position)
      WHERE v.superseded_at = 'infinity' ORDER BY 1`.execute(trx);
    return rows.map(({ description }) => description.split(' ')[0]!);
  });
}

test('what is plain comes to the same by the long way, with everything that is not beside it', async () => {
  const { db } = database;
  const plain = await plainLines();
  expect(plain).toEqual(expect.arrayContaining(['backed', 'data', 'image', 'moved', 'plain', 'shared']));
  expect(plain).not.toContain('dear');
  expect(plain).not.toContain('resized');
  const { counts } = await getReconciliation(db, (await finalBill()).bill);
  expect(counts).toMatchObject({ unexplained: '0.00', residual: '0.00' });
  // That nobody bears a line any more is what the rules say of it already; a line that was decided about is not plain.
  await sql`
    INSERT INTO bill_decisions (bill_version_id, position, kind, deployment_id, reason, recorded_at, recorded_by)
    SELECT bill_version_id, position, 'assign', NULL, 'test', ${now()}::timestamptz, 'test' FROM provider_bill_lines
    WHERE bill_version_id = ${counts.versionId}`.execute(db);
  expect(await plainLines()).toEqual([]);
  expect(await againJune()).toEqual({ bills: 1, changed: 0, reckoned: true });
  await sql`DELETE FROM bill_decisions WHERE bill_version_id = ${counts.versionId}`.execute(db);
  expect(await againJune()).toEqual({ bills: 1, changed: 0, reckoned: true });
});

test('a month is reckoned again for what is about its own time alone', async () => {
  expect(await againJune()).toEqual({ bills: 1, changed: 0, reckoned: false });
  // What happens in July is not about June.
  await account.opened.control('fleet', { events: [{ type: 'power', droplet: 1, action: 'power_off' }] });
  await account.advance({ hours: 2 });
  await account.sync();
  await ownNamed(database, account, 'resized', [['b', 1]], now().toString());
  expect(await againJune()).toEqual({ bills: 1, changed: 0, reckoned: false });
  await ownNamed(database, account, 'resized', [['b', 1]], '2026-06-20T00:00:00Z');
  expect(await againJune()).toEqual({ bills: 1, changed: 1, reckoned: true });
  expect(await againJune()).toEqual({ bills: 1, changed: 0, reckoned: false });
});

/** The provider's API with a list that has no final bill any more. */
const without = (source: BillingSource): BillingSource =>
  new Proxy(source, {
    get(target, name) {
      if (name === 'bills') return async (signal: AbortSignal) => ({ ...(await target.bills(signal)), bills: [] });
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });

test('a signed bill stands when the provider lists it no longer, and counts no more once it is reopened', async () => {
  const { db } = database;
  const { bill, amount } = await finalBill();
  const page = { from: june, to: june.add({ months: 1 }), limit: 100, after: null };
  const sum = async () => {
    const rows = await selectCosts(db, page);
    return rows.map(({ deployment, amount: of, state }) => [deployment, of, state]);
  };
  const before = await sum();
  expect(before.map(([, , state]) => state)).toEqual(before.map(() => 'final'));
  await db.transaction().execute((trx) => signBill(trx, bill, 'as it is', 'ann', now()));
  const signed = before.map(([deployment, of]) => [deployment, of, 'signed']);
  await account.readBills({ monthsBefore: 0, through: without });
  const gone = await finalBill();
  expect(gone).toMatchObject({ bill, amount, review: 'signed', missingSince: expect.anything() });
  expect(await againJune()).toMatchObject({ bills: 1, changed: 0 });
  expect(await sum()).toEqual(signed);
  await db.transaction().execute((trx) => reopenBill(trx, bill, 'it was withdrawn', 'ann', now()));
  expect(await againJune()).toMatchObject({ bills: 0 });
  expect(await sum()).toEqual([]);
  await account.readBills({ monthsBefore: 0 });
  expect(await finalBill()).toMatchObject({ bill, missingSince: null });
  await againJune();
  expect(await sum()).toEqual(before);
});

test('a signed bill is listed as it was signed, with what it comes to since', async () => {
  const { db } = database;
  const header = 'product,group_description,description,hours,start,end,USD,project_name,category';
  const bring = async (cost: string): Promise<number> => {
    const line = `Support,,support,,2026-03-01 00:00:00 +0000,2026-04-01 00:00:00 +0000,$${cost},,iaas`;
    const csv = `${header}\n${line}\n`;
    const month = june.subtract({ months: 3 });
    const asked = { payer: 'acme', csv, file: await readBillFile(csv), month, number: null, amount: null };
    const { billId } = await importBill(db, asked, 'test', now());
    await reconcileMonth(db, payerId, month, now());
    return billId;
  };
  const bill = await bring('5.00');
  const listed = async () => (await listBills(db, { bill, limit: 1, after: null }))[0];
  expect(await listed()).toMatchObject({ version: 1, amount: '5.00', review: 'open', changedSince: null });
  await db.transaction().execute((trx) => signBill(trx, bill, null, 'ann', now()));
  expect(await listed()).toMatchObject({ version: 1, amount: '5.00', review: 'signed', changedSince: null });
  await bring('6.00');
  expect(await listed()).toMatchObject({
    version: 1,
    versions: 2,
    amount: '5.00',
    linesAmount: '5.00',
    allocated: '5.00',
    review: 'changed',
    changedSince: { version: 2, amount: '6.00', difference: '0.00', unexplained: '0.00' },
  });
  const lines = async (version: number | null) =>
    (await listLines(db, bill, version, { limit: 10, after: 0 })).map(({ amount }) => amount);
  expect([await lines(null), await lines(2)]).toEqual([['5.00'], ['6.00']]);
});

test.each([
  [
    'began before it',
    june.add({ months: 1 }),
    ['2026-06-20', '2026-06-30'],
    ['2026-06-20', '2026-07-01'],
    [['b', '2.00']],
  ],
  [
    'ends after it',
    june.subtract({ months: 2 }),
    ['2026-04-30', '2026-05-10'],
    ['2026-05-05', '2026-05-10'],
    // It is there since 1 May: four days of the one, five of the other.
    [
      ['a', '0.89'],
      ['b', '1.11'],
    ],
  ],
] as const)('a month is reckoned again for what is about the time of a line that %s', async (...given) => {
  const [, month, [begins, ends], [from, to], after] = given;
  const { db } = database;
  const csv = `product,group_description,description,hours,start,end,USD,project_name,category
Droplets,,plain (s-1vcpu-1gb),240,${begins} 00:00:00 +0000,${ends} 00:00:00 +0000,$2.00,,iaas
`;
  const file = await readBillFile(csv);
  await importBill(db, { payer: 'acme', csv, file, month, number: null, amount: null }, 'test', now());
  const again = () => reconcileMonth(db, payerId, month, now());
  const owners = async () => {
    const rows = await selectCosts(db, { from: month, to: month.add({ months: 1 }), limit: 100, after: null });
    return rows.map(({ deployment, amount }) => [deployment, amount]);
  };
  expect(await again()).toMatchObject({ changed: 1, reckoned: true });
  expect(await again()).toMatchObject({ changed: 0, reckoned: false });
  expect(await owners()).toEqual([['a', '2.00']]);
  const { id } = await resourceNamed(database, 'plain');
  const change = {
    resourceIds: [id],
    owners: [{ slug: 'b', weight: 1 }],
    from: Temporal.Instant.from(`${from}T00:00:00Z`),
    to: Temporal.Instant.from(`${to}T00:00:00Z`),
  };
  await assign(db, change, 'test', now());
  await bringAttributionsUpToDate(db, now());
  expect(await again()).toMatchObject({ changed: 1, reckoned: true });
  expect(await owners()).toEqual(after);
});

test('a month is not final while signed bills that are listed no more count beside one that may replace them', async () => {
  const { db } = database;
  const month = june.subtract({ months: 4 });
  const bring = async (number: string, cost: string): Promise<number> => {
    const csv = `product,group_description,description,hours,start,end,USD,project_name,category
Support,,support ${number},,2026-02-01 00:00:00 +0000,2026-03-01 00:00:00 +0000,$${cost},,iaas
`;
    const file = await readBillFile(csv);
    const { billId } = await importBill(db, { payer: 'acme', csv, file, month, number, amount: null }, 'test', now());
    await reconcileMonth(db, payerId, month, now());
    return billId;
  };
  const gone = [await bring('1', '5.00'), await bring('2', '7.00')];
  for (const bill of gone) await db.transaction().execute((trx) => signBill(trx, bill, null, 'ann', now()));
  await sql`UPDATE provider_bills SET missing_since = ${now()} WHERE bill_id = ANY (${gone}::bigint[])`.execute(db);
  expect(await selectCountingBills(db, month)).toMatchObject({ isFinal: true });
  const bill = await bring('3', '12.00');
  const found = async () => {
    const { counts } = await getReconciliation(db, bill);
    const rows = await selectFindings(db, counts.reconciliationId, { limit: 10, after: null });
    return rows.filter(({ finding }) => finding === 'beside_signed').map(({ name, amount }) => [name, amount]);
  };
  const states = async () => {
    const months = { from: month, to: month.add({ months: 1 }) };
    const lines = await selectLinesOfBills(db, { month }, { limit: 10, after: null });
    return {
      margin: (await readMarginTotals(db, { ...months, basis: 'accrued' })).map(({ state }) => state),
      costs: (await selectCosts(db, { ...months, limit: 10, after: null })).map(({ state }) => state),
      lines: lines.map(({ state }) => state).toSorted(),
    };
  };
  expect(await selectCountingBills(db, month)).toMatchObject({ isFinal: false });
  expect(await states()).toEqual({
    margin: ['doubtful'],
    costs: ['doubtful'],
    lines: ['doubtful', 'signed', 'signed'],
  });
  expect(await found()).toEqual([
    ['1', '5.00'],
    ['2', '7.00'],
  ]);
  for (const one of gone) await db.transaction().execute((trx) => reopenBill(trx, one, 'replaced', 'ann', now()));
  expect(await selectCountingBills(db, month)).toMatchObject({ isFinal: true });
  expect(await states()).toEqual({ margin: ['final'], costs: ['final'], lines: ['final'] });
  expect(await found()).toEqual([]);
});
