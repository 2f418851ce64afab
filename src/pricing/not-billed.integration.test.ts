import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { insertLiving } from '../../test/fixtures/inventory.ts';
import { addDeployment, at, openBusiness, own, settle } from '../../test/fixtures/invoices.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { createDeployment } from '../deployments/deployments.ts';
import { notBilled } from './not-billed.ts';
import { endSubscription, pauseSubscription } from './subscriptions.ts';

// May 2026 has 744 hours. Published prices: s-1vcpu-1gb 6.00, s-1vcpu-2gb 12.00, s-2vcpu-4gb 24.00 a month of at most
// 672 hours, volumes 0.10 a GiB-month.

const now = at('2026-06-11T06:00:00Z');
const may = Temporal.PlainYearMonth.from('2026-05');

let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await openBusiness(db);
  await makePlan(db, { plan: 'flat', from: '2026-02-01' });
  for (const slug of ['active', 'left', 'waiting']) {
    await addDeployment(db, { customer: `c-${slug}`, slug, plan: 'flat', from: '2026-02-01' });
  }
  const free = { slug: 'free', name: 'Free', customer: 'c-active', startsAt: at('2026-02-01') };
  await createDeployment(db, free, at('2026-02-01'));
  const droplet = async (name: string, size: string, owners: readonly string[]) =>
    own(
      db,
      await insertLiving(db, account, 'droplet', name, { attributes: { size_slug: size } }, at('2026-04-01')),
      owners,
      '2026-04-01',
    );
  await droplet('runs', 's-1vcpu-1gb', ['active']);
  await droplet('stays', 's-1vcpu-1gb', ['left']);
  await droplet('shared', 's-1vcpu-1gb', ['left', 'active']);
  await droplet('sleeps', 's-2vcpu-4gb', ['waiting']);
  await droplet('gratis', 's-1vcpu-2gb', ['free']);
  await insertLiving(db, account, 'droplet', 'strange', { attributes: { size_slug: 'x-1' } }, at('2026-05-20'));
  await insertLiving(db, account, 'volume', 'data', { attributes: { size_gb: 100 } }, at('2026-05-16T12:00:00Z'));
  await endSubscription(db, { deployment: 'left', from: at('2026-05-11') }, 'test', now);
  await pauseSubscription(db, { deployment: 'waiting', from: at('2026-05-01'), to: at('2026-05-15') }, 'test', now);
  await settle(db, now);
});
afterAll(() => database.close());

test("what is on nobody's plan is counted by its reason, at the list price of the time that it ran", async () => {
  const found = await notBilled(database.db, { month: may, now });
  const usd = (amount: string) => [{ currency: 'USD', amount }];
  expect(found).toMatchObject([
    // From 11 May on 504 of 672 hours: 4.50 for the whole droplet, 2.25 for half of the other.
    { reason: 'ended', resources: 2, running: 2, unpriced: 0, amounts: usd('6.75'), deploymentsTotal: 1 },
    // Half of a month of 100 GiB; of the droplet nobody knows the price.
    { reason: 'unassigned', resources: 2, running: 2, unpriced: 1, amounts: usd('5.00') },
    { reason: 'no_plan', resources: 1, running: 1, unpriced: 0, amounts: usd('12.00') },
    // 14 days: 336 of 672 hours. It is on its plan again at the end.
    { reason: 'paused', resources: 1, running: 0, unpriced: 0, amounts: usd('12.00') },
  ]);
  expect(found.map(({ deployments: [first] }) => [first?.deployment, first?.customer, first?.next])).toEqual([
    ['left', 'c-left', { operation: 'deployment ownership', arguments: { deployment: 'left' } }],
    [null, null, { operation: 'rule suggest', arguments: {} }],
    ['free', 'c-active', { operation: 'subscription decide', arguments: { deployment: 'free', action: 'start' } }],
    [
      'waiting',
      'c-waiting',
      { operation: 'subscription decide', arguments: { deployment: 'waiting', action: 'resume' } },
    ],
  ]);
});

test('a month that has not begun has nothing, and one under way has what it has come to', async () => {
  const { db } = database;
  expect(await notBilled(db, { month: may.add({ months: 2 }), now })).toEqual([]);
  const [left] = await notBilled(db, { month: may.add({ months: 1 }), now });
  // 246 hours of 672 at 6.00 are 2.196; with half of the other 3.29.
  expect(left).toMatchObject({ reason: 'ended', amounts: [{ currency: 'USD', amount: '3.29' }] });
});
