import { Kysely, PostgresDialect, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openPool } from '../platform/database/database.ts';
import { addPlanVersion } from './plans.ts';
import { makeDeployment, makePlan, makeUsagePartitions, use } from '../../test/fixtures/pricing.ts';
import { quoteDeployment } from './quotes.ts';
import { ratedMonth } from './rated-months.ts';
import type { UsageLine } from './rating/rate-month.ts';
import { at, shown } from '../../test/fixtures/rating.ts';
import {
  changeSubscription,
  endSubscription,
  pauseSubscription,
  resumeSubscription,
  startSubscription,
} from './subscriptions.ts';

const now = at('2026-08-01');
const month = (text: string) => Temporal.PlainYearMonth.from(text);
const hours = (allowance: string, unitPrice: string, more: object = {}) => ({
  kind: 'droplet_hours',
  allowance,
  model: 'standard' as const,
  properties: { unitPrice },
  ...more,
});

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
  await makeUsagePartitions(test.db);
  await makePlan(test.db, { plan: 'small', base: '50.00', items: [hours('300', '0.10')] });
  await makePlan(test.db, { plan: 'large', base: '180.00', items: [hours('600', '0.10')] });
});
afterAll(() => test.close());

const start = (deployment: string, plan: string, from: string) =>
  startSubscription(test.db, { deployment, plan, from: at(from) }, 'test', now);
async function bill(deploymentId: number, of: string) {
  const [found] = await ratedMonth(test.db, { deployments: [deploymentId], month: month(of) });
  if (found === undefined) throw new Error('nothing was rated');
  return found.rated;
}

it('a plan change, a pause and an end split a month at their days, in any order of deciding', async () => {
  const id = await makeDeployment(test.db, 'changing');
  await use(test.db, id, 'droplet_hours', '2026-05-01', '2026-07-01', '24');
  await start('changing', 'small', '2026-05-01');
  await endSubscription(test.db, { deployment: 'changing', from: at('2026-06-26') }, 'test', now);
  await changeSubscription(test.db, { deployment: 'changing', plan: 'large', from: at('2026-06-11') }, 'test', now);
  await endSubscription(test.db, { deployment: 'changing', from: at('2026-06-26') }, 'test', now);
  await pauseSubscription(
    test.db,
    { deployment: 'changing', from: at('2026-06-16'), to: at('2026-06-24') },
    'test',
    now,
  );
  await resumeSubscription(test.db, { deployment: 'changing', from: at('2026-06-21') }, 'test', now);
  const june = await bill(id, '2026-06');
  expect(shown(june)).toEqual([
    'base_fee 2026-06-01..2026-06-11 16.67',
    'usage droplet_hours 2026-06-01..2026-06-11 14.00',
    'base_fee 2026-06-11..2026-06-16 30.00',
    'base_fee 2026-06-21..2026-06-26 30.00',
    'usage droplet_hours 2026-06-11..2026-06-26 4.00',
  ]);
  expect(june.totals).toEqual([{ currency: 'USD', total: '94.67' }]);
  expect(june.uncharged.map(({ reason, quantity }) => `${reason} ${quantity}`)).toEqual(['paused 120', 'no_plan 120']);

  const quote = await quoteDeployment(test.db, {
    deployment: 'changing',
    from: Temporal.PlainDate.from('2026-06-01'),
    to: Temporal.PlainDate.from('2026-07-01'),
  });
  expect(quote).toMatchObject({ plan: 'large', base: '76.67', overage: '18.00', total: '94.67' });
  expect(quote.lines.map(({ plan, amount }) => [plan, amount])).toEqual([
    ['small', '14.00'],
    ['large', '4.00'],
  ]);
});

it('a deployment that starts within a day is charged from its start', async () => {
  const id = await makeDeployment(test.db, 'late', '2026-06-16T12:00:00Z');
  await start('late', 'small', '2026-01-01');
  await use(test.db, id, 'droplet_hours', '2026-06-16', '2026-06-17', '12');
  const june = await bill(id, '2026-06');
  expect(shown(june)).toEqual([
    'base_fee 2026-06-16T12:00:00Z..2026-07-01 24.17',
    'usage droplet_hours 2026-06-16T12:00:00Z..2026-07-01 0.00',
  ]);
  expect((june.lines[1] as UsageLine).quantity).toBe('12');
  expect(june.uncharged).toEqual([]);
  expect(shown(await bill(id, '2026-05'))).toEqual([]);
});

it('a new version in mid-month holds for its days', async () => {
  const old = await makePlan(test.db, { plan: 'raised', base: '30.00', items: [hours('0', '0.10')] });
  const id = await makeDeployment(test.db, 'loyal');
  await start('loyal', 'raised', '2026-01-01');
  await use(test.db, id, 'droplet_hours', '2026-06-01', '2026-07-01', '1');
  await addPlanVersion(test.db, { ...old, from: Temporal.PlainDate.from('2026-06-21'), base: '60.00' }, 'test', now);
  expect(shown(await bill(id, '2026-06'))).toEqual([
    'base_fee 2026-06-01..2026-06-21 20.00',
    'usage droplet_hours 2026-06-01..2026-06-21 2.00',
    'base_fee 2026-06-21..2026-07-01 20.00',
    'usage droplet_hours 2026-06-21..2026-07-01 1.00',
  ]);
});

it('unused allowance of the months before is used, from the first month on the plan', async () => {
  await makePlan(test.db, {
    plan: 'thrifty',
    items: [hours('100', '1.00', { carryOver: { months: 2, limit: null } })],
  });
  const id = await makeDeployment(test.db, 'saver');
  await start('saver', 'thrifty', '2026-03-01');
  // 93, 60, 31 and 300 hours: February is before the plan, March leaves 7, April 40, May 69.
  await use(test.db, id, 'droplet_hours', '2026-02-01', '2026-03-01', '0.5');
  await use(test.db, id, 'droplet_hours', '2026-03-01', '2026-04-01', '3');
  await use(test.db, id, 'droplet_hours', '2026-04-01', '2026-05-01', '2');
  await use(test.db, id, 'droplet_hours', '2026-05-01', '2026-06-01', '1');
  await use(test.db, id, 'droplet_hours', '2026-06-01', '2026-07-01', '10');
  const carried = async (of: string) => {
    const line = (await bill(id, of)).lines.find((one) => one.kind === 'usage') as UsageLine;
    return [line.carriedIn, line.billable, line.carriedOut];
  };
  expect(await carried('2026-03')).toEqual(['0', '0', '7']);
  expect(await carried('2026-04')).toEqual(['7', '0', '47']);
  expect(await carried('2026-05')).toEqual(['47', '0', '109']);
  expect(await carried('2026-06')).toEqual(['109', '91', '0']);
});

it('what goes out of a month by one version comes in by the next, and nothing that lapsed', async () => {
  const carrying = (allowance: string, months: number) =>
    hours(allowance, '1.00', { carryOver: { months, limit: null } });
  const old = await makePlan(test.db, { plan: 'tightened', items: [carrying('1000', 1)] });
  const id = await makeDeployment(test.db, 'steady');
  await start('steady', 'tightened', '2026-02-01');
  await use(test.db, id, 'droplet_hours', '2026-02-01', '2026-05-01', '24');
  const { items } = await makePlan(test.db, { plan: 'tightened-items', items: [carrying('100', 3)] });
  await addPlanVersion(test.db, { ...old, from: Temporal.PlainDate.from('2026-04-01'), items }, 'test', now);
  const april = (await bill(id, '2026-04')).lines.find((one) => one.kind === 'usage') as UsageLine;
  // 720 hours less 100 of its own and March's 256; February's 328 lapsed with March.
  expect(april).toMatchObject({ carriedIn: '256', billable: '364', amount: '364.00' });
});

it('what a version carried out is known where the next one carries nothing', async () => {
  const old = await makePlan(test.db, {
    plan: 'ended',
    items: [hours('1000', '1.00', { carryOver: { months: 2, limit: null } })],
  });
  const id = await makeDeployment(test.db, 'ending');
  await start('ending', 'ended', '2026-02-01');
  await use(test.db, id, 'droplet_hours', '2026-04-01', '2026-05-01', '100');
  const items = old.items.map((item) => ({ ...item, carryOver: null }));
  await addPlanVersion(test.db, { ...old, from: Temporal.PlainDate.from('2026-04-01'), items }, 'test', now);
  const april = (await bill(id, '2026-04')).lines.find((one) => one.kind === 'usage') as UsageLine;
  expect(april).toMatchObject({ carriedIn: '2000', billable: '0', carriedOut: null });
});

describe('many deployments at once', () => {
  it('cost what each costs alone, whatever they have in common', async () => {
    const ids: number[] = [];
    for (let index = 0; index < 30; index += 1) {
      const slug = `many-${index}`;
      const id = await makeDeployment(test.db, slug);
      ids.push(id);
      await use(test.db, id, 'droplet_hours', '2026-06-01', '2026-07-01', String(index));
      await start(slug, index % 3 === 0 ? 'thrifty' : 'small', '2026-05-01');
      if (index % 4 === 0)
        await changeSubscription(
          test.db,
          { deployment: slug, plan: 'large', from: at(`2026-06-${10 + index / 2}`) },
          'test',
          now,
        );
    }
    const together = await ratedMonth(test.db, { deployments: ids.toReversed(), month: month('2026-06') });
    expect(together.map(({ deploymentId }) => deploymentId)).toEqual(ids);
    const alone = await Promise.all(ids.map((id) => bill(id, '2026-06')));
    expect(JSON.stringify(together.map(({ rated }) => rated))).toBe(JSON.stringify(alone));
  });

  it('what has no customer, and what is not there, is not rated', async () => {
    expect(await ratedMonth(test.db, { deployments: [1, 999_999_999], month: month('2026-06') })).toEqual([]);
  });
});

it("a customer's deployments are rated in as many statements as one of them", async () => {
  const ids = [await makeDeployment(test.db, 'first')];
  for (const slug of ['second', 'third', 'fourth', 'fifth']) {
    const { rows } = await sql<{ id: number }>`
      INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
      SELECT ${slug}, ${slug}, customer_id, starts_at, created_at FROM deployments WHERE slug = 'first'
      RETURNING deployment_id AS id`.execute(test.db);
    ids.push(rows[0]?.id as number);
  }
  for (const [index, id] of ids.entries()) {
    await use(test.db, id, 'droplet_hours', '2026-05-01', '2026-06-01', String(24 + index));
    await start(['first', 'second', 'third', 'fourth', 'fifth'][index] as string, 'small', '2026-05-01');
  }
  const rated = async (deployments: readonly number[]) => {
    const pool = openPool({ connectionString: test.connectionString, max: 1 });
    let statements = 0;
    const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }), log: () => void (statements += 1) });
    try {
      const rows = await ratedMonth(db, { deployments, month: month('2026-05') });
      return { amounts: rows.map((row) => row.rated.totals.map(({ total }) => total)), statements };
    } finally {
      await db.destroy();
    }
  };
  const [one, all] = [await rated(ids.slice(0, 1)), await rated(ids)];
  // (744 + 31 x index - 300) hours at 0.10, and 50.00.
  expect(all.amounts).toEqual([['94.40'], ['97.50'], ['100.60'], ['103.70'], ['106.80']]);
  expect(one.amounts).toEqual([['94.40']]);
  expect(all.statements).toBe(one.statements);
});
