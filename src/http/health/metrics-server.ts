import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { alive, explainListenError } from '../serve/listen.ts';
import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';

// For whoever runs this process, on a port of its own that no customer reaches: metrics and health,
// of workers as well, which have no other port.

/** Where OpenTelemetry's exporter for Prometheus has its metrics as well. */
export const usualMetricsPort = 9464;

interface MetricsServerOptions {
  /** 0 picks a free port. */
  readonly port: number;
  readonly host: string;
  readonly metrics: Metrics;
  readonly readiness: Readiness;
}

interface MetricsServer {
  /** Of the metrics themselves: http://127.0.0.1:9464/metrics */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves GET /metrics, /livez and /readyz. Errors: port_in_use, invalid_config. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { port, host, metrics, readiness } = options;

  async function answer(path: string): Promise<{ status: number; type: string; body: string }> {
    const json = 'application/json; charset=utf-8';
    switch (path) {
      case '/metrics':
        return { status: 200, type: metrics.contentType, body: await metrics.scrape() };
      case '/livez':
        return { status: 200, type: json, body: JSON.stringify(alive()) };
      case '/readyz': {
        const found = await readiness.check();
        return { status: found.ready ? 200 : 503, type: json, body: JSON.stringify(found.report) };
      }
      default:
        return {
          status: 404,
          type: 'text/plain; charset=utf-8',
          body: 'There are /metrics, /livez and /readyz here.\n',
        };
    }
  }

  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
      return;
    }
    answer(path).then(
      ({ status, type, body }) =>
        response
          .writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
          .end(request.method === 'HEAD' ? undefined : body),
      () => response.writeHead(500).end(),
    );
  });
  server.maxConnections = 100;

  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen({ port, host }, listening.resolve);
  try {
    await listening.promise;
  } catch (error) {
    throw explainListenError(error, host, port);
  }
  const address = server.address() as AddressInfo;
  const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}/metrics`,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
