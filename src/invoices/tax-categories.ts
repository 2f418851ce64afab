import { Decimal } from '../platform/quantity.ts';
import type { LineTax } from './taxes.ts';

/** A VAT category by UN/CEFACT 5305, with why no VAT is charged. */
export interface TaxCategory {
  readonly code: 'S' | 'Z' | 'E' | 'AE' | 'O';
  /** Of the list VATEX; null: the category has none of its own. */
  readonly reasonCode: string | null;
  readonly reason: string | null;
}

/**
 * The VAT category of a line or a tax: standard rate (S) where any is charged, zero rate (Z) where the rate is 0,
 * exempt (E), reverse charge (AE), and outside the scope of VAT (O) where the category has no rate.
 */
export function taxCategoryOf(tax: LineTax): TaxCategory {
  const code = categoryCodeOf(tax);
  switch (code) {
    case 'S':
    case 'Z':
      return { code, reasonCode: null, reason: null };
    case 'E':
      return { code, reasonCode: null, reason: tax.note };
    case 'AE':
      return { code, reasonCode: 'VATEX-EU-AE', reason: tax.note };
    case 'O':
      return { code, reasonCode: 'VATEX-EU-O', reason: 'Not subject to VAT' };
  }
}

export function categoryCodeOf({ treatment, title, percent }: LineTax): TaxCategory['code'] {
  if (treatment === 'exempt') return 'E';
  if (treatment === 'reverse_charge') return 'AE';
  if (title === null) return 'O';
  return new Decimal(percent).isZero() ? 'Z' : 'S';
}
