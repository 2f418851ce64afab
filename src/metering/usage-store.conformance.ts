// What any usage store must do, as tests: run once per store by its own integration test.
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assign } from '../deployments/assignments.ts';
import { insertLiving, writeState } from '../deployments/inventory-fixture.ts';
import type { Database } from '../platform/database.ts';
import { sumQuantities, toBillionths } from '../platform/quantity.ts';
import { diffUsage } from './diff.ts';
import { meterDay, meterOutstanding, meterRange } from './meter.ts';
import { at, createDeployments, expectedUsage, insertAccount, setGranularity } from './metering-fixture.ts';
import { applyRetention, listLateFacts } from './retention.ts';
import { countUsageRecords, usageForPeriod, usageOfAll } from './usage.ts';
import { openUsageStore } from './usage-store.open.ts';
import type { UsageQuery, UsageRecord, UsageStore } from './usage-store.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const range = { from: day('2028-02-26'), to: day('2028-03-03') };
const after = at('2028-03-03');
const later = at('2028-04-01');

/** @param open gives an empty database that keeps its usage in the store; closed at the end */
export function describeUsageStore(
  name: string,
  open: () => Promise<{ readonly db: Database; close(): Promise<void> }>,
): void {
  describe(`the ${name} store`, () => {
    let db: Database;
    let close: () => Promise<void>;
    let account: number;
    let store: UsageStore;
    let deployments: Map<string, number>;
    let customerId: number;
    let revisionBefore: number;
    let before: UsageRecord[];

    const query = (slug?: string): UsageQuery => ({
      range,
      scope: slug === undefined ? 'all' : { deploymentId: deployments.get(slug) ?? 0 },
    });
    const records = (asked: UsageQuery) => store.listRecords(db, asked, {}, { limit: 10_000 });

    beforeAll(async () => {
      ({ db, close } = await open());
      store = await openUsageStore(db);
      account = await insertAccount(db);
      await sql`UPDATE accounts SET metered_from = '2028-02-26'`.execute(db);
      await createDeployments(db, ['ash', 'birch', 'cedar'], at('2026-01-01'));
      const { rows } = await sql<{ slug: string; deployment_id: number; customer_id: number | null }>`
        SELECT slug, deployment_id, customer_id FROM deployments`.execute(db);
      deployments = new Map(rows.map((row) => [row.slug, row.deployment_id]));
      customerId = rows.find((row) => row.slug === 'ash')?.customer_id ?? 0;

      const own = (resource: number, slugs: readonly string[], from: string) =>
        assign(
          db,
          { resourceIds: [resource], owners: slugs.map((slug) => ({ slug, weight: 1 })), from: at(from) },
          'test',
          after,
        );
      const droplet = await insertLiving(db, account, 'droplet', 'droplet', {}, at('2028-01-10'));
      const shared = await insertLiving(db, account, 'droplet', 'shared', {}, at('2028-02-01'));
      const brief = await insertLiving(db, account, 'droplet', 'brief', {}, at('2028-02-29T23:59:40Z'));
      const disk = await insertLiving(
        db,
        account,
        'snapshot',
        'disk',
        { attributes: { size_gb: 100 } },
        at('2028-01-01'),
      );
      await insertLiving(db, account, 'dns_zone', 'zone', {}, at('2028-01-01'));
      await writeState(db, brief, null, at('2028-03-01T00:00:20Z'), null, at('2028-03-01T00:00:20Z'));
      await own(droplet, ['ash'], '2028-01-10');
      await own(shared, ['ash', 'birch', 'cedar'], '2028-02-01');
      await own(disk, ['birch'], '2028-01-01');
    });
    afterAll(() => close());

    /** Whose usage of a day the view says to have changed after a revision. */
    async function changedSince(revision: number, of: Temporal.PlainDate): Promise<string[]> {
      const { rows } = await sql<{ slug: string }>`
        SELECT DISTINCT d.slug FROM metering_changes c JOIN deployments d USING (deployment_id)
        WHERE c.revision > ${revision} AND c.period_start >= ${of} AND c.period_start < ${of.add({ days: 1 })}
        ORDER BY 1`.execute(db);
      return rows.map((row) => row.slug);
    }

    async function agreesWithFacts(): Promise<void> {
      const sums = new Map<string, string[]>();
      const slugs = new Map([...deployments].map(([slug, id]) => [id, slug]));
      for (const record of await records(query())) {
        const key = `${slugs.get(record.deploymentId)} ${record.kind} ${record.resourceId}`;
        sums.set(key, [...(sums.get(key) ?? []), record.quantity]);
      }
      const stored = Object.fromEntries([...sums].map(([key, all]) => [key, sumQuantities(all)]));
      expect(stored).toEqual(await expectedUsage(db, '2028-02-26', '2028-03-03'));
    }

    test('meters what the facts say, to the last digit: thirds, 40 seconds over a midnight, a leap day', async () => {
      const metered = await meterRange(db, { ...range, now: after });
      expect(metered.every((result) => result.cause === 'first' && result.inserted > 0)).toBe(true);
      await agreesWithFacts();
      const sums = await store.sumByKind(db, query());
      expect(sums.map((sum) => sum.kind)).toEqual(['dns_zones', 'droplet_hours', 'snapshot_gb_month']);
      expect(sums[1]?.quantity).toBe('288.011111112'); // two droplets for six days, and 20 seconds in each of two months
    });

    test('metered again it writes nothing, verified or not', async () => {
      for (const verify of [false, true]) {
        const again = await meterRange(db, { ...range, now: after, verify });
        expect(
          again.map(({ revision, inserted, changed, deleted }) => ({ revision, n: inserted + changed + deleted })),
        ).toEqual(again.map(() => ({ revision: null, n: 0 })));
      }
    });

    test('answers for everyone, for one customer and for one deployment, and sums agree with records', async () => {
      const ofCustomer: UsageQuery = { range, scope: { customerId } };
      for (const asked of [query(), query('ash'), query('birch'), ofCustomer]) {
        const all = await records(asked);
        expect(all.length).toBeGreaterThan(0);
        expect(await store.countRecords(db, asked)).toBe(all.length);
        for (const { kind, quantity } of await store.sumByKind(db, asked)) {
          expect(sumQuantities(all.filter((row) => row.kind === kind).map((row) => row.quantity))).toBe(quantity);
        }
        const byDay = await store.sumByKindAndDay(db, asked);
        for (const { kind, quantity } of await store.sumByKind(db, asked)) {
          expect(sumQuantities(byDay.filter((row) => row.kind === kind).map((row) => row.quantity))).toBe(quantity);
        }
        expect(byDay.reduce((count, row) => count + row.records, 0)).toBe(all.length);
      }
      // The zone is nobody's: everyone's usage has it, the customer's has not.
      expect((await store.sumByKind(db, query())).some((sum) => sum.kind === 'dns_zones')).toBe(true);
      expect((await store.sumByKind(db, ofCustomer)).some((sum) => sum.kind === 'dns_zones')).toBe(false);
      expect(await store.sumByKind(db, { range, scope: { customerId: customerId + 1_000 } })).toEqual([]);
      const deploymentIds = ['ash', 'birch', 'cedar'].map((slug) => deployments.get(slug) ?? 0);
      expect(await records({ range, scope: { deploymentIds } })).toEqual(await records(ofCustomer));
      expect(await store.sumByKind(db, { range, scope: { deploymentIds: [] } })).toEqual([]);
      const byDeployment = await store.sumByDeployment(db, query());
      expect(byDeployment.filter((row) => row.deploymentId === deployments.get('birch'))).toEqual(
        (await store.sumByKind(db, query('birch'))).map((sum) => ({ deploymentId: deployments.get('birch'), ...sum })),
      );
      expect((await usageOfAll(db, range.from, range.to)).map((usage) => usage.deployment)).toEqual([
        'ash',
        'birch',
        'cedar',
        'unattributed',
      ]);
    });

    test('lists records page by page, of one kind or one resource', async () => {
      const all = await records(query());
      const paged: UsageRecord[] = [];
      for (;;) {
        const page = await store.listRecords(db, query(), {}, { limit: 7, after: paged.at(-1) });
        if (page.length === 0) break;
        paged.push(...page);
      }
      expect(paged).toEqual(all);
      const resourceId = all[0]?.resourceId;
      expect(await store.listRecords(db, query(), { resourceId }, { limit: 100 })).toEqual(
        all.filter((row) => row.resourceId === resourceId),
      );
      expect(await store.listRecords(db, query(), { kind: 'snapshot_gb_month' }, { limit: 100 })).toEqual(
        all.filter((row) => row.kind === 'snapshot_gb_month'),
      );
    });

    test('a late fact replaces exactly the records it touches, on both sides of a move', async () => {
      before = await records(query());
      revisionBefore = Math.max(...before.map((row) => row.revision));
      const droplet = before.find((row) => row.deploymentId === deployments.get('ash'))?.resourceId ?? 0;
      const owners = [{ slug: 'cedar', weight: 1 }];
      await assign(db, { resourceIds: [droplet], owners, from: at('2028-02-29T12:00:00Z') }, 'test', after);
      const foretold = await diffUsage(db, { range, now: after });
      expect(await records(query())).toEqual(before);
      const metered = await meterOutstanding(db, { now: after });
      expect(foretold.deployments).toMatchObject([
        { deployment: 'ash', change: '-60', inserted: 0, changed: 1, deleted: 2 },
        { deployment: 'cedar', change: '60', inserted: 3, changed: 0, deleted: 0 },
      ]);
      expect(await diffUsage(db, { range, now: after, verify: true })).toMatchObject({ differs: false });
      expect(metered.filter((result) => result.cause === 'changes').map((result) => result.day)).toEqual(
        expect.arrayContaining(['2028-02-29', '2028-03-01', '2028-03-02']),
      );
      await agreesWithFacts();
      const now = await records(query());
      const untouched = before.filter((row) => row.resourceId !== droplet || row.periodStart.toString() < '2028-02-29');
      for (const row of untouched) expect(now).toContainEqual(row);
      const told = (since: number, of: string) => changedSince(since, day(of));
      expect(await told(revisionBefore, '2028-02-28')).toEqual([]);
      for (const of of ['2028-02-29', '2028-03-01', '2028-03-02']) {
        expect(await told(revisionBefore, of)).toEqual(['ash', 'cedar']);
        expect(await told(Math.max(...metered.map((result) => result.revision ?? 0)), of)).toEqual([]);
      }
    });

    test('answers as of a revision, as it did then', async () => {
      const asOf = { ...query(), asOfRevision: revisionBefore };
      expect(await records(asOf)).toEqual(before);
      expect(await store.countRecords(db, asOf)).toBe(before.length);
      expect(await records({ ...asOf, asOfRevision: 0 })).toEqual([]);
    });

    test('by the hour it is the same, and back again, and the days before the change stay as they are', async () => {
      const usage = await usageOfAll(db, range.from, range.to);
      await setGranularity(db, '2028-02-28', 'hour');
      await meterOutstanding(db, { now: after });
      const all = await records(query());
      expect(new Set(all.map((row) => row.granularity))).toEqual(new Set(['day', 'hour']));
      expect(all.every((row) => row.periodStart.toString() < '2028-02-28' === (row.granularity === 'day'))).toBe(true);
      expect(await usageOfAll(db, range.from, range.to)).toEqual(usage);
      await agreesWithFacts();
      await setGranularity(db, '2028-02-28', 'day');
      await meterOutstanding(db, { now: after });
      expect((await records(query())).every((row) => row.granularity === 'day')).toBe(true);
      expect(await usageOfAll(db, range.from, range.to)).toEqual(usage);
    });

    test('a kind that is disabled leaves nothing, and comes back when it is enabled', async () => {
      const enable = (enabled: boolean) =>
        sql`UPDATE metering_config SET enabled = ${enabled} WHERE billing_kind_id =
            (SELECT billing_kind_id FROM billing_kinds WHERE slug = 'dns_zones')`.execute(db);
      const { usage } = await usageForPeriod(db, 'unattributed', range.from, range.to);
      await enable(false);
      await meterOutstanding(db, { now: after });
      expect(await store.listRecords(db, query(), { kind: 'dns_zones' }, { limit: 10 })).toEqual([]);
      await enable(true);
      await meterOutstanding(db, { now: after });
      expect((await usageForPeriod(db, 'unattributed', range.from, range.to)).usage).toEqual(usage);
      await agreesWithFacts();
    });

    test('while a kind is disabled what is new is metered, and enabled again it has what it missed', async () => {
      const enable = (enabled: boolean) =>
        sql`UPDATE metering_config SET enabled = ${enabled} WHERE billing_kind_id =
            (SELECT billing_kind_id FROM billing_kinds WHERE slug = 'dns_zones')`.execute(db);
      const ofResource = async (resourceId: number) =>
        (await store.listRecords(db, query(), { resourceId }, { limit: 10 })).map((record) => record.quantity);
      await enable(false);
      await meterOutstanding(db, { now: after });
      const droplet = await insertLiving(db, account, 'droplet', 'new', {}, at('2028-03-01T12:00:00Z'));
      const zone = await insertLiving(db, account, 'dns_zone', 'missed', {}, at('2028-03-01'));
      await meterOutstanding(db, { now: after });
      expect(await ofResource(droplet)).toEqual(['12', '24']);
      expect(await ofResource(zone)).toEqual([]);
      await enable(true);
      await meterOutstanding(db, { now: after });
      expect(await ofResource(zone)).toHaveLength(2);
      await agreesWithFacts();
    });

    test('workers that meter the same days at once leave what one would', async () => {
      const enough = { from: day('2028-03-03'), to: day('2028-03-05') };
      const runs = await Promise.all([1, 2, 3].map(() => meterRange(db, { ...enough, now: later })));
      expect(runs.flat().filter((metered) => metered.cause === 'first')).toHaveLength(2);
      for (const metered of await meterRange(db, { ...enough, now: later, verify: true })) {
        expect(metered.revision).toBeNull();
      }
    });

    test('a replacement whose transaction does not commit is never seen, now or after the next', async () => {
      const asked = { ...query(), range: { from: day('2028-03-05'), to: day('2028-03-06') } };
      const undone = new Error('undone');
      await expect(
        db.transaction().execute(async (trx) => {
          await meterInside(trx);
          throw undone;
        }),
      ).rejects.toBe(undone);
      expect(await store.countRecords(db, asked)).toBe(0);
      await meterDay(db, day('2028-03-05'), { now: later });
      const all = await store.listRecords(db, asked, {}, { limit: 100 });
      expect(new Set(all.map((row) => row.revision)).size).toBe(1);
      expect(await store.countRecords(db, asked)).toBe(all.length);
    });

    test('a first metering that finds nothing draws no revision', async () => {
      await sql`
        INSERT INTO metering_config (billing_kind_id, from_day, enabled, granularity, retention_days)
        SELECT billing_kind_id, '2028-03-06', slug = 'volume_gb_month', granularity, retention_days
        FROM metering_config JOIN billing_kinds USING (billing_kind_id) WHERE from_day = '2000-01-01'`.execute(db);
      expect(await meterDay(db, day('2028-03-06'), { now: later })).toMatchObject({ revision: null, inserted: 0 });
      await sql`DELETE FROM metering_config WHERE from_day = '2028-03-06'`.execute(db);
      expect((await meterDay(db, day('2028-03-06'), { now: later })).inserted).toBeGreaterThan(0);
    });

    describe('retention', () => {
      const february = { from: day('2028-02-01'), to: day('2028-03-01') };
      const retain = (now: string, dryRun = false) => applyRetention(db, { now: at(now), dryRun });
      const setRetention = (kind: string, days: number) =>
        sql`UPDATE metering_config SET retention_days = ${days}
            WHERE billing_kind_id = (SELECT billing_kind_id FROM billing_kinds WHERE slug = ${kind})`.execute(db);
      let usage: unknown;
      let days: unknown;
      const usageOfDays = () =>
        Promise.all(
          [
            ['2028-02-27', '2028-02-28'],
            ['2028-02-28', '2028-03-01'],
            ['2028-02-28', '2028-03-03'],
            ['2028-02-01', '2028-02-29'],
            ['2028-02-01', '2028-02-05'],
          ].map(([from = '', to = '']) =>
            usageOfAll(db, day(from), day(to)).then((all) => all.map((one) => [one.deployment, one.usage])),
          ),
        );
      let february28: UsageRecord[];

      beforeAll(async () => {
        await sql`
          INSERT INTO sync_runs (account_id, kind, started_at, finished_at, outcome)
          SELECT account_id, kind, '2028-04-01', '2028-04-01', 'complete'
          FROM accounts, (SELECT DISTINCT resource_kind AS kind FROM billing_kind_definitions) AS k`.execute(db);
        usage = await usageOfAll(db, february.from, february.to);
        days = await usageOfDays();
        february28 = await records({ scope: 'all', range: february });
        await setRetention('droplet_hours', 31);
        for (const kind of ['dns_zones', 'snapshot_gb_month']) await setRetention(kind, 60);
      });

      test('says what it would do, and does nothing', async () => {
        expect(await retain('2028-03-31', true)).toEqual([]);
        expect(await retain('2028-04-01', true)).toEqual([
          { kind: 'droplet_hours', month: '2028-02', outcome: 'due', records: null, reason: null },
        ]);
        expect(await records({ scope: 'all', range: february })).toEqual(february28);
      });

      test('a kind whose retention is shorter goes first, and sums stay the same', async () => {
        const ofDroplets = february28.filter((record) => record.kind === 'droplet_hours');
        expect(await retain('2028-04-01')).toEqual([
          { kind: 'droplet_hours', month: '2028-02', outcome: 'retired', records: ofDroplets.length, reason: null },
        ]);
        expect(await records({ scope: 'all', range: february })).toEqual(
          february28.filter((record) => record.kind !== 'droplet_hours'),
        );
        expect(await usageOfAll(db, february.from, february.to)).toEqual(usage);
        expect(await usageOfDays()).toEqual(days);
        expect(await countUsageRecords(db, 'ash', february.from, february.to)).toBe(
          february28.filter((record) => record.deploymentId === deployments.get('ash')).length,
        );
        const { rows } = await sql<{ id: number; digest: string }>`
          SELECT deployment_id AS id, digest FROM usage_months ORDER BY 1`.execute(db);
        for (const { id, digest } of rows) {
          expect(digest).toBe(digestOf(ofDroplets.filter((record) => record.deploymentId === id)));
        }
        expect(rows.length).toBe(new Set(ofDroplets.map((record) => record.deploymentId)).size);
      });

      test('then whole days go; sums of days stay, what only records could tell is refused', async () => {
        // As a run leaves it that was killed when the rows of a day were gone.
        if (store.engine === 'clickhouse') {
          await sql`
            INSERT INTO usage_visible_revisions (day, revision, records, quantity) VALUES ('2028-02-10', 1, 1, 1)`.execute(
            db,
          );
        }
        const retired = await retain('2028-05-01');
        const { rows } = await sql<{ left: number }>`
          SELECT count(*) AS left FROM usage_visible_revisions WHERE day = '2028-02-10'`.execute(db);
        expect(rows).toEqual([{ left: 0 }]);
        expect(retired.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual([
          'dns_zones retired',
          'snapshot_gb_month retired',
        ]);
        expect(await records({ scope: 'all', range: february })).toEqual([]);
        expect(await usageOfAll(db, february.from, february.to)).toEqual(usage);
        const refused = { code: 'usage_retired' };
        expect(await usageOfDays()).toEqual(days);
        await expect(countUsageRecords(db, 'ash', day('2028-02-28'), day('2028-03-01'))).rejects.toMatchObject(refused);
        await expect(usageForPeriod(db, 'ash', february.from, february.to, { asOfRevision: 1 })).rejects.toMatchObject(
          refused,
        );
        const more = await usageForPeriod(db, 'ash', day('2028-02-01'), day('2028-03-02'));
        expect(more.meteredThrough).toBe('2028-03-02');
        expect(await retain('2028-05-01')).toEqual([]);
      });

      test('what comes too late is reported, not metered; what is not final is kept', async () => {
        const droplet = february28.find((record) => record.deploymentId === deployments.get('birch'))?.resourceId ?? 0;
        const owners = [{ slug: 'cedar', weight: 1 }];
        const from = at('2028-02-27');
        await assign(db, { resourceIds: [droplet], owners, from }, 'test', at('2028-05-02'));
        await meterOutstanding(db, { now: at('2028-03-05') });
        expect(await usageOfAll(db, february.from, february.to)).toEqual(usage);
        const metered = await meterRange(db, { from: day('2028-02-28'), to: day('2028-03-02'), now: later });
        expect(metered.map((result) => result.cause)).toEqual(['retired', 'retired', null]);
        const { items } = await listLateFacts(db);
        expect(items.map((fact) => fact.resourceId)).toContain(droplet);
        expect(items.every((fact) => fact.firstMonth.toString() === '2028-02-01')).toBe(true);
        const [kept] = await retain('2028-05-03');
        expect(kept).toMatchObject({ kind: 'droplet_hours', month: '2028-03', outcome: 'kept' });
        expect(kept?.reason).toContain('not metered');
      });
    });

    /** The steps of a metering up to its commit, by hand. */
    async function meterInside(trx: Parameters<UsageStore['replaceDay']>[0]): Promise<void> {
      const { insertRun, prepareScope, selectKindsOfDay } = await import('./store.ts');
      const { rows } = await sql<{ id: number }>`SELECT max(fact_change_id) AS id FROM metered_levels_progress`.execute(
        trx,
      );
      const upTo = rows[0]?.id ?? 0;
      const kinds = (await selectKindsOfDay(trx, day('2028-03-05'), upTo)).filter((kind) => kind.enabled);
      await prepareScope(trx, day('2028-03-05'), upTo, upTo);
      const replaced = await store.replaceDay(trx, {
        day: day('2028-03-05'),
        whole: kinds,
        touched: [],
        cause: 'first',
        upTo,
        begin: () => insertRun(trx, day('2028-03-05'), 'first', after),
      });
      expect(replaced.inserted).toBeGreaterThan(0);
    }
  });
}

/** The digest of usage_months, the slow and obvious way. */
function digestOf(records: readonly UsageRecord[]): string {
  const sha = (lines: readonly string[]) => createHash('sha256').update(lines.join('\n')).digest('hex');
  const periods = new Map<string, string[]>();
  for (const record of [...records].sort((a, b) => a.resourceId - b.resourceId)) {
    const period = `${record.periodStart.epochMilliseconds / 1000} ${record.granularity}`;
    periods.set(period, [...(periods.get(period) ?? []), `${record.resourceId} ${toBillionths(record.quantity)}`]);
  }
  return sha([...periods].sort(([a], [b]) => (a < b ? -1 : 1)).map(([period, lines]) => `${period} ${sha(lines)}`));
}
