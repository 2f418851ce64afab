import { z } from 'zod';
import { dayOf } from '../metering/period.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { declareJob } from '../platform/declare/job.ts';
import { checkCorrections } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import { isOfOne } from './failures.ts';
import { findLateMonths } from './late-months.ts';

/** Brings one month's drafts up to date, when somebody asks for it. */
export const draftMonthJob = declareJob({
  name: 'draft_month',
  queue: 'default',
  title: "Drafts a month's invoices from the facts",
  arguments: z.object({ month: z.string().regex(/^\d{4}-\d{2}$/) }),
  timeoutSeconds: 7_200,
  attemptsMax: 5,
  async run({ db, clock, signal, log, arguments: { month } }) {
    log.info(
      await draftMonth(db, { month: Temporal.PlainDate.from(`${month}-01`), now: await clock.now(), signal }),
      'drafted',
    );
  },
});

/**
 * Brings the drafts of the last month that ended, and those that earlier ones still have, up to date
 * with the facts, and drafts what was never billed of earlier ones; then looks which issued months
 * cost something else by now. What cannot be rated is named at the end, after all else.
 */
export const invoiceDraftsJob = declareJob({
  name: 'invoice_drafts',
  queue: 'default',
  title: 'Drafts invoices from the facts, and finds what issued ones need corrected',
  arguments: z.object({}),
  timeoutSeconds: 7_200,
  attemptsMax: 5,
  async run({ db, clock, signal, log }) {
    const now = await clock.now();
    const last = dayOf(now).with({ day: 1 }).subtract({ months: 1 });
    const failures: ArcadiaError[] = [];
    const step = async (work: () => Promise<void>) => {
      try {
        await work();
      } catch (error) {
        if (!isOfOne(error)) throw error;
        failures.push(error);
      }
    };
    await step(async () => log.info(await draftMonth(db, { month: last, now, signal }), 'drafted'));
    for (const { month, customerIds } of await findLateMonths(db, last)) {
      const options = { month, now, signal, customerIds, remember: true };
      await step(async () => log.info(await draftMonth(db, options), 'drafted late'));
    }
    await step(async () => log.info({ months: await checkCorrections(db, { signal }) }, 'looked for corrections'));
    const [first] = failures;
    if (first) throw new ArcadiaError(first.declaration, failures.map(({ message }) => message).join(' '));
  },
});
