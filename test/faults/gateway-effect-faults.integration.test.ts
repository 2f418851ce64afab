import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { applyGatewayEffects } from '../../src/flows/gateway-effects.ts';
import { readEvents } from '../../src/gateway/cloud-event.ts';
import { replayEvents } from '../../src/gateway/events.ts';
import { getSource } from '../../src/gateway/sources.ts';
import { storeEvents } from '../../src/gateway/store-events.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { listInvoices } from '../../src/invoices/invoices.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { connect, type Database } from '../../src/platform/database/database.ts';
import { openTestDatabase } from '../database.ts';
import { event, instant, interpretAll, makeMeters, makeSource, requests, setClock } from '../fixtures/gateway.ts';
import { addDeployment, openBusiness, settle } from '../fixtures/invoices.ts';
import { add as addHook } from '../webhooks/webhooks-fixture.ts';
import { soaking, timeoutOf } from '../soak.ts';
import { keepDatabase } from './kept-database.ts';
import { runToNumber } from './processes.ts';

// kill -9 at every commit of what events do, each time on the same database, put back to what it was: after whoever comes next
// has run, all of it is done, and nothing twice.

const now = instant('2026-05-20');
/** Every so many commits; on which side of it the process dies changes from one to the next. */
const stride = soaking ? 1 : 7;
const sides = ['before', 'sent', 'after'] as const;

const runProcess = (args: readonly string[]) => runToNumber('gateway-process.ts', args);

/** Two deployments, an invoice of one of them, and events that do, count, wait and are refused. */
async function seed(db: Database): Promise<void> {
  await openBusiness(db);
  await sql`UPDATE accounts SET simulated = true`.execute(db);
  for (const customer of ['acme', 'beta']) await addDeployment(db, { customer, slug: `${customer}-shop` });
  const may5 = instant('2026-05-05');
  await settle(db, may5);
  await draftMonth(db, { month: Temporal.PlainDate.from('2026-04-01'), now: may5 });
  const { items } = await listInvoices(db, { customer: 'acme' }, { limit: 1, cursor: null });
  const invoiceId = items[0]?.invoiceId ?? 0;
  await approveInvoice(db, invoiceId, { by: 'ann', now: may5 });
  const { number } = await issueInvoice(db, invoiceId, { by: 'ann', now: may5 });
  await setClock(db, now);
  await makeSource(db, 'app', { now, limits: { effects: ['lifecycle', 'payment'] } });
  const meter = {
    ...requests,
    type: 'arcadia.payment.*',
    aggregation: 'count',
    value: null,
    subject: { path: '/shop' },
  };
  await makeMeters(db, [meter], now);
  await addHook(db, now, { webhook: 'ops', url: 'https://127.0.0.1:1/' });
  const lifecycle = (what: string, day: string, slug: string) =>
    event({ type: `arcadia.subscription.${what}`, subject: `deployment:${slug}`, time: `2026-05-${day}T13:20:00Z` });
  const payment = (what: string, data: object) =>
    event({
      type: `arcadia.payment.${what}`,
      time: '2026-05-10T08:00:00Z',
      data: { invoice: number, currency: 'USD', amount: '10.00', shop: 'deployment:acme-shop', ...data },
    });
  const sent = [
    lifecycle('paused', '04', 'acme-shop'),
    lifecycle('resumed', '09', 'acme-shop'),
    lifecycle('ended', '12', 'beta-shop'),
    lifecycle('paused', '14', 'beta-shop'),
    lifecycle('paused', '04', 'new-shop'),
    payment('succeeded', { payment: 'p-1' }),
    payment('succeeded', { payment: 'p-2', amount: '15.00' }),
    payment('refunded', { refund: 'r-1', payment: 'p-1', amount: '5.00' }),
    payment('failed', { payment: 'p-3' }),
    payment('succeeded', { payment: 'p-4', currency: 'EUR' }),
    payment('succeeded', { payment: 'p-5', invoice: 'INV-999999' }),
  ];
  const source = await getSource(db, 'app');
  const store = async (all: readonly object[]) => {
    const { events } = readEvents({ 'content-type': 'application/json' }, Buffer.from(JSON.stringify(all)));
    await storeEvents(db, source, events, { receivedAt: now, publishAs: null });
  };
  // What was done before is replayed beside what is new: it counts as it did, and is not done again.
  await store([payment('succeeded', { payment: 'p-0', amount: '1.00' }), payment('failed', { payment: 'p-0' })]);
  await interpretAll(db, now);
  await applyGatewayEffects(db, 'app', {
    clock: { now: () => Promise.resolve(now) },
    signal: new AbortController().signal,
  });
  await sql`DELETE FROM gateway_usage`.execute(db);
  await replayEvents(db, source, { type: '*', from: instant('2026-05-01'), to: instant('2026-06-01') });
  await store(sent);
}

/** All that events did, count as and became. */
async function outcome(db: Database): Promise<unknown> {
  const rows = async (query: ReturnType<typeof sql>) => (await query.execute(db)).rows;
  return {
    payments: await rows(
      sql`SELECT provider, payment, kind, amount::text AS amount FROM invoice_payments ORDER BY 1, 2, 3`,
    ),
    subscriptions: await rows(sql`
      SELECT deployment_id, valid_from::text AS "from", valid_to::text AS "to", paused FROM subscriptions ORDER BY 1, 2`),
    effects: await rows(
      sql`SELECT gateway_event_id, outcome, reason, from_day::text AS day FROM gateway_effects ORDER BY 1`,
    ),
    outcomes: await rows(sql`SELECT gateway_event_id, meter_id, outcome, reason FROM gateway_outcomes ORDER BY 1, 2`),
    usage: await rows(sql`SELECT gateway_event_id, value::text AS value FROM gateway_usage ORDER BY 1`),
    messages: await rows(sql`SELECT type, count(*) AS n FROM webhook_messages GROUP BY 1 ORDER BY 1`),
  };
}

test(
  'kill -9 around every commit of what events do: each is done once, with its outcome',
  async () => {
    const database = await openTestDatabase();
    const { db, connectionString } = database;
    const superuser = connect({ connectionString: database.superuserConnectionString, max: 1 });
    try {
      await seed(db);
      const putBack = await keepDatabase(db);
      const untouched = await outcome(db);
      const args = [connectionString, 'act', now.toString()];
      const commits = (await runProcess(args)) ?? 0;
      const undisturbed = await outcome(db);
      expect(undisturbed).toMatchObject({
        payments: ['p-0', 'p-0', 'p-1', 'p-2', 'p-3', 'r-1'].map((payment) => ({ payment })),
        usage: Array.from({ length: 8 }, () => ({ value: '1' })),
      });
      expect(JSON.stringify(undisturbed)).toContain('invoice.payment_changed');
      expect(commits).toBeGreaterThan(15);
      for (let commit = 1; commit <= commits; commit += stride) {
        for (const side of soaking ? sides : [sides[commit % sides.length] ?? 'sent']) {
          await putBack(superuser);
          expect(await outcome(db)).toEqual(untouched);
          expect(await runProcess([...args, String(commit), side]), `${side} commit ${commit}`).toBeNull();
          await interpretAll(db, now);
          const { signal } = new AbortController();
          await applyGatewayEffects(db, 'app', { clock: { now: () => Promise.resolve(now) }, signal });
          expect(await outcome(db), `killed ${side} commit ${commit}`).toEqual(undisturbed);
        }
      }
    } finally {
      await superuser.destroy();
      await database.close();
    }
  },
  timeoutOf(300_000),
);
