/** What other modules may import of webhooks; everything else in this folder is its own. */

export { addEndpoint, type NewEndpoint } from './endpoints.ts';
export { sendSoon, writeMessages } from './messages.ts';
export { endpointAnswer, secretOut, webhookOut } from './operations/webhook-out.ts';
export { listSealedWebhooks, resealWebhooks, sealingKey } from './secret-key.ts';
export { webhooksSettings } from './settings.ts';
export { webhookType } from './types.ts';
