import { type Overview, type OverviewRow, readOverview } from '../../flows/index.ts';
import type { Usage } from '../../metering/index.ts';
import { type Column, count, moment, table } from '../engine/output.ts';
import { describeRange } from '../engine/range.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';
import { unbilledNotes } from './unbilled-text.ts';

// What `start` and `demo agency` end with.

/** The overview as one JSON value. */
function overviewAnswer({ range, meteredThrough, deployments, totals, unbilled, unattributed }: Overview) {
  const { usage, resources } = unattributed;
  return {
    from: range.from,
    to: range.to,
    meteredThrough,
    deployments,
    totals,
    unbilled,
    unattributed: { usage, resources: resources.resources, total: resources.total },
  };
}

/** Reads the overview and prints it. */
export async function showOverview(session: Session, { db, clock }: SessionDatabase): Promise<void> {
  await printOverview(session, await readOverview(db, { now: await clock.now() }));
}

async function printOverview({ output }: Session, overview: Overview): Promise<void> {
  if (output.json) return output.value(overviewAnswer(overview));
  const { roundHalfAwayFromZero, parseQuantity } = await import('../../platform/quantity.ts');
  const { range, meteredThrough, kinds, deployments, totals, unbilled, unattributed } = overview;
  const { resources, total } = unattributed.resources;

  const shown = (usage: Usage, kind: string): string | null =>
    usage[kind] === undefined ? null : roundHalfAwayFromZero(parseQuantity(usage[kind]), 2).toFixed(2);
  const noOwner: OverviewRow = {
    customer: 'no owner',
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
      (kind): Column<OverviewRow> => ({
        header: kind.slug,
        value: (row) => shown(row.usage, kind.slug),
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
  await output.text(
    [
      `${describeRange(range)}, every day before ${meteredThrough} is metered. Amounts are what its invoices say now, before tax.`,
      `Usage to two decimals (arcadia usage has it exactly): ${kinds.map((kind) => `${kind.slug} in ${kind.unit}s`).join(', ')}.`,
      '',
      table(rows, columns),
      ...totals.map(
        ({ currency, subtotal, tax, total }) =>
          `Invoices as they are now: ${subtotal} ${currency}, tax ${tax} ${currency}, total ${total} ${currency}.`,
      ),
      ...new Set(deployments.flatMap(({ customer, problem }) => (problem === null ? [] : [`${customer}: ${problem}`]))),
    ].join('\n'),
  );
  for (const note of unbilledNotes(unbilled)) output.note(note);
  if (total === 0) return output.text('\nEverything has an owner.');
  const more = total > resources.length ? `, the first ${count(resources.length)}` : '';
  await output.text(
    `\nWithout an owner (${count(total)}${more}):\n\n${table(resources, [
      { header: 'id', value: (row) => String(row.resourceId), align: 'right' },
      { header: 'kind', value: (row) => row.kind },
      { header: 'name', value: (row) => row.name },
      { header: 'since (utc)', value: (row) => moment(row.since) },
    ])}\n\nWhom they may belong to: arcadia rule suggest`,
  );
}

function amountsText(amounts: readonly string[]): string | null {
  return amounts.length === 0 ? null : amounts.join(' + ');
}
