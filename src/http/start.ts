import type { Registry } from 'prom-client';
import { jobsSettings, openJobs } from '../jobs/index.ts';
import { databaseClock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { Database } from '../platform/database/database.ts';
import type { Pools } from '../platform/database/pools.ts';
import type { Logger } from '../platform/log.ts';
import type { Program } from '../platform/declare/program.ts';
import { openAuthenticator } from './access/authentication.ts';
import type { Limits } from './serve/limits.ts';
import type { Readiness } from './health/readiness.ts';
import { assertRequestRoles } from './access/request-database.ts';
import { openPage } from './page/page.ts';
import { type HttpServer, startHttpServer } from './serve/server.ts';

interface ApiOptions {
  readonly port: number;
  readonly host: string;
  readonly db: Database;
  readonly connectionString: string;
  readonly config: Config;
  readonly log: Logger;
  readonly readiness: Readiness;
  readonly limits?: Partial<Limits>;
  readonly registry?: Registry;
  /** Of the process: where the pool of requests is counted in. */
  readonly pools?: Pools;
  /** What it serves, and whose jobs it enqueues. */
  readonly program: Program;
  /** Serves the dashboard as well, and builds it where it is not built. */
  readonly withPage?: boolean;
}

/**
 * Starts the API: what `arcadia start` serves, alone or beside a worker. Errors:
 * port_in_use, invalid_config; what the database says.
 */
export async function startApi(options: ApiOptions): Promise<HttpServer> {
  const { db, connectionString, config, log, program } = options;
  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async () => {
    for (const each of opened.reverse()) await each.close();
  };
  try {
    await assertRequestRoles(db);
    const jobs = await openJobs({
      db,
      connectionString,
      clock: databaseClock(db),
      program,
      queueLimits: jobsSettings.of(config).queueLimits,
    });
    opened.push(jobs);
    const page = options.withPage === true ? openPage(log) : null;
    if (page !== null) opened.push(page);
    const server = await startHttpServer({
      ...options,
      page,
      authenticator: await openAuthenticator({ config, db, log }),
      enqueue: jobs.enqueue,
      enqueueOrFind: (trx, job, args) => jobs.enqueueOrFind(trx, job, args),
    });
    opened.push(server);
    return { ...server, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
