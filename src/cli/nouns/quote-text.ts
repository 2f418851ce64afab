import type { getDeploymentForecast, quotePlans } from '../../pricing/operations/quotes.ts';
import { type Column, fields, moment, table } from '../engine/output.ts';
import { meteredText } from '../engine/range.ts';
import type { AnswerOf } from '../engine/views.ts';
import type { KindWords } from './kind-words.ts';

// Estimates as a customer reads them.

export type PlanQuotes = AnswerOf<typeof quotePlans>;
type Forecast = AnswerOf<typeof getDeploymentForecast>;
type Quote = PlanQuotes['quotes'][number];
type QuoteLine = Quote['lines'][number];

/** The lines, the sums under them, and what is worth a remark. */
export function printQuote(quote: Quote, words: KindWords): string {
  const { currency } = quote;
  const sums = [
    ...(quote.baseFees ?? []).map(
      ({ plan, from, to, amount }) => [`base ${plan}, ${shortDay(from)} to ${shortDay(to)}`, amount] as const,
    ),
    ['base', quote.base],
    ...(quote.passThrough ?? []).map(
      ({ product, amount, final }) => [final ? product : `${product}, not final`, amount] as const,
    ),
    ['overage', quote.overage],
    ...(quote.adjustments ?? []).map(({ cause, amount }) => [cause, amount] as const),
    ['total', quote.total],
    ...(quote.otherTotals ?? []).map((other) => [`besides, in ${other.currency}`, other.total] as const),
  ] as const;
  const longest = Math.max(...sums.map(([, amount]) => amount.length));
  return [
    table(quote.lines, lineColumns(quote, words)),
    fields(
      sums.map(
        ([name, amount]) =>
          [name, `${amount.padStart(longest)}${name.startsWith('besides') ? '' : ` ${currency}`}`] as const,
      ),
    ),
    ...remarks(quote, words),
  ].join('\n\n');
}

function remarks({ cliffs = [], uncharged = [], currency }: Quote, words: KindWords): string[] {
  return [
    ...cliffs.map(
      ({ kind, moreUnits, amount, amountWithMore }) =>
        `${title(words, kind)}: ${moreUnits} more would cost less: ${amountWithMore} ${currency} instead of ${amount}.`,
    ),
    ...uncharged.map(
      ({ billingKind, quantity, reason, from, to }) =>
        `Not charged, ${reason === 'paused' ? 'paused' : 'on no plan'} from ${moment(from)} to ${moment(to)}: ${quantity} ${words.get(billingKind)?.unit ?? ''} of ${title(words, billingKind)}.`,
    ),
  ];
}

function lineColumns(quote: Quote, words: KindWords): Column<QuoteLine>[] {
  const split = quote.lines.some((line) => line.plan !== undefined);
  const carried = quote.lines.some((line) => line.carriedIn !== undefined);
  return [
    ...(split
      ? [
          { header: 'plan', value: (row: QuoteLine) => row.plan ?? null },
          { header: 'from', value: (row: QuoteLine) => (row.from ? shortDay(row.from) : null) },
        ]
      : []),
    { header: 'what', value: (row) => title(words, row.kind) },
    { header: 'used', value: (row) => row.quantity, align: 'right' },
    { header: 'included', value: (row) => row.allowance, align: 'right' },
    ...(carried
      ? [{ header: 'left from before', value: (row: QuoteLine) => row.carriedIn ?? null, align: 'right' } as const]
      : []),
    { header: 'charged', value: (row) => row.billable, align: 'right' },
    {
      header: 'unit price',
      value: (row) => (row.unitPrice === null ? (row.model ?? 'no price') : `${row.unitPrice} ${quote.currency}`),
      align: 'right',
    },
    { header: `amount (${quote.currency})`, value: (row) => row.amount, align: 'right' },
  ];
}

/** Plans side by side, with what each line costs more than on the first. */
export function printComparison({ quotes, comparison, usage }: PlanQuotes, words: KindWords): string {
  if (comparison === null) return '';
  const adjustments: Record<string, string> = { base: 'base fee', total: 'total' };
  const columns: Column<(typeof comparison.lines)[number]>[] = [
    { header: 'what', value: (row) => adjustments[row.line] ?? title(words, row.line) },
    { header: 'used', value: (row) => usage[row.line] ?? null, align: 'right' },
    ...quotes.flatMap((quote, index): Column<(typeof comparison.lines)[number]>[] => [
      { header: `${quote.plan} (${quote.currency})`, value: (row) => row.amounts[index] ?? null, align: 'right' },
      ...(index === 0
        ? []
        : [
            {
              header: 'difference',
              value: (row: (typeof comparison.lines)[number]) => signed(row.differences[index]),
              align: 'right',
            } as const,
          ]),
    ]),
  ];
  return [
    table(comparison.lines, columns),
    comparison.best === null ? 'Their currencies differ: none is the cheapest.' : `Cheapest: ${comparison.best}.`,
    ...quotes.flatMap((quote) => remarks(quote, words).map((remark) => `${quote.plan}: ${remark}`)),
  ].join('\n\n');
}

export function printForecast(
  { deployment, month, meteredThrough, method, toDate, forecast }: Forecast,
  words: KindWords,
): string {
  return [
    `${deployment} on ${forecast.plan}, ${month}: ${toDate.total} ${toDate.currency} to date (${meteredText({ from: `${month}-01`, meteredThrough })}), ${forecast.total} ${forecast.currency} at its end.`,
    'At the end of the month:',
    printQuote(forecast, words),
    `Forecast: ${method}`,
  ].join('\n\n');
}

function signed(difference: string | null | undefined): string | null {
  if (difference == null) return null;
  return difference.startsWith('-') || /^[0.]+$/.test(difference) ? difference : `+${difference}`;
}

function title(words: KindWords, kind: string): string {
  return words.get(kind)?.title ?? kind;
}

function shortDay(instant: string): string {
  return (moment(instant) ?? '').replace(' 00:00:00Z', '');
}
