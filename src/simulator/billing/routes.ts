import type { FileRoute, ListRoute, OneRoute } from '../routes.ts';
import type { Lens, View } from '../views.ts';
import type { Entry } from './bills.ts';
import { csvOf } from './csv.ts';
import type { Issue } from './documents.ts';
import { insightsOf } from './insights.ts';
import type { Line } from './lines.ts';
import { pdfOf } from './pdf.ts';
import { balanceView, entryView, invoiceView, itemView, previewView, summaryView } from './views.ts';

const billing = { scope: 'billing:read', version: null, uncached: true } as const;
const INVOICES = '/v2/customers/my/invoices';

/** Of a customer, whose name is the fleet's. What a bill comes to is not seen from the world alone: nothing is cached. */
export function billingRoutes(fleet: string): readonly (ListRoute | OneRoute | FileRoute)[] {
  return [
    {
      ...billing,
      path: '/v2/customers/my/balance',
      type: 'one',
      key: null,
      find: ({ bills }) => balanceView(bills.balance()),
    },
    {
      ...billing,
      path: '/v2/customers/my/billing_history',
      type: 'list',
      key: 'billing_history',
      items: ({ bills }) => bills.history(),
      view: (entry: Entry) => entryView(entry),
    },
    {
      ...billing,
      path: INVOICES,
      type: 'list',
      key: 'invoices',
      items: ({ bills }) => bills.invoices(),
      view: (issue: Issue, { bills }) => invoiceView(issue.uuid, issue.number, issue.month.name, bills.amountOf(issue)),
      beside: ({ bills }) => ({ invoice_preview: previewView(bills.preview()) }),
    },
    ...invoiceRoutes(fleet),
    {
      ...billing,
      path: '/v2/billing/{urn}/insights/{start}/{end}',
      type: 'list',
      key: 'data_points',
      items({ bills }, _, id) {
        const [urn = '', from = '', to = ''] = id.split('/').map(decodeURIComponent);
        return insightsOf(bills, urn, from, to);
      },
      view: (point: View) => point,
      counts: 'items',
    },
  ];
}

/** Of one invoice, by its uuid or `preview`. */
function invoiceRoutes(fleet: string): readonly (ListRoute | OneRoute | FileRoute)[] {
  return [
    {
      ...billing,
      path: `${INVOICES}/{id}/summary`,
      type: 'one',
      key: null,
      find({ bills }, id) {
        const invoice = bills.find(id);
        return invoice === null ? null : summaryView(invoice, fleet);
      },
    },
    {
      ...billing,
      path: `${INVOICES}/{id}/csv`,
      type: 'file',
      find: file('text/csv', 'csv', csvOf),
    },
    {
      ...billing,
      path: `${INVOICES}/{id}/pdf`,
      type: 'file',
      find: file('application/pdf', 'pdf', (invoice) => pdfOf(invoice, fleet)),
    },
    {
      ...billing,
      path: `${INVOICES}/{id}`,
      type: 'list',
      key: 'invoice_items',
      items: ({ bills }, _, id) => bills.find(id)?.lines.filter(({ csvOnly }) => !csvOnly) ?? null,
      // Who reads on in a preview may find another one.
      reads({ bills }, page, id) {
        if (page > 1 && bills.find(id)?.updatedAt != null) bills.readOn();
      },
      view: (line: Line) => itemView(line),
    },
  ];
}

function file(
  type: string,
  extension: string,
  write: (invoice: NonNullable<ReturnType<Lens['bills']['find']>>) => string | Buffer,
) {
  return ({ bills }: Lens, id: string) => {
    const invoice = bills.find(id);
    if (invoice === null) return null;
    return { type, name: `invoice-${invoice.number}.${extension}`, body: write(invoice) };
  };
}
