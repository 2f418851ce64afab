import { context, SpanKind, trace } from '@opentelemetry/api';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { declareJob } from '../../src/platform/declare/job.ts';
import { takeSpans } from '../spans.ts';
import { openWorkerFixture, until, untilDrained, type WorkerFixture } from './worker-fixture.ts';

let taken: ReturnType<typeof takeSpans>;
let fixture: WorkerFixture;
beforeAll(async () => {
  taken = takeSpans();
  fixture = await openWorkerFixture();
});
afterAll(async () => {
  taken.close();
  await fixture.close();
});

test('the trace of a request goes on in the job that it enqueued, and metrics count the attempt', async () => {
  const tracer = trace.getTracer('test');
  const job = declareJob({
    name: 'traced',
    queue: 'default',
    title: 'a test',
    arguments: z.object({}),
    timeoutSeconds: 60,
    attemptsMax: 1,
    async run() {
      tracer.startSpan('provider call').end();
    },
  });
  const registry = new Registry();
  const worker = await fixture.start({ jobs: [job], registry });
  await tracer.startActiveSpan('http request', async (span) => {
    await fixture.db.transaction().execute((trx) => worker.jobs.enqueue(trx, job, {}));
    span.end();
  });
  await untilDrained(fixture.db);
  // Beside those of statements, which are told apart by their attributes.
  const spans = () => taken.finished().filter((span) => !('db.operation.name' in span.attributes));
  await until(() => spans().length === 3, 'three spans');
  const named = (name: string) => spans().find((span) => span.name === name);
  const [request, run, call] = [named('http request'), named('job traced'), named('provider call')];
  expect(run?.kind).toBe(SpanKind.CONSUMER);
  expect(run?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  expect(run?.attributes).toMatchObject({
    'arcadia.job': 'traced',
    'arcadia.job.attempt': 1,
    'arcadia.job.outcome': 'completed',
  });
  expect(call?.parentSpanContext?.spanId).toBe(run?.spanContext().spanId);
  expect(new Set([request, run, call].map((span) => span?.spanContext().traceId)).size).toBe(1);
  expect(context.active()).toBeDefined();
  expect(await registry.metrics()).toContain(
    'arcadia_job_attempts_total{queue="default",job="traced",outcome="completed"} 1',
  );
});
