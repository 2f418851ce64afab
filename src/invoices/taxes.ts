import { formatMoney } from '../platform/money.ts';
import { Decimal, formatQuantity } from '../platform/quantity.ts';

/** What a line says about its tax. */
export interface LineTax {
  readonly category: string;
  /** Decimal; '0' where nothing is charged. */
  readonly percent: string;
  readonly treatment: 'taxed' | 'exempt' | 'reverse_charge';
  /** As printed: 'VAT'. Null: the category has no rate, and no tax is mentioned. */
  readonly title: string | null;
  /** Why nothing is charged, as printed. */
  readonly note: string | null;
}

/** One tax as the document shows it. Money has its currency's digits. */
export interface TaxTotal extends LineTax {
  readonly base: string;
  readonly amount: string;
}

export const reverseChargeNote = 'Reverse charge: the tax is due from the recipient.';

/** How a customer is taxed. */
interface TaxProfile {
  readonly taxCategory: string;
  readonly taxTreatment: LineTax['treatment'];
  readonly taxNote: string | null;
}

interface Rate {
  readonly title: string;
  readonly percent: string;
}

/** The tax of a line in a category, for a customer. `rateOf`: the legal entity's rate on the month's last day. */
export function lineTax(
  profile: TaxProfile,
  category: string,
  rateOf: (category: string) => Rate | undefined,
): LineTax {
  const rate = rateOf(category);
  const title = rate?.title ?? null;
  switch (profile.taxTreatment) {
    case 'exempt':
      return { category, percent: '0', treatment: 'exempt', title, note: profile.taxNote };
    case 'reverse_charge':
      return { category, percent: '0', treatment: 'reverse_charge', title, note: profile.taxNote ?? reverseChargeNote };
    case 'taxed':
      return { category, percent: rate?.percent ?? '0', treatment: 'taxed', title, note: null };
  }
}

/**
 * The taxes of a document: for each rate and treatment, its percentage of the sum of the lines'
 * rounded amounts, rounded once, half away from zero. Prices do not include tax. What has no rate
 * and no reason to have none is not mentioned.
 *
 * `before`: of a credit note, the taxes of the invoice that it credits and of that invoice's other notes. Its
 * tax is then what they all come to with it, rounded once, less what they bear: however many notes there
 * are, they give back no more tax than was charged, and all of it with the last line.
 */
export function taxTotals(
  lines: readonly { readonly amount: string; readonly tax: LineTax }[],
  currency: string,
  before: readonly TaxTotal[] = [],
): TaxTotal[] {
  const groups = new Map<string, { tax: LineTax; base: Decimal }>();
  for (const { amount, tax } of lines) {
    if (tax.treatment === 'taxed' && tax.title === null) continue;
    const key = taxKey(tax);
    const group = groups.get(key) ?? { tax, base: new Decimal(0) };
    groups.set(key, { tax, base: group.base.plus(amount) });
  }
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { tax, base }]) => {
      const others = before.filter((other) => taxKey(other) === key);
      const baseBefore = sum(others.map((other) => other.base));
      const taxBefore = sum(others.map((other) => other.amount));
      const now = new Decimal(formatMoney(baseBefore.plus(base).times(tax.percent).div(100), currency));
      return {
        ...tax,
        percent: formatQuantity(new Decimal(tax.percent)),
        base: formatMoney(base, currency),
        amount: formatMoney(now.minus(taxBefore), currency),
      };
    });
}

/** Lines with the same are taxed together. */
export function taxKey(tax: LineTax): string {
  return JSON.stringify([tax.treatment, tax.category, formatQuantity(new Decimal(tax.percent)), tax.title, tax.note]);
}

function sum(amounts: readonly string[]): Decimal {
  return amounts.reduce((total, amount) => total.plus(amount), new Decimal(0));
}
