import { type RawBuilder, sql } from 'kysely';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// Bills and their versions: found or begun, filled page by page, sealed, superseded.

/** Whoever decides which bills a payer has takes turns until the end of the transaction. */
export async function lockBills(trx: UnitOfWork, payerId: number): Promise<void> {
  await statement(
    'providerBilling.lockBills',
  )`SELECT pg_advisory_xact_lock(hashtextextended('provider_bills', ${payerId}::bigint))`.execute(trx);
}

export interface KnownBill {
  readonly billId: number;
  readonly kind: 'final' | 'preview';
  readonly externalId: string;
  readonly period: Temporal.PlainDate;
  readonly missingSince: Temporal.Instant | null;
  /** Of its current version; null: none is sealed yet. */
  readonly source: 'api' | 'csv' | null;
  readonly number: string | null;
  readonly amount: string | null;
  readonly updatedAt: Temporal.Instant | null;
  readonly contentDigest: string | null;
}

/** A payer's bills, with what their current versions say. */
export async function selectKnownBills(db: Queryable, payerId: number): Promise<KnownBill[]> {
  const { rows } = await statement<KnownBill>('providerBilling.selectKnownBills')`
    SELECT b.bill_id AS "billId", b.kind, b.external_id AS "externalId", b.period, b.missing_since AS "missingSince",
           v.source, v.number, v.amount, v.updated_at AS "updatedAt", v.content_digest AS "contentDigest"
    FROM provider_bills b
    LEFT JOIN provider_bill_versions v ON v.bill_id = b.bill_id AND v.state = 'sealed' AND v.superseded_at = 'infinity'
    WHERE b.payer_id = ${payerId} ORDER BY b.period, b.bill_id`.execute(db);
  return rows;
}

interface NewBill {
  readonly payerId: number;
  readonly kind: 'final' | 'preview';
  readonly externalId: string;
  readonly period: Temporal.PlainDate;
}

export async function insertBill(trx: UnitOfWork, { payerId, kind, externalId, period }: NewBill): Promise<number> {
  const { rows } = await statement<{ billId: number }>('providerBilling.insertBill')`
    INSERT INTO provider_bills (payer_id, kind, external_id, period) VALUES (${payerId}, ${kind}, ${externalId}, ${period}::date)
    RETURNING bill_id AS "billId"`.execute(trx);
  return rows[0]!.billId;
}

/** The provider shows a bill by another id from now on. */
export async function updateBillId(trx: UnitOfWork, billId: number, externalId: string): Promise<void> {
  await statement('providerBilling.updateBillId')`
    UPDATE provider_bills SET external_id = ${externalId}, missing_since = NULL WHERE bill_id = ${billId}`.execute(trx);
}

/** Of a payer's final bills that came from the API, those that the provider's list does not show any more, or again. */
export async function updateMissing(
  trx: UnitOfWork,
  payerId: number,
  listed: readonly string[],
  now: Temporal.Instant,
): Promise<void> {
  await statement('providerBilling.updateMissing')`
    UPDATE provider_bills b SET missing_since = CASE WHEN b.missing_since IS NULL THEN ${now}::timestamptz END
    WHERE b.payer_id = ${payerId} AND b.kind = 'final' AND b.external_id NOT LIKE 'csv:%'
      AND (b.missing_since IS NULL) = (b.external_id <> ALL (${[...listed]}::text[]))`.execute(trx);
}

export interface BillReading {
  readonly versionId: number;
  readonly billId: number;
  readonly externalId: string;
  readonly number: string | null;
  readonly amount: string;
  readonly updatedAt: Temporal.Instant | null;
  readonly perPage: number;
  readonly pages: number;
  readonly lines: number;
  readonly total: number | null;
  readonly isWhole: boolean;
}

const readingColumns = sql`bill_version_id AS "versionId", bill_id AS "billId", external_id AS "externalId", number, amount,
  updated_at AS "updatedAt", per_page AS "perPage", pages, lines, total, is_whole AS "isWhole"`;

/** How far the reading of a bill has come; null: none is under way. */
export async function selectReading(db: Queryable, billId: number): Promise<BillReading | null> {
  const { rows } = await statement<BillReading>('providerBilling.selectReading')`
    SELECT ${readingColumns} FROM provider_bill_versions WHERE bill_id = ${billId} AND state = 'reading'`.execute(db);
  return rows[0] ?? null;
}

interface Begun {
  readonly billId: number;
  readonly source: 'api' | 'csv';
  readonly externalId: string;
  readonly number: string | null;
  readonly amount: string;
  readonly updatedAt: Temporal.Instant | null;
  readonly perPage: number;
  readonly by: string;
}

/** Begins the reading of a version; null: another one is under way. */
export async function insertReading(db: Queryable, begun: Begun, now: Temporal.Instant): Promise<BillReading | null> {
  const { billId, source, externalId, number, amount, updatedAt, perPage, by } = begun;
  const { rows } = await statement<BillReading>('providerBilling.insertReading')`
    INSERT INTO provider_bill_versions (bill_id, source, external_id, number, amount, updated_at, per_page, pages, lines, is_whole,
                                        state, began_at, recorded_by)
    VALUES (${billId}, ${source}, ${externalId}, ${number}, ${amount}::numeric, ${updatedAt}::timestamptz, ${perPage}, 0, 0, false,
            'reading', ${now}::timestamptz, ${by})
    ON CONFLICT (bill_id) WHERE state = 'reading' DO NOTHING RETURNING ${readingColumns}`.execute(db);
  return rows[0] ?? null;
}

/** Gives up a reading: all of it goes. */
export async function deleteReading(db: Queryable, versionId: number): Promise<void> {
  await statement('providerBilling.deleteReading')`
    DELETE FROM provider_bill_versions WHERE bill_version_id = ${versionId} AND state = 'reading'`.execute(db);
}

interface PageToStore {
  readonly page: number;
  /** As received. */
  readonly body: string;
  /** Its lines, as jsonb_to_recordset reads them (`BillLineRow`). */
  readonly lines: string;
  readonly count: number;
  readonly total: number | null;
  readonly isLast: boolean;
}

/**
 * Stores the page that comes after those of a reading, in one statement: all of it or nothing. How far the reading is then;
 * null: it is not the next one any more, or the provider counts otherwise than before.
 */
export async function insertPage(db: Queryable, versionId: number, stored: PageToStore): Promise<BillReading | null> {
  const { page, body, lines, count, total, isLast } = stored;
  const { rows } = await statement<BillReading>('providerBilling.insertPage')`
    WITH advanced AS (
      UPDATE provider_bill_versions SET pages = ${page}, lines = lines + ${count}, total = ${total}, is_whole = ${isLast}
      WHERE bill_version_id = ${versionId} AND state = 'reading' AND NOT is_whole AND pages = ${page} - 1
        AND (pages = 0 OR total IS NOT DISTINCT FROM ${total})
      RETURNING *
    ), kept AS (
      INSERT INTO provider_bill_pages (bill_version_id, page, body) SELECT bill_version_id, ${page}, ${body} FROM advanced
    ), read AS (
      INSERT INTO provider_bill_lines (bill_version_id, position, page, ordinal, amount, duration, start_time, end_time, product,
        category, description, group_description, resource_uuid, resource_id, project_name, duration_unit)
      SELECT a.bill_version_id, a.lines - ${count} + l.ordinal, ${page}, l.ordinal, l.amount, l.duration, l."startTime", l."endTime",
             l.product, l.category, l.description, l."groupDescription", l."resourceUuid", l."resourceId", l."projectName",
             l."durationUnit"
      FROM advanced a CROSS JOIN ${linesOf(lines)} AS l
    )
    SELECT ${readingColumns} FROM advanced`.execute(db);
  return rows[0] ?? null;
}

/** Lines as `storableLines` gives them. */
function linesOf(lines: string): RawBuilder<unknown> {
  return sql`(
    SELECT * FROM jsonb_to_recordset(${lines}::jsonb) AS l (ordinal int, amount numeric, duration numeric, "startTime" timestamptz,
      "endTime" timestamptz, product text, category text, description text, "groupDescription" text, "resourceUuid" text,
      "resourceId" text, "projectName" text, "durationUnit" text))`;
}

/** Of lines that are not stored: as `selectFingerprint` of those that are. */
export async function selectFileFingerprint(
  db: Queryable,
  lines: string,
): Promise<Pick<Fingerprint, 'linesAmount' | 'contentDigest'>> {
  const { rows } = await statement<Pick<Fingerprint, 'linesAmount' | 'contentDigest'>>(
    'providerBilling.selectFileFingerprint',
  )`
    WITH lines AS (
      SELECT amount, ${contentOf({ group: sql`"groupDescription"`, start: sql`"startTime"`, end: sql`"endTime"`, project: sql`"projectName"` })} AS content
      FROM ${linesOf(lines)} AS l
    )
    SELECT coalesce(sum(amount), 0) AS "linesAmount", ${digestOf(sql`content`)} AS "contentDigest" FROM lines`.execute(
    db,
  );
  return rows[0]!;
}

/** What a file of the provider's says of a line. */
function contentOf(
  columns: Readonly<Record<'group' | 'start' | 'end' | 'project', RawBuilder<unknown>>>,
): RawBuilder<unknown> {
  const { group, start, end, project } = columns;
  return sql`md5(ROW(product, ${group}, description, trim_scale(duration), ${start}, ${end}, trim_scale(amount), ${project})::text)`;
}

/** Of MD5 sums in whatever order, so that nothing is sorted: how many, and the sum of 64 bits of each. */
function digestOf(md5: RawBuilder<unknown>, before: RawBuilder<unknown> = sql`''`): RawBuilder<unknown> {
  const sum = sql`sum(('x' || left(${md5}, 16))::bit(64)::bigint)`;
  return sql`encode(sha256(convert_to(concat_ws(' ', ${before}, count(*), ${sum}), 'UTF8')), 'hex')`;
}

interface Fingerprint {
  readonly linesAmount: string;
  readonly digest: string;
  readonly contentDigest: string;
}

/**
 * What the lines of a version come to, and what tells them from others: all that they say, and what a file of the
 * provider's says of them, which has no ids, categories and units. Neither depends on the order of lines.
 */
export async function selectFingerprint(trx: UnitOfWork, versionId: number, header: string): Promise<Fingerprint> {
  const { rows } = await statement<Fingerprint>('providerBilling.selectFingerprint')`
    WITH lines AS (
      SELECT amount, content, md5(ROW(content, category, resource_uuid, resource_id, duration_unit)::text) AS line
      FROM (SELECT *, ${contentOf({ group: sql`group_description`, start: sql`start_time`, end: sql`end_time`, project: sql`project_name` })} AS content
            FROM provider_bill_lines WHERE bill_version_id = ${versionId} OFFSET 0) AS l
    )
    SELECT coalesce(sum(amount), 0) AS "linesAmount", ${digestOf(sql`line`, sql`${header}::text`)} AS digest,
           ${digestOf(sql`content`)} AS "contentDigest"
    FROM lines`.execute(trx);
  return rows[0]!;
}

interface CurrentVersion {
  readonly versionId: number;
  readonly version: number;
  readonly digest: string;
}

/** Locks a bill, and says what its current version is; null: it has none. */
export async function lockBill(trx: UnitOfWork, billId: number): Promise<CurrentVersion | null> {
  await statement('providerBilling.lockBill')`SELECT FROM provider_bills WHERE bill_id = ${billId} FOR UPDATE`.execute(
    trx,
  );
  const { rows } = await statement<CurrentVersion>('providerBilling.lockBill.current')`
    SELECT bill_version_id AS "versionId", version, digest FROM provider_bill_versions
    WHERE bill_id = ${billId} AND state = 'sealed' AND superseded_at = 'infinity'`.execute(trx);
  return rows[0] ?? null;
}

/** A reading becomes the bill's version of that number, and takes the place of the one before. false: it is gone. */
export async function sealReading(
  trx: UnitOfWork,
  { versionId, billId }: Pick<BillReading, 'versionId' | 'billId'>,
  sealed: Fingerprint & { readonly version: number; readonly summary: string | null },
  now: Temporal.Instant,
): Promise<boolean> {
  await statement('providerBilling.sealReading.supersede')`
    UPDATE provider_bill_versions SET superseded_at = ${now}::timestamptz
    WHERE bill_id = ${billId} AND state = 'sealed' AND superseded_at = 'infinity'`.execute(trx);
  const { numAffectedRows } = await statement('providerBilling.sealReading')`
    UPDATE provider_bill_versions SET state = 'sealed', version = ${sealed.version}, sealed_at = ${now}::timestamptz,
      summary = ${sealed.summary}, lines_amount = ${sealed.linesAmount}::numeric, digest = ${sealed.digest},
      content_digest = ${sealed.contentDigest}
    WHERE bill_version_id = ${versionId} AND state = 'reading' AND is_whole AND lines = coalesce(total, lines)`.execute(
    trx,
  );
  return numAffectedRows === 1n;
}

/** Of a preview, what was superseded by another one of the same UTC day goes: the last of each day stays. */
export async function deleteSameDay(trx: UnitOfWork, versionId: number): Promise<void> {
  await statement('providerBilling.deleteSameDay')`
    DELETE FROM provider_bill_versions old USING provider_bill_versions v
    WHERE v.bill_version_id = ${versionId} AND old.bill_id = v.bill_id AND old.bill_version_id <> v.bill_version_id
      AND old.state = 'sealed' AND date_trunc('day', coalesce(old.updated_at, old.began_at), 'UTC')
        = date_trunc('day', coalesce(v.updated_at, v.began_at), 'UTC')`.execute(trx);
}

/** The number of a bill's newest version; 0: it has none. */
export async function selectNewestVersion(trx: UnitOfWork, billId: number): Promise<number> {
  const { rows } = await statement<{ newest: number }>('providerBilling.selectNewestVersion')`
    SELECT coalesce(max(version), 0) AS newest FROM provider_bill_versions WHERE bill_id = ${billId}`.execute(trx);
  return rows[0]!.newest;
}
