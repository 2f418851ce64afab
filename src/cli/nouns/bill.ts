import { getBill, importBill, listBillItems, listBills, syncBills } from '../../provider-billing/operations/bills.ts';
import { listLinesOfBills } from '../../provider-billing/operations/bill-lines.ts';
import {
  getBalanceMonth,
  listBalances,
  listBillingHistory,
  listBillSurprises,
  listInsights,
} from '../../provider-billing/operations/history.ts';
import { compareBillVersions, exportBill } from '../../provider-billing/operations/documents.ts';
import { coverAccount, listBillPayers, setBillPayer } from '../../provider-billing/operations/payers.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { type Column, count, fields, moment, plural, table } from '../engine/output.ts';
import { noInput } from '../engine/surface.ts';
import { type AnswerOf, actionView, documentView, listView, type Noun, type RowOf } from '../engine/views.ts';
import { reconciliationViews } from './reconciliation.ts';

type Bill = RowOf<typeof listBills>;
type Shown = AnswerOf<typeof getBill>;
type Version = Shown['history'][number];
type Product = Shown['products'][number];

interface Read {
  readonly payer: string;
  readonly part: string;
  readonly outcome: string;
  readonly reason: string | null;
}

const monthOf = ({ month }: { readonly month: string }) => month.slice(0, 7);

const columns: readonly Column<Bill>[] = [
  { header: 'bill', value: (row) => String(row.bill), align: 'right' },
  { header: 'month', value: monthOf },
  { header: 'payer', value: (row) => row.payer },
  { header: 'kind', value: (row) => row.kind },
  { header: 'number', value: (row) => row.number },
  { header: 'version', value: (row) => (row.version === null ? null : String(row.version)), align: 'right' },
  { header: 'lines', value: (row) => (row.lines === null ? null : count(row.lines)), align: 'right' },
  { header: 'amount', value: (row) => row.amount, align: 'right' },
  { header: 'residual', value: (row) => row.residual, align: 'right' },
  { header: 'difference', value: (row) => row.difference, align: 'right' },
  { header: 'unexplained', value: (row) => row.unexplained, align: 'right' },
  { header: 'missing', value: (row) => (row.missing === null ? null : count(row.missing)), align: 'right' },
  { header: 'review', value: (row) => row.review },
  { header: 'remarks', value: remarksOf },
];

function remarksOf(row: Bill): string | null {
  const remarks = [
    ...(row.source === 'csv' ? ['from a file'] : []),
    ...(row.replaced ? ['replaced by the final bill'] : []),
    ...(row.readingLines === null ? [] : [`being read: ${row.readingLines} of ${row.readingTotal ?? '?'} lines`]),
    ...(row.missingSince === null ? [] : [`not listed since ${moment(row.missingSince)}`]),
    ...(row.changedSince === null
      ? []
      : [`since signed: ${row.changedSince.amount}, difference ${row.changedSince.difference}`]),
  ];
  return remarks.length === 0 ? null : remarks.join('; ');
}

/** What could not be read, and why. */
function readNotes(reads: readonly Read[]): string[] {
  return reads
    .filter(({ outcome }) => outcome !== 'complete')
    .map(({ payer, part, outcome, reason }) => `${payer}, ${part}: ${outcome}: ${reason}`);
}

const versionColumns: readonly Column<Version>[] = [
  { header: 'version', value: (row) => String(row.version), align: 'right' },
  { header: 'number', value: (row) => row.number },
  { header: 'amount', value: (row) => row.amount, align: 'right' },
  { header: 'lines', value: (row) => count(row.lines), align: 'right' },
  { header: 'residual', value: (row) => row.residual, align: 'right' },
  { header: 'source', value: (row) => row.source },
  { header: 'sealed (utc)', value: (row) => moment(row.sealedAt) },
  { header: 'superseded (utc)', value: (row) => row.supersededAt && moment(row.supersededAt) },
];

const productColumns: readonly Column<Product>[] = [
  { header: 'product', value: (row) => row.product },
  { header: 'lines', value: (row) => count(row.lines), align: 'right' },
  { header: 'amount', value: (row) => row.amount, align: 'right' },
];

function billText(bill: Shown): string {
  const header = fields([
    ['bill', String(bill.bill)],
    ['payer', bill.payer],
    ['month', `${monthOf(bill)}, ${bill.kind}`],
    ['number', bill.number],
    ["provider's id", bill.externalId],
    [
      'version',
      bill.shown === null ? 'none is whole yet' : `${bill.shown} (of ${plural(bill.versions, 'version')} kept)`,
    ],
    ['amount', bill.amount && `${bill.amount} ${bill.currency}`],
    ['lines', bill.lines === null ? null : `${count(bill.lines)}, together ${bill.linesAmount}`],
    ['residual', bill.residual],
    ['sealed', bill.sealedAt && moment(bill.sealedAt)],
    ['remarks', remarksOf(bill)],
  ]);
  const named = bill.summary.map(({ name, amount }) => `${name}: ${amount}`).join('\n');
  return [
    header,
    ...(bill.products.length === 0 ? [] : [table(bill.products, productColumns)]),
    ...(named === '' ? [] : [`The provider's summary:\n${named}`]),
    ...(bill.history.length < 2 ? [] : [table(bill.history, versionColumns)]),
  ].join('\n\n');
}

const useColumns: readonly Column<AnswerOf<typeof getBalanceMonth>['payers'][number]>[] = [
  { header: 'payer', value: (row) => row.payer },
  { header: 'used', value: (row) => row.used, align: 'right' },
  { header: 'expected', value: (row) => row.expected, align: 'right' },
  { header: 'difference', value: (row) => row.difference, align: 'right' },
  { header: 'an hour', value: (row) => row.hourlyRate, align: 'right' },
  { header: 'unpriced', value: (row) => (row.unpriced === null ? null : count(row.unpriced)), align: 'right' },
  { header: "by month's end", value: (row) => row.forecast, align: 'right' },
  { header: 'currency', value: (row) => row.currency },
];

export const billNoun: Noun = {
  name: 'bill',
  summary: "the provider's bills, balance and Insights",
  description: 'What the provider charges us: its bills in versions, line by line, its balance and its Insights.',
  views: [
    listView(listBills, {
      example: `
$ arcadia bill list --month 2026-05
BILL  MONTH    PAYER  KIND   NUMBER     VERSION  LINES   AMOUNT  RESIDUAL  DIFFERENCE  UNEXPLAINED  MISSING  REVIEW  REMARKS
   3  2026-05  acme   final  412345678        1    214  2417.36      0.00        1.26         0.00        1  open    -`,
      columns,
      empty: 'No bill has been read. Next: arcadia bill sync',
      notes: ({ reads }) => readNotes(reads as readonly Read[]),
    }),
    actionView(getBill, {
      details: 'The residual is what only the header has: its amount less the sum of the lines.',
      example: `
$ arcadia bill show 3
bill           3
payer          acme
month          2026-05, final
number         412345678
provider's id  22737513-0ea7-4206-8ceb-98a575af7681
version        1 (of 1 version kept)
amount         38.88 USD
lines          5, together 38.88
residual       0.00
sealed         2026-06-01 02:23:10Z

PRODUCT   LINES  AMOUNT
Droplets      2   36.00
Volumes       3    2.88`,
      text: billText,
    }),
    listView(listBillItems, {
      example: `
$ arcadia bill items 3 --product Droplets
LINE  PRODUCT   DESCRIPTION         AMOUNT  DURATION  FROM (UTC)            TO (UTC)              PROJECT
   1  Droplets  web-1 (s-2vcpu-4gb)  24.00  744 Hours  2026-05-01 00:00:00Z  2026-06-01 00:00:00Z  web`,
      columns: [
        { header: 'line', value: (row) => String(row.position), align: 'right' },
        { header: 'product', value: (row) => row.product },
        { header: 'description', value: (row) => row.description },
        { header: 'group', value: (row) => row.groupDescription },
        { header: 'id', value: (row) => row.resourceUuid ?? row.resourceId },
        { header: 'amount', value: (row) => row.amount, align: 'right' },
        {
          header: 'duration',
          value: (row) => (row.duration === null ? null : `${row.duration} ${row.durationUnit ?? ''}`.trimEnd()),
          align: 'right',
        },
        { header: 'from (utc)', value: (row) => row.startTime && moment(row.startTime) },
        { header: 'to (utc)', value: (row) => row.endTime && moment(row.endTime) },
        { header: 'project', value: (row) => row.projectName },
      ],
      empty: 'No matching lines.',
    }),
    documentView(exportBill, {
      details: `CSV and PDF are the provider's own documents: asked for once, and kept with the version. JSON has the bridge and
every line with who bears it. A file appears whole or not at all.`,
      example: `
$ arcadia bill export 3 --format pdf --out invoice-412345678.pdf
Written to invoice-412345678.pdf.`,
    }),
    listView(compareBillVersions, {
      example: `
$ arcadia bill compare 3 --base 1
CHANGE   LINE  PRODUCT   DESCRIPTION          BEFORE  AFTER  DIFFERENCE
changed    17  Droplets  web-1 (s-2vcpu-4gb)   24.00  18.00       -6.00
Version 1 was 2417.36 USD, version 2 is 2411.36 USD: -6.00.`,
      columns: [
        { header: 'change', value: (row) => row.change },
        { header: 'line', value: (row) => (row.position === null ? null : String(row.position)), align: 'right' },
        { header: 'product', value: (row) => row.product },
        { header: 'description', value: (row) => row.description },
        { header: 'before', value: (row) => row.before, align: 'right' },
        { header: 'after', value: (row) => row.after, align: 'right' },
        { header: 'difference', value: (row) => row.difference, align: 'right' },
      ],
      empty: 'Their lines are the same.',
      notes: ({ base, version, before, after, difference, currency }) => [
        `Version ${base} was ${before} ${currency}, version ${version} is ${after} ${currency}: ${difference}.`,
      ],
    }),
    listView(listBalances, {
      example: `
$ arcadia bill balance --payer acme --limit 1
MADE (UTC)            PAYER  OWED OF THE PAST  USED THIS MONTH  TOGETHER  CURRENCY
2026-05-18 00:00:00Z  acme               0.00            21.42     21.42  USD`,
      columns: [
        { header: 'made (utc)', value: (row) => moment(row.generatedAt) },
        { header: 'payer', value: (row) => row.payer },
        { header: 'owed of the past', value: (row) => row.accountBalance, align: 'right' },
        { header: 'used this month', value: (row) => row.monthToDateUsage, align: 'right' },
        { header: 'together', value: (row) => row.monthToDateBalance, align: 'right' },
        { header: 'currency', value: (row) => row.currency },
      ],
      empty: 'No balance has been read. Next: arcadia bill sync',
    }),
    actionView(getBalanceMonth, {
      details:
        'What is expected is the price of an hour of what was there, by the price book, from balance to balance.',
      example: `
$ arcadia bill use --month 2026-05
PAYER   USED  EXPECTED  DIFFERENCE  AN HOUR  UNPRICED  BY MONTH'S END  CURRENCY
acme   21.42     21.38        0.04   0.0536         0           36.00  USD`,
      text: ({ payers }) =>
        payers.length === 0
          ? 'No balance of this month has been read. Next: arcadia bill sync'
          : table(payers, useColumns),
    }),
    listView(listLinesOfBills, {
      example: `
$ arcadia bill charges --deployment studio --month 2026-05
MONTH    BILL  LINE  PRODUCT   DESCRIPTION         AMOUNT  SHARE  CURRENCY  CAUSE  STATE
2026-05     3    17  Droplets  web-1 (s-2vcpu-4gb)   24.00  24.00  USD       none   final`,
      columns: [
        { header: 'month', value: monthOf },
        { header: 'bill', value: (row) => String(row.bill), align: 'right' },
        { header: 'line', value: (row) => String(row.position), align: 'right' },
        { header: 'product', value: (row) => row.product },
        { header: 'description', value: (row) => row.description },
        { header: 'amount', value: (row) => row.amount, align: 'right' },
        { header: 'share', value: (row) => row.share, align: 'right' },
        { header: 'currency', value: (row) => row.currency },
        { header: 'cause', value: (row) => row.cause },
        { header: 'state', value: (row) => row.state },
      ],
      empty: 'No bill charges it.',
    }),
    listView(listBillingHistory, {
      example: `
$ arcadia bill history --limit 1
AT (UTC)              PAYER  TYPE     AMOUNT    CURRENCY  DESCRIPTION        INVOICE  REMARKS
2026-06-01 03:12:44Z  acme   Payment  -2417.36  USD       Payment (VI 4242)  -        -`,
      columns: [
        { header: 'at (utc)', value: (row) => moment(row.at) },
        { header: 'payer', value: (row) => row.payer },
        { header: 'type', value: (row) => row.type },
        { header: 'amount', value: (row) => row.amount, align: 'right' },
        { header: 'currency', value: (row) => row.currency },
        { header: 'description', value: (row) => row.description },
        { header: 'invoice', value: (row) => row.invoiceNumber },
        {
          header: 'remarks',
          value: (row) => (row.missingSince === null ? null : `not shown since ${moment(row.missingSince)}`),
        },
      ],
      empty: 'Nothing has been read. Next: arcadia bill sync',
    }),
    listView(listInsights, {
      example: `
$ arcadia bill insights --from 2026-05-17 --to 2026-05-18
DAY         PAYER  SKU             REGION  AMOUNT  DESCRIPTION          GROUP  REVISION
2026-05-17  acme   1-DO-DROP-0109  fra1      0.86  web-1 (s-2vcpu-4gb)  -             1`,
      columns: [
        { header: 'day', value: (row) => row.day },
        { header: 'payer', value: (row) => row.payer },
        { header: 'sku', value: (row) => row.sku },
        { header: 'region', value: (row) => row.region },
        { header: 'amount', value: (row) => row.amount, align: 'right' },
        { header: 'description', value: (row) => row.description },
        { header: 'group', value: (row) => row.groupDescription || null },
        { header: 'revision', value: (row) => String(row.revision), align: 'right' },
      ],
      empty: 'No Insights of these days. Next: arcadia bill sync',
    }),
    listView(listBillSurprises, {
      details: 'A row is named where it costs a quarter more than expected, and more than 0.10.',
      example: `
$ arcadia bill surprises
DAY         PAYER  TEAM                                          SKU              REGION  DESCRIPTION          EXPECTED  AMOUNT  CURRENCY  COMPARED
2026-05-17  acme   do:team:8a1e6c2f-4b0d-4c1e-9a51-1b7d2c3e4f50  1-BS-VOL-00100  fra1    data (fra1) 100GB        0.36    1.07  USD       history`,
      columns: [
        { header: 'day', value: (row) => row.day },
        { header: 'payer', value: (row) => row.payer },
        { header: 'team', value: (row) => row.teamUrn },
        { header: 'sku', value: (row) => row.sku },
        { header: 'region', value: (row) => row.region },
        { header: 'description', value: (row) => row.description },
        { header: 'expected', value: (row) => row.expected, align: 'right' },
        { header: 'amount', value: (row) => row.amount, align: 'right' },
        { header: 'currency', value: (row) => row.currency },
        { header: 'compared', value: (row) => row.compared },
      ],
      empty: 'No day cost more than expected.',
    }),
    actionView(syncBills, {
      details: `Bills of the months before an account was connected are read as well (ARCADIA_BILL_MONTHS). A reading that is cut
off goes on where it was. Needs the scope billing:read.`,
      example: `
$ arcadia bill sync
Reading the balance, bills and Insights of acme.`,
      help: { payer: 'its slug; every payer without one' },
      text: ({ payers }) => `Reading the balance, bills and Insights of ${payers.join(', ')}.`,
      notes: () => ['What was read: arcadia bill list'],
      async afterJobs({ payers }, { surface, output }) {
        const page = await surface.page(listBills, { ...noInput, query: { limit: 100 } });
        const bills = (page.items as Bill[]).filter(({ payer }) => payers.includes(payer));
        if (!output.json && bills.length > 0) await output.text(table(bills, columns));
        const notes = readNotes((page['reads'] as readonly Read[]).filter(({ payer }) => payers.includes(payer)));
        return notes.length === 0 ? null : new ArcadiaError('sync_incomplete', `Not read: ${notes.join('; ')}.`);
      },
    }),
    actionView(importBill, {
      details: `The file is the CSV that DigitalOcean offers beside each invoice. It has no ids and no total. Errors are named by
line. The same file again changes nothing.`,
      example: `
$ arcadia bill import invoice-412345678.csv --payer acme --number 412345678
Imported 214 lines as bill 3 of 2026-05, version 1.`,
      text: ({ bill, month, version, imported, lines }) =>
        imported
          ? `Imported ${plural(lines, 'line')} as bill ${bill} of ${month.slice(0, 7)}, version ${version}.`
          : `Version ${version} of bill ${bill} has the same ${plural(lines, 'line')}; nothing was written.`,
      notes: ({ bill }) => [`Next: arcadia bill show ${bill}`],
    }),
    ...reconciliationViews,
  ],
};

export const billPayerNoun: Noun = {
  name: 'bill payer',
  summary: "who receives the provider's bills",
  description: "Who receives the provider's bills, and which accounts are on them, over time.",
  views: [
    listView(listBillPayers, {
      example: `
$ arcadia bill payer list
PAYER  PROVIDER      ORGANIZATION  CURRENCY  ACCOUNTS
acme   digitalocean  -             USD       acme`,
      columns: [
        { header: 'payer', value: (row) => row.payer },
        { header: 'provider', value: (row) => row.provider },
        { header: 'organization', value: (row) => row.organizationId },
        { header: 'currency', value: (row) => row.currency },
        { header: 'accounts', value: ({ accounts }) => accounts.map(accountText).join(', ') },
      ],
      empty: 'No payer is known yet. Next: arcadia bill sync',
    }),
    actionView(coverAccount, {
      example: `
$ arcadia bill payer cover acme acme-labs --from 2026-06-01
acme-labs is on the bills of acme from 2026-06-01 on.`,
      text({ changed }, { input }) {
        const { payer, account } = input.params as { payer: string; account: string };
        const { from } = input.body as { from: string };
        return changed
          ? `${account} is on the bills of ${payer} from ${from} on.`
          : 'It was so already; nothing was written.';
      },
    }),
    actionView(setBillPayer, {
      example: `
$ arcadia bill payer set acme --organization-id 5d3c6a7b-1c2d-4e3f-8a9b-0c1d2e3f4a5b
Saved.`,
      help: { organizationId: `the provider's uuid of the organization; "" for a team` },
      text: ({ changed }) => (changed ? 'Saved.' : 'It was so already; nothing was written.'),
    }),
  ],
};

type Payer = RowOf<typeof listBillPayers>;

function accountText({ account, from, to }: Payer['accounts'][number]): string {
  const times = [
    ...(from === null ? [] : [`from ${from.slice(0, 10)}`]),
    ...(to === null ? [] : [`to ${to.slice(0, 10)}`]),
  ];
  return [account, ...times].join(' ');
}
