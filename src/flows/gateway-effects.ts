import { z } from 'zod';
import { findDeployment } from '../deployments/index.ts';
import {
  compareLifecycle,
  doEffects,
  type EffectEvent,
  type EffectOutcome,
  type EffectType,
  getSource,
  moveLifecycle,
  placeOf,
  type Source,
} from '../gateway/index.ts';
import { customerOfNumber, type PaymentKind, recorderOf, recordPayment } from '../invoices/index.ts';
import { dayOf, startOfDay } from '../metering/index.ts';
import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { currency, line, slug } from '../platform/declare/schemas.ts';
import { ArcadiaError } from '../platform/errors.ts';
import {
  endSubscription,
  isPausedAt,
  pauseSubscription,
  resumeSubscription,
  subscriptionHistory,
} from '../pricing/index.ts';

// What events of gateways do: to a deployment's subscription, and to what is known of an invoice's payment, each by the
// function that does it for a person. An event that cannot be done is a dead letter with the reason.

/** Refusals of other modules, as the reason of a dead letter says them. Others keep their code. */
const reasons: Readonly<Record<'lifecycle' | 'payment', Readonly<Record<string, string>>>> = {
  lifecycle: { not_found: 'deployment_unknown' },
  payment: { not_found: 'invoice_unknown', conflict: 'invoice_ambiguous', invalid_argument: 'bad_payment' },
};

const dead = (reason: string, detail: string | null = null): EffectOutcome => ({ outcome: 'dead', reason, detail });

/** Does what is open of a source. Returns how many, and the errors of those that failed unexpectedly and stay open. */
export async function applyGatewayEffects(
  db: Database,
  source: string,
  context: Parameters<typeof doEffects>[3],
): Promise<{ done: number; errors: unknown[] }> {
  const sender = await getSource(db, source);
  // What it may is read with each event: it can be taken away meanwhile.
  return doEffects(
    db,
    sender,
    async (trx, event, now) => applyEvent(trx, await getSource(trx, source), event, now),
    context,
  );
}

async function applyEvent(
  trx: UnitOfWork,
  source: Source,
  event: EffectEvent,
  now: Temporal.Instant,
): Promise<EffectOutcome> {
  const family = event.type.startsWith('arcadia.payment.') ? 'payment' : 'lifecycle';
  // What was allowed when it came may not be any more.
  if (!source.effects.includes(family)) return dead('effect_not_allowed');
  try {
    // What is refused is taken back alone: the refusal itself is written down.
    return await nestedDatabase(trx)
      .transaction()
      .execute((attempt) =>
        family === 'payment' ? applyPayment(attempt, source, event, now) : applyLifecycle(attempt, source, event, now),
      );
  } catch (error) {
    if (!(error instanceof ArcadiaError)) throw error;
    return dead(reasons[family][error.code] ?? error.code, error.message);
  }
}

// Lifecycle ---------------------------------------------------------------------------------------

type Lifecycle = 'pauses' | 'resumes' | 'ends';

const lifecycles: Readonly<Partial<Record<string, Lifecycle>>> = {
  'arcadia.subscription.paused': 'pauses',
  'arcadia.subscription.resumed': 'resumes',
  'arcadia.subscription.ended': 'ends',
} satisfies Partial<Record<EffectType, Lifecycle>>;

/** The UTC day at whose beginning an event takes effect; at the very beginning of a day it is that day by either rule. */
function dayBy(rule: Source['pausesOn'], time: Temporal.Instant): Temporal.PlainDate {
  const day = dayOf(time);
  return rule === 'same_day' || startOfDay(day).equals(time) ? day : day.add({ days: 1 });
}

async function applyLifecycle(
  trx: UnitOfWork,
  source: Source,
  event: EffectEvent,
  now: Temporal.Instant,
): Promise<EffectOutcome> {
  const how = lifecycles[event.type];
  if (how === undefined) throw new RangeError(`nothing is known of the type ${event.type}`);
  const deployment = /^deployment:([a-z0-9][a-z0-9-]{0,62})$/.exec(event.subject ?? '')?.[1];
  if (deployment === undefined) return dead('bad_subject', 'Its subject is not deployment:<slug>.');
  const placed = placeOf(event);
  if (placed === null) return dead('bad_sequence');
  const { customerExternalId } = await findDeployment(trx, deployment);
  if (!isTheirs(source, customerExternalId)) return dead('not_yours');
  const { isLater, fromDay } = await compareLifecycle(trx, source.accountId, deployment, placed);
  if (!isLater) return { outcome: 'superseded' };
  const rule = { pauses: source.pausesOn, resumes: source.resumesOn, ends: source.endsOn }[how];
  const own = dayBy(rule, event.time);
  // Never before what an earlier event did: a pause from tomorrow that is resumed today would else go on for ever.
  const day = fromDay !== null && Temporal.PlainDate.compare(fromDay, own) > 0 ? fromDay : own;
  const [last] = await subscriptionHistory(trx, deployment, 1);
  if (last === undefined && customerExternalId !== null)
    return dead('not_subscribed', `"${deployment}" was on no plan yet.`);
  const hasEnded = last !== undefined && last.to !== null && Temporal.Instant.compare(last.to, startOfDay(day)) <= 0;
  if (how !== 'ends' && hasEnded)
    return dead('subscription_ended', `"${deployment}" is on no plan from ${last.to} on.`);
  await change(nestedDatabase(trx), how, { deployment, from: startOfDay(day) }, recorderOf(source.source), now);
  await moveLifecycle(trx, source.accountId, deployment, event.number, { ...placed, fromDay: day });
  return { outcome: 'applied', fromDay: day };
}

async function change(
  db: Database,
  how: Lifecycle,
  decision: { readonly deployment: string; readonly from: Temporal.Instant },
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  if (how === 'ends') await endSubscription(db, decision, by, now);
  else if (how === 'pauses') await pauseSubscription(db, { ...decision, to: null }, by, now);
  // An event says how things are: that it was not paused is no refusal.
  else if (await isPausedAt(db, decision.deployment, decision.from)) await resumeSubscription(db, decision, by, now);
}

function isTheirs({ customers }: Source, customer: string | null): boolean {
  return customers === null || (customer !== null && customers.includes(customer));
}

// Payment -----------------------------------------------------------------------------------------

const paymentKinds: Readonly<Partial<Record<string, Exclude<PaymentKind, 'reversal'>>>> = {
  'arcadia.payment.succeeded': 'payment',
  'arcadia.payment.failed': 'failed',
  'arcadia.payment.refunded': 'refund',
  'arcadia.payment.disputed': 'chargeback',
} satisfies Partial<Record<EffectType, PaymentKind>>;

/** In which of an event's data stands the id of what it is about: a payment is given back in parts, each of its own. */
const idFields = { payment: 'payment', failed: 'attempt', refund: 'refund', chargeback: 'dispute' } as const;

const saidSchema = z.object({
  provider: slug,
  id: line,
  invoice: z.string().regex(/^\S(.{0,62}\S)?$/, { error: 'is no number of an invoice' }),
  amount: z.string(),
  currency,
});

async function applyPayment(
  trx: UnitOfWork,
  source: Source,
  event: EffectEvent,
  now: Temporal.Instant,
): Promise<EffectOutcome> {
  const kind = paymentKinds[event.type];
  if (kind === undefined) throw new RangeError(`nothing is known of the type ${event.type}`);
  const { payment, invoice, amount, currency: saidCurrency } = event;
  const idField = idFields[kind];
  const said = saidSchema.safeParse({
    provider: event.provider ?? source.source,
    // Attempts that are not told apart are one.
    id: kind === 'failed' ? (event.attempt ?? payment) : event[idField],
    invoice,
    amount: kind === 'failed' ? (amount ?? '0') : amount,
    currency: saidCurrency,
  });
  if (!said.success) {
    const [issue] = said.error.issues;
    const [field] = issue?.path ?? [];
    return dead('bad_payment', `${field === 'id' ? idField : String(field)}: ${issue?.message ?? 'is not valid'}`);
  }
  const { provider } = said.data;
  if (provider !== source.source && !source.paymentProviders.includes(provider))
    return dead('provider_not_allowed', `"${source.source}" may not say what ${provider} was paid.`);
  if (!isTheirs(source, await customerOfNumber(trx, said.data.invoice))) return dead('not_yours');
  const { id, ...rest } = said.data;
  const note = kind === 'payment' || payment === null || payment === id ? null : `of ${payment}`;
  const whole = { ...rest, payment: id, kind, invoiceId: null, paidAt: event.time, note };
  await recordPayment(nestedDatabase(trx), whole, { by: recorderOf(source.source), now });
  return { outcome: 'applied', fromDay: null };
}
