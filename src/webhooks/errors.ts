import { declareError } from '../platform/errors.ts';

export const webhookTargetRefused = declareError({
  code: 'webhook_target_refused',
  status: 422,
  todo: 'Give an https:// address of the public internet. The setting ARCADIA_WEBHOOK_NETWORKS allows private networks.',
});
