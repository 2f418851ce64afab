import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.ts';
import { openProvider } from '../../src/cloud/open.ts';
import { connectAccount } from '../../src/inventory/accounts.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { createLog } from '../../src/platform/log.ts';
import { openSecretKey } from '../../src/inventory/secret-key.ts';
import { startTracing } from '../../src/platform/tracing.ts';
import { openTestDatabase } from '../database.ts';
import { until, untilDrained } from '../jobs/worker-fixture.ts';
import { json, startTestApi } from './api-fixture.ts';
import { program } from '../../src/modules.ts';

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly scope: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly (Omit<Span, 'attributes' | 'scope'> & { readonly attributes: readonly Attribute[] })[];
    }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number };
}

const read = (attributes: readonly Attribute[]) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue]));

/** What a collector is to whoever sends: an address that takes OTLP over HTTP. */
async function startCollector() {
  const spans: Span[] = [];
  const services = new Set<unknown>();
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const { resourceSpans } = JSON.parse(Buffer.concat(chunks).toString()) as Exported;
      for (const { resource, scopeSpans } of resourceSpans) {
        services.add(read(resource.attributes)['service.name']);
        for (const { scope, spans: some } of scopeSpans) {
          spans.push(...some.map((span) => ({ ...span, scope: scope.name, attributes: read(span.attributes) })));
        }
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, services };
}

test('a trace goes from whoever asks over HTTP through the job to the request to the provider, and ends there', async () => {
  const collector = await startCollector();
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
  process.env.OTEL_BSP_SCHEDULE_DELAY = '100';
  process.env.OTEL_RESOURCE_ATTRIBUTES = 'service.name=arcadia-under-test';
  const log = createLog({ level: 'silent', format: 'json' });
  const tracing = await startTracing(process.env, log);
  onTestFinished(() => tracing?.close());

  const database = await openTestDatabase();
  onTestFinished(() => database.close());
  const { db, connectionString } = database;
  const api = await startTestApi(database);
  onTestFinished(() => api.close());
  const simulator = await startSimulator({ fleet: 'pilot', seed: 1 });
  onTestFinished(() => simulator.close());
  const details = { apiUrl: simulator.url, credentials: { token: 'any' } };
  const provider = await openProvider('digitalocean', details);
  const request = {
    slug: 'acme',
    provider: 'digitalocean',
    ...details,
    secretKey: await openSecretKey(db, api.config),
  };
  await connectAccount(db, request, await provider.identify(), simulator.start);
  await provider.close();
  const worker = await startWorker({
    db,
    connectionString,
    config: api.config,
    log,
    program,
    registry: new Registry(),
  });
  onTestFinished(() => worker.stop());

  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
  const parent = '00f067aa0ba902b7';
  const answer = await api.fetch(
    '/jobs',
    json(
      'POST',
      { job: 'sync_projects', arguments: { account: 'acme' } },
      { traceparent: `00-${traceId}-${parent}-01` },
    ),
  );
  expect(answer.status).toBe(202);
  await untilDrained(db);

  const ofTrace = (scope: string) => collector.spans.filter((span) => span.traceId === traceId && span.scope === scope);
  await until(
    () => ofTrace('arcadia.digitalocean').length > 0 && ofTrace('arcadia.http').length > 0,
    'the spans have come',
  );
  await until(
    () => ofTrace('arcadia.jobs').some(({ name }) => name === 'job attribute'),
    'and those of the jobs that followed',
  );
  const [asked] = ofTrace('arcadia.http');
  const job = ofTrace('arcadia.jobs').find(({ name }) => name === 'job sync_projects');
  const calls = ofTrace('arcadia.digitalocean');
  expect(asked).toMatchObject({ name: 'POST /api/v1/jobs', parentSpanId: parent });
  expect(asked?.attributes).toMatchObject({ 'http.route': '/api/v1/jobs', 'http.response.status_code': 202 });
  expect(job).toMatchObject({ parentSpanId: asked?.spanId });
  expect(job?.attributes).toMatchObject({ 'arcadia.job': 'sync_projects', 'arcadia.job.outcome': 'completed' });
  const ofJob = calls.filter(({ parentSpanId }) => parentSpanId === job?.spanId).map(({ attributes }) => attributes);
  expect(ofJob).toContainEqual(
    expect.objectContaining({
      'server.address': '127.0.0.1',
      'url.path': '/v2/projects',
      'http.response.status_code': 200,
    }),
  );
  const resources = ofTrace('arcadia.jobs').find(({ name }) => name === 'job sync_resources');
  expect(resources?.parentSpanId, 'what a job enqueues goes on in its trace').toBe(job?.spanId);
  expect(collector.services).toEqual(new Set(['arcadia-under-test']));
});
