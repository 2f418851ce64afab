import type { Registry } from 'prom-client';
import { declarations } from '../jobs/registry.ts';
import { openJobs } from '../jobs/jobs.ts';
import { configureQueues } from '../jobs/queues.ts';
import { databaseClock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { Database } from '../platform/database/database.ts';
import type { Logger } from '../platform/log.ts';
import type { Operation } from '../platform/declare/operation.ts';
import { openAuthenticator } from './access/authentication.ts';
import type { Limits } from './serve/limits.ts';
import type { Readiness } from './health/readiness.ts';
import { assertRequestRoles } from './access/request-database.ts';
import { routes } from './serve/routes.ts';
import { type HttpServer, startHttpServer } from './serve/server.ts';

export interface ApiOptions {
  readonly port: number;
  readonly host: string;
  readonly db: Database;
  readonly connectionString: string;
  readonly config: Config;
  readonly log: Logger;
  readonly readiness: Readiness;
  readonly limits?: Partial<Limits>;
  readonly registry?: Registry;
  /** All of the house unless given. */
  readonly routes?: readonly Operation[];
}

/**
 * Starts the API of this house: what `arcadia start` serves, alone or beside a worker. Errors:
 * port_in_use, invalid_config; what the database says.
 */
export async function startApi(options: ApiOptions): Promise<HttpServer> {
  const { db, connectionString, config, log } = options;
  const opened: { close(): Promise<void> }[] = [];
  const closeAll = async () => {
    for (const each of opened.reverse()) await each.close();
  };
  try {
    await assertRequestRoles(db);
    const queues = configureQueues(config.queueLimits);
    const jobs = await openJobs({ db, connectionString, clock: databaseClock(db), queues, declarations });
    opened.push(jobs);
    const server = await startHttpServer({
      routes,
      ...options,
      authenticator: await openAuthenticator({ config, db, log }),
      enqueue: jobs.enqueue,
    });
    opened.push(server);
    return { ...server, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
