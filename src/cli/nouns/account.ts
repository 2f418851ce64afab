import type { Command } from 'commander';
import type { Account } from '../../inventory/accounts.ts';
import { instant } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { type Column, moment, table } from '../engine/output.ts';
import { chooseAccounts, connectNewAccount, type NewAccountOptions } from '../local/provider.ts';

export function addAccountCommands(program: Command): void {
  const account = program
    .command('account')
    .summary('provider accounts')
    .description('Provider accounts: a DigitalOcean team each.');
  addConnect(account);
  addList(account);
  addCheck(account);
}

function addConnect(account: Command): void {
  addCommand(account, 'connect', {
    summary: 'connect an account, or give a connected one a new token',
    details: `A read-only token is enough; nothing is ever written to the provider. The token comes from
DIGITALOCEAN_TOKEN, from --token-file, or from a prompt that does not show it; it is kept encrypted.
With SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY set, Spaces buckets are seen too.`,
    example: `
$ arcadia account connect acme --token-file ./token
Connected acme (Acme Ltd) in database arcadia. What runs there is metered from 2026-05-01 09:30:00Z.
Next: arcadia account check acme, then arcadia sync`,
  })
    .argument('[slug]', 'how commands call it; by default made from its name at the provider')
    .option('--name <name>', "by default the provider's own name")
    .option('--token-file <file>', 'a file that holds the token; - reads it from stdin')
    .option('--api-url <url>', 'where the API answers (DIGITALOCEAN_API_URL)')
    .option(
      '--metered-from <moment>',
      'nothing before it is metered; by default the moment of connecting',
      instant('--metered-from'),
    )
    .action(
      withSession(async (session, slug: string | undefined, options: NewAccountOptions) => {
        const { account: connected, database } = await connectNewAccount(session, { ...options, slug });
        if (session.output.json)
          return session.output.value({ ...accountAnswer(connected), database: database.database });
        await session.output.text(
          `Connected ${connected.slug} (${connected.name}) in database ${database.database}. What runs there is metered from ${moment(connected.meteredFrom)}.`,
        );
        session.output.note(`Next: arcadia account check ${connected.slug}, then arcadia sync`);
      }),
    );
}

function addList(account: Command): void {
  addCommand(account, 'list', {
    summary: 'the connected accounts',
    example: `
$ arcadia account list
ACCOUNT  NAME      PROVIDER      CONNECTED (UTC)       METERED FROM (UTC)
acme     Acme Ltd  digitalocean  2026-05-01 09:30:00Z  2026-05-01 09:30:00Z`,
  }).action(
    withSession(async (session) => {
      const { listAccounts } = await import('../../inventory/accounts.ts');
      const { db } = await session.database();
      const accounts = await listAccounts(db);
      if (session.output.json) return session.output.value(accounts.map(accountAnswer));
      await session.output.list(
        accounts,
        accountColumns,
        'No account is connected. Connect one: arcadia account connect --help',
      );
    }),
  );
}

function addCheck(account: Command): void {
  addCommand(account, 'check', {
    summary: "what an account's token may read, and what a missing scope hides",
    example: `
$ arcadia account check acme
acme answers as Acme Ltd.

SCOPE         GRANTED  SHOWS     HIDDEN
droplet:read  yes      droplet   -
domain:read   no       dns_zone  2 dns_zone`,
  })
    .argument('[account]', 'its slug; every account without one')
    .action(
      withSession(async (session, slug: string | undefined) => {
        const { checkAccount } = await import('../../inventory/accounts.ts');
        const database = await session.database();
        const answers: unknown[] = [];
        for (const { account: one, provider } of await chooseAccounts(session, database, slug)) {
          const check = await checkAccount(database.db, one, await provider(), session.signal);
          const { scopes: checked, unlisted } = check;
          answers.push({ account: one.slug, name: check.identity.name, scopes: checked, unlisted });
          if (session.output.json) continue;
          const scopes = table(checked, [
            { header: 'scope', value: (scope) => scope.scope },
            { header: 'granted', value: (scope) => scope.granted },
            { header: 'shows', value: (scope) => [...scope.kinds, ...scope.fields].join(', ') },
            {
              header: 'hidden',
              value: (scope) =>
                scope.hidden.length === 0
                  ? null
                  : scope.hidden.map(({ kind, hidden }) => `${hidden} ${kind}`).join(', '),
            },
          ]);
          const hidden = unlisted.map(({ kind, hidden: count, urns }) => `${count} ${kind}: ${urns.join(', ')}`);
          const missing = hidden.length === 0 ? '' : `\n\nIn projects, and in no listing:\n${hidden.join('\n')}`;
          await session.output.text(`${one.slug} answers as ${check.identity.name}.\n\n${scopes}${missing}`);
        }
        if (session.output.json) await session.output.value(answers);
      }),
    );
}

const accountColumns: readonly Column<Account>[] = [
  { header: 'account', value: (row) => row.slug },
  { header: 'name', value: (row) => row.name },
  { header: 'provider', value: (row) => (row.simulated ? `${row.provider}, simulated` : row.provider) },
  { header: 'connected (utc)', value: (row) => moment(row.connectedAt) },
  { header: 'metered from (utc)', value: (row) => moment(row.meteredFrom) },
];

function accountAnswer(account: Account) {
  const { slug, name, provider, apiUrl, providerAccountId, simulated, connectedAt, meteredFrom } = account;
  return { account: slug, name, provider, apiUrl, providerAccountId, simulated, connectedAt, meteredFrom };
}
