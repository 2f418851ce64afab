import {
  approveInvoice,
  checkCorrections,
  correctOnNextInvoice,
  issueCreditNote,
  issueInvoice,
  listDecisions,
  listInvoices,
} from '../invoices/index.ts';
import { dayOf } from '../metering/index.ts';
import type { Database } from '../platform/database/database.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { addAlert, changeSubscription, checkAlerts, countFirings, pauseSubscription } from '../pricing/index.ts';
import { listReads, readBilling } from '../provider-billing/index.ts';
import type { FleetDeployment } from '../simulator/index.ts';
import { type FlowContext, silent } from './context.ts';
import { decidedBy } from './declare-fleet.ts';

// What a demonstration's operator has decided about money, so that there is something to look at.

/** What is told late of an issued month, and what is done about it. */
interface LateDecision {
  readonly deployment: string;
  /** arcadia-app's id of the customer. */
  readonly customer: string;
  /** The first day of the month. */
  readonly month: Temporal.PlainDate;
  readonly tell: 'paused' | 'dearer_plan';
}

/** The discounted plan of the demonstration's partner. */
const partnerPlan = `plan: partner
name: Studio Partner
from: 2000-01-01
currency: USD
base: 50.00
discount: { percent: 10 }
items:
  - { kind: droplet_hours, allowance: 744, model: standard, properties: { unitPrice: 0.04 } }
  - { kind: dns_zones, allowance: 2, model: standard, properties: { unitPrice: 1.00 } }
  - { kind: droplet_snapshot_gb_month, allowance: 60, model: standard, properties: { unitPrice: 0.10 } }
  - { kind: volume_snapshot_gb_month, allowance: 20, model: standard, properties: { unitPrice: 0.10 } }
  - { kind: droplet_backup_gb_month, allowance: 50, model: standard, properties: { unitPrice: 0.08 } }
  - { kind: spaces_gb_month, allowance: 50, model: standard, properties: { unitPrice: 0.04 } }
`;

export const partnerFile = { name: 'partner.yaml', text: partnerPlan };

/** Who stands for what of a demonstration. */
export interface Cast {
  /** The first day of the month that was issued; null: the history has none that is long over. */
  readonly month: Temporal.PlainDate | null;
  /** The deployment that is on the partner's plan. */
  readonly partner: string | null;
  readonly late: readonly LateDecision[];
}

/** Deployments on the smallest plan, there all the month, whose customer has no other. */
export function castOf(deployments: readonly FleetDeployment[], month: Temporal.PlainDate): Cast {
  const begin = month.toZonedDateTime('UTC').toInstant();
  const alone = deployments
    .filter(({ plan, customer, startsAt }) => {
      const own = deployments.filter((one) => one.customer.externalId === customer.externalId);
      return plan === 'studio' && own.length === 1 && Temporal.Instant.compare(startsAt, begin) <= 0;
    })
    // From the end: whoever tries commands takes the first ones.
    .toSorted((a, b) => (a.slug > b.slug ? -1 : 1));
  const [paused, dearer, partner] = alone;
  const late = (tell: LateDecision['tell'], found: FleetDeployment | undefined): LateDecision[] =>
    found === undefined ? [] : [{ deployment: found.slug, customer: found.customer.externalId, month, tell }];
  return { month, partner: partner?.slug ?? null, late: [...late('paused', paused), ...late('dearer_plan', dearer)] };
}

type Settling = Pick<FlowContext, 'now' | 'signal' | 'progress'>;

/**
 * What was decided about money by the end of a history: a month was issued and then corrected, the next one approved by
 * half, an alert fires, and the provider's bills were read. Once: where a payer's bills have been read to the end, all of
 * it was done; where a run was stopped before that, the next one goes on from there.
 */
export async function settleMonths(
  db: Database,
  { month, late }: Cast,
  secretKey: SecretKey,
  { now, signal = new AbortController().signal, progress = silent }: Settling,
): Promise<void> {
  const reads = await listReads(db);
  if (month === null || reads.some(({ part, outcome }) => part === 'bills' && outcome === 'complete')) return;
  await progress.step('Issuing invoices', async (report) => {
    for (const decision of late) await correctLate(db, decision, decidedBy, now);
    for (const state of ['approved', 'draft'] as const) {
      const { items } = await listInvoices(db, { month, state }, { limit: 500, cursor: null });
      for (const invoice of items.filter((one) => isOurs(one, decidedBy))) {
        signal.throwIfAborted();
        await issueOurs(db, invoice, decidedBy, now);
        report(invoice.customerName);
      }
    }
    const next = { month: month.add({ months: 1 }), kind: 'invoice' } as const;
    const { items } = await listInvoices(db, next, { limit: 500, cursor: null, sort: 'customer' });
    for (const [index, { invoiceId, state }] of items.entries())
      if (index % 2 === 0 && state === 'draft') await approveInvoice(db, invoiceId, { by: decidedBy, now });
  });
  if ((await countFirings(db, dayOf(now).toPlainYearMonth())) === 0) {
    await addAlert(db, soonDear, decidedBy, now);
    await checkAlerts(db, now, signal);
  }
  await progress.step("Reading the provider's bills", (report) =>
    readBilling({ db, secretKey, signal, report }, { by: decidedBy, monthsBefore: 1 }),
  );
}

/** Whoever will have used more than a plan's snapshots by the end of the month. */
const soonDear = {
  deployment: null,
  kind: 'droplet_snapshot_gb_month',
  threshold: '100',
  unit: 'percent',
  currency: null,
  basis: 'forecast',
} as const;

type Deciding = Pick<
  Awaited<ReturnType<typeof listInvoices>>['items'][number],
  'invoiceId' | 'state' | 'approvedBy' | 'issuedBy'
>;

/** Whether nobody else has decided about an invoice. */
function isOurs({ state, approvedBy, issuedBy }: Deciding, by: string): boolean {
  return state === 'draft' || (state === 'approved' && approvedBy === by) || (state === 'issued' && issuedBy === by);
}

/** Approves and issues an invoice, as far as an earlier run did not. */
async function issueOurs(
  db: Database,
  { invoiceId, state }: Deciding,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  if (state === 'draft') await approveInvoice(db, invoiceId, { by, now });
  if (state !== 'issued') await issueInvoice(db, invoiceId, { by, now });
}

/**
 * Issues the month's invoice, tells something late of it, and corrects it; each once, as far as an earlier run did
 * not. An invoice that a person has decided about stays as it is.
 */
async function correctLate(db: Database, decision: LateDecision, by: string, now: Temporal.Instant): Promise<void> {
  const { deployment, customer, month, tell } = decision;
  const { items } = await listInvoices(db, { month, customer }, { limit: 2, cursor: null });
  const [invoice, ...others] = items;
  if (invoice === undefined || others.length > 0 || !isOurs(invoice, by)) return;
  if ((await listDecisions(db, { deployment }, 1)).length > 0) return;
  await issueOurs(db, invoice, by, now);

  const at = (day: number) => month.with({ day }).toZonedDateTime('UTC').toInstant();
  const request = { deployment, month, by, now };
  if (tell === 'paused') {
    await pauseSubscription(db, { deployment, from: at(11), to: at(21) }, by, now);
    await issueCreditNote(db, request);
  } else {
    await changeSubscription(db, { deployment, plan: 'atelier', from: at(16) }, by, now);
    await correctOnNextInvoice(db, request);
  }
  await checkCorrections(db);
}
