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

it("a plan in another currency than the customer's is asked about", async () => {
  await expect(start('euros')).rejects.toMatchObject({ code: 'conflict', details: { before: 'USD', after: 'EUR' } });
  await expect(start('dollars', 'EUR')).rejects.toThrow('is in USD at');
  expect(await start('dollars')).toEqual({ changed: true });
});

it('so is a change of plan that changes it, and one that goes on in it is not', async () => {
  await expect(change('euros', '2026-03-01')).rejects.toThrow('If that is meant, name the currency, EUR.');
  expect(await change('euros', '2026-03-01', 'EUR')).toEqual({ changed: true });
  expect(await change('euros', '2026-04-01')).toEqual({ changed: false });
  await expect(change('dollars', '2026-05-01')).rejects.toMatchObject({ code: 'conflict' });
});
