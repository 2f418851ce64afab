import { z } from 'zod';
import { dayOut, decimalOut, slug } from '../platform/declare/schemas.ts';

// What is published to endpoints. A message is thin: ids, what a receiver decides by, and the path at which the rest is read.

const path = z
  .string()
  .regex(/^\/api\/v1\//)
  .meta({ description: 'Where the API has the rest', examples: ['/api/v1/invoices/12'] });

const month = z
  .string()
  .regex(/^\d{4}-\d{2}$/)
  .meta({ description: 'A UTC calendar month', examples: ['2026-05'] });
const customer = z.string().meta({ description: "The customer's external id", examples: ['acme'] });

/** Which invoice, and whose. */
const whose = {
  invoiceId: z.int(),
  number: z.string().meta({ examples: ['INV-0012'] }),
  customer,
  month,
  currency: z.string().meta({ description: 'ISO 4217', examples: ['USD'] }),
};
const issued = { ...whose, total: decimalOut, path };

const findings = {
  findings: z.int().meta({ description: 'How many: of more than a hundred at once there is one message' }),
  finding: z.string().nullable().meta({ description: 'null: many' }),
  category: z.string().nullable(),
  rule: z.string().nullable(),
  severity: z.string().nullable(),
  path,
};

interface WebhookType<Data extends z.ZodObject = z.ZodObject> {
  /** When it is sent. */
  readonly describes: string;
  /** Whether a customer's own endpoint may have it, of what is theirs. */
  readonly forCustomers: boolean;
  readonly data: Data;
}

function declareType<Data extends z.ZodObject>(type: WebhookType<Data>): WebhookType<Data> {
  return type;
}

export const webhookTypes = {
  'invoice.issued': declareType({
    describes: 'An invoice was issued',
    forCustomers: true,
    data: z.object({ ...issued, dueOn: dayOut.meta({ description: 'When it is to be paid' }) }),
  }),
  'invoice.corrected': declareType({
    describes: 'A credit note was issued: it cancels an invoice, wholly or in part',
    forCustomers: true,
    data: z.object({
      ...issued,
      credits: z.string().nullable().meta({ description: 'The number of the invoice that it cancels' }),
    }),
  }),
  'invoice.payment_changed': declareType({
    describes: 'A payment of an invoice, or something given back, was recorded; that it becomes overdue is no message',
    forCustomers: true,
    data: z.object({
      ...whose,
      paymentState: z.enum(['open', 'part_paid', 'paid', 'overdue', 'credit']).nullable(),
      owed: decimalOut.meta({ description: 'Its total less what was credited' }),
      paid: decimalOut,
      balance: decimalOut.meta({ description: "What is left to pay; below zero: in the customer's favour" }),
      path,
    }),
  }),
  'day.metered': declareType({
    describes: 'Usage of a UTC day was metered, or changed',
    forCustomers: false,
    data: z.object({
      day: dayOut,
      cause: z.string().meta({ examples: ['first'] }),
      inserted: z.int(),
      changed: z.int(),
      deleted: z.int(),
    }),
  }),
  'alert.fired': declareType({
    describes: 'A threshold was reached: once for an alert, a deployment and a month',
    forCustomers: true,
    data: z.object({
      alertId: z.int(),
      deployment: slug,
      month,
      kind: z.string().nullable().meta({ description: 'A meter; null: the amount of the month' }),
      basis: z.enum(['to_date', 'forecast']),
      value: decimalOut,
      threshold: decimalOut,
      unit: z.string().meta({ description: '%, a currency, or the meter whose units they are' }),
      path,
    }),
  }),
  'drift.found': declareType({
    describes: 'Something differs from what was declared, or is exposed, unprotected, idle or orphaned',
    forCustomers: false,
    data: z.object(findings),
  }),
  'drift.resolved': declareType({
    describes: 'What was found agrees again, is gone, or is not declared any more',
    forCustomers: false,
    data: z.object(findings),
  }),
  'rollout.ended': declareType({
    describes: 'A rollout was done, failed, was cancelled or undone; or it is held until a person has looked',
    forCustomers: false,
    data: z.object({
      rollout: z.int(),
      deployment: slug,
      state: z.enum(['held', 'done', 'failed', 'cancelled', 'undone']),
      reason: z.string().nullable(),
      path,
    }),
  }),
  'deployment.changed': declareType({
    describes: 'A deployment was created, renamed, ended or reopened, or its start was moved',
    forCustomers: false,
    data: z.object({ deployment: slug, change: z.enum(['created', 'renamed', 'moved', 'ended', 'reopened']), path }),
  }),
  'gateway.dead': declareType({
    describes:
      'Events of a gateway came that count for nothing as they are, or messages of its queue that hold none; once an hour at most',
    forCustomers: false,
    data: z.object({
      source: slug,
      dead: z.int().meta({ description: 'Its dead letters, all of them' }),
      rejected: z.int().meta({ description: 'Messages of its queue that held no events, all of them' }),
      path,
    }),
  }),
  'gateway.silent': declareType({
    describes: 'No event of a gateway came for as long as it was given: once, until one comes',
    forCustomers: false,
    data: z.object({
      source: slug,
      lastReceivedAt: z.iso.datetime().nullable().meta({ description: 'null: none ever came' }),
      path,
    }),
  }),
  'webhook.test': declareType({
    describes: 'Somebody tests the endpoint',
    forCustomers: true,
    data: z.object({ webhook: slug }),
  }),
} as const satisfies Readonly<Record<string, WebhookType>>;

export type WebhookTypeName = keyof typeof webhookTypes;

/** Those that an endpoint can have; a test is sent whatever it has. */
export type SubscribableType = Exclude<WebhookTypeName, 'webhook.test'>;
export const subscribable: readonly SubscribableType[] = (Object.keys(webhookTypes) as WebhookTypeName[]).filter(
  (type) => type !== 'webhook.test',
);

/** The name of a type that an endpoint can have. */
export const webhookType = z.enum(subscribable as [SubscribableType, ...SubscribableType[]]);

export type WebhookData<Type extends WebhookTypeName> = z.input<(typeof webhookTypes)[Type]['data']>;

/** What the whole body of a message of a type is, as a JSON Schema. */
export function schemaOf(type: WebhookTypeName): Readonly<Record<string, unknown>> {
  const { describes, data } = webhookTypes[type];
  const envelope = z.object({
    type: z.literal(type),
    timestamp: z.iso.datetime().meta({ description: 'When it happened' }),
    sequence: z
      .int()
      .meta({ description: "The endpoint's own count of messages, in the order of their first attempts" }),
    data,
  });
  return { title: type, description: describes, ...z.toJSONSchema(envelope, { io: 'output' }) };
}
