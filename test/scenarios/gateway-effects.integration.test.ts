import { sql } from 'kysely';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { applyGatewayEffects } from '../../src/flows/gateway-effects.ts';
import { draftMonth } from '../../src/invoices/drafts.ts';
import { listInvoices } from '../../src/invoices/invoices.ts';
import { approveInvoice, issueInvoice } from '../../src/invoices/issue.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import type { Database } from '../../src/platform/database/database.ts';
import { createLog } from '../../src/platform/log.ts';
import { pauseSubscription, subscribe, subscriptionHistory } from '../../src/pricing/subscriptions.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { event, instant, interpretAll, makeMeters, makeSource, requests, setClock } from '../fixtures/gateway.ts';
import { addDeployment, openBusiness, settle } from '../fixtures/invoices.ts';
import { json, startTestApi, type TestApi } from '../http/api-fixture.ts';

// Events that do something, over HTTP: what became of customers' subscriptions, and what was paid. All in May 2026.

let database: TestDatabase;
let db: Database;
let api: TestApi;
let secret: string;
const now = instant('2026-05-20');

beforeEach(async () => {
  database = await openTestDatabase();
  db = database.db;
  await openBusiness(db);
  await sql`UPDATE accounts SET simulated = true`.execute(db); // the clock of this database is
  await addDeployment(db, { customer: 'acme', slug: 'acme-shop' });
  await addDeployment(db, { customer: 'beta', slug: 'beta-shop' });
  await setClock(db, now);
  secret = await makeSource(db, 'app', { now, limits: { effects: ['lifecycle', 'payment'] } });
  api = await startTestApi(database);
});
afterEach(async () => {
  await api.close();
  await database.close();
});

const clock = { now: () => Promise.resolve(now) };

async function send(...events: readonly object[]): Promise<void> {
  const sent = await fetch(`${api.url}/api/v1/gateway/sources/app/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/cloudevents-batch+json' },
    body: JSON.stringify(events),
  });
  expect(sent.status).toBe(200);
}

/** Does what is open, as the job does. */
async function act(at = now): Promise<void> {
  await interpretAll(db, at);
  const { errors } = await applyGatewayEffects(db, 'app', {
    clock: { now: () => Promise.resolve(at) },
    signal: new AbortController().signal,
  });
  expect(errors).toEqual([]);
}

const lifecycle = (what: 'paused' | 'resumed' | 'ended', time: string, fields: object = {}) =>
  event({ type: `arcadia.subscription.${what}`, subject: 'deployment:acme-shop', time, data: {}, ...fields });

const payment = (what: string, data: object, fields: object = {}) =>
  event({ type: `arcadia.payment.${what}`, time: '2026-05-10T08:00:00Z', data, ...fields });

/** `from paused|running`, the oldest first. */
async function history(deployment = 'acme-shop'): Promise<string[]> {
  const rows = await subscriptionHistory(db, deployment, 100);
  return rows
    .toReversed()
    .map(
      ({ from, to, paused }) =>
        `${from.toString().slice(0, 10)} ${paused ? 'paused' : 'running'}${to === null ? '' : ` to ${to.toString().slice(0, 10)}`}`,
    );
}

/** `state reason` of each event, in the order in which they came. */
async function states(): Promise<string[]> {
  const { items } = (await (await api.fetch('/gateway/events?limit=100')).json()) as {
    items: { state: string; reason: string | null }[];
  };
  return items.toReversed().map(({ state, reason }) => (reason === null ? state : `${state} ${reason}`));
}

test('a pause at 13:20 holds from the next day, a resumption from its own, and the fact keeps its time', async () => {
  await send(lifecycle('paused', '2026-05-04T13:20:00Z'), lifecycle('resumed', '2026-05-09T07:00:00Z'));
  expect(await states()).toEqual(['waiting', 'waiting']);
  await act();
  expect(await states()).toEqual(['applied', 'applied']);
  expect(await history()).toEqual([
    '2026-01-01 running to 2026-05-05',
    '2026-05-05 paused to 2026-05-09',
    '2026-05-09 running',
  ]);
  const { items } = (await (await api.fetch('/gateway/events')).json()) as {
    items: { number: number; time: string }[];
  };
  const shown = await api.fetch(`/gateway/events/${items[1]?.number}`);
  expect(await shown.json()).toMatchObject({
    time: '2026-05-04T13:20:00Z',
    effect: { outcome: 'applied', fromDay: '2026-05-05' },
  });
});

test("the rule is the source's; at the beginning of a day it is that day", async () => {
  const changed = await api.fetch('/gateway/sources/app', json('PATCH', { pausesOn: 'same_day', endsOn: 'same_day' }));
  expect(changed.status).toBe(200);
  await send(lifecycle('paused', '2026-05-04T13:20:00Z'), lifecycle('ended', '2026-05-10T00:00:00Z'));
  await act();
  expect(await history()).toEqual(['2026-01-01 running to 2026-05-04', '2026-05-04 paused to 2026-05-10']);
});

test('a pause that is resumed on the same day is none, and nothing stays paused', async () => {
  await send(lifecycle('paused', '2026-05-04T13:20:00Z'), lifecycle('resumed', '2026-05-04T15:00:00Z'));
  await act();
  expect(await states()).toEqual(['applied', 'applied']);
  expect(await history()).toEqual(['2026-01-01 running to 2026-05-05', '2026-05-05 running']);
});

test('paused with sequence 7 comes before resumed with 6: it is paused, and 6 is superseded', async () => {
  await send(lifecycle('paused', '2026-05-04T13:20:00Z', { sequence: '7' }));
  await act();
  await send(lifecycle('resumed', '2026-05-04T13:25:00Z', { sequence: '6' }));
  await act();
  expect(await states()).toEqual(['applied', 'superseded']);
  expect(await history()).toEqual(['2026-01-01 running to 2026-05-05', '2026-05-05 paused']);
});

test('a source that begins to send sequences, or ends to, is gone on with by the times of its events', async () => {
  await send(
    lifecycle('paused', '2026-05-04T13:20:00Z', { sequence: '7' }),
    lifecycle('resumed', '2026-05-04T12:00:00Z'),
    lifecycle('resumed', '2026-05-06T00:00:00Z'),
  );
  await act();
  expect(await history()).toEqual([
    '2026-01-01 running to 2026-05-05',
    '2026-05-05 paused to 2026-05-06',
    '2026-05-06 running',
  ]);
  await send(lifecycle('paused', '2026-05-05T22:00:00Z', { sequence: '8' }));
  await act();
  await send(lifecycle('paused', '2026-05-07T00:00:00Z', { sequence: '3' }));
  await send(lifecycle('ended', '2026-05-07T00:00:00Z', { sequence: 'seven' }));
  await act();
  expect((await states()).slice(3)).toEqual(['superseded', 'applied', 'dead bad_sequence']);
  expect((await history()).at(-1)).toBe('2026-05-07 paused');
});

test('what is received together is done in the order of its sequence or time, however it is named', async () => {
  await send(
    lifecycle('paused', '2026-05-04T13:20:00Z', { id: 'f3', sequence: '1' }),
    lifecycle('resumed', '2026-05-08T07:00:00Z', { id: '0a', sequence: '2' }),
    lifecycle('paused', '2026-05-04T13:20:00Z', { id: 'f4', subject: 'deployment:beta-shop' }),
    lifecycle('resumed', '2026-05-08T07:00:00Z', { id: '0b', subject: 'deployment:beta-shop' }),
  );
  await act();
  expect(await states()).toEqual(['applied', 'applied', 'applied', 'applied']);
  for (const deployment of ['acme-shop', 'beta-shop'])
    expect(await history(deployment)).toEqual([
      '2026-01-01 running to 2026-05-05',
      '2026-05-05 paused to 2026-05-08',
      '2026-05-08 running',
    ]);
});

test('a later event does not overtake one of its deployment that waits', async () => {
  await send(lifecycle('paused', '2026-05-04T13:20:00Z', { subject: 'deployment:new-shop' }));
  await act();
  expect(await states()).toEqual(['dead deployment_unknown']);
  await createDeployment(db, { slug: 'new-shop', name: 'New', customer: 'acme', startsAt: instant('2026-05-01') }, now);
  await subscribe(
    db,
    { deployment: 'new-shop', plan: 'studio', from: Temporal.PlainDate.from('2026-05-01') },
    'ann',
    now,
  );
  await send(lifecycle('resumed', '2026-05-09T07:00:00Z', { subject: 'deployment:new-shop' }));
  await act(now.add({ minutes: 2 }));
  expect(await states()).toEqual(['applied', 'applied']);
  expect(await history('new-shop')).toEqual([
    '2026-05-01 running to 2026-05-05',
    '2026-05-05 paused to 2026-05-09',
    '2026-05-09 running',
  ]);
});

test('what its deployment or its plan is missing for waits, and is done once it is there', async () => {
  await send(lifecycle('paused', '2026-05-04T13:20:00Z', { subject: 'deployment:new-shop' }));
  await act();
  expect(await states()).toEqual(['dead deployment_unknown']);
  const later = now.add({ minutes: 20 });
  await createDeployment(
    db,
    { slug: 'new-shop', name: 'New', customer: 'acme', startsAt: instant('2026-05-01') },
    later,
  );
  await act(later);
  expect(await states()).toEqual(['dead not_subscribed']);
  const answer = await api.fetch('/deployments/new-shop/subscription', {
    ...json('POST', { action: 'start', plan: 'studio', from: '2026-05-01T00:00:00Z' }),
  });
  expect(answer.status).toBe(200);
  await act(later.add({ minutes: 5 })); // not yet: it was tried five minutes ago
  expect(await states()).toEqual(['dead not_subscribed']);
  await act(later.add({ minutes: 20 }));
  expect(await states()).toEqual(['applied']);
  expect(await history('new-shop')).toEqual(['2026-05-01 running to 2026-05-05', '2026-05-05 paused']);
});

test('however many wait for one deployment, each is tried once', async () => {
  const subject = 'deployment:nobodys';
  await send(...Array.from({ length: 1_000 }, () => lifecycle('paused', '2026-05-04T13:20:00Z', { subject })));
  await send(lifecycle('resumed', '2026-05-05T13:20:00Z', { subject }));
  await interpretAll(db, now);
  const { done } = await applyGatewayEffects(db, 'app', { clock, signal: AbortSignal.timeout(90_000) });
  expect(done).toBe(1_001);
  const { rows } = await sql`SELECT reason, count(*) AS n FROM gateway_effects GROUP BY 1`.execute(db);
  expect(rows).toEqual([{ reason: 'deployment_unknown', n: 1_001 }]);
}, 120_000);

test('a source does nothing of a family that it was not given, and names only whom it may', async () => {
  await api.fetch('/gateway/sources/app', json('PATCH', { effects: ['payment'], customers: ['beta'] }));
  await send(lifecycle('paused', '2026-05-04T13:20:00Z'));
  await act();
  expect(await states()).toEqual(['dead effect_not_allowed']);
  await api.fetch('/gateway/sources/app', json('PATCH', { effects: ['lifecycle'] }));
  const retried = await api.fetch('/gateway/dead-letters/retry', json('POST', { source: 'app' }));
  expect(retried.status).toBe(200);
  await act();
  expect(await states()).toEqual(['dead not_yours']);
  expect(await history()).toEqual(['2026-01-01 running']);
});

test('only an owner gives a source effects, and rotates the secret of one that has them', async () => {
  const operator = { as: 'operator' } as const;
  const made = { source: 'other', effects: ['payment'] };
  for (const answer of [
    await api.fetch('/gateway/sources', { ...json('POST', made), ...operator }),
    await api.fetch('/gateway/sources/app', { ...json('PATCH', { effects: [] }), ...operator }),
    await api.fetch('/gateway/sources/app/rotate', { ...json('POST', {}), ...operator }),
    await api.fetch('/gateway/sources/app', { ...json('PATCH', { customers: null }), ...operator }),
    await api.fetch('/gateway/sources/app', { ...json('PATCH', { pausesOn: 'same_day' }), ...operator }),
    await api.fetch('/gateway/sources/app', { ...json('PATCH', { dialect: 'bearer' }), ...operator }),
    await api.fetch('/gateway/sources', { ...json('POST', { source: 'other', paymentProviders: ['x'] }), ...operator }),
  ])
    expect(answer.status).toBe(403);
  const plain = await api.fetch('/gateway/sources', { ...json('POST', { source: 'other' }), ...operator });
  expect(plain.status).toBe(201);
  expect((await api.fetch('/gateway/sources/other', { ...json('PATCH', { graceHours: 3 }), ...operator })).status).toBe(
    200,
  );
  // The operator knows its secret: what it may do is given once that holds no more.
  const give = async (source = 'other') =>
    (await api.fetch(`/gateway/sources/${source}`, json('PATCH', { effects: ['payment'] }))).status;
  const rotate = async (keepHours: number, as: 'owner' | 'operator', source = 'other') =>
    (await api.fetch(`/gateway/sources/${source}/rotate`, { ...json('POST', { keepHours }), as })).status;
  expect(await give()).toBe(409);
  expect([await rotate(0, 'operator'), await give()]).toEqual([200, 409]);
  expect([await rotate(0, 'owner'), await give()]).toEqual([200, 200]);
  // Nor is a queue that the operator named one through which payments come, unless the owner says so.
  const queue = 'arcadia.gateway.queued';
  await api.fetch('/gateway/sources', { ...json('POST', { source: 'queued', queue }), ...operator });
  expect([await rotate(0, 'owner', 'queued'), await give('queued')]).toEqual([200, 409]);
  const named = await api.fetch('/gateway/sources/queued', json('PATCH', { effects: ['payment'], queue }));
  expect(named.status).toBe(200);
  await api.fetch('/gateway/sources', { ...json('POST', { source: 'kept' }), ...operator });
  for (const [keepHours, as] of [
    [24, 'owner'],
    [0, 'operator'],
    [0, 'owner'],
  ] as const)
    expect([await rotate(keepHours, as, 'kept'), await give('kept')]).toEqual([200, 409]);
});

test('the same twice, a replay and a retraction do nothing twice and undo nothing', async () => {
  const pause = lifecycle('paused', '2026-05-04T13:20:00Z');
  await send(pause, pause);
  await act();
  await send(event({ type: 'arcadia.gateway.retract', data: { ids: [pause.id], reason: 'no' } }));
  await act();
  const replayed = await api.fetch(
    '/gateway/sources/app/replay',
    json('POST', { from: '2026-05-01', to: '2026-06-01' }),
  );
  expect(replayed.status).toBe(202);
  await act();
  expect(await states()).toEqual(['applied', 'applied']);
  expect(await history()).toEqual(['2026-01-01 running to 2026-05-05', '2026-05-05 paused']);
});

test('one that fails in the midst of it leaves nothing behind, keeps no other deployment from its own, and is done by the next run', async () => {
  await send(
    lifecycle('paused', '2026-05-04T13:20:00Z'),
    lifecycle('paused', '2026-05-06T13:20:00Z', { subject: 'deployment:beta-shop' }),
    lifecycle('resumed', '2026-05-09T07:00:00Z', { id: 'later' }),
  );
  await interpretAll(db, now);
  // The last thing that is written of an effect fails, once its subscription is paused.
  await sql`
    CREATE FUNCTION refuse_acme() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.deployment = 'acme-shop' THEN RAISE EXCEPTION 'the disk is full'; END IF; RETURN NEW; END $$`.execute(
    db,
  );
  await sql`CREATE TRIGGER refuse_acme BEFORE INSERT ON gateway_lifecycles FOR EACH ROW EXECUTE FUNCTION refuse_acme()`.execute(
    db,
  );
  const { done, errors } = await applyGatewayEffects(db, 'app', { clock, signal: new AbortController().signal });
  expect([done, errors.length]).toEqual([1, 1]);
  expect(await states()).toEqual(['waiting', 'applied', 'waiting']);
  expect(await history()).toEqual(['2026-01-01 running']);
  await sql`DROP TRIGGER refuse_acme ON gateway_lifecycles`.execute(db);
  await act();
  expect(await states()).toEqual(['applied', 'applied', 'applied']);
  expect(await history()).toEqual([
    '2026-01-01 running to 2026-05-05',
    '2026-05-05 paused to 2026-05-09',
    '2026-05-09 running',
  ]);
});

test('a worker does by itself what events say, within seconds of their arrival', async () => {
  const { connectionString } = database;
  const log = createLog({ level: 'silent', format: 'json' });
  const worker = await startWorker({
    db,
    connectionString,
    config: api.config,
    log,
    program,
    registry: new Registry(),
  });
  try {
    await send(lifecycle('paused', '2026-05-04T13:20:00Z'));
    await vi.waitFor(async () => expect(await states()).toEqual(['applied']), { timeout: 15_000, interval: 100 });
    expect(await history()).toEqual(['2026-01-01 running to 2026-05-05', '2026-05-05 paused']);
  } finally {
    await worker.stop();
  }
});

test('a refusal of the domain is a dead letter with its words', async () => {
  await pauseSubscription(db, { deployment: 'acme-shop', from: instant('2026-05-03'), to: null }, 'ann', now);
  await send(
    lifecycle('paused', '2026-05-04T13:20:00Z'),
    lifecycle('paused', '2026-05-05T13:20:00Z', { subject: 'host:shop.example.com' }),
    lifecycle('paused', '2026-05-05T13:20:00Z', { subject: 'deployment:unattributed' }),
  );
  await act();
  expect(await states()).toEqual(['applied', 'dead bad_subject', 'dead invalid_argument']);
});

test('an end whose plan is not entered yet waits for it; a pause behind an end does not wait', async () => {
  await createDeployment(db, { slug: 'new-shop', name: 'New', customer: 'acme', startsAt: instant('2026-05-01') }, now);
  const subject = 'deployment:new-shop';
  await send(lifecycle('ended', '2026-05-09T07:00:00Z', { subject }));
  await act();
  expect(await states()).toEqual(['dead not_subscribed']);
  await subscribe(
    db,
    { deployment: 'new-shop', plan: 'studio', from: Temporal.PlainDate.from('2026-05-01') },
    'ann',
    now,
  );
  await act(now.add({ minutes: 11 }));
  expect(await history('new-shop')).toEqual(['2026-05-01 running to 2026-05-10']);
  for (const what of ['paused', 'resumed'] as const) await send(lifecycle(what, '2026-05-12T07:00:00Z', { subject }));
  await act(now.add({ minutes: 12 }));
  expect(await states()).toEqual(['applied', 'dead subscription_ended', 'dead subscription_ended']);
});

test('what a source may is read anew for each of its events', async () => {
  await send(
    lifecycle('paused', '2026-05-04T13:20:00Z'),
    lifecycle('paused', '2026-05-04T13:20:00Z', { subject: 'deployment:beta-shop' }),
  );
  await interpretAll(db, now);
  // An owner takes it away while the first is done.
  await sql`
    CREATE FUNCTION take_away() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN UPDATE gateway_sources SET effects = '{}'; RETURN NEW; END $$`.execute(db);
  await sql`CREATE TRIGGER take_away AFTER INSERT ON gateway_lifecycles FOR EACH ROW EXECUTE FUNCTION take_away()`.execute(
    db,
  );
  await act();
  expect(await states()).toEqual(['applied', 'dead effect_not_allowed']);
});

// Payments --------------------------------------------------------------------------------------

async function issued(): Promise<string> {
  const may5 = instant('2026-05-05');
  await settle(db, may5);
  await draftMonth(db, { month: Temporal.PlainDate.from('2026-04-01'), now: may5 });
  const { items } = await listInvoices(db, { customer: 'acme' }, { limit: 10, cursor: null });
  const [invoice] = items;
  if (invoice === undefined) throw new Error('no invoice');
  await approveInvoice(db, invoice.invoiceId, { by: 'ann', now: may5 });
  return (await issueInvoice(db, invoice.invoiceId, { by: 'ann', now: may5 })).number;
}

const standing = async (number: string) => {
  const { paymentState, paid, balance } = (await (await api.fetch(`/invoices/${number}`)).json()) as Record<
    string,
    string
  >;
  return `${paymentState} ${paid} ${balance}`;
};

test('payments are facts of their invoice, exact to the cent, in whatever order they come', async () => {
  const number = await issued();
  const usd = { invoice: number, currency: 'USD' };
  await send(
    payment('refunded', { refund: 'r-1', payment: 'p-1', amount: '0.10', ...usd }),
    payment('succeeded', { payment: 'p-1', amount: 50.1, ...usd }),
    payment('failed', { payment: 'p-0', amount: '50.00', ...usd }),
    payment('succeeded', { payment: 'p-1', amount: '50.10', ...usd }),
  );
  await act();
  expect(await states()).toEqual(['applied', 'applied', 'applied', 'applied']);
  expect(await standing(number)).toBe('paid 50.00 0.00');
  const { items } = (await (await api.fetch('/payments')).json()) as { items: Record<string, string>[] };
  expect(
    items.map(({ provider, payment: id, kind, amount, paidAt, recordedBy }) => [
      provider,
      id,
      kind,
      amount,
      paidAt,
      recordedBy,
    ]),
  ).toEqual([
    ['app', 'p-0', 'failed', '0.00', '2026-05-10T08:00:00Z', 'gateway:app'],
    ['app', 'p-1', 'payment', '50.10', '2026-05-10T08:00:00Z', 'gateway:app'],
    ['app', 'r-1', 'refund', '-0.10', '2026-05-10T08:00:00Z', 'gateway:app'],
  ]);
});

test('a payment is given back in parts, and tried more than once; sent again at another time it is known', async () => {
  const number = await issued();
  const usd = { invoice: number, currency: 'USD', payment: 'p-1' };
  const later = { time: '2026-05-12T08:00:00Z' };
  await send(
    payment('failed', { amount: '50.00', ...usd }),
    payment('failed', { amount: '50.00', ...usd }, later),
    payment('failed', { attempt: 'a-3', amount: '50.00', ...usd }),
    payment('succeeded', { amount: '50.00', ...usd }),
    payment('succeeded', { amount: '50.00', ...usd }, later),
    payment('refunded', { refund: 'r-1', amount: '10.00', ...usd }),
    payment('refunded', { refund: 'r-2', amount: '10.00', ...usd }),
    payment('disputed', { dispute: 'd-1', amount: '5.00', ...usd }),
  );
  await act();
  expect(await states()).toEqual(Array.from({ length: 8 }, () => 'applied'));
  expect(await standing(number)).toBe('overdue 25.00 25.00');
  const { items } = (await (await api.fetch('/payments?kind=refund')).json()) as { items: Record<string, string>[] };
  expect(items.map((one) => [one.payment, one.note])).toEqual([
    ['r-2', 'of p-1'],
    ['r-1', 'of p-1'],
  ]);
  // The bank knows the day alone.
  const file = await api.fetch('/payments/import', {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: `provider,payment,invoice,amount,currency,paidAt\napp,p-1,${number},50.00,USD,2026-05-11\n`,
  });
  expect(await file.json()).toMatchObject({ recorded: 0, known: 1 });
  await send(
    payment('refunded', { amount: '1.00', ...usd }),
    payment('refunded', { refund: 'p-1', amount: '1.00', ...usd }),
  );
  await act();
  expect((await states()).slice(8)).toEqual(['dead bad_payment', 'dead payment_conflict']);
});

test('what events do and what they count as are each their own', async () => {
  const number = await issued();
  const paid = { ...requests, meter: 'gateway_payments', title: 'Payments', unit: 'payment', aggregation: 'count' };
  await makeMeters(db, [{ ...paid, type: 'arcadia.payment.*', value: null, subject: { path: '/shop' } }], now);
  const of = (data: object) =>
    payment('succeeded', { invoice: number, amount: '10.00', currency: 'USD', shop: 'deployment:acme-shop', ...data });
  for (const data of [{ payment: 'p-1' }, { payment: 'p-2', amount: 'much' }, { payment: 'p-3', shop: null }])
    await send(of(data));
  await act();
  expect(await states()).toEqual(['counted', 'counted bad_payment', 'applied subject_missing']);
  expect(await standing(number)).toBe('overdue 20.00 30.00');
  const usage = async () => (await sql`SELECT gateway_event_id FROM gateway_usage`.execute(db)).rows.length;
  expect(await usage()).toBe(2);
  // What is retracted counts no more; what was done stays done. What it may not do any more, it counts as.
  const [first] = (
    (await (await api.fetch('/gateway/events?limit=100')).json()) as { items: { eventId: string }[] }
  ).items.toReversed();
  await api.fetch('/gateway/sources/app', json('PATCH', { effects: ['lifecycle'] }));
  await send(event({ type: 'arcadia.gateway.retract', data: { ids: [first?.eventId], reason: 'no' } }));
  await send(of({ payment: 'p-4' }));
  await act();
  const replay = json('POST', { from: '2026-05-01', to: '2026-06-01' });
  for (let times = 0; times < 2; times += 1) {
    expect(await states()).toEqual([
      'applied',
      times === 0 ? 'counted bad_payment' : 'counted effect_not_allowed',
      'applied subject_missing',
      'applied',
      'counted effect_not_allowed',
    ]);
    expect(await usage()).toBe(2);
    expect((await api.fetch('/gateway/sources/app/replay', replay)).status).toBe(202);
    await act();
  }
  expect(await standing(number)).toBe('overdue 20.00 30.00');
});

test('an unknown invoice waits; another currency, another payment under the id and no amount are dead', async () => {
  await send(payment('succeeded', { payment: 'p-1', invoice: 'INV-000001', amount: '50.00', currency: 'USD' }));
  await act();
  expect(await states()).toEqual(['dead invoice_unknown']);
  expect(await issued()).toBe('INV-000001');
  await act(now.add({ minutes: 11 }));
  expect(await standing('INV-000001')).toBe('paid 50.00 0.00');
  const { invoiceId: id } = (await (await api.fetch('/invoices/INV-000001')).json()) as { invoiceId: number };
  const of = (data: object) =>
    payment('succeeded', { payment: 'p-1', invoice: 'INV-000001', amount: '50.00', currency: 'USD', ...data });
  await send(
    of({ amount: '49.00' }),
    of({ payment: 'p-2', currency: 'EUR' }),
    of({ payment: 'p-3', amount: 'much' }),
    of({ payment: 'p-4', amount: '-1' }),
    // The invoice's id, which could be the number of another; and a number as accounting systems give them.
    of({ payment: 'p-5', invoice: String(id) }),
    of({ payment: 'p-6', invoice: 'F 2026 17' }),
  );
  await act();
  expect(await states()).toEqual([
    'applied',
    'dead payment_conflict',
    'dead payment_currency',
    'dead bad_payment',
    'dead bad_payment',
    'dead invoice_unknown',
    'dead invoice_unknown',
  ]);
  expect(await standing('INV-000001')).toBe('paid 50.00 0.00');
  const letters = (await (await api.fetch('/gateway/dead-letters?reason=payment_currency')).json()) as {
    items: unknown[];
  };
  expect(letters.items).toHaveLength(1);
});

test("another customer's invoice is not a source's to pay", async () => {
  await createCustomer(db, { externalId: 'none', name: 'None', currency: 'USD' }, now);
  await issued();
  await api.fetch('/gateway/sources/app', json('PATCH', { customers: ['none'] }));
  await send(payment('succeeded', { payment: 'p-1', invoice: 'INV-000001', amount: '50.00', currency: 'USD' }));
  await act();
  expect(await states()).toEqual(['dead not_yours']);
  expect(await standing('INV-000001')).toBe('overdue 0.00 50.00');
});

test('a source speaks for no other provider of payments than it was given', async () => {
  const number = await issued();
  const of = (provider: string | undefined, id: string) =>
    payment('succeeded', { provider, payment: id, invoice: number, amount: '10.00', currency: 'USD' });
  const set = (body: object, as: 'owner' | 'operator' = 'owner') =>
    api.fetch('/gateway/sources/app', { ...json('PATCH', body), as });
  await send(of('stripe', 'p-1'));
  await send(of('app', 'p-2'));
  await act();
  expect(await states()).toEqual(['dead provider_not_allowed', 'applied']);
  expect((await set({ paymentProviders: ['stripe'] }, 'operator')).status).toBe(403);
  const given = await set({ paymentProviders: ['stripe'] });
  expect(await given.json()).toMatchObject({ paymentProviders: ['stripe'] });
  await api.fetch('/gateway/dead-letters/retry', json('POST', { source: 'app' }));
  await send(of('bank', 'p-3'));
  await act();
  expect(await states()).toEqual(['applied', 'applied', 'dead provider_not_allowed']);
  expect(await standing(number)).toBe('overdue 20.00 30.00');
});
