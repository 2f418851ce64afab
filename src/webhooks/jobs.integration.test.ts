import { afterEach, beforeEach, expect, test } from 'vitest';
import { openReceiver, type Receiver } from '../../test/webhooks/receiver.ts';
import {
  add,
  type DeliveryState,
  deliveries,
  networks,
  setClock,
  writeDays,
} from '../../test/webhooks/webhooks-fixture.ts';
import { testSecretKey } from '../../test/http/api-fixture.ts';
import { openWorkerFixture, until, untilDrained, type WorkerFixture } from '../../test/jobs/worker-fixture.ts';
import { program } from '../modules.ts';
import { loadConfig } from '../platform/config.ts';
import { deliverWebhooksJob, pruneWebhooksJob } from './jobs.ts';
import { sendSoon } from './messages.ts';

// Messages through a worker, on a clock that stands where it is set.

let fixture: WorkerFixture;
let receiver: Receiver;
const start = Temporal.Instant.from('2026-06-01T00:00:00Z');
const env = {
  ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused',
  ARCADIA_SECRET_KEY: testSecretKey,
  ARCADIA_WEBHOOK_NETWORKS: networks.join(','),
};
const config = loadConfig({ flags: {}, env }, program.settings);
const jobs = [deliverWebhooksJob, pruneWebhooksJob];

beforeEach(async () => {
  fixture = await openWorkerFixture();
  receiver = await openReceiver();
  await setClock(fixture.db, start);
  await add(fixture.db, start, { webhook: 'books', url: receiver.url });
});
afterEach(async () => {
  await receiver.close();
  await fixture.close();
});

test('what is written is sent at once, and what failed when its time has come by the clock', async () => {
  const { db } = fixture;
  const worker = await fixture.start({ jobs, config });
  receiver.answer(503);
  await writeDays(db, 1, start);
  await sendSoon({ db, enqueue: (trx, job, args) => worker.jobs.enqueue(trx, job, args) });
  const settled = async (attempts: number) => {
    const [one] = await deliveries(db);
    return one?.attempts === attempts && !one.claimed;
  };
  await until(() => settled(1), 'it is attempted');
  const [{ nextAt }] = (await deliveries(db)) as [DeliveryState];
  const due = nextAt.round({ smallestUnit: 'second', roundingMode: 'ceil' });
  expect(await worker.jobs.list({ job: 'deliver_webhooks', arguments: { due: due.toString() } })).toHaveLength(1);
  // The clock stands, and so it does not look again every few seconds of real time.
  const retry = async () =>
    (await worker.jobs.list({ job: 'deliver_webhooks', arguments: { due: due.toString() } }))[0];
  await until(async () => (await retry())?.state === 'scheduled', 'it waits');
  expect(
    Temporal.Now.instant()
      .until((await retry())?.runAfter as Temporal.Instant)
      .total('minutes'),
  ).toBeGreaterThan(30);
  receiver.answer(204);
  await setClock(db, due);
  await until(() => settled(2), 'it is attempted again');
  await untilDrained(db);
  expect(await deliveries(db)).toMatchObject([{ state: 'delivered', attempts: 2 }]);
  expect(new Set(receiver.ids).size).toBe(1);
});

test('a tick sends what nobody enqueued, and nothing twice', async () => {
  const { db } = fixture;
  await writeDays(db, 2, start);
  const worker = await fixture.start({ jobs, config });
  const tick = async () => {
    await db.transaction().execute((trx) => worker.jobs.enqueue(trx, deliverWebhooksJob, {}));
    await untilDrained(db);
  };
  await tick();
  expect(receiver.received).toHaveLength(2);
  await tick();
  expect(receiver.received).toHaveLength(2);
});

test('30 days later messages and attempts are gone', async () => {
  const { db } = fixture;
  await writeDays(db, 1, start);
  const worker = await fixture.start({ jobs, config });
  const run = async (job: typeof deliverWebhooksJob | typeof pruneWebhooksJob) => {
    await db.transaction().execute((trx) => worker.jobs.enqueue(trx, { refersTo: job.name }, {}));
    await untilDrained(db);
  };
  await run(deliverWebhooksJob);
  await setClock(db, start.add({ hours: 24 * 30 }));
  await run(pruneWebhooksJob);
  expect(await deliveries(db)).toHaveLength(1);
  await setClock(db, start.add({ hours: 24 * 30, seconds: 1 }));
  await run(pruneWebhooksJob);
  expect(await deliveries(db)).toEqual([]);
});
