import { declareSettings, matching } from '../platform/declare/settings.ts';

interface ProviderBillingSettings {
  /** Bills of so many months before an account was connected are read. */
  readonly billMonths: number;
}

export const providerBillingSettings = declareSettings<ProviderBillingSettings>({
  billMonths: {
    env: 'ARCADIA_BILL_MONTHS',
    purpose: 'months before an account was connected whose provider bills are read',
    allowed: 'a whole number from 0 to 240',
    schema: matching(/^\d{1,3}$/)
      .transform(Number)
      .refine((months) => months <= 240),
    fallback: () => 12,
  },
});
