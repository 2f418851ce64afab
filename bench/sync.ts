import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connectAccount, openAccount } from '../src/inventory/accounts.ts';
import { syncAccount } from '../src/inventory/sync.ts';
import { openProvider } from '../src/cloud/open.ts';
import { startSimulator } from '../src/simulator/server.ts';
import { databaseClock } from '../src/platform/clock.ts';
import { generateSecretKey, parseSecretKey } from '../src/platform/secrets/crypto.ts';
import { type Row, row, say, timed, withBenchDatabase } from './support.ts';

const resources = 100_000;

/** The simulator in a process of its own, so that its work is not counted as the client's. */
async function simulatorProcess(): Promise<{ url: string; stop(): void }> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), '--simulator'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [url] = (await once(child, 'message')) as [string];
  return { url, stop: () => child.kill() };
}

if (process.argv.includes('--simulator')) {
  const simulator = await startSimulator({ fleet: 'hoster', seed: 1, resources });
  process.send?.(simulator.url);
}

export default async function bench(): Promise<Row[]> {
  const simulator = await simulatorProcess();
  try {
    return await withBenchDatabase(async (db) => {
      const credentials = { token: 'bench' };
      // The budgets would make it a measurement of waiting.
      await fetch(`${simulator.url}/_simulator/limits`, {
        method: 'POST',
        body: JSON.stringify({ perHour: null, perMinute: null }),
      });
      const probe = await openProvider('digitalocean', { apiUrl: simulator.url, credentials });
      const identity = await probe.identify();
      await probe.close();
      const secretKey = parseSecretKey(generateSecretKey());
      if (secretKey === null) throw new Error('a generated key is a key');
      const account = await connectAccount(
        db,
        { provider: 'digitalocean', apiUrl: simulator.url, credentials, secretKey },
        identity,
        Temporal.Now.instant(),
      );
      const provider = await openAccount(db, account, secretKey);
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
      await provider.close();
      const memory = process.resourceUsage().maxRSS / 1024;
      return [
        row(`sync: first, ${first.seen} resources`, first.ms, 'the same sync, unchanged', again.ms, null),
        row(
          'sync: first, client CPU per resource, us in place of ms',
          first.cpuMicroseconds,
          'limit of 100 us',
          100,
          1,
        ),
        row(
          'sync: unchanged, client CPU per resource, us in place of ms',
          again.cpuMicroseconds,
          'limit of 100 us',
          100,
          1,
        ),
        row('sync: peak memory of Node, MB in place of ms', memory, 'limit of 300 MB', 300, 1),
      ];
    });
  } finally {
    simulator.stop();
  }
}
