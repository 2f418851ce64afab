import { z } from 'zod';
import { declareJob, type JobRun, SnoozeJob } from '../platform/declare/job.ts';
import { deliverDue } from './deliver.ts';
import { hasDeliverable } from './deliveries.store.ts';
import { deleteBefore } from './messages.store.ts';
import { existingKey } from './secret-key.ts';
import { webhooksSettings } from './settings.ts';
import { resolveName } from './target.ts';

const keptDays = 30;

const deliverArguments = z.strictObject({
  /** A delivery that was written: names what is to be sent at once, so that no job that is about to end stands for it. */
  after: z.int().exactOptional(),
  /** Not before: when something is sent again. */
  due: z.iso.datetime().exactOptional(),
});

type DeliverArguments = z.output<typeof deliverArguments>;

/**
 * Sends what is due to the endpoints: what was written, what failed and is tried again; and every minute, for what nobody
 * enqueued. Nobody waits for what it enqueues, which may be due in a day.
 */
export const deliverWebhooksJob = declareJob<DeliverArguments>({
  name: 'deliver_webhooks',
  queue: 'webhooks',
  title: 'Sends messages to webhook endpoints',
  arguments: deliverArguments,
  timeoutSeconds: 600,
  attemptsMax: 20,
  async run(job) {
    const { db, clock, config, log, signal, arguments: args, id: jobId } = job;
    const now = await clock.now();
    if (args.due !== undefined) waitUntil(Temporal.Instant.from(args.due), now);
    if (!(await hasDeliverable(db, jobId, now))) return;
    const key = await existingKey(db, config);
    const { webhookNetworks: networks } = webhooksSettings.of(config);
    const wakeAt: Parameters<typeof deliverDue>[0]['wakeAt'] = (trx, at) => enqueueAt(job, trx, at);
    const sending = { db, clock, log, signal, jobId, key, networks, resolve: resolveName, wakeAt };
    const { more } = await deliverDue(sending);
    if (more) throw new SnoozeJob(0, 'there is more to send');
  },
});

/** @throws SnoozeJob where it has not come */
function waitUntil(due: Temporal.Instant, now: Temporal.Instant): void {
  const seconds = Math.ceil(now.until(due).total('seconds'));
  if (seconds > 0) throw new SnoozeJob(seconds, `waits until ${due}`, due);
}

/** One job for all that is due within a second. */
function enqueueAt(
  { enqueue }: Pick<JobRun<DeliverArguments>, 'enqueue'>,
  trx: Parameters<JobRun['enqueue']>[0],
  at: Temporal.Instant,
): Promise<void> {
  const due = at.round({ smallestUnit: 'second', roundingMode: 'ceil' }).toString();
  return enqueue(trx, deliverWebhooksJob, { due });
}

/** Forgets what is older than the log is kept. */
export const pruneWebhooksJob = declareJob({
  name: 'prune_webhooks',
  queue: 'webhooks',
  title: 'Removes webhook messages and attempts that are older than 30 days',
  arguments: z.strictObject({}),
  timeoutSeconds: 1_800,
  attemptsMax: 3,
  async run({ db, clock, log }) {
    const messages = await deleteBefore(db, (await clock.now()).subtract({ hours: 24 * keptDays }));
    if (messages > 0) log.info({ messages }, 'webhooks pruned');
  },
});
