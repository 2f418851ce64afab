import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import type { Quote } from './rating/rate-plan.ts';

/** One line of several quotes side by side; null: the quote has no such line. */
interface ComparedLine {
  /** `base`, a billing kind, `minimum`, `cap`, `discount`, `total`. */
  readonly line: string;
  /** By quote, in their order. */
  readonly amounts: readonly (string | null)[];
  /** What each costs more (or less, with a minus) than the first; null: in another currency. */
  readonly differences: readonly (string | null)[];
}

export interface Comparison {
  readonly plans: readonly string[];
  readonly lines: readonly ComparedLine[];
  /** The plan with the lowest total, the first of several; null: their currencies differ. */
  readonly best: string | null;
}

/** Sets quotes of the same usage side by side. */
export function compareQuotes(quotes: readonly Quote[]): Comparison {
  const [first] = quotes;
  if (first === undefined) throw new RangeError('there is nothing to compare');
  const amounts = quotes.map(
    (quote) =>
      new Map<string, string>([
        ['base', quote.base],
        ...quote.lines.map((line) => [line.kind, line.amount] as const),
        ...(quote.adjustments ?? []).map(({ cause, amount }) => [cause, amount] as const),
        ['total', quote.total],
      ]),
  );
  // Adjustments and the total last, whichever quote has them.
  const order = (name: string) => ['minimum', 'cap', 'discount', 'total'].indexOf(name);
  const names = [...new Set(amounts.flatMap((by) => [...by.keys()]))].sort((a, b) => order(a) - order(b));
  const lines = names.map((line): ComparedLine => {
    const shown = amounts.map((by) => by.get(line) ?? null);
    return {
      line,
      amounts: shown,
      differences: shown.map((amount, index) =>
        quotes[index]?.currency === first.currency
          ? formatMoney(new Decimal(amount ?? 0).minus(shown[0] ?? 0), first.currency)
          : null,
      ),
    };
  });
  const best = quotes.reduce((found, quote) => (new Decimal(quote.total).lt(found.total) ? quote : found), first);
  const oneCurrency = quotes.every(({ currency }) => currency === first.currency);
  return { plans: quotes.map(({ plan }) => plan), lines, best: oneCurrency ? best.plan : null };
}
