import { setTimeout as sleep } from 'node:timers/promises';
import type { Credentials, Provider } from '../cloud/index.ts';
import {
  assign,
  createCustomer,
  listCustomers,
  createDeployment,
  listDeployments,
  applyRules,
} from '../deployments/index.ts';
import {
  type Account,
  connectAccount,
  getResource,
  identifyCredentials,
  listAccounts,
  openAccount,
  syncAccount,
} from '../inventory/index.ts';
import { billingHistory, setBilling, getEntity, rateMonths, updateEntity } from '../invoices/index.ts';
import { dayOf, type MeteredDay, meterOutstanding, setObservationLimit } from '../metering/index.ts';
import { announceHistory, type Clock, databaseClock, followSimulatedClock } from '../platform/clock.ts';
import { type Queryable, type Database, type Session, inSession } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { SecretKey } from '../platform/secrets/crypto.ts';
import { applyPlans, readSubscribed, startSubscriptions } from '../pricing/index.ts';
import type { FleetDescription, FleetDeployment, SharedResource } from '../simulator/index.ts';
import { meterAndDraft } from './bring-up-to-date.ts';
import { type FlowContext, silent } from './context.ts';
import { type Cast, castOf, correctLate, partnerPlan } from './demonstrate-billing.ts';
import { tryLockHistory, unlockHistory } from './demonstration.store.ts';

// A demonstration is the main job on a simulated fleet, by the functions that every command uses:
// the simulator speaks HTTP, the clock moves in steps, and at each step everything is synced. What
// comes and goes between two steps is seen or missed as it would be.

export interface DemonstrationRequest {
  readonly fleet: 'pilot' | 'agency';
  readonly seed: number;
  /** How far the clock moves between two syncs. */
  readonly cadence: Temporal.Duration;
  /** Where the fleet has buckets. */
  readonly spacesRegions: readonly string[];
  /** How much of the fleet's history; all of it where it is not given. */
  readonly length?: Temporal.Duration;
}

/** Ten days of one small deployment. */
export const pilotDemonstration: DemonstrationRequest = {
  fleet: 'pilot',
  seed: 1,
  cadence: Temporal.Duration.from({ hours: 1 }),
  spacesRegions: [],
  length: Temporal.Duration.from({ hours: 240 }),
};

/** Ninety days of an agency. An account that is really watched is read more often; this keeps the first start short. */
export const agencyDemonstration: DemonstrationRequest = {
  fleet: 'agency',
  seed: 1,
  cadence: Temporal.Duration.from({ hours: 12 }),
  spacesRegions: ['ams3', 'fra1'],
};

export interface Demonstration {
  readonly account: Account;
  /** Of the history, as far as it was asked for. */
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly deployments: readonly FleetDeployment[];
  /** Syncs of all kinds in this run; fewer than the history has where an earlier run, or another process, did a part. */
  readonly syncs: number;
  readonly meteredDays: number;
}

/** `by` of what a demonstration decides. */
const decidedBy = 'demonstration';

/** Where an account's stored address says that its fleet is built in. */
export function fleetAddress(fleet: string, seed: number): string {
  return `simulator:${fleet}?seed=${seed}`;
}

/**
 * Creates a fleet's history in a database, declares whose it is, meters it and drafts its invoices. What an earlier run
 * has done, to its end or not, is not done again: the state is the database's. One process at a time
 * creates history; another one waits, and continues with what is there then.
 *
 * Errors: sync_incomplete, cancelled; those of the functions that it calls.
 */
export async function demonstrate(
  db: Database,
  { secretKey, ...request }: DemonstrationRequest & { readonly secretKey: SecretKey },
  context: FlowContext,
): Promise<Demonstration> {
  const { signal, progress = silent } = context;
  const { describeFleet } = await import('../simulator/index.ts');
  const fleet = describeFleet(request.fleet, request.seed);
  const { length } = request;
  const to = length === undefined ? fleet.end : fleet.start.add(length);
  const days: MeteredDay[] = [];
  const history = await progress.step('Creating the history: the clock moves on, everything is synced', (report) =>
    inSession(db, async (conn) => {
      await waitForHistory(db, conn, to, report, signal);
      try {
        const account = await findOrConnect(db, request, secretKey, context);
        await announceHistory(db, to);
        const syncs = await moveThrough(db, account, { ...request, secretKey, to }, report, {
          signal,
          async onDay(now) {
            await declareFleet(db, fleet, now, to);
            days.push(...(await meterOutstanding(db, { now, ...(signal && { signal }) })));
            await rateMonths(db, { now, ...(signal && { signal }) });
          },
        });
        await announceHistory(db, null);
        return { account, syncs };
      } finally {
        await unlockHistory(conn).catch(() => {});
      }
    }),
  );
  const { metered } = await meterAndDraft(db, { ...context, now: to });
  for (const decision of castOfFleet(fleet, to).late) await correctLate(db, decision, decidedBy, to);
  // Last: what was decided is in the figures.
  await progress.step('Rating the month', () => rateMonths(db, { now: to, ...(signal && { signal }) }));
  return {
    ...history,
    from: fleet.start,
    to,
    deployments: fleet.deployments,
    meteredDays: days.length + metered.length,
  };
}

/** Of the last month but one that is over: the one before is left to whoever looks at the demonstration. */
function castOfFleet({ start, deployments }: FleetDescription, to: Temporal.Instant): Cast {
  const month = dayOf(to).with({ day: 1 }).subtract({ months: 2 });
  const isThere = Temporal.Instant.compare(start, month.toZonedDateTime('UTC').toInstant()) <= 0;
  return isThere ? castOf(deployments, month) : { partner: null, late: [] };
}

const lockPollMs = 200;

async function waitForHistory(
  db: Queryable,
  conn: Session,
  to: Temporal.Instant,
  report: (text: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const clock = databaseClock(db);
  while (!(await tryLockHistory(conn))) {
    signal?.throwIfAborted();
    report(`${await clock.now()} of ${to}: another process creates it; waiting for it`);
    await sleep(lockPollMs);
  }
}

/** Stored without the address of a running simulator: every process that opens the account starts its own. */
async function findOrConnect(
  db: Database,
  { fleet, seed, spacesRegions }: DemonstrationRequest,
  secretKey: SecretKey,
  context: FlowContext,
): Promise<Account> {
  const apiUrl = fleetAddress(fleet, seed);
  const known = (await listAccounts(db)).find((account) => account.apiUrl === apiUrl);
  if (known !== undefined) return known;
  // A simulator takes any token and any key.
  const keys = { accessKeyId: 'simulated', secretAccessKey: 'simulated', regions: spacesRegions };
  const credentials: Credentials = { token: 'simulated', ...(spacesRegions.length > 0 && { spaces: keys }) };
  const { identity, ...found } = await identifyCredentials(db, { apiUrl, credentials }, context.signal);
  return connectAccount(db, { slug: fleet, secretKey, ...found }, identity, context.now);
}

/**
 * Moves the clock on to `to` and syncs at each step. `onDay` is called after the first sync of each day, so that whoever
 * watches sees what the days before it come to. Returns how many syncs that were.
 */
async function moveThrough(
  db: Database,
  account: Account,
  { cadence, secretKey, to }: DemonstrationRequest & { readonly secretKey: SecretKey; readonly to: Temporal.Instant },
  report: (text: string) => void,
  { signal, onDay }: { signal: AbortSignal | undefined; onDay(now: Temporal.Instant): Promise<void> },
): Promise<number> {
  await expectCadence(db, cadence);
  const clock = databaseClock(db);
  const provider = await openAccount(db, account, secretKey);
  try {
    let syncs = 0;
    let day: Temporal.PlainDate | null = null;
    for (let now = await clock.now(); ; now = earlier(now.add(cadence), to)) {
      await followSimulatedClock(db, now);
      await syncWhole(db, account, provider, { clock, signal });
      syncs += 1;
      const isLast = Temporal.Instant.compare(now, to) >= 0;
      if (isLast || !day?.equals(dayOf(now))) await onDay(now);
      day = dayOf(now);
      report(`${now} of ${to}: ${syncs} ${syncs === 1 ? 'sync' : 'syncs'}`);
      if (isLast) return syncs;
    }
  } finally {
    await provider.close();
  }
}

/** On a machine that is busy with something else a request may be cut off: what could not be read is read again. */
const attemptsMax = 3;

async function syncWhole(
  db: Database,
  account: Account,
  provider: Provider,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const results = await syncAccount(db, account, provider, { clock, signal });
    signal?.throwIfAborted();
    const incomplete = results.find((result) => result.outcome !== 'complete');
    if (incomplete === undefined) return;
    if (attempt < attemptsMax) continue;
    const { kind, reason } = incomplete;
    throw new ArcadiaError('sync_incomplete', `At ${await clock.now()}, ${kind} could not be read: ${reason}.`);
  }
}

/** A demonstration that syncs less often than an account that is really watched has no gaps for that. */
async function expectCadence(db: Database, cadence: Temporal.Duration): Promise<void> {
  const usualHours = 6;
  const gapAfterHours = Math.max(usualHours, 2 * cadence.total('hours'));
  await setObservationLimit(db, {
    resourceKind: '*',
    fromDay: Temporal.PlainDate.from('2000-01-01'),
    gapAfterHours,
  });
}

function earlier(a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant {
  return Temporal.Instant.compare(a, b) < 0 ? a : b;
}

/**
 * Declares what the fleet's operator would by `now`: customers, deployments, what belongs to whom, and who is on which
 * plan; of a day that goes on nothing yet, for what it begins with may not be there. Once: what a person has changed since stays changed. The subscriptions come last, and in one transaction, so
 * that they say that all of it was done.
 */
async function declareFleet(
  db: Database,
  fleet: FleetDescription,
  now: Temporal.Instant,
  end: Temporal.Instant,
): Promise<void> {
  const began = now.equals(end) ? now : now.subtract({ hours: 24 });
  const deployments = fleet.deployments.filter(({ startsAt }) => Temporal.Instant.compare(startsAt, began) <= 0);
  const slugs = deployments.map(({ slug }) => slug);
  const subscribed = new Set((await readSubscribed(db, slugs)).map(({ deployment }) => deployment));
  const starting = deployments.filter(({ slug }) => !subscribed.has(slug));
  if (starting.length === 0) return;

  const customers = new Set((await listCustomers(db)).map((customer) => customer.externalId));
  const made = new Set((await listDeployments(db)).map((deployment) => deployment.slug));
  for (const { customer, slug, name, startsAt } of starting) {
    if (!customers.has(customer.externalId)) await createCustomer(db, customer, now);
    customers.add(customer.externalId);
    if (!made.has(slug)) await createDeployment(db, { slug, name, customer: customer.externalId, startsAt }, now);
  }
  await applyRules(db, { rules: starting.flatMap(rulesOf) }, decidedBy, now, { keepOthers: true });
  if (subscribed.size === 0) for (const shared of fleet.sharedResources) await assignShared(db, shared, now);
  await declareParties(db, [...new Map(starting.map(({ customer }) => [customer.externalId, customer])).values()], now);
  const { partner } = castOfFleet(fleet, end);
  if (starting.some(({ slug }) => slug === partner))
    await applyPlans(db, [{ name: 'partner.yaml', text: partnerPlan }], decidedBy, now);
  const plans = starting.map(({ slug, plan, startsAt }) => ({
    deployment: slug,
    plan: slug === partner ? 'partner' : plan,
    from: dayOf(startsAt),
  }));
  await db.transaction().execute((trx) => startSubscriptions(trx, plans, decidedBy, now));
}

/** Who bills and who is billed, so that invoices can be issued at once; what a person has entered stays. */
async function declareParties(
  db: Database,
  customers: readonly { readonly externalId: string; readonly name: string }[],
  now: Temporal.Instant,
): Promise<void> {
  const seller = await getEntity(db, null);
  if (seller.name === null) {
    await updateEntity(
      db,
      seller.slug,
      {
        name: 'Example Hosting Ltd',
        address: ['1 Quay Street', 'Bristol BS1 4DJ', 'United Kingdom'],
        taxIds: ['VAT GB123456789'],
        email: 'billing@hosting.example',
        city: 'Bristol',
        postalCode: 'BS1 4DJ',
        country: 'GB',
        vatId: 'GB123456789',
        registrationId: '01234567',
        contact: 'Accounts',
        iban: 'GB82WEST12345698765432',
        paymentTerms: 'By bank transfer, with the number of the invoice.',
      },
      { by: decidedBy, now },
    );
  }
  for (const [index, { externalId, name }] of customers.entries()) {
    if ((await billingHistory(db, externalId)).length > 0) continue;
    const address = [`${index + 1} Market Street`, `Bristol BS1 ${1 + (index % 9)}AA`, 'United Kingdom'];
    const email = `accounts@${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.example`;
    const postalCode = `BS1 ${1 + (index % 9)}AA`;
    const party = { city: 'Bristol', postalCode, country: 'GB' };
    await setBilling(db, externalId, { address, email, ...party }, null, decidedBy, now);
  }
}

async function assignShared(
  db: Database,
  { kind, externalId, owners }: SharedResource,
  now: Temporal.Instant,
): Promise<void> {
  const { resourceId } = await getResource(db, `${kind}:${externalId}`);
  await assign(db, { resourceIds: [resourceId], owners, from: null }, decidedBy, now);
}

/** By its project where it has one of its own, and by the names of what no project holds. The tag deployment:<slug> needs no rule. */
function rulesOf({ slug, projectId, tag, namePattern }: FleetDeployment) {
  return [
    ...(projectId === undefined ? [] : [{ project: projectId, deployment: slug }]),
    ...(tag === undefined || tag === `deployment:${slug}` ? [] : [{ tag, deployment: slug }]),
    ...(namePattern === undefined ? [] : [{ name: namePattern, deployment: slug }]),
  ];
}
