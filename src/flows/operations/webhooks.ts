import { z } from 'zod';
import { externalId, findCustomerId } from '../../deployments/index.ts';
import { declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { slug } from '../../platform/declare/schemas.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { notFound } from '../../platform/errors.ts';
import {
  addEndpoint,
  endpointAnswer,
  type NewEndpoint,
  sealingKey,
  secretOut,
  webhookOut,
  webhooksSettings,
  webhookType,
} from '../../webhooks/index.ts';

export const addWebhook = declareOperation({
  method: 'POST',
  path: '/webhooks',
  name: 'webhook add',
  operationId: 'addWebhook',
  tag: 'webhooks',
  summary: 'Send messages about what happens here to an address',
  description:
    'Of what is written from now on. The secret by which they are signed is in this answer and never again. With a ' +
    'customer it is theirs: it has messages about what is theirs alone, and they see its log.',
  command: { positional: ['webhook', 'url'] },
  shownOnce: ['secret'],
  roles: ['owner', 'operator'],
  body: z
    .strictObject({
      webhook: slug,
      url: z.string().min(1).max(2000).meta({ description: 'An https:// address of the public internet' }),
      types: z.array(webhookType).min(1).max(50).optional().meta({ description: 'All unless given' }),
      customer: externalId.optional(),
      signature: z.enum(['v1', 'v1a']).default('v1').meta({ description: 'v1: HMAC-SHA256, v1a: ed25519' }),
    })
    .meta({ examples: [{ webhook: 'books', url: 'https://books.example.com/arcadia', types: ['invoice.issued'] }] }),
  response: webhookOut.extend(secretOut.shape),
  status: 201,
  location: (added) => `/webhooks/${added.webhook}`,
  async run({ db, body, principal, config, now }) {
    const { customer, types = null, ...wanted } = body;
    const owner = customer === undefined ? null : await ownerOf(db, customer);
    const { webhookNetworks: networks } = webhooksSettings.of(config);
    const adding = { by: principal.subject, now, key: await sealingKey(db, config, now), networks };
    const { endpoint, key } = await addEndpoint(db, { ...wanted, types, owner }, adding);
    return { ...endpointAnswer(endpoint), ...key };
  },
});

async function ownerOf(db: Queryable, customer: string): Promise<NewEndpoint['owner']> {
  const customerId = await findCustomerId(db, customer);
  if (customerId === null) throw notFound('customer', customer);
  return { customerId, customer };
}

export const webhookOperations: readonly Operation[] = [addWebhook];
