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
  const env = { DATABASE_URL: connectionString };
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
      (answerOf(await arcadia(['job', 'list', '--json'], { env })) as Job[]).map(({ job, state }) => [job, state]),
    );
  while ((await states()).meter !== 'completed') await sleep(250);
  expect(await states()).toEqual({ meter: 'completed', prune_jobs: 'waiting' });

  for (const { started } of [api, worker]) {
    started.child.kill('SIGTERM');
    expect((await started.ended).code).toBe(0);
  }
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
