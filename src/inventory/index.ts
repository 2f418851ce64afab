/** What other modules may import of inventory; everything else in this folder is its own. */

export {
  type Account,
  getAccount,
  keepJournal,
  connectAccount,
  gatewayProvider,
  identifyAccount,
  identifyCredentials,
  connectedAccounts,
  listAccounts,
  listUnlisted,
  openAccount,
} from './accounts.ts';
export { connectAccount as connectAccountOperation } from './operations/accounts.ts';
export { listProviderPrices, type ProviderPrice } from './prices.ts';
export {
  type MonthlyPrices,
  factText,
  groupOfOne,
  openMonthlyPrices,
  type PricedGroup,
  priceGroups,
  unitsOfMonth,
} from './monthly-prices.ts';
export { type AccountStatus, readAccountsStatus } from './account-status.ts';
export { syncJobs } from './jobs.ts';
export { type Freshness, readFreshness } from './freshness.ts';
export { type ChargedGroup, chargeOf } from './resource-charges.ts';
export { accountDisconnected, accountSends } from './errors.ts';
export { lockAccounts } from './accounts.ts';
export { assertCurrentKey, listSealedSecrets, openSecretKey, type Resealed, rotateSecretKey } from './secret-key.ts';
export {
  assertResourceKind,
  getResource,
  listRelations,
  actionsOfResource,
  listResourceActions,
  readSightings,
  type ResourceAt,
  supersededStates,
} from './resources.ts';
export { type SyncAllResult, syncAccount, syncAll } from './sync.ts';
export { listRevertedSyncs } from './sync-revert.ts';
export { noteToken } from './token-check.ts';
export {
  addSender,
  confirmSent,
  countNewSubjects,
  readSecrets,
  replaceSecrets,
  type SenderSecrets,
  sightSubjects,
} from './senders.ts';
export { inventorySettings } from './settings.ts';
export { searchAccounts, searchResources, searchSyncRuns } from './search.store.ts';
