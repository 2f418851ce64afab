/** What other modules may import of inventory; everything else in this folder is its own. */

export { type Account, connectAccount, listAccounts, openAccount } from './accounts.ts';
export { listProviderPrices, type ProviderPrice } from './prices.ts';
export { getResource } from './resources.ts';
export { type SyncAllOptions, type SyncAllResult, type SyncResult, syncAccount, syncAll } from './sync.ts';
export { getAccount } from './accounts.ts';
