import { isDeepStrictEqual } from 'node:util';
import type { Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { changeFrom, type DatedDetails } from './dated-changes.ts';
import { getEntity, listEntities } from './entities.ts';
import * as store from './entities.store.ts';
import { assertWhole, type Buyer, plainBuyer } from './party.ts';
import { taxCategoryPattern } from './tax-rates.ts';

/** How a customer is billed, over an interval of days. `from` null: from the beginning; `to` null: still so. */
export interface Billing extends Omit<store.BillingRow, 'party'>, Buyer {}

/** What an operator may change; what is left out stays. */
interface BillingChanges extends Partial<{ readonly [Name in keyof Buyer]: Buyer[Name] | undefined }> {
  /** A legal entity's slug; null: the default one. */
  readonly entity?: string | null | undefined;
  /** Null: the customer's name. */
  readonly legalName?: string | null | undefined;
  readonly address?: readonly string[] | undefined;
  readonly taxIds?: readonly string[] | undefined;
  readonly poNumber?: string | null | undefined;
  readonly email?: string | null | undefined;
  /** Null: the legal entity's. */
  readonly termsDays?: number | null | undefined;
  readonly taxCategory?: string | undefined;
  readonly taxTreatment?: Billing['taxTreatment'] | undefined;
  /** Why exempt, as it is printed. */
  readonly taxNote?: string | null | undefined;
}

/** Of whom nothing was told. */
const plainBilling: Omit<store.NewBilling, 'party'> = {
  legalEntityId: null,
  legalName: null,
  address: [],
  taxIds: [],
  poNumber: null,
  email: null,
  termsDays: null,
  taxCategory: 'standard',
  taxTreatment: 'taxed',
  taxNote: null,
};

/**
 * What is believed of a customer's billing details over time, oldest first. Throws not_found.
 * @param customerId of a customer who reads their own; null: one of our own people reads
 */
export async function billingHistory(
  db: Queryable,
  customer: string,
  customerId: number | null = null,
): Promise<Billing[]> {
  const id = await requireCustomer(db, customer);
  if (customerId !== null && id !== customerId) throw notFound('customer', customer);
  const rows = await store.selectBilling(db, id, customerId === null ? 'staff' : 'customer');
  return rows.map(({ party, ...row }) => ({ ...row, ...plainBuyer, ...party }));
}

/**
 * Changes a customer's billing details from a day on, each until its own next dated change (`changeFrom`).
 * Without a day: from the beginning where nothing was told before, else from today (UTC). An invoice
 * takes what holds on the last day of its month.
 * @returns whether anything changed, and from when on
 * @throws ArcadiaError not_found, invalid_argument
 */
export async function setBilling(
  db: Database,
  customer: string,
  changes: BillingChanges,
  from: Temporal.PlainDate | null,
  by: string,
  now: Temporal.Instant,
): Promise<{ changed: boolean; from: Temporal.PlainDate | null }> {
  const customerId = await requireCustomer(db, customer);
  const { entity, ...rest } = changes;
  if (rest.taxCategory !== undefined && !taxCategoryPattern.test(rest.taxCategory)) {
    throw new ArcadiaError('invalid_argument', `"${rest.taxCategory}" is no tax category; write it as standard.`);
  }
  if (rest.termsDays != null && !(Number.isInteger(rest.termsDays) && rest.termsDays >= 0 && rest.termsDays <= 365)) {
    throw new ArcadiaError('invalid_argument', `Terms are 0 to 365 days, not ${rest.termsDays}.`);
  }
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const legalEntityId = entity == null ? entity : (await getEntity(db, entity)).legalEntityId;
  const all = { ...given, ...(legalEntityId !== undefined && { legalEntityId }) };

  return db.transaction().execute(async (trx) => {
    await store.lockBilling(trx, customerId);
    const rows = await store.selectBilling(trx, customerId);
    const day = from ?? (rows.length === 0 ? null : now.toZonedDateTimeISO('UTC').toPlainDate());
    const ids = new Map((await listEntities(trx)).map(({ slug, legalEntityId: of }) => [slug, of]));
    const history = rows.map((row) => ({ from: row.from, to: row.to, details: detailsOf(row, ids) }));
    const start = day?.toZonedDateTime('UTC').toInstant() ?? null;
    const plain = { ...plainBilling, ...plainBuyer };
    const written = changeFrom(history, start, all, plain);
    const isFirst = rows.length === 0 && isDeepStrictEqual(written[0]?.details, plain);
    if (written.length === 0 || isFirst) return { changed: false, from: day };
    await store.rewriteBilling(trx, customerId, written.map(checked), by, now);
    return { changed: true, from: day };
  });
}

type Details = Omit<store.NewBilling, 'party'> & Buyer;

/** With all of its fields beside each other. */
function detailsOf(row: store.BillingRow, ids: ReadonlyMap<string, number>): Details {
  const { customer: _, entity, from: _from, to: _to, recordedAt: _at, recordedBy: _by, party, ...details } = row;
  return { ...details, legalEntityId: entity === null ? null : (ids.get(entity) ?? null), ...plainBuyer, ...party };
}

/** @throws ArcadiaError invalid_argument */
function checked({ from, to, details }: DatedDetails<Details>) {
  const all = Object.entries(details);
  const party = Object.fromEntries(all.filter(([name]) => name in plainBuyer)) as unknown as Buyer;
  assertWhole(party);
  const billing = Object.fromEntries(all.filter(([name]) => !(name in plainBuyer))) as Omit<store.NewBilling, 'party'>;
  if (billing.taxTreatment === 'exempt' && !billing.taxNote) {
    throw new ArcadiaError('invalid_argument', 'An exemption needs its reason, as it is printed on the invoice.');
  }
  return { ...billing, party: isDeepStrictEqual(party, plainBuyer) ? {} : party, from, to };
}

async function requireCustomer(db: Queryable, externalId: string): Promise<number> {
  const id = await store.selectCustomerId(db, externalId);
  if (id === undefined) throw notFound('customer', externalId);
  return id;
}
