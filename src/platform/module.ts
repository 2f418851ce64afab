import { declareModule } from './declare/module.ts';
import { notSimulated } from './clock.ts';
import { auditOperations } from './operations/audit.ts';
import { clockOperations } from './operations/clock.ts';

export const platformModule = declareModule({
  name: 'platform',
  tags: [
    { name: 'audit', description: 'Who decided what, when and from where: a log that nobody can rewrite unseen.' },
    { name: 'clock', description: 'The time of the accounts, which a demonstration simulates.' },
  ],
  operations: [...auditOperations, ...clockOperations],
  errors: [notSimulated],
  events: [
    {
      type: 'clock.changed',
      subject: 'nothing',
      describes: 'the simulated clock has moved, or goes at another pace',
      reads: ['getMe', 'getClock', 'getOverview'],
    },
  ],
});
