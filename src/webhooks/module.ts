import { declareModule } from '../platform/declare/module.ts';
import { webhookTargetRefused } from './errors.ts';
import { deliverWebhooksJob, pruneWebhooksJob } from './jobs.ts';
import { webhookOperations } from './operations/webhooks.ts';
import { webhooksSettings } from './settings.ts';

const readsEndpoints = ['listWebhooks', 'getWebhook'];

export const webhooksModule = declareModule({
  name: 'webhooks',
  tags: [
    {
      name: 'webhooks',
      description:
        'Endpoints of others to which messages are sent about what happened here, signed and until they arrive.',
    },
  ],
  operations: webhookOperations,
  jobs: [deliverWebhooksJob, pruneWebhooksJob],
  queues: [{ name: 'webhooks', limit: 5, position: 75 }],
  schedule: [
    { name: 'webhooks', cron: '* * * * *', job: deliverWebhooksJob, arguments: {} },
    { name: 'webhook_log', cron: '34 4 * * *', job: pruneWebhooksJob, arguments: {} },
  ],
  errors: [webhookTargetRefused],
  settings: webhooksSettings,
  events: [
    {
      type: 'webhook.changed',
      subject: 'webhook',
      describes: 'it was added, enabled, disabled or removed',
      reads: readsEndpoints,
    },
    {
      type: 'webhook.disabled',
      subject: 'webhook',
      describes: 'it answered 410, or nothing but failures for five days, and nothing is sent to it any more',
      reads: [...readsEndpoints, 'listWebhookAttempts'],
    },
  ],
});
