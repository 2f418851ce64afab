import { declareSettings, matching } from '../platform/declare/settings.ts';

interface GatewaySettings {
  /** Events of one source that may wait to be interpreted; beyond it no more are taken. */
  readonly gatewayBacklogMax: number;
}

export const gatewaySettings = declareSettings<GatewaySettings>({
  gatewayBacklogMax: {
    env: 'ARCADIA_GATEWAY_BACKLOG_MAX',
    purpose: 'how many gateway events of one source may wait to be interpreted; beyond it they are answered with 429',
    allowed: 'a whole number from 1 to 100000000',
    schema: matching(/^\d{1,9}$/)
      .transform((text) => parseInt(text, 10))
      .refine((count) => count >= 1 && count <= 100_000_000),
    fallback: () => 1_000_000,
  },
});
