import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Logger } from 'pino';
import { metric } from '../platform/metrics.ts';
import type { AttemptOutcome } from './attempts.store.ts';

/** How an attempt ended, as logs, metrics and spans say it. */
export type Outcome = AttemptOutcome;

interface AttemptReport {
  readonly queue: string;
  readonly job: string;
  readonly id: string;
  readonly attempt: number;
  /** From when it could run to when it was claimed. */
  readonly waitMs: number;
  readonly runMs: number;
  readonly outcome: Outcome;
  readonly reason?: string;
}

export interface Telemetry {
  report(attempt: AttemptReport): void;
  /** A running attempt that another worker's silence ended: what is known of it. */
  rescued(attempt: { queue: string; job: string; id: string; reason: string }): void;
  queue(state: { queue: string; limit: number; running: number; paused: boolean }): void;
}

const secondsBuckets = [0.005, 0.02, 0.1, 0.5, 2, 10, 30, 120, 600, 3600];

/** Log lines and Prometheus metrics. Names are made once per registry. */
export function openTelemetry(log: Logger, registry: Registry): Telemetry {
  const attempts = metric(registry, 'arcadia_job_attempts_total', (name) => {
    return new Counter({
      name,
      help: 'Attempts of jobs by how they ended',
      labelNames: ['queue', 'job', 'outcome'],
      registers: [registry],
    });
  });
  const wait = metric(registry, 'arcadia_job_wait_seconds', (name) => {
    return new Histogram({
      name,
      help: 'Time from when a job could run to its start',
      labelNames: ['queue'],
      buckets: secondsBuckets,
      registers: [registry],
    });
  });
  const run = metric(registry, 'arcadia_job_run_seconds', (name) => {
    return new Histogram({
      name,
      help: 'Time an attempt took',
      labelNames: ['queue', 'job'],
      buckets: secondsBuckets,
      registers: [registry],
    });
  });
  const running = metric(registry, 'arcadia_queue_running', (name) => {
    return new Gauge({ name, help: 'Jobs that this process runs', labelNames: ['queue'], registers: [registry] });
  });
  const limit = metric(registry, 'arcadia_queue_limit', (name) => {
    return new Gauge({
      name,
      help: 'Jobs that this process may run at a time; 0 while paused',
      labelNames: ['queue'],
      registers: [registry],
    });
  });
  return {
    report({ queue, job, id, attempt, waitMs, runMs, outcome, reason }) {
      attempts.inc({ queue, job, outcome });
      wait.observe({ queue }, waitMs / 1000);
      run.observe({ queue, job }, runMs / 1000);
      const line = {
        queue,
        job,
        id,
        attempt,
        wait_ms: waitMs,
        run_ms: runMs,
        outcome,
        ...(reason !== undefined && { reason }),
      };
      log[outcome === 'dead' ? 'error' : outcome === 'completed' ? 'info' : 'warn'](line, `job ${outcome}`);
    },
    rescued({ queue, job, id, reason }) {
      attempts.inc({ queue, job, outcome: 'rescued' });
      log.warn({ queue, job, id, outcome: 'rescued', reason }, 'job rescued');
    },
    queue(state) {
      running.set({ queue: state.queue }, state.running);
      limit.set({ queue: state.queue }, state.paused ? 0 : state.limit);
    },
  };
}

// Asked for each time: where spans go is decided later, and may end.
const tracer = () => trace.getTracer('arcadia.jobs');

/** Runs `work` in a span that continues the trace of whoever enqueued the job. */
export function inJobSpan<Result>(
  job: { queue: string; job: string; id: string; attempt: number; trace: Readonly<Record<string, string>> | undefined },
  work: () => Promise<Result>,
  outcomeOf: (result: Result) => { outcome: Outcome; reason?: string },
): Promise<Result> {
  const parent = job.trace === undefined ? context.active() : propagation.extract(context.active(), job.trace);
  const attributes = {
    'messaging.system': 'pg-boss',
    'messaging.destination.name': job.queue,
    'messaging.message.id': job.id,
    'arcadia.job': job.job,
    'arcadia.job.attempt': job.attempt,
  };
  return tracer().startActiveSpan(`job ${job.job}`, { kind: SpanKind.CONSUMER, attributes }, parent, async (span) => {
    try {
      const result = await work();
      const { outcome, reason } = outcomeOf(result);
      span.setAttribute('arcadia.job.outcome', outcome);
      if (outcome === 'failed' || outcome === 'dead')
        span.setStatus({ code: SpanStatusCode.ERROR, message: reason ?? outcome });
      return result;
    } finally {
      span.end();
    }
  });
}
