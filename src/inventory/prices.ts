import type { Database, Queryable } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { Decimal } from '../platform/quantity.ts';
import {
  lockPrices,
  type OwnPrice,
  type OwnPriceKey,
  type PriceColumns,
  type PriceIntervalRow,
  type PriceRow,
  rewriteOwnPrice,
  selectOwnPrices,
  selectPriceHistory,
  selectPricesAt,
} from './prices.store.ts';
import { selectAccounts } from './store.ts';

/** The provider whose prices are shipped, and whose accounts can be connected. */
const onlyProvider = 'digitalocean';

type PriceStatement = Omit<PriceColumns, 'validFrom'>;

/** What one subject costs on a day. */
export interface ProviderPrice extends PriceStatement {
  /** The first UTC day on which this holds. */
  readonly since: Temporal.PlainDate;
  /** A size of droplets that no account's newest complete listing shows: its last price, which may hold no longer. */
  readonly old: boolean;
  /** Facts of a size of droplets, as far as known: vcpus, memory_mb, disk_gb, transfer_tb, gpu. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** One interval of a subject's history by one source. Days are UTC days, half-open. */
export interface PriceInterval extends PriceStatement {
  readonly from: Temporal.PlainDate;
  /** null: still so. */
  readonly to: Temporal.PlainDate | null;
  /** false: a size that was not listed any more. */
  readonly listed: boolean;
  /** When we knew; null: it was shipped with the program. */
  readonly recordedAt: Temporal.Instant | null;
  readonly recordedBy: string | null;
}

/** Whose prices are asked for. */
export interface WhosePrices {
  /** What this account is charged, by its slug: its own prices come before those of all, and what it was told before what others were. */
  readonly account?: string | undefined;
  /** false: list prices, as if no operator had set any. */
  readonly own?: boolean | undefined;
}

export interface PriceFilter extends WhosePrices {
  readonly subject?: string | undefined;
  /** The part of the subject before the colon. */
  readonly kind?: string | undefined;
}

/**
 * What the provider charges on a UTC day, by subject. An operator's own price comes before what the API says, and
 * that before what is published; within one source the newest row that is not after the day holds. What has no price
 * on that day is left out. Errors: not_found, for the account.
 */
export async function listProviderPrices(
  db: Queryable,
  day: Temporal.PlainDate,
  { account, ...filter }: PriceFilter = {},
): Promise<ProviderPrice[]> {
  const accountId = await accountIdOf(db, account);
  const rows = await selectPricesAt(db, { provider: onlyProvider, at: startOfDay(day), accountId, ...filter });
  return rows.map(toPrice);
}

/**
 * What one subject costs on a day, null where nobody says, and all that is known of it over time: by source, the
 * newest first. Errors: not_found.
 */
export async function getProviderPrice(
  db: Queryable,
  subject: string,
  day: Temporal.PlainDate,
  whose: WhosePrices = {},
): Promise<{ readonly price: ProviderPrice | null; readonly history: readonly PriceInterval[] }> {
  const history = await selectPriceHistory(db, { provider: onlyProvider, subject, own: whose.own });
  if (history.length === 0) throw notFound('price', subject);
  const [price = null] = await listProviderPrices(db, day, { subject, ...whose });
  return { price, history: history.map(toInterval) };
}

export interface OwnPriceRequest {
  readonly subject: string;
  /** The slug of the account that is charged it; unless given, all are that have no price of their own. */
  readonly account?: string | undefined;
  /** The first UTC day on which it applies. */
  readonly from: Temporal.PlainDate;
  /** Of one unit, zero or more; an exact decimal. */
  readonly amount: string;
  /** Unless given: that of the price which holds on the day. */
  readonly unit?: string | undefined;
  /** Unless given: that of the price which holds on the day, or USD. */
  readonly currency?: string | undefined;
  /** What it rests on, such as a contract. */
  readonly evidence?: string | undefined;
}

/**
 * Has an operator's own price hold from a day on, until it is changed or unset; what had been set for later
 * days gives way. The same again writes nothing: then `changed` is false. Errors: invalid_argument for a unit that is
 * missing, or another than the provider's; not_found for the account.
 */
export async function setOwnPrice(
  db: Database,
  request: OwnPriceRequest,
  by: string,
  now: Temporal.Instant,
): Promise<{ readonly changed: boolean }> {
  const { subject, account, from } = request;
  return db.transaction().execute(async (trx) => {
    await lockPrices(trx, onlyProvider);
    const key = await keyOf(trx, request);
    const [held] = await listProviderPrices(trx, from, { subject, account });
    const price: OwnPrice = {
      ...key,
      amount: request.amount,
      unit: unitOf(request, held),
      currency: request.currency ?? held?.currency ?? 'USD',
      evidence: request.evidence ?? 'entered by an operator',
    };
    const start = startOfDay(from);
    const [first, ...later] = await selectOwnPrices(trx, key, start);
    const begun = first !== undefined && Temporal.Instant.compare(first.validFrom, start) <= 0;
    if (begun && later.length === 0 && isSame(first, price)) return { changed: false };
    await rewriteOwnPrice(trx, key, price, start, by, now);
    return { changed: true };
  });
}

/**
 * Ends an operator's own price at the beginning of a day; what the provider says counts from then on. `changed` is
 * false where there was none from that day on. Errors: not_found, for the account.
 */
export async function unsetOwnPrice(
  db: Database,
  { from, ...request }: Pick<OwnPriceRequest, 'subject' | 'account' | 'from'>,
  by: string,
  now: Temporal.Instant,
): Promise<{ readonly changed: boolean }> {
  return db.transaction().execute(async (trx) => {
    await lockPrices(trx, onlyProvider);
    const key = await keyOf(trx, request);
    const start = startOfDay(from);
    if ((await selectOwnPrices(trx, key, start)).length === 0) return { changed: false };
    await rewriteOwnPrice(trx, key, null, start, by, now);
    return { changed: true };
  });
}

async function keyOf(
  db: Queryable,
  { subject, account }: Pick<OwnPriceRequest, 'subject' | 'account'>,
): Promise<OwnPriceKey> {
  return { provider: onlyProvider, subject, accountId: await accountIdOf(db, account) };
}

/** 0: none is meant. */
async function accountIdOf(db: Queryable, slug: string | undefined): Promise<number> {
  if (slug === undefined) return 0;
  const account = (await selectAccounts(db)).find((candidate) => candidate.slug === slug);
  if (account === undefined) throw notFound('account', slug);
  return account.accountId;
}

function unitOf({ subject, unit }: OwnPriceRequest, held: ProviderPrice | undefined): string {
  if (unit === undefined && held === undefined) {
    throw new ArcadiaError(
      'invalid_argument',
      `No price of ${subject} is known on that day, so its unit must be given.`,
    );
  }
  if (unit !== undefined && held !== undefined && unit !== held.unit) {
    throw new ArcadiaError('invalid_argument', `${subject} is charged by the ${held.unit}, not by the ${unit}.`);
  }
  return unit ?? (held as ProviderPrice).unit;
}

function isSame(believed: Omit<OwnPrice, keyof OwnPriceKey>, { amount, unit, currency, evidence }: OwnPrice): boolean {
  const sameTerms = believed.unit === unit && believed.currency === currency && believed.evidence === evidence;
  return sameTerms && new Decimal(believed.amount).eq(amount);
}

function startOfDay(day: Temporal.PlainDate): Temporal.Instant {
  return day.toZonedDateTime('UTC').toInstant();
}

function dayOf(instant: Temporal.Instant): Temporal.PlainDate {
  return instant.toZonedDateTimeISO('UTC').toPlainDate();
}

function toPrice({ validFrom, ...rest }: PriceRow): ProviderPrice {
  return { ...rest, since: dayOf(validFrom) };
}

function toInterval({ validFrom, validTo, ...rest }: PriceIntervalRow): PriceInterval {
  return { ...rest, from: dayOf(validFrom), to: validTo === null ? null : dayOf(validTo) };
}
