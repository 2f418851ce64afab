import { z } from 'zod';
import { pageOf } from '../../platform/declare/pages.ts';
import {
  declareList,
  declareOperation,
  type Principal,
  staff,
  type Operation,
} from '../../platform/declare/operation.ts';
import { currency, instant, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import { cursorOf } from '../../platform/database/keyset.ts';
import { sendSoon } from '../../webhooks/index.ts';
import * as deployments from '../deployments.ts';
import { countOwnedNow, selectOwnedNow } from '../owned-now.store.ts';
import type { Deployment, Whose } from '../deployments.ts';
import { attributeJob } from '../jobs.ts';
import { followUp } from './follow-up.ts';
import { externalId } from '../schemas.ts';

/** A customer asks for their own alone; to everybody else there is no limit. */
function whose({ customerId }: Principal): Whose {
  return customerId === null ? {} : { customerId };
}

const deployment = z
  .object({
    deployment: slug,
    name: z.string().meta({ examples: ['Acme shop'] }),
    customer: externalId.nullable().meta({ description: 'null: unattributed, which is not billed' }),
    customerName: z.string().nullable(),
    currency: currency.nullable(),
    startsAt: instantOut.nullable().meta({ description: 'Nothing before it is metered for it' }),
    endsAt: instantOut.nullable().meta({ description: 'Nothing from it on is billed; null: it has no end' }),
  })
  .meta({ id: 'Deployment', description: "A customer's running system" });

function deploymentAnswer(row: Deployment): z.input<typeof deployment> {
  const { slug: name, customerExternalId, ...rest } = row;
  return { ...rest, deployment: name, customer: customerExternalId };
}

const deploymentParams = z.object({ deployment: slug });

export const listDeployments = declareList({
  path: '/deployments',
  name: 'deployment list',
  operationId: 'listDeployments',
  tag: 'deployments',
  summary: 'Deployments, by their slug',
  roles: [...staff, 'customer'],
  query: z.object({ customer: externalId.optional().meta({ description: "Only that customer's" }) }),
  row: deployment,
  search: { in: "the slug, the name, and the customer's id and name" },
  sort: { by: ['deployment', 'name', 'customer', 'customerName', 'startsAt', 'endsAt'] },
  total: true,
  async run({ db, query, principal }, page) {
    const { items, ...rest } = await deployments.deploymentPage(db, { ...query, ...whose(principal) }, page);
    return { items: items.map(deploymentAnswer), ...rest };
  },
});

export const getDeployment = declareOperation({
  method: 'GET',
  path: '/deployments/:deployment',
  name: 'deployment show',
  operationId: 'getDeployment',
  tag: 'deployments',
  summary: 'One deployment',
  roles: [...staff, 'customer'],
  params: deploymentParams,
  response: deployment,
  async run({ db, params, principal }) {
    return deploymentAnswer(await deployments.findDeployment(db, params.deployment, whose(principal)));
  },
});

export const createDeployment = declareOperation({
  method: 'POST',
  path: '/deployments',
  name: 'deployment create',
  operationId: 'createDeployment',
  tag: 'deployments',
  summary: "Create a customer's deployment",
  command: { positional: ['deployment'] },
  description: 'Then give it what it owns, with rules or assignments.',
  roles: ['owner', 'operator'],
  body: z.strictObject({
    deployment: slug,
    customer: externalId,
    name: line.optional().meta({ description: 'The slug unless given' }),
    startsAt: instant.optional().meta({ description: 'Now unless given' }),
  }),
  response: deployment,
  status: 201,
  location: (made) => `/deployments/${made.deployment}`,
  followedBy: [attributeJob],
  async run(call) {
    const { deployment: name, customer: of, startsAt = call.now } = call.body;
    const made = await deployments.createDeployment(
      call.db,
      { slug: name, name: call.body.name ?? name, customer: of, startsAt },
      call.now,
    );
    await followUp(call);
    await sendSoon(call);
    return deploymentAnswer(made);
  },
});

export const updateDeployment = declareOperation({
  method: 'PATCH',
  path: '/deployments/:deployment',
  name: 'deployment set',
  operationId: 'updateDeployment',
  tag: 'deployments',
  summary: 'Rename a deployment, or move its start',
  description:
    'Omitted fields keep their value. Usage between the old start and the new one is metered again. The slug stays.',
  roles: ['owner', 'operator'],
  params: deploymentParams,
  body: z
    .strictObject({ name: line.optional(), startsAt: instant.optional() })
    .refine(({ name, startsAt }) => name !== undefined || startsAt !== undefined, {
      error: 'must say what changes: name or startsAt',
    })
    .meta({ examples: [{ name: 'Acme shop' }] }),
  response: deployment,
  edits: getDeployment,
  async run({ db, params, body, now, enqueue }) {
    const { name, startsAt } = body;
    if (name !== undefined) await deployments.renameDeployment(db, params.deployment, name, now);
    if (startsAt !== undefined) await deployments.setDeploymentStart(db, params.deployment, startsAt, now);
    await sendSoon({ db, enqueue });
    return deploymentAnswer(await deployments.findDeployment(db, params.deployment));
  },
});

export const listOwnership = declareList({
  path: '/deployments/:deployment/ownership',
  name: 'deployment ownership',
  operationId: 'listOwnership',
  tag: 'deployments',
  summary: 'What a deployment owned when, newest first',
  roles: [...staff, 'customer'],
  params: deploymentParams,
  row: z
    .object({
      resourceId: z.int().meta({ examples: [17] }),
      account: slug,
      kind: z.string().meta({ examples: ['droplet'] }),
      externalId: z.string(),
      name: z.string().nullable().meta({ description: 'null: the sync runs that showed it were reverted' }),
      from: instantOut,
      to: instantOut.nullable().meta({ description: 'null: still so' }),
      weight: z.int().meta({ description: 'Of weightTotal: the share', examples: [1] }),
      weightTotal: z.int().meta({ examples: [1] }),
      rule: z
        .string()
        .nullable()
        .meta({ description: 'The source; not shown to customers', examples: ['project'] }),
    })
    .meta({ id: 'Ownership', description: 'An interval in which a deployment owned a resource, or a share of it' }),
  search: { none: 'one deployment: resource list --owner looks through what it owns' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'years of intervals' },
  async run({ db, params, principal }, { limit, cursor }) {
    const [from, resourceId] = cursor?.split(' ') ?? [];
    const after = from === undefined ? null : { from: Temporal.Instant.from(from), resourceId: Number(resourceId) };
    const rows = await deployments.listOwned(db, params.deployment, { limit: limit + 1, after }, whose(principal));
    return pageOf(rows, limit, (last) => `${last.from} ${last.resourceId}`);
  },
});

export const listOwnedNow = declareList({
  path: '/owned-resources',
  name: 'deployment resources',
  operationId: 'listOwnedResources',
  tag: 'deployments',
  summary: 'What deployments own now, over all of a customer',
  description: 'A row for each deployment that owns a share. A customer sees their own.',
  roles: [...staff, 'customer'],
  query: z.object({ deployment: slug.optional(), kind: line.optional().meta({ examples: ['droplet'] }) }),
  row: z
    .object({
      deployment: slug,
      deploymentName: z.string(),
      resourceId: z.int(),
      kind: z.string().meta({ examples: ['droplet'] }),
      name: z.string(),
      status: z.string().nullable(),
      from: instantOut.meta({ description: 'Since when it is owned in these shares' }),
      weight: z.int().meta({ description: 'Of weightTotal: the share' }),
      weightTotal: z.int(),
    })
    .meta({ id: 'OwnedResource', description: 'A resource that a deployment owns now, or a share of' }),
  extra: z.object({
    kinds: z
      .array(z.object({ kind: z.string(), resources: z.int() }))
      .readonly()
      .meta({ description: 'How many there are of all that the filters let through' }),
  }),
  search: { in: "the resource's name and the deployment's" },
  sort: { by: ['deployment', 'name', 'kind', 'from'] },
  total: true,
  async run({ db, query, principal: { customerId } }, { q, ...page }) {
    const filter = { ...query, customerId, q };
    const rows = await selectOwnedNow(db, filter, { ...page, limit: page.limit + 1 });
    const kinds = await countOwnedNow(db, filter);
    return {
      ...pageOf(rows, page.limit, cursorOf),
      total: kinds.reduce((sum, { resources }) => sum + resources, 0),
      kinds,
    };
  },
});

export const deploymentOperations: readonly Operation[] = [
  listDeployments,
  getDeployment,
  createDeployment,
  updateDeployment,
  listOwnership,
  listOwnedNow,
];
