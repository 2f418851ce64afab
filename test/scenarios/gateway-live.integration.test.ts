import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { startWorker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { createLog } from '../../src/platform/log.ts';
import { openTestDatabase } from '../database.ts';
import { event, instant, makeMeters, makeSource, requests, setClock } from '../fixtures/gateway.ts';
import { createDeployments } from '../fixtures/metering.ts';
import { startTestApi } from '../http/api-fixture.ts';

// From a gateway's request to the customer's page: by server and worker alone. How soon, `npm run bench -- gateway` says.

test('an event that arrives is on the live stream and in the usage of its deployment', async () => {
  const database = await openTestDatabase();
  const { db, connectionString } = database;
  const now = instant('2026-05-05T12:00:00Z');
  await setClock(db, now);
  await createDeployments(db, ['acme-shop'], instant('2026-01-01'));
  const secret = await makeSource(db, 'edge', { now });
  await makeMeters(db, [requests], now);
  const api = await startTestApi(database);
  const log = createLog({ level: 'silent', format: 'json' });
  const registry = new Registry();
  const worker = await startWorker({ db, connectionString, config: api.config, log, program, registry });
  const leave = new AbortController();
  try {
    const stream = await api.fetch('/events', { signal: leave.signal });
    let seen = '';
    const reading = (async () => {
      for await (const part of stream.body as unknown as AsyncIterable<Uint8Array>)
        seen += Buffer.from(part).toString();
    })().catch(() => {});
    const shop = { subject: 'deployment:acme-shop' };
    const sent = await fetch(`${api.url}/api/v1/gateway/sources/edge/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/cloudevents-batch+json' },
      // One of a day that is over, and one of today.
      body: JSON.stringify([
        event({ ...shop, data: { requests: 4 } }),
        event({ ...shop, time: '2026-05-05T11:59:59Z', data: { requests: 3 } }),
      ]),
    });
    expect(sent.status).toBe(200);
    const usage = async (as: 'owner' | 'customer') => {
      const answer = await api.fetch('/deployments/acme-shop/usage', {
        as,
        ...(as === 'owner' ? {} : { customer: 'acme' }),
      });
      const { usage: used, running } = (await answer.json()) as Record<'usage' | 'running', Record<string, string>>;
      return [used.gateway_requests, running.gateway_requests];
    };
    await expect.poll(() => usage('customer'), { timeout: 20_000 }).toEqual(['4', '3']);
    for (const type of ['gateway.received', 'gateway.interpreted', 'day.metered'])
      await expect.poll(() => seen, { timeout: 20_000 }).toContain(type);
    expect(await usage('owner')).toEqual(['4', '3']);
    // Where another meter lacks days, what is metered of this one is counted in one place all the same.
    await worker.stop();
    const { numAffectedRows } = await sql`
      DELETE FROM metered_days USING billing_kinds k
      WHERE k.billing_kind_id = metered_days.billing_kind_id AND k.slug <> 'gateway_requests'`.execute(db);
    expect(numAffectedRows).toBeGreaterThan(0n);
    expect(await usage('owner')).toEqual(['4', '3']);
    leave.abort();
    await reading;
  } finally {
    leave.abort();
    await worker.stop();
    await api.close();
    await database.close();
  }
}, 60_000);
