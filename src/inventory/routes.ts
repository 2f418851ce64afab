import { z } from 'zod';
import { openProvider } from '../cloud/open.ts';
import { pageOf, pageOfAll } from '../platform/declare/pages.ts';
import { declareList, declareOperation, type Operation, staff } from '../platform/declare/operation.ts';
import { instant, instantOut, line, slug } from '../platform/declare/schemas.ts';
import { loadSecretKey } from '../platform/secrets/secret-key.ts';
import { type Account, checkAccount, connectAccount, getAccount, listAccounts, openAccount } from './accounts.ts';
import type { InventoryJobs } from './jobs.ts';
import { getResource, listResources, type ResourceHistory } from './resources.ts';
import { listSyncRuns } from './sync.ts';

const account = z
  .object({
    account: slug,
    name: z.string().meta({ examples: ['Acme Ltd'] }),
    provider: z.string().meta({ examples: ['digitalocean'] }),
    apiUrl: z.string().meta({ examples: ['https://api.digitalocean.com'] }),
    providerAccountId: z.string(),
    simulated: z.boolean().meta({ description: 'Of the built-in simulator; then its clock is the clock of all' }),
    connectedAt: instantOut,
    meteredFrom: instantOut.meta({ description: 'Nothing before it is metered' }),
  })
  .meta({ id: 'Account', description: 'Credentials for one provider account, without the secret' });

function accountAnswer({ slug: name, accountId: _, ...rest }: Account): z.input<typeof account> {
  return { account: name, ...rest };
}

const accountParams = z.object({ account: slug });

const listAccountsRoute = declareList({
  path: '/accounts',
  name: 'account list',
  operationId: 'listAccounts',
  tag: 'accounts',
  summary: 'The connected accounts',
  roles: staff,
  row: account,
  async run({ db }, page) {
    return pageOfAll((await listAccounts(db)).map(accountAnswer), page, (item) => [item.account]);
  },
});

const getAccountRoute = declareOperation({
  method: 'GET',
  path: '/accounts/:account',
  name: 'account show',
  operationId: 'getAccount',
  tag: 'accounts',
  summary: 'One account',
  roles: staff,
  params: accountParams,
  response: account,
  async run({ db, params }) {
    return accountAnswer(await getAccount(db, params.account));
  },
});

const connectAccountRoute = declareOperation({
  method: 'POST',
  path: '/accounts',
  name: 'account connect',
  operationId: 'connectAccount',
  tag: 'accounts',
  summary: 'Connect a provider account',
  description:
    'One that is connected gets the new token; of the rest, what is given. The provider is the one of the configuration.',
  roles: ['owner', 'operator'],
  body: z.strictObject({
    token: z
      .string()
      .regex(/^[\x21-\x7e]{1,500}$/, { error: 'is no token' })
      .meta({ description: 'A read-only API token', examples: ['dop_v1_0123456789abcdef'] }),
    account: slug.optional(),
    name: line.optional(),
    meteredFrom: instant.optional(),
    spaces: z
      .strictObject({
        accessKeyId: line,
        secretAccessKey: line,
        regions: z
          .array(z.string().regex(/^[a-z0-9-]{1,30}$/))
          .max(50)
          .default([]),
      })
      .optional()
      .meta({ description: 'A Spaces key, to see the buckets' }),
  }),
  response: account,
  status: 201,
  location: (made) => `/accounts/${made.account}`,
  async prepare({ body, config, signal }) {
    const { token, spaces } = body;
    const endpoint = config.spacesEndpoint === null ? {} : { endpoint: config.spacesEndpoint };
    const credentials = { token, ...(spaces === undefined ? {} : { spaces: { ...spaces, ...endpoint } }) };
    const apiUrl = config.digitaloceanApiUrl;
    const provider = await openProvider('digitalocean', { apiUrl, credentials });
    try {
      return { apiUrl, credentials, provider: provider.name, identity: await provider.identify(signal) };
    } finally {
      await provider.close();
    }
  },
  async run({ db, body, config, now }, { identity, ...rest }) {
    const { account: wanted, name, meteredFrom } = body;
    const request = { slug: wanted, name, meteredFrom, secretKey: loadSecretKey(config), ...rest };
    return accountAnswer(await connectAccount(db, request, identity, now));
  },
});

const hidden = z.array(z.object({ kind: z.string(), hidden: z.int() }));

const checkAccountRoute = declareOperation({
  method: 'GET',
  path: '/accounts/:account/check',
  name: 'account check',
  operationId: 'checkAccount',
  tag: 'accounts',
  summary: "What an account's token may read, and what a missing scope hides",
  description: 'Asks the provider.',
  roles: ['owner', 'operator'],
  params: accountParams,
  response: z.object({
    account: slug,
    name: z.string().meta({ description: "The account's name at the provider" }),
    scopes: z.array(z.object({ scope: z.string(), granted: z.string(), kinds: z.array(z.string()), hidden })),
    unlisted: hidden.meta({ description: 'Of kinds that need credentials of their own: what projects show of them' }),
  }),
  async run({ db, params, config, signal }) {
    const found = await getAccount(db, params.account);
    const provider = await openAccount(db, found, loadSecretKey(config));
    try {
      const { identity, scopes, unlisted } = await checkAccount(db, found, provider, signal);
      return {
        account: found.slug,
        name: identity.name,
        scopes: scopes.map((scope) => ({ ...scope, kinds: [...scope.kinds], hidden: [...scope.hidden] })),
        unlisted: [...unlisted],
      };
    } finally {
      await provider.close();
    }
  },
});

const syncRunRow = z
  .object({
    syncRunId: z.int(),
    account: slug,
    kind: z.string().meta({ examples: ['droplet'] }),
    startedAt: instantOut,
    finishedAt: instantOut.nullable(),
    outcome: z.enum(['running', 'complete', 'partial', 'failed']),
    reason: z.string().nullable(),
    seen: z.int(),
    new: z.int(),
    changed: z.int(),
    ended: z.int(),
    requests: z.int(),
  })
  .meta({ id: 'SyncRun', description: 'One reading of one kind. Only a complete one ends a resource' });

const listSyncRunsRoute = declareList({
  path: '/sync-runs',
  name: 'sync runs',
  operationId: 'listSyncRuns',
  tag: 'accounts',
  summary: 'What syncs read, newest first',
  roles: staff,
  query: z.object({
    account: slug.optional(),
    kind: line.optional().meta({ examples: ['droplet'] }),
    outcome: z.enum(['running', 'complete', 'partial', 'failed']).optional(),
  }),
  row: syncRunRow,
  async run({ db, query }, { limit, cursor }) {
    const before = cursor === null ? null : Number(cursor);
    const rows = await listSyncRuns(db, query, { limit: limit + 1, before });
    return pageOf(rows, limit, (last) => String(last.syncRunId));
  },
});

const resourceRow = z
  .object({
    resourceId: z.int().meta({ examples: [17] }),
    account: slug,
    kind: z.string().meta({ examples: ['droplet'] }),
    externalId: z.string().meta({ description: "The provider's id", examples: ['3164494'] }),
    urn: z.string().nullable(),
    name: z.string().meta({ examples: ['acme-web'] }),
    status: z.string().meta({ description: "The provider's word", examples: ['active'] }),
    region: z.string().nullable(),
    tags: z.array(z.string()),
    parents: z.array(z.string()).meta({ description: 'As kind:external_id', examples: [['droplet:3164494']] }),
    attributes: z.record(z.string(), z.unknown()).meta({ description: 'Facts that billing reads' }),
    project: z.string().nullable().meta({ description: "The provider's id of the project that holds it" }),
    since: instantOut.meta({ description: 'Since when all of this is so' }),
  })
  .meta({ id: 'Resource', description: 'One thing that the provider lists, as it was at one moment' });

export const listResourcesRoute = declareList({
  path: '/resources',
  name: 'resource list',
  operationId: 'listResources',
  tag: 'resources',
  summary: 'What lives, or lived at another moment',
  roles: staff,
  query: z.object({
    kind: line.optional().meta({ description: 'Only this kind', examples: ['droplet'] }),
    account: slug.optional(),
    at: instant.optional().meta({ description: 'As it was then; now unless given' }),
  }),
  row: resourceRow,
  async run({ db, query, now }, { limit, cursor }) {
    const { kind, account: of, at = now } = query;
    const { items, nextCursor } = await listResources(db, {
      kind,
      account: of,
      at,
      limit,
      cursor: cursor ?? undefined,
    });
    return { items: items.map(({ validFrom, ...rest }) => ({ ...rest, since: validFrom })), nextCursor };
  },
});

const provenance = {
  from: instantOut,
  to: instantOut.nullable().meta({ description: 'null: still so' }),
  recordedAt: instantOut.meta({ description: 'When we knew' }),
  source: z.enum(['listing', 'action', 'operator', 'assumed']),
  syncRunId: z.int().nullable(),
  recordedBy: z.string().nullable(),
};

const resourceHistory = z
  .object({
    resourceId: z.int().meta({ examples: [17] }),
    account: slug,
    kind: z.string().meta({ examples: ['droplet'] }),
    externalId: z.string(),
    urn: z.string().nullable(),
    createdAt: instantOut.nullable().meta({ description: 'By the provider' }),
    firstSeenAt: instantOut,
    states: z.array(
      z.object({
        ...provenance,
        name: z.string(),
        status: z.string(),
        region: z.string().nullable(),
        tags: z.array(z.string()),
        parents: z.array(z.string()),
        attributes: z.record(z.string(), z.unknown()),
      }),
    ),
    memberships: z
      .array(z.object({ ...provenance, project: z.string() }))
      .meta({ description: 'Projects that held it' }),
  })
  .meta({ id: 'ResourceHistory', description: 'One resource: what it was when, and how we know' });

function historyAnswer({ states, memberships, ...identity }: ResourceHistory): z.input<typeof resourceHistory> {
  const named = <Interval extends { validFrom: Temporal.Instant; validTo: Temporal.Instant | null }>({
    validFrom,
    validTo,
    ...rest
  }: Interval) => ({ from: validFrom, to: validTo, ...rest });
  return { ...identity, states: states.map(named), memberships: memberships.map(named) };
}

export const getResourceRoute = declareOperation({
  method: 'GET',
  path: '/resources/:resource',
  name: 'resource show',
  operationId: 'getResource',
  tag: 'resources',
  summary: 'One resource: what it was when, and how we know',
  roles: staff,
  params: z.object({
    resource: z
      .string()
      .min(1)
      .max(300)
      .meta({ description: "Our id, a URN, or `kind:provider's-id`", examples: ['17'] }),
  }),
  response: resourceHistory,
  async run({ db, params }) {
    return historyAnswer(await getResource(db, params.resource));
  },
});

/** The routes of the inventory. `jobs` are what a sync that somebody asks for enqueues. */
export function inventoryRoutes(jobs: InventoryJobs): readonly Operation[] {
  const syncAccountRoute = declareOperation({
    method: 'POST',
    path: '/accounts/:account/sync',
    name: 'account sync',
    operationId: 'syncAccount',
    tag: 'accounts',
    summary: 'Read all of an account now',
    description:
      'Enqueues the jobs that do; what waits or runs already is not enqueued twice. See them under jobs and sync-runs.',
    roles: ['owner', 'operator'],
    params: accountParams,
    response: z.object({ account: slug, jobs: z.array(z.string()).meta({ examples: [['sync_projects']] }) }),
    status: 202,
    async run({ db, params, enqueue }) {
      const { slug: name } = await getAccount(db, params.account);
      await db.transaction().execute(async (trx) => {
        for (const job of jobs.ofAccount) await enqueue(trx, job, { account: name });
      });
      return { account: name, jobs: jobs.ofAccount.map((job) => job.name) };
    },
  });
  return [
    listAccountsRoute,
    getAccountRoute,
    connectAccountRoute,
    checkAccountRoute,
    syncAccountRoute,
    listSyncRunsRoute,
    listResourcesRoute,
    getResourceRoute,
  ];
}
