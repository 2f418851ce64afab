import { z } from 'zod';
import { assertClocksAgree } from '../platform/clock.ts';
import { declareJob } from '../platform/declare/job.ts';
import { completeDays, meterDay, outstandingDays } from './meter.ts';
import { sumDays } from './day-sums.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { moveUsage } from './records/move/move.ts';
import { clickHouseAt } from './records/open.ts';
import { repairUsageStore } from './records/repair/repair.ts';
import { applyRetention } from './retention/retention.ts';
import { meteringSettings } from './settings.ts';

/** Brings one complete day up to date. */
export const meterDayJob = declareJob({
  name: 'meter_day',
  queue: 'metering',
  title: 'Meters a day, or again where its facts changed',
  arguments: z.strictObject({ day: z.iso.date(), verify: z.literal(true).exactOptional() }),
  timeoutSeconds: 3_600,
  attemptsMax: 5,
  async run({ db, clock, arguments: { day, verify = false } }) {
    await assertClocksAgree(db);
    await meterDay(db, Temporal.PlainDate.from(day), { now: await clock.now(), verify });
  },
});

/** Finds every complete day that is not up to date, or with `verify` every one, and has each metered by a job of its own. */
export const meterJob = declareJob({
  name: 'meter',
  queue: 'metering',
  title: 'Enqueues the metering of every day that is not up to date',
  arguments: z.strictObject({ verify: z.literal(true).exactOptional() }),
  timeoutSeconds: 1_800,
  attemptsMax: 5,
  followedBy: [meterDayJob],
  async run({ db, clock, enqueue, arguments: options }) {
    await assertClocksAgree(db);
    const now = await clock.now();
    const days = options.verify === true ? await completeDays(db, now) : await outstandingDays(db, now);
    await db.transaction().execute(async (trx) => {
      for (const day of days) await enqueue(trx, meterDayJob, { day: day.toString(), ...options });
    });
  },
});

/** For whoever looks at what all deployments used. */
export const sumUsageJob = declareJob({
  name: 'sum_usage',
  queue: 'metering',
  title: 'Sums days whose usage has changed, by deployment',
  arguments: z.strictObject({}),
  timeoutSeconds: 3_600,
  attemptsMax: 5,
  async run({ db, signal, log }) {
    log.info({ days: await sumDays(db, signal) }, 'usage summed');
  },
});

/** Rolls up what is past its retention, and removes it. */
export const usageRetentionJob = declareJob({
  name: 'usage_retention',
  queue: 'metering',
  title: 'Rolls up months of usage that are past their retention, and removes their records',
  arguments: z.strictObject({}),
  timeoutSeconds: 7_200,
  attemptsMax: 5,
  async run({ db, clock, signal, log }) {
    await assertClocksAgree(db);
    for (const month of await applyRetention(db, { now: await clock.now(), signal })) log.info(month, 'retention');
  },
});

/** Moves all usage to the configured ClickHouse, or back. It goes on where an attempt stopped. */
export const moveUsageJob = declareJob({
  name: 'move_usage',
  queue: 'metering',
  title: 'Moves usage records to a ClickHouse, or back to PostgreSQL',
  arguments: z.strictObject({ to: z.enum(['clickhouse', 'postgresql']) }),
  timeoutSeconds: 82_800, // The queue allows 24 hours with the time that it adds; a move goes on where it stopped.
  attemptsMax: 5,
  async run({ db, clock, config, signal, log, arguments: { to } }) {
    const target = to === 'postgresql' ? to : await clickHouseAt(urlOf(meteringSettings.of(config).usageStoreUrl));
    const { engine, days, records, already } = await moveUsage(db, target, { now: await clock.now(), signal });
    log.info({ engine, days, records, already }, 'usage moved');
  },
});

/** Has PostgreSQL and the ClickHouse that usage is in agree again, after a restore of one of them. */
export const repairUsageJob = declareJob({
  name: 'repair_usage',
  queue: 'metering',
  title: 'Forgets what a restored usage store does not hold whole, and has it metered again',
  arguments: z.strictObject({}),
  timeoutSeconds: 7_200,
  attemptsMax: 5,
  followedBy: [meterJob],
  async run({ db, enqueue, log }) {
    const { damage, days } = await repairUsageStore(db);
    log.info({ days, damage: damage.slice(0, 100) }, 'usage store repaired');
    await db.transaction().execute((trx) => enqueue(trx, meterJob, {}));
  },
});

function urlOf(url: string | null): string {
  if (url !== null) return url;
  throw new ArcadiaError('invalid_argument', 'There is no ClickHouse to move usage to.', {
    todo: 'Set ARCADIA_USAGE_STORE_URL for every process.',
  });
}
