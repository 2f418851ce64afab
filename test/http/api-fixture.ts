import { Registry } from 'prom-client';
import { startApi } from '../../src/http/start.ts';
import type { Limits } from '../../src/http/serve/limits.ts';
import { openReadiness } from '../../src/http/health/readiness.ts';
import { issueToken } from '../../src/platform/secrets/issue-token.ts';
import { type Config, loadConfig } from '../../src/platform/config.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Role, Operation } from '../../src/platform/declare/operation.ts';
import type { Program } from '../../src/platform/declare/program.ts';
import { program } from '../../src/modules.ts';
import type { TestDatabase } from '../database.ts';

/** The secret key of the servers that are started here. */
export const testSecretKey = Buffer.from(Array.from({ length: 32 }, (_, at) => 7 + at)).toString('base64');

export interface TestApi {
  readonly url: string;
  readonly served: readonly string[];
  readonly config: Config;
  /** The lines that the server has logged. */
  readonly lines: Record<string, unknown>[];
  /** What it has measured. */
  readonly registry: Registry;
  token(role: Role, customer?: string): Promise<string>;
  /** Asks under /api/v1, as an owner unless told. */
  fetch(path: string, init?: RequestInit & { readonly as?: Role; readonly customer?: string }): Promise<Response>;
  close(): Promise<void>;
}

/** The API of the program over real HTTP, with a secret of its own. */
export async function startTestApi(
  database: TestDatabase,
  options: {
    readonly limits?: Partial<Limits>;
    readonly env?: Readonly<Record<string, string>>;
    /** In place of the whole program. */
    readonly program?: Program;
    /** Instead of the program's. */
    readonly operations?: readonly Operation[];
    /** Serves the dashboard as well. */
    readonly withPage?: boolean;
    /** Any that is free unless given. */
    readonly port?: number;
  } = {},
): Promise<TestApi> {
  const served = options.program ?? program;
  const config = loadConfig(
    {
      env: {
        ARCADIA_SECRET_KEY: testSecretKey,
        ARCADIA_JWT_SECRET: 'a secret for tests that is long enough for HS512, which wants 64 bytes of it',
        DATABASE_URL: database.connectionString,
        ARCADIA_REQUESTS_PER_MINUTE: '1000000',
        ...options.env,
      },
      cwd: import.meta.dirname,
    },
    served.settings,
  );
  const registry = new Registry();
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: 'info',
    format: 'json',
    stream: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const stopping = new AbortController();
  const server = await startApi({
    host: '127.0.0.1',
    port: options.port ?? 0,
    db: database.db,
    connectionString: database.connectionString,
    config,
    log,
    program: options.operations === undefined ? served : { ...served, operations: options.operations },
    readiness: openReadiness({ db: database.db, program: served, stopping: stopping.signal }),
    registry,
    withPage: options.withPage ?? false,
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const tokens = new Map<string, Promise<string>>();
  function token(role: Role, customer: string | null = null): Promise<string> {
    const name = `${role} ${customer}`;
    const expiresIn = Temporal.Duration.from({ hours: 1 });
    const issued = tokens.get(name) ?? issueToken(config, { role, customer, subject: `test ${name}`, expiresIn });
    tokens.set(name, issued);
    return issued;
  }
  return {
    url: server.url,
    served: server.served,
    config,
    lines,
    registry,
    token,
    async fetch(path, { as = 'owner', customer, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (!headers.has('authorization')) headers.set('authorization', `Bearer ${await token(as, customer)}`);
      return fetch(`${server.url}/api/v1${path}`, { ...init, headers });
    },
    async close() {
      stopping.abort();
      await server.close();
    },
  };
}

/** The parts of a POST or PATCH with a JSON body. */
export function json(method: 'POST' | 'PUT' | 'PATCH', body: unknown, headers: Record<string, string> = {}) {
  return { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}
