import { afterAll, beforeAll, expect, test } from 'vitest';
import { draftMonthJob, invoiceDraftsJob } from '../../src/invoices/jobs.ts';
import { meterDayJob, meterJob, usageRetentionJob } from '../../src/metering/jobs.ts';
import { databaseClock, noteProviderClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';
import type { JobArguments, JobDeclaration } from '../../src/platform/declare/job.ts';
import { createLog } from '../../src/platform/log.ts';
import { program } from '../../src/modules.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

test.each<[Pick<JobDeclaration, 'name' | 'run'>, object]>([
  [meterJob, {}],
  [meterDayJob, { day: '2026-05-01' }],
  [usageRetentionJob, {}],
  [draftMonthJob, { month: '2026-05' }],
  [invoiceDraftsJob, {}],
])('$name does nothing by a clock that is days off the provider', async (job, args) => {
  const { db } = database;
  const run = () =>
    job.run({
      id: 'test',
      arguments: args as JobArguments,
      attempt: 1,
      signal: new AbortController().signal,
      db,
      clock: databaseClock(db),
      config: loadConfig({ env: {} }, program.settings),
      log: createLog({ level: 'silent', format: 'json' }),
      report: () => {},
      enqueue: async () => {},
    });
  await noteProviderClock(db, 3 * 86_400);
  await expect(run()).rejects.toMatchObject({ code: 'clock_skewed' });
  await noteProviderClock(db, 0);
  await run();
});
