import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { applyGatewayEffects } from '../../src/flows/gateway-effects.ts';
import { event, instant, interpretAll, makeMeters, makeSource, requests, setClock } from '../fixtures/gateway.ts';
import { soaking, timeoutOf } from '../soak.ts';
import { freePort, startRestarting } from './gateway-processes.ts';
import { openOwnServer } from './own-server.ts';

// A server of its own, with the disk waited for: nobody else's tests live through this.

const clients = 20;
const batches = soaking ? 100 : 10;
const batchSize = 50;
const total = clients * batches * batchSize;
const now = instant('2026-05-05');

/** Of fifty events one is dead, one of no meter, and one is to pause what nobody knows. */
function batchOf(): object[] {
  return Array.from({ length: batchSize }, (_, place) => {
    if (place === 0) return event({ time: undefined });
    if (place === 1) return event({ type: 'other' });
    if (place === 2) return event({ type: 'arcadia.subscription.paused', subject: 'deployment:nobodys' });
    return event();
  });
}

test(
  'database, server and worker die, hard, while twenty clients send: what was accepted is stored, and counts or is named, once',
  async () => {
    const server = await openOwnServer({ fsync: 'on' });
    const { db, connectionString } = server;
    const closing: (() => Promise<void>)[] = [];
    try {
      await setClock(db, now);
      const limits = { maxEventsPerSecond: 1_000_000, effects: ['lifecycle' as const] };
      const secret = await makeSource(db, 'app', { now, limits });
      await makeMeters(db, [requests], now);
      const port = await freePort();
      const api = startRestarting([connectionString, 'serve', now.toString(), '0', 'before', port]);
      const worker = startRestarting([connectionString, 'work', now.toString()]);
      closing.unshift(api.close, worker.close);
      await Promise.all([api.untilStarted(), worker.untilStarted()]);

      let refused = 0;
      let accepted = 0;
      const send = async (body: string): Promise<void> => {
        for (;;) {
          const answer = await fetch(`http://127.0.0.1:${port}/api/v1/gateway/sources/app/events`, {
            method: 'POST',
            headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/cloudevents-batch+json' },
            body,
          }).catch(() => null);
          const said = answer?.status === 200 ? await answer.json().catch(() => null) : null;
          if (said !== null) break;
          expect(answer?.status ?? 503).toBeOneOf([200, 429, 500, 503]);
          refused += 1;
          await sleep(50);
        }
        accepted += batchSize;
      };
      let begun = 0;
      let allowed = 0;
      const sending = Array.from({ length: clients }, async () => {
        for (let batch = 0; batch < batches; batch += 1) {
          while (begun >= allowed) await sleep(5);
          begun += batchSize;
          await send(JSON.stringify(batchOf()));
        }
      });
      // Each dies while its part of the events is on its way: some of it is answered, and the rest is not.
      const deaths = [worker.restart, api.restart, server.restart, api.restart, worker.restart];
      for (const [place, die] of deaths.entries()) {
        allowed = Math.ceil((total * (place + 1)) / deaths.length);
        const before = accepted;
        while (accepted === before) await sleep(1);
        await die();
        while (accepted < allowed - clients * batchSize) await sleep(5);
      }
      await Promise.all(sending);
      await worker.close();
      await interpretAll(db, now);
      await applyGatewayEffects(db, 'app', { clock: { now: async () => now }, signal: new AbortController().signal });

      const { rows } = await sql`
        SELECT (SELECT count(*) FROM gateway_events) AS stored, (SELECT count(DISTINCT event_id) FROM gateway_events) AS ids,
               (SELECT count(*) FROM gateway_usage) AS counted, (SELECT sum(value)::int FROM gateway_usage) AS sum,
               (SELECT json_object_agg(name, n) FROM (SELECT concat_ws(' ', outcome, nullif(reason, '')) AS name, count(*) AS n
                FROM gateway_outcomes GROUP BY 1 ORDER BY 1) AS named) AS named`.execute(db);
      const each = total / batchSize;
      const counted = total - 3 * each;
      const named = { 'dead deployment_unknown': each, 'dead time_required': each, no_meter: each };
      expect(accepted).toBe(total);
      expect(rows).toEqual([{ stored: total, ids: total, counted, sum: counted, named }]);
      expect(refused).toBeGreaterThan(0);
    } finally {
      for (const close of closing) await close().catch(() => {});
      await server.close();
    }
  },
  timeoutOf(180_000),
);
