import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { decimalOut, instant, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import { openSecretKey } from '../secret-key.ts';
import * as accounts from '../accounts.ts';
import type { Account } from '../accounts.ts';
import { accountDisconnected, accountSends } from '../errors.ts';
import { syncSizesJob } from '../jobs.ts';
import { inventorySettings } from '../settings.ts';

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
    disconnectedAt: instantOut
      .nullable()
      .meta({ description: 'Since when nothing of it is read, and it has no token; null: it is connected' }),
  })
  .meta({ id: 'Account', description: 'Credentials for one provider account, without the secret' });

function accountAnswer({ slug: name, accountId: _, ...rest }: Account): z.input<typeof account> {
  return { account: name, ...rest };
}

const accountParams = z.object({ account: slug });

export const listAccounts = declareList({
  path: '/accounts',
  name: 'account list',
  operationId: 'listAccounts',
  tag: 'accounts',
  summary: 'The connected accounts',
  roles: staff,
  row: account,
  search: { in: "the slug, the name and the provider's id" },
  sort: { by: ['account', 'name', 'connectedAt', 'meteredFrom'] },
  total: true,
  async run({ db }, page) {
    return pageOfAll((await accounts.listAccounts(db)).map(accountAnswer), page, (item) => [item.account], {
      texts: (item) => [item.account, item.name, item.providerAccountId],
      sorts: {
        name: ({ name }) => name.toLowerCase(),
        connectedAt: ({ connectedAt }) => connectedAt,
        meteredFrom: ({ meteredFrom }) => meteredFrom,
      },
    });
  },
});

export const getAccount = declareOperation({
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
    return accountAnswer(await accounts.getAccount(db, params.account));
  },
});

export const connectAccount = declareOperation({
  method: 'POST',
  path: '/accounts',
  name: 'account connect',
  operationId: 'connectAccount',
  tag: 'accounts',
  summary: 'Connect a provider account',
  description:
    'One that is connected gets the new token; of the rest, what is given. The provider is the one of the configuration.',
  asksProvider: true,
  command: {
    positional: ['account'],
    secrets: {
      token: 'DIGITALOCEAN_TOKEN',
      'spaces.accessKeyId': 'SPACES_ACCESS_KEY_ID',
      'spaces.secretAccessKey': 'SPACES_SECRET_ACCESS_KEY',
      'spaces.regions': 'SPACES_REGIONS',
    },
    inRealDatabase: true,
  },
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
  async prepare({ db, body, config, signal }) {
    const { token, spaces } = body;
    const { digitaloceanApiUrl: apiUrl, spacesEndpoint } = inventorySettings.of(config);
    const endpoint = spacesEndpoint === null ? {} : { endpoint: spacesEndpoint };
    const credentials = { token, ...(spaces === undefined ? {} : { spaces: { ...spaces, ...endpoint } }) };
    return accounts.identifyCredentials(db, { apiUrl, credentials }, signal);
  },
  async run({ db, body, config, now, enqueue }, { identity, ...rest }) {
    const { account: wanted, name, meteredFrom } = body;
    const request = { slug: wanted, name, meteredFrom, secretKey: await openSecretKey(db, config), ...rest };
    const connected = await accounts.connectAccount(db, request, identity, now);
    // What it may buy costs: nobody waits for it.
    await db.transaction().execute((trx) => enqueue(trx, syncSizesJob, { account: connected.slug }));
    return accountAnswer(connected);
  },
});

export const disconnectAccount = declareOperation({
  method: 'POST',
  path: '/accounts/:account/disconnect',
  name: 'account disconnect',
  operationId: 'disconnectAccount',
  tag: 'accounts',
  summary: 'Stop reading an account and remove its token; what is known of it stays',
  description:
    'What lives there is not read any more: it goes on as it was last read, its usage is estimated for as long as the ' +
    'limits say, and from then on it is a gap. Connected again, it is read from then on.',
  command: {
    confirm: 'Stop reading {account} and remove its token? What runs there is then metered by estimates alone.',
  },
  roles: ['owner', 'operator'],
  params: accountParams,
  response: account.extend({
    resources: z.int().meta({ description: 'How many of its resources live, as they were last read' }),
  }),
  async run({ db, params, now }) {
    const { account: found, resources } = await accounts.disconnectAccount(db, params.account, now);
    return { ...accountAnswer(found), resources };
  },
});

const hidden = z.array(z.object({ kind: z.string(), hidden: z.int() }));

const hiddenMoney = z.object({
  kind: z.string().meta({ examples: ['volume'] }),
  field: z.string().nullable().meta({ description: 'The field that is hidden; null: the resources themselves' }),
  resources: z.int().meta({ description: 'How many of the kind are known' }),
  unknown: z.int().meta({ description: 'How many of them have no known price' }),
  monthly: z
    .array(z.object({ currency: z.string(), amount: decimalOut }))
    .readonly()
    .meta({ description: 'What the others cost in a month, by the price book and as they were last known' }),
});

export const checkAccount = declareOperation({
  method: 'GET',
  path: '/accounts/:account/check',
  name: 'account check',
  operationId: 'checkAccount',
  tag: 'accounts',
  summary: "What an account's token may read, and what a missing scope hides",
  description: 'Asks the provider.',
  asksProvider: true,
  refuses: [accountDisconnected, accountSends],
  roles: ['owner', 'operator'],
  params: accountParams,
  response: z.object({
    account: slug,
    name: z.string().meta({ description: "The account's name at the provider" }),
    scopes: z.array(
      z.object({
        scope: z.string(),
        granted: z.string(),
        kinds: z.array(z.string()).meta({ description: 'The kinds that it lists', examples: [['droplet']] }),
        fields: z
          .array(z.string())
          .meta({ description: 'The fields of other kinds that it shows', examples: [['droplet.tags']] }),
        others: z.array(z.string()).meta({
          description: 'What else it shows, in words',
          examples: [["the provider's balance, bills and daily Insights"]],
        }),
        hidden,
        money: z
          .array(hiddenMoney)
          .meta({ description: 'Where it is not granted: what hangs on each kind and field that it hides' }),
      }),
    ),
    unlisted: z
      .array(z.object({ kind: z.string(), hidden: z.int(), urns: z.array(z.string()), since: instantOut }))
      .meta({ description: 'What projects show and no listing does, with some of their URNs' }),
  }),
  async run({ db, params, config, signal }) {
    const found = await accounts.getAccount(db, params.account);
    const provider = await accounts.openAccount(db, found, await openSecretKey(db, config));
    try {
      const { identity, scopes, unlisted } = await accounts.checkAccount(db, found, provider, signal);
      return {
        account: found.slug,
        name: identity.name,
        scopes: scopes.map((scope) => ({
          ...scope,
          kinds: [...scope.kinds],
          fields: [...scope.fields],
          others: [...scope.others],
          hidden: [...scope.hidden],
          money: [...scope.money],
        })),
        unlisted: unlisted.map((each) => ({ ...each, urns: [...each.urns] })),
      };
    } finally {
      await provider.close();
    }
  },
});

export const accountOperations: readonly Operation[] = [
  listAccounts,
  getAccount,
  connectAccount,
  disconnectAccount,
  checkAccount,
];
