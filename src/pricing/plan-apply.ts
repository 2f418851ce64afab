import { createHash } from 'node:crypto';
import { listKinds, dayOf } from '../metering/index.ts';
import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { PlanVersion } from './plan.ts';
import { differencesBetween, type PlanDifference } from './plan-differences.ts';
import type { ReadPlanFile } from './plan-file.ts';
import { formatProblem, type PlanFileProblem } from './plan-problems.ts';
import { type PlanImpact, planImpact } from './plan-impact.ts';
import { type PlanWarning, priceDayOf, warnAbout, warnAboutFirstDay } from './plan-warnings.ts';
import { readPlanFiles } from './read-files.ts';
import { readPriceBookInUse } from './price-book.ts';
import { warnAboutUnbilled } from './plan-unbilled.ts';
import { billingKinds, planVersionsById, withMarkups, writePlanVersion } from './plans.ts';
import * as store from './store.ts';

export interface PlanFile {
  readonly name: string;
  readonly text: string;
}

/** What a plan file does. `edited`: the version is there, differs, and nobody was ever on it. */
export interface PlanChange {
  readonly file: string;
  readonly plan: string;
  readonly from: Temporal.PlainDate;
  readonly status: 'unchanged' | 'new_plan' | 'new_version' | 'edited';
  /** The first day of the version that it is compared with; null: the plan is new. */
  readonly comparedWith: Temporal.PlainDate | null;
  readonly differences: readonly PlanDifference[];
  readonly warnings: readonly PlanWarning[];
  /** Null where nothing changes for anybody. */
  readonly impact: PlanImpact | null;
}

/**
 * What plan files would change: against the version that holds on each one's first day, for whom,
 * and in money: the last complete month and the current one to date of every deployment on the plan,
 * as they are and as if the new version had held; and every bill up to now that becomes another. Writes nothing.
 * @param limit deployments at most that an impact names
 * @throws ArcadiaError invalid_argument: something is wrong in a file, each named by file, line and reason
 */
export async function previewPlans(
  db: Database,
  files: readonly PlanFile[],
  { now, limit, signal }: { readonly now: Temporal.Instant; readonly limit: number; readonly signal?: AbortSignal },
): Promise<PlanChange[]> {
  const changes = await compare(db, await readPlans(db, files, signal), now);
  const kinds = await listKinds(db, dayOf(now));
  const shown: PlanChange[] = [];
  for (const compared of changes) {
    const { read, version, ...change } = compared;
    const impact = await impactOf(db, compared, { now, limit });
    const today = dayOf(now);
    const prices = await readPriceBookInUse(db, priceDayOf(read.plan, today), read.plan.currency);
    const warnings = [
      ...warnAbout(read.plan, kinds, prices),
      ...(await warnAboutUnbilled(db, read.plan, now)),
      ...(impact === null || impact.deployments === 0 ? [] : warnAboutFirstDay(read.plan, today)),
    ];
    shown.push({ ...change, warnings, impact });
  }
  return shown;
}

/**
 * Makes the plans what their files say, all or none. Versions that are there and say the same stay;
 * the caller has shown a preview.
 * @param by who, for the record
 * @returns how many versions were written
 * @throws ArcadiaError invalid_argument as previewPlans
 */
export async function applyPlans(
  db: Database,
  files: readonly PlanFile[],
  by: string,
  now: Temporal.Instant,
): Promise<{ written: number }> {
  return applyReadPlans(db, await readPlans(db, files), by, now);
}

/**
 * The same of files that were read before: reading takes long, and is not to be done in a transaction.
 * @param expect the digest of the preview that whoever applies has seen
 * @throws ArcadiaError conflict: a preview would say something else by now
 */
export async function applyReadPlans(
  db: Database,
  reads: readonly ReadPlan[],
  by: string,
  now: Temporal.Instant,
  expect?: string,
): Promise<{ written: number }> {
  return db.transaction().execute(async (trx) => {
    // In one order, so that two who apply at once wait for each other instead of one for both.
    for (const slug of [...new Set(reads.map(({ plan }) => plan.plan))].sort()) await store.lockPlan(trx, slug);
    let written = 0;
    const changes = await compare(trx, reads, now);
    if (expect !== undefined) await assertAsPreviewed(db, changes, expect, now);
    for (const { read, status, version } of changes) {
      if (status === 'unchanged') continue;
      await replaceVersion(trx, read.plan, version, by, now);
      written += 1;
    }
    return { written };
  });
}

/** What a change does to who is on the plan; null: it does nothing, or nobody can be on it yet. */
async function impactOf(
  db: Database,
  { status, read }: Compared,
  options: { readonly now: Temporal.Instant; readonly limit: number },
): Promise<PlanImpact | null> {
  return status === 'unchanged' || status === 'new_plan' ? null : planImpact(db, read.plan, options);
}

/**
 * What a preview has said, in short: sha256 in hexadecimal. Amounts of the current month are not in it: they move
 * with every day that is metered.
 */
export function digestOf(changes: readonly Omit<PlanChange, 'warnings' | 'file'>[]): string {
  const said = changes.map(({ plan, from, status, comparedWith, differences, impact }) => [
    plan,
    from.toString(),
    status,
    comparedWith?.toString() ?? null,
    differences.map(({ what, before, after }) => [what, before, after]),
    impact?.deployments ?? null,
    (impact?.bills ?? [])
      .filter(({ complete }) => complete)
      .map(({ month, deployments, sum }) => [month.toString(), deployments, sum.before, sum.after]),
  ]);
  return createHash('sha256').update(JSON.stringify(said)).digest('hex');
}

async function assertAsPreviewed(
  db: Database,
  changes: readonly Compared[],
  expect: string,
  now: Temporal.Instant,
): Promise<void> {
  const found: Omit<PlanChange, 'warnings'>[] = [];
  for (const change of changes) found.push({ ...change, impact: await impactOf(db, change, { now, limit: 0 }) });
  if (digestOf(found) === expect) return;
  throw new ArcadiaError('conflict', 'Nothing was applied: the preview says something else by now.', {
    details: { expected: expect, found: digestOf(found) },
    next: { operation: 'plan preview', arguments: {} },
  });
}

/** Where plans and metering do not match. */
export async function warnAboutPlans(
  db: Database,
  reads: readonly ReadPlan[],
  now: Temporal.Instant,
): Promise<PlanWarning[]> {
  const warnings: PlanWarning[] = [];
  for (const { plan } of reads) warnings.push(...(await warnAboutUnbilled(db, plan, now)));
  return warnings;
}

async function replaceVersion(
  trx: UnitOfWork,
  plan: PlanVersion,
  version: number | null,
  by: string,
  now: Temporal.Instant,
): Promise<void> {
  if (version !== null) await store.deleteVersion(trx, version);
  await writePlanVersion(trx, plan, by, now);
}

/** A plan with where its file says what. */
export type ReadPlan = Extract<ReadPlanFile, { readonly problems: [] }>;

/** Reads plan files. Errors: invalid_argument as previewPlans; too_costly, overloaded. */
export async function readPlans(db: Queryable, files: readonly PlanFile[], signal?: AbortSignal): Promise<ReadPlan[]> {
  const reads = await readPlanFiles(files, await billingKinds(db), signal);
  const problems = reads.flatMap((read) => read.problems);
  const seen = new Map<string, string>();
  for (const read of reads) {
    if (read.plan === null) continue;
    const key = `${read.plan.plan} from ${read.plan.from}`;
    const other = seen.get(key);
    if (other) problems.push(problemAt(read, 'from', `${other} has ${key} already`));
    seen.set(key, read.file);
  }
  refuse(problems);
  return reads.filter((read): read is ReadPlan => read.plan !== null);
}

function problemAt({ file, lines }: ReadPlan, field: keyof ReadPlan['lines'], reason: string): PlanFileProblem {
  return { file, line: lines[field], path: field, reason };
}

function refuse(problems: readonly PlanFileProblem[]): void {
  if (problems.length === 0) return;
  throw new ArcadiaError('invalid_argument', problems.map(formatProblem).join('\n'), { details: { problems } });
}

interface Compared extends Omit<PlanChange, 'warnings' | 'impact'> {
  readonly read: ReadPlan;
  /** The version to replace; null: none. */
  readonly version: number | null;
}

async function compare(db: Queryable, reads: readonly ReadPlan[], now: Temporal.Instant): Promise<Compared[]> {
  const problems: PlanFileProblem[] = [];
  const compared: Compared[] = [];
  for (const read of reads) {
    const { plan } = read;
    const versions = await store.selectVersions(db, plan.plan, now);
    const same = versions.find(({ from_day }) => from_day.equals(plan.from));
    const held = same ?? versions.findLast(({ from_day }) => Temporal.PlainDate.compare(from_day, plan.from) < 0);
    const [before] = held
      ? await withMarkups(db, [...(await planVersionsById(db, [held.plan_version_id])).values()])
      : [];
    const differences = differencesBetween(before ?? null, plan);
    const status =
      versions.length === 0 ? 'new_plan' : !same ? 'new_version' : differences.length > 0 ? 'edited' : 'unchanged';
    if (status === 'edited' && same?.used) {
      problems.push(
        problemAt(
          read,
          'from',
          `deployments have been on the version from ${plan.from}, which therefore never changes: give the new prices a later first day`,
        ),
      );
    }
    const planId = status === 'unchanged' ? undefined : await store.selectPlanId(db, plan.plan);
    const subscriber = planId === undefined ? undefined : await store.selectSubscriberInOtherCurrency(db, planId, plan);
    if (subscriber) {
      problems.push(
        problemAt(
          read,
          'currency',
          `deployment ${subscriber.deployment} is on this plan in ${subscriber.currency}: give the prices in ${plan.currency} a plan of their own`,
        ),
      );
    }
    compared.push({
      read,
      file: read.file,
      plan: plan.plan,
      from: plan.from,
      status,
      comparedWith: held?.from_day ?? null,
      differences,
      version: same?.plan_version_id ?? null,
    });
  }
  refuse(problems);
  return compared;
}
