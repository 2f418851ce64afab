import { sql } from 'kysely';
import { type CurrencyPair, type DatedRate, rateAgeDaysMax } from './exchange-rate.ts';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { holds, keyset, type Sorted, type SortKey } from '../platform/database/keyset.ts';
import { statement } from '../platform/database/statement.ts';
import { createTemporaryTableAs, type TemporaryTable } from '../platform/database/temporary-table.ts';
import { replaceConvertedPrices } from './pass-through.store.ts';
import type { PageRequest } from '../platform/declare/operation.ts';
import { type HistoryTable, rewriteHistory } from '../platform/history.ts';

export interface ExchangeRateRow extends DatedRate {
  readonly recordedAt: Temporal.Instant;
  readonly recordedBy: string;
}

/** What is believed of a rate `r`, as `DatedRate` names it. */
const rateColumns = sql`
  r.base_currency AS base, r.counter_currency AS counter, r.valid_from::date AS day, trim_scale(r.rate)::text AS rate, r.source`;

const exchangeRateHistory: HistoryTable = {
  table: 'exchange_rates',
  id: 'exchange_rate_id',
  key: ['base_currency', 'counter_currency'],
  values: ['rate', 'source', 'recorded_by'],
};

/** Of two who decide at once one waits, so that no rate is written twice. */
async function lockExchangeRates(trx: UnitOfWork): Promise<void> {
  await statement('pricing.lockExchangeRates')`LOCK TABLE exchange_rates IN SHARE ROW EXCLUSIVE MODE`.execute(trx);
}

/** Writes those that differ from what is believed, and answers how many they are. A pair has each day once at most. */
export async function rewriteExchangeRates(
  trx: UnitOfWork,
  rates: readonly DatedRate[],
  by: string,
  now: Temporal.Instant,
): Promise<number> {
  await lockExchangeRates(trx);
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'pricing.rewriteExchangeRates', table: 'staged_exchange_rates' },
    sql`
      SELECT g.base AS base_currency, g.counter AS counter_currency, g.rate, g.source, ${by}::text AS recorded_by,
             g.day::timestamptz AS valid_from, (g.day + 1)::timestamptz AS valid_to, true AS asserted
      FROM unnest(${rates.map(({ base }) => base)}::text[], ${rates.map(({ counter }) => counter)}::text[],
                  ${rates.map(({ day }) => day.toString())}::date[], ${rates.map(({ rate }) => rate)}::numeric[],
                  ${rates.map(({ source }) => source)}::text[]) AS g (base, counter, day, rate, source)
      LEFT JOIN exchange_rates r ON r.superseded_at = 'infinity' AND r.base_currency = g.base
        AND r.counter_currency = g.counter AND r.valid_from = g.day::timestamptz
      WHERE r.rate IS DISTINCT FROM g.rate OR r.source IS DISTINCT FROM g.source`,
  );
  return rewriteStaged(trx, staged, now);
}

/** Takes the rate of a pair and a day away. Returns whether there was one. */
export async function removeExchangeRate(
  trx: UnitOfWork,
  { base, counter }: CurrencyPair,
  day: Temporal.PlainDate,
  by: string,
  now: Temporal.Instant,
): Promise<boolean> {
  await lockExchangeRates(trx);
  const staged = await createTemporaryTableAs(
    trx,
    { statement: 'pricing.removeExchangeRate', table: 'staged_exchange_rates' },
    sql`
      SELECT base_currency, counter_currency, rate, source, ${by}::text AS recorded_by, valid_from, valid_to, false AS asserted
      FROM exchange_rates
      WHERE superseded_at = 'infinity' AND base_currency = ${base} AND counter_currency = ${counter}
        AND valid_from = ${day}::date::timestamptz`,
  );
  return (await rewriteStaged(trx, staged, now)) > 0;
}

async function rewriteStaged(
  trx: UnitOfWork,
  staged: TemporaryTable<'staged_exchange_rates'>,
  now: Temporal.Instant,
): Promise<number> {
  const { rows } = await statement<{ count: number }>('pricing.countStagedExchangeRates')`
    SELECT count(*) AS count FROM ${staged}`.execute(trx);
  const count = rows[0]?.count ?? 0;
  if (count === 0) return 0;
  await rewriteHistory(trx, exchangeRateHistory, staged, now);
  await replaceConvertedPrices(trx, now);
  return count;
}

/** A wanted rate by its place in what was asked for; those that there are. */
export async function selectExchangeRates(
  db: Queryable,
  wanted: readonly (CurrencyPair & { readonly on: Temporal.PlainDate })[],
): Promise<(DatedRate & { readonly place: number })[]> {
  const { rows } = await statement<DatedRate & { place: number }>('pricing.selectExchangeRates')`
    SELECT w.place::int AS place, found.*
    FROM unnest(${wanted.map(({ base }) => base)}::text[], ${wanted.map(({ counter }) => counter)}::text[],
                ${wanted.map(({ on }) => on.toString())}::date[]) WITH ORDINALITY AS w (base, counter, day, place)
    CROSS JOIN LATERAL (
      SELECT ${rateColumns} FROM exchange_rates r
      WHERE r.superseded_at = 'infinity' AND r.base_currency = w.base AND r.counter_currency = w.counter
        AND r.valid_from <= w.day::timestamptz AND r.valid_from >= (w.day - ${rateAgeDaysMax}::int)::timestamptz
      ORDER BY r.valid_from DESC LIMIT 1) AS found
    ORDER BY w.place`.execute(db);
  return rows;
}

export interface ExchangeRateFilter {
  readonly base?: string | undefined;
  readonly counter?: string | undefined;
  readonly day?: Temporal.PlainDate | undefined;
  readonly q?: string | null | undefined;
}

const believed = ({ base = '', counter = '', day, q = null }: ExchangeRateFilter) => sql`
  FROM exchange_rates r
  WHERE r.superseded_at = 'infinity' AND ${base} IN ('', r.base_currency) AND ${counter} IN ('', r.counter_currency)
    AND ${holds(q, sql`r.base_currency`, sql`r.counter_currency`, sql`r.source`)}
    ${day === undefined ? sql`` : sql`AND r.valid_from = ${day}::date::timestamptz`}`;

const rateKey: SortKey = { of: sql`r.exchange_rate_id`, type: 'bigint' };
const rateSorts = {
  day: { of: sql`r.valid_from::date`, type: 'date' },
  base: { of: sql`r.base_currency::text COLLATE "C"`, type: 'text' },
  counter: { of: sql`r.counter_currency::text COLLATE "C"`, type: 'text' },
  recordedAt: { of: sql`r.recorded_at`, type: 'timestamptz' },
} as const satisfies Record<string, SortKey>;

export type ExchangeRateSort = keyof typeof rateSorts;

/** What is believed, `limit` at most. */
export async function selectExchangeRatePage(
  db: Queryable,
  filter: ExchangeRateFilter,
  { sort, limit, ...request }: Omit<PageRequest<ExchangeRateSort>, 'q'>,
): Promise<(ExchangeRateRow & Sorted)[]> {
  const { columns, beyond, by } = keyset(rateSorts[sort], rateKey, request);
  const { rows } = await statement<ExchangeRateRow & Sorted>('pricing.selectExchangeRatePage')`
    SELECT ${rateColumns}, r.recorded_at AS "recordedAt", r.recorded_by AS "recordedBy", ${columns}
    ${believed(filter)} AND ${beyond} ORDER BY ${by} LIMIT ${limit}`.execute(db);
  return rows;
}

export async function countExchangeRates(db: Queryable, filter: ExchangeRateFilter): Promise<number> {
  const { rows } = await statement<{ total: number }>('pricing.countExchangeRates')`
    SELECT count(*) AS total ${believed(filter)}`.execute(db);
  return rows[0]?.total ?? 0;
}
