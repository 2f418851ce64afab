/** What other modules may import of provisioning; everything else in this folder is its own. */

export { resealProvisioning } from './reseal.ts';
export { isRollingOut, selectStanding as rolloutStanding } from './rollouts.store.ts';
