import type { UnattributedPage } from '../../deployments/attribution.ts';
import type { BillingKind } from '../../metering/kinds.ts';
import type { DayRange } from '../../metering/period.ts';
import type { Usage } from '../../metering/usage.ts';
import { type Column, count, moment, table } from '../engine/output.ts';
import { describeRange, monthOf } from '../engine/range.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';

// What `start` and `demo agency` end with: who used what in a month, what it costs, and what has
// no owner.

export interface Overview {
  readonly range: DayRange;
  readonly meteredThrough: string;
  readonly kinds: readonly BillingKind[];
  readonly deployments: readonly OverviewRow[];
  /** What nobody owns. */
  readonly unattributed: { readonly usage: Usage; readonly resources: UnattributedPage };
}

export interface OverviewRow {
  readonly customer: string;
  readonly deployment: string;
  readonly usage: Usage;
  /** null: on no plan. */
  readonly plan: string | null;
  readonly currency: string | null;
  /** What the month costs so far, base fee included. */
  readonly amount: string | null;
}

/** Of what nobody owns, as many as an operator takes in at a glance. */
const unattributedShown = 20;

/** The month of the last complete day. */
export async function readOverview({ db, clock }: SessionDatabase): Promise<Overview> {
  const { unattributedResources } = await import('../../deployments/attribution.ts');
  const { listDeployments } = await import('../../deployments/deployments.ts');
  const { listBillingKinds } = await import('../../metering/kinds.ts');
  const { dayOf } = await import('../../metering/period.ts');
  const { usageForPeriod, usageOfAll } = await import('../../metering/usage.ts');
  const { quoteUsage } = await import('../../pricing/quotes.ts');
  const { currentSubscriptions } = await import('../../pricing/subscriptions.ts');

  const now = await clock.now();
  const lastDay = dayOf(now).subtract({ days: 1 });
  const range = monthOf(lastDay);
  const plans = new Map((await currentSubscriptions(db, now)).map(({ deployment, plan }) => [deployment, plan]));
  const used = new Map(
    (await usageOfAll(db, range.from, range.to)).map(({ deployment, usage }) => [deployment, usage]),
  );
  const { meteredThrough } = await usageForPeriod(db, 'unattributed', range.from, range.to);

  const deployments: OverviewRow[] = [];
  for (const { slug, customerName } of await listDeployments(db)) {
    if (customerName === null) continue;
    const usage = used.get(slug) ?? {};
    const plan = plans.get(slug) ?? null;
    const quote = plan === null ? null : await quoteUsage(db, { plan, usage, day: lastDay });
    deployments.push({
      customer: customerName,
      deployment: slug,
      usage,
      plan,
      currency: quote?.currency ?? null,
      amount: quote?.total ?? null,
    });
  }
  const metered = new Set([...used.values()].flatMap((usage) => Object.keys(usage)));
  return {
    range,
    meteredThrough,
    kinds: (await listBillingKinds(db, lastDay)).filter((kind) => metered.has(kind.slug)),
    deployments,
    unattributed: {
      usage: used.get('unattributed') ?? {},
      resources: await unattributedResources(db, now, unattributedShown),
    },
  };
}

/** The overview as one JSON value. */
export function overviewAnswer({ range, meteredThrough, deployments, unattributed }: Overview) {
  const { usage, resources } = unattributed;
  return {
    from: range.from,
    to: range.to,
    meteredThrough,
    deployments,
    unattributed: { usage, resources: resources.resources, total: resources.total },
  };
}

export async function printOverview({ output }: Session, overview: Overview): Promise<void> {
  if (output.json) return output.value(overviewAnswer(overview));
  const { roundHalfAwayFromZero, parseQuantity } = await import('../../platform/quantity.ts');
  const { range, meteredThrough, kinds, deployments, unattributed } = overview;
  const { resources, total } = unattributed.resources;

  const shown = (usage: Usage, kind: string): string | null =>
    usage[kind] === undefined ? null : roundHalfAwayFromZero(parseQuantity(usage[kind]), 2).toFixed(2);
  const noOwner: OverviewRow = {
    customer: 'no owner',
    deployment: 'unattributed',
    usage: unattributed.usage,
    plan: null,
    currency: null,
    amount: null,
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
      value: (row) => (row.amount === null ? null : `${row.amount} ${row.currency}`),
      align: 'right',
    },
  ];
  await output.text(
    [
      `${describeRange(range)}, every day before ${meteredThrough} is metered. Amounts are the month's so far with its whole base fee.`,
      `Usage to two decimals (arcadia usage has it exactly): ${kinds.map((kind) => `${kind.slug} in ${kind.unit}s`).join(', ')}.`,
      '',
      table(rows, columns),
    ].join('\n'),
  );
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
