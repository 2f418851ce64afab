import {
  importExchangeRatesOperation,
  listExchangeRates,
  removeExchangeRate,
  setExchangeRate,
} from '../../pricing/operations/exchange-rates.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { type Column, count, moment, plural } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

const columns: readonly Column<RowOf<typeof listExchangeRates>>[] = [
  { header: 'day', value: (row) => row.day },
  { header: 'rate', value: ({ base, counter, rate }) => `1 ${base} = ${rate} ${counter}` },
  { header: 'source', value: (row) => row.source },
  { header: 'recorded (utc)', value: (row) => moment(row.recordedAt) },
  { header: 'by', value: (row) => row.recordedBy },
];

interface Which {
  readonly base: string;
  readonly counter: string;
  readonly day: string;
}

function importText(answer: AnswerOf<typeof importExchangeRatesOperation>): string {
  const { written, changed, unchanged, problems } = answer;
  if (problems.length > 0) {
    return problems
      .map(({ line, column, reason }) => `line ${line}${column === null ? '' : `, ${column}`}: ${reason}`)
      .join('\n');
  }
  const counts = (verb: string) => `${count(changed)} ${verb}, ${count(unchanged)} unchanged.`;
  return written ? `Imported: ${counts('changed')}` : `${counts('would change')} Nothing was imported.`;
}

export const exchangeRateNoun: Noun = {
  name: 'exchange-rate',
  summary: 'what one currency is in another, by day',
  description:
    'Exchange rates by day: for the VAT of invoices in a foreign currency, and wherever two currencies are compared.',
  views: [
    listView(listExchangeRates, {
      example: `
$ arcadia exchange-rate list --base USD --counter EUR
DAY         RATE               SOURCE  RECORDED (UTC)        BY
2026-05-29  1 USD = 0.915 EUR  ECB     2026-05-31 18:00:00Z  kim`,
      columns,
      empty: 'No exchange rates yet. Next: arcadia exchange-rate set --help',
    }),
    actionView(setExchangeRate, {
      example: `
$ arcadia exchange-rate set USD EUR 2026-05-29 0.915 --source ECB
2026-05-29: 1 USD = 0.915 EUR (ECB).`,
      text({ changed }, { input }) {
        const { base, counter, day } = input.params as unknown as Which;
        const { rate, source } = input.body as { readonly rate: string; readonly source: string };
        return `${day}: 1 ${base} = ${rate} ${counter} (${source})${changed ? '' : ', as before'}.`;
      },
    }),
    actionView(importExchangeRatesOperation, {
      details: `The file is as arcadia exchange-rate list --csv writes it: base, counter, day, rate and source. Rates that it does
not have stay.`,
      example: `
$ arcadia exchange-rate import rates.csv --dry-run
21 would change, 0 unchanged. Nothing was imported.`,
      text: importText,
      differs: ({ written, changed }) => !written && changed > 0,
      failure: ({ problems }) =>
        problems.length === 0
          ? null
          : new ArcadiaError('invalid_argument', `${plural(problems.length, 'error')}. Nothing imported.`),
    }),
    actionView(removeExchangeRate, {
      example: `
$ arcadia exchange-rate remove USD EUR 2026-05-29
Removed. Issued invoices are not affected.`,
      text: () => 'Removed. Issued invoices are not affected.',
    }),
  ],
};
