import { declareModule } from '../platform/declare/module.ts';
import { accountStatusOperations } from './operations/account-status.ts';
import { eventOperations } from './operations/events.ts';
import { happenedOperations } from './operations/happened.ts';
import { overviewOperations } from './operations/overview.ts';
import { searchOperations } from './operations/search.ts';
import { sessionOperations } from './operations/session.ts';
import { tokenOperations } from './operations/tokens.ts';
import { pruneRevocationsJob } from './jobs.ts';
import { httpSettings } from './settings.ts';

export const httpModule = declareModule({
  name: 'http',
  tags: [
    { name: 'events', description: 'What changed, as it changes.' },
    { name: 'search', description: 'Anything by what one knows of it.' },
    { name: 'session', description: 'Who is asking, and how a browser stays signed in.' },
    { name: 'tokens', description: 'Who is let in: what a token would be, and which are refused.' },
  ],
  operations: [
    ...overviewOperations,
    ...accountStatusOperations,
    ...eventOperations,
    ...happenedOperations,
    ...searchOperations,
    ...sessionOperations,
    ...tokenOperations,
  ],
  jobs: [pruneRevocationsJob],
  schedule: [{ name: 'revocations', cron: '51 4 * * *', job: pruneRevocationsJob, arguments: {} }],
  settings: httpSettings,
});
