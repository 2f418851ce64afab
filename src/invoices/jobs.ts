import { z } from 'zod';
import { dayOf } from '../metering/period.ts';
import { declareJob } from '../platform/job.ts';
import { checkCorrections } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import { selectDraftMonths } from './invoices.store.ts';

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
 * Brings the drafts of the last month that ended, and of any earlier one that still has drafts, up
 * to date with the facts; then looks which issued months cost something else by now.
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
    const open = (await selectDraftMonths(db)).filter((month) => Temporal.PlainDate.compare(month, last) < 0);
    for (const month of [...open, last]) log.info(await draftMonth(db, { month, now, signal }), 'drafted');
    log.info({ months: await checkCorrections(db, { signal }) }, 'looked for corrections');
  },
});
