import { z } from 'zod';
import { instantOut, slug } from '../../platform/declare/schemas.ts';
import type { Endpoint } from '../endpoints.ts';

export const webhookOut = z
  .object({
    webhook: slug,
    customer: z.string().nullable().meta({ description: "Whose it is, by the external id; null: the operator's" }),
    url: z.string().meta({ examples: ['https://books.example.com/arcadia'] }),
    types: z.array(z.string()).meta({ examples: [['invoice.issued']] }),
    signature: z.enum(['v1', 'v1a']).meta({ description: 'v1: HMAC-SHA256, v1a: ed25519' }),
    createdAt: instantOut,
    disabledAt: instantOut.nullable().meta({ description: 'Since when nothing is sent to it; null: it is enabled' }),
    disabledReason: z
      .enum(['operator', 'gone', 'failing'])
      .nullable()
      .meta({ description: 'gone: it answered 410. failing: nothing but failures for five days' }),
    pending: z.int().meta({ description: 'Messages that are still to be sent' }),
    failed: z.int().meta({ description: 'Messages that were given up: they can be recovered' }),
  })
  .meta({ id: 'Webhook', description: 'An endpoint that messages are sent to' });

export const secretOut = z.object({
  secret: z
    .string()
    .nullable()
    .meta({ description: 'By which messages are signed. null: shown in the first answer to this Idempotency-Key' }),
  publicKey: z.string().nullable().meta({ description: 'Of v1a: by which messages are verified' }),
});

export function endpointAnswer({ endpointId: _, customerId: __, ...rest }: Endpoint): z.input<typeof webhookOut> {
  return rest;
}
