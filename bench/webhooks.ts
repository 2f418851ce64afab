import { tmpdir } from 'node:os';
import { Registry } from 'prom-client';
import { startWorker } from '../src/jobs/worker.ts';
import { program } from '../src/modules.ts';
import { loadConfig } from '../src/platform/config.ts';
import { createLog } from '../src/platform/log.ts';
import { deliverWebhooksJob } from '../src/webhooks/jobs.ts';
import { sendSoon } from '../src/webhooks/messages.ts';
import { testSecretKey } from '../test/http/api-fixture.ts';
import { openReceiver } from '../test/webhooks/receiver.ts';
import { add, networks, writeDays } from '../test/webhooks/webhooks-fixture.ts';
import { type Row, row, say, withBenchDatabase } from './support.ts';

// One receiver takes 15 seconds for each message. How long messages take to nine others meanwhile, from their commit on.

const messages = 200;
const others = 9;
const pauseMs = 20;

export default async function bench(): Promise<Row[]> {
  return withBenchDatabase(async (db, connectionString) => {
    const env = {
      ARCADIA_DATA_DIR: tmpdir(),
      ARCADIA_SECRET_KEY: testSecretKey,
      ARCADIA_WEBHOOK_NETWORKS: networks.join(','),
    };
    const worker = await startWorker({
      db,
      connectionString,
      config: loadConfig({ env, cwd: tmpdir() }, program.settings),
      log: createLog({ level: 'error', format: 'json' }),
      program: { ...program, jobs: [deliverWebhooksJob], schedule: [] },
      registry: new Registry(),
    });
    const now = () => Temporal.Now.instant().round('microsecond');
    const receivers = await Promise.all(Array.from({ length: others + 1 }, () => openReceiver()));
    const [slow, ...quick] = receivers;
    if (slow === undefined) throw new Error('there is no receiver');
    slow.answer((response) => void setTimeout(() => response.writeHead(204).end(), 15_000));
    const committedAt: number[] = [];
    const took: number[] = [];
    const all = Promise.withResolvers<void>();
    for (const [n, receiver] of receivers.entries()) await add(db, now(), { webhook: `r${n}`, url: receiver.url });
    for (const receiver of quick) {
      receiver.answer((response, { body }) => {
        const { sequence } = JSON.parse(body) as { sequence: number };
        took.push(performance.now() - (committedAt[sequence - 1] ?? Number.NaN));
        response.writeHead(204).end();
        if (took.length === messages * others) all.resolve();
      });
    }
    for (let n = 0; n < messages; n += 1) {
      await writeDays(db, 1, now());
      committedAt.push(performance.now());
      await sendSoon({ db, enqueue: (trx, job, args) => worker.jobs.enqueue(trx, job, args) });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    await all.promise;
    await worker.stop({ deadlineSeconds: 0 });
    await Promise.all(receivers.map((receiver) => receiver.close()));
    took.sort((a, b) => a - b);
    const at = (share: number) => took[Math.floor(took.length * share)] ?? Number.NaN;
    say(
      `webhooks: ${took.length} messages to ${others} receivers, median ${at(0.5).toFixed(0)} ms, beside one that sleeps`,
    );
    return [row('webhooks: to nine receivers beside one that sleeps 15 s, p99', at(0.99), 'a second', 1000, 1)];
  });
}
