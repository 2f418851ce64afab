import { Decimal as AnyPrecision } from 'decimal.js';
import { ArcadiaError } from './errors.ts';

// Quantities (and prices) are exact decimals from the table to the screen: strings wherever they
// rest, Decimal while they are reckoned with, never a JavaScript number.

/** Sums and products of what the tables hold stay exact; only a division can ever need rounding. */
export const Decimal = AnyPrecision.clone({ precision: 200, rounding: AnyPrecision.ROUND_HALF_UP, defaults: true });
export type Decimal = AnyPrecision;

/** Decimals behind the point of every stored quantity and level. */
export const quantityDigits = 9;

const decimalForm = /^-?\d+(\.\d+)?$/;

/** Reads a decimal as PostgreSQL and our JSON write it: no exponent, no sign but minus, no blanks. */
export function parseQuantity(text: string): Decimal {
  if (!decimalForm.test(text)) {
    throw new ArcadiaError('invalid_argument', `'${text}' is not a decimal number such as 12 or 0.5.`, {
      details: { value: text },
    });
  }
  return new Decimal(text);
}

/** Never an exponent, no trailing zeros, no minus before zero. */
export function formatQuantity(quantity: Decimal): string {
  return quantity.isZero() ? '0' : quantity.toFixed();
}

/** The exact sum, in the form of formatQuantity; '0' of none. */
export function sumQuantities(quantities: Iterable<string>): string {
  let sum = new Decimal(0);
  for (const quantity of quantities) sum = sum.plus(parseQuantity(quantity));
  return formatQuantity(sum);
}

/**
 * The one way in which anything is rounded: half away from zero, as numeric's round() in
 * PostgreSQL and ROUND_HALF_UP in decimal.js do.
 */
export function roundHalfAwayFromZero(value: Decimal, digits: number): Decimal {
  return value.toDecimalPlaces(digits, Decimal.ROUND_HALF_UP);
}

/** Rounds to the 9 decimals of a quantity. */
export function roundQuantity(value: Decimal): Decimal {
  return roundHalfAwayFromZero(value, quantityDigits);
}

/**
 * level x time / unit, rounded half away from zero, in whole numbers: the accrual formula R(t) as
 * every store and language must reckon it. Level in billionths, time and unit in microseconds;
 * the result is in billionths. `div(2 n t + U, 2 U)`, mirrored below zero.
 */
export function roundedRatio(level: bigint, time: bigint, unit: bigint): bigint {
  if (unit <= 0n) throw new RangeError('the unit of a ratio is positive');
  const product = level * time;
  const magnitude = product < 0n ? -product : product;
  const rounded = (2n * magnitude + unit) / (2n * unit);
  return product < 0n ? -rounded : rounded;
}

/** A decimal of at most 9 decimals as billionths; more is an error, for nothing is rounded twice. */
export function toBillionths(quantity: string): bigint {
  const scaled = parseQuantity(quantity).times(1e9);
  if (!scaled.isInteger()) throw new RangeError(`${quantity} has more than ${quantityDigits} decimals`);
  return BigInt(scaled.toFixed());
}

export function fromBillionths(billionths: bigint): string {
  return formatQuantity(new Decimal(billionths.toString()).dividedBy(1e9));
}
