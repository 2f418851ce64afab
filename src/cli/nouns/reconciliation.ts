import {
  believeBillingRule,
  listAllocations,
  listContradictions,
  listPriceEvidence,
  previewAllocation,
  previewBillingRule,
  setAllocation,
  unsetAllocation,
} from '../../provider-billing/operations/billing-rules.ts';
import {
  acceptBillLine,
  addBillNote,
  assignBillLine,
  listBillDecisions,
  previewBillAssignment,
  reopenSignedBill,
  signOffBill,
} from '../../provider-billing/operations/decisions.ts';
import {
  explainBillLine,
  getBillBridge,
  listBillFindings,
  listBillResources,
  listMissingCharges,
  listProviderCosts,
  listReconciledLines,
  reconcileBills,
} from '../../provider-billing/operations/reconciliation.ts';
import { type Column, count, fields, moment, table } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Bridge = AnswerOf<typeof getBillBridge>;
type Line = RowOf<typeof listReconciledLines>;
type Details = AnswerOf<typeof explainBillLine>;
type Preview = AnswerOf<typeof previewAllocation>;

const bridgeColumns: readonly Column<{ part: string; lines: number | null; amount: string }>[] = [
  { header: 'part', value: (row) => row.part },
  { header: 'lines', value: (row) => (row.lines === null ? null : count(row.lines)), align: 'right' },
  { header: 'amount', value: (row) => row.amount, align: 'right' },
];

function bridgeText(bill: Bridge): string {
  const linesOf = (...outcomes: readonly string[]) =>
    bill.lines.filter(({ outcome }) => outcomes.includes(outcome)).reduce((sum, { lines }) => sum + lines, 0);
  const rows = [
    { part: 'expected', lines: linesOf('matched', 'from_bill'), amount: bill.expected },
    ...bill.differences.map(({ cause, lines, amount }) => ({ part: `  ${cause}`, lines, amount })),
    { part: 'allocated', lines: linesOf('allocated'), amount: bill.allocated },
    { part: 'unexplained', lines: linesOf('unexplained'), amount: bill.unexplained },
    { part: 'residual', lines: null, amount: bill.residual },
    { part: 'bill', lines: null, amount: bill.amount },
  ];
  const { signed, changedSince } = bill;
  const header = `Bill ${bill.bill}, ${bill.month.slice(0, 7)}, ${bill.payer}, ${bill.kind}, version ${bill.version}, in ${bill.currency}`;
  return [
    header,
    table(rows, bridgeColumns),
    ...(signed === null
      ? []
      : [`Signed at ${moment(signed.at)} by ${signed.by}${signed.reason ? `: ${signed.reason}` : ''}`]),
    ...(changedSince === null
      ? []
      : [
          `Changed since: expected ${changedSince.expected}, unexplained ${changedSince.unexplained}, ${changedSince.moved} borne by others`,
        ]),
  ].join('\n\n');
}

const lineColumns: readonly Column<Line>[] = [
  { header: 'line', value: (row) => String(row.position), align: 'right' },
  { header: 'product', value: (row) => row.product },
  { header: 'description', value: (row) => row.description },
  { header: 'outcome', value: (row) => row.outcome },
  { header: 'by', value: (row) => row.rule },
  { header: 'amount', value: (row) => row.amount, align: 'right' },
  { header: 'expected', value: (row) => row.expected, align: 'right' },
  { header: 'difference', value: (row) => row.difference, align: 'right' },
  { header: 'cause', value: (row) => row.cause },
  { header: 'remarks', value: (row) => (row.remarks.length === 0 ? null : row.remarks.join(', ')) },
];

function detailsText(line: Details): string {
  const interval = (from: string | null, to: string | null) =>
    from === null && to === null ? null : `${from === null ? '?' : moment(from)} to ${to === null ? '?' : moment(to)}`;
  const header = fields([
    ['line', `${line.position}: ${line.product ?? '?'}, ${line.description ?? ''}`],
    ['outcome', `${line.outcome}, by ${line.rule}`],
    ['resource', line.resource === null ? null : `${line.resourceKind} ${line.externalId}`],
    ['their interval', interval(line.startTime, line.endTime)],
    ['our interval', interval(line.from, line.to)],
    ['price', line.monthly === null ? null : `${line.monthly} a month, ${line.units} of ${line.subject}`],
    ['amount', `${line.amount} ${line.currency}`],
    ['expected', line.expected],
    ['difference', `${line.difference}, ${line.cause}`],
    [
      'variants',
      Object.entries(line.variants)
        .map(([rule, named]) => `${rule}: ${named.join(', ')}`)
        .join('; ') || null,
    ],
    ['remarks', line.remarks.join(', ') || null],
  ]);
  const shares = table(line.shares, [
    { header: 'borne by', value: (row) => row.deployment ?? row.target },
    { header: 'amount', value: (row) => row.amount, align: 'right' },
  ]);
  return `${header}\n\n${shares}`;
}

function previewText({ months, bearers }: Preview): string {
  const changes = table(months, [
    { header: 'month', value: (row) => row.month.slice(0, 7) },
    { header: 'payer', value: (row) => row.payer },
    { header: 'expected', value: (row) => row.before.expected, align: 'right' },
    { header: 'then', value: (row) => row.after.expected, align: 'right' },
    { header: 'unexplained', value: (row) => row.before.unexplained, align: 'right' },
    { header: 'then', value: (row) => row.after.unexplained, align: 'right' },
  ]);
  if (bearers.length === 0) return `${changes}\n\nNobody would bear another amount.`;
  const borne = table(bearers, [
    { header: 'borne by', value: (row) => row.deployment ?? row.target },
    { header: 'now', value: (row) => row.before, align: 'right' },
    { header: 'then', value: (row) => row.after, align: 'right' },
  ]);
  return `${changes}\n\n${borne}`;
}

/** Of the noun `bill`: what bills come to against what was expected. */
export const reconciliationViews: Noun['views'] = [
  actionView(getBillBridge, {
    details: 'The parts add up to the amount of the bill, to the cent.',
    example: `
$ arcadia bill bridge 3
Bill 3, 2026-05, acme, final, version 1, in USD

PART         LINES   AMOUNT
expected       209  2391.10
  hours          2     1.19
  rounding      41     0.07
allocated        5    25.00
unexplained      0     0.00
residual         -     0.00
bill             -  2417.36`,
    text: bridgeText,
  }),
  listView(listReconciledLines, {
    example: `
$ arcadia bill lines 3 --cause hours
LINE  PRODUCT   DESCRIPTION         OUTCOME  BY  AMOUNT  EXPECTED  DIFFERENCE  CAUSE  REMARKS
  17  Droplets  web-1 (s-2vcpu-4gb)  matched  id   24.86     24.00        0.86  hours  -`,
    columns: lineColumns,
    empty: 'No matching lines.',
  }),
  actionView(explainBillLine, {
    example: `
$ arcadia bill explain 3 17
line            17: Droplets, web-1 (s-2vcpu-4gb)
outcome         matched, by id
resource        droplet 430000017
their interval  2026-05-01 00:00:00Z to 2026-06-01 00:00:00Z
our interval    2026-05-01 00:00:00Z to 2026-06-01 00:00:00Z
price           24 a month, 1 of droplet_size:s-2vcpu-4gb
amount          24.86 USD
expected        24.00
difference      0.86, hours

BORNE BY  AMOUNT
studio     24.86`,
    text: detailsText,
  }),
  listView(listMissingCharges, {
    example: `
$ arcadia bill missing 3
KIND    ID                                    PRICE OF  FROM (UTC)            TO (UTC)              EXPECTED
volume  4f1c2d3e-0000-4000-8000-000000000001  volume    2026-05-01 00:00:00Z  2026-06-01 00:00:00Z     10.00`,
    columns: [
      { header: 'kind', value: (row) => row.resourceKind ?? row.class },
      { header: 'id', value: (row) => row.externalId },
      { header: 'price of', value: (row) => row.subject },
      { header: 'from (utc)', value: (row) => moment(row.from) },
      { header: 'to (utc)', value: (row) => moment(row.to) },
      { header: 'expected', value: (row) => row.expected, align: 'right' },
    ],
    empty: 'Nothing is missing.',
  }),
  listView(listBillFindings, {
    example: `
$ arcadia bill findings 3
FINDING         LINE  RESOURCE           NAME                AMOUNT  HOURS
off_yet_billed    21  droplet 430000021  old (s-1vcpu-1gb)     6.00    744`,
    columns: [
      { header: 'finding', value: (row) => row.finding },
      { header: 'line', value: (row) => (row.position === null ? null : String(row.position)), align: 'right' },
      {
        header: 'resource',
        value: (row) => (row.resourceKind === null ? null : `${row.resourceKind} ${row.externalId}`),
      },
      { header: 'name', value: (row) => row.name },
      { header: 'amount', value: (row) => row.amount, align: 'right' },
      { header: 'hours', value: (row) => row.hours, align: 'right' },
    ],
    empty: 'Nothing was found.',
  }),
  actionView(reconcileBills, {
    example: `
$ arcadia bill reconcile
Reconciling the bills of acme.`,
    help: { payer: 'its slug; every payer without one' },
    text: ({ payers }) => `Reconciling the bills of ${payers.join(', ')}.`,
    notes: () => ['Then: arcadia bill bridge BILL'],
  }),
  listView(listBillResources, {
    example: `
$ arcadia bill resources --kind droplet
PAYER  KIND     ID         NAME                   FROM (UTC)            TO (UTC)              MONTHS  AMOUNT  CURRENCY
acme   droplet  298471033  old-web (s-1vcpu-1gb)  2025-06-01 00:00:00Z  2025-09-14 10:20:00Z       4   20.79  USD`,
    columns: [
      { header: 'payer', value: (row) => row.payer },
      { header: 'kind', value: (row) => row.kind },
      { header: 'id', value: (row) => row.externalId },
      { header: 'name', value: (row) => row.name },
      { header: 'from (utc)', value: (row) => moment(row.from) },
      { header: 'to (utc)', value: (row) => moment(row.to) },
      { header: 'months', value: (row) => String(row.months), align: 'right' },
      { header: 'amount', value: (row) => row.amount, align: 'right' },
      { header: 'currency', value: (row) => row.currency },
    ],
    empty: 'Bills know nothing that was not listed.',
  }),
  listView(listProviderCosts, {
    example: `
$ arcadia bill costs --from 2026-05-01
MONTH    BORNE BY  CUSTOMER  AMOUNT  CURRENCY  STATE
2026-05  studio    C-1001     38.88  USD       final`,
    columns: [
      { header: 'month', value: (row) => row.month.slice(0, 7) },
      { header: 'borne by', value: (row) => row.deployment ?? row.target },
      { header: 'customer', value: (row) => row.customer },
      { header: 'amount', value: (row) => row.amount, align: 'right' },
      { header: 'currency', value: (row) => row.currency },
      { header: 'state', value: (row) => row.state },
    ],
    empty: 'No bill of these months has been reconciled. Next: arcadia bill reconcile',
  }),
  listView(listBillDecisions, {
    example: `
$ arcadia bill decisions 3
AT (UTC)              KIND  LINE  DEPLOYMENT  BY     REASON
2026-06-02 09:10:00Z  sign     -  -           maria  -`,
    columns: [
      { header: 'at (utc)', value: (row) => moment(row.recordedAt) },
      { header: 'kind', value: (row) => row.kind },
      { header: 'line', value: (row) => (row.position === null ? null : String(row.position)), align: 'right' },
      { header: 'deployment', value: (row) => row.deployment },
      { header: 'by', value: (row) => row.recordedBy },
      { header: 'reason', value: (row) => row.reason || null },
    ],
    empty: 'No decisions.',
  }),
  actionView(addBillNote, {
    example: `
$ arcadia bill note 3 --position 17 --reason 'asked in ticket 8123456'
Saved.`,
    text: () => 'Saved.',
  }),
  actionView(acceptBillLine, {
    example: `
$ arcadia bill accept 3 --position 17 --reason 'below what a ticket costs'
Accepted.`,
    text: () => 'Accepted.',
  }),
  actionView(previewBillAssignment, {
    example: `
$ arcadia bill assign-preview 3 --position 17 --deployment studio
MONTH    PAYER  EXPECTED     THEN  UNEXPLAINED  THEN
2026-05  acme    2391.10  2391.10         7.77  0.00

BORNE BY   NOW   THEN
studio    38.88  46.65`,
    help: { deployment: 'who bears the line; "" for what the rules say again' },
    text: previewText,
  }),
  actionView(assignBillLine, {
    example: `
$ arcadia bill assign 3 --position 17 --deployment studio --reason 'ordered by them'
Saved; the month is reconciled again.`,
    help: { deployment: 'who bears the line; "" for what the rules say again' },
    text: () => 'Saved; the month is reconciled again.',
  }),
  actionView(signOffBill, {
    example: `
$ arcadia bill sign 3
Signed. Its figures stand from now on.`,
    text: () => 'Signed. Its figures stand from now on.',
  }),
  actionView(reopenSignedBill, {
    example: `
$ arcadia bill reopen 3 --reason 'the owner of a volume was wrong'
Reopened.`,
    text: () => 'Reopened.',
  }),
];

/** Of the noun `price`: how the provider counts, and what bills say of it. */
export const evidenceViews: Noun['views'] = [
  listView(listPriceEvidence, {
    example: `
$ arcadia price evidence
RULE         VARIANT  BELIEVED  EXPLAINS  CONTRADICTED BY  CERTAINTY  WHAT IT SAYS
rate_digits  exact    yes           1204                0  official   the exact 672nd of a month`,
    columns: [
      { header: 'rule', value: (row) => row.rule },
      { header: 'variant', value: (row) => row.variant },
      { header: 'believed', value: (row) => (row.believed ? 'yes' : null) },
      { header: 'explains', value: (row) => count(row.explained), align: 'right' },
      { header: 'contradicted by', value: (row) => count(row.contradicted), align: 'right' },
      { header: 'certainty', value: (row) => row.certainty },
      { header: 'what it says', value: (row) => row.describes },
    ],
  }),
  listView(listContradictions, {
    example: `
$ arcadia price contradictions rate_digits exact
BILL  LINE  DESCRIPTION         AMOUNT  EXPLAINED BY
   3    17  web-1 (s-1vcpu-2gb)   11.97  five`,
    columns: [
      { header: 'bill', value: (row) => String(row.bill), align: 'right' },
      { header: 'line', value: (row) => String(row.position), align: 'right' },
      { header: 'description', value: (row) => row.description },
      { header: 'amount', value: (row) => row.amount, align: 'right' },
      { header: 'explained by', value: (row) => row.variants.join(', ') },
    ],
    empty: 'No line contradicts it.',
  }),
];

export const priceRuleNoun: Noun = {
  name: 'price rule',
  summary: 'which variant of a billing rule is believed',
  description: 'How the provider counts is believed until bills show otherwise. Changing it is a decision.',
  views: [
    actionView(previewBillingRule, {
      example: `
$ arcadia price rule preview rate_digits five --from 2026-05
MONTH    PAYER  EXPECTED     THEN  UNEXPLAINED  THEN
2026-05  acme    2391.10  2391.17         0.00  0.00

Nobody would bear another amount.`,
      text: previewText,
    }),
    actionView(believeBillingRule, {
      example: `
$ arcadia price rule believe rate_digits --variant five --from 2026-05 --reason '41 lines of the May bill'
Saved; open bills are reconciled again.`,
      text: ({ changed }) =>
        changed ? 'Saved; open bills are reconciled again.' : 'It was so already; nothing was written.',
    }),
  ],
};

export const allocationNoun: Noun = {
  name: 'allocation',
  summary: 'who bears the bill lines that no resource explains',
  description: 'Rules that are tried in their order: the first that fits a line says who bears it.',
  views: [
    listView(listAllocations, {
      example: `
$ arcadia allocation list
RULE  POSITION  PRODUCT  DESCRIPTION  PROJECT  RESOURCE  METHOD        DEPLOYMENT  BY
   6       600  Taxes    -            -        -         matched_cost  -           built in`,
      columns: [
        { header: 'rule', value: (row) => String(row.rule), align: 'right' },
        { header: 'position', value: (row) => row.position, align: 'right' },
        { header: 'product', value: (row) => row.product },
        { header: 'description', value: (row) => row.description },
        { header: 'project', value: (row) => row.project },
        { header: 'resource', value: (row) => row.resource },
        { header: 'method', value: (row) => row.method },
        { header: 'deployment', value: (row) => row.deployment },
        { header: 'by', value: (row) => row.recordedBy },
      ],
      empty: 'There are no rules.',
    }),
    actionView(previewAllocation, {
      example: `
$ arcadia allocation preview --position 150 --product 'Serverless*' --method matched_cost --from 2026-05
MONTH    PAYER  EXPECTED     THEN  UNEXPLAINED  THEN
2026-05  acme    2391.10  2391.10         7.77  0.00

BORNE BY   NOW   THEN
studio    38.88  40.12`,
      text: previewText,
    }),
    actionView(setAllocation, {
      example: `
$ arcadia allocation set --position 150 --product 'Serverless*' --method matched_cost --from 2026-05
Saved as rule 100; open bills are reconciled again.`,
      text: ({ rule }) => `Saved as rule ${rule}; open bills are reconciled again.`,
    }),
    actionView(unsetAllocation, {
      example: `
$ arcadia allocation unset 100 --month 2026-07
The rule ends; open bills are reconciled again.`,
      text: () => 'The rule ends; open bills are reconciled again.',
    }),
  ],
};
