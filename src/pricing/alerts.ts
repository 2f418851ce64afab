import { usageForPeriod } from '../metering/index.ts';
import type { Queryable, Database, UnitOfWork } from '../platform/database/database.ts';
import { cursorOf } from '../platform/database/keyset.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { currencyDigits } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { writeMessages } from '../webhooks/index.ts';
import { reached } from './alert-thresholds.ts';
import * as store from './alerts.store.ts';
import { type RatedDeployment, ratedMonth } from './rated-months.ts';
import { decimalText } from './rating/decimal.ts';
import { monthOfInstant, monthSpan } from './rating/proration.ts';
import { requireDeployment } from './subscriptions.ts';
import { ForecastSums, UsageSums } from './usage-sums.ts';

export type Alert = Omit<store.AlertRow, 'deploymentId'>;
export type Firing = store.FiringRow;

export interface NewAlert {
  /** Null: each deployment that is on a plan. */
  readonly deployment: string | null;
  /** A billing kind; null: what the month itself costs, its base fee included whenever it is billed. */
  readonly kind: string | null;
  /** A decimal above zero. */
  readonly threshold: string;
  /** percent: of the kind's allowance, or of the base fee. */
  readonly unit: 'absolute' | 'percent';
  /** Of an absolute amount; else null. */
  readonly currency: string | null;
  /** to_date: what is metered so far. forecast: the month's end, if everything stays as it is. */
  readonly basis: 'to_date' | 'forecast';
}

/** @throws ArcadiaError not_found (deployment, kind), invalid_argument */
export async function addAlert(db: Queryable, alert: NewAlert, by: string, now: Temporal.Instant): Promise<Alert> {
  const problem = decimalText.safeParse(alert.threshold).error?.issues[0]?.message;
  if (problem) throw new ArcadiaError('invalid_argument', `The threshold ${problem}.`);
  if (new Decimal(alert.threshold).isZero())
    throw new ArcadiaError('invalid_argument', 'The threshold must be more than 0.');
  const needsCurrency = alert.kind === null && alert.unit === 'absolute';
  if (needsCurrency !== (alert.currency !== null)) {
    throw new ArcadiaError('invalid_argument', 'An amount has a currency, such as USD, and nothing else has.');
  }
  if (alert.currency !== null) currencyDigits(alert.currency);
  const deployment = alert.deployment === null ? null : await requireDeployment(db, alert.deployment);
  if (deployment !== null && deployment.customer_id === null) {
    throw new ArcadiaError(
      'invalid_argument',
      `"${alert.deployment}" is what is unassigned: it has no plan and is not billed.`,
    );
  }
  const id = await store.insertAlert(db, { ...alert, deploymentId: deployment?.deployment_id ?? null }, by, now);
  if (id === null) throw new ArcadiaError('not_found', `There is no meter "${alert.kind}".`);
  return getAlert(db, id);
}

const oldestFirst = { sort: 'alertId', order: 'asc', cursor: null } as const;

/** @throws ArcadiaError not_found */
export async function getAlert(db: Queryable, alertId: number): Promise<Alert> {
  const [found] = await store.selectAlerts(db, { alertId }, { ...oldestFirst, limit: 1 });
  if (found === undefined) throw notFound('alert', alertId);
  return answer(found);
}

/** A page of the standing alerts, and how many there are in all. */
export async function alertPage(
  db: Queryable,
  filter: { readonly deployment?: string | undefined },
  page: PageRequest<store.AlertSort>,
): Promise<Required<Page<Alert>>> {
  const wanted = { ...filter, q: page.q };
  const rows = await store.selectAlerts(db, wanted, { ...page, limit: page.limit + 1 });
  const { items, nextCursor } = pageOf(rows, page.limit, cursorOf);
  return { items: items.map(answer), nextCursor, total: await store.countAlerts(db, wanted) };
}

/** Ends an alert; what it fired stays. @throws ArcadiaError not_found */
export async function removeAlert(db: Queryable, id: number, now: Temporal.Instant): Promise<void> {
  if (!(await store.updateRemoved(db, id, now))) throw notFound('alert', id);
}

/** A page of what fired, and how often any did. */
export async function firingPage(
  db: Queryable,
  filter: Omit<store.FiringFilter, 'q'>,
  page: PageRequest<store.FiringSort>,
): Promise<Required<Page<Firing>>> {
  const wanted = { ...filter, q: page.q };
  const rows = await store.selectFirings(db, wanted, { ...page, limit: page.limit + 1 });
  return { ...pageOf(rows, page.limit, cursorOf), total: await store.countFiringsOf(db, wanted) };
}

/** How often alerts fired on a month. */
export function countFirings(db: Queryable, month: Temporal.PlainYearMonth): Promise<number> {
  return store.countFirings(db, month.toPlainDate({ day: 1 }));
}

/** As many alerts as are evaluated together. */
const alertsMax = 10_000;
const batch = 1000;

/**
 * Fires every alert whose threshold is reached in the current month, or in the one before (whose last
 * days are metered after it, and for which only alerts count that were there in it): each once for
 * a deployment and a month, however often and by however many this is called.
 * @returns how many fired now
 */
export async function checkAlerts(
  db: Database,
  now: Temporal.Instant,
  signal?: AbortSignal,
): Promise<{ fired: number }> {
  const alerts = await store.selectAlerts(db, {}, { ...oldestFirst, limit: alertsMax });
  let fired = 0;
  const current = monthOfInstant(now);
  for (const month of [current.subtract({ months: 1 }), current]) {
    const { from, to } = monthSpan(month);
    const standing = alerts.filter((alert) => Temporal.Instant.compare(alert.createdAt, to) < 0);
    if (standing.length === 0) continue;
    const rate = await rater(db, month);
    const everyone = standing.some((alert) => alert.deploymentId === null);
    const named = [...new Set(standing.flatMap((alert) => alert.deploymentId ?? []))];
    for await (const ids of everyone ? subscribed(db, from, to) : inBatches(named)) {
      signal?.throwIfAborted();
      for (const basis of ['to_date', 'forecast'] as const) {
        const ofBasis = standing.filter((alert) => alert.basis === basis);
        if (ofBasis.length === 0) continue;
        const firings = (await rate(basis, ids)).flatMap((deployment) => firingsOf(deployment, ofBasis, month));
        if (firings.length > 0) {
          fired += await db.transaction().execute((trx) => fire(trx, firings, ofBasis, now));
        }
      }
    }
  }
  return { fired };
}

/** Returns how many had not fired. */
async function fire(
  trx: UnitOfWork,
  firings: readonly store.NewFiring[],
  alerts: readonly store.AlertRow[],
  now: Temporal.Instant,
): Promise<number> {
  const fired = await store.insertFirings(trx, firings, now);
  const messages = fired.flatMap(({ deploymentId: _, customerId, month, deployment, ...firing }) => {
    const alert = alerts.find(({ alertId }) => alertId === firing.alertId);
    if (alert === undefined) return [];
    const { kind, basis } = alert;
    const ofMonth = month.toPlainYearMonth().toString();
    const path = `/api/v1/deployments/${deployment}`;
    return [{ customerId, data: { ...firing, deployment, month: ofMonth, kind, basis, path } }];
  });
  await writeMessages(trx, 'alert.fired', messages, now);
  return fired.length;
}

function firingsOf(
  { deploymentId, rated }: RatedDeployment,
  alerts: readonly store.AlertRow[],
  month: Temporal.PlainYearMonth,
): store.NewFiring[] {
  return alerts.flatMap((alert) => {
    if (alert.deploymentId !== null && alert.deploymentId !== deploymentId) return [];
    const found = reached(rated, alert);
    return found === null ? [] : [{ alertId: alert.alertId, deploymentId, month, ...found }];
  });
}

async function rater(db: Database, month: Temporal.PlainYearMonth) {
  const first = month.toPlainDate({ day: 1 });
  const { meteredThrough } = await usageForPeriod(db, 'unattributed', first, first.add({ months: 1 }));
  const metered = new UsageSums(db);
  const forecast = new ForecastSums(db, Temporal.PlainDate.from(meteredThrough), metered);
  return (basis: 'to_date' | 'forecast', deployments: readonly number[]) =>
    ratedMonth(db, { deployments, month, fees: 'own', sums: basis === 'forecast' ? forecast : metered });
}

async function* subscribed(db: Queryable, from: Temporal.Instant, to: Temporal.Instant): AsyncGenerator<number[]> {
  for (let after = 0; ; ) {
    const ids = await store.selectSubscribed(db, from, to, after, batch);
    const last = ids.at(-1);
    if (last === undefined) return;
    yield ids;
    after = last;
  }
}

function* inBatches(ids: readonly number[]): Generator<readonly number[]> {
  for (let start = 0; start < ids.length; start += batch) yield ids.slice(start, start + batch);
}

function answer({ deploymentId: _, ...alert }: store.AlertRow): Alert {
  return alert;
}
