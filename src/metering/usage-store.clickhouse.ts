import type { Database, Transaction } from '../platform/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { fromBillionths } from '../platform/quantity.ts';
import type { ClickHouse } from './usage-store.clickhouse.connection.ts';
import { areCurrent, shipLevels } from './usage-store.clickhouse.levels.ts';
import * as read from './usage-store.clickhouse.read.store.ts';
import * as write from './usage-store.clickhouse.write.store.ts';
import * as shipments from './usage-store.shipment.store.ts';
import {
  type DayReplacement,
  LevelsMoved,
  nothingReplaced,
  type Replaced,
  sumsMax,
  type UsageQuery,
  type UsageRecord,
  type UsageStore,
} from './usage-store.ts';

/** Above so many touched resources a day is compared whole, which then is less work. */
const touchedMax = 5_000;

/** The store for usage that has outgrown one database; see docs/usage-store.md. */
export function clickHouseUsageStore(clickHouse: ClickHouse): UsageStore {
  return {
    engine: 'clickhouse',
    prepare: (db) => shipLevels(db, clickHouse),
    replaceDay: (trx, replacement) => shipments.whileBeating(trx, () => replaceDay(trx, clickHouse, replacement)),
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
      const rows = await read.sumsByDeployment(clickHouse, await ask(db, query), sumsMax);
      return rows
        .map(({ kindId, ...row }) => ({ ...row, kind: kinds.get(kindId) ?? '' }))
        .sort((a, b) => a.deploymentId - b.deploymentId || (a.kind < b.kind ? -1 : 1));
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
  };
}

async function replaceDay(
  trx: Transaction,
  clickHouse: ClickHouse,
  { day, whole, touched, cause, upTo, begin }: DayReplacement,
): Promise<Replaced> {
  const shipped = await shipments.selectShipments(trx);
  const levels = await shipments.selectLevelsPosition(trx);
  // Other facts may come at any time; those up to the position that is being metered must be there.
  const wanted = levels === null ? null : { ...levels, factChangeId: Math.min(levels.factChangeId, upTo) };
  if (!areCurrent(shipped, wanted)) throw new LevelsMoved();

  const scope = touched.length === 0 ? [] : await shipments.selectTouched(trx, touchedMax);
  const parts: write.Part[] = [];
  const all = scope === null ? [...whole, ...touched] : whole;
  if (all.length > 0) parts.push({ kinds: all, resources: null });
  if (scope !== null && scope.length > 0) {
    parts.push({ kinds: touched, resources: scope.map((row) => row.resource_id) });
  }
  const visible = await shipments.selectVisibleRevisions(trx, { from: day, to: day.add({ days: 1 }) }, null);
  const comparison = { day, parts, shipments: shipped ?? { baseId: 0, ids: [0] }, visible };

  const { inserted, changed, deleted, sum } = await write.countDifferences(clickHouse, comparison);
  const records = inserted + changed + deleted;
  if (records > 0) {
    const revision = await begin();
    await write.insertDifferences(clickHouse, comparison, revision, cause, byCause(scope ?? []));
    const there = await write.selectWritten(clickHouse, day, revision);
    if (there.records !== records || there.deleted !== deleted || there.sum !== sum) {
      throw new ArcadiaError(
        'usage_store_mismatch',
        `Of ${records} rows of ${day} with a sum of ${sum}, ${clickHouse.address} has ${there.records} with ${there.sum}.`,
      );
    }
    await shipments.insertVisibleRevision(trx, day, revision, { records, quantity: fromBillionths(BigInt(sum)) });
    await assertBase(clickHouse, shipped);
    return { revision, inserted, changed, deleted };
  }
  await assertBase(clickHouse, shipped);
  return nothingReplaced;
}

/** The levels must not have been dropped while they were read: their absence would look like nothing. */
async function assertBase(clickHouse: ClickHouse, shipped: shipments.Shipments | null): Promise<void> {
  if (shipped === null) return;
  if ((await write.countBase(clickHouse, shipped.baseId)) !== shipped.baseRows) throw new LevelsMoved();
}

function byCause(scope: readonly { readonly resource_id: number; readonly cause: string }[]): Map<string, number[]> {
  const causes = new Map<string, number[]>();
  for (const { resource_id, cause } of scope) {
    const resources = causes.get(cause);
    if (resources === undefined) causes.set(cause, [resource_id]);
    else resources.push(resource_id);
  }
  return causes;
}

async function kindSlugs(db: Database): Promise<Map<number, string>> {
  return new Map((await shipments.selectKindIds(db)).map(({ id, slug }) => [id, slug]));
}

async function ask(db: Database, { scope, range, asOfRevision }: UsageQuery): Promise<read.Asked> {
  return {
    from: range.from,
    to: range.to,
    deployments:
      scope === 'all'
        ? null
        : 'deploymentId' in scope
          ? [scope.deploymentId]
          : await shipments.selectDeploymentsOfCustomer(db, scope.customerId),
    visible: await shipments.selectVisibleRevisions(db, range, asOfRevision ?? null),
  };
}

function inOrder<Row extends { readonly kind: string }>(rows: Row[]): Row[] {
  return rows.sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0));
}
