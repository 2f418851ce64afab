import { readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assign } from '../../src/deployments/assignments.ts';
import { insertResource, writeState } from '../fixtures/inventory.ts';
import { accrued, wholeShare } from '../../src/metering/accrual.ts';
import { periodStatus } from '../../src/metering/finality/attestations.ts';
import { diffUsage } from '../../src/metering/diff.ts';
import { explainUsage } from '../../src/metering/explain/explain.ts';
import { listGaps } from '../../src/metering/finality/gaps.ts';
import { meterOutstanding } from '../../src/metering/meter.ts';
import { createDeployments, insertAccount, insertSync } from '../fixtures/metering.ts';
import { startOfDay } from '../../src/metering/period.ts';
import { usageOfAll } from '../../src/metering/usage.ts';
import { usageByDay } from '../../src/metering/usage-days.ts';
import { fromBillionths, toBillionths } from '../../src/platform/quantity.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';

// docs/metering.md, held to what it says: its tables are read, its facts are metered, and every
// number of it must come out.

const page = readFileSync(new URL('../../docs/metering.md', import.meta.url), 'utf8');

/** The table after a mark such as <!-- facts -->: rows by their headings. */
function tableOf(mark: string): Record<string, string>[] {
  const [, after = ''] = page.split(new RegExp(`<!-- ${mark}[^>]*-->\n+`));
  const lines = after.split('\n');
  const end = lines.findIndex((text) => !text.startsWith('|'));
  const cells = (text: string) =>
    text
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
  const [headings, , ...rows] = lines.slice(0, end).map(cells);
  if (headings === undefined || rows.length === 0) throw new Error(`docs/metering.md has no table "${mark}"`);
  return rows.map((row) => Object.fromEntries(headings.map((heading, index) => [heading, row[index] ?? ''])));
}

/** What a mark says after its name. */
function wordsOf(mark: string): string[] {
  const [, words] = new RegExp(`<!-- ${mark}: (.*) -->`).exec(page) ?? [];
  if (words === undefined) throw new Error(`docs/metering.md has no mark "${mark}"`);
  return words.split(' ');
}

const utc = (text: string) => Temporal.Instant.from(`${text.replace(' ', 'T')}Z`);
const day = (text: string) => Temporal.PlainDate.from(text);
const may = { from: day('2026-05-01'), to: day('2026-06-01') };
const june = utc('2026-06-01 01:00:00');

let database: TestDatabase;
const resources = new Map<string, number>();

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await insertAccount(db);
  await sql`UPDATE accounts SET metered_from = '2026-05-01'`.execute(db);
  await createDeployments(db, ['shop', 'blog', 'news'], utc('2026-01-01 00:00:00'));
  for (const { resource = '', kind = '', GiB, state = '', from = '', to } of tableOf('facts')) {
    const id = resources.get(resource) ?? (await insertResource(db, account, kind, resource, utc(from)));
    resources.set(resource, id);
    const attributes: Record<string, number> = GiB === '-' ? {} : { size_gb: Number(GiB) };
    await writeState(db, id, { name: resource, status: state, attributes }, utc(from), null, utc(from));
    if (to !== '-' && to !== undefined) await writeState(db, id, null, utc(to), null, utc(to));
  }
  for (const { resource = '', owners = '' } of tableOf('owners')) {
    const shares = owners.split(', ').map((slug) => ({ slug, weight: 1 }));
    const resourceIds = [resources.get(resource) ?? 0];
    await assign(db, { resourceIds, owners: shares, from: utc('2026-01-01 00:00:00') }, 'test', june);
  }
  await meterOutstanding(db, { now: june });
});
afterAll(() => database.close());

describe('the worked example', () => {
  test('comes to what it says', async () => {
    const rows = (await usageOfAll(database.db, may.from, may.to)).flatMap(({ deployment, usage }) =>
      Object.entries(usage).map(([kind, quantity]) => ({ deployment, kind, quantity })),
    );
    expect(rows).toEqual(tableOf('usage'));
  });

  test('is explained by the intervals that it shows', async () => {
    const { resources: explained } = await explainUsage(database.db, {
      deployment: 'shop',
      kind: 'droplet_hours',
      ...may,
      audience: 'staff',
    });
    const rows = explained.flatMap(({ name, intervals }) =>
      intervals.map(({ from, to, level, share, quantity }) => ({
        resource: name,
        from,
        to,
        level,
        share: share ?? 'all',
        quantity,
      })),
    );
    expect(rows).toEqual(tableOf('intervals'));
  });

  test('shows records that are differences of running totals', async () => {
    const days = tableOf('days');
    const total = (end: Temporal.PlainDate) =>
      fromBillionths(accrued('month', toBillionths('100'), wholeShare, startOfDay(may.from), startOfDay(end)));
    const stored = await usageByDay(database.db, 'blog', may.from, may.to);
    for (const { day: text = '', ...row } of days) {
      const record = stored.find((one) => one.day === text && one.kind === 'droplet_snapshot_gb_month')?.quantity;
      expect({ 'total before': total(day(text)), 'total after': total(day(text).add({ days: 1 })), record }).toEqual(
        row,
      );
    }
  });

  test('changes, by what comes to light later, as it says', async () => {
    const { db } = database;
    const [resource = '', state = '', ...correction] = wordsOf('correction');
    const [from, to] = [correction.slice(0, 2).join(' '), correction.slice(2).join(' ')].map(utc);
    if (from === undefined || to === undefined) throw new Error('the correction has an interval');
    await writeState(db, resources.get(resource) ?? 0, { name: resource, status: state }, from, to, june);
    await expectChange('correction');

    const [moved = '', owner = '', ...since] = wordsOf('assignment');
    const resourceIds = [resources.get(moved) ?? 0];
    await assign(db, { resourceIds, owners: [{ slug: owner, weight: 1 }], from: utc(since.join(' ')) }, 'test', june);
    await expectChange('assignment');
  });

  async function expectChange(mark: string): Promise<void> {
    const { deployments } = await diffUsage(database.db, { range: may, now: june });
    const rows = deployments.map(({ deployment, kind, before, after, change }) => ({
      deployment,
      kind,
      before,
      after,
      change,
    }));
    expect(rows).toEqual(tableOf(mark));
    await meterOutstanding(database.db, { now: june });
    expect((await diffUsage(database.db, { range: may, now: june })).differs).toBe(false);
  }
});

test('a gap, and where its limit lies, are as it says', async () => {
  const { db } = database;
  const [row = {}] = tableOf('gap');
  const last = utc(row['last complete listing'] ?? '');
  const next = utc(row['next complete listing, without `web`'] ?? '');
  const { rows } = await sql<{ id: number }>`SELECT account_id AS id FROM accounts`.execute(db);
  const account = rows[0]?.id ?? 0;
  for (const instant of [last, next, june]) await insertSync(db, account, 'droplet', instant);
  await writeState(db, resources.get('web') ?? 0, null, next, null, next);
  await meterOutstanding(db, { now: june });
  const gaps = await listGaps(db, { ...may, now: june, resourceKind: 'droplet' });
  expect(gaps.map((gap) => gap.from)).toEqual([row['carried forward from']]);
  const { blockers } = await periodStatus(db, { ...may, now: june });
  expect(blockers.filter((one) => one.reason === 'beyond_limit').map((one) => one.since)).toEqual([
    row['waits for a person from'],
  ]);
});
