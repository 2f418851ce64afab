import { declareModule } from '../platform/declare/module.ts';
import {
  declarationMisplaced,
  declarationOfOtherState,
  declarationOlder,
  declarationShrinks,
  driftBlind,
} from './errors.ts';
import { sweepDriftJob } from './jobs.ts';
import { declarationOperations } from './operations/declarations.ts';
import { findingOperations } from './operations/findings.ts';
import { driftRuleOperations } from './operations/rules.ts';

const readsFindings = ['listFindings', 'listFindingGroups', 'getFinding', 'getOverview'];

export const driftModule = declareModule({
  name: 'drift',
  tags: [
    {
      name: 'drift',
      description:
        'What deployments and accounts should consist of, what differs from it, and what is exposed, unprotected, idle or orphaned.',
    },
  ],
  operations: [...declarationOperations, ...findingOperations, ...driftRuleOperations],
  jobs: [sweepDriftJob],
  queues: [{ name: 'drift', limit: 1, exclusive: true, position: 65 }],
  schedule: [{ name: 'drift', cron: '20 * * * *', job: sweepDriftJob, arguments: {} }],
  errors: [declarationShrinks, declarationOlder, declarationOfOtherState, declarationMisplaced, driftBlind],
  events: [
    {
      type: 'drift.found',
      subject: 'finding; empty: many',
      describes: 'something differs, and has settled: once per episode',
      reads: readsFindings,
    },
    {
      type: 'drift.resolved',
      subject: 'finding; empty: many',
      describes: 'what differed agrees again, is gone, or is not declared any more',
      reads: readsFindings,
    },
    {
      type: 'drift.decided',
      subject: 'finding',
      describes: 'it was acknowledged, ignored or reopened',
      reads: readsFindings,
    },
    {
      type: 'drift_rule.changed',
      subject: 'rule',
      describes: 'it was switched on or off, or says something else',
      reads: ['listDriftRules'],
    },
    {
      type: 'declaration.changed',
      subject: 'declaration',
      describes: 'it was applied or ended',
      reads: ['listDeclarations', 'getDeclaration', 'listDeclarationVersions', ...readsFindings],
    },
  ],
});
