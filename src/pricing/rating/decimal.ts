import { z } from 'zod';
import { Decimal } from '../../platform/quantity.ts';

function whyNotDecimal(input: unknown): string {
  if (input === undefined) return 'is missing';
  if (typeof input === 'string' && /^-\d/.test(input)) return `must not be negative (${input})`;
  if (typeof input === 'string' && /^\d+(\.\d+)?$/.test(input)) {
    return 'has too many digits: at most 24 before the point and 18 after it';
  }
  return 'must be a decimal such as "0.04"';
}

/**
 * A decimal, zero or more, of at most 24 digits before the point and 18 after it: no charge model
 * multiplies more than three of them, so the 200 digits of Decimal hold every product, and nothing
 * is rounded but where a line is shown.
 *
 * In JSON it is a string: a JavaScript number is not exact. The JSON schema allows a number too,
 * for files that people write, whose reader keeps a number's own digits.
 */
export const decimalText = z
  .string({ error: (issue) => whyNotDecimal(issue.input) })
  .regex(/^\d{1,24}(\.\d{1,18})?$/, {
    abort: true,
    error: (issue) => whyNotDecimal(issue.input),
  })
  .meta({ type: ['string', 'number'] });

/** A decimal above zero. */
export const positiveDecimalText = decimalText.refine((text) => !new Decimal(text).isZero(), {
  abort: true,
  error: 'must be more than 0',
});
