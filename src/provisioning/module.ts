import { declareModule } from '../platform/declare/module.ts';
import { rolloutOperations } from './operations/rollouts.ts';
import { rolloutEnded, rolloutUnderWay } from './rollout-errors.ts';
import { runRolloutJob, sweepMarkersJob } from './rollout-jobs.ts';

export const provisioningModule = declareModule({
  name: 'provisioning',
  tags: [
    {
      name: 'provisioning',
      description: 'What a deployment is to consist of, what it would cost to make it so, and the making of it.',
    },
  ],
  operations: [...rolloutOperations],
  jobs: [runRolloutJob, sweepMarkersJob],
  queues: [{ name: 'provisioning', limit: 5, position: 10 }],
  schedule: [{ name: 'markers', cron: '23 * * * *', job: sweepMarkersJob, arguments: {} }],
  errors: [rolloutEnded, rolloutUnderWay],
  events: [
    {
      type: 'rollout.changed',
      subject: 'rollout',
      describes: 'it, or one of its steps, has come further, is held, or has ended',
      reads: ['listRollouts', 'getRollout'],
    },
  ],
});
