import { z } from 'zod';
import { declareList, declareOperation, type Operation, type Role, staff } from '../../platform/declare/operation.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import * as endpoints from '../endpoints.ts';
import { sendSoon } from '../messages.ts';
import { sealingKey } from '../secret-key.ts';
import { schemaOf, type WebhookTypeName, webhookTypes } from '../types.ts';
import { endpointAnswer, secretOut, webhookOut } from './webhook-out.ts';

const readers: readonly Role[] = [...staff, 'customer'];
const deciders: readonly Role[] = ['owner', 'operator'];

const which = z.object({ webhook: slug });
const changed = z.object({ changed: z.boolean().meta({ description: 'false: it was so already' }) });

export const listWebhooks = declareList({
  path: '/webhooks',
  name: 'webhook list',
  operationId: 'listWebhooks',
  tag: 'webhooks',
  summary: 'The endpoints that messages are sent to',
  description: 'A customer sees their own.',
  roles: readers,
  row: webhookOut,
  search: { in: 'the slug, the customer and the address' },
  sort: { by: ['webhook', 'customer', 'createdAt'] },
  total: true,
  async run({ db, principal }, page) {
    const rows = (await endpoints.listEndpoints(db, principal.customerId)).map(endpointAnswer);
    return pageOfAll(rows, page, (row) => [row.webhook], {
      texts: (row) => [row.webhook, row.customer, row.url],
      sorts: { customer: (row) => row.customer, createdAt: (row) => row.createdAt },
    });
  },
});

export const getWebhook = declareOperation({
  method: 'GET',
  path: '/webhooks/:webhook',
  name: 'webhook show',
  operationId: 'getWebhook',
  tag: 'webhooks',
  summary: 'One endpoint, and by what its messages are signed',
  roles: readers,
  params: which,
  response: webhookOut.extend({
    signedBy: z
      .array(
        z.object({
          publicKey: z
            .string()
            .nullable()
            .meta({ description: 'Of v1a; null: of v1, whose secret is not shown again' }),
          from: instantOut,
          to: instantOut.nullable().meta({ description: 'null: until it is rotated' }),
        }),
      )
      .readonly(),
  }),
  async run({ db, params, principal, now }) {
    const found = await endpoints.getEndpoint(db, params.webhook, principal.customerId);
    return { ...endpointAnswer(found), signedBy: await endpoints.signingKeys(db, found.endpointId, now) };
  },
});

export const rotateWebhook = declareOperation({
  method: 'POST',
  path: '/webhooks/:webhook/rotate',
  name: 'webhook rotate',
  operationId: 'rotateWebhook',
  tag: 'webhooks',
  summary: 'Give an endpoint a new secret; the one before it signs as well for 24 hours',
  description: 'The secret is in this answer and never again.',
  shownOnce: ['secret'],
  roles: deciders,
  params: which,
  response: secretOut.extend({
    webhook: slug,
    overlapsUntil: instantOut.meta({ description: 'Until then messages are signed by both' }),
  }),
  async run({ db, params, config, now }) {
    const { key, overlapsUntil } = await endpoints.rotateSecret(db, params.webhook, {
      key: await sealingKey(db, config, now),
      now,
    });
    return { ...key, ...params, overlapsUntil };
  },
});

export const testWebhook = declareOperation({
  method: 'POST',
  path: '/webhooks/:webhook/test',
  name: 'webhook test',
  operationId: 'testWebhook',
  tag: 'webhooks',
  summary: 'Send a message of type webhook.test to an endpoint',
  description: 'As any message is sent: what comes of it is in its attempts.',
  roles: deciders,
  params: which,
  response: z.object({ webhookId: z.string().meta({ description: 'The header webhook-id of the message' }) }),
  status: 202,
  async run({ db, params, now, enqueue }) {
    const webhookId = await endpoints.testEndpoint(db, params.webhook, now);
    await sendSoon({ db, enqueue });
    return { webhookId };
  },
});

export const recoverWebhook = declareOperation({
  method: 'POST',
  path: '/webhooks/:webhook/recover',
  name: 'webhook recover',
  operationId: 'recoverWebhook',
  tag: 'webhooks',
  summary: 'Send messages again that failed since a moment, or were never sent',
  description:
    'Those that were written while it was disabled among them. Each keeps its id, so that a receiver that has it ignores ' +
    'it. Messages are kept for 30 days.',
  roles: deciders,
  params: which,
  body: z.strictObject({ from: instant }).meta({ examples: [{ from: '2026-05-01T00:00:00Z' }] }),
  response: z.object({ messages: z.int().meta({ description: 'How many will be sent' }) }),
  async run({ db, params, body, now, enqueue }) {
    const messages = await endpoints.recoverMessages(db, params.webhook, body.from, now);
    await sendSoon({ db, enqueue });
    return { messages };
  },
});

export const disableWebhook = declareOperation({
  method: 'POST',
  path: '/webhooks/:webhook/disable',
  name: 'webhook disable',
  operationId: 'disableWebhook',
  tag: 'webhooks',
  summary: 'Send nothing to an endpoint any more',
  description: 'What waits is kept; what is written meanwhile can be recovered.',
  roles: deciders,
  params: which,
  response: changed,
  run: async ({ db, params, now }) => ({ changed: await endpoints.disableEndpoint(db, params.webhook, now) }),
});

export const enableWebhook = declareOperation({
  method: 'POST',
  path: '/webhooks/:webhook/enable',
  name: 'webhook enable',
  operationId: 'enableWebhook',
  tag: 'webhooks',
  summary: 'Send to an endpoint again, first what waits',
  roles: deciders,
  params: which,
  response: changed,
  async run({ db, params, now, enqueue }) {
    const isNew = await endpoints.enableEndpoint(db, params.webhook, now);
    await sendSoon({ db, enqueue });
    return { changed: isNew };
  },
});

export const removeWebhook = declareOperation({
  method: 'DELETE',
  path: '/webhooks/:webhook',
  name: 'webhook remove',
  operationId: 'removeWebhook',
  tag: 'webhooks',
  summary: 'Remove an endpoint, its secrets and its log',
  command: { confirm: 'Remove {webhook}, its secrets and its log? What waits to be sent to it is lost.' },
  roles: deciders,
  params: which,
  run: ({ db, params }) => endpoints.removeEndpoint(db, params.webhook),
});

export const listWebhookAttempts = declareList({
  path: '/webhooks/:webhook/attempts',
  name: 'webhook attempts',
  operationId: 'listWebhookAttempts',
  tag: 'webhooks',
  summary: 'What came of each attempt to send to an endpoint, the newest first',
  description: 'Kept for 30 days. A customer sees their own, without what was answered.',
  roles: readers,
  params: which,
  query: z.object({
    failed: z.boolean().optional().meta({ description: 'Only those that failed, or only the others' }),
  }),
  row: z
    .object({
      attemptId: z.int(),
      webhookId: z.string().meta({ description: 'The header webhook-id, the same over all attempts' }),
      type: z.string().meta({ examples: ['invoice.issued'] }),
      sequence: z.int(),
      attemptedAt: instantOut,
      ms: z.int().meta({ description: 'How long it took' }),
      status: z.int().nullable().meta({ description: 'null: there was no answer' }),
      error: z.string().nullable().meta({ description: 'null: it was received' }),
      nextAt: instantOut.nullable().meta({ description: 'When the message is sent again; null: it is not' }),
      answer: z.string().nullable().meta({ description: 'The first KiB of what was answered; not shown to customers' }),
    })
    .meta({ id: 'WebhookAttempt', description: 'One attempt to send a message to an endpoint' }),
  search: { in: 'the id of the message and its type' },
  sort: { none: 'the newest first, as it is indexed' },
  total: true,
  run: ({ db, params, query, principal }, page) =>
    endpoints.attemptPage(
      db,
      params.webhook,
      { ...query, customerId: principal.customerId },
      { ...page, order: 'desc' },
    ),
});

export const listWebhookTypes = declareList({
  path: '/webhook-types',
  name: 'webhook types',
  operationId: 'listWebhookTypes',
  tag: 'webhooks',
  summary: 'The types of messages, each with the JSON Schema of its body',
  roles: readers,
  row: z
    .object({
      type: z.string().meta({ examples: ['invoice.issued'] }),
      describes: z.string(),
      forCustomers: z.boolean().meta({ description: "Whether a customer's own endpoint may have it" }),
      schema: z.record(z.string(), z.unknown()),
    })
    .meta({ id: 'WebhookType', description: 'What is published to endpoints' }),
  search: { in: 'the type and what it describes' },
  sort: { by: ['type'] },
  total: true,
  async run({ principal }, page) {
    const types = (Object.keys(webhookTypes) as WebhookTypeName[])
      .map((type) => ({ type, ...webhookTypes[type], schema: schemaOf(type) }))
      .filter(({ forCustomers }) => forCustomers || principal.role !== 'customer');
    return pageOfAll(types, page, ({ type }) => [type], { texts: ({ type, describes }) => [type, describes] });
  },
});

export const webhookOperations: readonly Operation[] = [
  listWebhooks,
  getWebhook,
  rotateWebhook,
  testWebhook,
  recoverWebhook,
  disableWebhook,
  enableWebhook,
  removeWebhook,
  listWebhookAttempts,
  listWebhookTypes,
];
