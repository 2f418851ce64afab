import { declareModule } from '../platform/declare/module.ts';
import { accountChanged, accountDisconnected, accountSends, resourceAmbiguous, syncRunBuiltOn } from './errors.ts';
import { inventoryJobs, pruneSyncRunsJob, syncAccountsJob } from './jobs.ts';
import { accountOperations } from './operations/accounts.ts';
import { priceOperations } from './operations/prices.ts';
import { syncRunOperations } from './operations/sync-runs.ts';
import { resourceOperations } from './operations/resources.ts';
import { inventorySettings } from './settings.ts';

const sync = (part: string) => ({ job: syncAccountsJob, arguments: { part } });

export const inventoryModule = declareModule({
  name: 'inventory',
  tags: [
    { name: 'accounts', description: 'Credentials for provider accounts, and what was read with them when.' },
    {
      name: 'resources',
      description: 'What the provider lists, and what each was over time: how we know it, since when.',
    },
    {
      name: 'prices',
      description: 'What the provider charges, as dated data: who says so, since when, and on what that rests.',
    },
  ],
  operations: [...accountOperations, ...syncRunOperations, ...resourceOperations, ...priceOperations],
  jobs: inventoryJobs,
  errors: [accountChanged, accountDisconnected, accountSends, resourceAmbiguous, syncRunBuiltOn],
  queues: [
    { name: 'cloud_sync_fast', limit: 5, position: 20 },
    { name: 'cloud_sync_full', limit: 3, position: 30 },
    { name: 'cloud_sync_slow', limit: 1, exclusive: true, position: 40 },
  ],
  schedule: [
    // Projects, so that attribution is fresh; the job itself has the other resources follow.
    { name: 'resources', cron: '*/15 * * * *', ...sync('sync_projects') },
    { name: 'snapshots', cron: '33 * * * *', ...sync('sync_snapshots') },
    { name: 'backups', cron: '41 * * * *', ...sync('sync_backups') },
    { name: 'spaces', cron: '27 3 * * *', ...sync('sync_spaces') },
    { name: 'sizes', cron: '19 2 * * *', ...sync('sync_sizes') },
    { name: 'sync_runs', cron: '37 4 * * *', job: pruneSyncRunsJob, arguments: {} },
  ],
  events: [
    {
      type: 'sync.ended',
      subject: 'account/kind',
      describes: 'a kind of resource was listed, whole or not',
      reads: [
        'listSyncRuns',
        'getSyncRun',
        'getAccountsStatus',
        'listSyncDays',
        'listResources',
        'getResourcesSummary',
        'getResource',
        'getResourceLife',
        'getResourceSettings',
      ],
    },
    {
      type: 'sync.progress',
      subject: 'account/kind',
      describes: 'a listing goes on, and has read more; once a second at most',
      reads: ['listSyncRuns', 'getSyncRun', 'getAccountsStatus'],
    },
    {
      type: 'sync.reverted',
      subject: 'account/kind',
      describes: 'a sync run was reverted',
      reads: [
        'listSyncRuns',
        'getSyncRun',
        'getAccountsStatus',
        'listResources',
        'getResourcesSummary',
        'getResource',
        'getResourceLife',
        'getResourceSettings',
      ],
    },
    {
      type: 'account.changed',
      subject: 'account',
      describes: 'it was connected or edited',
      reads: ['listAccounts', 'getAccount', 'getAccountsStatus'],
    },
    {
      type: 'price.changed',
      subject: 'what has the price; empty: many',
      describes: 'the provider charges, or is said to charge, something else',
      reads: ['listPrices', 'getPrice'],
    },
  ],
  settings: inventorySettings,
});
