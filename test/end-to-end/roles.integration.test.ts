import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Arcadia, answerOf, arcadia, failureOf } from './arcadia.ts';
import { openTestDatabase } from '../database.ts';

interface Job {
  readonly job: string;
  readonly state: string;
}

test('an api answers and works nothing, a worker works the queues that it is given and no other', async () => {
  const { connectionString, close } = await openTestDatabase();
  onTestFinished(close);
  const env = { DATABASE_URL: connectionString, ARCADIA_METRICS_PORT: '0' };
  const start = async (says: RegExp, ...args: string[]) => {
    const started = new Arcadia(['start', ...args], { env });
    onTestFinished(() => void started.child.kill('SIGKILL'));
    const [, found = ''] = await started.says(says);
    return { started, found };
  };

  const api = await start(/arcadia is up at (http:\S+).*runs no jobs/, '--role', 'api', '--port', '0');
  expect((await fetch(`${api.found}/readyz`)).status).toBe(200);
  for (const job of ['meter', 'prune_jobs']) answerOf(await arcadia(['job', 'run', job, '--json'], { env }));
  const worker = await start(/A worker is up, on (\w+)/, '--role', 'worker', '--queues', 'metering');
  expect(worker.found).toBe('metering');

  const states = async () =>
    Object.fromEntries(
      (answerOf(await arcadia(['job', 'list', '--json'], { env })) as { items: Job[] }).items.map(({ job, state }) => [
        job,
        state,
      ]),
    );
  while ((await states()).meter !== 'completed') await sleep(250);
  expect(await states()).toEqual({ meter: 'completed', prune_jobs: 'waiting' });

  for (const { started } of [api, worker]) {
    const [, metrics = ''] = await started.says(/Metrics are at ([^\s"]+)/);
    const told = await (await fetch(metrics)).text();
    expect(told).toContain('arcadia_queue_jobs{queue="default",state="waiting"} 1');
    expect(told.includes('arcadia_job_attempts_total{queue="metering",job="meter",outcome="completed"} 1')).toBe(
      started === worker.started,
    );
    const pools = [...told.matchAll(/^arcadia_pool_connections_max\{pool="([^"]+)"\} [1-9]/gm)].map(
      ([, pool = '']) => pool,
    );
    expect(pools.toSorted()).toEqual([
      'arcadia',
      ...(started === api.started ? ['arcadia api'] : ['arcadia job', 'arcadia worker']),
    ]);
    expect((await fetch(new URL('/readyz', metrics))).status).toBe(200);
    started.child.kill('SIGTERM');
    expect((await started.ended).code).toBe(0);
  }
});

test('a process that is told to stop says that it is not ready while it still answers, and ends its streams', async () => {
  const { connectionString, close } = await openTestDatabase();
  onTestFinished(close);
  const env = {
    DATABASE_URL: connectionString,
    ARCADIA_METRICS_PORT: 'off',
    ARCADIA_STOP_DELAY_SECONDS: '8',
    ARCADIA_JWT_SECRET: 'a secret for tests that is long enough for HS512, which wants 64 bytes of it',
  };
  const { token } = answerOf(await arcadia(['token', 'issue', '--role', 'viewer', '--json'], { env })) as {
    token: string;
  };
  const api = new Arcadia(['start', '--role', 'api', '--port', '0'], { env });
  onTestFinished(() => void api.child.kill('SIGKILL'));
  const [, url = ''] = await api.says(/arcadia is up at (http:\S+)/);
  const events = await fetch(`${url}/api/v1/events`, { headers: { authorization: `Bearer ${token}` } });
  expect(events.status).toBe(200);
  api.child.kill('SIGTERM');
  while ((await fetch(`${url}/readyz`)).status !== 503) await sleep(50);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect(await events.text()).toContain('the server stops');
  expect((await api.ended).code).toBe(0);
});

test('a port for metrics that is taken ends a process that was told to use it', async () => {
  const { connectionString, close } = await openTestDatabase();
  onTestFinished(close);
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const args = ['start', '--role', 'worker', '--metrics-port', `${port}`, '--json'];
  const ended = await arcadia(args, { env: { DATABASE_URL: connectionString } });
  expect([ended.code, failureOf(ended).code]).toEqual([1, 'port_in_use']);
  expect(failureOf(ended).message).toContain('--metrics-port');
});

test('queues for an api, and a queue that is not there, are refused', async () => {
  for (const args of [
    ['--role', 'api', '--queues', 'metering'],
    ['--role', 'worker', '--queues', 'meters'],
  ]) {
    const { connectionString, close } = await openTestDatabase();
    onTestFinished(close);
    const ended = await arcadia(['start', ...args, '--json'], { env: { DATABASE_URL: connectionString } });
    expect(ended.code).toBe(1);
    expect(failureOf(ended).code).toBe('invalid_argument');
  }
});
