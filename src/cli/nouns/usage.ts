import {
  confirmUsage,
  listObservationLimits,
  listUsageAttestations,
  setObservationLimit,
  withdrawUsageAttestation,
} from '../../metering/operations/attestations.ts';
import {
  listRetention,
  listUsageDamage,
  moveUsage,
  repairUsage,
  retainUsage,
} from '../../metering/operations/records.ts';
import {
  explainUsage,
  getUsage,
  getUsageAsOf,
  getUsageStatus,
  listLateUsage,
  listUsage,
  listUsageDays,
} from '../../metering/operations/usage.ts';
import { getUsageGaps } from '../../pricing/operations/gaps.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';
import { describeRange, meteredText } from '../engine/range.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf, type ViewTools } from '../engine/views.ts';
import { kindWords } from './kind-words.ts';
import { unlistedLine, unlistedLines } from './unlisted.ts';
import { type Explanation, explanationText, resourceText } from './usage-explain.ts';

type Usage = AnswerOf<typeof getUsage>['usage'];
type Status = AnswerOf<typeof getUsageStatus>;
type Gap = AnswerOf<typeof getUsageGaps>['gaps'][number];
type Confirmation = RowOf<typeof listUsageAttestations>;
type Limit = RowOf<typeof listObservationLimits>;
type Late = RowOf<typeof listLateUsage>;
type Damage = RowOf<typeof listUsageDamage>;

/** Sums by billing kind, with their units. */
async function usageText(
  heading: string,
  { usage, from }: { readonly usage: Usage; readonly from: string },
  { surface }: ViewTools,
): Promise<string> {
  const rows = Object.entries(usage);
  if (rows.length === 0) return heading;
  const words = await kindWords(surface, from);
  const lines = table(rows, [
    { header: 'kind', value: ([kind]) => kind },
    { header: 'quantity', value: ([, quantity]) => quantity, align: 'right' },
    { header: 'unit', value: ([kind]) => words.get(kind)?.unit ?? null },
  ]);
  return `${heading}\n\n${lines}`;
}

const yes = (value: boolean) => (value ? 'yes' : 'no');

const kindStatusColumns: readonly Column<Status['kinds'][number]>[] = [
  { header: 'kind', value: (row) => row.kind },
  { header: 'confirmed', value: (row) => yes(row.confirmed) },
  { header: 'final', value: (row) => yes(row.final) },
  { header: 'days to meter', value: (row) => count(row.daysMissing), align: 'right' },
  { header: 'accounts missing', value: (row) => count(row.accountsUnconfirmed), align: 'right' },
];

const damageColumns: readonly Column<Damage>[] = [
  { header: 'what', value: (row) => row.what },
  { header: 'day', value: (row) => row.day },
  { header: 'expected', value: (row) => row.expected, align: 'right' },
  { header: 'found', value: (row) => row.found, align: 'right' },
];

const blockerColumns: readonly Column<Status['blockers'][number]>[] = [
  { header: 'why', value: (row) => row.message },
  { header: 'what to do', value: (row) => row.todo },
];

function statusText(status: Status): string {
  const words = (['complete', 'confirmed', 'final'] as const).map((word) => (status[word] ? word : `not ${word}`));
  return [
    `${describeRange(status)} is ${words.join(', ')}.`,
    ...(status.kinds.length > 0 ? [table(status.kinds, kindStatusColumns)] : []),
    ...(status.blockers.length > 0 ? [table(status.blockers, blockerColumns)] : []),
    ...(status.unlisted.length > 0 ? [unlistedLines(status.unlisted).join('\n')] : []),
  ].join('\n\n');
}

interface GapLine {
  readonly gap: Gap;
  readonly deployment: string | null;
  readonly estimated: string | null;
  readonly cost: string | null;
}

function gapLines(gap: Gap): GapLine[] {
  if (gap.usage.length === 0) return [{ gap, deployment: null, estimated: null, cost: null }];
  return gap.amounts.map(({ deployment, currency, amount }) => ({
    gap,
    deployment,
    estimated: gap.usage
      .filter((line) => line.deployment === deployment)
      .map((line) => `${line.quantity} ${line.kind}`)
      .join(', '),
    cost: amount === null ? null : `${amount} ${currency}`,
  }));
}

const gapColumns: readonly Column<GapLine>[] = [
  { header: 'account', value: ({ gap }) => gap.account },
  { header: 'kind', value: ({ gap }) => gap.resourceKind },
  { header: 'from (utc)', value: ({ gap }) => moment(gap.from) },
  { header: 'to (utc)', value: ({ gap }) => moment(gap.to) ?? 'open' },
  { header: 'limit (utc)', value: ({ gap }) => moment(gap.limit) },
  { header: 'resources', value: ({ gap }) => count(gap.resources), align: 'right' },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'estimated', value: (row) => row.estimated },
  { header: 'cost', value: (row) => row.cost, align: 'right' },
];

const confirmationColumns: readonly Column<Confirmation>[] = [
  { header: 'number', value: (row) => String(row.confirmationId), align: 'right' },
  { header: 'account', value: (row) => row.account },
  { header: 'kind', value: (row) => row.resourceKind },
  { header: 'through (utc)', value: (row) => moment(row.through) },
  { header: 'by', value: (row) => row.recordedBy },
  { header: 'reason', value: (row) => row.reason },
  {
    header: 'withdrawn',
    value: (row) => (row.withdrawnAt === null ? null : `${moment(row.withdrawnAt)} by ${row.withdrawnBy}`),
  },
];

const limitColumns: readonly Column<Limit>[] = [
  { header: 'kind', value: (row) => row.resourceKind },
  { header: 'from', value: (row) => row.fromDay },
  { header: 'gap after', value: (row) => `${row.gapAfterHours} h`, align: 'right' },
  { header: 'estimated for', value: (row) => `${row.carryForwardHours} h`, align: 'right' },
];

const lateColumns: readonly Column<Late>[] = [
  { header: 'change', value: (row) => String(row.changeId), align: 'right' },
  { header: 'resource', value: (row) => `${row.resourceKind} ${row.externalId}` },
  { header: 'cause', value: (row) => row.cause },
  { header: 'from (utc)', value: (row) => moment(row.from) },
  { header: 'to (utc)', value: (row) => moment(row.to) },
  { header: 'kinds', value: (row) => row.kinds.join(', ') },
];

const sums = [
  getUsageView(),
  actionView(getUsageAsOf, {
    summary: 'the same, as it was once a metering had written; arcadia meter runs lists the revisions',
    example: `
$ arcadia usage as-of acme 41 --month 2026-05
acme, May 2026 (UTC), as of revision 41, 2026-06-01 01:10:04Z.

KIND           QUANTITY  UNIT
droplet_hours      1512  hour`,
    text: (answer, tools) =>
      usageText(
        `${answer.deployment}, ${describeRange(answer)}, as of revision ${answer.asOfRevision}, ${moment(answer.asOf)}.`,
        answer,
        tools,
      ),
  }),
  listView(listUsage, {
    summary: 'what every deployment used, and what is unassigned',
    example: `
$ arcadia usage list --month 2026-05
DEPLOYMENT    KIND           QUANTITY  METERED THROUGH
acme          droplet_hours      1488  2026-06-01
unattributed  droplet_hours        48  2026-06-01`,
    columns: [
      { header: 'deployment', value: (row) => row.deployment },
      { header: 'kind', value: (row) => row.kind },
      { header: 'quantity', value: (row) => row.quantity, align: 'right' },
      { header: 'metered through', value: (row) => row.meteredThrough },
    ],
    empty: 'Nothing was used.',
  }),
  listView(listUsageDays, {
    summary: 'what a deployment used, day by day',
    example: `
$ arcadia usage days acme --from 2026-05-01 --to 2026-05-02
DAY         KIND           QUANTITY  RECORDS
2026-05-01  droplet_hours        48        2`,
    columns: [
      { header: 'day', value: (row) => row.day },
      { header: 'kind', value: (row) => row.kind },
      { header: 'quantity', value: (row) => row.quantity, align: 'right' },
      { header: 'records', value: (row) => count(row.records), align: 'right' },
    ],
    empty: 'Nothing was used.',
  }),
  listView(explainUsage, {
    summary: 'where a sum comes from: resources, intervals, and what made each of them so',
    details: `Each interval is a stretch in which nothing changed that the quantity rests on. The quantities of a
resource's intervals add up to its own, and those of the resources, with those of months that are rolled up, to the sum.
Of a peak or a percentile: which level was held, for how long, how much time above it is discarded, and when it was raised.`,
    example: `
$ arcadia usage explain acme --kind droplet_hours --month 2026-05
acme, droplet_hours (Droplet hours, running), May 2026 (UTC): 702 hour
1 resource, metered through 31 May 2026.

droplet web-1 (17), 702 hour
FROM (UTC)            TO (UTC)              STATE   LEVEL  SHARE  QUANTITY  KNOWN BY               OWNER BY
2026-05-01 00:00:00Z  2026-05-05 12:00:00Z  active      1  all         108  listing 17, 2026-05... rule 102, name acme-*
2026-05-05 12:00:00Z  2026-05-07 06:00:00Z  off         0  all           0  action 77, power_off   rule 102, name acme-*
2026-05-07 06:00:00Z  2026-06-01 00:00:00Z  active      1  all         594  listing 23, 2026-05... rule 102, name acme-*
DAY         QUANTITY  RECORDS  REVISION  OBSERVED
2026-05-01        24        1        40  confirmed`,
    pageText(page) {
      const explanation = page as unknown as Explanation;
      return [
        explanationText(explanation),
        ...page.items.map((resource) => resourceText(resource, explanation.unit)),
      ].join('\n\n');
    },
    empty: 'Nothing was used.',
  }),
];

function getUsageView() {
  return actionView(getUsage, {
    summary: 'what a deployment used, exactly, by meter',
    details:
      'Without a range: the current month. The sums hold what has been metered; every day before meteredThrough is in them. "show" may be left out.',
    example: `
$ arcadia usage show acme --month 2026-05
acme, May 2026 (UTC); metered through 31 May 2026.

KIND                       QUANTITY  UNIT
dns_zones                         2  zone-month
droplet_hours                  1488  hour
droplet_snapshot_gb_month        48  GB-month`,
    text: (answer, tools) =>
      usageText(`${answer.deployment}, ${describeRange(answer)}; ${meteredText(answer)}.`, answer, tools),
    notes: ({ deployment, usage: used, running }) => {
      const since = Object.entries(running).map(([kind, quantity]) => `${kind} ${quantity}`);
      if (since.length > 0) return [`Events since then, not metered yet: ${since.join(', ')}`];
      const [kind] = Object.keys(used);
      return kind === undefined
        ? ['Nothing was used. If that is a surprise: arcadia meter, then arcadia resource list']
        : [`Why: arcadia usage explain ${deployment} --kind ${kind}`];
    },
  });
}

const finality = [
  actionView(getUsageStatus, {
    summary: 'whether a period is complete, confirmed and final, and what is missing',
    details: `Complete: it is over. Confirmed: a complete listing of every account and kind began at or after its end.
Final: metered, confirmed, and no change pending; what an invoice needs. Without a range: the month before this one.`,
    example: `
$ arcadia usage status --month 2026-05
May 2026 (UTC) is complete, not confirmed, not final.

KIND           CONFIRMED  FINAL  DAYS TO METER  ACCOUNTS MISSING
dns_zones      yes        yes                0                 0
droplet_hours  no         no                 0                 1

WHY                                                                           WHAT TO DO
The last complete listing of droplet in acme began at 2026-05-31T18:00:00Z...  Sync the account acme. ...`,
    text: statusText,
    notes: ({ blockers, blockersTotal }) =>
      blockersTotal > blockers.length ? [`The first ${count(blockers.length)} of ${count(blockersTotal)}.`] : [],
  }),
  actionView(getUsageGaps, {
    summary: 'gaps in the inventory, what was estimated over them, and what that costs',
    details: `Without a complete listing, metering goes on as if what was last seen had gone on. A gap that a listing
closed without missing anything is confirmed by it, and not shown. COST is what the month's quote would be
less without the gap's usage.`,
    example: `
$ arcadia usage gaps --month 2026-05
ACCOUNT  KIND     FROM (UTC)            TO (UTC)  LIMIT (UTC)           RESOURCES  DEPLOYMENT  ESTIMATED             COST
acme     droplet  2026-05-30 00:00:00Z  open      2026-06-02 00:00:00Z          3  acme        96 droplet_hours  1.92 USD`,
    text: ({ gaps }) => (gaps.length === 0 ? '' : table(gaps.flatMap(gapLines), gapColumns)),
    notes({ gaps, totals, unlisted }) {
      const notListed =
        unlisted.length === 0
          ? []
          : [
              'What projects show and no listing does is in no gap: arcadia usage status',
              ...unlisted.map(({ account, resourceKind, resources, urns }) =>
                unlistedLine({ account, kind: resourceKind, hidden: resources, urns }),
              ),
            ];
      if (gaps.length === 0) return ['Nothing is estimated over a gap.', ...notListed];
      const all = totals.map(({ currency, amount }) => `${amount} ${currency}`).join(' and ');
      return [
        ...(totals.length > 0 ? [`All of it together costs ${all}.`] : []),
        ...(gaps.some((gap) => gap.beyondLimit)
          ? ['What lies beyond the limit is not final: arcadia usage status, arcadia usage confirm --help']
          : []),
        ...notListed,
      ];
    },
  }),
  actionView(confirmUsage, {
    summary: 'confirm manually what is recorded of an account and kind, up to a moment',
    details: `It counts as a complete listing that began then: for what an outage hid, once you have looked for yourself.
No usage changes. It is kept with your name and the reason, and can be withdrawn.`,
    example: `
$ arcadia usage confirm --account acme --kind droplet --through 2026-06-01 --reason 'checked in the console'
Confirmed, as number 4.
To withdraw it: arcadia usage confirmation withdraw 4`,
    text: ({ confirmationId }) => `Confirmed, as number ${confirmationId}.`,
    notes: ({ confirmationId }) => [`To withdraw it: arcadia usage confirmation withdraw ${confirmationId}`],
  }),
  listView(listUsageAttestations, {
    summary: 'manual confirmations, newest first, those withdrawn among them',
    example: `
$ arcadia usage confirmation list
NUMBER  ACCOUNT  KIND     THROUGH (UTC)         BY   REASON                  WITHDRAWN
     4  acme     droplet  2026-06-01 00:00:00Z  ana  checked in the console  -`,
    columns: confirmationColumns,
    empty: 'No manual confirmations.',
  }),
  actionView(withdrawUsageAttestation, {
    summary: 'withdraw a manual confirmation; it stays on record',
    example: `
$ arcadia usage confirmation withdraw 4
Confirmation 4 is withdrawn.`,
    text: (_, { input }) => `Confirmation ${String(input.params.confirmation)} is withdrawn.`,
  }),
  listView(listObservationLimits, {
    summary: 'after how long without a listing there is a gap, and for how long usage is estimated',
    example: `
$ arcadia usage limit list
KIND           FROM        GAP AFTER  ESTIMATED FOR
*              2000-01-01        6 h           72 h
spaces_bucket  2000-01-01       48 h           72 h`,
    columns: limitColumns,
    empty: 'There are no limits.',
  }),
  actionView(setObservationLimit, {
    summary: 'set those limits of a kind of resource, from a day on',
    example: `
$ arcadia usage limit set droplet --carry-forward-hours 24 --from 2026-06-01
From 2026-06-01 on, droplet: a gap after 6 hours, estimated for 24 hours.`,
    text: ({ fromDay, resourceKind, gapAfterHours, carryForwardHours }) =>
      `From ${fromDay} on, ${resourceKind}: a gap after ${plural(gapAfterHours, 'hour')}, estimated for ${plural(carryForwardHours, 'hour')}.`,
  }),
];

const records = [
  listView(listRetention, {
    summary: 'what is past its retention, and whether it can be rolled up',
    details:
      "A kind's month goes when its last day is older than the kind's retention and the month is final: one exact sum per deployment stays, and the records are removed.",
    example: `
$ arcadia usage retention
KIND           MONTH    OUTCOME  REASON
droplet_hours  2024-10  due      -`,
    empty: 'Nothing is past its retention.',
  }),
  actionView(retainUsage, {
    summary: 'roll up and remove usage records that are past their retention',
    details: 'The schedule does this every day.',
    example: `
$ arcadia usage retain --yes
What is past its retention is rolled up, and removed.
See: arcadia usage retention`,
    text: () => 'What is past its retention is rolled up, and removed.',
    notes: () => ['See: arcadia usage retention'],
  }),
  listView(listLateUsage, {
    summary: 'facts that came when the records of their time were gone already',
    details:
      'Nothing is metered from them: the month is rolled up. Settle them with the customer manually where it matters.',
    example: `
$ arcadia usage late
CHANGE  RESOURCE        CAUSE  FROM (UTC)            TO (UTC)  KINDS
 48211  droplet 311200  state  2024-10-03 07:00:00Z  -         droplet_hours`,
    columns: lateColumns,
    empty: 'No fact came too late.',
  }),
  actionView(moveUsage, {
    summary: 'move all usage records to the configured ClickHouse, or back to PostgreSQL, and switch over',
    details: `Copies day by day with every version, compares counts and exact sums by deployment, kind and day, then switches every
process over at once. Metering goes on meanwhile. Stopped anywhere, it goes on from there. Set ARCADIA_USAGE_STORE_URL to
the ClickHouse first, for every process, and leave it set on the way back until usage is in PostgreSQL again. The records
stay where they came from. See docs/usage-store.md.`,
    example: `
$ arcadia usage move
Usage moves to the ClickHouse.
$ arcadia usage move --to postgresql
Usage moves to PostgreSQL.`,
    text: ({ to }) => `Usage moves to ${to === 'postgresql' ? 'PostgreSQL' : 'the ClickHouse'}.`,
  }),
  listView(listUsageDamage, {
    summary: 'what is not as PostgreSQL says in the ClickHouse that usage is in',
    details: `After a restore of one of the two. EXPECTED is what PostgreSQL says, FOUND what ClickHouse has: rows of a day or of
levels, the sum of a day where only that is other, or the last revision or shipment. See docs/usage-store.md.`,
    example: `
$ arcadia usage check
WHAT       DAY         EXPECTED  FOUND
records    2026-05-30      4812   4790
revisions  -               1200   1207`,
    columns: damageColumns,
    empty: 'Both hold the same, or usage is in PostgreSQL alone.',
  }),
  actionView(repairUsage, {
    summary: 'have PostgreSQL and ClickHouse agree again after a restore of one of them',
    details: `Days that are not whole are emptied and metered again, levels are shipped anew, and no number that ClickHouse has seen
is given again. Earlier versions of the records of such days are gone. What would be done: arcadia usage check`,
    example: `
$ arcadia usage repair --yes
What is not whole is forgotten, and metered again.
See: arcadia usage check`,
    text: () => 'What is not whole is forgotten, and metered again.',
    notes: () => ['See: arcadia usage check'],
  }),
];

export const usageNoun: Noun = {
  name: 'usage',
  summary: 'what was used, how well that is known, and why it is so',
  description: 'What was used, how well that is known, and why it is so. arcadia usage acme is usage show acme.',
  defaultVerb: 'show',
  views: [...sums, ...finality, ...records],
};

export const usageConfirmationNoun: Noun = {
  name: 'usage confirmation',
  summary: 'what was confirmed manually, and by whom',
  views: [],
};

export const usageLimitNoun: Noun = {
  name: 'usage limit',
  summary: 'after how long without a listing there is a gap, and for how long usage is estimated',
  views: [],
};
