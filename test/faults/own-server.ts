import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { connect, type Database } from '../../src/platform/database/database.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { openEmbeddedDatabase } from '../../src/platform/embedded/embedded.ts';

/** A migrated database on a server of its own, which can be killed without harm to other tests. */
export interface OwnServer {
  readonly db: Database;
  readonly connectionString: string;
  /** Kills the server (SIGQUIT), waits until it is gone, and starts it again at the same address. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** @param settings of PostgreSQL */
export async function openOwnServer(settings: Readonly<Record<string, string>>): Promise<OwnServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'arcadia-own-server-'));
  // Where root runs the tests, the server runs as somebody else, who has to get in.
  chmodSync(dataDir, 0o755);
  const options = { dataDir, database: 'arcadia', settings };
  const opened = [await openEmbeddedDatabase(options)];
  const connectionString = opened[0]!.connectionString('arcadia');
  const db = connect({ connectionString });
  await migrate(db);
  const answers = () =>
    sql`SELECT`.execute(db).then(
      () => true,
      () => false,
    );
  return {
    db,
    connectionString,
    async restart() {
      const pid = readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0];
      process.kill(Number(pid), 'SIGQUIT');
      while (await answers()) await sleep(20);
      const again = await openEmbeddedDatabase(options);
      opened.push(again);
      if (again.connectionString('arcadia') !== connectionString) throw new Error('the server has another address');
    },
    async close() {
      await db.destroy();
      for (const one of opened.toReversed()) await one.release();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
    },
  };
}
