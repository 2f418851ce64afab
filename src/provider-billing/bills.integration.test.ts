import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { type BilledAccount, openBilledAccount } from '../../test/fixtures/provider-billing.ts';
import { type BillingSource, replaceMembers } from '../cloud/index.ts';
import { listReads } from './payers.ts';
import { getBill, listBills, listLines } from './shown-bills.ts';
import { importBill, readBillFile } from './import.ts';

// The provider's bills as they are read and kept. What the simulator shows is asked for here a second time, by plain
// requests, and compared.

const INVOICES = '/v2/customers/my/invoices';
type Item = Readonly<Record<string, string>>;

let database: TestDatabase;
let account: BilledAccount;

const bills = (filters: { month?: string; kind?: 'final' | 'preview' } = {}) =>
  listBills(database.db, {
    ...(filters.kind !== undefined && { kind: filters.kind }),
    ...(filters.month !== undefined && { month: Temporal.PlainDate.from(`${filters.month}-01`) }),
    limit: 1_000,
    after: null,
  });
const monthOf = ({ month }: { month: Temporal.PlainDate }) => month.toString().slice(0, 7);
const linesOf = (bill: number, version: number | null = null) =>
  listLines(database.db, bill, version, { limit: 100_000, after: 0 });

/** A line of ours as the provider writes it. */
function asItem(line: Awaited<ReturnType<typeof linesOf>>[number]): Item {
  const said = {
    product: line.product,
    resource_uuid: line.resourceUuid,
    resource_id: line.resourceId,
    group_description: line.groupDescription,
    description: line.description,
    amount: line.amount,
    duration: line.duration,
    duration_unit: line.durationUnit,
    start_time: line.startTime?.toString() ?? null,
    end_time: line.endTime?.toString() ?? null,
    project_name: line.projectName,
  };
  return Object.fromEntries(Object.entries(said).filter((entry): entry is [string, string] => entry[1] !== null));
}

/** Cents of what was written, apart from the program's decimals. */
const cents = (amount: string) => {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount) ?? [];
  return Number(`${sign}${whole}${fraction.padEnd(2, '0')}`);
};
const sumOf = (items: readonly Item[]) => items.reduce((sum, { amount = '' }) => sum + cents(amount), 0);

beforeEach(async () => {
  database = await openTestDatabase();
});
afterEach(async () => {
  await account.close();
  await database.close();
});

describe('the bills of a fleet that has been there for years', () => {
  test('twelve months before the connection and the running one are read in one go, line by line', async () => {
    const at = Temporal.Instant.from('2026-05-18T09:30:00Z');
    account = await openBilledAccount(database, 'agency', { fleet: 'agency', seed: 1, at });
    await account.readBills();
    const read = await bills();
    expect(read.filter(({ kind }) => kind === 'final').map(monthOf)).toEqual(
      ['2026-04', '2026-03', '2026-02', '2026-01', '2025-12', '2025-11'].concat([
        '2025-10',
        '2025-09',
        '2025-08',
        '2025-07',
        '2025-06',
        '2025-05',
      ]),
    );
    expect(read.filter(({ kind }) => kind === 'preview').map(monthOf)).toEqual(['2026-05']);
    const { invoices, invoice_preview } = (await account.opened.send(`${INVOICES}?per_page=200`)).body;
    for (const bill of read) {
      const shown =
        bill.kind === 'preview'
          ? { ...invoice_preview, invoice_uuid: 'preview' }
          : invoices.find((invoice: Item) => invoice['invoice_uuid'] === bill.externalId);
      const items = await account.opened.all(`${INVOICES}/${shown.invoice_uuid}`, 'invoice_items', 7);
      expect((await linesOf(bill.bill)).map(asItem)).toEqual(items);
      expect(bill).toMatchObject({ number: shown.invoice_id, source: 'api', version: 1, versions: 1 });
      expect([bill.amount, bill.lines, bill.residual]).toEqual([shown.amount, items.length, '0.00']);
      expect(cents(bill.linesAmount ?? '')).toBe(sumOf(items));
    }
    // Equal lines are lines of their own.
    const [may] = await bills({ kind: 'preview' });
    const texts = (await linesOf(may!.bill)).map((line) => JSON.stringify(asItem(line)));
    expect(new Set(texts).size).toBeLessThan(texts.length);

    // What has not changed is not asked for again, and nothing is written.
    const before = await account.asked();
    const stamps = () =>
      sql`SELECT xmin::text, bill_version_id FROM provider_bill_versions ORDER BY 2`.execute(database.db);
    const rows = await stamps();
    await account.readBills();
    expect((await account.asked()).slice(before.length).filter((url) => url.includes(`${INVOICES}/`))).toEqual([]);
    expect((await stamps()).rows).toEqual(rows.rows);
    const { rows: history } = await sql<{ type: string; amount: string }>`
      SELECT type, amount FROM provider_billing_entries ORDER BY at DESC`.execute(database.db);
    const told = (await account.opened.all('/v2/customers/my/billing_history', 'billing_history')) as Item[];
    expect(history.length).toBe(told.length);
    expect(sumOf(history as unknown as Item[])).toBe(sumOf(told));

    // The last preview of each day stays.
    await account.advance({ hours: 24 });
    await account.readBills();
    const { versions } = await getBill(database.db, may!.bill, null);
    expect(versions.map(({ updatedAt, supersededAt }) => [String(updatedAt), supersededAt === null])).toEqual([
      ['2026-05-19T00:00:00Z', true],
      ['2026-05-18T00:00:00Z', false],
    ]);
    // A month later the final bill is beside it.
    await account.advance({ hours: 24 * 14 });
    await account.readBills();
    expect((await bills({ month: '2026-05' })).map(({ kind, replaced }) => [kind, replaced])).toEqual([
      ['preview', true],
      ['final', false],
    ]);
  });
});

describe('a bill that does not keep still', () => {
  const perPage = 5;
  const at = Temporal.Instant.from('2026-06-03T09:30:00Z');
  const open = async () => {
    account = await openBilledAccount(database, 'agency', { fleet: 'agency', seed: 1, at });
  };
  const droplets = { product: 'Droplets' };
  const mistake = (body: object) => account.opened.control('billing/mistakes', body);
  const pagesAsked = async (uuid: string) =>
    (await account.asked())
      .filter((url) => url.startsWith(`${INVOICES}/${uuid}?`))
      .map((url) => /page=(\d+)/.exec(url)?.[1]);

  test('is read on where a reading was cut off, after each of its pages', async () => {
    await open();
    const [invoice] = (await account.opened.send(INVOICES)).body.invoices as Item[];
    const uuid = invoice!['invoice_uuid']!;
    const items = await account.opened.all(`${INVOICES}/${uuid}`, 'invoice_items');
    const pages = Math.ceil(items.length / perPage);
    expect(pages).toBeGreaterThan(5);
    const before = (await pagesAsked(uuid)).length;
    for (let page = 1; page < pages; page += 1) {
      const stop = new AbortController();
      const through = (source: BillingSource) =>
        replaceMembers(source, {
          billPage(id, place, signal) {
            if (id === uuid && place.page > page) stop.abort(new Error('killed'));
            return source.billPage(id, place, signal);
          },
        });
      await expect(account.readBills({ perPage, monthsBefore: 1, signal: stop.signal, through })).rejects.toThrow(
        /cancelled|killed/,
      );
      const [bill] = await bills({ month: '2026-05', kind: 'final' });
      expect([bill?.readingLines, bill?.version]).toEqual([page * perPage, null]);
    }
    await account.readBills({ perPage, monthsBefore: 1 });
    const [bill] = await bills({ month: '2026-05', kind: 'final' });
    expect((await linesOf(bill!.bill)).map(asItem)).toEqual(items);
    expect(bill).toMatchObject({ version: 1, readingLines: null, residual: '0.00' });
    // Each page was asked for once.
    const asked = (await pagesAsked(uuid)).slice(before);
    expect(asked).toEqual(Array.from({ length: pages }, (_, page) => String(page + 1)));
  });

  test('begins anew where its header changes while it is read, and is left for the next run where it goes on so', async () => {
    await open();
    await account.advance({ hours: 240 });
    await mistake({ mistake: 'regenerate_while_paging', month: '2026-06', count: 2 });
    await account.readBills({ perPage, monthsBefore: 0 });
    const preview = (await account.opened.send(INVOICES)).body.invoice_preview;
    const [bill] = await bills({ month: '2026-06' });
    const items = await account.opened.all(`${INVOICES}/preview`, 'invoice_items');
    expect((await linesOf(bill!.bill)).map(asItem)).toEqual(items);
    expect([bill!.amount, String(bill!.updatedAt), bill!.residual]).toEqual([
      preview.amount,
      preview.updated_at,
      '0.00',
    ]);

    await account.advance({ hours: 24 });
    await mistake({ mistake: 'regenerate_while_paging', month: '2026-06', count: 1_000 });
    await expect(account.readBills({ perPage, monthsBefore: 0 })).rejects.toThrow(
      /changed the preview of 2026-06 3 times/,
    );
    expect(await listReads(database.db)).toMatchObject([{ part: 'bills', outcome: 'failed' }]);
    const [still] = await bills({ month: '2026-06' });
    expect(still).toMatchObject({ amount: bill!.amount, versions: 1, readingLines: null });
  });

  test.each(['reissue_same_uuid', 'reissue_new_uuid'])(
    'that is issued again is its second version (%s)',
    async (name) => {
      await open();
      await mistake({ mistake: name, month: '2026-05', ...droplets, days: 5 });
      await account.readBills({ monthsBefore: 1 });
      const [first] = await bills({ month: '2026-05', kind: 'final' });
      const doubled = await linesOf(first!.bill);
      await account.advance({ hours: 96 });
      await account.readBills({ monthsBefore: 1 });
      const found = await bills({ month: '2026-05', kind: 'final' });
      expect(found.map(({ bill, version, versions }) => [bill, version, versions])).toEqual([[first!.bill, 2, 2]]);
      const second = await linesOf(first!.bill);
      // Every droplet was on it twice at first.
      const count = (lines: readonly { product: string | null }[]) =>
        lines.filter(({ product }) => product === 'Droplets').length;
      expect(count(doubled)).toBe(2 * count(second));
      expect(await linesOf(first!.bill, 1)).toEqual(doubled);
      const { versions } = await getBill(database.db, first!.bill, null);
      expect(versions.map(({ amount }) => amount)).toEqual([found[0]!.amount, first!.amount]);
      expect(new Set(versions.map(({ externalId }) => externalId)).size).toBe(name === 'reissue_new_uuid' ? 2 : 1);
      await expect(sql`UPDATE provider_bill_versions SET amount = 0`.execute(database.db)).rejects.toThrow(
        /never edited/,
      );
      await expect(sql`UPDATE provider_bill_lines SET amount = 0`.execute(database.db)).rejects.toThrow(/never edited/);
    },
  );

  test('and what only its header has is a figure of its own; a supplement is another bill', async () => {
    await open();
    await mistake({ mistake: 'header_off_by_cent', month: '2026-05', cents: -1 });
    await mistake({ mistake: 'promo_in_header_only', month: '2026-05', amount: '5.00' });
    await mistake({ mistake: 'supplement', month: '2026-04', product: 'Volumes', days: 5 });
    await account.readBills({ monthsBefore: 2 });
    const [may] = await bills({ month: '2026-05', kind: 'final' });
    expect(may).toMatchObject({ residual: '-5.01' });
    const { summary } = await getBill(database.db, may!.bill, null);
    expect(summary).toContainEqual({ name: 'Credits & adjustments', amount: '-5.00' });
    const april = await bills({ month: '2026-04', kind: 'final' });
    expect(april.map(({ versions, residual }) => [versions, residual])).toEqual([
      [1, '0.00'],
      [1, '0.00'],
    ]);
  });
});

test('a token without the scope is no failure, and what it hides is said', async () => {
  account = await openBilledAccount(database, 'pilot', { fleet: 'pilot', seed: 1 });
  await account.opened.control('faults', { fault: 'missing_scope', scopes: ['billing:read'], hidden: true });
  await account.readBills();
  await account.readBalance();
  await account.readInsights();
  const reads = await listReads(database.db);
  expect(reads.map(({ part, outcome, completedAt }) => [part, outcome, completedAt])).toEqual([
    ['balance', 'refused', null],
    ['bills', 'refused', null],
    ['insights', 'refused', null],
  ]);
  for (const { reason } of reads) expect(reason).toContain('account pilot: The token lacks the scope billing:read');
  await account.opened.send('/_simulator/faults', { method: 'DELETE' });
  await account.readBills();
  expect((await listReads(database.db))[1]).toMatchObject({ outcome: 'complete', reason: null });
  expect((await bills()).length).toBeGreaterThan(0);
});

test('balances are kept as the provider makes them, and days of Insights in revisions', async () => {
  account = await openBilledAccount(database, 'pilot', { fleet: 'pilot', seed: 1 });
  const balances = async () =>
    (
      await sql<{
        balance: string;
      }>`SELECT month_to_date_balance AS balance FROM provider_balances ORDER BY generated_at`.execute(database.db)
    ).rows.map(({ balance }) => balance);
  const shown: string[] = [];
  for (const hours of [0, 24, 24]) {
    await account.advance({ hours });
    await account.readBalance();
    await account.readBalance();
    shown.push((await account.opened.send('/v2/customers/my/balance')).body.month_to_date_balance);
  }
  expect(await balances()).toEqual(shown);

  await account.readInsights();
  const { team } = (await account.opened.send('/_simulator/')).body;
  const yesterday = account.opened.simulator.now().toZonedDateTimeISO('UTC').toPlainDate().subtract({ days: 1 });
  const first = yesterday.subtract({ days: 9 });
  const told = (await account.opened.send(`/v2/billing/${team}/insights/${first}/${yesterday}?per_page=200`)).body;
  const days = async () =>
    (
      await sql<{ day: string; revision: number; amount: string; current: boolean }>`
        SELECT day::text, revision, amount, superseded_at = 'infinity' AS current FROM provider_insight_days
        WHERE day >= ${first}::date ORDER BY day, revision`.execute(database.db)
    ).rows;
  const byDay = Map.groupBy(told.data_points as Item[], (point) => point['start_date'] ?? '');
  const sums = [...byDay].map(([day, points]) => [
    day,
    points.reduce((sum, point) => sum + cents(point['total_amount'] ?? ''), 0),
  ]);
  const stored = await days();
  expect(stored).toHaveLength(10);
  expect(stored.filter(({ amount }) => cents(amount) !== 0).map(({ day, amount }) => [day, cents(amount)])).toEqual(
    sums,
  );
  await account.readInsights();
  expect(await days()).toEqual(stored);

  // The droplet costs three times as much from now on, looking back as well: estimates are told otherwise.
  const items = (await account.opened.all(`${INVOICES}/preview`, 'invoice_items')) as Item[];
  const droplet = items.find((item) => item['product'] === 'Droplets')?.['resource_id'];
  const month = yesterday.toString().slice(0, 7);
  await account.opened.control('billing/mistakes', { mistake: 'wrong_price', month, resource: droplet, percent: 300 });
  await account.readInsights();
  const revised = await days();
  expect(revised.filter(({ revision }) => revision === 1).map(({ day, amount }) => [day, amount])).toEqual(
    stored.map(({ day, amount }) => [day, amount]),
  );
  const second = revised.filter(({ revision }) => revision === 2);
  expect(second.length).toBeGreaterThan(0);
  for (const { day, amount, current } of second) {
    expect(current).toBe(true);
    expect(cents(amount)).toBeGreaterThan(cents(stored.find((one) => one.day === day)?.amount ?? ''));
  }
});

test('a file is the same bill as the API tells, once, and gives way to it', async () => {
  const at = Temporal.Instant.from('2026-06-03T09:30:00Z');
  account = await openBilledAccount(database, 'agency', { fleet: 'agency', seed: 1, at });
  const [may, april] = (await account.opened.send(INVOICES)).body.invoices as Item[];
  const csvOf = async (invoice: Item | undefined) =>
    (await account.opened.send(`${INVOICES}/${invoice?.['invoice_uuid']}/csv`)).text;
  const csv = await csvOf(may);
  const bring = async (text: string, given: { amount?: string; month?: string } = {}) =>
    importBill(
      database.db,
      {
        payer: 'agency',
        csv: text,
        file: await readBillFile(text),
        month: given.month === undefined ? null : Temporal.PlainDate.from(`${given.month}-01`),
        number: null,
        amount: given.amount ?? null,
      },
      'test',
      at,
    );
  const imported = await bring(csv, { amount: may!['amount']! });
  expect(imported).toMatchObject({ version: 1, imported: true, month: Temporal.PlainDate.from('2026-05-01') });
  expect(await bring(csv)).toEqual({ ...imported, imported: false });
  const [fromFile] = await bills({ month: '2026-05' });
  expect(fromFile).toMatchObject({ source: 'csv', amount: may!['amount'], residual: '0.00' });

  await account.readBills({ monthsBefore: 1 });
  const [read] = await bills({ month: '2026-05', kind: 'final' });
  expect(read).toMatchObject({ bill: imported.billId, source: 'api', version: 2, versions: 2, missingSince: null });
  const without = (line: Awaited<ReturnType<typeof linesOf>>[number]) => {
    const {
      resourceUuid: _,
      resourceId: __,
      category: ___,
      durationUnit: ____,
      page: _____,
      ordinal: ______,
      ...rest
    } = line;
    return {
      ...rest,
      startTime: String(rest.startTime),
      endTime: String(rest.endTime),
      duration: Number(rest.duration),
    };
  };
  const [file, api] = [await linesOf(imported.billId, 1), await linesOf(imported.billId, 2)];
  expect(file.map(without)).toEqual(api.map(without));
  expect(await bring(csv)).toMatchObject({ billId: imported.billId, version: 2, imported: false });

  // Not that of another month, nor one that says something else.
  await expect(bring(await csvOf(april), { month: '2026-05' })).rejects.toThrow(/comes from the provider already/);
  const wrong = csv.replace(/\$\d+\.\d\d/, 'three dollars').replace(/\n[^\n]*\n$/, '\nDroplets\n');
  const lines = csv.trimEnd().split('\n').length;
  await expect(readBillFile(wrong)).rejects.toThrow(
    new RegExp(
      `2 errors\\. Nothing imported:\\nline 2, usd: "three dollars" is not an amount such as \\$3\\.11\\nline ${lines}: has 1 columns`,
    ),
  );
});
