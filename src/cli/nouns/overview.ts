import { type OverviewRow, readOverview, showOverview } from '../../flows/index.ts';
import type { Usage } from '../../metering/index.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';
import { describeRange, meteredText } from '../engine/range.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';
import { type AnswerOf, actionView, type Noun } from '../engine/views.ts';
import { unbilledNotes } from './unbilled-text.ts';
import { unlistedLines } from './unlisted.ts';

type Overview = AnswerOf<typeof showOverview>;

export const overviewNoun: Noun = {
  name: 'overview',
  summary: 'a month at a glance: usage, amounts due, and what is unassigned',
  defaultVerb: 'show',
  views: [
    actionView(showOverview, {
      example: `
$ arcadia overview
May 2026 (UTC), metered through 10 May 2026. Amounts are what its invoices say now, before tax.
Usage to two decimals (arcadia usage has it exactly): dns_zones in zone-months, droplet_hours in hours.

CUSTOMER     DEPLOYMENT    DNS_ZONES  DROPLET_HOURS  PLAN       AMOUNT
Acme Studio  acme-studio        0.65         480.00  studio  50.00 USD
unassigned   unattributed          -              -  -               -
Invoices as they are now: 50.00 USD, tax 0.00 USD, total 50.00 USD.

No unassigned resources.`,
      text: overviewText,
      notes: ({ unbilled }) => unbilledNotes(unbilled),
    }),
  ],
};

/** Prints the overview as `arcadia overview` does: what `start` and `demo agency` end with. */
export async function printOverview({ output }: Session, { db, clock }: SessionDatabase): Promise<void> {
  const overview = await readOverview(db, { now: await clock.now() });
  const answer = JSON.parse(JSON.stringify(overview)) as Overview;
  if (output.json) return output.value(answer);
  await output.text(await overviewText(answer));
  for (const note of unbilledNotes(overview.unbilled)) output.note(note);
}

async function overviewText(overview: Overview): Promise<string> {
  const { roundHalfAwayFromZero, parseQuantity } = await import('../../platform/quantity.ts');
  const { kinds, deployments, totals, unattributed } = overview;
  const { resources, total } = unattributed;

  const shown = (usage: Usage, kind: string): string | null =>
    usage[kind] === undefined ? null : roundHalfAwayFromZero(parseQuantity(usage[kind]), 2).toFixed(2);
  const noOwner: OverviewRow = {
    customer: 'unassigned',
    deployment: 'unattributed',
    usage: unattributed.usage,
    plan: null,
    amounts: [],
    problem: null,
  };
  const rows = [...deployments, noOwner];
  const columns: Column<OverviewRow>[] = [
    { header: 'customer', value: (row) => row.customer },
    { header: 'deployment', value: (row) => row.deployment },
    ...kinds.map(
      ({ kind }): Column<OverviewRow> => ({
        header: kind,
        value: (row) => shown(row.usage, kind),
        align: 'right',
      }),
    ),
    { header: 'plan', value: (row) => row.plan },
    {
      header: 'amount',
      value: ({ amounts, problem }) =>
        problem === null ? amountsText(amounts.map(({ amount, currency }) => `${amount} ${currency}`)) : 'not rated',
      align: 'right',
    },
  ];
  const lines = [
    ...leaversLines(overview.notBilled),
    `${describeRange(overview)}, ${meteredText(overview)}. Amounts are what its invoices say now, before tax.`,
    `Usage to two decimals (arcadia usage has it exactly): ${kinds.map(({ kind, unit }) => `${kind} in ${unit}s`).join(', ')}.`,
    '',
    table(rows, columns),
    ...totals.map(
      (one) =>
        `Invoices as they are now: ${one.subtotal} ${one.currency}, tax ${one.tax} ${one.currency}, total ${one.total} ${one.currency}.`,
    ),
    ...new Set(deployments.flatMap(({ customer, problem }) => (problem === null ? [] : [`${customer}: ${problem}`]))),
    '',
  ];
  lines.push(...notBilledLines(overview.notBilled));
  const unlisted = unlistedLines(overview.unlisted);
  lines.push(...unlisted, ...(unlisted.length > 0 ? [''] : []), ...revertedLines(overview.revertedSyncs));
  if (total === 0) return [...lines, 'No unassigned resources.'].join('\n');
  const more = total > resources.length ? `, the first ${count(resources.length)}` : '';
  const unowned = table(resources, [
    { header: 'id', value: (row) => String(row.resourceId), align: 'right' },
    { header: 'kind', value: (row) => row.kind },
    { header: 'name', value: (row) => row.name },
    { header: 'since (utc)', value: (row) => moment(row.since) },
  ]);
  return [
    ...lines,
    `Unassigned (${count(total)}${more}):`,
    '',
    unowned,
    '',
    'To assign them: arcadia rule suggest',
  ].join('\n');
}

type NotBilled = Overview['notBilled'][number];

/** As many leavers as are named; the others are counted. */
const leaversShown = 10;

/** Above all else: what goes on running for somebody who left. */
function leaversLines(notBilled: readonly NotBilled[]): string[] {
  const left = notBilled.find(({ reason, running }) => reason === 'ended' && running > 0);
  if (left === undefined) return [];
  const running = left.deployments.filter((one) => one.running > 0);
  const named = running
    .slice(0, leaversShown)
    .map((one) => `  ${one.deployment} (${one.customerName}): ${plural(one.running, 'resource')}${costText(one)}`);
  const more = left.deploymentsTotal - named.length;
  return [
    'Still running for customers who left, and not billed:',
    ...named,
    ...(running.length > leaversShown ? [`  And more of ${count(more)} others.`] : []),
    'What they are: arcadia deployment ownership <deployment>',
    '',
  ];
}

const reasonTexts: Readonly<Record<NotBilled['reason'], string>> = {
  ended: 'of deployments that have ended',
  unassigned: 'unassigned',
  no_plan: 'of deployments on no plan',
  paused: 'of paused deployments',
};

function notBilledLines(notBilled: readonly NotBilled[]): string[] {
  if (notBilled.length === 0) return [];
  return [
    'Not billed, at list price of the month to date:',
    ...notBilled.map((one) => `  ${plural(one.resources, 'resource')} ${reasonTexts[one.reason]}${costText(one)}`),
    '',
  ];
}

/** `, 12.00 USD, 2 without a price` */
function costText({ amounts, unpriced }: Pick<NotBilled, 'amounts' | 'unpriced'>): string {
  const money = amounts.length === 0 ? '' : `, ${amounts.map((one) => `${one.amount} ${one.currency}`).join(' + ')}`;
  return `${money}${unpriced === 0 ? '' : `, ${count(unpriced)} without a list price`}`;
}

function revertedLines(reverted: Overview['revertedSyncs']): string[] {
  if (reverted.length === 0) return [];
  const named = reverted.map(
    ({ account, kind, syncRunId, revertedBy }) => `${account}: ${kind} (run ${syncRunId}, by ${revertedBy})`,
  );
  return ['Reverted, and not listed completely since. Next: arcadia sync', ...named, ''];
}

function amountsText(amounts: readonly string[]): string | null {
  return amounts.length === 0 ? null : amounts.join(' + ');
}
