import { setTimeout as sleep } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { expect, test } from 'vitest';
import { publishEvent } from '../../src/platform/events.ts';
import { smallDemonstration } from '../fixtures/demonstration.ts';
import { soaking, timeoutOf } from '../soak.ts';
import { openDashboard, settle } from './dashboard.ts';

// A page that is open all day: each event has something read again, and nothing of it may stay. An hour of ten events a
// second in `npm run soak`, seconds of it in `npm test`.

const seconds = soaking ? 3_600 : 15;
const eventsPerSecond = 10;
/** What the first events leave behind is there once: caches, compiled code. */
const warmSeconds = soaking ? 60 : 10;
/** Of seconds alone, the garbage of one reading more or less is a part that shows. */
const growthMax = soaking ? 1.1 : 1.3;

/** Bytes of the page's heap, without garbage. */
async function heapOf(session: CDPSession): Promise<number> {
  await session.send('HeapProfiler.collectGarbage');
  await sleep(200);
  await session.send('HeapProfiler.collectGarbage');
  return (await session.send('Runtime.getHeapUsage')).usedSize;
}

test(`memory stays flat over ${seconds} s of events`, { timeout: timeoutOf(240_000) }, async ({ skip }) => {
  const dashboard = await openDashboard(smallDemonstration);
  if (dashboard === null) return skip();
  const { db } = dashboard.database;
  const publish = async (forSeconds: number) => {
    const types = ['job.changed', 'sync.ended', 'figures.changed', 'queue.changed', 'sync.progress'];
    const subjects = ['default', 'pilot/droplet', '2026-05', 'metering', 'pilot/droplet'];
    for (let at = 0; at < forSeconds * eventsPerSecond; at += 1) {
      await publishEvent(db, types[at % types.length] ?? '', subjects[at % subjects.length] ?? '');
      await sleep(1_000 / eventsPerSecond);
    }
  };
  const { page, context, wrong } = await dashboard.open({ path: '/jobs' });
  await settle(page, /completed in the last/);
  let reads = 0;
  page.on('request', () => (reads += 1));
  const session = await context.newCDPSession(page);
  await publish(warmSeconds);
  const before = await heapOf(session);
  await publish(seconds);
  expect(reads).toBeGreaterThan(seconds / 4);
  const after = await heapOf(session);
  expect([after / before < growthMax, `${before} bytes before, ${after} after`]).toEqual([
    true,
    `${before} bytes before, ${after} after`,
  ]);
  expect(wrong).toEqual([]);
  await context.close();
  await dashboard.close();
});
