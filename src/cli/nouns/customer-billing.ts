import { getCustomerBilling, updateCustomerBilling } from '../../invoices/operations/customer-billing.ts';
import { fields, moment } from '../engine/output.ts';
import { type AnswerOf, actionView, type Noun } from '../engine/views.ts';
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
  ],
};
