/** What other modules may import of provider-billing; everything else in this folder is its own. */

export { providerBillingSettings } from './settings.ts';
