import { declareSettings, isLoopback, matching, url } from '../platform/declare/settings.ts';
import { retentionDaysMin } from './prune.ts';

interface GatewaySettings {
  /** Events of one source that may wait to be interpreted; beyond it no more are taken. */
  readonly gatewayBacklogMax: number;
  /** MiB that must be free on the disk of the embedded database; below it no more events are taken. */
  readonly gatewayDiskFreeMin: number;
  /** How long events are kept as they came; null: for ever. */
  readonly gatewayRetentionDays: number | null;
  /** The broker whose queues sources may send through; null: they send over HTTP alone. */
  readonly gatewayAmqpUrl: string | null;
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
  gatewayDiskFreeMin: {
    env: 'ARCADIA_GATEWAY_DISK_FREE_MIN',
    purpose:
      'how many MiB must be free on the disk of the embedded database; below it gateway events are answered with 503. Of another server the disk is not known',
    allowed: 'a whole number of MiB from 0 to 1000000000',
    schema: matching(/^\d{1,10}$/)
      .transform((text) => parseInt(text, 10))
      .refine((mebibytes) => mebibytes <= 1_000_000_000),
    fallback: () => 1_024,
  },
  gatewayRetentionDays: {
    env: 'ARCADIA_GATEWAY_RETENTION_DAYS',
    purpose:
      'how many days gateway events are kept as they came; what they count as stays. Unset, they are kept for ever',
    allowed: `a whole number of days from ${retentionDaysMin} to 36500`,
    schema: matching(/^\d{1,5}$/)
      .transform((text) => parseInt(text, 10))
      .refine((days) => days >= retentionDaysMin && days <= 36_500),
    fallback: () => null,
  },
  gatewayAmqpUrl: {
    env: 'ARCADIA_GATEWAY_AMQP_URL',
    purpose: 'the broker (RabbitMQ, AMQP 1.0) from whose queues servers take gateway events',
    usually: 'none: gateways send over HTTP',
    allowed: 'amqps://user:password@host:port/vhost of RabbitMQ; amqp:// on this machine alone',
    secret: true,
    // A password is sent there: nobody on the way may read it.
    schema: url(/^amqps?:$/).refine((value) => {
      const { protocol, hostname } = new URL(value);
      return protocol === 'amqps:' || isLoopback(hostname);
    }),
    fallback: () => null,
  },
});
