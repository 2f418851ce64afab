import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { applyGatewayEffects } from '../../src/flows/gateway-effects.ts';
import { connect, type Database } from '../../src/platform/database/database.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { openEmbeddedDatabase } from '../../src/platform/embedded/embedded.ts';
import { event, instant, interpretAll, makeMeters, makeSource, requests, setClock } from '../fixtures/gateway.ts';
import { soaking, timeoutOf } from '../soak.ts';
import { freePort, startRestarting } from './gateway-processes.ts';

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

const answers = (db: Database) => () =>
  sql`SELECT`.execute(db).then(
    () => true,
    () => false,
  );

test(
  'database, server and worker die, hard, while twenty clients send: what was accepted is stored, and counts or is named, once',
  async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'arcadia-gateway-'));
    // Where root runs the tests, the server runs as somebody else, who has to get in.
    chmodSync(dataDir, 0o755);
    const options = { dataDir, database: 'arcadia', settings: { fsync: 'on' } };
    const server = await openEmbeddedDatabase(options);
    const connectionString = server.connectionString('arcadia');
    const db = connect({ connectionString });
    const closing: (() => Promise<void>)[] = [];
    try {
      await migrate(db);
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
      const killDatabase = async () => {
        const pid = readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0];
        process.kill(Number(pid), 'SIGQUIT');
        await expect.poll(answers(db), { timeout: 30_000 }).toBe(false);
        const restarted = await openEmbeddedDatabase(options);
        closing.push(() => restarted.release());
      };
      // Each dies while its part of the events is on its way: some of it is answered, and the rest is not.
      const deaths = [worker.restart, api.restart, killDatabase, api.restart, worker.restart];
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
      await db.destroy();
      await server.release();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
    }
  },
  timeoutOf(180_000),
);
