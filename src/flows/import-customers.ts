import { setImmediate as immediate } from 'node:timers/promises';
import {
  checkCustomers,
  findCustomers,
  type CustomerFile,
  describeProblem,
  type ImportCounts,
  type ImportDifference,
  type ImportProblem,
  type ImportRow,
  partsOf,
  problemsMax,
  type WrittenCustomers,
  writeCustomers,
} from '../deployments/index.ts';
import { dayOf } from '../metering/index.ts';
import type { UnitOfWork, Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import {
  otherCurrency,
  readSubscribed,
  retiredPlans,
  startSubscriptions,
  type PlanVersion,
  listPlanVersions,
} from '../pricing/index.ts';
import type { FlowContext } from './context.ts';
import { refusedCurrencies } from './customer-currency.ts';

export interface ImportCustomers {
  /** As `readCustomerFile` read it. */
  readonly file: CustomerFile;
  /** Does all of it and keeps nothing. */
  readonly dryRun: boolean;
  /** Writes names, currencies and project links where the file differs from what is there. */
  readonly update: boolean;
}

/** What became of the column `plan`. */
export interface SubscriptionCounts {
  /** Put on the plan, from `plan_from` or the day on which the deployment starts. */
  readonly created: number;
  readonly unchanged: number;
  /** On another plan, or off it since: stays as it was decided, whatever the file says. */
  readonly kept: number;
}

export interface ImportedCustomers {
  /** Whether it was written: not in a dry run, nor with problems. */
  readonly written: boolean;
  /** Of a dry run. */
  readonly problems: readonly ImportProblem[];
  readonly customers: ImportCounts;
  readonly deployments: ImportCounts;
  readonly projectLinks: ImportCounts;
  readonly subscriptions: SubscriptionCounts;
  /** By line, the first thousand of them. */
  readonly differences: readonly ImportDifference[];
  readonly differencesTotal: number;
}

/**
 * Imports customers, deployments, project links and plans from one CSV file (`readCustomerFile`), in one
 * transaction: all or nothing. A dry run is the same, rolled back: what it says is what was written
 * until then.
 *
 * The column `plan` is an owner's. It puts a deployment that was never on a plan on one, from `plan_from` or the day on
 * which it starts, in the currency of its customer; what was decided since stays, and is named.
 * Attributions follow with bringAttributionsUpToDate.
 *
 * Errors: forbidden (a plan, from somebody who is no owner); invalid_argument where a row has a problem
 * and it is no dry run: each by line, column and reason, also in `details.problems`, the first thousand.
 */
export async function importCustomers(
  db: Database,
  { file: { rows, problems: unreadable }, dryRun, update }: ImportCustomers,
  { now, principal }: Pick<FlowContext, 'now' | 'principal'>,
): Promise<ImportedCustomers> {
  if (rows.some(isPlanned) && principal.role !== 'owner') {
    throw new ArcadiaError(
      'forbidden',
      'Only an owner puts deployments on plans: leave out the column plan, or have an owner import it.',
    );
  }
  try {
    return await db.transaction().execute(async (trx) => {
      const parts = partsOf(rows);
      const problems = [...unreadable];
      const linked = new Map<string, number>();
      for (const part of parts) {
        if (problems.length >= problemsMax) break;
        problems.push(
          ...(await checkCustomers(trx, part, linked)),
          ...(await checkPlans(trx, part.filter(isPlanned), update)),
          ...(update ? await checkCurrencies(trx, part, now) : []),
        );
        await immediate();
      }
      problems.sort((a, b) => a.line - b.line);
      if (problems.length > 0) return refuse(problems.slice(0, problemsMax), dryRun);
      let result = nothing;
      for (const part of parts) {
        const written = await writeCustomers(trx, part, { update, now });
        const plans = await writePlans(trx, part.filter(isPlanned), principal.subject, now);
        result = together(result, answer(written, plans));
        await immediate();
      }
      if (dryRun) throw new RolledBack({ ...result, written: false });
      return result;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.result;
    throw error;
  }
}

/** Takes a dry run's answer out of the transaction that must not be committed. */
class RolledBack extends Error {
  readonly result: ImportedCustomers;
  constructor(result: ImportedCustomers) {
    super('rolled back');
    this.result = result;
  }
}

/** `3 errors in 2 lines`; of as many as are told there may be more. */
function found(problems: readonly ImportProblem[]): string {
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  const more = problems.length === problemsMax ? 'The first ' : '';
  return `${more}${count(problems.length, 'error')} in ${count(new Set(problems.map(({ line }) => line)).size, 'line')}`;
}

function refuse(problems: readonly ImportProblem[], dryRun: boolean): ImportedCustomers {
  if (!dryRun) {
    throw new ArcadiaError(
      'invalid_argument',
      `${found(problems)}. Nothing imported:\n${problems.map(describeProblem).join('\n')}`,
      {
        details: { problems },
      },
    );
  }
  return { ...nothing, written: false, problems };
}

const none = { created: 0, updated: 0, kept: 0, unchanged: 0 };

const nothing: ImportedCustomers = {
  written: true,
  problems: [],
  customers: none,
  deployments: none,
  projectLinks: none,
  subscriptions: { created: 0, unchanged: 0, kept: 0 },
  differences: [],
  differencesTotal: 0,
};

/** What two parts of a file did. */
function together(one: ImportedCustomers, other: ImportedCustomers): ImportedCustomers {
  const sum = <Counts extends object>(a: Counts, b: Counts) =>
    Object.fromEntries(Object.entries(a).map(([name, n]) => [name, n + b[name as keyof Counts]])) as Counts;
  return {
    written: true,
    problems: [],
    customers: sum(one.customers, other.customers),
    deployments: sum(one.deployments, other.deployments),
    projectLinks: sum(one.projectLinks, other.projectLinks),
    subscriptions: sum(one.subscriptions, other.subscriptions),
    differences: [...one.differences, ...other.differences].sort((a, b) => a.line - b.line).slice(0, problemsMax),
    differencesTotal: one.differencesTotal + other.differencesTotal,
  };
}

function isPlanned({ plan }: ImportRow): boolean {
  return plan !== '';
}

/** From which day on a row's deployment is put on its plan. */
function planDay({ planFrom, startsAt }: ImportRow): Temporal.PlainDate {
  return planFrom === '' ? dayOf(startsAt) : Temporal.PlainDate.from(planFrom);
}

/** A plan must hold on the first day on which the deployment is on it; who is put on it pays in its currency. */
async function checkPlans(trx: UnitOfWork, rows: readonly ImportRow[], update: boolean): Promise<ImportProblem[]> {
  const versions = new Map<string, readonly PlanVersion[]>();
  for (const plan of new Set(rows.map((row) => row.plan))) versions.set(plan, await versionsOf(trx, plan));
  const subscribed = await readSubscribed(
    trx,
    rows.map((row) => row.slug),
  );
  const ever = new Set(subscribed.map(({ deployment }) => deployment));
  const there = await findCustomers(trx, [...new Set(rows.map(({ customer }) => customer.externalId))]);
  const currencies = new Map(there.map(({ externalId, currency }) => [externalId, currency]));
  const retired = await retiredPlans(trx);
  const problems: ImportProblem[] = [];
  for (const row of rows) {
    const { line, slug, plan, customer } = row;
    const refuse = (reason: string) => problems.push({ line, column: 'plan', reason });
    const [first] = versions.get(plan) ?? [];
    const day = planDay(row);
    if (first === undefined) refuse(`there is no plan ${plan}`);
    else if (Temporal.PlainDate.compare(day, first.from) < 0) {
      refuse(
        `${plan} begins on ${first.from}, and the deployment ${row.planFrom === '' ? 'starts' : 'is on it'} on ${day}`,
      );
    } else if (!ever.has(slug) && retired.has(plan)) {
      refuse(`${plan} is retired: it takes no new subscription`);
    } else if (!ever.has(slug)) {
      const paid = update ? customer.currency : (currencies.get(customer.externalId) ?? customer.currency);
      const other = otherCurrency(versions.get(plan) ?? [], day, paid);
      if (other !== undefined) refuse(`${plan} is in ${other}, and the customer pays in ${paid}`);
    }
  }
  return problems;
}

/** A customer's currency stays while a deployment is on a plan in it; said once, on the customer's first line. */
async function checkCurrencies(
  trx: UnitOfWork,
  rows: readonly ImportRow[],
  now: Temporal.Instant,
): Promise<ImportProblem[]> {
  const firsts = new Map(rows.toReversed().map((row) => [row.customer.externalId, row]));
  const wanted = [...firsts.values()].map(({ customer }) => customer);
  return (await refusedCurrencies(trx, wanted, now)).map(({ customer, reason }) => ({
    line: firsts.get(customer)?.line ?? 1,
    column: 'currency',
    reason,
  }));
}

/** Oldest first; none: there is no such plan. */
async function versionsOf(trx: UnitOfWork, plan: string): Promise<readonly PlanVersion[]> {
  try {
    return await listPlanVersions(trx, plan);
  } catch (error) {
    if (error instanceof ArcadiaError && error.code === 'not_found') return [];
    throw error;
  }
}

interface WrittenPlans {
  readonly subscriptions: SubscriptionCounts;
  readonly kept: readonly ImportDifference[];
}

async function writePlans(
  trx: UnitOfWork,
  rows: readonly ImportRow[],
  by: string,
  now: Temporal.Instant,
): Promise<WrittenPlans> {
  if (rows.length === 0) return { subscriptions: { created: 0, unchanged: 0, kept: 0 }, kept: [] };
  const wanted = rows.map((row) => ({ deployment: row.slug, plan: row.plan, from: planDay(row) }));
  const started = await startSubscriptions(trx, wanted, by, now);
  const subscribed = await readSubscribed(
    trx,
    rows.map((row) => row.slug),
  );
  const believed = new Map(subscribed.map((one) => [one.deployment, one]));
  const kept = rows.flatMap(({ line, slug, plan }): ImportDifference[] => {
    const { plan: current = null, to = null } = believed.get(slug) ?? {};
    if (current === plan && to === null) return [];
    const before = current === null ? 'no plan' : to === null ? current : `${current} until ${dayOf(to)}`;
    return [{ line, column: 'plan', before, file: plan, written: false }];
  });
  const unchanged = rows.length - started.length - kept.length;
  return { subscriptions: { created: started.length, unchanged, kept: kept.length }, kept };
}

function answer(
  { differences: changed, ...counts }: WrittenCustomers,
  { subscriptions, kept }: WrittenPlans,
): ImportedCustomers {
  const differences = [...changed, ...kept].sort((a, b) => a.line - b.line);
  return {
    written: true,
    problems: [],
    ...counts,
    subscriptions,
    differences: differences.slice(0, problemsMax),
    differencesTotal: differences.length,
  };
}
