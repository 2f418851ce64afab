import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addDeployment, addDroplet, at, openBusiness, settle } from '../../test/fixtures/invoices.ts';
import { findDeployment } from '../deployments/index.ts';
import { currentSubscriptions, startSubscription } from '../pricing/subscriptions.ts';
import { closeCustomer, reopenDeployment } from './end-deployments.ts';

// Who leaves, and who comes back.

let database: TestDatabase;
const now = at('2026-02-20');
const context = { now, principal: { subject: 'ann', role: 'owner', customerId: null } } as const;

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await openBusiness(db);
  for (const slug of ['shop', 'blog']) {
    await addDeployment(db, { customer: 'acme', slug });
    await addDroplet(db, account, `web-${slug}`, [slug], '2026-01-01');
  }
  await addDeployment(db, { customer: 'beta', slug: 'wiki' });
  await settle(db, now);
});
afterAll(() => database.close());

const endOf = async (slug: string) => (await findDeployment(database.db, slug)).endsAt;
const plans = async () =>
  (await currentSubscriptions(database.db, now)).map(({ deployment, plan }) => `${deployment} ${plan}`);

test('a customer who leaves: all deployments and subscriptions end at once, with a final bill; others are untouched', async () => {
  const endsAt = at('2026-02-10');
  const closed = await closeCustomer(database.db, { customer: 'acme', endsAt }, context);
  expect(closed).toMatchObject({ customer: 'acme', deployments: ['blog', 'shop'], endsAt, changed: true });
  expect(closed.unissued.map(({ month, state }) => [month, state])).toContainEqual(['2026-02', 'draft']);
  expect(closed.runsOn).toMatchObject([{ reason: 'ended' }]);
  expect([await endOf('shop'), await endOf('blog'), await endOf('wiki')]).toEqual([endsAt, endsAt, null]);
  expect(await plans()).toEqual(['wiki studio']);
  // What ended keeps its end.
  const again = await closeCustomer(database.db, { customer: 'acme', endsAt: at('2026-02-15') }, context);
  expect(again).toMatchObject({ deployments: [], changed: false });
  expect(await endOf('shop')).toEqual(endsAt);
});

test('a deployment that is reopened has no end and no plan until it is put on one again', async () => {
  const { db } = database;
  const onStudio = { deployment: 'shop', plan: 'studio', from: at('2026-02-20') };
  await expect(startSubscription(db, onStudio, 'ann', now)).rejects.toMatchObject({ code: 'deployment_ended' });
  expect(await reopenDeployment(db, 'shop', now)).toEqual({ changed: true });
  expect(await reopenDeployment(db, 'shop', now)).toEqual({ changed: false });
  expect([await endOf('shop'), await endOf('blog')]).toEqual([null, at('2026-02-10')]);
  expect(await plans()).toEqual(['wiki studio']);
  expect(await startSubscription(db, onStudio, 'ann', now)).toEqual({ changed: true });
  expect(await plans()).toEqual(['shop studio', 'wiki studio']);
  await expect(reopenDeployment(db, 'nobody', now)).rejects.toMatchObject({ code: 'not_found' });
});

test('nobody is closed who has no deployment', async () => {
  await expect(closeCustomer(database.db, { customer: 'nobody', endsAt: now }, context)).rejects.toMatchObject({
    code: 'not_found',
  });
});
