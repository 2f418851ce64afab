import { readOverview, type showOverview } from '../../flows/index.ts';
import { count, plural } from '../engine/output.ts';
import { describeRange } from '../engine/range.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';
import type { AnswerOf } from '../engine/views.ts';

type Overview = AnswerOf<typeof showOverview>;

/** What of it needs somebody, at most: with what stands around it, a start ends in ten lines. */
const needsMax = 4;

/** Prints a month in few lines, or, where remarks are lines of a log, as one of them. What `start` ends with. */
export async function printSummary({ output }: Session, { db, clock }: SessionDatabase): Promise<void> {
  const overview = JSON.parse(JSON.stringify(await readOverview(db, { now: await clock.now() }))) as Overview;
  if (output.json) return output.value(overview);
  if (output.log === null) return output.text(summaryLines(overview).join('\n'));
  const { from, to, meteredThrough, totals, deployments, unattributed } = overview;
  output.note('overview', {
    from,
    to,
    metered_through: meteredThrough,
    totals,
    deployments: deployments.length,
    unassigned: unattributed.total,
    needs: needsOf(overview).map(({ text }) => text),
  });
}

/** At most eight lines: what the month comes to, what needs somebody, and the next command. */
export function summaryLines(overview: Overview): readonly string[] {
  const { deployments, totals } = overview;
  const customers = new Set(deployments.map(({ customer }) => customer)).size;
  const needs = needsOf(overview);
  const amounts = (field: 'subtotal' | 'tax' | 'total') =>
    totals.map((one) => `${one[field]} ${one.currency}`).join(' + ');
  const money =
    totals.length === 0
      ? 'Nothing to invoice yet.'
      : `Invoices as they are now: ${amounts('subtotal')}, tax ${amounts('tax')}, total ${amounts('total')}.`;
  const table = 'arcadia overview';
  const next = needs[0]?.next ?? `arcadia invoice list --month ${overview.from.slice(0, 7)}`;
  return [
    `${describeRange(overview)}: ${plural(customers, 'customer')}, ${plural(deployments.length, 'deployment')}. ${money}`,
    needs.length === 0 ? 'Nothing needs attention.' : 'Needs attention:',
    ...needs.slice(0, needsMax).map(({ text }) => `  ${text}`),
    ...(needs.length > needsMax ? [`  and ${plural(needs.length - needsMax, 'more remark')}: arcadia overview`] : []),
    `Next: ${next}${next === table ? '' : `   The table: ${table}`}   (in the clone: ./arcadia)`,
  ];
}

interface Need {
  readonly text: string;
  /** The command that shows or cures it. */
  readonly next: string;
}

/** What keeps the month from being right, the gravest first. */
function needsOf({
  deployments,
  unattributed,
  notBilled,
  unbilled,
  unlisted,
  revertedSyncs,
}: Overview): readonly Need[] {
  const failing = new Set(deployments.flatMap(({ customer, problem }) => (problem === null ? [] : [customer])));
  const hidden = unlisted.reduce((sum, one) => sum + one.hidden, 0);
  // One that has ended, or has yet to begin, is on no plan either, and lacks nothing.
  const unplanned = notBilled.find(({ reason }) => reason === 'no_plan');
  const running = notBilled.find(({ reason }) => reason === 'ended')?.running ?? 0;
  /** What that comes to in the month, where prices are known. */
  const worth = (of: string) => {
    const { amounts = [] } = notBilled.find(({ reason }) => reason === of) ?? {};
    return amounts.length === 0
      ? ''
      : ` (${amounts.map(({ amount, currency }) => `${amount} ${currency}`).join(' + ')} at list price)`;
  };
  const found: readonly (readonly [isSo: boolean, text: string, next: string])[] = [
    [
      running > 0,
      `${plural(running, 'resource')} running for deployments that ended${worth('ended')}`,
      'arcadia overview',
    ],
    [
      failing.size > 0,
      `${plural(failing.size, 'customer')} cannot be rated: ${some([...failing])}`,
      'arcadia overview',
    ],
    [
      unattributed.total > 0,
      `${plural(unattributed.total, 'resource')} unassigned, not billed${worth('unassigned')}`,
      'arcadia rule suggest',
    ],
    [
      unplanned !== undefined,
      `${plural(unplanned?.deploymentsTotal ?? 0, 'deployment')} on no plan${worth('no_plan')}: ${some(unplanned?.deployments.flatMap(({ deployment }) => deployment ?? []) ?? [], unplanned?.deploymentsTotal)}`,
      'arcadia subscription start --help',
    ],
    [
      unbilled.length > 0,
      `${plural(unbilled.length, 'meter')} used and not billed, or billed and not metered`,
      'arcadia overview',
    ],
    [hidden > 0, `${plural(hidden, 'resource')} in projects and in no listing: not metered`, 'arcadia account check'],
    [
      revertedSyncs.length > 0,
      `${plural(revertedSyncs.length, 'collection')} not synced since a revert`,
      'arcadia sync',
    ],
  ];
  return found.flatMap(([isSo, text, next]) => (isSo ? [{ text: `${text}: ${next}`, next }] : []));
}

function some(names: readonly string[], total = names.length): string {
  const shown = names.slice(0, 3);
  const more = total - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${count(more)} more` : shown.join(', ');
}
