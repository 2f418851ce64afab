import fc from 'fast-check';
import { expect, it } from 'vitest';
import { currencyDigits } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { type LineTax, lineTax, reverseChargeNote, taxTotals } from './taxes.ts';

const rates: Record<string, { title: string; percent: string }> = {
  standard: { title: 'VAT', percent: '20' },
  reduced: { title: 'VAT', percent: '5.5' },
};
const rateOf = (category: string) => rates[category];
const taxed = { taxCategory: 'standard', taxTreatment: 'taxed', taxNote: null } as const;
const line = (amount: string, tax: LineTax) => ({ amount, tax });

it('a tax is of the sum of the rounded lines at its rate, rounded once, half away from zero', () => {
  const standard = lineTax(taxed, 'standard', rateOf);
  const reduced = lineTax(taxed, 'reduced', rateOf);
  // 3 x 0.02 x 20 % is 0.012: each line by itself would be nothing.
  expect(taxTotals([line('0.02', standard), line('0.02', standard), line('0.02', standard)], 'USD')).toMatchObject([
    { title: 'VAT', percent: '20', base: '0.06', amount: '0.01' },
  ]);
  expect(taxTotals([line('1.00', reduced), line('0.09', reduced), line('10', standard)], 'USD')).toMatchObject([
    { percent: '5.5', base: '1.09', amount: '0.06' },
    { percent: '20', base: '10.00', amount: '2.00' },
  ]);
  expect(taxTotals([line('-0.125', standard)], 'KWD')).toMatchObject([{ base: '-0.125', amount: '-0.025' }]);
  expect(taxTotals([line('13', standard)], 'JPY')).toMatchObject([{ amount: '3' }]); // 2.6
});

it('who is exempt or owes it itself is charged nothing, and the document says why', () => {
  const exempt = lineTax({ ...taxed, taxTreatment: 'exempt', taxNote: 'a charity' }, 'standard', rateOf);
  expect(taxTotals([line('10', exempt)], 'USD')).toMatchObject([
    { treatment: 'exempt', amount: '0.00', note: 'a charity' },
  ]);
  const reverse = lineTax({ ...taxed, taxTreatment: 'reverse_charge' }, 'standard', rateOf);
  expect(taxTotals([line('10', reverse)], 'USD')).toMatchObject([
    { base: '10.00', amount: '0.00', note: reverseChargeNote },
  ]);
});

it('a category without a rate is not mentioned', () => {
  expect(taxTotals([line('10', lineTax(taxed, 'books', rateOf))], 'USD')).toEqual([]);
});

it('bases add up to the taxed lines, whatever they are and in whatever order', () => {
  const amounts = fc.array(fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.constantFrom('standard', 'reduced')));
  fc.assert(
    fc.property(amounts, fc.constantFrom('USD', 'JPY', 'KWD'), (all, currency) => {
      const digits = currencyDigits(currency);
      const lines = all.map(([units, category]) =>
        line(new Decimal(units).div(10 ** digits).toFixed(digits), lineTax(taxed, category, rateOf)),
      );
      const totals = taxTotals(lines, currency);
      const sum = (items: readonly string[]) =>
        items.reduce((total, item) => total.plus(item), new Decimal(0)).toFixed(digits);
      expect(sum(totals.map((tax) => tax.base))).toBe(sum(lines.map(({ amount }) => amount)));
      expect(taxTotals(lines.toReversed(), currency)).toEqual(totals);
    }),
  );
});

it('the taxes of an invoice and its credit notes are, after each note, those of all their lines together', () => {
  const categories = ['standard', 'reduced'] as const;
  const amount = fc.tuple(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(...categories));
  const invoices = fc.array(amount, { minLength: 1, maxLength: 6 });
  /** Which line of the invoice, and how many thousandths of what is left of it are given back. */
  const gifts = fc.array(fc.tuple(fc.nat(5), fc.integer({ min: 0, max: 1000 })), { maxLength: 8 });
  fc.assert(
    fc.property(invoices, gifts, fc.constantFrom('USD', 'JPY', 'KWD'), (charged, given, currency) => {
      const digits = currencyDigits(currency);
      const text = (units: number) => new Decimal(units).div(10 ** digits).toFixed(digits);
      const lineOf = (units: number, category: string) => line(text(units), lineTax(taxed, category, rateOf));
      const lines = charged.map(([units, category]) => lineOf(units, category));
      const left = charged.map(([units]) => units);
      const standing = [...taxTotals(lines, currency)];
      const whole = taxOf(standing);
      const everything = left.map((_, index) => [index, 1000] as const);
      for (const [which, thousandths] of [...given, ...everything]) {
        const index = which % charged.length;
        const units = Math.floor(((left[index] as number) * thousandths) / 1000);
        left[index] = (left[index] as number) - units;
        const back = lineOf(-units, (charged[index] as (typeof charged)[number])[1]);
        lines.push(back);
        standing.push(...taxTotals([back], currency, standing));
        expect(taxOf(standing)).toBe(taxOf(taxTotals(lines, currency)));
        expect(new Decimal(taxOf(standing)).lte(whole)).toBe(true);
      }
      expect(new Decimal(taxOf(standing)).isZero()).toBe(true);
    }),
  );
});

function taxOf(totals: readonly { readonly amount: string }[]): string {
  return totals.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0)).toFixed(3);
}
