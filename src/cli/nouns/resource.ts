import type { Command } from 'commander';
import type { MembershipInterval, ResourceAt, ResourceQuery, StateInterval } from '../../inventory/resources.ts';
import type { Database } from '../../platform/database/database.ts';
import { defaultLimit, instant, whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { type Column, count, fields, moment, table } from '../engine/output.ts';

export function addResourceCommands(program: Command): void {
  const resource = program
    .command('resource')
    .summary('what the provider lists, and its history')
    .description('What the provider lists, and its history.');
  addList(resource);
  addShow(resource);
}

interface ListOptions {
  readonly kind?: string;
  readonly account?: string;
  readonly at?: Temporal.Instant;
  readonly limit: number;
}

/** What is asked of the database at a time. */
const pageSize = 500;

function addList(resource: Command): void {
  addCommand(resource, 'list', {
    summary: 'what lives, or lived at another moment',
    example: `
$ arcadia resource list --kind droplet --limit 2
ID  ACCOUNT  KIND     NAME      STATUS  SINCE (UTC)           PROVIDER'S ID
17  acme     droplet  acme-web  active  2026-05-01 00:00:00Z  3164494
18  acme     droplet  acme-db   off     2026-05-03 04:10:00Z  3164495`,
  })
    .option('--kind <kind>', 'only this kind, such as droplet')
    .option('--account <account>', "only this account's")
    .option('--at <moment>', 'as it was then; by default now', instant('--at'))
    .option('--limit <n>', 'lines at most', whole('--limit', 1, 1_000_000_000), defaultLimit)
    .action(
      withSession(async (session, options: ListOptions) => {
        const { db, clock } = await session.database();
        const { kind, account, limit } = options;
        let isCut = false;
        const pages = readPages(
          db,
          { kind, account, at: options.at ?? (await clock.now()) },
          limit,
          session.signal,
          () => {
            isCut = true;
          },
        );
        await session.output.pages(pages, {
          columns: resourceColumns,
          answer: resourceAnswer,
          empty: 'Nothing was alive then. Read the accounts: arcadia sync',
        });
        if (isCut) session.output.note(`The first ${count(limit)}; more with --limit`);
      }),
    );
}

function addShow(resource: Command): void {
  addCommand(resource, 'show', {
    summary: 'one resource: what it was when, and how we know',
    example: `
$ arcadia resource show droplet:3164494
id         17
kind       droplet
account    acme
created    2026-05-01 00:00:00Z

FROM (UTC)            TO (UTC)              STATUS  NAME      ATTRIBUTES                SOURCE
2026-05-01 00:00:00Z  2026-05-03 04:10:00Z  active  acme-web  size_slug=s-1vcpu-1gb     listing
2026-05-03 04:10:00Z  -                     off     acme-web  size_slug=s-1vcpu-1gb     action`,
  })
    .argument('<resource>', "an id of arcadia resource list, a URN, or kind:provider's-id")
    .action(
      withSession(async (session, ref: string) => {
        const { getResource } = await import('../../inventory/resources.ts');
        const { db } = await session.database();
        const found = await getResource(db, ref);
        if (session.output.json) return session.output.value(found);
        const identity = fields([
          ['id', String(found.resourceId)],
          ['kind', found.kind],
          ['account', found.account],
          ["provider's id", found.externalId],
          ['urn', found.urn],
          ['created', moment(found.createdAt)],
          ['first seen', moment(found.firstSeenAt)],
        ]);
        const memberships =
          found.memberships.length === 0
            ? []
            : [`Projects that held it:\n${table(found.memberships, membershipColumns)}`];
        await session.output.text([identity, table(found.states, stateColumns), ...memberships].join('\n\n'));
      }),
    );
}

/** At most `limit` resources, page by page; `onCut` is told where there are more. */
async function* readPages(
  db: Database,
  query: ResourceQuery,
  limit: number,
  signal: AbortSignal,
  onCut: () => void,
): AsyncGenerator<readonly ResourceAt[]> {
  const { listResources } = await import('../../inventory/resources.ts');
  let left = limit;
  let cursor: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await listResources(db, { ...query, limit: Math.min(left, pageSize), cursor });
    left -= page.items.length;
    cursor = page.nextCursor ?? undefined;
    if (left === 0 && cursor !== undefined) onCut();
    yield page.items;
  } while (left > 0 && cursor !== undefined);
}

const resourceColumns: readonly Column<ResourceAt>[] = [
  { header: 'id', value: (row) => String(row.resourceId), align: 'right' },
  { header: 'account', value: (row) => row.account },
  { header: 'kind', value: (row) => row.kind },
  { header: 'name', value: (row) => row.name },
  { header: 'status', value: (row) => row.status },
  { header: 'since (utc)', value: (row) => moment(row.validFrom) },
  { header: "provider's id", value: (row) => row.externalId },
];

const stateColumns: readonly Column<StateInterval>[] = [
  { header: 'from (utc)', value: (row) => moment(row.validFrom) },
  { header: 'to (utc)', value: (row) => moment(row.validTo) },
  { header: 'status', value: (row) => row.status },
  { header: 'name', value: (row) => row.name },
  { header: 'source', value: (row) => row.source },
  { header: 'tags', value: (row) => (row.tags.length === 0 ? null : row.tags.join(', ')) },
  { header: 'attributes', value: (row) => describeAttributes(row.attributes) },
];

const membershipColumns: readonly Column<MembershipInterval>[] = [
  { header: 'from (utc)', value: (row) => moment(row.validFrom) },
  { header: 'to (utc)', value: (row) => moment(row.validTo) },
  { header: 'project', value: (row) => row.project },
  { header: 'source', value: (row) => row.source },
];

function describeAttributes(attributes: Readonly<Record<string, unknown>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}

function resourceAnswer({ resourceId, validFrom, ...rest }: ResourceAt) {
  return { id: resourceId, ...rest, since: validFrom };
}
