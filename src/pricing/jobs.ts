import { z } from 'zod';
import { declareJob } from '../platform/declare/job.ts';
import { checkAlerts } from './alerts.ts';

/** Fires the alerts whose thresholds are reached. */
export const checkAlertsJob = declareJob({
  name: 'check_alerts',
  queue: 'default',
  title: 'Fires alerts on amounts and usage',
  arguments: z.strictObject({}),
  timeoutSeconds: 1_800,
  attemptsMax: 3,
  async run({ db, clock, signal, log }) {
    const { fired } = await checkAlerts(db, await clock.now(), signal);
    if (fired > 0) log.info({ fired }, 'alerts fired');
  },
});
