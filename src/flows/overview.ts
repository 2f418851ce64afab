import { type UnattributedPage, unattributedResources, listDeployments } from '../deployments/index.ts';
import { listRevertedSyncs, listUnlisted } from '../inventory/index.ts';
import { sumAmounts, previewMonth } from '../invoices/index.ts';
import { listBillingKinds, dayOf, type Usage, usageForPeriod, usageOfAll } from '../metering/index.ts';
import type { Database } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import {
  currentSubscriptions,
  listPlans,
  type NotBilled,
  notBilled,
  type Unbilled,
  unbilledOf,
} from '../pricing/index.ts';
import type { FlowContext } from './context.ts';

/** Who used what in a month, what is owed for it, and what nobody owns. */
export interface Overview {
  /** The calendar month of the last complete day, its end not included. */
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
  /** Every day before this one is metered. */
  readonly meteredThrough: string;
  /** The kinds that are used in it. */
  readonly kinds: readonly { readonly kind: string; readonly unit: string }[];
  /** By slug. */
  readonly deployments: readonly OverviewRow[];
  /** The month's invoices as of now, by currency: lines of no deployment included. */
  readonly totals: readonly OverviewTotal[];
  /** What runs and is on nobody's plan, at list price: what goes on for somebody who left comes first. */
  readonly notBilled: readonly NotBilled[];
  /** What is used and not billed, for plans and metering do not match. */
  readonly unbilled: readonly Unbilled[];
  /** What projects hold and no listing shows: it is neither metered nor known to be gone. */
  readonly unlisted: Awaited<ReturnType<typeof listUnlisted>>;
  /** Kinds that were not listed completely since their last sync run was reverted. */
  readonly revertedSyncs: Awaited<ReturnType<typeof listRevertedSyncs>>;
  readonly unattributed: { readonly usage: Usage } & UnattributedPage;
}

export interface OverviewRow {
  readonly customer: string;
  readonly deployment: string;
  readonly usage: Usage;
  /** What it is on now; null: on no plan. */
  readonly plan: string | null;
  /**
   * What the customer's invoice says of the deployment as it is now, before tax: one for each currency.
   * None where nothing is charged because it is on no plan, or where it could not be rated.
   */
  readonly amounts: readonly { readonly currency: string; readonly amount: string }[];
  /** Why its customer could not be rated; null: it could. */
  readonly problem: string | null;
}

interface OverviewTotal {
  readonly currency: string;
  readonly subtotal: string;
  readonly tax: string;
  readonly total: string;
}

/** Of what nobody owns, as many as an operator takes in at a glance. */
const unattributedShown = 20;

/**
 * The month of the last complete day, as it is now. Amounts come from the function that invoices
 * (`previewMonth`), so that they are what the preview, the draft and the invoice of the same facts
 * say. Writes nothing.
 */
export async function readOverview(db: Database, { now }: Pick<FlowContext, 'now'>): Promise<Overview> {
  const lastDay = dayOf(now).subtract({ days: 1 });
  const from = lastDay.with({ day: 1 });
  const range = { from, to: from.add({ months: 1 }) };
  const plans = new Map((await currentSubscriptions(db, now)).map(({ deployment, plan }) => [deployment, plan]));
  const currencies = new Map((await listPlans(db, lastDay)).map(({ plan, currency }) => [plan, currency]));
  const used = new Map((await usageOfAll(db, range.from, range.to)).map((row) => [row.deployment, row.usage]));
  const { meteredThrough } = await usageForPeriod(db, 'unattributed', range.from, range.to);
  const { amounts, problems, totals } = await readAmounts(db, from, now);

  const deployments: OverviewRow[] = [];
  const ids: number[] = [];
  for (const { deploymentId, slug, customerName, customerExternalId } of await listDeployments(db)) {
    if (customerName === null) continue;
    ids.push(deploymentId);
    const plan = plans.get(slug) ?? null;
    const problem = problems.get(customerExternalId ?? '') ?? null;
    const currency = plan === null ? undefined : currencies.get(plan);
    // The invoice has no line where a plan charges nothing.
    const nothing =
      problem === null && currency !== undefined ? [{ currency, amount: formatMoney(new Decimal(0), currency) }] : [];
    deployments.push({
      customer: customerName,
      deployment: slug,
      usage: used.get(slug) ?? {},
      plan,
      amounts: amounts.get(deploymentId) ?? nothing,
      problem,
    });
  }
  const metered = new Set([...used.values()].flatMap((usage) => Object.keys(usage)));
  return {
    ...range,
    meteredThrough,
    kinds: (await listBillingKinds(db, lastDay)).flatMap(({ slug, unit }) =>
      metered.has(slug) ? [{ kind: slug, unit }] : [],
    ),
    deployments,
    totals,
    notBilled: await notBilled(db, { month: from.toPlainYearMonth(), now }),
    unbilled: await unbilledOf(db, { deployments: ids, month: from.toPlainYearMonth(), now }),
    unlisted: await listUnlisted(db),
    revertedSyncs: await listRevertedSyncs(db),
    unattributed: {
      usage: used.get('unattributed') ?? {},
      ...(await unattributedResources(db, now, unattributedShown)),
    },
  };
}

interface Amounts {
  /** By the deployment's id. */
  readonly amounts: ReadonlyMap<number, OverviewRow['amounts']>;
  /** By the customer's external id. */
  readonly problems: ReadonlyMap<string, string>;
  readonly totals: readonly OverviewTotal[];
}

async function readAmounts(db: Database, month: Temporal.PlainDate, now: Temporal.Instant): Promise<Amounts> {
  const amounts = new Map<number, { currency: string; amount: string }[]>();
  const problems = new Map<string, string>();
  const sums = new Map<string, OverviewTotal>();
  for await (const { customers, failures } of previewMonth(db, month, now)) {
    for (const { customer, error } of failures) problems.set(customer, error.message);
    for (const { currency, lines, ...invoice } of customers.flatMap(({ invoices }) => invoices)) {
      for (const [deploymentId, own] of Map.groupBy(lines, (line) => line.deploymentId)) {
        if (deploymentId === null) continue;
        const amount = sumAmounts(own, currency);
        amounts.set(deploymentId, [...(amounts.get(deploymentId) ?? []), { currency, amount }]);
      }
      const before = sums.get(currency);
      const sum = (field: 'subtotal' | 'tax' | 'total') =>
        formatMoney(new Decimal(before?.[field] ?? '0').plus(invoice[field]), currency);
      sums.set(currency, { currency, subtotal: sum('subtotal'), tax: sum('tax'), total: sum('total') });
    }
  }
  const totals = [...sums.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1));
  return { amounts, problems, totals };
}
