import {
  exportCustomerBilling,
  getCustomerBilling,
  importCustomerBilling,
  updateCustomerBilling,
} from '../../invoices/operations/customer-billing.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { count, fields, moment, plural } from '../engine/output.ts';
import { type AnswerOf, actionView, documentView, type Noun } from '../engine/views.ts';
import { partyFields } from './party-text.ts';

type Billing = AnswerOf<typeof getCustomerBilling>;

function periodText(row: Billing['history'][number]): string {
  return fields([
    ['from', moment(row.from)],
    ['to', moment(row.to)],
    ['seller', row.entity ?? 'the default one'],
    ['name', row.legalName],
    ['address', row.address.join(', ') || null],
    ['tax ids', row.taxIds.join(', ') || null],
    ['PO number', row.poNumber],
    ['buyer reference', row.buyerReference],
    ['email', row.email],
    ...partyFields(row),
    ['terms', row.termsDays === null ? null : `${row.termsDays} days`],
    ['tax', `${row.taxTreatment.replace('_', ' ')}, ${row.taxCategory}`],
    ['tax note', row.taxNote],
    ['recorded', row.recordedAt && `${moment(row.recordedAt)} by ${row.recordedBy}`],
  ]);
}

function savedText(from: string | null | undefined): string {
  if (from === null || from === undefined) return 'Saved. Applies to all invoices.';
  return `Saved. Applies to invoices of months that end on ${from.slice(0, 10)} or later.`;
}

function importText({ written, changed, unchanged, problems }: AnswerOf<typeof importCustomerBilling>): string {
  const lines = problems.map(
    ({ line, column, reason }) => `line ${line}${column === null ? '' : `, ${column}`}: ${reason}`,
  );
  if (lines.length > 0) return lines.join('\n');
  const named =
    changed.length === 0 ? '' : ` (${changed.slice(0, 20).join(', ')}${changed.length > 20 ? ', ...' : ''})`;
  const counts = (verb: string) => `${count(changed.length)} ${verb}${named}, ${count(unchanged)} unchanged.`;
  return written ? `Imported: ${counts('changed')}` : `${counts('would change')} Nothing was imported.`;
}

export const customerBillingNoun: Noun = {
  name: 'customer billing',
  summary: 'how a customer is billed',
  description: 'How a customer is billed: names, addresses, terms and taxes, over time.',
  views: [
    actionView(getCustomerBilling, {
      example: `
$ arcadia customer billing show c-17
from       -
address    2 Hill Road, Bath`,
      text: ({ history }) => history.map(periodText).join('\n\n'),
      notes: ({ customer, history }) =>
        history.length > 0
          ? []
          : [`No billing details yet. Next: arcadia customer billing set ${customer} --address '...'`],
    }),
    actionView(updateCustomerBilling, {
      details: `Omitted fields keep their value. An invoice uses what applies on the last day of its month. Without --from:
from the beginning the first time, then from today.`,
      example: `
$ arcadia customer billing set c-17 --address '2 Hill Road, Bath' --po-number PO-93
Saved. Applies to all invoices.`,
      help: {
        entity: 'the seller; "" for the default one',
        address: 'lines, apart by commas or line breaks',
      },
      text: ({ history }, { input }) => savedText((input.body as { from?: string }).from ?? history.at(-1)?.from),
    }),
    documentView(exportCustomerBilling, {
      example: `
$ arcadia customer billing export --out billing.csv
Written to billing.csv.`,
    }),
    actionView(importCustomerBilling, {
      details: `The file is as arcadia customer billing export writes it; customer_external_id is needed, and a column that is
left out keeps what is there. An empty cell takes a value away.`,
      example: `
$ arcadia customer billing import billing.csv --dry-run
1 would change (c-17), 25 unchanged. Nothing was imported.`,
      text: importText,
      differs: ({ written, changed }) => !written && changed.length > 0,
      failure: ({ problems }) =>
        problems.length === 0
          ? null
          : new ArcadiaError('invalid_argument', `${plural(problems.length, 'error')}. Nothing imported.`),
    }),
  ],
};
