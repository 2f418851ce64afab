import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { connect } from '../../src/platform/database/database.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { openEmbeddedDatabase } from '../../src/platform/embedded/embedded.ts';
import { event, instant, interpretAll, makeMeters, makeSource, requests, setClock } from '../fixtures/gateway.ts';
import { startTestApi } from '../http/api-fixture.ts';

// A server of its own, with the disk waited for: nobody else's tests live through this.

const clients = 20;
const batches = 25;
const batchSize = 40;

test('the database dies, hard, while twenty clients send and events are interpreted: each counts once', async () => {
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
    const now = instant('2026-05-05');
    await setClock(db, now);
    const secret = await makeSource(db, 'edge', { now, limits: { maxEventsPerSecond: 1_000_000 } });
    await makeMeters(db, [requests], now);
    const api = await startTestApi({ db, connectionString, superuserConnectionString: '', async close() {} });
    closing.unshift(() => api.close());

    let refused = 0;
    let sent = 0;
    const send = async (body: string): Promise<void> => {
      for (;;) {
        const answer = await fetch(`${api.url}/api/v1/gateway/sources/edge/events`, {
          method: 'POST',
          headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/cloudevents-batch+json' },
          body,
        }).catch(() => null);
        if (answer?.status === 200) break;
        expect(answer?.status ?? 503).toBeGreaterThanOrEqual(429);
        refused += 1;
        await sleep(50);
      }
      sent += batchSize;
    };
    const sending = Array.from({ length: clients }, async () => {
      for (let batch = 0; batch < batches; batch += 1)
        await send(JSON.stringify(Array.from({ length: batchSize }, () => event())));
    });
    let isSending = true;
    const interpreting = (async () => {
      while (isSending) await interpretAll(db, now).catch(() => sleep(20));
    })();
    while (sent < (clients * batches * batchSize) / 4) await sleep(5);
    const pid = readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0];
    process.kill(Number(pid), 'SIGQUIT');
    await expect
      .poll(
        () =>
          sql`SELECT`.execute(db).then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(false);
    const restarted = await openEmbeddedDatabase(options);
    closing.push(() => restarted.release());
    await Promise.all(sending);
    isSending = false;
    await interpreting;
    await interpretAll(db, now);

    const total = clients * batches * batchSize;
    const { rows } = await sql`
      SELECT (SELECT count(*) FROM gateway_events) AS stored, (SELECT count(*) FROM gateway_usage) AS counted,
             (SELECT count(DISTINCT gateway_event_id) FROM gateway_usage) AS events, (SELECT sum(value)::int FROM gateway_usage) AS sum,
             (SELECT count(*) FROM gateway_outcomes) AS others`.execute(db);
    expect(rows).toEqual([{ stored: total, counted: total, events: total, sum: total, others: 0 }]);
    expect(refused).toBeGreaterThan(0);
  } finally {
    for (const close of closing) await close().catch(() => {});
    await db.destroy();
    await server.release();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
  }
}, 120_000);
