import {
  checkAccount,
  connectAccount,
  disconnectAccount,
  getAccount,
  listAccounts,
} from '../../inventory/operations/accounts.ts';
import { grantAccount, revokeGrant } from '../../provisioning/operations/grants.ts';
import { type Column, fields, moment, plural, table } from '../engine/output.ts';
import { type AnswerOf, actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Account = RowOf<typeof listAccounts>;
type Check = AnswerOf<typeof checkAccount>;

const accountColumns: readonly Column<Account>[] = [
  { header: 'account', value: (row) => row.account },
  { header: 'name', value: (row) => row.name },
  { header: 'provider', value: providerOf },
  { header: 'connected (utc)', value: (row) => moment(row.connectedAt) },
  { header: 'metered from (utc)', value: (row) => moment(row.meteredFrom) },
];

function providerOf({ provider, simulated }: Account): string {
  return simulated ? `${provider}, simulated` : provider;
}

function accountText(row: Account): string {
  return fields([
    ['account', row.account],
    ['name', row.name],
    ['provider', providerOf(row)],
    ['address', row.apiUrl],
    ["provider's id", row.providerAccountId],
    ['connected', moment(row.connectedAt)],
    ['metered from', moment(row.meteredFrom)],
    ...(row.disconnectedAt === null ? [] : [['disconnected', moment(row.disconnectedAt)] as const]),
  ]);
}

const scopeColumns: readonly Column<Check['scopes'][number]>[] = [
  { header: 'scope', value: (row) => row.scope },
  { header: 'granted', value: (row) => row.granted },
  { header: 'shows', value: (row) => [...row.kinds, ...row.fields, ...row.others].join(', ') },
  {
    header: 'hidden',
    value: ({ hidden }) =>
      hidden.length === 0 ? null : hidden.map(({ kind, hidden: count }) => `${count} ${kind}`).join(', '),
  },
];

type Hidden = Check['scopes'][number]['money'][number] & { readonly scope: string };

const hiddenColumns: readonly Column<Hidden>[] = [
  { header: 'missing', value: (row) => row.scope },
  { header: 'hides', value: ({ kind, field }) => (field === null ? kind : `${kind}.${field}`) },
  { header: 'known', value: (row) => String(row.resources), align: 'right' },
  { header: 'a month', value: costOf, align: 'right' },
];

/** What is known to be charged; `and 2 unknown` where that is not all. */
function costOf({ resources, unknown, monthly }: Hidden): string | null {
  if (resources === 0) return 'unknown';
  if (monthly.length === 0 && unknown === 0) return 'nothing';
  const known = monthly.map(({ currency, amount }) => `${amount} ${currency}`);
  return [...known, ...(unknown === 0 ? [] : [unknown === resources ? 'unknown' : `${unknown} unknown`])].join(' and ');
}

function checkText({ account, name, scopes, unlisted }: Check): string {
  const missing = scopes.flatMap(({ scope, money }) => money.map((each) => ({ scope, ...each })));
  const hidden = unlisted.map(({ kind, hidden: count, urns }) => `${count} ${kind}: ${urns.join(', ')}`);
  return [
    `${account} answers as ${name}.`,
    table(scopes, scopeColumns),
    ...(missing.length === 0 ? [] : [`What hangs on missing scopes:\n${table(missing, hiddenColumns)}`]),
    ...(hidden.length === 0 ? [] : [`In projects, and in no listing:\n${hidden.join('\n')}`]),
  ].join('\n\n');
}

export const accountNoun: Noun = {
  name: 'account',
  summary: 'provider accounts',
  description: 'Provider accounts: a DigitalOcean team each.',
  views: [
    actionView(connectAccount, {
      summary: 'connect an account, or give a connected one a new token',
      details: `A read-only token is enough; nothing is ever written with it. It is kept encrypted. With a
Spaces key, buckets are seen too. The provider's address is the setting DIGITALOCEAN_API_URL.`,
      example: `
$ DIGITALOCEAN_TOKEN=$(cat token) arcadia account connect acme
Connected acme (Acme Ltd). What runs there is metered from 2026-05-01 09:30:00Z.
Next: arcadia account check acme, then arcadia sync

$ arcadia account connect acme < token`,
      help: {
        account: "its name in commands; derived from the provider's name unless given",
        name: "the provider's own name unless given",
        meteredFrom: 'nothing before it is metered; the moment of connecting unless given',
        'spaces.accessKeyId': 'the id of a Spaces key, to see the buckets',
        'spaces.secretAccessKey': 'the secret of that key',
        'spaces.regions': 'where there are buckets, such as ams3,fra1',
      },
      text: (made) =>
        `Connected ${made.account} (${made.name}). What runs there is metered from ${moment(made.meteredFrom)}.`,
      notes: ({ account }) => [`Next: arcadia account check ${account}, then arcadia sync`],
    }),
    listView(listAccounts, {
      example: `
$ arcadia account list
ACCOUNT  NAME      PROVIDER      CONNECTED (UTC)       METERED FROM (UTC)
acme     Acme Ltd  digitalocean  2026-05-01 09:30:00Z  2026-05-01 09:30:00Z`,
      columns: accountColumns,
      empty: 'No account is connected. Connect one: arcadia account connect --help',
    }),
    actionView(getAccount, {
      example: `
$ arcadia account show acme
account        acme
name           Acme Ltd
provider       digitalocean
address        https://api.digitalocean.com
provider's id  c9d5a1c2-6b1f-4a32-9a44-5e6d3c6a7b10
connected      2026-05-01 09:30:00Z
metered from   2026-05-01 09:30:00Z`,
      text: accountText,
    }),
    actionView(disconnectAccount, {
      summary: 'stop reading an account and remove its token; what is known of it stays',
      details: `What lives there is not read any more: it goes on as it was last read, its usage is estimated for as long as
arcadia usage limit list says, and from then on it is a gap. A backup of before still holds the token: revoke it at the
provider.`,
      example: `
$ arcadia account disconnect acme --yes
acme is disconnected, and its token is removed. 12 resources lived there when it was last read.`,
      text: ({ account, resources }) =>
        `${account} is disconnected, and its token is removed. ${plural(resources, 'resource')} lived there when it was last read.`,
      notes: ({ account }) => [
        `Usage is estimated from now on. Next: arcadia usage gaps; to read it again: arcadia account connect ${account}`,
      ],
    }),
    actionView(checkAccount, {
      example: `
$ arcadia account check acme
acme answers as Acme Ltd.

SCOPE         GRANTED  SHOWS     HIDDEN
droplet:read  yes      droplet   -
domain:read   no       dns_zone  2 dns_zone

What hangs on missing scopes:
MISSING      HIDES     KNOWN   A MONTH
domain:read  dns_zone      2  0.00 USD`,
      text: checkText,
    }),
    actionView(grantAccount, {
      summary: 'give an account a token that may write, for rollouts',
      details: `Apart from the token that reads, and asked for only here. The provider is asked whose it is. Of a simulated account
any token is good.`,
      example: `
$ DIGITALOCEAN_WRITE_TOKEN=$(cat write-token) arcadia account grant acme
acme may be written to by rollouts.

$ arcadia account grant acme < write-token`,
      text: ({ account, simulated }) =>
        simulated
          ? `${account} is simulated and may be written to by rollouts: nothing real is created.`
          : `${account} may be written to by rollouts.`,
    }),
    actionView(revokeGrant, {
      summary: 'remove the token with which an account is written to',
      details: 'Rollouts that are under way there are held. Revoke the token at the provider too.',
      example: `
$ arcadia account revoke-grant acme --yes
Nothing is written to acme any more.`,
      text: (_, { input }) => `Nothing is written to ${String(input.params.account)} any more.`,
    }),
  ],
};
