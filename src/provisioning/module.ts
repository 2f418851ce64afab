import { declareModule } from '../platform/declare/module.ts';
import { blueprintInvalid, proposalBlocked, proposalClosed, proposalNotApproved, proposalStale } from './errors.ts';
import { blueprintOperations } from './operations/blueprints.ts';
import { proposalOperations } from './operations/proposals.ts';
import { protectionOperations } from './operations/protections.ts';
import { grantOperations } from './operations/grants.ts';
import { rolloutOperations } from './operations/rollouts.ts';
import { rolloutEnded, rolloutUnderWay, writeGrantMismatch, writeNotGranted } from './rollout-errors.ts';
import { runRolloutJob, sweepMarkersJob } from './rollout-jobs.ts';
import { provisioningSettings } from './settings.ts';

export const provisioningModule = declareModule({
  name: 'provisioning',
  tags: [
    {
      name: 'provisioning',
      description: 'What a deployment is to consist of, what it would cost to make it so, and the making of it.',
    },
  ],
  operations: [
    ...blueprintOperations,
    ...proposalOperations,
    ...grantOperations,
    ...rolloutOperations,
    ...protectionOperations,
  ],
  jobs: [runRolloutJob, sweepMarkersJob],
  queues: [{ name: 'provisioning', limit: 5, position: 10 }],
  schedule: [{ name: 'markers', cron: '23 * * * *', job: sweepMarkersJob, arguments: {} }],
  errors: [
    blueprintInvalid,
    proposalBlocked,
    proposalClosed,
    proposalNotApproved,
    proposalStale,
    rolloutEnded,
    rolloutUnderWay,
    writeGrantMismatch,
    writeNotGranted,
  ],
  settings: provisioningSettings,
  events: [
    {
      type: 'blueprint.changed',
      subject: 'blueprint',
      describes: 'it has a new version',
      reads: ['listBlueprints', 'getBlueprint'],
    },
    {
      type: 'proposal.changed',
      subject: 'hash of the proposal',
      describes: 'it was made, approved or discarded',
      reads: ['listProposals', 'getProposal'],
    },
    {
      type: 'rollout.changed',
      subject: 'rollout',
      describes: 'it, or one of its steps, has come further, is held, or has ended',
      reads: ['listRollouts', 'getRollout'],
    },
    {
      type: 'protection.changed',
      subject: 'number of the protection',
      describes: 'it was begun or ended',
      reads: ['listProtections'],
    },
  ],
});
