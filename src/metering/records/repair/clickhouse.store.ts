import type { ClickHouse } from '../clickhouse/connection.ts';
import { during } from '../clickhouse/write.store.ts';

// What a ClickHouse holds, in figures.

/** Of a day's rows of one revision: how many, and their sum in billionths. */
export interface RevisionFigures {
  readonly records: number;
  readonly sum: string;
}

/** Which of our tables there are. */
export async function selectTables(clickHouse: ClickHouse): Promise<ReadonlySet<string>> {
  const rows = await clickHouse.rows<{ name: string }>(
    'SELECT name FROM system.tables WHERE database = currentDatabase()',
  );
  return new Set(rows.map(({ name }) => name));
}

/** Of the days [from, to), by `day revision`. */
export async function selectRevisions(
  clickHouse: ClickHouse,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<ReadonlyMap<string, RevisionFigures>> {
  const rows = await clickHouse.rows<RevisionFigures & { day: string; revision: number }>(`
    SELECT toString(toDate(period_start)) AS day, revision, count() AS records, toString(sum(billionths)) AS sum
    FROM usage_records WHERE ${during(from, to)} GROUP BY day, revision`);
  return new Map(rows.map(({ day, revision, records, sum }) => [`${day} ${revision}`, { records, sum }]));
}

/** The last revision that there is any row of; 0: there is none. */
export async function selectLastRevision(clickHouse: ClickHouse): Promise<number> {
  const [row] = await clickHouse.rows<{ last: number }>('SELECT max(revision) AS last FROM usage_records');
  return row?.last ?? 0;
}

/** The last shipment that there is any row of; 0: there is none. */
export async function selectLastShipment(clickHouse: ClickHouse): Promise<number> {
  const [row] = await clickHouse.rows<{ last: number }>('SELECT max(shipment) AS last FROM metered_levels');
  return row?.last ?? 0;
}

/** How many rows each shipment upon a base has. */
export async function selectShipped(clickHouse: ClickHouse, baseId: number): Promise<ReadonlyMap<number, number>> {
  const rows = await clickHouse.rows<{ shipment: number; rows: number }>(
    `SELECT shipment, count() AS rows FROM metered_levels WHERE base = ${baseId} GROUP BY shipment`,
  );
  return new Map(rows.map((row) => [row.shipment, row.rows]));
}
