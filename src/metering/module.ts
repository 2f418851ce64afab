import { declareModule } from '../platform/declare/module.ts';
import { beforeMetering, kindExists, usageRetired } from './errors.ts';
import { meterDayJob, meterJob, moveUsageJob, repairUsageJob, sumUsageJob, usageRetentionJob } from './jobs.ts';
import { attestationOperations } from './operations/attestations.ts';
import { gridOperations } from './operations/grid.ts';
import { kindOperations } from './operations/kinds.ts';
import { meterOperations } from './operations/meter.ts';
import { recordOperations } from './operations/records.ts';
import { usageOperations } from './operations/usage.ts';
import { meteringSettings } from './settings.ts';

export const meteringModule = declareModule({
  name: 'metering',
  tags: [
    {
      name: 'usage',
      description: 'What deployments used, per meter and day; what of it is final, and how it is metered.',
    },
  ],
  operations: [
    ...usageOperations,
    ...gridOperations,
    ...recordOperations,
    ...attestationOperations,
    ...meterOperations,
    ...kindOperations,
  ],
  jobs: [meterJob, meterDayJob, sumUsageJob, usageRetentionJob, moveUsageJob, repairUsageJob],
  errors: [beforeMetering, kindExists, usageRetired],
  queues: [{ name: 'metering', limit: 2, position: 60 }],
  schedule: [
    { name: 'metering', cron: '10 1 * * *', job: meterJob, arguments: {} },
    { name: 'usage_sums', cron: '*/10 * * * *', job: sumUsageJob, arguments: {} },
    { name: 'retention', cron: '17 2 * * *', job: usageRetentionJob, arguments: {} },
  ],
  events: [
    {
      type: 'day.metered',
      subject: 'day',
      describes: "a day's usage was metered, or metered again and has changed",
      reads: [
        'listUsage',
        'getUsage',
        'listUsageDays',
        'listUsageGrid',
        'getDeploymentMonth',
        'getUsageStatus',
        'listMeteringRuns',
        'getOverview',
      ],
    },
    {
      type: 'kind.changed',
      subject: 'meter; empty: limits of kinds of resources',
      describes: 'a meter was added, or is metered otherwise from a day on',
      reads: ['listKinds', 'getKind', 'listObservationLimits', 'getUsageGaps', 'getAccountsStatus'],
    },
    {
      type: 'confirmation.changed',
      subject: 'account/kind',
      describes: 'an operator confirmed usage, or withdrew it',
      reads: ['listUsageAttestations', 'getUsageStatus', 'getUsageGaps', 'getAccountsStatus'],
    },
  ],
  settings: meteringSettings,
});
