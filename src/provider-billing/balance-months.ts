import type { Queryable } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { type BalancePoint, selectMonthBalances } from './history.store.ts';

/** A month of a payer's balances. Amounts have the currency's digits. */
interface BalanceMonth {
  readonly payer: string;
  readonly currency: string;
  readonly used: string;
  /** null: some balance was read without looking up what was there. */
  readonly expected: string | null;
  readonly difference: string | null;
  readonly hourlyRate: string | null;
  readonly unpriced: number | null;
  /** null: the month is over, or the rate is not known. */
  readonly forecast: string | null;
  /** The earliest first. */
  readonly points: { at: Temporal.Instant; used: string; expected: string | null }[];
}

/** After so many hours of a month a resource costs nothing more. */
const limitHours = 672;

/** How the use of a month grew, by payer, beside what was there by the price book. */
export async function readBalanceMonth(
  db: Queryable,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<BalanceMonth[]> {
  const byPayer = Map.groupBy(await selectMonthBalances(db, month), ({ payer }) => payer);
  return [...byPayer.values()].map((points) => monthOf(points, month, now));
}

function monthOf(points: readonly BalancePoint[], month: Temporal.PlainDate, now: Temporal.Instant): BalanceMonth {
  const last = points.at(-1);
  if (last === undefined) throw new RangeError('a payer without a balance');
  const { payer, currency, used, expected, hourlyRate, unpriced, generatedAt } = last;
  const money = (amount: Decimal | string) => formatMoney(new Decimal(amount), currency);
  const start = month.toZonedDateTime('UTC').toInstant();
  const isOver = Temporal.Instant.compare(now, month.add({ months: 1 }).toZonedDateTime('UTC').toInstant()) >= 0;
  const left = Decimal.max(0, new Decimal(limitHours).minus(start.until(generatedAt).total('hours').toFixed(6)));
  return {
    payer,
    currency,
    used: money(used),
    expected: expected === null ? null : money(expected),
    difference: expected === null ? null : money(new Decimal(used).minus(expected)),
    hourlyRate: hourlyRate === null ? null : new Decimal(hourlyRate).toDecimalPlaces(5).toFixed(),
    unpriced,
    forecast: isOver || hourlyRate === null ? null : money(left.times(hourlyRate).plus(used)),
    points: points.map((point) => ({
      at: point.generatedAt,
      used: money(point.used),
      expected: point.expected === null ? null : money(point.expected),
    })),
  };
}
