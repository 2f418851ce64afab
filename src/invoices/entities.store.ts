import { type RawBuilder, sql } from 'kysely';
import { appendChanges } from '../platform/changes.ts';
import type { UnitOfWork, Queryable } from '../platform/database/database.ts';
import { type HistoryTable, rewriteHistory } from '../platform/history.ts';
import type { Asset } from './assets.ts';
import type { Buyer, Seller } from './party.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs } from '../platform/database/temporary-table.ts';

// Who bills and who is billed: legal entities, tax rates, customers' billing details, and what
// documents are drawn with.

export interface LegalEntityRow {
  readonly legalEntityId: number;
  readonly slug: string;
  readonly isDefault: boolean;
  readonly footer: string | null;
  readonly numbering: 'own' | 'external';
  readonly invoicePrefix: string;
  readonly creditNotePrefix: string;
  readonly numberDigits: number;
  readonly termsDays: number;
  readonly graceDays: number;
  /** sha256 in hexadecimal; null: none. */
  readonly logo: string | null;
  readonly font: string | null;
}

const entityColumns = sql`
  legal_entity_id AS "legalEntityId", slug, is_default AS "isDefault", footer,
  numbering, invoice_prefix AS "invoicePrefix", credit_note_prefix AS "creditNotePrefix", number_digits AS "numberDigits",
  terms_days AS "termsDays", grace_days AS "graceDays", encode(logo_digest, 'hex') AS logo, encode(font_digest, 'hex') AS font`;

/** All of them, the default one first; there are as many as an operator founded companies. */
export async function selectEntities(db: Queryable): Promise<LegalEntityRow[]> {
  const { rows } = await statement<LegalEntityRow>('invoices.selectEntities')`
    SELECT ${entityColumns} FROM legal_entities ORDER BY is_default DESC, slug COLLATE "C" LIMIT 1000`.execute(db);
  return rows;
}

/** What a legal entity is called, where it is, and how it is paid. */
export interface SellerPartyRow {
  readonly name: string | null;
  readonly address: string[];
  readonly taxIds: string[];
  readonly email: string | null;
  readonly party: Partial<Seller>;
}

export interface DatedSellerPartyRow extends SellerPartyRow {
  readonly legalEntityId: number;
  /** Null: from the beginning; without end. */
  readonly from: Temporal.Instant | null;
  readonly to: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant;
  readonly recordedBy: string;
}

/** What is believed of one legal entity (null: of all), oldest first. */
export async function selectSellerParties(db: Queryable, legalEntityId: number | null): Promise<DatedSellerPartyRow[]> {
  const { rows } = await statement<DatedSellerPartyRow>('invoices.selectSellerParties')`
    SELECT legal_entity_id AS "legalEntityId", name, address, tax_ids AS "taxIds", email, party, valid_from AS "from",
           valid_to AS "to", recorded_at AS "recordedAt", recorded_by AS "recordedBy"
    FROM legal_entity_parties
    WHERE superseded_at = 'infinity' AND (${legalEntityId}::int IS NULL OR legal_entity_id = ${legalEntityId})
    ORDER BY legal_entity_id, valid_from LIMIT 10000`.execute(db);
  return rows;
}

const partyHistory: HistoryTable = {
  table: 'legal_entity_parties',
  id: 'legal_entity_party_id',
  key: ['legal_entity_id'],
  values: ['name', 'address', 'tax_ids', 'email', 'party', 'recorded_by'],
};

/** Over these days the legal entity is that; they do not overlap. */
export async function rewriteSellerParties(
  trx: UnitOfWork,
  legalEntityId: number,
  parties: readonly (SellerPartyRow & Dates)[],
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  const rows = parties.map(
    (party) => sql`
      SELECT ${legalEntityId}::int AS legal_entity_id, ${party.name}::text AS name, ${[...party.address]}::text[] AS address,
             ${[...party.taxIds]}::text[] AS tax_ids, ${party.email}::text AS email,
             ${JSON.stringify(party.party)}::jsonb AS party, ${by}::text AS recorded_by, ${datesOf(party)}`,
  );
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'invoices.rewriteSellerParties', table: 'staged_party' },
    sql.join(rows, sql` UNION ALL `),
  );
  await rewriteHistory(trx, partyHistory, staged, now);
}

/** Over which days. Null: from the beginning; without end. */
interface Dates {
  readonly from: Temporal.Instant | null;
  readonly to: Temporal.Instant | null;
}

function datesOf({ from, to }: Dates): RawBuilder<unknown> {
  return sql`coalesce(${from}::timestamptz, '-infinity') AS valid_from, coalesce(${to}::timestamptz, 'infinity') AS valid_to,
             true AS asserted`;
}

/** Null where the slug is taken. */
export async function insertEntity(trx: UnitOfWork, slug: string, now: Temporal.Instant): Promise<number | null> {
  const { rows } = await statement<{ id: number }>('invoices.insertEntity')`
    INSERT INTO legal_entities (slug, is_default, numbering, invoice_prefix, credit_note_prefix,
                                number_digits, terms_days, grace_days, created_at)
    VALUES (${slug}, false, 'own', upper(${slug}) || '-', upper(${slug}) || '-CN-', 6, 14, 3, ${now})
    ON CONFLICT (slug) DO NOTHING RETURNING legal_entity_id AS id`.execute(trx);
  return rows[0]?.id ?? null;
}

/** Locks one until the end of the transaction. */
export async function lockEntity(trx: UnitOfWork, slug: string): Promise<LegalEntityRow | undefined> {
  const { rows } = await statement<LegalEntityRow>('invoices.lockEntity')`
    SELECT ${entityColumns} FROM legal_entities WHERE slug = ${slug} FOR UPDATE`.execute(trx);
  return rows[0];
}

export async function updateEntity(trx: UnitOfWork, entity: LegalEntityRow): Promise<void> {
  await statement('invoices.updateEntity')`
    UPDATE legal_entities SET
      footer = ${entity.footer}, numbering = ${entity.numbering},
      invoice_prefix = ${entity.invoicePrefix}, credit_note_prefix = ${entity.creditNotePrefix},
      number_digits = ${entity.numberDigits}, terms_days = ${entity.termsDays}, grace_days = ${entity.graceDays},
      logo_digest = decode(${entity.logo}, 'hex'), font_digest = decode(${entity.font}, 'hex')
    WHERE legal_entity_id = ${entity.legalEntityId}`.execute(trx);
}

/** Of the numbers that come next, of invoices and credit notes, one that a document has already. */
export async function selectNextTaken(trx: UnitOfWork, entity: LegalEntityRow): Promise<string | undefined> {
  const { rows } = await statement<{ number: string }>('invoices.selectNextTaken')`
    SELECT i.number
    FROM (VALUES ('invoice', ${entity.invoicePrefix}::text), ('credit_note', ${entity.creditNotePrefix}::text)) AS k (kind, prefix)
    LEFT JOIN number_series s ON s.kind = k.kind AND s.legal_entity_id = ${entity.legalEntityId}
    CROSS JOIN LATERAL (SELECT (coalesce(s.last_number, 0) + 1)::text AS digits) AS n
    JOIN invoices i ON i.legal_entity_id = ${entity.legalEntityId}
     AND i.number = k.prefix || lpad(n.digits, greatest(${entity.numberDigits}::int, length(n.digits)), '0')
    LIMIT 1`.execute(trx);
  return rows[0]?.number;
}

export async function updateDefaultEntity(trx: UnitOfWork, legalEntityId: number): Promise<void> {
  await statement(
    'invoices.updateDefaultEntity.unset',
  )`UPDATE legal_entities SET is_default = false WHERE is_default`.execute(trx);
  await statement(
    'invoices.updateDefaultEntity.set',
  )`UPDATE legal_entities SET is_default = true WHERE legal_entity_id = ${legalEntityId}`.execute(trx);
}

/** What is there already, by its digest, stays. Returns the digest in hexadecimal. */
export async function insertAsset(trx: UnitOfWork, mediaType: string, bytes: Uint8Array): Promise<string> {
  const buffer = Buffer.from(bytes);
  await statement('invoices.insertAsset.insert_document_assets')`
    INSERT INTO document_assets (digest, media_type, bytes) VALUES (sha256(${buffer}), ${mediaType}, ${buffer})
    ON CONFLICT (digest) DO NOTHING`.execute(trx);
  const { rows } = await statement<{ digest: string }>(
    'invoices.insertAsset.select_encode',
  )`SELECT encode(sha256(${buffer}), 'hex') AS digest`.execute(trx);
  return rows[0]?.digest as string;
}

export async function selectAsset(db: Queryable, digest: string): Promise<Asset | undefined> {
  const { rows } = await statement<Asset>('invoices.selectAsset')`
    SELECT media_type AS type, bytes FROM document_assets WHERE digest = decode(${digest}, 'hex')`.execute(db);
  return rows[0];
}

// Tax rates -----------------------------------------------------------------------------------

export interface TaxRateRow {
  readonly entity: string;
  readonly legalEntityId: number;
  readonly category: string;
  readonly title: string;
  /** Decimal, without trailing zeros. */
  readonly percent: string;
  /** Null: from the beginning; without end. */
  readonly from: Temporal.Instant | null;
  readonly to: Temporal.Instant | null;
}

/** What is believed now; `day`: only what holds on it. */
export async function selectTaxRates(db: Queryable, day: Temporal.PlainDate | null): Promise<TaxRateRow[]> {
  const { rows } = await statement<TaxRateRow>('invoices.selectTaxRates')`
    SELECT e.slug AS entity, r.legal_entity_id AS "legalEntityId", r.category, r.title,
           trim_scale(r.percent)::text AS percent, r.valid_from AS "from", r.valid_to AS "to"
    FROM tax_rates r JOIN legal_entities e USING (legal_entity_id)
    WHERE r.superseded_at = 'infinity'
      AND (${day}::date IS NULL OR (r.valid_from <= ${day}::date AND r.valid_to > ${day}::date))
    ORDER BY e.slug COLLATE "C", r.category, r.valid_from LIMIT 10000`.execute(db);
  return rows;
}

const taxRateHistory: HistoryTable = {
  table: 'tax_rates',
  id: 'tax_rate_id',
  key: ['legal_entity_id', 'category'],
  values: ['title', 'percent', 'recorded_by'],
};

export interface NewTaxRate {
  readonly legalEntityId: number;
  readonly category: string;
  readonly title: string;
  readonly percent: string;
  /** Null: from the beginning. */
  readonly from: Temporal.PlainDate | null;
}

/** From the day on, without end, whatever was believed before. Returns whether that is a change. */
export async function rewriteTaxRate(
  trx: UnitOfWork,
  rate: NewTaxRate,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  await statement('invoices.rewriteTaxRate.lock_tax_rates')`LOCK TABLE tax_rates IN SHARE ROW EXCLUSIVE MODE`.execute(
    trx,
  );
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'invoices.rewriteTaxRate', table: 'staged_tax_rates' },
    sql`
      SELECT ${rate.legalEntityId}::int AS legal_entity_id, ${rate.category}::text AS category, ${rate.title}::text AS title,
             ${rate.percent}::numeric AS percent, ${by}::text AS recorded_by,
             coalesce(${rate.from}::date::timestamptz, '-infinity') AS valid_from, 'infinity'::timestamptz AS valid_to,
             true AS asserted`,
  );
  const { rows } = await statement<{ same: boolean }>('invoices.rewriteTaxRate.select_exists')`
    SELECT EXISTS (
      SELECT FROM tax_rates r JOIN ${staged} s USING (legal_entity_id, category, title)
      WHERE r.superseded_at = 'infinity' AND r.percent = s.percent
        AND r.valid_from <= s.valid_from AND r.valid_to = 'infinity') AS same`.execute(trx);
  if (rows[0]?.same) return false;
  await rewriteHistory(trx, taxRateHistory, staged, now);
  const ofAll = sql`SELECT NULL::bigint AS subject, valid_from, valid_to FROM ${staged}`;
  await appendChanges(trx, 'billing', 'tax_rate', now, ofAll);
  return true;
}

// Customers' billing details --------------------------------------------------------------------

export interface BillingRow {
  /** The customer's external id. */
  readonly customer: string;
  readonly entity: string | null;
  readonly legalName: string | null;
  readonly address: string[];
  readonly taxIds: string[];
  readonly poNumber: string | null;
  readonly email: string | null;
  readonly party: Partial<Buyer>;
  readonly termsDays: number | null;
  readonly taxCategory: string;
  readonly taxTreatment: 'taxed' | 'exempt' | 'reverse_charge';
  readonly taxNote: string | null;
  readonly from: Temporal.Instant | null;
  readonly to: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant | null;
  readonly recordedBy: string | null;
}

export interface BillingOnRow extends Omit<BillingRow, 'from' | 'to' | 'recordedAt' | 'recordedBy'> {
  readonly customerName: string;
}

/** How customers beyond one are billed on a day, by their external ids; as whom nothing was told of, where that is so. */
export async function selectBillingOn(
  db: Queryable,
  day: Temporal.PlainDate,
  after: string,
  limit: number,
): Promise<BillingOnRow[]> {
  const { rows } = await statement<BillingOnRow>('invoices.selectBillingOn')`
    SELECT c.external_id AS customer, c.name AS "customerName", e.slug AS entity, b.legal_name AS "legalName",
           coalesce(b.address, '{}') AS address, coalesce(b.tax_ids, '{}') AS "taxIds", b.po_number AS "poNumber", b.email,
           coalesce(b.party, '{}') AS party, b.terms_days AS "termsDays", coalesce(b.tax_category, 'standard') AS "taxCategory",
           coalesce(b.tax_treatment, 'taxed') AS "taxTreatment", b.tax_note AS "taxNote"
    FROM deployments_customers c
    LEFT JOIN customer_billing b ON b.customer_id = c.customer_id AND b.superseded_at = 'infinity'
      AND b.valid_from <= ${day}::date AND b.valid_to > ${day}::date
    LEFT JOIN legal_entities e USING (legal_entity_id)
    WHERE c.external_id > ${after}
    ORDER BY c.external_id LIMIT ${limit}`.execute(db);
  return rows;
}

/** What is believed of one customer, oldest first. To the customer, the seller and who recorded it are null. */
export async function selectBilling(
  db: Queryable,
  customerId: number,
  reader: 'staff' | 'customer' = 'staff',
): Promise<BillingRow[]> {
  const isStaff = reader === 'staff';
  const { rows } = await statement<BillingRow>('invoices.selectBilling')`
    SELECT c.external_id AS customer, ${isStaff ? sql`e.slug` : sql`NULL`} AS entity, b.legal_name AS "legalName", b.address, b.tax_ids AS "taxIds",
           b.po_number AS "poNumber", b.email, b.party, b.terms_days AS "termsDays", b.tax_category AS "taxCategory",
           b.tax_treatment AS "taxTreatment", b.tax_note AS "taxNote", b.valid_from AS "from", b.valid_to AS "to",
           b.recorded_at AS "recordedAt", ${isStaff ? sql`b.recorded_by` : sql`NULL`} AS "recordedBy"
    FROM customer_billing b JOIN deployments_customers c USING (customer_id)
    ${isStaff ? sql`LEFT JOIN legal_entities e USING (legal_entity_id)` : sql``}
    WHERE b.customer_id = ${customerId} AND b.superseded_at = 'infinity'
    ORDER BY b.valid_from LIMIT 1000`.execute(db);
  return rows;
}

const billingHistory: HistoryTable = {
  table: 'customer_billing',
  id: 'customer_billing_id',
  key: ['customer_id'],
  values: [
    'legal_entity_id',
    'legal_name',
    'address',
    'tax_ids',
    'po_number',
    'email',
    'party',
    'terms_days',
    'tax_category',
    'tax_treatment',
    'tax_note',
    'recorded_by',
  ],
};

export type NewBilling = Omit<BillingRow, 'customer' | 'entity' | 'from' | 'to' | 'recordedAt' | 'recordedBy'> & {
  readonly legalEntityId: number | null;
};

/** One at a time may change a customer's billing details; held until the end of the transaction. */
export async function lockBilling(trx: UnitOfWork, customerId: number): Promise<void> {
  await statement(
    'invoices.lockBilling',
  )`SELECT pg_advisory_xact_lock(hashtextextended('customer_billing', ${customerId}::bigint))`.execute(trx);
}

/** Over these days the customer is billed so; they do not overlap. */
export async function rewriteBilling(
  trx: UnitOfWork,
  customerId: number,
  billings: readonly (NewBilling & Dates)[],
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  const rows = billings.map(
    (billing) => sql`
      SELECT ${customerId}::bigint AS customer_id, ${billing.legalEntityId}::int AS legal_entity_id,
             ${billing.legalName}::text AS legal_name, ${[...billing.address]}::text[] AS address,
             ${[...billing.taxIds]}::text[] AS tax_ids, ${billing.poNumber}::text AS po_number, ${billing.email}::text AS email,
             ${JSON.stringify(billing.party)}::jsonb AS party,
             ${billing.termsDays}::smallint AS terms_days, ${billing.taxCategory}::text AS tax_category,
             ${billing.taxTreatment}::text AS tax_treatment, ${billing.taxNote}::text AS tax_note, ${by}::text AS recorded_by,
             ${datesOf(billing)}`,
  );
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'invoices.rewriteBilling', table: 'staged_billing' },
    sql.join(rows, sql` UNION ALL `),
  );
  await rewriteHistory(trx, billingHistory, staged, now, { topic: 'billing', cause: 'details' });
}

export async function selectCustomerId(db: Queryable, externalId: string): Promise<number | undefined> {
  const { rows } = await statement<{ id: number }>('invoices.selectCustomerId')`
    SELECT customer_id AS id FROM deployments_customers WHERE external_id = ${externalId}`.execute(db);
  return rows[0]?.id;
}
