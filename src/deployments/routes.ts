import { z } from 'zod';
import { getResource } from '../inventory/resources.ts';
import type { Database } from '../platform/database/database.ts';
import { pageOf, pageOfAll } from '../platform/declare/pages.ts';
import {
  declareList,
  declareOperation,
  type Principal,
  type OperationCall,
  type Operation,
  staff,
} from '../platform/declare/operation.ts';
import { instant, instantOut, line, slug } from '../platform/declare/schemas.ts';
import { assign, unassign } from './assignments.ts';
import { unattributedResources } from './attribution.ts';
import { createCustomer, type Customer, getCustomer, listCustomers } from './customers.ts';
import { declaredRulesSchema } from './declared-rules.ts';
import {
  createDeployment,
  type Deployment,
  findDeployment,
  listDeployments,
  listOwned,
  setDeploymentStart,
  type Whose,
} from './deployments.ts';
import { attributeJob } from './jobs.ts';
import { previewRules } from './preview.ts';
import { applyRules, listRules } from './rules.ts';
import { suggestOwners } from './suggestions.ts';

/** Attributions follow what people decide by a job, in seconds. */
async function followUp({ db, enqueue }: Pick<OperationCall, 'db' | 'enqueue'>): Promise<void> {
  await db.transaction().execute((trx) => enqueue(trx, attributeJob, {}));
}

/** A customer asks for their own alone; to everybody else there is no limit. */
function whose({ customerId }: Principal): Whose {
  return customerId === null ? {} : { customerId };
}

// --- Customers ---

const externalId = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, { error: 'is not 1 to 200 visible characters without blanks' })
  .meta({ description: "arcadia-app's id of a customer", examples: ['c-17'] });
const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, { error: 'is no currency such as USD' })
  .meta({ description: 'ISO 4217', examples: ['USD'] });

const customer = z
  .object({ customer: externalId, name: z.string().meta({ examples: ['Acme Ltd'] }), currency, deployments: z.int() })
  .meta({ id: 'Customer', description: 'Who pays' });

function customerAnswer({ externalId: id, name, currency: code, deployments }: Customer) {
  return { customer: id, name, currency: code, deployments };
}

const listCustomersRoute = declareList({
  path: '/customers',
  name: 'customer list',
  operationId: 'listCustomers',
  tag: 'customers',
  summary: 'All customers, by their id',
  roles: staff,
  row: customer,
  async run({ db }, { limit, cursor }) {
    const rows = await listCustomers(db, { after: cursor ?? undefined, limit: limit + 1 });
    return pageOf(rows.map(customerAnswer), limit, (last) => last.customer);
  },
});

const getCustomerRoute = declareOperation({
  method: 'GET',
  path: '/customers/:customer',
  name: 'customer show',
  operationId: 'getCustomer',
  tag: 'customers',
  summary: 'One customer',
  roles: staff,
  params: z.object({ customer: externalId }),
  response: customer,
  async run({ db, params }) {
    return customerAnswer((await getCustomer(db, params.customer)).customer);
  },
});

const createCustomerRoute = declareOperation({
  method: 'POST',
  path: '/customers',
  name: 'customer create',
  operationId: 'createCustomer',
  tag: 'customers',
  summary: 'Make a customer',
  roles: ['owner', 'operator'],
  body: z.strictObject({ customer: externalId, name: line, currency }),
  response: customer,
  status: 201,
  location: (made) => `/customers/${encodeURIComponent(made.customer)}`,
  async run({ db, body, now }) {
    const { customer: id, ...rest } = body;
    return customerAnswer(await createCustomer(db, { externalId: id, ...rest }, now));
  },
});

// --- Deployments ---

const deployment = z
  .object({
    deployment: slug,
    name: z.string().meta({ examples: ['Acme shop'] }),
    customer: externalId.nullable().meta({ description: 'null: unattributed, which nobody pays for' }),
    customerName: z.string().nullable(),
    currency: currency.nullable(),
    startsAt: instantOut.nullable().meta({ description: 'Nothing before it is metered for it' }),
  })
  .meta({ id: 'Deployment', description: "A customer's running system" });

function deploymentAnswer(row: Deployment): z.input<typeof deployment> {
  const { slug: name, customerExternalId, ...rest } = row;
  return { ...rest, deployment: name, customer: customerExternalId };
}

const deploymentParams = z.object({ deployment: slug });

const listDeploymentsRoute = declareList({
  path: '/deployments',
  name: 'deployment list',
  operationId: 'listDeployments',
  tag: 'deployments',
  summary: 'Deployments, by their slug',
  roles: [...staff, 'customer'],
  query: z.object({ customer: externalId.optional().meta({ description: "Only that customer's" }) }),
  row: deployment,
  async run({ db, query, principal }, { limit, cursor }) {
    const rows = await listDeployments(db, {
      ...query,
      ...whose(principal),
      after: cursor ?? undefined,
      limit: limit + 1,
    });
    return pageOf(rows.map(deploymentAnswer), limit, (last) => last.deployment);
  },
});

const getDeploymentRoute = declareOperation({
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
    return deploymentAnswer(await findDeployment(db, params.deployment, whose(principal)));
  },
});

const createDeploymentRoute = declareOperation({
  method: 'POST',
  path: '/deployments',
  name: 'deployment create',
  operationId: 'createDeployment',
  tag: 'deployments',
  summary: "Make a customer's deployment",
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
  async run(call) {
    const { deployment: name, customer: of, startsAt = call.now } = call.body;
    const made = await createDeployment(
      call.db,
      { slug: name, name: call.body.name ?? name, customer: of, startsAt },
      call.now,
    );
    await followUp(call);
    return deploymentAnswer(made);
  },
});

const updateDeploymentRoute = declareOperation({
  method: 'PATCH',
  path: '/deployments/:deployment',
  name: 'deployment set',
  operationId: 'updateDeployment',
  tag: 'deployments',
  summary: "Move a deployment's start",
  description: 'Usage between the old start and the new one is metered again.',
  roles: ['owner', 'operator'],
  params: deploymentParams,
  body: z.strictObject({ startsAt: instant }),
  response: deployment,
  edits: getDeploymentRoute,
  async run({ db, params, body, now }) {
    await setDeploymentStart(db, params.deployment, body.startsAt, now);
    return deploymentAnswer(await findDeployment(db, params.deployment));
  },
});

const listOwnershipRoute = declareList({
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
      name: z.string(),
      from: instantOut,
      to: instantOut.nullable().meta({ description: 'null: still so' }),
      weight: z.int().meta({ description: 'Of weightTotal: the share', examples: [1] }),
      weightTotal: z.int().meta({ examples: [1] }),
      rule: z
        .string()
        .nullable()
        .meta({ description: 'What said so; never told to customers', examples: ['project'] }),
    })
    .meta({ id: 'Ownership', description: 'An interval in which a deployment owned a resource, or a share of it' }),
  async run({ db, params, principal }, { limit, cursor }) {
    const [from, resourceId] = cursor?.split(' ') ?? [];
    const after = from === undefined ? null : { from: Temporal.Instant.from(from), resourceId: Number(resourceId) };
    const rows = await listOwned(db, params.deployment, { limit: limit + 1, after }, whose(principal));
    return pageOf(rows, limit, (last) => `${last.from} ${last.resourceId}`);
  },
});

// --- Rules ---

const owners = z.array(z.object({ deployment: slug, weight: z.int() }));

const listRulesRoute = declareList({
  path: '/rules',
  name: 'rule list',
  operationId: 'listRules',
  tag: 'rules',
  summary: 'The rules, in the order in which they are tried',
  description: 'A rule that changed over time has several rows.',
  roles: staff,
  row: z
    .object({
      ruleId: z.int(),
      kind: z.enum(['manual', 'project', 'deployment_tag', 'tag', 'name', 'inheritance']),
      position: z.string().meta({ description: 'A decimal: rules are tried by it', examples: ['400'] }),
      project: z.string().nullable().meta({ description: "The provider's id, of a link to a project" }),
      projectName: z.string().nullable(),
      pattern: z
        .string()
        .nullable()
        .meta({ examples: ['acme-*'] }),
      resourceKinds: z.array(z.string()).nullable().meta({ description: 'null: every kind' }),
      origin: z.enum(['built in', 'declared', 'import']),
      owners: owners.nullable().meta({ description: 'null: a built-in rule, which finds the owner itself' }),
      from: instantOut.nullable().meta({ description: 'null: the beginning of history' }),
      to: instantOut.nullable().meta({ description: 'null: no end' }),
    })
    .meta({ id: 'Rule', description: 'What a rule says over an interval' }),
  async run({ db }, page) {
    const rules = (await listRules(db)).map(({ owners: of, ...rule }) => ({
      ...rule,
      owners: of?.map(({ slug: name, weight }) => ({ deployment: name, weight })) ?? null,
    }));
    return pageOfAll(rules, page, (rule) => [Number(rule.position), rule.ruleId, rule.from]);
  },
});

/** As the domain reads a rules file: with its moments as text. */
function asFile({ rules }: z.output<typeof declaredRulesSchema>): unknown {
  return { rules: rules.map(({ from, to, ...rule }) => ({ ...rule, from: from?.toString(), to: to?.toString() })) };
}

const ruleCounts = z.object({ added: z.int(), changed: z.int(), ended: z.int(), unchanged: z.int() });
const rulesBody = declaredRulesSchema.meta({
  description: 'All of your rules: one that is left out ends now',
  examples: [{ rules: [{ name: 'acme-*', deployment: 'acme' }] }],
});
const ownersBeforeAndAfter = z
  .array(z.object({ slug, weight: z.int() }))
  .transform((list) => list.map(({ slug: name, weight }) => ({ deployment: name, weight })))
  .pipe(owners);

const previewRulesRoute = declareOperation({
  method: 'POST',
  path: '/rules/preview',
  name: 'rule preview',
  operationId: 'previewRules',
  tag: 'rules',
  summary: 'What rules would change: which resources, since when, whose they were',
  description: 'Writes nothing.',
  roles: staff,
  query: z.object({
    changesMax: z.int().min(1).max(10_000).default(100).meta({ description: 'How many of the changes to show' }),
  }),
  body: rulesBody,
  asks: true,
  response: z.object({
    rules: ruleCounts,
    resources: z.int().meta({ description: 'How many would change owner' }),
    totals: z.array(z.object({ deployment: slug, gains: z.int(), loses: z.int() })),
    changes: z.array(
      z.object({
        resourceId: z.int(),
        account: slug,
        kind: z.string(),
        externalId: z.string(),
        name: z.string(),
        from: instantOut,
        to: instantOut.nullable(),
        before: ownersBeforeAndAfter,
        after: ownersBeforeAndAfter,
      }),
    ),
    changesTotal: z.int(),
  }),
  run: ({ db, body, query, now }) => previewRules(db, asFile(body), now, { limit: query.changesMax }),
});

const applyRulesRoute = declareOperation({
  method: 'POST',
  path: '/rules/apply',
  name: 'rule apply',
  operationId: 'applyRules',
  tag: 'rules',
  summary: 'Make the rules those that are given, all or nothing',
  description: 'Applying the same again changes nothing. Ownership follows within seconds, by a job.',
  roles: ['owner', 'operator'],
  body: rulesBody,
  response: ruleCounts,
  async run(call) {
    const counts = await applyRules(call.db, asFile(call.body), call.principal.subject, call.now);
    await followUp(call);
    return counts;
  },
});

const listSuggestionsRoute = declareList({
  path: '/rules/suggestions',
  name: 'rule suggest',
  operationId: 'listRuleSuggestions',
  tag: 'rules',
  summary: 'Rules that could own what has no owner',
  description: 'A list to choose from: nothing is applied. The best ones only; there is no next page.',
  roles: staff,
  row: z.object({
    rule: z
      .record(z.string(), z.string())
      .meta({ description: 'Ready to be applied', examples: [{ name: 'acme-*', deployment: 'acme' }] }),
    reason: z.string(),
    deploymentExists: z.boolean(),
    resources: z.int().meta({ description: 'Without an owner, that it would own' }),
  }),
  async run({ db }, { limit }) {
    return { items: await suggestOwners(db, limit), nextCursor: null };
  },
});

// --- By hand ---

const resourceRefs = z
  .array(z.union([z.int().min(1), z.string().min(1).max(300)]))
  .min(1)
  .max(1_000)
  .meta({ description: "Our ids, URNs, or `kind:provider's-id`", examples: [['droplet:3164494']] });

const interval = {
  from: instant.optional().meta({ description: 'The beginning of history unless given' }),
  to: instant.optional().meta({ description: 'Not included; no end unless given' }),
};

const written = z.object({
  resources: z.int(),
  inserted: z.int().meta({ description: 'Intervals that were written' }),
  superseded: z.int().meta({ description: 'Intervals that no longer hold' }),
});

async function resolveResources(db: Database, refs: z.output<typeof resourceRefs>): Promise<number[]> {
  const ids: number[] = [];
  for (const ref of refs) ids.push(typeof ref === 'number' ? ref : (await getResource(db, ref)).resourceId);
  return ids;
}

const assignRoute = declareOperation({
  method: 'POST',
  path: '/assignments',
  name: 'deployment assign',
  operationId: 'assignResources',
  tag: 'rules',
  summary: 'Decide by hand who owns resources, before any rule',
  description: 'Several owners share by their weights. Past days that it changes are metered again.',
  roles: ['owner', 'operator'],
  body: z.strictObject({
    resources: resourceRefs,
    owners: z
      .array(z.strictObject({ deployment: slug, weight: z.int().min(1).max(1_000_000).default(1) }))
      .min(1)
      .max(100),
    ...interval,
  }),
  response: written,
  async run(call) {
    const { resources, owners: shares, from = null, to = null } = call.body;
    const resourceIds = await resolveResources(call.db, resources);
    const assignment = {
      resourceIds,
      owners: shares.map(({ deployment: name, weight }) => ({ slug: name, weight })),
      from,
      to,
    };
    const { inserted, superseded } = await assign(call.db, assignment, call.principal.subject, call.now);
    await followUp(call);
    return { resources: resourceIds.length, inserted, superseded };
  },
});

const unassignRoute = declareOperation({
  method: 'POST',
  path: '/assignments/remove',
  name: 'deployment unassign',
  operationId: 'unassignResources',
  tag: 'rules',
  summary: 'Take assignments by hand back: the rules decide again',
  roles: ['owner', 'operator'],
  body: z.strictObject({ resources: resourceRefs, ...interval }),
  response: written,
  async run(call) {
    const { resources, from = null, to = null } = call.body;
    const resourceIds = await resolveResources(call.db, resources);
    const { inserted, superseded } = await unassign(
      call.db,
      { resourceIds, from, to },
      call.principal.subject,
      call.now,
    );
    await followUp(call);
    return { resources: resourceIds.length, inserted, superseded };
  },
});

const listUnattributedRoute = declareList({
  path: '/unattributed-resources',
  name: 'resource unassigned',
  operationId: 'listUnattributedResources',
  tag: 'rules',
  summary: 'What lives and has no owner',
  roles: staff,
  query: z.object({ at: instant.optional().meta({ description: 'As it was then; now unless given' }) }),
  row: z.object({
    resourceId: z.int(),
    account: slug,
    kind: z.string(),
    externalId: z.string(),
    name: z.string(),
    tags: z.array(z.string()),
    since: instantOut.meta({ description: 'Since when nobody owns it' }),
  }),
  async run({ db, query, now }, { limit, cursor }) {
    const after = cursor === null ? null : afterOf(cursor);
    const { resources } = await unattributedResources(db, query.at ?? now, limit + 1, after);
    return pageOf(resources, limit, ({ kind, name, resourceId }) => JSON.stringify([kind, name, resourceId]));
  },
});

function afterOf(cursor: string): { kind: string; name: string; resourceId: number } {
  const [kind, name, resourceId] = JSON.parse(cursor) as [string, string, number];
  return { kind, name, resourceId };
}

export const deploymentsRoutes: readonly Operation[] = [
  listCustomersRoute,
  getCustomerRoute,
  createCustomerRoute,
  listDeploymentsRoute,
  getDeploymentRoute,
  createDeploymentRoute,
  updateDeploymentRoute,
  listOwnershipRoute,
  listRulesRoute,
  previewRulesRoute,
  applyRulesRoute,
  listSuggestionsRoute,
  assignRoute,
  unassignRoute,
  listUnattributedRoute,
];
