import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { addAlert, checkAlerts, alertPage, firingPage, type NewAlert, removeAlert } from './alerts.ts';
import { add as addHook, messages } from '../../test/webhooks/webhooks-fixture.ts';
import { makeDeployment, makePlan, makeUsagePartitions, use } from '../../test/fixtures/pricing.ts';
import { at } from '../../test/fixtures/rating.ts';
import { startSubscription } from './subscriptions.ts';

let test: TestDatabase;
let busy: number;
beforeAll(async () => {
  test = await openTestDatabase();
  await addHook(test.db, at('2026-05-01'), { webhook: 'watch', url: 'https://example.com/', types: ['alert.fired'] });
  await makeUsagePartitions(test.db);
  const item = {
    kind: 'droplet_hours',
    allowance: '300',
    model: 'standard',
    properties: { unitPrice: '0.10' },
  } as const;
  await makePlan(test.db, { plan: 'watched', base: '30.00', items: [item] });
  busy = await makeDeployment(test.db, 'busy');
  const calm = await makeDeployment(test.db, 'calm');
  for (const deployment of ['busy', 'calm']) {
    await startSubscription(test.db, { deployment, plan: 'watched', from: at('2026-05-01') }, 'test', at('2026-05-01'));
  }
  // 24 hours a day: 240 after ten days, 80 %; 300 after twelve and a half.
  await use(test.db, busy, 'droplet_hours', '2026-06-01', '2026-06-11', '24');
  await use(test.db, calm, 'droplet_hours', '2026-06-01', '2026-06-11', '1');
});
afterAll(() => test.close());

const add = (alert: Partial<NewAlert>, now = '2026-06-01') =>
  addAlert(
    test.db,
    {
      deployment: null,
      kind: 'droplet_hours',
      threshold: '80',
      unit: 'percent',
      currency: null,
      basis: 'to_date',
      ...alert,
    },
    'test',
    at(now),
  );
const page = { limit: 100, cursor: null, q: null };
const firings = async (alertId: number) =>
  (await firingPage(test.db, {}, { ...page, sort: 'firedAt', order: 'desc' })).items
    .filter((firing) => firing.alertId === alertId)
    .map(({ deployment, month, value, unit }) => `${deployment} ${month.toPlainYearMonth()} ${value} ${unit}`);

describe('an alert fires where its threshold is reached', () => {
  it('once for a deployment and a month, whoever checks how often', async () => {
    const { alertId: id } = await add({});
    const exact = await add({ threshold: '80.000000001' });
    const checks = await Promise.all(Array.from({ length: 3 }, () => checkAlerts(test.db, at('2026-06-11'))));
    expect(checks.reduce((sum, { fired }) => sum + fired, 0)).toBe(1);
    expect(await checkAlerts(test.db, at('2026-06-11T01:00:00Z'))).toEqual({ fired: 0 });
    expect(await firings(id)).toEqual(['busy 2026-06 80 %']);
    expect(await firings(exact.alertId)).toEqual([]);
    const { rows } = await sql<{
      subject: string;
    }>`SELECT subject FROM event_outbox WHERE type = 'alert.fired'`.execute(test.db);
    expect(rows).toEqual([{ subject: 'busy' }]);
    expect(await messages(test.db)).toEqual([
      {
        type: 'alert.fired',
        customerId: expect.any(Number),
        data: {
          alertId: id,
          deployment: 'busy',
          month: '2026-06',
          kind: 'droplet_hours',
          basis: 'to_date',
          value: '80',
          threshold: '80',
          unit: '%',
          path: '/api/v1/deployments/busy',
        },
      },
    ]);
    await removeAlert(test.db, exact.alertId, at('2026-06-11'));
  });

  it('and again in the next month, whose last days are metered after it', async () => {
    const { alertId: id } = await add({ deployment: 'busy', threshold: '700', unit: 'absolute' });
    await use(test.db, busy, 'droplet_hours', '2026-06-11', '2026-07-01', '24');
    await use(test.db, busy, 'droplet_hours', '2026-07-01', '2026-08-01', '24');
    await checkAlerts(test.db, at('2026-07-01T02:00:00Z'));
    // Of July, partitions hold all of it already: the month to date is what is metered.
    expect((await firings(id)).sort()).toEqual(['busy 2026-06 720 droplet_hours', 'busy 2026-07 744 droplet_hours']);
  });

  it('on the amount, in money and in percent of the base fee', async () => {
    // June: 30.00 and 420 hours beyond the allowance at 0.10.
    const money = await add({ kind: null, threshold: '72', unit: 'absolute', currency: 'USD' });
    const more = await add({ kind: null, threshold: '74.41', unit: 'absolute', currency: 'USD' });
    const euros = await add({ kind: null, threshold: '1', unit: 'absolute', currency: 'EUR' });
    const percent = await add({ deployment: 'busy', kind: null, threshold: '240' });
    await checkAlerts(test.db, at('2026-07-01T02:00:00Z'));
    expect((await firings(money.alertId)).sort()).toEqual(['busy 2026-06 72 USD', 'busy 2026-07 74.4 USD']);
    expect(await firings(more.alertId)).toEqual([]);
    expect(await firings(euros.alertId)).toEqual([]);
    expect((await firings(percent.alertId)).sort()).toEqual(['busy 2026-06 240 %', 'busy 2026-07 248 %']);
  });

  it('but not in a month that was over when it was made', async () => {
    const { alertId: id } = await add({ deployment: 'busy', threshold: '1' }, '2026-07-01T01:00:00Z');
    await checkAlerts(test.db, at('2026-07-01T02:00:00Z'));
    expect(await firings(id)).toEqual(['busy 2026-07 248 %']);
  });
});

it('what is removed fires no more, and what it fired stays', async () => {
  const { alertId: id } = await add({ deployment: 'busy', threshold: '2' });
  await checkAlerts(test.db, at('2026-06-15'));
  expect(await firings(id)).toHaveLength(1);
  await removeAlert(test.db, id, at('2026-06-16'));
  await checkAlerts(test.db, at('2026-07-15'));
  expect(await firings(id)).toHaveLength(1);
  expect(
    (await alertPage(test.db, {}, { ...page, sort: 'alertId', order: 'asc' })).items.map((alert) => alert.alertId),
  ).not.toContain(id);
  await expect(removeAlert(test.db, id, at('2026-06-17'))).rejects.toMatchObject({ code: 'not_found' });
});

it.each([
  [{ threshold: '0' }, 'invalid_argument'],
  [{ threshold: '-5' }, 'invalid_argument'],
  [{ kind: 'cpu' }, 'not_found'],
  [{ deployment: 'nobody' }, 'not_found'],
  [{ deployment: 'unattributed' }, 'invalid_argument'],
  [{ kind: null, unit: 'absolute' as const }, 'invalid_argument'],
  [{ currency: 'USD' }, 'invalid_argument'],
  [{ kind: null, unit: 'absolute' as const, currency: 'XYZ' }, 'invalid_argument'],
])('%j is refused', async (alert, code) => {
  await expect(add(alert)).rejects.toMatchObject({ code });
});
