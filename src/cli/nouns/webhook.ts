import { addWebhook } from '../../flows/operations/webhooks.ts';
import {
  disableWebhook,
  enableWebhook,
  getWebhook,
  listWebhookAttempts,
  listWebhooks,
  listWebhookTypes,
  recoverWebhook,
  removeWebhook,
  rotateWebhook,
  testWebhook,
} from '../../webhooks/operations/webhooks.ts';
import { type Column, count, fields, moment, plural } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Webhook = RowOf<typeof listWebhooks>;
type Detail = AnswerOf<typeof getWebhook>;
type Attempt = RowOf<typeof listWebhookAttempts>;
type Type = RowOf<typeof listWebhookTypes>;
type Secret = Pick<AnswerOf<typeof addWebhook>, 'secret' | 'publicKey'>;

const reasons: Record<NonNullable<Webhook['disabledReason']>, string> = {
  operator: 'disabled',
  gone: 'disabled: answered 410',
  failing: 'disabled: failed for five days',
};

function stateOf({ disabledReason }: Webhook): string {
  return disabledReason === null ? 'enabled' : reasons[disabledReason];
}

const webhookColumns: readonly Column<Webhook>[] = [
  { header: 'webhook', value: (row) => row.webhook },
  { header: 'customer', value: (row) => row.customer },
  { header: 'url', value: (row) => row.url },
  { header: 'types', value: (row) => row.types.join(', ') },
  { header: 'state', value: stateOf },
  { header: 'pending', value: (row) => count(row.pending), align: 'right' },
  { header: 'failed', value: (row) => count(row.failed), align: 'right' },
];

const attemptColumns: readonly Column<Attempt>[] = [
  { header: 'attempted (utc)', value: (row) => moment(row.attemptedAt) },
  { header: 'type', value: (row) => row.type },
  { header: 'message', value: (row) => row.webhookId },
  { header: 'status', value: (row) => (row.status === null ? null : String(row.status)), align: 'right' },
  { header: 'ms', value: (row) => String(row.ms), align: 'right' },
  { header: 'error', value: (row) => row.error },
  { header: 'next (utc)', value: (row) => (row.nextAt === null ? null : moment(row.nextAt)) },
];

const typeColumns: readonly Column<Type>[] = [
  { header: 'type', value: (row) => row.type },
  { header: 'sent when', value: (row) => row.describes },
  { header: 'customers', value: (row) => (row.forCustomers ? 'yes' : 'no') },
];

/** What is shown once. */
function secretText({ secret, publicKey }: Secret): string {
  const keys = [
    ['Secret', secret ?? 'shown once already'],
    ...(publicKey === null ? [] : [['Public key', publicKey] as const]),
  ] as const;
  return fields(keys.map(([name, value]) => [name, value]));
}

function detailText(found: Detail): string {
  return fields([
    ['Webhook', found.webhook],
    ['Customer', found.customer],
    ['URL', found.url],
    ['Types', found.types.join(', ')],
    ['Signature', found.signature],
    ['State', stateOf(found)],
    ['Pending', count(found.pending)],
    ['Failed', count(found.failed)],
    ...found.signedBy.map(({ publicKey, from, to }): [string, string] => [
      'Signed by',
      `${publicKey ?? 'a secret'} since ${moment(from)}${to === null ? '' : `, until ${moment(to)}`}`,
    ]),
  ]);
}

export const webhookNoun: Noun = {
  name: 'webhook',
  summary: 'messages to other systems about what happened here',
  description:
    'Endpoints of others to which messages are sent, signed as Standard Webhooks says, until they arrive. See docs/webhooks.md.',
  views: [
    actionView(addWebhook, {
      summary: 'send messages to an address from now on',
      details: `All types are sent unless some are named (arcadia webhook types). With a customer it has messages about
what is theirs alone.`,
      example: `
$ arcadia webhook add books https://books.example.com/arcadia --types invoice.issued --types invoice.corrected
Secret  whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD
Copy it now: it is not shown again.`,
      text: secretText,
      notes: () => ['Copy it now: it is not shown again.'],
    }),
    listView(listWebhooks, {
      summary: 'all webhooks',
      example: `
$ arcadia webhook list
WEBHOOK  CUSTOMER  URL                                TYPES           STATE    PENDING  FAILED
books              https://books.example.com/arcadia  invoice.issued  enabled        0       0`,
      columns: webhookColumns,
      empty: 'No webhooks yet. Add one: arcadia webhook add --help',
    }),
    actionView(getWebhook, {
      summary: 'one webhook, and by what its messages are signed',
      example: `
$ arcadia webhook show books
Webhook    books
URL        https://books.example.com/arcadia
Types      invoice.issued
Signature  v1
State      enabled
Pending    0
Failed     0
Signed by  a secret since 2026-06-11 06:00:00Z`,
      text: detailText,
    }),
    actionView(rotateWebhook, {
      summary: 'create a new secret; both sign for 24 hours',
      example: `
$ arcadia webhook rotate books
Secret  whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw
Copy it now: it is not shown again. The one before it signs as well until 2026-06-12 06:00:00Z.`,
      text: secretText,
      notes: ({ overlapsUntil }) => [
        `Copy it now: it is not shown again. The one before it signs as well until ${moment(overlapsUntil)}.`,
      ],
    }),
    actionView(testWebhook, {
      summary: 'send a message of type webhook.test',
      example: `
$ arcadia webhook test books
Message msg_0d8f1f6ac7f24a54a4b4c1d2e7a0b9c3 will be sent. See: arcadia webhook attempts books`,
      text: ({ webhookId }, { input }) =>
        `Message ${webhookId} will be sent. See: arcadia webhook attempts ${String(input.params.webhook)}`,
    }),
    listView(listWebhookAttempts, {
      summary: 'what came of each attempt, the newest first',
      example: `
$ arcadia webhook attempts books --failed
ATTEMPTED (UTC)       TYPE            MESSAGE                               STATUS   MS  ERROR         NEXT (UTC)
2026-06-11 06:00:01Z  invoice.issued  msg_0d8f1f6ac7f24a54a4b4c1d2e7a0b9c3     503  112  answered 503  2026-06-11 06:00:06Z`,
      columns: attemptColumns,
      empty: 'No attempts.',
    }),
    actionView(recoverWebhook, {
      summary: 'send again what failed or was never sent',
      details: 'Messages keep their ids: a receiver that has one ignores it. They are kept for 30 days.',
      example: `
$ arcadia webhook recover books --from 2026-06-09T00:00:00Z
17 messages will be sent.`,
      text: ({ messages }) => `${plural(messages, 'message')} will be sent.`,
    }),
    actionView(disableWebhook, {
      summary: 'send nothing to it any more',
      example: `
$ arcadia webhook disable books
Webhook books is disabled.`,
      text: (_, { input }) => `Webhook ${String(input.params.webhook)} is disabled.`,
    }),
    actionView(enableWebhook, {
      summary: 'send to it again, first what waits',
      example: `
$ arcadia webhook enable books
Webhook books is enabled.`,
      text: (_, { input }) => `Webhook ${String(input.params.webhook)} is enabled.`,
    }),
    actionView(removeWebhook, {
      summary: 'remove it, its secrets and its log',
      example: `
$ arcadia webhook remove books --yes
Webhook books removed.`,
      text: (_, { input }) => `Webhook ${String(input.params.webhook)} removed.`,
    }),
    listView(listWebhookTypes, {
      summary: 'the types of messages; with --json their schemas',
      example: `
$ arcadia webhook types
TYPE               SENT WHEN                                CUSTOMERS
invoice.corrected  A credit note was issued: it takes ...   yes
invoice.issued     An invoice was issued                    yes`,
      columns: typeColumns,
    }),
  ],
};
