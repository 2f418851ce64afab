import type { UnitOfWork, Queryable, Database } from '../../../platform/database/database.ts';
import { ArcadiaError } from '../../../platform/errors.ts';
import { fromBillionths } from '../../../platform/quantity.ts';
import { type Differences, insertDifferences } from '../../diff.store.ts';
import type { ClickHouse } from './connection.ts';
import { areCurrent, shipLevels } from './levels.ts';
import * as read from './read.store.ts';
import * as write from './write.store.ts';
import { dropDay } from './schema.store.ts';
import { appendUsageChanges, lockDay } from '../../store.ts';
import * as months from '../../retention/usage-months.store.ts';
import * as shipments from '../move/shipment.store.ts';
import {
  concernsAll,
  type DayComparison,
  type DayReplacement,
  type KindMonth,
  LevelsMoved,
  nothingReplaced,
  type Replaced,
  sumsMax,
  wholeSums,
  type UsageQuery,
  type UsageRecord,
  type UsageStore,
} from '../usage-store.ts';

/** Above so many touched resources a day is compared whole, which then is less work. */
const touchedMax = 5_000;

/** The store for usage that has outgrown one database; see docs/usage-store.md. */
export function clickHouseUsageStore(clickHouse: ClickHouse): UsageStore {
  return {
    engine: 'clickhouse',
    prepare: (db) => shipLevels(db, clickHouse),
    replaceDay: (trx, replacement) => shipments.whileBeating(trx, () => replaceDay(trx, clickHouse, replacement)),
    compareDay: (trx, comparison, differences) =>
      shipments.whileBeating(trx, () => compareDay(trx, clickHouse, comparison, differences)),
    async sumByKind(db, query) {
      const kinds = await kindSlugs(db);
      const rows = await read.sumsByKind(clickHouse, await ask(db, query));
      return inOrder(rows.map(({ kindId, quantity }) => ({ kind: kinds.get(kindId) ?? '', quantity })));
    },
    async sumByKindAndDay(db, query) {
      const kinds = await kindSlugs(db);
      const rows = await read.sumsByKindAndDay(clickHouse, await ask(db, query));
      return rows
        .sort((a, b) => (a.day < b.day ? -1 : 1))
        .map(({ kindId, day, ...row }) => ({
          kind: kinds.get(kindId) ?? '',
          day: Temporal.PlainDate.from(day),
          ...row,
        }))
        .sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0));
    },
    async sumByDeployment(db, query) {
      const kinds = await kindSlugs(db);
      const rows = await read.sumsByDeployment(clickHouse, await ask(db, query), sumsMax + 1);
      return wholeSums(rows)
        .map(({ kindId, ...row }) => ({ ...row, kind: kinds.get(kindId) ?? '' }))
        .sort((a, b) => a.deploymentId - b.deploymentId || (a.kind < b.kind ? -1 : 1));
    },
    async sumByDeploymentAndDay(db, query) {
      const kinds = await kindSlugs(db);
      const rows = await read.sumsByDeploymentAndDay(clickHouse, await ask(db, query), sumsMax + 1);
      return wholeSums(rows)
        .map(({ kindId, day, ...row }) => ({
          ...row,
          kind: kinds.get(kindId) ?? '',
          day: Temporal.PlainDate.from(day),
        }))
        .sort((a, b) => a.deploymentId - b.deploymentId || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0));
    },
    async listRecords(db, query, { kind, resourceId }, { after, limit }) {
      const kinds = await kindSlugs(db);
      const kindId = (slug: string) => [...kinds].find(([, other]) => other === slug)?.[0] ?? 0;
      const asked = await ask(db, query);
      const rows = await read.records(
        clickHouse,
        { ...asked, kindId: kind === undefined ? undefined : kindId(kind), resourceId },
        after === undefined
          ? null
          : { ...after, kindId: kindId(after.kind), seconds: after.periodStart.epochMilliseconds / 1000 },
        limit,
      );
      return rows.map(
        ({ kindId, seconds, billionths, ...row }): UsageRecord => ({
          ...row,
          kind: kinds.get(kindId) ?? '',
          periodStart: Temporal.Instant.fromEpochMilliseconds(seconds * 1000),
          quantity: fromBillionths(BigInt(billionths)),
        }),
      );
    },
    countRecords: async (db, query) => read.countRecords(clickHouse, await ask(db, query)),
    rollUp: (trx, month) => shipments.whileBeating(trx, () => rollUp(trx, clickHouse, month)),
    drop: (db, month, signal) => drop(db, clickHouse, month, signal),
  };
}

async function replaceDay(trx: UnitOfWork, clickHouse: ClickHouse, replacement: DayReplacement): Promise<Replaced> {
  const { day, cause, begin } = replacement;
  const { comparison, shipped, scope } = await openComparison(trx, replacement);
  const { inserted, changed, deleted, sum } = await write.countDifferences(clickHouse, comparison);
  const records = inserted + changed + deleted;
  if (records > 0) {
    const revision = await begin();
    await write.insertDifferences(clickHouse, comparison, revision, cause, byCause(scope));
    const there = await write.selectWritten(clickHouse, day, revision);
    if (there.records !== records || there.deleted !== deleted || there.sum !== sum) {
      throw new ArcadiaError(
        'usage_store_mismatch',
        `Of ${records} rows of ${day} with a sum of ${sum}, ${clickHouse.address} has ${there.records} with ${there.sum}.`,
      );
    }
    await shipments.insertVisibleRevision(trx, day, revision, { records, quantity: fromBillionths(BigInt(sum)) });
    const deployments = concernsAll(cause) ? 'all' : await write.selectWrittenDeployments(clickHouse, day, revision);
    await assertBase(clickHouse, shipped);
    await appendUsageChanges(trx, replacement, deployments === 'all' ? 'all' : shipments.listed(deployments));
    return { revision, inserted, changed, deleted };
  }
  await assertBase(clickHouse, shipped);
  return nothingReplaced;
}

/** What a day should hold and what stands, from levels that are as new as the facts up to `upTo`. */
async function openComparison(trx: UnitOfWork, { day, whole, touched, scopes, upTo }: DayComparison) {
  const shipped = await shipments.selectShipments(trx);
  const levels = await shipments.selectLevelsPosition(trx);
  // Other facts may come at any time; those up to the position that is being metered must be there.
  const wanted = levels === null ? null : { ...levels, changeId: Math.min(levels.changeId, upTo) };
  if (!areCurrent(shipped, wanted)) throw new LevelsMoved();

  const all = [...whole];
  const parts: write.Part[] = [];
  const scope: shipments.Touched[] = [];
  for (const [resources, kinds] of [
    [scopes.day, touched.filter((kind) => kind.raising === null)],
    [scopes.month, touched.filter((kind) => kind.raising !== null)],
  ] as const) {
    const found =
      resources === null || kinds.length === 0 ? [] : await shipments.selectTouched(trx, resources, touchedMax);
    if (found === null) all.push(...kinds);
    else if (found.length > 0) parts.push({ kinds, resources: found.map((row) => row.resource_id) });
    scope.push(...(found ?? []));
  }
  if (all.length > 0) parts.unshift({ kinds: all, resources: null });
  const visible = await shipments.selectVisibleRevisions(trx, { from: day, to: day.add({ days: 1 }) }, null);
  const comparison: write.Comparison = { day, parts, shipments: shipped ?? { baseId: 0, ids: [0] }, visible };
  return { comparison, shipped, scope };
}

/** Deployments whose sums of a month are rolled up at a time. */
const deploymentsAtOnce = 10_000;
/** Differences fetched at a time. */
const differencesMax = 50_000;

async function compareDay(
  trx: UnitOfWork,
  clickHouse: ClickHouse,
  wanted: DayComparison,
  differences: Differences,
): Promise<void> {
  const { comparison, shipped } = await openComparison(trx, wanted);
  const { inserted, changed, deleted } = await write.countDifferences(clickHouse, comparison);
  const parts = Math.ceil((inserted + changed + deleted) / differencesMax);
  for (let part = 0; part < parts; part += 1) {
    const rows = await write.sumDifferences(clickHouse, comparison, part, parts);
    const exact = (billionths: string) => fromBillionths(BigInt(billionths));
    await insertDifferences(
      trx,
      differences,
      rows.map((row) => ({ ...row, before: exact(row.before), after: exact(row.after) })),
    );
  }
  await assertBase(clickHouse, shipped);
}

/** The levels must not have been dropped while they were read: their absence would look like nothing. */
async function assertBase(clickHouse: ClickHouse, shipped: shipments.Shipments | null): Promise<void> {
  if (shipped === null) return;
  if ((await write.countBase(clickHouse, shipped.baseId)) !== shipped.baseRows) throw new LevelsMoved();
}

async function rollUp(trx: UnitOfWork, clickHouse: ClickHouse, month: KindMonth): Promise<number> {
  const range = { from: month.month, to: month.month.add({ months: 1 }) };
  const asked = await ask(trx, { scope: 'all', range });
  let records = 0;
  for await (const sums of read.monthSums(clickHouse, { ...asked, kindId: month.billingKindId }, deploymentsAtOnce)) {
    await months.insertMonths(trx, month, sums);
    for (const sum of sums) records += sum.records;
  }
  return records;
}

async function drop(db: Database, clickHouse: ClickHouse, month: KindMonth, signal?: AbortSignal): Promise<void> {
  const range = { from: month.month, to: month.month.add({ months: 1 }) };
  for (const text of await write.daysWithRows(clickHouse, range.from, range.to)) {
    signal?.throwIfAborted();
    const day = Temporal.PlainDate.from(text);
    await db.transaction().execute(async (trx) => {
      await lockDay(trx, day);
      if (await months.isMetered(trx, day)) {
        await shipments.whileBeating(trx, () => write.deleteKind(clickHouse, day, month.billingKindId));
        await shipments.updateVisibleRevisions(trx, day, await write.selectRevisionsOfDay(clickHouse, day));
      } else {
        await dropDay(clickHouse, day);
        await shipments.deleteVisibleRevisions(trx, day);
      }
    });
  }
  await shipments.deleteLeftRevisions(db, range);
}

function byCause(scope: readonly shipments.Touched[]): Map<string, number[]> {
  const causes = new Map<string, number[]>();
  const known = new Set<number>();
  for (const { resource_id, cause } of scope) {
    if (known.has(resource_id)) continue;
    known.add(resource_id);
    const resources = causes.get(cause);
    if (resources === undefined) causes.set(cause, [resource_id]);
    else resources.push(resource_id);
  }
  return causes;
}

async function kindSlugs(db: Queryable): Promise<Map<number, string>> {
  return new Map((await shipments.selectKindIds(db)).map(({ id, slug }) => [id, slug]));
}

async function ask(db: Queryable, { scope, range, kind, asOfRevision, floors }: UsageQuery): Promise<read.Asked> {
  const ids = floors === undefined && kind === undefined ? [] : await shipments.selectKindIds(db);
  const kindId = kind === undefined ? undefined : (ids.find(({ slug }) => slug === kind)?.id ?? 0);
  return {
    kindId,
    from: range.from,
    to: range.to,
    deployments:
      scope === 'all'
        ? null
        : 'deploymentId' in scope
          ? [scope.deploymentId]
          : 'deploymentIds' in scope
            ? scope.deploymentIds
            : await shipments.selectDeploymentsOfCustomer(db, scope.customerId),
    visible: await shipments.selectVisibleRevisions(db, range, asOfRevision ?? null),
    floors: new Map(
      [...(floors ?? [])].map(([slug, floor]) => [ids.find((kind) => kind.slug === slug)?.id ?? 0, floor]),
    ),
  };
}

function inOrder<Row extends { readonly kind: string }>(rows: Row[]): Row[] {
  return rows.sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0));
}
