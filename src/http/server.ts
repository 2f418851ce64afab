import Fastify from 'fastify';
import { ArcadiaError } from '../platform/errors.ts';
import { explainListenError } from './listen.ts';

export interface HttpServerOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Loopback unless an operator opens it. */
  readonly host?: string;
  /** What must hold before requests are let in; each by its name. Throws where it does not. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>;
}

export interface HttpServer {
  readonly url: string;
  /** Takes no new connection, answers what is under way, and ends. */
  close(): Promise<void>;
}

/**
 * Starts the HTTP surface.
 *
 * `GET /livez`: the process answers; it looks at nothing else, so that a database that is away
 * never gets the process killed. `GET /readyz`: every check holds (200), or which does not (503).
 * Errors: port_in_use.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { port, host = '127.0.0.1', checks } = options;
  const server = Fastify({ logger: false, forceCloseConnections: 'idle' });

  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await outcome(check)]),
    );
    const ready = results.every(([, result]) => result === 'ok');
    return reply
      .code(ready ? 200 : 503)
      .send({ status: ready ? 'ok' : 'unavailable', checks: Object.fromEntries(results) });
  });
  server.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .type('application/problem+json')
      .send({
        type: 'about:blank',
        title: 'Not Found',
        status: 404,
        detail: `There is nothing at ${request.method} ${request.url}.`,
        code: 'not_found',
      }),
  );

  const url = await server.listen({ port, host }).catch((error: unknown) => {
    throw explainListenError(error, host, port);
  });
  return { url, close: () => server.close() };
}

/** `ok`, or what is wrong: a message of ours, never a database's own with its address in it. */
async function outcome(check: () => Promise<void>): Promise<string> {
  try {
    await check();
    return 'ok';
  } catch (error) {
    return error instanceof ArcadiaError ? error.message : 'unavailable';
  }
}
