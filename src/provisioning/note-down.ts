import type { MadeKind } from '../cloud/index.ts';
import {
  assign,
  bringAttributionsUpToDate,
  endRule,
  findDeployment,
  listRules,
  setDeploymentEnd,
  writeDeclaredRules,
  writeDeployment,
} from '../deployments/index.ts';
import { adoptDeployment, endDeclaration } from '../drift/index.ts';
import { openAccount, syncAccount } from '../inventory/index.ts';
import { startOfDay } from '../metering/index.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { endSubscription, startSubscription } from '../pricing/index.ts';
import { type Attempt, Held, type Step } from './attempt.ts';
import type { RecordedWork } from './proposal-document.ts';
import { endProtection, insertProtection, selectCreatedAt, selectResourceIds } from './protection.store.ts';

/** How long a reading that was not whole is waited for. */
const READ_AGAIN_SECONDS = 30;

/** Of what is created, the kinds under which a listing shows it; of the others there is none. */
const listedAs: Partial<Record<MadeKind, string>> = {
  project: 'project',
  vpc: 'vpc',
  firewall: 'firewall',
  volume: 'volume',
  droplet: 'droplet',
  reserved_ip: 'reserved_ip',
  load_balancer: 'load_balancer',
  dns_zone: 'dns_zone',
  dns_record: 'dns_zone',
  snapshot: 'snapshot',
};

/**
 * Writes down what a step says: done again, it is the same.
 * @throws Held; SnoozeJob
 */
export async function noteDown(attempt: Attempt, step: Step, work: RecordedWork): Promise<void> {
  const { db, rollout } = attempt.parts;
  const { deployment } = rollout;
  const { by } = attempt;
  switch (work.what) {
    case 'deployment':
      return noteDeployment(attempt, step, work);
    case 'subscription': {
      const from = startOfDay(Temporal.PlainDate.from(work.from));
      await startSubscription(db, { deployment, plan: work.plan, from }, by, await attempt.now());
      return;
    }
    case 'assignment': {
      const externalId = attempt.resolve<string>(step, work.externalId);
      const resourceId = await resourceOf(attempt, work.kind, externalId);
      const owners = [{ slug: deployment, weight: 1 }];
      await assign(db, { resourceIds: [resourceId], owners, from: null }, by, await attempt.now());
      return;
    }
    case 'protection': {
      const externalId = attempt.resolve<string>(step, work.externalId);
      const resourceId = await resourceOf(attempt, work.kind, externalId);
      await insertProtection(db, { resourceId, reason: work.reason, by }, await attempt.now());
      return;
    }
    case 'declaration': {
      await readNow(attempt, ['project', ...attempt.kindsTouched()]);
      const now = await attempt.now();
      await bringAttributionsUpToDate(db, now);
      await adoptDeployment(db, deployment, deployment, { by, now, force: true });
      return;
    }
    case 'end':
      return endAll(attempt, null);
  }
}

/** The deployment and the rule by which it owns everything in its project, from its creation on: before anything costs. */
async function noteDeployment(
  attempt: Attempt,
  step: Step,
  { customer, name, project }: Extract<RecordedWork, { what: 'deployment' }>,
): Promise<void> {
  const { db, rollout } = attempt.parts;
  const slug = rollout.deployment;
  const { by } = attempt;
  const projectId = attempt.resolve<string>(step, project);
  const createdAt = await selectCreatedAt(db, await resourceOf(attempt, 'project', projectId));
  const now = await attempt.now();
  // What is in the project is dated by the provider's clock, which may be behind: nothing of it comes before the start.
  const startsAt = createdAt !== null && Temporal.Instant.compare(createdAt, now) < 0 ? createdAt : now;
  if ((await found(findDeployment(db, slug))) !== undefined) {
    if (await isOfProject(attempt, projectId)) return;
    throw new Held(`deployment ${slug} is there, and this rollout has not created it: undo the rollout, or end it`);
  }
  const rules = [{ project: projectId, deployment: slug, from: startsAt.toString() }];
  // In one: by the rule it is known which rollout has created the deployment.
  await db.transaction().execute(async (trx) => {
    await writeDeployment(trx, { slug, name, customer, startsAt }, now);
    await writeDeclaredRules(trx, { rules }, { keepOthers: true }, { by, now });
  });
}

/** Whether what is in a project is the rollout's deployment's, and nobody else's. */
async function isOfProject(attempt: Attempt, project: string): Promise<boolean> {
  const { db, rollout } = attempt.parts;
  return (await listRules(db)).some(
    ({ kind, owners, ...rule }) =>
      kind === 'project' && rule.project === project && owners?.length === 1 && owners[0]?.slug === rollout.deployment,
  );
}

/**
 * The deployment, its rules by project, its declaration and its subscription end.
 * @param subscriptionFrom the day from which on there shall be no subscription, unless it is past: what was owed by then
 *   stays owed; null: tomorrow
 */
export async function endAll(attempt: Attempt, subscriptionFrom: string | null): Promise<void> {
  const { db, rollout } = attempt.parts;
  const { deployment } = rollout;
  const { by } = attempt;
  const now = await attempt.now();
  if ((await found(findDeployment(db, deployment))) === undefined) return;
  const today = now.toZonedDateTimeISO('UTC').toPlainDate();
  const asked = subscriptionFrom === null ? today.add({ days: 1 }) : Temporal.PlainDate.from(subscriptionFrom);
  const from = Temporal.PlainDate.compare(asked, today) < 0 ? today : asked;
  await endSubscription(db, { deployment, from: startOfDay(from) }, by, now);
  for (const { ruleId, kind, origin, owners, to } of await listRules(db)) {
    const isOurs = owners?.length === 1 && owners[0]?.slug === deployment;
    if (kind === 'project' && origin !== 'built in' && isOurs && to === null) await endRule(db, ruleId, now);
  }
  await found(endDeclaration(db, deployment, by, now));
  await db.transaction().execute((trx) => setDeploymentEnd(trx, deployment, now, now));
}

/** The protection that a step has written down ends. */
export async function unprotect(
  attempt: Attempt,
  step: Step,
  work: Extract<RecordedWork, { what: 'protection' }>,
): Promise<void> {
  const { db } = attempt.parts;
  const resourceId = await resourceOf(attempt, work.kind, attempt.resolve<string>(step, work.externalId));
  await endProtection(db, resourceId, attempt.by, await attempt.now());
}

/** undefined: it is not there. */
async function found<Thing>(asked: Promise<Thing>): Promise<Thing | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ArcadiaError && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** Our id of what a step has made; it is read first where the inventory does not know it. */
async function resourceOf(attempt: Attempt, kind: MadeKind, externalId: string): Promise<number> {
  const { db, rollout } = attempt.parts;
  const known = await selectResourceIds(db, rollout.accountId, kind, externalId);
  if (known !== undefined) return known;
  await readNow(attempt, [kind]);
  const read = await selectResourceIds(db, rollout.accountId, kind, externalId);
  if (read === undefined) return attempt.waitAWhile(READ_AGAIN_SECONDS, `${kind} ${externalId} is not listed yet`);
  return read;
}

/** Has the inventory read these kinds now. */
async function readNow(attempt: Attempt, touched: readonly MadeKind[]): Promise<void> {
  const { db, account, secretKey, clock, signal } = attempt.parts;
  const kinds = [...new Set(touched.flatMap((kind) => listedAs[kind] ?? []))];
  const provider = await openAccount(db, account, secretKey);
  try {
    const results = await syncAccount(db, account, provider, { kinds, clock, signal });
    const unread = results.find(({ outcome }) => outcome !== 'complete');
    if (unread !== undefined)
      await attempt.waitAWhile(READ_AGAIN_SECONDS, `${unread.kind} was not read whole: ${unread.reason ?? ''}`);
  } finally {
    await provider.close();
  }
}
