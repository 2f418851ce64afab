import type { Database, UnitOfWork } from '../platform/database/database.ts';
import { publishEvent } from '../platform/events.ts';
import { writeMessages } from '../webhooks/index.ts';
import { claimDeadNotice, claimSilentNotices, countDead } from './announce.store.ts';

// What is published of sources: to the live stream each time, to webhooks so rarely that nobody is flooded.

const deadNoticeMinutes = 60;
const pathOf = (source: string) => `/api/v1/gateway/sources/${source}`;

/** That events of a source count for nothing. */
export async function announceDead(
  trx: UnitOfWork,
  { accountId, source }: { readonly accountId: number; readonly source: string },
  now: Temporal.Instant,
): Promise<void> {
  await publishEvent(trx, 'gateway.dead', source);
  if (!(await claimDeadNotice(trx, accountId, now.subtract({ minutes: deadNoticeMinutes }), now))) return;
  const data = { source, dead: await countDead(trx, accountId), path: pathOf(source) };
  await writeMessages(trx, 'gateway.dead', [{ customerId: null, data }], now);
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
