import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openReceiver, type Received, type Receiver } from '../../test/webhooks/receiver.ts';
import { add, deliver, deliveries, sealedBy, setClock, writeDays } from '../../test/webhooks/webhooks-fixture.ts';
import type { Database } from '../platform/database/database.ts';
import {
  attemptPage,
  disableEndpoint,
  enableEndpoint,
  getEndpoint,
  listEndpoints,
  recoverMessages,
  removeEndpoint,
  rotateSecret,
  testEndpoint,
} from './endpoints.ts';
import { deleteEndpoint } from './endpoints.store.ts';
import { deleteBefore } from './messages.store.ts';
import { writeMessages } from './messages.ts';

// Messages from where they are written to receivers on this machine, on a clock that stands where it is set.

let database: TestDatabase;
let db: Database;
let receivers: Receiver[];
const start = Temporal.Instant.from('2026-06-01T00:00:00Z');
let now: Temporal.Instant;

beforeEach(async () => {
  database = await openTestDatabase();
  ({ db } = database);
  receivers = [];
  await moveTo(start);
});
afterEach(async () => {
  await Promise.all(receivers.map((receiver) => receiver.close()));
  await database.close();
});

async function moveTo(instant: Temporal.Instant): Promise<void> {
  now = instant;
  await setClock(db, instant);
}

async function receive(): Promise<Receiver> {
  const receiver = await openReceiver();
  receivers.push(receiver);
  return receiver;
}

const only = async () => {
  const [one, ...others] = await deliveries(db);
  if (one === undefined || others.length > 0) throw new Error('there is not one delivery');
  return one;
};

/** Whether one of the signatures of a message is by this secret. */
function isSignedBy({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const wanted = `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(wanted);
}

test('a message is sent as it was written, signed, once', async () => {
  const receiver = await receive();
  const { secret } = await add(db, now, { webhook: 'books', url: receiver.url });
  await writeDays(db, 1, now);
  expect((await deliver(db)).attempts).toBe(1);
  expect((await deliver(db)).attempts).toBe(0);
  const [received] = receiver.received as [Received];
  expect(received.body).toBe(
    '{"type":"day.metered","timestamp":"2026-06-01T00:00:00Z","sequence":1,' +
      '"data":{"day":"2026-05-01","cause":"first","inserted":1,"changed":0,"deleted":0}}',
  );
  expect(received.headers).toMatchObject({
    'content-type': 'application/json',
    'webhook-id': expect.stringMatching(/^msg_[0-9a-f]{32}$/),
  });
  // Real time, whatever the clock of the accounts shows: receivers compare it with theirs.
  const sentAt = Number(received.headers['webhook-timestamp']) * 1000;
  expect(Math.abs(sentAt - Temporal.Now.instant().epochMilliseconds)).toBeLessThan(300_000);
  expect(isSignedBy(received, secret)).toBe(true);
  expect(await only()).toMatchObject({ state: 'delivered', attempts: 1, claimed: false });
});

test('ten attempts with the same id and body, each when it is due and not before; then it is given up', async () => {
  const receiver = await receive();
  receiver.answer(503);
  await add(db, now, { webhook: 'books', url: receiver.url });
  await writeDays(db, 1, now);
  const waits: number[] = [];
  for (let attempt = 1; attempt < 10; attempt += 1) {
    const { attempts, wakes } = await deliver(db);
    const { nextAt, ...state } = await only();
    expect([attempts, state]).toMatchObject([1, { state: 'pending', attempts: attempt, claimed: false }]);
    expect(wakes).toEqual([nextAt]);
    waits.push(now.until(nextAt).total('seconds'));
    await moveTo(nextAt.subtract({ microseconds: 1 }));
    expect((await deliver(db)).attempts).toBe(0);
    await moveTo(nextAt);
  }
  const exact = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
  waits.forEach((wait, n) => {
    expect(wait).toBeGreaterThanOrEqual(exact[n] as number);
    expect(wait).toBeLessThanOrEqual((exact[n] as number) * 1.1);
  });
  expect(await deliver(db)).toEqual({ attempts: 1, wakes: [] });
  expect(await only()).toMatchObject({ state: 'failed', attempts: 10 });
  expect(receiver.received).toHaveLength(10);
  expect(new Set(receiver.ids).size).toBe(1);
  expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  const log = await attemptPage(
    db,
    'books',
    { customerId: null },
    { limit: 100, cursor: null, q: null, sort: '', order: 'desc' },
  );
  expect(log.total).toBe(10);
  expect(log.items[0]).toMatchObject({ status: 503, error: 'answered 503', nextAt: null });
});

test('Retry-After is waited for, up to 24 hours', async () => {
  const receiver = await receive();
  await add(db, now, { webhook: 'books', url: receiver.url });
  receiver.answer((response) => response.writeHead(429, { 'retry-after': '7200' }).end());
  await writeDays(db, 1, now);
  await deliver(db);
  expect(now.until((await only()).nextAt).total('seconds')).toBe(7_200);
  await moveTo((await only()).nextAt);
  receiver.answer((response) => response.writeHead(503, { 'retry-after': '999999' }).end());
  await deliver(db);
  expect(now.until((await only()).nextAt).total('hours')).toBe(24);
});

test('410 disables at once; nothing is sent until it is enabled, and what was missed is recovered', async () => {
  const receiver = await receive();
  receiver.answer(410);
  await add(db, now, { webhook: 'books', url: receiver.url });
  await writeDays(db, 1, now);
  expect(await deliver(db)).toEqual({ attempts: 1, wakes: [] });
  expect(await getEndpoint(db, 'books')).toMatchObject({
    disabledAt: now,
    disabledReason: 'gone',
    failed: 1,
    pending: 0,
  });
  const { rows } =
    await sql`SELECT type, subject, customer_id FROM event_outbox WHERE type = 'webhook.disabled'`.execute(db);
  expect(rows).toEqual([{ type: 'webhook.disabled', subject: 'books', customer_id: null }]);

  await writeDays(db, 2, now);
  expect((await deliver(db)).attempts).toBe(0);
  await expect(recoverMessages(db, 'books', start, now)).rejects.toMatchObject({ code: 'conflict' });
  await expect(testEndpoint(db, 'books', now)).rejects.toMatchObject({ code: 'conflict' });

  receiver.answer(204);
  expect(await enableEndpoint(db, 'books', now)).toBe(true);
  expect(await enableEndpoint(db, 'books', now)).toBe(false);
  expect((await deliver(db)).attempts).toBe(0);
  expect(await recoverMessages(db, 'books', start, now)).toBe(3);
  expect(await recoverMessages(db, 'books', now.add({ seconds: 1 }), now)).toBe(0);
  expect((await deliver(db)).attempts).toBe(3);
  // The first one twice, with the same id; nothing that has arrived is sent again.
  expect(receiver.ids).toHaveLength(4);
  expect(new Set(receiver.ids).size).toBe(3);
  expect(receiver.ids.filter((id) => id === receiver.ids[0])).toHaveLength(2);
  expect(await recoverMessages(db, 'books', start, now)).toBe(0);
});

test('five days of nothing but failures disable; one success in between begins them anew', async () => {
  const receiver = await receive();
  await add(db, now, { webhook: 'books', url: receiver.url });
  const fail = async (hours: number, status: number) => {
    await moveTo(start.add({ hours }));
    receiver.answer(status);
    await writeDays(db, 1, now);
    await deliver(db);
    return (await getEndpoint(db, 'books')).disabledReason;
  };
  expect(await fail(0, 500)).toBeNull();
  expect(await fail(100, 204)).toBeNull();
  expect(await fail(101, 500)).toBeNull();
  expect(await fail(220, 500)).toBeNull();
  expect(await fail(221, 500)).toBe('failing');
  expect(await getEndpoint(db, 'books')).toMatchObject({ disabledAt: now });
  // Enabled, it has five days again.
  await enableEndpoint(db, 'books', now);
  expect(await fail(222, 500)).toBeNull();
});

test('both secrets sign for 24 hours after a rotation, then the new one alone', async () => {
  const receiver = await receive();
  const first = await add(db, now, { webhook: 'books', url: receiver.url });
  const send = async () => {
    await writeDays(db, 1, now);
    await deliver(db);
    return receiver.received.at(-1) as Received;
  };
  await moveTo(start.add({ hours: 1 }));
  const { key: second, overlapsUntil } = await rotateSecret(db, 'books', { key: sealedBy, now });
  expect(overlapsUntil).toEqual(now.add({ hours: 24 }));
  const during = await send();
  expect([isSignedBy(during, first.secret), isSignedBy(during, second.secret)]).toEqual([true, true]);
  await moveTo(overlapsUntil.subtract({ seconds: 1 }));
  expect(isSignedBy(await send(), first.secret)).toBe(true);
  await moveTo(overlapsUntil);
  const after = await send();
  expect([isSignedBy(after, first.secret), isSignedBy(after, second.secret)]).toEqual([false, true]);
  const { rows } = await sql<{ sealed: Uint8Array }>`SELECT sealed FROM webhook_keys`.execute(db);
  for (const { sealed } of rows) expect(Buffer.from(sealed).toString('latin1')).not.toContain('whsec_');
});

test('a receiver that does not answer has two messages under way, and nine others have all of theirs', async () => {
  const slow = await receive();
  slow.answer(() => {});
  await add(db, now, { webhook: 'slow', url: slow.url });
  const others = await Promise.all(Array.from({ length: 9 }, receive));
  for (const [n, other] of others.entries()) await add(db, now, { webhook: `other-${n}`, url: other.url });
  await writeDays(db, 6, now);
  const stopping = new AbortController();
  const { signal } = stopping;
  // Two jobs at once, as two processes would have them.
  const running = ['one', 'two'].map((jobId) => deliver(db, { jobId, signal }));
  const claimed: number[] = [];
  const arrived = (each: number) => async () => {
    const ofSlow = (await deliveries(db)).filter(({ webhook }) => webhook === 'slow');
    claimed.push(ofSlow.filter((one) => one.claimed).length);
    return others.every(({ received }) => received.length === each);
  };
  await expect.poll(arrived(6)).toBe(true);
  // What is written now is not held up either, although both wait for nothing but the slow one.
  await writeDays(db, 1, now);
  await expect.poll(arrived(7)).toBe(true);
  expect(Math.max(...claimed)).toBe(2);
  expect((await deliveries(db)).some(({ webhook, state }) => webhook === 'slow' && state === 'delivered')).toBe(false);
  stopping.abort(new Error('the worker stops'));
  // Whoever had nothing of the slow one under way had ended.
  expect((await Promise.allSettled(running)).map(({ status }) => status)).toContain('rejected');
});

test('a backlog goes out two at a time over all jobs, each message once, by its sequence', async () => {
  const receiver = await receive();
  let [underWay, most] = [0, 0];
  receiver.answer((response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    setTimeout(() => {
      underWay -= 1;
      response.writeHead(204).end();
    }, 10);
  });
  await add(db, now, { webhook: 'books', url: receiver.url });
  await writeDays(db, 30, now);
  const done = await Promise.all(['one', 'two', 'three'].map((jobId) => deliver(db, { jobId })));
  expect(done.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(30);
  expect(most).toBe(2);
  const sent = receiver.received.map(({ body }) => JSON.parse(body) as { sequence: number; data: { day: string } });
  const inOrder = sent.toSorted((a, b) => a.sequence - b.sequence);
  expect(inOrder.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  expect(inOrder.map(({ data }) => data.day)).toEqual(inOrder.map(({ data }) => data.day).toSorted());
});

test('claims of a job that was killed are its own again, and those of one that is gone are free after a while', async () => {
  const receiver = await receive();
  await add(db, now, { webhook: 'books', url: receiver.url });
  await writeDays(db, 1, now);
  const claim = () =>
    sql`UPDATE webhook_deliveries SET claimed_by = 'dead', claimed_at = ${now}, sequence = 1`.execute(db);
  await claim();
  expect((await deliver(db, { jobId: 'another' })).attempts).toBe(0);
  expect((await deliver(db, { jobId: 'dead' })).attempts).toBe(1);
  await sql`UPDATE webhook_deliveries SET state = 'pending'`.execute(db);
  await claim();
  await moveTo(now.add({ minutes: 2 }));
  expect((await deliver(db, { jobId: 'another' })).attempts).toBe(1);
  expect(new Set(receiver.ids).size).toBe(1);
});

test('an endpoint has the types that it was given, of what happens while it is there', async () => {
  const [all, some, later] = await Promise.all([receive(), receive(), receive()]);
  // Where nobody has a type, nothing is written.
  await writeDays(db, 1, now);
  await add(db, now, { webhook: 'all', url: all.url });
  await add(db, now, { webhook: 'some', url: some.url, types: ['deployment.changed', 'drift.found'] });
  const created = {
    customerId: null,
    data: { deployment: 'shop', change: 'created' as const, path: '/api/v1/deployments/shop' },
  };
  await db.transaction().execute((trx) => writeMessages(trx, 'deployment.changed', [created], now));
  await writeDays(db, 1, now);
  await add(db, now, { webhook: 'later', url: later.url });
  await expect(
    db.transaction().execute(async (trx) => {
      await writeMessages(trx, 'deployment.changed', [created], now);
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  await deliver(db);
  expect([all, some, later].map(({ received }) => received.length)).toEqual([2, 1, 0]);
  expect((await listEndpoints(db)).map(({ webhook, types }) => [webhook, types.length])).toEqual([
    ['all', 11],
    ['later', 11],
    ['some', 2],
  ]);
});

test("a customer's endpoint has messages about what is theirs, of the types that are for customers", async () => {
  const [ours, alphas, bravos] = await Promise.all([receive(), receive(), receive()]);
  const owners = [1, 2].map((customerId) => ({ customerId, customer: `c-${customerId}` }));
  await add(db, now, { webhook: 'ours', url: ours.url });
  await add(db, now, {
    webhook: 'alpha',
    url: alphas.url,
    owner: owners[0] as { customerId: number; customer: string },
  });
  await add(db, now, {
    webhook: 'bravo',
    url: bravos.url,
    owner: owners[1] as { customerId: number; customer: string },
  });
  const refused = add(db, now, {
    webhook: 'more',
    url: ours.url,
    types: ['day.metered'],
    owner: { customerId: 1, customer: 'c-1' },
  });
  await expect(refused).rejects.toMatchObject({ code: 'invalid_argument' });
  const invoice = (customerId: number) => ({
    customerId,
    data: {
      invoiceId: customerId,
      number: `INV-${customerId}`,
      customer: `c-${customerId}`,
      month: '2026-05',
      currency: 'USD',
      total: '120.00',
      path: `/api/v1/invoices/${customerId}`,
      dueOn: Temporal.PlainDate.from('2026-07-01'),
    },
  });
  await db.transaction().execute((trx) => writeMessages(trx, 'invoice.issued', [invoice(1), invoice(2)], now));
  await writeDays(db, 1, now);
  await deliver(db);
  const numbers = (receiver: Receiver) =>
    receiver.received.map(({ body }) => (JSON.parse(body) as { data: { number?: string } }).data.number);
  expect([numbers(ours).length, numbers(alphas), numbers(bravos)]).toEqual([3, ['INV-1'], ['INV-2']]);
  await disableEndpoint(db, 'alpha', now);
  await enableEndpoint(db, 'alpha', now);
  // What is another's is not there to be recovered.
  await sql`UPDATE webhook_deliveries SET state = 'failed'`.execute(db);
  expect(await recoverMessages(db, 'alpha', start, now)).toBe(1);
});

test('a test is sent as anything is; what is removed is gone with its log', async () => {
  const receiver = await receive();
  await add(db, now, { webhook: 'books', url: receiver.url, types: ['invoice.issued'] });
  const webhookId = await testEndpoint(db, 'books', now);
  await deliver(db);
  expect(receiver.ids).toEqual([webhookId]);
  expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
    type: 'webhook.test',
    data: { webhook: 'books' },
  });
  await removeEndpoint(db, 'books');
  await expect(getEndpoint(db, 'books')).rejects.toMatchObject({ code: 'not_found' });
  expect(await deliveries(db)).toEqual([]);
});

test('messages and attempts are kept for a while; what is still to be sent stays', async () => {
  const [fine, broken] = await Promise.all([receive(), receive()]);
  broken.answer(500);
  await add(db, now, { webhook: 'fine', url: fine.url });
  await writeDays(db, 2, now);
  await deliver(db);
  await add(db, now, { webhook: 'broken', url: broken.url });
  await writeDays(db, 1, now);
  await deliver(db);
  const before = now.add({ seconds: 1 });
  expect(await deleteBefore(db, before)).toBe(2);
  expect((await deliveries(db)).map(({ webhook, state }) => [webhook, state])).toEqual([
    ['fine', 'delivered'],
    ['broken', 'pending'],
  ]);
  const { rows } = await sql<{ attempts: number }>`SELECT count(*) AS attempts FROM webhook_attempts`.execute(db);
  expect(rows).toEqual([{ attempts: 0 }]);
});

/** Until so many statements of this database wait for a lock. */
async function untilWaiting(statements: number): Promise<void> {
  const waiting = async () => {
    const { rows } = await sql<{ waiting: number }>`
      SELECT count(*) AS waiting FROM pg_stat_activity
      WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'`.execute(db);
    return rows[0]?.waiting;
  };
  await expect.poll(waiting, { timeout: 10_000 }).toBe(statements);
}

test('a message that is written while an endpoint is removed goes to the others', async () => {
  const [books, others] = await Promise.all([receive(), receive()]);
  await add(db, now, { webhook: 'books', url: books.url });
  await add(db, now, { webhook: 'others', url: others.url });
  const { endpointId } = await getEndpoint(db, 'books');
  const removing = Promise.withResolvers<void>();
  const removed = db.transaction().execute(async (trx) => {
    await deleteEndpoint(trx, endpointId);
    await removing.promise;
  });
  const written = writeDays(db, 1, now);
  await untilWaiting(1);
  removing.resolve();
  await Promise.all([removed, written]);
  await deliver(db);
  expect([books, others].map(({ received }) => received.length)).toEqual([0, 1]);
});

// Both wait for the row that each of them locks, in either order.
test.each([
  [500, 'an attempt'],
  [500, 'the person'],
  [410, 'an attempt'],
  [410, 'the person'],
] as const)('an attempt that ends with %i while the endpoint is enabled: %s first', async (status, first) => {
  const receiver = await receive();
  const answering = Promise.withResolvers<void>();
  receiver.answer((response) => void answering.promise.then(() => response.writeHead(status).end()));
  await add(db, now, { webhook: 'books', url: receiver.url });
  await writeDays(db, 1, now);
  const delivered = deliver(db);
  await expect.poll(() => receiver.received.length).toBe(1);
  const holding = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const holder = db.transaction().execute(async (trx) => {
    await sql`SELECT FROM webhook_progress FOR UPDATE`.execute(trx);
    held.resolve();
    await holding.promise;
  });
  await held.promise;
  const enabled = Promise.withResolvers<boolean>();
  const ends = [() => answering.resolve(), () => enabled.resolve(enableEndpoint(db, 'books', now))];
  for (const [n, begin] of (first === 'an attempt' ? ends : ends.toReversed()).entries()) {
    begin();
    await untilWaiting(n + 1);
  }
  holding.resolve();
  await Promise.all([delivered, enabled.promise, holder]);
  const isEnabled = status === 500 || first === 'an attempt';
  expect((await getEndpoint(db, 'books')).disabledAt === null).toBe(isEnabled);
});
