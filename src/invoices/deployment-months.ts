import type { Queryable } from '../platform/database/database.ts';
import * as store from './deployment-months.store.ts';

// How each deployment's month stands, in money: read from what rating has kept, and rated nowhere here.

export { monthSorts } from './deployment-months.store.ts';

interface DeploymentMonthLine extends Omit<store.DeploymentMonthRow, 'deploymentId'> {
  /** Living resources that it owns now, or a share of. */
  readonly resources: number;
  /** Alerts that fired on the month; 0 to a customer. */
  readonly alerts: number;
}

export interface DeploymentMonths {
  /** One more than were asked for where there are more. A row for each currency of a deployment. */
  readonly rows: readonly DeploymentMonthLine[];
  /** Of all that match, on every page. */
  readonly total: number;
  readonly totals: readonly store.MonthTotal[];
  /** When the month was rated, and to which day, which is not in it; null: it was not. */
  readonly rated: store.Rating | null;
}

/** What may be asked; `at` follows from the month. */
type DeploymentMonthsAsked = Omit<store.DeploymentMonthFilters, 'at'> & {
  readonly now: Temporal.Instant;
  readonly isStaff: boolean;
};

/**
 * Deployments with what their month comes to by what is metered, by month's end, and the month before. The plan is that
 * of now, or of the end of a month that is over.
 */
export async function listDeploymentMonths(
  db: Queryable,
  { now, isStaff, ...filters }: DeploymentMonthsAsked,
  page: store.MonthPage,
): Promise<DeploymentMonths> {
  const asked = { ...filters, at: earlier(now, lastInstantOf(filters.month)) };
  const rows = await store.selectDeploymentMonths(db, asked, page);
  const ids = [...new Set(rows.map(({ deploymentId }) => deploymentId))];
  const flags = new Map(
    (await store.selectDeploymentFlags(db, ids, filters.month, isStaff)).map((one) => [one.deploymentId, one]),
  );
  return {
    rows: rows.map(({ deploymentId, ...row }) => {
      const { resources = 0, alerts = 0 } = flags.get(deploymentId) ?? {};
      return { ...row, resources, alerts };
    }),
    total: await store.countDeploymentMonths(db, asked),
    totals: await store.sumDeploymentMonths(db, asked),
    rated: await store.selectRating(db, filters.month),
  };
}

interface CustomerMonths extends Pick<DeploymentMonths, 'total' | 'totals' | 'rated'> {
  readonly rows: readonly store.CustomerMonthRow[];
}

/** Customers with what the months of all their deployments come to, a row for each currency; one more than asked for where there are more. */
export async function listCustomerMonths(
  db: Queryable,
  filters: store.CustomerMonthFilters,
  page: store.MonthPage,
): Promise<CustomerMonths> {
  return {
    rows: await store.selectCustomerMonths(db, filters, page),
    total: await store.countCustomerMonths(db, filters),
    totals: await store.sumCustomerMonths(db, filters),
    rated: await store.selectRating(db, filters.month),
  };
}

function lastInstantOf(month: Temporal.PlainDate): Temporal.Instant {
  return month.add({ months: 1 }).toZonedDateTime('UTC').toInstant().subtract({ microseconds: 1 });
}

function earlier(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) < 0 ? a : b;
}
