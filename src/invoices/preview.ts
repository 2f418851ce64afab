import type { Database } from '../platform/database/database.ts';
import { notFound } from '../platform/errors.ts';
import type { Composed, ComposedCustomer, TaxedLine } from './compose.ts';
import { type Unbilled, unbilledOf, type UsageSource, UsageSums } from '../pricing/index.ts';
import { assertBegun, type ComposedBatch, composeCustomer, composeEachWith, customersPerBatch } from './drafts.ts';
import { selectBilledCustomers, selectDeployments } from './drafts.store.ts';
import { selectCustomerOfDeployment } from './invoices.store.ts';
import { linePeriod, type Period } from './line-period.ts';

interface PreviewedInvoice extends Omit<Composed, 'lines'> {
  readonly lines: readonly (TaxedLine & { readonly period: Period })[];
}

interface Preview {
  /** The customer's external id. */
  readonly customer: string;
  /** `2026-05` */
  readonly month: string;
  /** The customer's invoices that would follow now, whole: those with a line of the deployment. */
  readonly invoices: readonly PreviewedInvoice[];
  /** The customer's deployments by id. */
  readonly slugs: Readonly<Record<number, string>>;
  readonly uncharged: ComposedCustomer['uncharged'];
  readonly unbilled: readonly Unbilled[];
}

/**
 * The invoice that would follow from the facts as they are now. Writes nothing.
 * @throws ArcadiaError not_found (a deployment, that somebody pays for), invalid_argument (a month to come)
 */
export async function previewDeployment(
  db: Database,
  deployment: string,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<Preview> {
  assertBegun(month, now);
  const customerId = await selectCustomerOfDeployment(db, deployment);
  const [composed] = customerId === undefined ? [] : await composeCustomer(db, customerId, month);
  if (!composed) throw notFound('deployment', deployment);
  const deployments = await selectDeployments(db, [composed.customer.customerId]);
  const id = deployments.find((one) => one.slug === deployment)?.deploymentId;
  return {
    customer: composed.customer.externalId,
    month: month.toPlainYearMonth().toString(),
    invoices: composed.invoices
      .filter(({ lines }) => lines.some((line) => line.deploymentId === id))
      .map((invoice) => ({
        ...invoice,
        lines: invoice.lines.map((line) => ({ ...line, period: linePeriod(line) })),
      })),
    slugs: Object.fromEntries(deployments.map(({ deploymentId, slug }) => [deploymentId, slug])),
    uncharged: composed.uncharged,
    unbilled: await unbilledOf(db, {
      deployments: deployments.map(({ deploymentId }) => deploymentId),
      month: month.toPlainYearMonth(),
      now,
    }),
  };
}

/**
 * The invoices of a month that would follow from the facts as they are now, of every customer, some
 * hundred at a time: what drafting them would write. Writes nothing. A few statements for each batch.
 * @throws ArcadiaError invalid_argument (a month to come)
 */
export async function* previewMonth(
  db: Database,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
  sums: UsageSource = new UsageSums(db),
): AsyncGenerator<ComposedBatch, void, undefined> {
  for await (const batches of previewMonthWith(db, month, now, [sums])) yield* batches;
}

/**
 * The same with each of several usages, in their order: forecasts, or what was metered by some day. What has nothing to do
 * with usage is read once for all of them.
 * @throws ArcadiaError invalid_argument (a month to come)
 */
export async function* previewMonthWith(
  db: Database,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
  sources: readonly UsageSource[],
): AsyncGenerator<readonly ComposedBatch[], void, undefined> {
  assertBegun(month, now);
  for (let after = 0; ; ) {
    const batch = await selectBilledCustomers(db, month, { after, limit: customersPerBatch });
    const last = batch.at(-1);
    if (last === undefined) return;
    yield await composeEachWith(db, month, batch, sources);
    after = last.customerId;
  }
}
