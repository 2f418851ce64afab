import Fastify from 'fastify';
import { explainListenError } from './listen.ts';
import type { Readiness } from './readiness.ts';

export interface HttpServerOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Loopback unless an operator opens it. */
  readonly host?: string;
  /** Whether requests are to be sent here. */
  readonly readiness: Readiness;
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
  const { port, host = '127.0.0.1', readiness } = options;
  const server = Fastify({ logger: false, forceCloseConnections: 'idle' });

  server.get('/livez', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const { ready, report } = await readiness.check();
    return reply.code(ready ? 200 : 503).send(report);
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
