import type { FleetDeployment, SharedResource } from '../../simulator/timeline.ts';
import type { Account } from '../../inventory/accounts.ts';
import type { Database } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { count, plural } from '../engine/output.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';

// A demonstration is the main job on a simulated fleet, by the functions that every command uses:
// the simulator speaks HTTP, its clock moves in steps, and at each step everything is synced. What
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
  cadence: Temporal.Duration.from({ minutes: 15 }),
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

/** `12 hours` */
export function describeCadence(cadence: Temporal.Duration): string {
  return cadence.toLocaleString('en', { style: 'long' });
}

export interface Demonstration {
  readonly account: Account;
  /** Of the history, as far as it was asked for. */
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  readonly deployments: readonly FleetDeployment[];
  /** Syncs of all kinds in this run; fewer than the history has where an earlier run made a part. */
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
 * Makes a fleet's history in a database, declares whose it is, and meters it. What an earlier,
 * interrupted run has done is not done again: the state is the database's.
 */
export async function demonstrate(
  session: Session,
  database: SessionDatabase,
  request: DemonstrationRequest,
): Promise<Demonstration> {
  const { db } = database;
  const history = await session.progress.step('Making history: the clock moves on, everything is synced', (report) =>
    makeHistory(session, database, request, report),
  );
  await declareFleet(db, history.deployments, history.shared, history.to);
  const { meterOutstanding } = await import('../../metering/meter.ts');
  const metered = await session.progress.step('Metering', (report) =>
    meterOutstanding(db, {
      now: history.to,
      signal: session.signal,
      onProgress: ({ day }, done, of) => report(`${day} (${count(done)} of ${count(of)} days)`),
    }),
  );
  return { ...history, meteredDays: metered.length };
}

async function makeHistory(
  session: Session,
  database: SessionDatabase,
  { fleet, seed, cadence, spacesRegions, length }: DemonstrationRequest,
  report: (text: string) => void,
): Promise<Omit<Demonstration, 'meteredDays'> & { shared: readonly SharedResource[] }> {
  const { db, clock } = database;
  const { openProvider } = await import('../../cloud/open.ts');
  const { startSimulator } = await import('../../simulator/server.ts');
  const { connectAccount, listAccounts } = await import('../../inventory/accounts.ts');
  const { syncAccount } = await import('../../inventory/sync.ts');
  const { followSimulatedClock } = await import('../../platform/clock.ts');
  const { loadSecretKey } = await import('../../platform/secrets/secret-key.ts');

  const apiUrl = fleetAddress(fleet, seed);
  const known = (await listAccounts(db)).find((account) => account.apiUrl === apiUrl);
  const simulator = await startSimulator({ fleet, seed });
  session.onClose(() => simulator.close());
  // A simulator takes any token and any key.
  const keys = { accessKeyId: 'simulated', secretAccessKey: 'simulated', regions: spacesRegions };
  const credentials = { token: 'simulated', ...(spacesRegions.length === 0 ? {} : { spaces: keys }) };
  const provider = await openProvider('digitalocean', {
    apiUrl: simulator.url,
    credentials: { ...credentials, ...(credentials.spaces && { spaces: { ...keys, endpoint: simulator.s3Endpoint } }) },
  });
  session.onClose(() => provider.close());

  const account =
    known ??
    (await connectAccount(
      db,
      // Stored without the address of this run's simulator: every process that opens the account starts its own.
      { slug: fleet, provider: provider.name, apiUrl, credentials, secretKey: loadSecretKey(await session.config()) },
      await provider.identify(session.signal),
      simulator.start,
    ));

  await expectCadence(db, cadence);
  const to = length === undefined ? simulator.end : simulator.start.add(length);
  let syncs = 0;
  for (let now = await clock.now(); ; now = earlier(now.add(cadence), to)) {
    simulator.advanceTo(now);
    await followSimulatedClock(db, now);
    const results = await syncAccount(db, account, provider, { clock, signal: session.signal });
    const incomplete = results.find((result) => result.outcome !== 'complete');
    if (incomplete)
      throw new ArcadiaError(
        'sync_incomplete',
        `At ${now}, ${incomplete.kind} could not be read: ${incomplete.reason}.`,
      );
    syncs += 1;
    report(`${now} of ${to}: ${plural(syncs, 'sync')}`);
    if (Temporal.Instant.compare(now, to) >= 0) break;
  }
  return {
    account,
    from: simulator.start,
    to,
    deployments: simulator.deployments,
    shared: simulator.sharedResources,
    syncs,
  };
}

/** A demonstration that syncs less often than an account that is really watched has no gaps for that. */
async function expectCadence(db: Database, cadence: Temporal.Duration): Promise<void> {
  const { setObservationLimit } = await import('../../metering/finality/attestations.ts');
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
 * Declares what the fleet's operator would: customers, deployments, what belongs to whom, and who
 * is on which plan. Once: what a person has changed since stays changed. The subscriptions come
 * last, so the last of them says that all of it was done.
 */
async function declareFleet(
  db: Database,
  deployments: readonly FleetDeployment[],
  shared: readonly SharedResource[],
  now: Temporal.Instant,
): Promise<void> {
  const { createCustomer, listCustomers } = await import('../../deployments/customers.ts');
  const { createDeployment, listDeployments } = await import('../../deployments/deployments.ts');
  const { assign } = await import('../../deployments/assignments.ts');
  const { applyRules } = await import('../../deployments/rules.ts');
  const { currentSubscriptions, subscribe } = await import('../../pricing/subscriptions.ts');
  const { dayOf } = await import('../../metering/period.ts');

  const subscribed = new Set((await currentSubscriptions(db, now)).map((subscription) => subscription.deployment));
  if (deployments.every(({ slug }) => subscribed.has(slug))) return;

  const customers = new Set((await listCustomers(db)).map((customer) => customer.externalId));
  const made = new Set((await listDeployments(db)).map((deployment) => deployment.slug));
  for (const { customer, slug, name, startsAt } of deployments) {
    if (!customers.has(customer.externalId)) await createCustomer(db, customer, now);
    customers.add(customer.externalId);
    if (!made.has(slug)) await createDeployment(db, { slug, name, customer: customer.externalId, startsAt }, now);
  }
  await applyRules(db, { rules: deployments.flatMap(rulesOf) }, decidedBy, now);
  const { resolveResources } = await import('../nouns/resource-ref.ts');
  for (const { kind, externalId, owners } of shared) {
    await assign(
      db,
      { resourceIds: await resolveResources(db, [`${kind}:${externalId}`]), owners, from: null },
      decidedBy,
      now,
    );
  }
  for (const { slug, plan, startsAt } of deployments) {
    await subscribe(db, { deployment: slug, plan, from: dayOf(startsAt) }, decidedBy, now);
  }
}

/** By its project where it has one of its own, and by the names of what no project holds. The tag deployment:<slug> needs no rule. */
function rulesOf({ slug, projectId, tag, namePattern }: FleetDeployment) {
  return [
    ...(projectId === undefined ? [] : [{ project: projectId, deployment: slug }]),
    ...(tag === undefined || tag === `deployment:${slug}` ? [] : [{ tag, deployment: slug }]),
    ...(namePattern === undefined ? [] : [{ name: namePattern, deployment: slug }]),
  ];
}
