import { startOfDay } from '../../period.ts';
import type { KindOfDay, RunCause } from '../../store.ts';
import type { ClickHouse } from './connection.ts';
import { amongResources, expectedRecords } from './expected.store.ts';
import type { RevisionSpan, Shipments } from '../move/shipment.store.ts';
import { droppingOf, held } from './schema.store.ts';

// How ClickHouse replaces a day: rows of a new revision, counted before, inserted, and read back.

/** Some kinds of one day, and of all resources or of some. */
export interface Part {
  readonly kinds: readonly KindOfDay[];
  readonly resources: readonly number[] | null;
}

/** A comparison of what should be with what stands. */
export interface Comparison {
  readonly day: Temporal.PlainDate;
  readonly parts: readonly Part[];
  readonly shipments: Pick<Shipments, 'baseId' | 'ids'>;
  /** Revisions whose rows count so far. */
  readonly visible: readonly RevisionSpan[];
}

/** Figures of what a comparison found, or of what was written: sums in billionths, as text. */
export interface Figures {
  readonly inserted: number;
  readonly changed: number;
  readonly deleted: number;
  readonly sum: string;
}

const key = 'deployment_id, billing_kind_id, resource_id, period_start, granularity';

function seconds(day: Temporal.PlainDate): number {
  return startOfDay(day).epochMilliseconds / 1000;
}

/** A condition on period_start: the UTC days [from, to). */
export function during(from: Temporal.PlainDate, to: Temporal.PlainDate): string {
  return `period_start >= toDateTime(${seconds(from)}, 'UTC') AND period_start < toDateTime(${seconds(to)}, 'UTC')`;
}

/**
 * The rows that count. The server spells the spans out and looks each revision up: of 100,000 that were
 * named one by one it took 400 to 1,500 ms, and of as many in 30 spans 45; a BETWEEN for each span would
 * be compared row by row. Two lists of plain numbers, because of pairs it reads 50,000 at most.
 */
export function counts(visible: readonly RevisionSpan[]): string {
  const firsts = visible.map((span) => span.first).join(', ');
  const ends = visible.map((span) => span.last + 1).join(', ');
  return `revision IN (
    SELECT arrayJoin(arrayFlatten(arrayMap((first, end) -> range(toUInt64(first), toUInt64(end)), [${firsts}], [${ends}]))))`;
}

/**
 * What differs: the key, `there` (a record stood), `wanted` (one should), `billionths` of the latter,
 * `stood` of the former.
 * One grouping finds the latest version of each record and compares it.
 */
function differences({ day, parts, shipments, visible }: Comparison): string {
  const found = parts.map(({ kinds, resources }) => {
    const expected = expectedRecords(day, kinds, shipments, resources);
    if (visible.length === 0) {
      return expected === null
        ? null
        : `SELECT ${key}, toUInt8(0) AS there, toUInt8(1) AS wanted, billionths, toInt128(0) AS stood FROM ${expected}`;
    }
    const ids = kinds.map((kind) => kind.billingKindId).join(', ');
    const stored = `
      SELECT ${key}, revision, deleted, billionths AS amount, 0 AS expected FROM usage_records
      WHERE ${during(day, day.add({ days: 1 }))} AND billing_kind_id IN (${ids}) ${amongResources(resources)}
        AND ${counts(visible)}`;
    const both =
      expected === null
        ? stored
        : `SELECT ${key}, toUInt64(0) AS revision, false AS deleted, billionths AS amount, 1 AS expected FROM ${expected} UNION ALL ${stored}`;
    return `
      SELECT ${key}, toUInt8(countIf(expected = 0) > 0 AND NOT argMaxIf(deleted, revision, expected = 0)) AS there,
             toUInt8(countIf(expected = 1) > 0) AS wanted, anyIf(amount, expected = 1) AS billionths,
             argMaxIf(amount, revision, expected = 0) AS stood
      FROM (${both})
      GROUP BY ${key}
      HAVING there <> wanted OR (there = 1 AND stood <> billionths)`;
  });
  return `(${found.filter((part) => part !== null).join(' UNION ALL ')})`;
}

/** Counts what a replacement would write. */
export async function countDifferences(clickHouse: ClickHouse, comparison: Comparison): Promise<Figures> {
  if (nothingToCompare(comparison)) return { inserted: 0, changed: 0, deleted: 0, sum: '0' };
  const [figures] = await clickHouse.rows<Figures>(`
    SELECT countIf(there = 0) AS inserted, countIf(there = 1 AND wanted = 1) AS changed, countIf(wanted = 0) AS deleted,
           toString(sumIf(billionths, wanted = 1)) AS sum
    FROM ${differences(comparison)}`);
  if (figures === undefined) throw new Error('a count answers with one row');
  return figures;
}

/** What a replacement would change of one resource: sums in billionths, as text. */
export interface Difference {
  readonly deploymentId: number;
  readonly kindId: number;
  readonly resourceId: number;
  readonly before: string;
  readonly after: string;
  readonly inserted: number;
  readonly changed: number;
  readonly deleted: number;
}

/** What a replacement would write, added up by deployment, kind and resource; a part `of` so many of all resources. */
export async function sumDifferences(
  clickHouse: ClickHouse,
  comparison: Comparison,
  part: number,
  of: number,
): Promise<Difference[]> {
  return clickHouse.rows<Difference>(`
    SELECT deployment_id AS deploymentId, billing_kind_id AS kindId, resource_id AS resourceId,
           toString(sumIf(stood, there = 1)) AS before, toString(sumIf(billionths, wanted = 1)) AS after,
           countIf(there = 0) AS inserted, countIf(there = 1 AND wanted = 1) AS changed, countIf(wanted = 0) AS deleted
    FROM ${differences(comparison)} WHERE resource_id % ${of} = ${part}
    GROUP BY deployment_id, billing_kind_id, resource_id`);
}

/** Nothing is wanted, as of a kind that is not enabled, and nothing stands. */
function nothingToCompare({ parts, visible }: Comparison): boolean {
  return parts.length === 0 || (visible.length === 0 && !parts.some((part) => part.kinds.some((kind) => kind.enabled)));
}

/** Writes what differs, as rows of a revision that nobody sees yet. */
export async function insertDifferences(
  clickHouse: ClickHouse,
  comparison: Comparison,
  revision: number,
  cause: RunCause,
  causes: ReadonlyMap<string, readonly number[]>,
): Promise<void> {
  const own = [...causes].map(([name, resources]) => `resource_id IN (${resources.join(', ')}), ${text(name)}`);
  const why = own.length === 0 ? text(cause) : `multiIf(${own.join(', ')}, ${text(cause)})`;
  await clickHouse.run(`
    INSERT INTO usage_records (${key}, revision, deleted, billionths, cause)
    SELECT ${key}, ${revision}, wanted = 0, if(wanted = 1, billionths, 0), ${why}
    FROM ${differences(comparison)}`);
}

function text(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** What stands of a revision. */
export async function selectWritten(
  clickHouse: ClickHouse,
  day: Temporal.PlainDate,
  revision: number,
): Promise<{ records: number; deleted: number; sum: string }> {
  const [written] = await clickHouse.rows<{ records: number; deleted: number; sum: string }>(`
    SELECT count() AS records, countIf(deleted) AS deleted, toString(sum(billionths)) AS sum
    FROM usage_records WHERE ${during(day, day.add({ days: 1 }))} AND revision = ${revision}`);
  return written ?? { records: 0, deleted: 0, sum: '0' };
}

/** What stands of each revision of a day: sums in billionths, as text. */
export async function selectRevisionsOfDay(
  clickHouse: ClickHouse,
  day: Temporal.PlainDate,
): Promise<{ revision: number; records: number; sum: string }[]> {
  return clickHouse.rows(`
    SELECT revision, count() AS records, toString(sum(billionths)) AS sum
    FROM usage_records WHERE ${during(day, day.add({ days: 1 }))} GROUP BY revision`);
}

/** Whose records a revision has rows of. */
export async function selectWrittenDeployments(
  clickHouse: ClickHouse,
  day: Temporal.PlainDate,
  revision: number,
): Promise<number[]> {
  const rows = await clickHouse.rows<{ id: number }>(`
    SELECT DISTINCT deployment_id AS id FROM usage_records
    WHERE ${during(day, day.add({ days: 1 }))} AND revision = ${revision}`);
  return rows.map((row) => row.id);
}

/** How many rows the base shipment still has: none, once a later base has taken its place. */
export async function countBase(clickHouse: ClickHouse, baseId: number): Promise<number> {
  const [row] = await clickHouse.rows<{ rows: number }>(
    `SELECT count() AS rows FROM metered_levels WHERE base = ${baseId} AND shipment = ${baseId}`,
  );
  return row?.rows ?? 0;
}

/** What stands of a shipment of levels. */
export async function selectShipped(
  clickHouse: ClickHouse,
  baseId: number,
  shipmentId: number,
): Promise<{ rows: number; sum: string }> {
  const [row] = await clickHouse.rows<{ rows: number; sum: string }>(`
    SELECT count() AS rows, toString(sum(level)) AS sum
    FROM metered_levels WHERE base = ${baseId} AND shipment = ${shipmentId}`);
  return row ?? { rows: 0, sum: '0' };
}

/** Drops bases before one, and what an unfinished shipment left in them. */
export async function dropBasesBefore(clickHouse: ClickHouse, baseId: number): Promise<void> {
  const bases = await clickHouse.rows<{ base: number }>(
    `SELECT DISTINCT base FROM metered_levels WHERE base < ${baseId} ORDER BY base LIMIT 1000`,
  );
  for (const { base } of bases) await clickHouse.run(droppingOf(clickHouse, 'metered_levels', String(base)));
}

/** The days [from, to) of which there is any row, seen or not. */
export async function daysWithRows(
  clickHouse: ClickHouse,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<string[]> {
  const rows = await clickHouse.rows<{ day: string }>(
    `SELECT DISTINCT toString(toDate(period_start)) AS day FROM usage_records WHERE ${during(from, to)} ORDER BY day`,
  );
  return rows.map((row) => row.day);
}

/** Deletes a kind's rows of a day, and waits until they are gone. */
export async function deleteKind(clickHouse: ClickHouse, day: Temporal.PlainDate, kindId: number): Promise<void> {
  await clickHouse.run(`
    ALTER TABLE ${held(clickHouse, 'usage_records')} DELETE IN PARTITION ${day.toString().replaceAll('-', '')}
    WHERE billing_kind_id = ${kindId} SETTINGS mutations_sync = 2`);
}
