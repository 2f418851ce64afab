import { z } from 'zod';
import { ArcadiaError } from '../platform/errors.ts';
import { assertClocksAgree } from '../platform/clock.ts';
import { declareJob } from '../platform/declare/job.ts';
import { bringDraftsUpToDate } from './bring-drafts-up-to-date.ts';
import { checkCorrections } from './corrections.ts';
import { draftMonth } from './drafts.ts';
import { documentNotDrawn } from './errors.ts';
import { drawMissing } from './files.ts';
import { rateMonths } from './month-figures.ts';

/** Brings one month's drafts up to date, when somebody asks for it. */
export const draftMonthJob = declareJob({
  name: 'draft_month',
  queue: 'default',
  title: "Drafts a month's invoices from the facts",
  arguments: z.strictObject({ month: z.string().regex(/^\d{4}-\d{2}$/) }),
  timeoutSeconds: 7_200,
  attemptsMax: 5,
  async run({ db, clock, signal, log, arguments: { month } }) {
    await assertClocksAgree(db);
    log.info(
      await draftMonth(db, { month: Temporal.PlainDate.from(`${month}-01`), now: await clock.now(), signal }),
      'drafted',
    );
  },
});

/** Follows each issue; and every hour, for what could not be drawn then. */
export const drawDocumentsJob = declareJob({
  name: 'draw_documents',
  queue: 'default',
  title: 'Draws the PDFs of issued documents that have none',
  arguments: z.strictObject({}),
  timeoutSeconds: 7_200,
  attemptsMax: 5,
  async run({ db, signal, log }) {
    const { drawn, failures } = await drawMissing(db, signal);
    if (drawn > 0) log.info({ documents: drawn }, 'drawn');
    if (failures.length > 0) throw documentNotDrawn(failures.slice(0, 20).join(' '));
  },
});

/** Follows what changes issued months, such as an end that is told late. */
export const checkCorrectionsJob = declareJob({
  name: 'check_corrections',
  queue: 'default',
  title: 'Finds what issued invoices need corrected',
  arguments: z.strictObject({}),
  timeoutSeconds: 7_200,
  attemptsMax: 5,
  async run({ db, signal, log }) {
    log.info({ months: await checkCorrections(db, { signal }) }, 'looked for corrections');
  },
});

/** `bringDraftsUpToDate`. What cannot be rated is named at the end, after all else. */
export const invoiceDraftsJob = declareJob({
  name: 'invoice_drafts',
  queue: 'default',
  title: 'Drafts invoices from the facts, and finds what issued ones need corrected',
  arguments: z.strictObject({}),
  timeoutSeconds: 7_200,
  attemptsMax: 5,
  async run({ db, clock, signal, log }) {
    await assertClocksAgree(db);
    const { drafted, corrected, failures } = await bringDraftsUpToDate(db, { now: await clock.now(), signal });
    for (const month of drafted) log.info(month, 'drafted');
    log.info({ months: corrected }, 'looked for corrections');
    const [first] = failures;
    if (first) throw new ArcadiaError(first.declaration, failures.map(({ message }) => message).join(' '));
  },
});

/** Rates the current month and the one before, where anything has changed that they rest on. */
export const rateMonthsJob = declareJob({
  name: 'rate_months',
  queue: 'default',
  title: 'Rates what the month comes to, for the overview',
  arguments: z.strictObject({}),
  timeoutSeconds: 7_200,
  attemptsMax: 3,
  async run({ db, clock, signal, log }) {
    const { rated } = await rateMonths(db, { now: await clock.now(), signal });
    if (rated.length > 0) log.info({ months: rated }, 'rated');
  },
});
