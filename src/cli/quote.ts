import type { Command } from 'commander';
import type { QuoteLine } from '../pricing/rating/rate-plan.ts';
import { addCommand, withSession } from './command.ts';
import { type Column, fields, table } from './output.ts';
import { addRangeOptions, describeRange, monthOf, parseRange, type RangeOptions } from './range.ts';

export function addQuoteCommand(program: Command): void {
  const command = addCommand(program, 'quote', {
    summary: 'what a deployment costs for a month, on its plan or another',
    details:
      'An estimate that binds nobody: what has been metered of the month, with the whole base fee. Without a range: the current month. A range lies within one month.',
    example: `
$ arcadia quote acme --plan studio --month 2026-05
acme on studio, May 2026 (UTC); every day before 2026-06-01 is metered.

KIND           QUANTITY  ALLOWANCE  BILLABLE  UNIT PRICE  AMOUNT
droplet_hours      1500       1488        12    0.02 USD    0.24
dns_zones             2          5         0    0.50 USD    0.00

base     50.00 USD
overage   0.24 USD
total    50.24 USD`,
  })
    .argument('<deployment>', "the deployment's slug")
    .option('--plan <plan>', 'by default the plan that it is on');
  addRangeOptions(command).action(
    withSession(async (session, slug: string, options: RangeOptions & { plan?: string }) => {
      const asked = parseRange(options, null);
      const { quoteDeployment } = await import('../pricing/quotes.ts');
      const { dayOf } = await import('../metering/period.ts');
      const { db, clock } = await session.database();
      const range = asked ?? monthOf(dayOf(await clock.now()));
      const quote = await quoteDeployment(db, { deployment: slug, plan: options.plan, ...range });
      if (session.output.json) return session.output.value(quote);

      const { currency } = quote;
      const adjustments = (quote.adjustments ?? []).map(({ cause, amount }): [string, string] => [
        cause,
        `${amount} ${currency}`,
      ]);
      const sums = [
        ['base', `${quote.base} ${currency}`],
        ['overage', `${quote.overage} ${currency}`],
        ...adjustments,
        ['total', `${quote.total} ${currency}`],
      ];
      const longest = Math.max(...sums.map(([, amount]) => amount?.length ?? 0));
      await session.output.text(
        [
          `${slug} on ${quote.plan}, ${describeRange(range)}; every day before ${quote.meteredThrough} is metered.`,
          table(quote.lines, lineColumns(currency)),
          fields(sums.map(([name = '', amount = '']) => [name, amount.padStart(longest)] as const)),
        ].join('\n\n'),
      );
    }),
  );
}

function lineColumns(currency: string): Column<QuoteLine>[] {
  return [
    { header: 'kind', value: (row) => row.kind },
    { header: 'quantity', value: (row) => row.quantity, align: 'right' },
    { header: 'allowance', value: (row) => row.allowance, align: 'right' },
    { header: 'billable', value: (row) => row.billable, align: 'right' },
    {
      header: 'unit price',
      value: (row) => (row.unitPrice === null ? (row.model ?? 'no price') : `${row.unitPrice} ${currency}`),
      align: 'right',
    },
    { header: `amount (${currency})`, value: (row) => row.amount, align: 'right' },
  ];
}
