import { getPrice, listPrices, setPrice, unsetPrice } from '../../inventory/operations/prices.ts';
import { type Column, table } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf, type ViewTools } from '../engine/views.ts';

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

/** `volume`, or `volume for acme`. */
function subjectOf(tools: ViewTools): string {
  const { subject, account } = asked(tools);
  return account === undefined ? subject : `${subject} for ${account}`;
}

function asked({ input }: ViewTools): { readonly subject: string; readonly account?: string; readonly from: string } {
  return { ...input.params, ...input.query, ...(input.body as object | undefined) } as never;
}

export const priceNoun: Noun = {
  name: 'price',
  summary: 'what the provider charges, and who says so',
  description:
    "What the provider charges, as dated data: an operator's own prices, what the provider's API says of sizes, and what is published.",
  views: [
    listView(listPrices, {
      example: `
$ arcadia price list --kind volume
SUBJECT  AMOUNT  CURRENCY  A          AN HOUR  SINCE       SOURCE     OLD
volume     0.10  USD       GiB-month        -  2019-01-01  published  -`,
      columns,
      empty: 'Nobody says what any of it costs on that day.',
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
The own price of droplet_size:s-1vcpu-1gb holds from 2026-06-01 on.
$ arcadia price set volume --account acme --from 2026-06-01 --amount 0.09 --evidence 'contract of 2026-05-20'
The own price of volume for acme holds from 2026-06-01 on.`,
      text: ({ changed }, tools) =>
        changed
          ? `The own price of ${subjectOf(tools)} holds from ${asked(tools).from} on.`
          : 'It was so already; nothing was written.',
    }),
    actionView(unsetPrice, {
      example: `
$ arcadia price unset droplet_size:s-1vcpu-1gb --from 2026-09-01
From 2026-09-01 on, what the provider says of droplet_size:s-1vcpu-1gb counts.`,
      text({ changed }, tools) {
        const { subject, account, from } = asked(tools);
        if (!changed) return 'There is no own price from that day on; nothing was written.';
        return account === undefined
          ? `From ${from} on, what the provider says of ${subject} counts.`
          : `From ${from} on, ${account} has no price of its own of ${subject}.`;
      },
    }),
  ],
};
