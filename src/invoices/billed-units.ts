import { z } from 'zod';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import type { LineRow } from './invoices.store.ts';

/** A line as quantity times price: what an electronic invoice has of every line. */
export interface BilledUnits {
  readonly quantity: string;
  /** UN/ECE Recommendation 20. */
  readonly unitCode: string;
  readonly unitPrice: string;
  readonly amount: string;
}

/** `one`: a count, and what Recommendation 20 has no code for. */
const one = 'C62';

/** By our words in small letters. Products such as GiB-months and node-hours have no code. */
const codes: Readonly<Record<string, string>> = {
  second: 'SEC',
  minute: 'MIN',
  hour: 'HUR',
  day: 'DAY',
  week: 'WEE',
  month: 'MON',
  year: 'ANN',
  byte: 'AD',
  kb: '2P',
  mb: '4L',
  gb: 'E34',
  tb: 'E35',
  piece: 'H87',
  item: 'H87',
  unit: one,
};

/** The code of a unit as ours are written, for one or for many. */
export function unitCodeOf(unit: string | null): string {
  const word = (unit ?? '').trim().toLowerCase();
  return codes[word] ?? codes[word.replace(/s$/, '')] ?? one;
}

/** A tier that was reached, as a line's details have it. */
const reached = z.array(z.object({ units: z.string(), unitPrice: z.string(), flatFee: z.string() }));

type Billable = Pick<LineRow, 'quantity' | 'unit' | 'unitPrice' | 'amount' | 'details'>;

/**
 * What a line bills, so that quantity times price is the amount to the currency's digits, and the amounts add up to the
 * line's. Of tiers each by itself where the plan says so (`linePerTier`), its flat fee apart; else, as whatever is no
 * such product (packages, a minimum or a cap, an adjustment, a correction), one of the whole amount.
 */
export function billedUnits(line: Billable, currency: string): BilledUnits[] {
  const { quantity, unit, unitPrice, amount } = line;
  if (quantity !== null && unitPrice !== null) return [priced(quantity, unitCodeOf(unit), unitPrice, amount, currency)];
  return tiersOf(line, currency) ?? [whole(amount, currency)];
}

/** Each tier's amount is a difference of the rounded running total; null: the line is no sum of its tiers, or not shown so. */
function tiersOf({ unit, amount, details }: Billable, currency: string): BilledUnits[] | null {
  const tiers = reached.safeParse(details.tiers).data ?? [];
  const unitCode = details.per === '1' ? unitCodeOf(unit) : one;
  const pieces = tiers.flatMap(({ units, unitPrice, flatFee }) => [
    ...(new Decimal(unitPrice).isZero() ? [] : [{ quantity: units, unitCode, unitPrice }]),
    ...(new Decimal(flatFee).isZero() ? [] : [{ quantity: '1', unitCode: one, unitPrice: flatFee }]),
  ]);
  if (pieces.length === 0 || (pieces.length > 1 && details.linePerTier !== true)) return null;
  let total = new Decimal(0);
  const billed = pieces.map((piece) => {
    const before = formatMoney(total, currency);
    total = total.plus(new Decimal(piece.quantity).times(piece.unitPrice));
    const own = new Decimal(formatMoney(total, currency)).minus(before).toFixed();
    return priced(piece.quantity, piece.unitCode, piece.unitPrice, own, currency);
  });
  return formatMoney(total, currency) === formatMoney(new Decimal(amount), currency) ? billed : null;
}

function priced(quantity: string, unitCode: string, unitPrice: string, amount: string, currency: string): BilledUnits {
  const money = formatMoney(new Decimal(amount), currency);
  const isProduct =
    !new Decimal(unitPrice).isNegative() && formatMoney(new Decimal(quantity).times(unitPrice), currency) === money;
  return isProduct ? { quantity, unitCode, unitPrice, amount: money } : whole(amount, currency);
}

/** A price is never below zero (BR-27): what is given back is a negative quantity. */
function whole(amount: string, currency: string): BilledUnits {
  const money = new Decimal(amount);
  const isBack = money.isNegative() && !money.isZero();
  return {
    quantity: isBack ? '-1' : '1',
    unitCode: one,
    unitPrice: formatMoney(money.abs(), currency),
    amount: formatMoney(money, currency),
  };
}
