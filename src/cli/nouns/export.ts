import { exportFocusCost } from '../../provider-billing/operations/export.ts';
import { exportFocus, getExportCoverage } from '../../invoices/operations/export.ts';
import { count, fields } from '../engine/output.ts';
import { noInput } from '../engine/surface.ts';
import { type AnswerOf, actionView, documentView, type Noun } from '../engine/views.ts';

type Coverage = AnswerOf<typeof getExportCoverage>;

function coverageNotes({ unissued }: Coverage, month: string): string[] {
  if (unissued === 0) return [];
  const are = unissued === 1 ? '1 invoice of the month is' : `${count(unissued)} invoices of the month are`;
  return [`${are} not issued, and so not in the export: arcadia invoice list --month ${month}`];
}

export const exportNoun: Noun = {
  name: 'export',
  summary: 'what was billed and what it cost, for other programs',
  description: 'What was billed, and what the provider charged, in the forms that other programs read.',
  views: [
    documentView(exportFocus, {
      summary: 'a month of cost and usage in FOCUS 1.4, as CSV or Parquet',
      details: `Every line and tax of the issued invoices of the month, and of the credit notes issued in it; docs/focus.md says
which column holds what. What is not issued is not in it: standard error has their number. A file appears whole or not at all.`,
      example: `
$ arcadia export focus --month 2026-05 --format parquet --out focus-2026-05.parquet
Written to focus-2026-05.parquet.
2 invoices of the month are not issued, and so not in the export: arcadia invoice list --month 2026-05`,
      async notes(_, { surface, input }) {
        const query = { month: input.query.month };
        const coverage = (await surface.act(getExportCoverage, { ...noInput, query })) as Coverage;
        return coverageNotes(coverage, String(input.query.month));
      },
    }),
    documentView(exportFocusCost, {
      summary: 'a month of what the provider charged, and who bears it, in FOCUS 1.4',
      details: `Every line of the bills of the month by who bears it, or with --dataset InvoiceDetail as it is on the bill. The
BilledCosts of an InvoiceId add up to the invoice. It holds your cost: it is not for customers. docs/focus.md says which column
holds what. A file appears whole or not at all.`,
      example: `
$ arcadia export focus-cost --month 2026-05 --out cost-2026-05.csv
Written to cost-2026-05.csv.`,
    }),
    actionView(getExportCoverage, {
      summary: 'how many documents of a month an export leaves out',
      example: `
$ arcadia export coverage --month 2026-05
not issued  2`,
      text: ({ unissued }) => fields([['not issued', count(unissued)]]),
    }),
  ],
};
