import { dayOf, startOfDay } from '../metering/index.ts';
import type { Queryable, Database } from '../platform/database/database.ts';
import { cursorOf } from '../platform/database/keyset.ts';
import type { Page, PageRequest } from '../platform/declare/operation.ts';
import { pageOf } from '../platform/declare/pages.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { assertBillable } from './currency-rule.ts';
import { alreadySubscribed, deploymentEnded, notSubscribed } from './errors.ts';
import { getPlan } from './plans.ts';
import * as plansStore from './store.ts';
import { changeHistory, endOfPause, type Stated, type SubscriptionState, stateAt } from './subscription-history.ts';
import { retiredError, retiredPlans } from './retire.ts';
import * as store from './subscriptions.store.ts';

interface Subscription {
  readonly deployment: string;
  readonly plan: string;
  readonly paused: boolean;
  readonly from: Temporal.Instant;
  /** Null: until it is changed. */
  readonly to: Temporal.Instant | null;
}

/** Whether a decision changed anything: doing it twice does not. */
interface Decided {
  readonly changed: boolean;
}

interface Decision {
  readonly deployment: string;
  /** The beginning of a UTC day. */
  readonly from: Temporal.Instant;
}

// Each takes who decided, for the record, and the instant; and throws ArcadiaError not_found (the
// deployment, or the plan on that day), invalid_argument (an instant within a day, a deployment
// without customer) and conflict (it is not in a state that this could change). Days long past may
// be changed: what was issued for them becomes a matter of corrections.

/**
 * Puts a deployment on a plan from a day (UTC) on, until it is changed again: what was planned for
 * later days is replaced too, pauses included.
 */
export async function subscribe(
  db: Database,
  { deployment, plan, from }: { readonly deployment: string; readonly plan: string; readonly from: Temporal.PlainDate },
  by: string,
  now: Temporal.Instant,
): Promise<Decided> {
  const wanted = await requirePlan(db, plan, from);
  return decide(db, { deployment, from: startOfDay(from) }, by, now, toPlan(wanted));
}

/** Which plan, and the currency that whoever decides takes it to be in. */
interface PlanDecision extends Decision {
  readonly plan: string;
  readonly currency?: string | undefined;
}

/**
 * Puts a deployment that is on no plan on one; what was planned for later is replaced.
 * @throws ArcadiaError conflict too where the plan is in another currency than the customer pays in, or than was named
 */
export async function startSubscription(
  db: Database,
  { plan, currency, ...decision }: PlanDecision,
  by: string,
  now: Temporal.Instant,
): Promise<Decided> {
  const wanted = await requirePlan(db, plan, dayOf(decision.from));
  await assertCurrency(db, { plan, currency, ...decision });
  return decide(db, decision, by, now, (history, state) => {
    if (state !== null && state.planId !== wanted.planId) {
      throw alreadySubscribed(`"${decision.deployment}" is on a plan at ${decision.from} already.`, {
        next: { operation: 'subscription decide', arguments: { deployment: decision.deployment, action: 'change' } },
      });
    }
    return toPlan(wanted)(history, state);
  });
}

/**
 * Moves a deployment from its plan to another; a pause ends with it, and what was planned for later is replaced.
 * @throws ArcadiaError conflict too where the plan is in another currency than the customer pays in, or than was named
 */
export async function changeSubscription(
  db: Database,
  { plan, currency, ...decision }: PlanDecision,
  by: string,
  now: Temporal.Instant,
): Promise<Decided> {
  const wanted = await requirePlan(db, plan, dayOf(decision.from));
  await assertCurrency(db, { plan, currency, ...decision });
  return decide(db, decision, by, now, (history, state) => toPlan(wanted)(history, requireState(decision, state)));
}

/** Pauses a deployment's subscription, up to an instant or until it is resumed: neither fees nor usage are charged. */
export async function pauseSubscription(
  db: Database,
  { to, ...decision }: Decision & { readonly to: Temporal.Instant | null },
  by: string,
  now: Temporal.Instant,
): Promise<Decided> {
  if (to !== null) {
    requireDay(to);
    if (Temporal.Instant.compare(decision.from, to) >= 0) {
      throw new ArcadiaError('range_reversed', `A pause from ${decision.from} to ${to} holds no time.`);
    }
  }
  return decide(db, decision, by, now, (_, state) => {
    requireState(decision, state);
    return { to, become: (before) => before && { ...before, paused: true } };
  });
}

/** Ends a pause at an instant within it. Later ones stay. */
export async function resumeSubscription(
  db: Database,
  decision: Decision,
  by: string,
  now: Temporal.Instant,
): Promise<Decided> {
  return decide(db, decision, by, now, (history, state) => {
    if (!requireState(decision, state).paused) {
      throw new ArcadiaError('conflict', `"${decision.deployment}" is not paused at ${decision.from}.`);
    }
    return {
      to: endOfPause(history, decision.from),
      become: (before) => before && { ...before, paused: false },
    };
  });
}

/** Takes a deployment off its plan; what was planned for later is gone too. */
export async function endSubscription(
  db: Database,
  decision: Decision,
  by: string,
  now: Temporal.Instant,
): Promise<Decided> {
  return decide(db, decision, by, now, () => ({ to: null, become: () => null }));
}

interface Change {
  readonly to: Temporal.Instant | null;
  become(before: SubscriptionState | null): SubscriptionState | null;
}

interface WantedPlan {
  readonly plan: string;
  readonly planId: number;
  readonly isRetired: boolean;
}

/** Errors: plan_retired, for a deployment that is not on it at that moment. */
function toPlan({ plan, planId, isRetired }: WantedPlan) {
  return (_: readonly Stated[], state: SubscriptionState | null): Change => {
    if (isRetired && state?.planId !== planId) throw retiredError(plan);
    return { to: null, become: () => ({ planId, paused: false }) };
  };
}

function requireState({ deployment, from }: Decision, state: SubscriptionState | null): SubscriptionState {
  if (state === null)
    throw notSubscribed(`"${deployment}" is on no plan at ${from}.`, {
      next: { operation: 'subscription decide', arguments: { deployment, action: 'start' } },
    });
  return state;
}

async function decide(
  db: Database,
  { deployment, from }: Decision,
  by: string,
  now: Temporal.Instant,
  change: (history: readonly Stated[], state: SubscriptionState | null) => Change,
): Promise<Decided> {
  requireDay(from);
  const { deployment_id: deploymentId, customer_id, ends_at } = await requireDeployment(db, deployment);
  if (customer_id === null) {
    throw new ArcadiaError(
      'invalid_argument',
      `"${deployment}" is what is unassigned: it has no plan and is not billed.`,
    );
  }
  return db.transaction().execute(async (trx) => {
    await store.lockSubscriptions(trx, deploymentId);
    const history = await store.selectHistory(trx, deploymentId);
    const { to, become } = change(history, stateAt(history, from));
    const changes = changeHistory(history, { from, to }, become);
    if (changes.length === 0) return { changed: false };
    if (ends_at !== null && changes.some(({ state }) => state !== null)) {
      throw deploymentEnded(`"${deployment}" has ended at ${ends_at}: it is on no plan from then on.`, {
        next: { operation: 'deployment reopen', arguments: { deployment } },
      });
    }
    await store.rewriteSubscriptions(trx, deploymentId, changes, by, now);
    return { changed: true };
  });
}

/** Whoever names a currency is told where the plan is in another; and no plan is taken in one that the customer does not pay in. */
async function assertCurrency(db: Queryable, { deployment, plan, from, currency }: PlanDecision): Promise<void> {
  const day = dayOf(from);
  const { currency: next } = await getPlan(db, plan, day);
  if (currency !== undefined && currency !== next) {
    throw new ArcadiaError('conflict', `Plan "${plan}" is in ${next} at ${from}, not in ${currency}.`);
  }
  await assertBillable(db, { deployment, plan, from: day });
}

/** Usage is stored by the day: on both sides of a day's beginning, and nowhere else, it is known exactly. */
function requireDay(at: Temporal.Instant): void {
  const day = dayOf(at);
  if (startOfDay(day).equals(at)) return;
  throw new ArcadiaError(
    'invalid_argument',
    `Subscriptions change at the beginning of a UTC day, and ${at} is within one: take ${day} or ${day.add({ days: 1 })}.`,
  );
}

async function requirePlan(db: Queryable, plan: string, day: Temporal.PlainDate): Promise<WantedPlan> {
  await getPlan(db, plan, day);
  const planId = await plansStore.selectPlanId(db, plan);
  if (planId === undefined) throw new RangeError(`plan ${plan} has a version but no id`);
  return { plan, planId, isRetired: (await retiredPlans(db)).has(plan) };
}

/** More deployments than a database has. */
const currentMax = 1_000_000;

/** What each deployment is on at an instant, by its slug. Those on no plan are not among them. */
export async function currentSubscriptions(db: Queryable, at: Temporal.Instant): Promise<Subscription[]> {
  const whole = { sort: 'deployment', order: 'asc', cursor: null, limit: currentMax } as const;
  return (await store.selectSubscriptionsAt(db, at, {}, whole)).map(toSubscription);
}

/** A page of what deployments are on at an instant, and how many there are in all. */
export async function subscriptionPage(
  db: Queryable,
  at: Temporal.Instant,
  filter: Omit<store.SubscriptionFilter, 'q'>,
  page: PageRequest<store.SubscriptionSort>,
): Promise<Required<Page<Subscription>>> {
  const wanted = { ...filter, q: page.q };
  const rows = await store.selectSubscriptionsAt(db, at, wanted, { ...page, limit: page.limit + 1 });
  const { items, nextCursor } = pageOf(rows, page.limit, cursorOf);
  return { items: items.map(toSubscription), nextCursor, total: await store.countSubscriptionsAt(db, at, wanted) };
}

/**
 * What a deployment is believed to be on over time, the newest first.
 * @throws ArcadiaError not_found
 */
export async function subscriptionHistory(db: Queryable, deployment: string, limit: number): Promise<Subscription[]> {
  const { deployment_id } = await requireDeployment(db, deployment);
  return (await store.selectSubscriptionsOf(db, deployment_id, limit)).map(toSubscription);
}

/**
 * Whether a deployment's subscription is paused at an instant.
 * @throws ArcadiaError not_found; not_subscribed
 */
export async function isPausedAt(db: Queryable, deployment: string, at: Temporal.Instant): Promise<boolean> {
  const { deployment_id } = await requireDeployment(db, deployment);
  const state = stateAt(await store.selectHistory(db, deployment_id), at);
  return requireState({ deployment, from: at }, state).paused;
}

/**
 * The plan by which the days [from, to) are quoted: the last one that the deployment is on within them.
 * @throws ArcadiaError not_found
 */
export async function subscribedPlan(
  db: Queryable,
  deployment: string,
  from: Temporal.PlainDate,
  to: Temporal.PlainDate,
): Promise<string> {
  const { deployment_id } = await requireDeployment(db, deployment);
  const plan = await store.selectLastSubscription(db, deployment_id, from, to);
  if (plan === undefined) {
    throw new ArcadiaError(
      'not_found',
      `Deployment "${deployment}" is on no plan from ${from} to ${to}; name a plan to quote it on.`,
    );
  }
  return plan;
}

/** @throws ArcadiaError not_found */
export async function requireDeployment(db: Queryable, slug: string): Promise<plansStore.DeploymentRow> {
  const row = await plansStore.selectDeployment(db, slug);
  if (!row) throw notFound('deployment', slug);
  return row;
}

function toSubscription(row: store.SubscriptionRow): Subscription {
  return { deployment: row.deployment, plan: row.plan, paused: row.paused, from: row.valid_from, to: row.valid_to };
}
