import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ListedResource, ListingEvent, Provider, ResourceKind } from '../src/cloud/index.ts';
import { replaceMembers } from '../src/cloud/replace-members.ts';
import { type Account, connectAccount, openAccount } from '../src/inventory/accounts.ts';
import { syncAccount } from '../src/inventory/sync.ts';
import { openProvider } from '../src/cloud/open.ts';
import { startSimulator } from '../src/simulator/server.ts';
import { databaseClock } from '../src/platform/clock.ts';
import { type Database, inSession } from '../src/platform/database/database.ts';
import { preparedStatement, statement } from '../src/platform/database/statement.ts';
import { generateSecretKey, parseSecretKey } from '../src/platform/secrets/crypto.ts';
import { type Row, row, say, timed, withBenchDatabase } from './support.ts';

const resources = 100_000;

type Fleet = 'agency' | 'hoster';

/** The simulator in a process of its own, so that its work is not counted as the client's. */
async function simulatorProcess(fleet: Fleet): Promise<{ url: string; stop(): void }> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--simulator', fleet], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [url] = (await once(child, 'message')) as [string];
  return { url, stop: () => child.kill() };
}

if (process.argv.includes('--simulator')) {
  const simulator = await startSimulator({ fleet: process.argv.at(-1) as Fleet, seed: 1, resources });
  process.send?.(simulator.url);
}

async function withAccount(
  db: Database,
  apiUrl: string,
  work: (account: Account, provider: Provider) => Promise<Row[]>,
): Promise<Row[]> {
  const credentials = { token: 'bench' };
  // The budgets would make it a measurement of waiting.
  await fetch(`${apiUrl}/_simulator/limits`, {
    method: 'POST',
    body: JSON.stringify({ perHour: null, perMinute: null }),
  });
  const probe = await openProvider('digitalocean', { apiUrl, credentials });
  const identity = await probe.identify();
  await probe.close();
  const secretKey = parseSecretKey(generateSecretKey());
  if (secretKey === null) throw new Error('a generated key is a key');
  const found = { provider: 'digitalocean', apiUrl, credentials, secretKey };
  const account = await connectAccount(db, found, identity, Temporal.Now.instant());
  const provider = await openAccount(db, account, secretKey);
  try {
    return await work(account, provider);
  } finally {
    await provider.close();
  }
}

/** A large fleet, over HTTP: what a sync of it costs this process. */
function largeFleet(db: Database, apiUrl: string): Promise<Row[]> {
  return withAccount(db, apiUrl, async (account, provider) => {
    const sync = async () => {
      const before = process.cpuUsage();
      let seen = 0;
      const ms = await timed(async () => {
        for (const result of await syncAccount(db, account, provider, { clock: databaseClock(db) }))
          seen += result.seen;
      });
      const { user, system } = process.cpuUsage(before);
      return { ms, seen, cpuMicroseconds: (user + system) / seen };
    };
    say(`First sync of ${resources} resources ...`);
    const first = await sync();
    say('The same again ...');
    const again = await sync();
    const memory = process.resourceUsage().maxRSS / 1024;
    const limit = 'limit of 100 us';
    return [
      row(`sync: first, ${first.seen} resources`, first.ms, 'the same sync, unchanged', again.ms, null),
      row('sync: first, client CPU per resource, us in place of ms', first.cpuMicroseconds, limit, 100, 1),
      row('sync: unchanged, client CPU per resource, us in place of ms', again.cpuMicroseconds, limit, 100, 1),
      row('sync: peak memory of Node, MB in place of ms', memory, 'limit of 300 MB', 300, 1),
    ];
  });
}

/** Each listing as it was read first, so that what is measured is not the provider. */
async function remember(provider: Provider, kinds: readonly ResourceKind[]): Promise<Provider> {
  const listings = new Map<string, ListingEvent<ListedResource>[]>();
  for (const kind of kinds) listings.set(kind, await Array.fromAsync(provider.list(kind)));
  async function* list(kind: string): AsyncIterable<ListingEvent<ListedResource>> {
    yield* listings.get(kind) ?? [];
  }
  return replaceMembers(provider, { list });
}

const unchangedSyncs = 20;

/** A fleet of a few hundred resources in fifteen kinds: what an unchanged kind costs beside the statements that it has to run. */
function smallFleet(db: Database, apiUrl: string): Promise<Row[]> {
  return withAccount(db, apiUrl, async (account, provider) => {
    const kinds = provider.kinds.filter((kind) => kind !== 'project');
    const remembered = await remember(provider, kinds);
    const sync = (stagesAll: boolean) =>
      syncAccount(db, account, remembered, { clock: databaseClock(db), kinds, stagesAll });
    const many = async (stagesAll: boolean) => {
      const ms = await timed(async () => {
        for (let done = 0; done < unchangedSyncs; done += 1) await sync(stagesAll);
      });
      return ms / unchangedSyncs / kinds.length;
    };
    // What has a plan that is kept has it after these.
    await many(false);
    say(`${unchangedSyncs} unchanged syncs of a small fleet ...`);
    const whole = await many(true);
    const short = await many(false);
    const runs = kinds.length * unchangedSyncs;
    await statement('bench.bare')`CREATE TABLE bare_runs (run int PRIMARY KEY, kind text, seen int)`.execute(db);
    const bare = await timed(() =>
      inSession(db, async (conn) => {
        for (let run = 0; run < runs; run += 1) {
          await preparedStatement('bench.lock')`SELECT pg_try_advisory_lock(${run}::int)`.execute(conn);
          await preparedStatement('bench.begin')`INSERT INTO bare_runs VALUES (${run}, 'droplet')`.execute(conn);
          await preparedStatement('bench.end')`UPDATE bare_runs SET seen = 0 WHERE run = ${run}`.execute(conn);
        }
      }),
    );
    const name = 'sync: an unchanged kind of a small fleet, without its requests';
    return [
      row(name, short, 'a lock and a row that is written twice', bare / runs, 2),
      row(`${name}, staged as if it had changed`, whole, 'the same, not staged', short, null),
    ];
  });
}

export default async function bench(): Promise<Row[]> {
  const rows: Row[] = [];
  const measure = async (fleet: Fleet, work: (db: Database, apiUrl: string) => Promise<Row[]>) => {
    const simulator = await simulatorProcess(fleet);
    try {
      rows.push(...(await withBenchDatabase((db) => work(db, simulator.url))));
    } finally {
      simulator.stop();
    }
  };
  await measure('agency', smallFleet);
  await measure('hoster', largeFleet);
  return rows;
}
