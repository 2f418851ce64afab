import { declareSettings, list } from '../platform/declare/settings.ts';
import { networkOf } from './networks.ts';

interface WebhooksSettings {
  /** Networks that messages are sent to although nobody outside can reach them. */
  readonly webhookNetworks: readonly string[];
}

export const webhooksSettings = declareSettings<WebhooksSettings>({
  webhookNetworks: {
    env: 'ARCADIA_WEBHOOK_NETWORKS',
    purpose: 'private networks that webhooks may be sent to, and this machine (which then needs no https)',
    usually: 'none',
    allowed: 'addresses and networks such as 10.20.0.0/16 or 127.0.0.1, separated by commas; never link-local ones',
    schema: list.refine((networks) => networks.every((network) => networkOf(network) !== null)),
    fallback: () => [],
  },
});
