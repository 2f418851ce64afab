import { listMarginRows, showMargin } from '../../provider-billing/operations/margin.ts';
import { type Column, fields, table } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Row = RowOf<typeof listMarginRows>;
type Shown = AnswerOf<typeof showMargin>;

const whys: Readonly<Record<NonNullable<Row['notKnown']>, string>> = {
  no_bill: 'no bill of the month is reconciled',
  not_rated: 'the month was never rated',
  no_exchange_rate: 'in several currencies: ask for one of them with --currency',
};

/** Of whom or what a row is. */
function nameOf(row: Row): string {
  if (row.part !== 'customers') return `(${row.part})`;
  return row.deployment ?? row.plan ?? row.kind ?? row.product ?? row.customer ?? '-';
}

const amounts: readonly Column<Row>[] = [
  { header: 'revenue', value: (row) => row.revenue, align: 'right' },
  { header: 'cost', value: (row) => row.cost, align: 'right' },
  { header: 'margin', value: (row) => row.margin, align: 'right' },
  { header: '%', value: (row) => row.marginPercent, align: 'right' },
  { header: 'currency', value: (row) => row.currency },
];

const columns: readonly Column<Row>[] = [
  { header: 'month', value: (row) => row.month.slice(0, 7) },
  { header: 'of', value: nameOf },
  ...amounts,
  { header: 'remarks', value: remarksOf },
];

function remarksOf(row: Row): string | null {
  const remarks = [
    ...(row.notKnown === null ? [] : [whys[row.notKnown]]),
    ...(row.fromBill === null || Number(row.fromBill) === 0 ? [] : [`from the bill: ${row.fromBill}`]),
    ...row.reasons,
    ...(row.baseFeeNeeded === null ? [] : [`base fee needed: ${row.baseFeeNeeded}`]),
  ];
  return remarks.length === 0 ? null : remarks.join('; ');
}

function marginText({ deployment, month, totals, kinds, products }: Shown): string {
  const header = fields([
    ['deployment', deployment],
    ['month', month.slice(0, 7)],
    ...totals.map((row): [string, string] => [
      row.currency,
      `${row.revenue ?? '-'} less ${row.cost ?? '-'} is ${row.margin ?? '-'}${row.marginPercent === null ? '' : ` (${row.marginPercent} %)`}`,
    ]),
    ...totals.flatMap((row) => {
      const remarks = remarksOf(row);
      return remarks === null ? [] : [['remarks', remarks] as [string, string]];
    }),
  ]);
  const by = (title: string): readonly Column<Row>[] => [{ header: title, value: nameOf }, ...amounts];
  return [header, table(kinds, by('meter')), table(products, by('product'))].join('\n\n');
}

export const marginNoun: Noun = {
  name: 'margin',
  summary: 'what months earn and cost',
  description: "What months earn, less what the provider's bills say they cost.",
  views: [
    listView(listMarginRows, {
      example: `
$ arcadia margin list --from 2026-05-01 --target 50
MONTH    OF            REVENUE   COST  MARGIN     %  CURRENCY  REMARKS
2026-05  studio          50.00  38.88   11.12  22.2  USD       base fee needed: 77.76
2026-05  (unassigned)     0.00   3.44   -3.44     -  USD       -`,
      columns,
      empty: 'Nothing was earned, and no bill of these months is reconciled. Next: arcadia bill reconcile',
    }),
    actionView(showMargin, {
      example: `
$ arcadia margin show studio --month 2026-05
deployment  studio
month       2026-05
USD         50.00 less 38.88 is 11.12 (22.2 %)`,
      text: marginText,
    }),
  ],
};
