import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// The provider's own documents of bills, and what differs between two versions.

export type BillForm = 'csv' | 'pdf';

export interface BillFile {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** A document that was kept; null: nobody has asked for it. */
export async function selectBillFile(db: Queryable, versionId: number, form: BillForm): Promise<BillFile | null> {
  const { rows } = await statement<BillFile>('providerBilling.selectBillFile')`
    SELECT digest, bytes FROM provider_bill_files WHERE bill_version_id = ${versionId} AND form = ${form}`.execute(db);
  return rows[0] ?? null;
}

/** Keeps a document; whoever was first is kept. */
export async function insertBillFile(
  db: Queryable,
  versionId: number,
  form: BillForm,
  { digest, bytes }: BillFile,
  now: Temporal.Instant,
): Promise<void> {
  await statement('providerBilling.insertBillFile')`
    INSERT INTO provider_bill_files (bill_version_id, form, digest, bytes, read_at)
    VALUES (${versionId}, ${form}, ${digest}, ${Buffer.from(bytes)}, ${now}::timestamptz) ON CONFLICT DO NOTHING`.execute(
    db,
  );
}

/** The file that a version was imported from, as it came. */
export async function selectImportedFile(db: Queryable, versionId: number): Promise<string | null> {
  const { rows } = await statement<{ body: string }>('providerBilling.selectImportedFile')`
    SELECT p.body FROM provider_bill_pages p JOIN provider_bill_versions v USING (bill_version_id)
    WHERE p.bill_version_id = ${versionId} AND v.source = 'csv' AND p.page = 1`.execute(db);
  return rows[0]?.body ?? null;
}

interface ChangedLine {
  readonly ordinal: number;
  readonly change: 'added' | 'removed' | 'changed';
  readonly product: string | null;
  readonly description: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly difference: string;
  /** Its place in the later version; null: it is not in it. */
  readonly position: number | null;
}

/**
 * Lines in which two versions differ. Lines have no ids: those with the same words and ids are the same, the first of
 * them with the first. Times that differ are a change as well.
 */
export async function selectChangedLines(
  db: Queryable,
  [before, after]: readonly [number, number],
  { limit, after: place }: { readonly limit: number; readonly after: number },
): Promise<ChangedLine[]> {
  const { rows } = await statement<ChangedLine>('providerBilling.selectChangedLines')`
    WITH lines AS (
      SELECT *, jsonb_build_array(product, description, group_description, resource_uuid, resource_id)::text AS key
      FROM provider_bill_lines WHERE bill_version_id IN (${before}::bigint, ${after}::bigint)
    ), placed AS (
      SELECT *, row_number() OVER (PARTITION BY bill_version_id, key ORDER BY start_time, position) AS place FROM lines
    ), old AS (SELECT * FROM placed WHERE bill_version_id = ${before}), new AS (SELECT * FROM placed WHERE bill_version_id = ${after}),
    found AS (
      SELECT row_number() OVER (ORDER BY coalesce(n.position, o.position), n.position IS NULL) AS ordinal,
             CASE WHEN o.key IS NULL THEN 'added' WHEN n.key IS NULL THEN 'removed' ELSE 'changed' END AS change,
             coalesce(n.product, o.product) AS product, coalesce(n.description, o.description) AS description,
             o.amount AS before, n.amount AS after, coalesce(n.amount, 0) - coalesce(o.amount, 0) AS difference, n.position
      FROM old o FULL JOIN new n ON n.key = o.key AND n.place = o.place
      WHERE o.key IS NULL OR n.key IS NULL
         OR (o.amount, o.start_time, o.end_time) IS DISTINCT FROM (n.amount, n.start_time, n.end_time)
    )
    SELECT * FROM found WHERE ordinal > ${place} ORDER BY ordinal LIMIT ${limit}`.execute(db);
  return rows;
}
