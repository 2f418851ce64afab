import { z } from 'zod';
import type { UnitOfWork } from '../platform/database/database.ts';
import { declareJob, type JobDeclaration, type JobRun } from '../platform/declare/job.ts';
import { openSecretKey } from '../inventory/index.ts';
import { readBalance } from './balances.ts';
import { readBills } from './bills.ts';
import { readInsights } from './insights.ts';
import { type BillingContext, ensurePayers, getPayer, listPayers, type Payer, readPart } from './payers.ts';
import { reconcileMonths } from './read-billing.ts';
import { findSurprises } from './surprises.ts';
import { providerBillingSettings } from './settings.ts';

// One job for each payer and part, so that payers do not wait for each other's failures, and that a part which fails is
// tried again by itself. Each reads whatever is outstanding: there is no backlog.

const queue = 'cloud_billing';
const payer = z.string();

type Run = Pick<JobRun, 'db' | 'config' | 'signal' | 'report'>;

async function contextOf({ db, config, signal, report }: Run): Promise<BillingContext> {
  return { db, secretKey: await openSecretKey(db, config), signal, report };
}

const readBalanceJob = declareJob({
  name: 'read_balance',
  queue,
  title: 'Reads what a bill payer owes the provider',
  arguments: z.strictObject({ payer }),
  timeoutSeconds: 600,
  attemptsMax: 3,
  run: async (run) => readPart(await contextOf(run), run.arguments.payer, 'balance', readBalance),
});

export const reconcileBillsJob = declareJob({
  name: 'reconcile_bills',
  queue,
  title: "Reconciles a payer's bills with what was there, what it costs and how the provider counts",
  arguments: z.strictObject({ payer, month: z.iso.date().exactOptional() }),
  timeoutSeconds: 6 * 3_600,
  attemptsMax: 5,
  async run({ db, arguments: { payer: slug, month }, clock, report, signal }) {
    const only = month === undefined ? null : Temporal.PlainDate.from(month);
    await reconcileMonths({ db, clock, report, signal }, slug, only);
  },
});

/** What the schedule calls: facts of the past may have changed. */
export const reconcileAllBillsJob = declareJob({
  name: 'reconcile_all_bills',
  queue,
  title: 'Enqueues the reconciliation of every bill payer',
  arguments: z.strictObject({}),
  timeoutSeconds: 60,
  attemptsMax: 5,
  followedBy: [reconcileBillsJob],
  async run(run) {
    await run.db.transaction().execute(async (trx) => {
      for (const { slug } of await listPayers(trx)) await run.enqueue(trx, reconcileBillsJob, { payer: slug });
    });
  },
});

const readBillsJob = declareJob({
  name: 'read_bills',
  queue,
  title: "Reads a payer's bills, the running month's preview and the billing history",
  arguments: z.strictObject({
    payer,
    /** Bills that are known and whose header is unchanged, too. */
    again: z.boolean().exactOptional(),
  }),
  timeoutSeconds: 6 * 3_600,
  attemptsMax: 5,
  followedBy: [reconcileBillsJob],
  async run(run) {
    const { billMonths: monthsBefore } = providerBillingSettings.of(run.config);
    const options = { monthsBefore, again: run.arguments.again ?? false, by: 'job read_bills' };
    await readPart(await contextOf(run), run.arguments.payer, 'bills', (reading) => readBills(reading, options));
    await run.db.transaction().execute((trx) => run.enqueue(trx, reconcileBillsJob, { payer: run.arguments.payer }));
  },
});

const readInsightsJob = declareJob({
  name: 'read_insights',
  queue,
  title: "Reads the provider's Insights of a payer, and finds what cost more than expected on a day",
  arguments: z.strictObject({ payer }),
  timeoutSeconds: 6 * 3_600,
  attemptsMax: 5,
  async run(run) {
    const { db, clock, report, signal } = run;
    const { billMonths: monthsBefore } = providerBillingSettings.of(run.config);
    await readPart(await contextOf(run), run.arguments.payer, 'insights', (reading) =>
      readInsights(reading, { monthsBefore }),
    );
    const { payerId, slug } = await getPayer(db, run.arguments.payer);
    const { days, surprises } = await findSurprises(db, payerId, await clock.now(), signal);
    report(`${slug}: ${surprises} rows of ${days} days cost more than expected`);
  },
});

export const billingJobs = [readBalanceJob, readBillsJob, readInsightsJob] as const;

/** What the schedule calls: a part for every payer. Accounts that no payer covers become their own payers first. */
export const readProviderBillingJob = declareJob({
  name: 'read_provider_billing',
  queue,
  title: 'Enqueues the reading of balances, or of bills and Insights, for every bill payer',
  arguments: z.strictObject({ part: z.enum(['balance', 'bills']) }),
  timeoutSeconds: 60,
  attemptsMax: 5,
  followedBy: billingJobs,
  async run(run) {
    const now = await run.clock.now();
    await run.db.transaction().execute(async (trx) => {
      const payers = await ensurePayers(trx, 'job read_provider_billing', now);
      for (const { slug } of payers) {
        if (run.arguments.part === 'balance') await run.enqueue(trx, readBalanceJob, { payer: slug });
        else {
          await run.enqueue(trx, readBillsJob, { payer: slug });
          await run.enqueue(trx, readInsightsJob, { payer: slug });
        }
      }
    });
  },
});

type Follow = <Arguments extends { readonly payer: string }>(
  trx: UnitOfWork,
  job: JobDeclaration<Arguments>,
  args: Arguments,
) => Promise<void>;

/** Has everything of some payers read. */
export async function followWithReading(
  trx: UnitOfWork,
  payers: readonly Payer[],
  again: boolean,
  follow: Follow,
): Promise<void> {
  for (const { slug } of payers) {
    await follow(trx, readBalanceJob, { payer: slug });
    await follow(trx, readBillsJob, { payer: slug, ...(again && { again }) });
    await follow(trx, readInsightsJob, { payer: slug });
  }
}

/** Has the bills of every payer reconciled: what they are reckoned by has changed. */
export async function followReconciling(
  trx: UnitOfWork,
  follow: <Arguments extends { readonly payer: string }>(
    trx: UnitOfWork,
    job: JobDeclaration<Arguments>,
    args: Arguments,
  ) => Promise<void>,
): Promise<void> {
  for (const { slug } of await listPayers(trx)) await follow(trx, reconcileBillsJob, { payer: slug });
}
