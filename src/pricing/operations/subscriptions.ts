import { z } from 'zod';
import { assertOwnDeployment } from '../../deployments/index.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, type Operation } from '../../platform/declare/operation.ts';
import { instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import {
  changeSubscription,
  endSubscription,
  pauseSubscription,
  resumeSubscription,
  startSubscription,
  subscriptionHistory,
  subscriptionPage,
} from '../subscriptions.ts';
import { readers, deciders } from './roles.ts';

const subscription = z
  .object({
    deployment: slug,
    plan: slug,
    paused: z.boolean(),
    from: instantOut,
    to: instantOut.nullable().meta({ description: 'null: until it is changed' }),
  })
  .meta({ id: 'Subscription', description: 'What a deployment is on' });

export const listSubscriptions = declareList({
  path: '/subscriptions',
  name: 'subscription list',
  operationId: 'listSubscriptions',
  tag: 'plans',
  summary: 'What each deployment is on at a moment, by its slug',
  roles: readers,
  query: z.object({
    at: instant.optional().meta({ description: 'Another moment than now' }),
    plan: slug.optional(),
    paused: z.boolean().optional(),
  }),
  row: subscription,
  search: { in: 'the deployment and the plan' },
  sort: { by: ['deployment', 'plan', 'from'] },
  total: true,
  run({ db, query, principal, now }, page) {
    const { at = now, ...filter } = query;
    return subscriptionPage(db, at, { ...filter, customerId: principal.customerId ?? undefined }, page);
  },
});

/** More changes than a deployment's plan ever sees. */
const historyMax = 10_000;

export const listSubscriptionHistory = declareList({
  path: '/deployments/:deployment/subscriptions',
  name: 'subscription show',
  operationId: 'listSubscriptionHistory',
  tag: 'plans',
  summary: "A deployment's plans over time, the newest first",
  roles: readers,
  params: z.object({ deployment: slug }),
  row: subscription,
  search: { none: 'one deployment' },
  sort: { none: 'the newest first' },
  total: true,
  async run({ db, params, principal }, page) {
    await assertOwnDeployment(db, params.deployment, principal.customerId);
    return pageOfAll(await subscriptionHistory(db, params.deployment, historyMax), page, ({ from: since }) => [
      -since.epochMilliseconds,
    ]);
  },
});

const from = instant.meta({ description: 'When it begins: the beginning of a UTC day' });

const currency = z
  .string()
  .length(3)
  .optional()
  .meta({ description: "The plan's currency, as you take it to be; a plan in another than the customer's is refused" });

const decision = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('start'), plan: slug, from, currency }),
  z.strictObject({ action: z.literal('change'), plan: slug, from, currency }),
  z.strictObject({
    action: z.literal('pause'),
    from,
    to: instant.nullable().default(null).meta({ description: 'null: until it is resumed' }),
  }),
  z.strictObject({ action: z.literal('resume'), from }),
  z.strictObject({ action: z.literal('end'), from }),
]);

export const decideSubscription = declareOperation({
  method: 'POST',
  path: '/deployments/:deployment/subscription',
  name: 'subscription decide',
  operationId: 'decideSubscription',
  tag: 'plans',
  summary: "Start, change, pause, resume or end a deployment's subscription",
  description: 'Days long past may be given: what was issued for them is then to be corrected.',
  roles: deciders,
  params: z.object({ deployment: slug }),
  body: decision,
  response: z.object({ changed: z.boolean().meta({ description: 'false: it was so already' }) }),
  run({ db, params, body, principal, now }) {
    const asked = { ...params, ...body };
    switch (asked.action) {
      case 'start':
        return startSubscription(db, asked, principal.subject, now);
      case 'change':
        return changeSubscription(db, asked, principal.subject, now);
      case 'pause':
        return pauseSubscription(db, asked, principal.subject, now);
      case 'resume':
        return resumeSubscription(db, asked, principal.subject, now);
      case 'end':
        return endSubscription(db, asked, principal.subject, now);
    }
  },
});

export const subscriptionOperations: readonly Operation[] = [
  listSubscriptions,
  listSubscriptionHistory,
  decideSubscription,
];
