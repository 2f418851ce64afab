import { afterEach, beforeEach, expect, test } from 'vitest';
import { openJobs } from '../../src/jobs/jobs.ts';
import { program } from '../../src/modules.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { deliverWebhooksJob } from '../../src/webhooks/jobs.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { testSecretKey } from '../http/api-fixture.ts';
import { until, untilDrained } from '../jobs/worker-fixture.ts';
import { openReceiver, type Receiver } from '../webhooks/receiver.ts';
import { add, deliveries, networks, writeDays } from '../webhooks/webhooks-fixture.ts';
import { startWorkerProcess, type WorkerProcess } from './processes.ts';

// Real processes, really killed.

let database: TestDatabase;
let receiver: Receiver;
const workers: WorkerProcess[] = [];
beforeEach(async () => {
  database = await openTestDatabase();
  receiver = await openReceiver();
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.end()));
  await receiver.close();
  await database.close();
});

async function startWorker(name: string): Promise<WorkerProcess> {
  const env = { ARCADIA_SECRET_KEY: testSecretKey, ARCADIA_WEBHOOK_NETWORKS: networks.join(',') };
  const worker = await startWorkerProcess(database.connectionString, name, 'webhook-process.ts', env);
  workers.push(worker);
  return worker;
}

test('kill -9 between the sending and its record: the message comes once more, with the same id and body', async () => {
  const { db, connectionString } = database;
  const now = Temporal.Now.instant().round('microsecond');
  await add(db, now, { webhook: 'books', url: receiver.url });
  await writeDays(db, 1, now);
  const jobs = await openJobs({ db, connectionString, clock: databaseClock(db), program });
  try {
    await db.transaction().execute((trx) => jobs.enqueue(trx, deliverWebhooksJob, { after: 1 }));
    // It has received all of it, and whoever sent it does not know.
    receiver.answer(() => {});
    const doomed = await startWorker('doomed');
    await until(() => receiver.received.length === 1, 'it is sent');
    await doomed.end('SIGKILL');
    expect(await deliveries(db)).toMatchObject([{ state: 'pending', attempts: 0, claimed: true }]);
    receiver.answer(204);
    await startWorker('heir');
    await until(async () => (await deliveries(db))[0]?.state === 'delivered', 'it is delivered');
    await untilDrained(db);
  } finally {
    await jobs.close();
  }
  expect(receiver.received).toHaveLength(2);
  expect(new Set(receiver.ids).size).toBe(1);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  expect(await deliveries(db)).toMatchObject([{ state: 'delivered', attempts: 1, sequence: 1, claimed: false }]);
});
