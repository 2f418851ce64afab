import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { driftStanding } from '../../drift/index.ts';
import { gatewayStanding } from '../../gateway/index.ts';
import { readQueueLoad } from '../../jobs/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Database } from '../../platform/database/database.ts';
import type { Pools } from '../../platform/database/pools.ts';
import type { Program } from '../../platform/declare/program.ts';
import { metric } from '../../platform/metrics.ts';
import { rolloutStanding } from '../../provisioning/index.ts';
import * as store from './metrics.store.ts';

// What a scrape tells: the figures that this process has counted while it ran, and how things
// stand in the database, asked anew by each scrape. docs/operations.md says what each means.

/** A scrape that waits for the database no longer than this still tells of the process. */
const databaseMsMax = 3_000;

interface MetricsOptions {
  readonly db: Database;
  readonly clock: Clock;
  readonly program: Program;
  readonly registry: Registry;
  /** Of this process. */
  readonly pools: Pools;
}

export interface Metrics {
  readonly contentType: string;
  /** In Prometheus's text format. Never throws: what cannot be had is left out, and arcadia_database_up is 0. */
  scrape(): Promise<string>;
}

export function openMetrics({ db, clock, program, registry, pools }: MetricsOptions): Metrics {
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined)
    collectDefaultMetrics({ register: registry });
  const { up, connections, connectionsMax, waiting, ...standing } = makeGauges(registry);
  const { time, jobs, lag, paused, syncAge, metered, findings, driftAge, rollouts, extras, ...gateway } = standing;

  function setPools(): void {
    for (const { name, max, used, idle, waiting: waits } of pools.usage()) {
      connections.set({ pool: name, state: 'used' }, used);
      connections.set({ pool: name, state: 'idle' }, idle);
      connectionsMax.set({ pool: name }, max);
      waiting.set({ pool: name }, waits);
    }
  }

  function setDatabase(read: Awaited<ReturnType<typeof readDatabase>>): void {
    const { now, load, ages, through, drift, sources, provisioning } = read;
    time.set(now.epochMilliseconds / 1000);
    for (const { queue, lagSeconds, paused: isPaused, ...counts } of load) {
      for (const state of ['waiting', 'scheduled', 'running', 'dead'] as const)
        jobs.set({ queue, state }, counts[state]);
      lag.set({ queue }, lagSeconds);
      paused.set({ queue }, isPaused ? 1 : 0);
    }
    for (const { account, kind, seconds } of ages) syncAge.set({ account, kind }, seconds);
    if (through !== null) metered.set(through.epochMilliseconds / 1000);
    for (const { findings: many, ...labels } of drift.findings) findings.set(labels, many);
    for (const { source, backlog, lagSeconds, dead, skewSeconds, queueOpen, rejected } of sources) {
      gateway.backlog.set({ source }, backlog);
      gateway.gatewayLag.set({ source }, lagSeconds);
      gateway.dead.set({ source }, dead);
      if (skewSeconds !== null) gateway.skew.set({ source }, skewSeconds);
      gateway.rejected.set({ source }, rejected);
      if (queueOpen !== null) gateway.queueOpen.set({ source }, queueOpen ? 1 : 0);
    }
    for (const { state, rollouts: many } of provisioning.states) rollouts.set({ state }, many);
    extras.set(provisioning.extras);
    if (drift.sweptAt !== null) driftAge.set(drift.sweptAt.until(now).total('seconds'));
  }

  /** One at a time: scrapes that come meanwhile share its answer. */
  let scraping: Promise<string> | null = null;

  async function scrapeOnce(): Promise<string> {
    const read = await Promise.race([
      readDatabase(db, clock, program).catch(() => null),
      sleep(databaseMsMax, null, { ref: false }),
    ]);
    // What an account or a day was at the last scrape must not pass for what it is now.
    for (const each of Object.values(standing)) each.reset();
    up.set(read === null ? 0 : 1);
    if (read !== null) setDatabase(read);
    setPools();
    return registry.metrics();
  }

  return {
    contentType: registry.contentType,
    scrape() {
      scraping ??= scrapeOnce().finally(() => {
        scraping = null;
      });
      return scraping;
    },
  };
}

/** How things stand in the database. */
async function readDatabase(db: Database, clock: Clock, program: Program) {
  const now = await clock.now();
  const [load, ages, through, drift, sources, provisioning] = await Promise.all([
    readQueueLoad(db, program.queues),
    store.readSyncAges(db, now),
    store.readMeteredThrough(db),
    driftStanding(db, now),
    gatewayStanding(db, now),
    rolloutStanding(db),
  ]);
  return { now, load, ages, through, drift, sources, provisioning };
}

function makeGauges(registry: Registry) {
  const gauge = (name: string, help: string, labelNames: readonly string[] = []) =>
    metric(registry, name, (each) => new Gauge({ name: each, help, labelNames, registers: [registry] }));

  const up = gauge('arcadia_database_up', 'Whether the database answered this scrape');
  const time = gauge('arcadia_clock_seconds', "The database's clock, simulated where its accounts are, as Unix time");
  const connections = gauge('arcadia_pool_connections', 'Connections of this process to the database', [
    'pool',
    'state',
  ]);
  const connectionsMax = gauge('arcadia_pool_connections_max', 'Connections that a pool may open', ['pool']);
  const waiting = gauge('arcadia_pool_waiting', 'Who waits for a connection of a pool', ['pool']);
  const jobs = gauge('arcadia_queue_jobs', 'Jobs over all processes, by what they do', ['queue', 'state']);
  const lag = gauge('arcadia_queue_lag_seconds', 'How long the oldest job that could run has waited', ['queue']);
  const paused = gauge('arcadia_queue_paused', 'Whether the queue is paused on all workers', ['queue']);
  const syncAge = gauge('arcadia_sync_age_seconds', 'Since the last complete listing began', ['account', 'kind']);
  const metered = gauge('arcadia_metered_through_seconds', 'The end of the last metered day, as Unix time');
  const findings = gauge('arcadia_drift_findings', 'What differs, parts of others not counted', [
    'severity',
    'category',
    'state',
  ]);
  const driftAge = gauge('arcadia_drift_age_seconds', 'Since what is declared was last compared');
  const rollouts = gauge('arcadia_rollouts', 'Rollouts that have not ended', ['state']);
  const extras = gauge('arcadia_rollout_extras', 'What rollouts have made more than once, and is there');
  const backlog = gauge('arcadia_gateway_backlog', 'Gateway events that are not interpreted yet', ['source']);
  const gatewayLag = gauge('arcadia_gateway_lag_seconds', 'How long the first of these has waited', ['source']);
  const dead = gauge('arcadia_gateway_dead_letters', 'Gateway events that count for nothing', ['source']);
  const skew = gauge('arcadia_gateway_skew_seconds', "By how much a source's clock is behind; negative: ahead", [
    'source',
  ]);
  const rejected = gauge('arcadia_gateway_rejected_messages', "Messages of a source's queue that held no events", [
    'source',
  ]);
  const queueOpen = gauge('arcadia_gateway_queue_open', "Whether a server reads a source's queue", ['source']);
  return {
    up,
    time,
    connections,
    connectionsMax,
    waiting,
    jobs,
    lag,
    paused,
    syncAge,
    metered,
    findings,
    driftAge,
    rollouts,
    extras,
    backlog,
    gatewayLag,
    dead,
    skew,
    rejected,
    queueOpen,
  };
}
