import { fromBillionths } from '../../../platform/quantity.ts';
import type { Granularity } from '../../period.ts';
import type { ClickHouse } from './connection.ts';
import type { MonthSum } from '../../retention/usage-months.store.ts';
import { counts, during } from './write.store.ts';
import type { RevisionSpan } from '../move/shipment.store.ts';

// How ClickHouse answers for usage. Kinds and deployments are ids here.

/** What is asked, with names turned into ids and the reader's scope into deployments; null: all of them. */
export interface Asked {
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
  readonly deployments: readonly number[] | null;
  /** Revisions that count. */
  readonly visible: readonly RevisionSpan[];
  readonly kindId?: number | undefined;
  readonly resourceId?: number | undefined;
  /** Records of a kind before a day are left out. */
  readonly floors?: ReadonlyMap<number, Temporal.PlainDate> | undefined;
}

const key = 'deployment_id, billing_kind_id, resource_id, period_start, granularity';

/**
 * The records as they stand: of each, the row of the greatest revision that counts, unless it says
 * that there is none.
 */
export function standing({ from, to, deployments, visible, kindId, resourceId, floors = new Map() }: Asked): string {
  const chosen = [
    during(from, to),
    counts(visible),
    ...(deployments === null ? [] : [`deployment_id IN (${deployments.join(', ')})`]),
    ...(kindId === undefined ? [] : [`billing_kind_id = ${kindId}`]),
    ...(resourceId === undefined ? [] : [`resource_id = ${resourceId}`]),
    ...[...floors].map(([kind, floor]) => `NOT (billing_kind_id = ${kind} AND ${during(from, floor)})`),
  ].join(' AND ');
  return `
    (SELECT ${key}, max(revision) AS latest, argMax(billionths, revision) AS amount
     FROM usage_records WHERE ${chosen}
     GROUP BY ${key} HAVING NOT argMax(deleted, revision))`;
}

function nobody({ deployments, visible }: Asked): boolean {
  return visible.length === 0 || deployments?.length === 0;
}

export async function sumsByKind(
  clickHouse: ClickHouse,
  asked: Asked,
): Promise<{ kindId: number; quantity: string }[]> {
  if (nobody(asked)) return [];
  const rows = await clickHouse.rows<{ kindId: number; sum: string }>(`
    SELECT billing_kind_id AS kindId, toString(sum(amount)) AS sum FROM ${standing(asked)} GROUP BY kindId`);
  return rows.map(({ kindId, sum }) => ({ kindId, quantity: fromBillionths(BigInt(sum)) }));
}

export async function sumsByKindAndDay(
  clickHouse: ClickHouse,
  asked: Asked,
): Promise<{ kindId: number; day: string; quantity: string; records: number }[]> {
  if (nobody(asked)) return [];
  const rows = await clickHouse.rows<{ kindId: number; day: string; sum: string; records: number }>(`
    SELECT billing_kind_id AS kindId, toString(toDate(period_start)) AS day, toString(sum(amount)) AS sum,
           count() AS records
    FROM ${standing(asked)} GROUP BY kindId, day`);
  return rows.map(({ kindId, day, sum, records }) => ({
    kindId,
    day,
    quantity: fromBillionths(BigInt(sum)),
    records,
  }));
}

export async function sumsByDeployment(
  clickHouse: ClickHouse,
  asked: Asked,
  limit: number,
): Promise<{ deploymentId: number; kindId: number; quantity: string }[]> {
  if (nobody(asked)) return [];
  const rows = await clickHouse.rows<{ deploymentId: number; kindId: number; sum: string }>(`
    SELECT deployment_id AS deploymentId, billing_kind_id AS kindId, toString(sum(amount)) AS sum
    FROM ${standing(asked)} GROUP BY deploymentId, kindId ORDER BY deploymentId, kindId LIMIT ${limit}`);
  return rows.map(({ deploymentId, kindId, sum }) => ({
    deploymentId,
    kindId,
    quantity: fromBillionths(BigInt(sum)),
  }));
}

export async function sumsByDeploymentAndDay(
  clickHouse: ClickHouse,
  asked: Asked,
  limit: number,
): Promise<{ deploymentId: number; kindId: number; day: string; quantity: string }[]> {
  if (nobody(asked)) return [];
  const rows = await clickHouse.rows<{ deploymentId: number; kindId: number; day: string; sum: string }>(`
    SELECT deployment_id AS deploymentId, billing_kind_id AS kindId, toString(toDate(period_start)) AS day,
           toString(sum(amount)) AS sum
    FROM ${standing(asked)} GROUP BY deploymentId, kindId, day ORDER BY deploymentId, kindId, day LIMIT ${limit}`);
  return rows.map(({ sum, ...row }) => ({ ...row, quantity: fromBillionths(BigInt(sum)) }));
}

export interface RecordRow {
  readonly deploymentId: number;
  readonly resourceId: number;
  readonly kindId: number;
  readonly granularity: Granularity;
  readonly seconds: number;
  readonly billionths: string;
  readonly revision: number;
}

export async function records(
  clickHouse: ClickHouse,
  asked: Asked,
  after: Pick<RecordRow, 'deploymentId' | 'kindId' | 'resourceId' | 'seconds'> | null,
  limit: number,
): Promise<RecordRow[]> {
  if (nobody(asked)) return [];
  const behind =
    after === null
      ? ''
      : `WHERE (deployment_id, billing_kind_id, resource_id, toUInt32(period_start))
               > (${after.deploymentId}, ${after.kindId}, ${after.resourceId}, ${after.seconds})`;
  return clickHouse.rows<RecordRow>(`
    SELECT deployment_id AS deploymentId, resource_id AS resourceId, billing_kind_id AS kindId, granularity,
           toUInt32(period_start) AS seconds, toString(amount) AS billionths, latest AS revision
    FROM ${standing(asked)} ${behind}
    ORDER BY deployment_id, billing_kind_id, resource_id, period_start LIMIT ${limit}`);
}

export async function countRecords(clickHouse: ClickHouse, asked: Asked): Promise<number> {
  if (nobody(asked)) return 0;
  const [row] = await clickHouse.rows<{ records: number }>(`SELECT count() AS records FROM ${standing(asked)}`);
  return row?.records ?? 0;
}

/**
 * A month's records of one kind, by deployment, as usage_months holds them, so many deployments at a
 * time: all of them, since what is rolled up is removed. The digest is described there.
 */
export async function* monthSums(clickHouse: ClickHouse, asked: Asked, atOnce: number): AsyncGenerator<MonthSum[]> {
  if (nobody(asked)) return;
  const days = Array.from({ length: asked.to.since(asked.from).days }, (_, index) => {
    const ofDay = `toDayOfMonth(period_start) = ${index + 1}`;
    return `if(countIf(${ofDay}) = 0, NULL, toString(sumIf(period_sum, ${ofDay})))`;
  });
  const exact = (billionths: string) => fromBillionths(BigInt(billionths));
  for (let behind = ''; ; ) {
    const rows = await clickHouse.rows<{
      deploymentId: number;
      sum: string;
      days: (string | null)[];
      records: number;
      digest: string;
    }>(`
      SELECT deployment_id AS deploymentId, toString(sum(period_sum)) AS sum, [${days.join(', ')}] AS days,
             sum(period_records) AS records,
             lower(hex(SHA256(arrayStringConcat(arrayMap(p -> concat(toString(p.1), ' ', p.2, ' ', p.3),
               arraySort(groupArray((toUInt32(period_start), toString(granularity), period_digest)))), '\\n')))) AS digest
      FROM (SELECT deployment_id, period_start, granularity, sum(amount) AS period_sum, count() AS period_records,
                   lower(hex(SHA256(arrayStringConcat(arrayMap(r -> concat(toString(r.1), ' ', toString(r.2)),
                     arraySort(groupArray((resource_id, amount)))), '\\n')))) AS period_digest
            FROM ${standing(asked)} ${behind} GROUP BY deployment_id, period_start, granularity)
      GROUP BY deployment_id ORDER BY deployment_id LIMIT ${atOnce}`);
    yield rows.map(({ sum, days: sums, ...row }) => ({
      ...row,
      quantity: exact(sum),
      days: sums.map((day) => (day === null ? null : exact(day))),
    }));
    const last = rows.at(-1);
    if (last === undefined || rows.length < atOnce) return;
    behind = `WHERE deployment_id > ${last.deploymentId}`;
  }
}

// For a move: every version that counts, with the rows that say that there is none.

type Days = Pick<Asked, 'from' | 'to'>;

function versions({ from, to }: Days, visible: readonly RevisionSpan[]): string {
  return `FROM usage_records WHERE ${during(from, to)} AND ${counts(visible)}`;
}

/** How many there are, and the sum of them all in billionths, as text. */
export async function versionFigures(
  clickHouse: ClickHouse,
  days: Days,
  visible: readonly RevisionSpan[],
): Promise<{ records: number; sum: string }> {
  if (visible.length === 0) return { records: 0, sum: '0' };
  const [row] = await clickHouse.rows<{ records: number; sum: string }>(
    `SELECT count() AS records, toString(sum(billionths)) AS sum ${versions(days, visible)}`,
  );
  return row ?? { records: 0, sum: '0' };
}

/** They themselves, as tab-separated lines in the order of the table's columns, some thousands at a time. */
export function versionsOf(
  clickHouse: ClickHouse,
  days: Days,
  visible: readonly RevisionSpan[],
): AsyncIterable<string[]> {
  return clickHouse.lines(`
    SELECT deployment_id, billing_kind_id, resource_id, toUInt32(period_start), granularity, revision, deleted,
           toString(billionths), cause ${versions(days, visible)}`);
}
