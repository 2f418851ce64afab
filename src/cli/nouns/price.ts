import { getPrice, listPrices, setPrice, unsetPrice } from '../../inventory/operations/prices.ts';
import { type Column, table } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf, type ViewTools } from '../engine/views.ts';
import { evidenceViews } from './reconciliation.ts';

type Price = RowOf<typeof listPrices>;
type Interval = AnswerOf<typeof getPrice>['history'][number];

const columns: readonly Column<Price>[] = [
  { header: 'subject', value: (row) => row.subject },
  { header: 'amount', value: (row) => row.amount, align: 'right' },
  { header: 'currency', value: (row) => row.currency },
  { header: 'a', value: (row) => row.unit },
  { header: 'an hour', value: (row) => row.hourly, align: 'right' },
  { header: 'since', value: (row) => row.since },
  { header: 'source', value: sourceOf },
  { header: 'old', value: (row) => (row.old ? 'not listed' : null) },
];

const historyColumns: readonly Column<Interval>[] = [
  { header: 'from', value: (row) => row.from },
  { header: 'to', value: (row) => row.to },
  { header: 'amount', value: (row) => row.amount, align: 'right' },
  { header: 'currency', value: (row) => row.currency },
  { header: 'a', value: (row) => row.unit },
  { header: 'source', value: sourceOf },
  { header: 'listed', value: (row) => (row.listed ? null : 'no') },
  { header: 'by', value: (row) => row.recordedBy },
  { header: 'evidence', value: (row) => `${row.evidence} (${row.evidenceDay})` },
];

function sourceOf({ source, account, certainty }: Pick<Price, 'source' | 'account' | 'certainty'>): string {
  if (account !== null) return `${source}, ${account}`;
  return certainty === null || certainty === 'official' ? source : `${source}, ${certainty}`;
}

function historyText({ subject, price, history }: AnswerOf<typeof getPrice>): string {
  const today =
    price === null
      ? `What ${subject} costs today is not known.`
      : `${subject} costs ${price.amount} ${price.currency} a ${price.unit} since ${price.since}, by ${sourceOf(price)}` +
        `${price.old ? '; it is old: the newest listing of sizes does not show it' : ''}.`;
  return `${today}\n\n${table(history, historyColumns)}`;
}

function asked({ input }: ViewTools): { readonly subject: string; readonly account?: string; readonly from: string } {
  return { ...input.params, ...input.query, ...(input.body as object | undefined) } as never;
}

export const priceNoun: Noun = {
  name: 'price',
  summary: 'what the provider charges, with the source of each price',
  description:
    "What the provider charges, as dated data: an operator's own prices, the API's prices of sizes, and published prices.",
  views: [
    listView(listPrices, {
      example: `
$ arcadia price list --kind volume
SUBJECT  AMOUNT  CURRENCY  A          AN HOUR  SINCE       SOURCE     OLD
volume     0.10  USD       GiB-month        -  2019-01-01  published  -`,
      columns,
      empty: 'No prices on that day.',
    }),
    actionView(getPrice, {
      example: `
$ arcadia price show droplet_size:s-1vcpu-1gb
droplet_size:s-1vcpu-1gb costs 6 USD a month since 2026-05-01, by api, acme.

FROM        TO          AMOUNT  CURRENCY  A      SOURCE               LISTED  BY  EVIDENCE
2026-05-01  -                6  USD       month  api, acme            -       -   the sizes that account acme was shown (2026-05-01)
2022-07-01  -                6  USD       month  published            -       -   https://www.digitalocean.com/pricing/droplets (2026-01-01)
2019-01-01  2022-07-01       5  USD       month  published, reported  -       -   price pages from before July 2022 (2019-01-01)`,
      text: historyText,
    }),
    actionView(setPrice, {
      example: `
$ arcadia price set droplet_size:s-1vcpu-1gb --from 2026-06-01 --amount 4.80 --evidence 'contract of 2026-05-20'
Saved. Applies from 2026-06-01.
$ arcadia price set volume --account acme --from 2026-06-01 --amount 0.09 --evidence 'contract of 2026-05-20'
Saved. Applies from 2026-06-01.`,
      text: ({ changed }, tools) => (changed ? `Saved. Applies from ${asked(tools).from}.` : 'Unchanged.'),
    }),
    actionView(unsetPrice, {
      example: `
$ arcadia price unset droplet_size:s-1vcpu-1gb --from 2026-09-01
From 2026-09-01 on, the provider's price of droplet_size:s-1vcpu-1gb applies.`,
      text({ changed }, tools) {
        const { subject, account, from } = asked(tools);
        if (!changed) return 'No own price from that day on. Unchanged.';
        return account === undefined
          ? `From ${from} on, the provider's price of ${subject} applies.`
          : `From ${from} on, ${account} has no price of its own of ${subject}.`;
      },
    }),
    ...evidenceViews,
  ],
};
