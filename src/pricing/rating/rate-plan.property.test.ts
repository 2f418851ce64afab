import fc from 'fast-check';
import { expect, it } from 'vitest';
import { planSchema } from '../plan.ts';
import { ratePlan } from './rate-plan.ts';

const month = Temporal.PlainYearMonth.from('2026-05');

/** Whole numbers at a scale, and the text that means the same. */
const scaled = (digits: number, max: bigint) =>
  fc.bigInt({ min: 0n, max }).map((n) => {
    const padded = n.toString().padStart(digits + 1, '0');
    return { n, text: digits === 0 ? padded : `${padded.slice(0, -digits)}.${padded.slice(-digits)}` };
  });
const quantity = scaled(9, 2_000n * 10n ** 9n);
const unitPrice = scaled(6, 3n * 10n ** 6n);

const itemOfPlan = fc.record({ allowance: quantity, unitPrice, used: fc.option(quantity) });
const cases = fc.record({
  base: scaled(2, 100_000n),
  items: fc.array(itemOfPlan, { maxLength: 6 }),
  discount: fc.option(scaled(0, 100n)),
});

/** Cents of a value at 15 digits after the point, half away from zero. */
const cents = (n: bigint) => (n + 5n * 10n ** 12n) / 10n ** 13n;
const money = (n: bigint) => {
  const text = (n < 0n ? -n : n).toString().padStart(3, '0');
  return `${n < 0n ? '-' : ''}${text.slice(0, -2)}.${text.slice(-2)}`;
};

it('equals whole-number arithmetic, to the cent; a total is the sum of what is shown', () => {
  fc.assert(
    fc.property(cases, ({ base, items, discount }) => {
      const plan = planSchema.parse({
        plan: 'p',
        name: 'P',
        from: '2026-01-01',
        currency: 'USD',
        base: base.text,
        discount: discount && { percent: discount.text },
        items: items.map((item, index) => ({
          kind: `kind_${index}`,
          allowance: item.allowance.text,
          model: 'standard',
          properties: { unitPrice: item.unitPrice.text },
        })),
      });
      const usage = new Map(
        items.flatMap((item, index) => (item.used ? [[`kind_${index}`, item.used.text] as const] : [])),
      );

      const amounts = items.map(({ allowance, unitPrice: price, used }) => {
        const beyond = (used?.n ?? 0n) - allowance.n;
        return beyond > 0n ? cents(beyond * price.n) : 0n;
      });
      const overage = amounts.reduce((sum, amount) => sum + amount, 0n);
      const due = base.n + overage;
      const off = discount ? (due * discount.n + 50n) / 100n : 0n;

      const quote = ratePlan(plan, usage, month);
      expect(quote.lines.map((line) => line.amount)).toEqual(amounts.map(money));
      expect(quote.overage).toBe(money(overage));
      expect(quote.adjustments ?? []).toEqual(off === 0n ? [] : [{ cause: 'discount', amount: money(-off) }]);
      expect(quote.total).toBe(money(due - off));
    }),
  );
});
