import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { makeDeployment, makePlan } from '../../test/fixtures/pricing.ts';
import { changeSubscription, startSubscription } from './subscriptions.ts';

const at = (text: string) => Temporal.Instant.from(`${text}T00:00:00Z`);
const now = at('2026-03-05');

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
  await makePlan(test.db, { plan: 'dollars', currency: 'USD' });
  await makePlan(test.db, { plan: 'euros', currency: 'EUR' });
  await makeDeployment(test.db, 'shop');
});
afterAll(() => test.close());

const start = (plan: string, currency?: string) =>
  startSubscription(test.db, { deployment: 'shop', plan, from: at('2026-01-01'), currency }, 'ann', now);
const change = (plan: string, from: string, currency?: string) =>
  changeSubscription(test.db, { deployment: 'shop', plan, from: at(from), currency }, 'ann', now);

it("a plan in another currency than the customer's is refused, whatever currency is named", async () => {
  const refused = { code: 'conflict', details: { customer: 'USD', plan: 'EUR' } };
  await expect(start('euros')).rejects.toMatchObject(refused);
  await expect(start('euros', 'EUR')).rejects.toMatchObject(refused);
  await expect(start('dollars', 'EUR')).rejects.toThrow('is in USD at');
  expect(await start('dollars', 'USD')).toEqual({ changed: true });
  await expect(change('euros', '2026-03-01', 'EUR')).rejects.toMatchObject(refused);
});

it('so is one that turns to another currency later, and a version that would turn it', async () => {
  await makePlan(test.db, { plan: 'turning', currency: 'USD' });
  await makePlan(test.db, { plan: 'turning', currency: 'EUR', from: '2027-01-01' });
  await expect(change('turning', '2026-03-01')).rejects.toMatchObject({ details: { plan: 'EUR' } });
  await expect(makePlan(test.db, { plan: 'dollars', currency: 'EUR', from: '2027-01-01' })).rejects.toMatchObject({
    code: 'plan_version_fixed',
  });
});
