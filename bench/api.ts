import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import autocannon from 'autocannon';
import { Kysely, PostgresDialect } from 'kysely';
import { Registry } from 'prom-client';
import { startApi } from '../src/http/start.ts';
import { openReadiness } from '../src/http/health/readiness.ts';
import { requestDatabase } from '../src/http/access/request-database.ts';
import { issueToken } from '../src/platform/secrets/issue-token.ts';

import { listFleet } from '../src/deployments/fleet.ts';
import { usageByDay } from '../src/metering/usage-days.ts';
import { loadConfig } from '../src/platform/config.ts';
import { type Database, openPool } from '../src/platform/database/database.ts';
import { createLog } from '../src/platform/log.ts';
import { resources, seedFleet, seedUsage } from './fleet.ts';
import { type Row, row, say, withBenchDatabase } from './support.ts';
import { program } from '../src/modules.ts';

// What the API adds to its SQL: authentication, checks, rendering by schema, log lines, limits. Held
// against a server of a few lines that runs the same SQL through a pool of the same size; and, to
// say how much of it is row-level security, against one that does so as a request may.

const seconds = Number(process.env.BENCH_SECONDS ?? 10);
const days = 30;
const connections = 10;
const poolSize = 20;
/** At 0.8 of the minimal server's rate a request takes as much longer. Reached on 2026-12-01, quiet: 0.69 and 0.66. */
const aim = 1 / 0.8;

const from = Temporal.PlainDate.from('2026-05-01');
const to = from.add({ days });
const at = Temporal.Instant.from('2026-06-10T00:00:00Z');

type Read = (db: Database) => Promise<unknown>;

const lists: readonly { readonly name: string; readonly path: string; readonly read: Read }[] = [
  {
    name: 'a page of 100 resources',
    path: `/resources?at=${at}`,
    async read(db) {
      const order = { sort: 'resourceId', order: 'asc' } as const;
      return { items: await listFleet(db, { at, now: at }, order, { after: null, limit: 101 }), nextCursor: null };
    },
  },
  {
    name: "a deployment's month of usage by day",
    path: `/deployments/d77/usage/days?from=${from}&to=${to}`,
    read: async (db) => ({ items: await usageByDay(db, 'd77', from, to), nextCursor: null }),
  },
];

/** The least that can answer: no token, no check, no log. */
async function minimalServer(databaseFor: () => Database): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    const list = lists.find(({ path }) => path === request.url);
    void list?.read(databaseFor()).then((answer) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

interface Load {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** At so many connections, one request takes this long on the whole. */
  readonly ms: number;
}

async function load(url: string, headers: Record<string, string> = {}): Promise<Load> {
  const options = { url, connections, workers: 1, headers };
  await autocannon({ ...options, duration: 2 });
  const { requests, latency, errors, non2xx } = await autocannon({ ...options, duration: seconds });
  if (errors + non2xx > 0) throw new Error(`${url}: ${errors} errors, ${non2xx} answers that are no success`);
  return { perSecond: requests.total / seconds, p99Ms: latency.p99, ms: (1000 * seconds) / requests.total };
}

const described = ({ perSecond, p99Ms }: Load) => `${Math.round(perSecond)}/s, p99 ${Math.round(p99Ms)} ms`;

export default async function bench(): Promise<Row[]> {
  return withBenchDatabase(async (db, connectionString) => {
    say(`Seeding ${resources} live resources ...`);
    await seedFleet(db);
    say(`Seeding ${resources * days} usage records ...`);
    await seedUsage(db, from, days);

    const config = loadConfig(
      {
        env: {
          DATABASE_URL: connectionString,
          ARCADIA_SECRET_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => 1 + at)).toString('base64'),
          ARCADIA_JWT_SECRET: '0123456789abcdef'.repeat(4),
          ARCADIA_REQUESTS_PER_MINUTE: '10000000',
        },
        cwd: tmpdir(),
      },
      program.settings,
    );
    // What the lines cost to make is a part of it; where they go is not.
    const log = createLog({ level: 'info', format: 'json', stream: { write: () => true } });
    const stopping = new AbortController();
    const api = await startApi({
      host: '127.0.0.1',
      port: 0,
      db,
      connectionString,
      config,
      log,
      program,
      readiness: openReadiness({ db, program, stopping: stopping.signal }),
      registry: new Registry(),
    });
    const pool = openPool({ connectionString, max: poolSize, applicationName: 'arcadia bench' });
    const plain = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) }) as Database;
    const principal = { subject: 'bench', role: 'viewer', customerId: null } as const;
    const minimal = await minimalServer(() => plain);
    const secured = await minimalServer(() => requestDatabase(pool, { principal, requestId: 'r', address: '::1' }));
    const expiresIn = Temporal.Duration.from({ hours: 24 });
    const token = await issueToken(config, { role: 'viewer', customer: null, subject: 'bench', expiresIn });
    const rows: Row[] = [];
    try {
      for (const { name, path } of lists) {
        say(`Asking for ${name}, ${connections} connections, ${seconds} s each ...`);
        const least = await load(`${minimal.url}${path}`);
        const withSecurity = await load(`${secured.url}${path}`);
        const ours = await load(`${api.url}/api/v1${path}`, { authorization: `Bearer ${token}` });
        say(
          `${name}: ${described(ours)}; a minimal server ${described(least)}, with row security ${described(withSecurity)}`,
        );
        const held = 'a minimal server, the same SQL';
        rows.push(row(`api: ${name}, ms per request`, ours.ms, held, least.ms, aim));
        rows.push(row(`api: ${name}, row security and its transaction alone`, withSecurity.ms, held, least.ms, null));
      }
    } finally {
      for (const { server } of [minimal, secured]) {
        server.closeAllConnections();
        server.close();
      }
      await api.close();
      await plain.destroy();
    }
    return rows;
  });
}
