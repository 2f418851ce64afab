import {
  type SyncAllOptions,
  type SyncAllResult,
  type SyncResult,
  syncAccount,
  syncAll,
  openSecretKey,
} from '../../inventory/index.ts';
import { bringAttributionsUpToDate } from '../../deployments/index.ts';
import type { Command } from 'commander';
import { ArcadiaError, toArcadiaError } from '../../platform/errors.ts';
import { several } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { type Column, count } from '../engine/output.ts';
import { chooseAccounts } from '../local/provider.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';

export function addSyncCommand(program: Command): void {
  addCommand(program, 'sync', {
    summary: 'read what the provider lists, and write down what changed',
    details:
      'Each kind is a run of its own and is recorded. Only a complete listing ends a resource; one that fails ends nothing, and the next sync carries on.',
    example: `
$ arcadia sync acme
ACCOUNT  KIND      OUTCOME   SEEN  NEW  CHANGED  ENDED  REQUESTS  REASON
acme     project   complete     2    2        0      0         3  -
acme     droplet   complete     2    2        0      0         2  -`,
  })
    .argument('[account]', 'its slug; every account without one')
    .option('--kind <kind>', 'only this kind, such as droplet; can be repeated', several)
    .action(
      withSession(async (session, slug: string | undefined, options: { kind?: readonly string[] }) => {
        const database = await session.database();
        const { results, failures } = await session.progress.step('Reading', (report) =>
          readAccounts(session, database, slug, {
            ...(options.kind === undefined ? {} : { kinds: options.kind }),
            signal: session.signal,
            onProgress: ({ account, kind, seen }) => report(`${account}, ${kind}: ${count(seen)} seen`),
          }),
        );
        await session.output.list(results, syncColumns, 'Nothing was read.');
        session.signal.throwIfAborted();
        await bringAttributionsUpToDate(database.db, await database.clock.now());
        // All of them have been tried; the first says what to do.
        for (const { account, error } of failures) throw toArcadiaError(error, `Reading ${account}`);
        const incomplete = results.filter((result) => result.outcome !== 'complete');
        if (incomplete.length > 0) {
          throw new ArcadiaError(
            'sync_incomplete',
            `Not everything could be read: ${incomplete.map(({ account, kind, reason }) => `${account} ${kind} (${reason})`).join('; ')}.`,
          );
        }
      }),
    );
}

async function readAccounts(
  session: Session,
  database: SessionDatabase,
  slug: string | undefined,
  options: Omit<SyncAllOptions, 'secretKey'>,
): Promise<SyncAllResult> {
  const chosen = await chooseAccounts(session, database, slug);
  if (slug === undefined) {
    return syncAll(database.db, { ...options, secretKey: await openSecretKey(database.db, await session.config()) });
  }
  const results: SyncResult[] = [];
  for (const { account, provider } of chosen) {
    results.push(...(await syncAccount(database.db, account, await provider(), { ...options, clock: database.clock })));
  }
  return { results, failures: [] };
}

const syncColumns: readonly Column<SyncResult>[] = [
  { header: 'account', value: (row) => row.account },
  { header: 'kind', value: (row) => row.kind },
  { header: 'outcome', value: (row) => row.outcome },
  { header: 'seen', value: (row) => count(row.seen), align: 'right' },
  { header: 'new', value: (row) => count(row.new), align: 'right' },
  { header: 'changed', value: (row) => count(row.changed), align: 'right' },
  { header: 'ended', value: (row) => count(row.ended), align: 'right' },
  { header: 'requests', value: (row) => count(row.requests), align: 'right' },
  { header: 'reason', value: (row) => row.reason },
];
