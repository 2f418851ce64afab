import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { publishEvent } from '../platform/events.ts';
import { writeMessages } from '../webhooks/index.ts';
import { claimDeadNotice, claimSilentNotices, claimUnannounced, countDead } from './announce.store.ts';
import { countRejected } from './queues.store.ts';

// What is published of sources: to the live stream each time, to webhooks so rarely that nobody is flooded.

const deadNoticeMinutes = 60;
const pathOf = (source: string) => `/api/v1/gateway/sources/${source}`;

interface Sender {
  readonly accountId: number;
  readonly source: string;
}

/** That events of a source count for nothing. */
export async function announceDead(
  trx: UnitOfWork,
  { accountId, source }: Sender,
  now: Temporal.Instant,
): Promise<void> {
  await publishEvent(trx, 'gateway.dead', source);
  if (!(await claimDeadNotice(trx, accountId, now.subtract({ minutes: deadNoticeMinutes }), now))) return;
  await writeMessages(trx, 'gateway.dead', [await deadMessage(trx, { accountId, source })], now);
}

/** Counts a message of a source's queue that held no events, and announces it as what counts for nothing. */
export async function announceRejected(
  db: Database,
  sender: Sender,
  reason: string,
  now: Temporal.Instant,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await countRejected(trx, sender.accountId, reason, now);
    await announceDead(trx, sender, now);
  });
}

async function deadMessage(trx: UnitOfWork, { accountId, source }: Sender) {
  return { customerId: null, data: { source, ...(await countDead(trx, accountId)), path: pathOf(source) } };
}

/** The same of what died within the hour after it was sent, once that is over. */
export async function announceDeadSince(db: Database, now: Temporal.Instant): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const messages: Awaited<ReturnType<typeof deadMessage>>[] = [];
    for (const source of await claimUnannounced(trx, now.subtract({ minutes: deadNoticeMinutes }), now))
      messages.push(await deadMessage(trx, source));
    await writeMessages(trx, 'gateway.dead', messages, now);
  });
}

/** That sources have been silent for as long as each was given; once, until an event of theirs comes. */
export async function announceSilent(db: Database, now: Temporal.Instant): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const messages = (await claimSilentNotices(trx, now)).map(({ source, lastReceivedAt }) => ({
      customerId: null,
      data: { source, lastReceivedAt: lastReceivedAt?.toString() ?? null, path: pathOf(source) },
    }));
    await writeMessages(trx, 'gateway.silent', messages, now);
  });
}
