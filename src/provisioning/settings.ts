import { z } from 'zod';
import { declareSettings, matching, text } from '../platform/declare/settings.ts';

interface ProvisioningSettings {
  /** In the currency of the provider's prices, a month; an exact decimal. */
  readonly provisioningOperatorLimit: string;
  readonly provisioningSecondApprover: boolean;
}

export const provisioningSettings = declareSettings<ProvisioningSettings>({
  provisioningOperatorLimit: {
    env: 'ARCADIA_PROVISIONING_OPERATOR_LIMIT',
    purpose: 'what a proposal may add to our cost a month for operators to approve it; 0: owners approve all of them',
    allowed: 'an amount such as 100 or 49.50, in the currency of the provider',
    schema: matching(/^\d{1,9}(\.\d{1,4})?$/),
    fallback: () => '0',
  },
  provisioningSecondApprover: {
    env: 'ARCADIA_PROVISIONING_SECOND_APPROVER',
    purpose: 'whether two owners have to approve a proposal that destroys',
    allowed: 'true or false',
    schema: z.union([z.boolean(), text.pipe(z.enum(['true', 'false'])).transform((value) => value === 'true')]),
    fallback: () => false,
  },
});
