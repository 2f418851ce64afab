import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { insertAccount, insertLiving } from '../../test/fixtures/inventory.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { applyPlans, applyReadPlans, digestOf, previewPlans, readPlans } from './plan-apply.ts';
import { getPlan } from './plans.ts';
import { makeDeployment, makePlan, makeUsagePartitions, use } from '../../test/fixtures/pricing.ts';
import { endSubscription, requireDeployment, subscribe } from './subscriptions.ts';
import { ratedMonth } from './rated-months.ts';

const now = Temporal.Instant.from('2026-06-11T06:00:00Z');
const day = (text: string) => Temporal.PlainDate.from(text);

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
  await makeUsagePartitions(test.db);
});
afterAll(() => test.close());

const file = (plan: string, change: Record<string, string> = {}, items = standard('0.10')) => ({
  name: `plans/${plan}.yaml`,
  text: Object.entries({ plan, name: 'P', from: '2026-01-01', currency: 'USD', base: '30.00', ...change, items })
    .map(([key, value]) => `${key}: ${value}`)
    .join('\n'),
});
const standard = (price: string, allowance = 100) =>
  `\n  - { kind: droplet_hours, allowance: ${allowance}, cap: 500, model: standard, properties: { unitPrice: ${price} } }`;
const preview = (...files: Parameters<typeof previewPlans>[1]) => previewPlans(test.db, files, { now, limit: 2 });

async function refusal(attempt: Promise<unknown>): Promise<string> {
  const error = await attempt.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ArcadiaError);
  return (error as ArcadiaError).message;
}

describe('what a file changes', () => {
  it('a plan that is not there is new, for nobody', async () => {
    const [change] = await preview(file('fresh'));
    expect(change).toMatchObject({ plan: 'fresh', status: 'new_plan', comparedWith: null, impact: null });
    expect(change?.differences).toContainEqual({ what: 'base', before: null, after: '30.00' });
    expect(await applyPlans(test.db, [file('fresh')], 'test', now)).toEqual({ written: 1 });
    expect((await preview(file('fresh')))[0]).toMatchObject({ status: 'unchanged', differences: [] });
    expect(await applyPlans(test.db, [file('fresh')], 'test', now)).toEqual({ written: 0 });
  });

  it('the same number written otherwise is no difference', async () => {
    await makePlan(test.db, { plan: 'plain', base: '30.00', items: [] });
    expect((await preview(file('plain', { base: '30' }, '[]')))[0]?.status).toBe('unchanged');
  });

  it('a version that nobody was on yet is written anew; one that was used never', async () => {
    await applyPlans(test.db, [file('draft', { from: '2026-09-01' })], 'test', now);
    const [change] = await preview(file('draft', { from: '2026-09-01', base: '31.00' }));
    expect(change).toMatchObject({
      status: 'edited',
      differences: [{ what: 'base', before: '30.00', after: '31.00' }],
    });
    await applyPlans(test.db, [file('draft', { from: '2026-09-01', base: '31.00' })], 'test', now);
    expect((await getPlan(test.db, 'draft', day('2026-09-01'))).base).toBe('31.00');

    await applyPlans(test.db, [file('used')], 'test', now);
    await makeDeployment(test.db, 'user');
    await subscribe(test.db, { deployment: 'user', plan: 'used', from: day('2026-03-01') }, 'test', now);
    await subscribe(test.db, { deployment: 'user', plan: 'studio', from: day('2026-03-01') }, 'test', now);
    expect(await refusal(preview(file('used', { base: '31.00' })))).toBe(
      'plans/used.yaml:3: from: deployments have been on the version from 2026-01-01, which therefore never changes: give the new prices a later first day',
    );
  });

  it('is shown for whom and in money: the last complete month, and the current one to date', async () => {
    await makePlan(test.db, {
      plan: 'money',
      base: '30.00',
      items: [{ kind: 'droplet_hours', allowance: '100', model: 'standard', properties: { unitPrice: '0.10' } }],
    });
    const ids = await Promise.all(['small', 'middle', 'large'].map((slug) => makeDeployment(test.db, slug)));
    for (const [index, slug] of ['small', 'middle', 'large'].entries()) {
      await subscribe(test.db, { deployment: slug, plan: 'money', from: day('2026-05-01') }, 'test', now);
      await use(test.db, ids[index] ?? 0, 'droplet_hours', '2026-05-01', '2026-06-11', String(10 * (index + 1)));
    }
    await use(test.db, ids[0] ?? 0, 'dns_zones', '2026-05-01', '2026-05-02', '1');
    const dearer = file('money', { from: '2026-07-01', base: '36.00' }, standard('0.20'));
    // Nobody has a droplet yet: no size of any is worth a word.
    const [early] = await preview(dearer);
    expect(early?.warnings.map(({ code }) => code)).toEqual(['off_is_free', 'no_price']);
    const account = await insertAccount(test.db);
    const sizes = { size_slug: 'm-8vcpu-64gb' };
    await insertLiving(test.db, account, 'droplet', '1', { name: 'large', attributes: sizes }, now);
    const [change] = await preview(dearer);
    expect(change?.differences.map(({ what }) => what)).toEqual([
      'base',
      'items.droplet_hours.cap',
      'items.droplet_hours.properties.unitPrice',
    ]);
    expect(change?.warnings.map(({ code }) => code)).toEqual([
      'below_provider_price',
      'off_is_free',
      'allowance_above_base',
      'no_price',
    ]);
    expect(change?.warnings[0]?.message).toContain(
      'in use that cost more at DigitalOcean than beyond the allowances here: 1 of 1.',
    );
    const impact = change?.impact;
    // May: 310, 620 and 930 hours, less 100, at 0.10 and at 0.20. June to the 11th: 100, 200, 300.
    expect(impact).toMatchObject({
      currency: 'USD',
      deployments: 3,
      months: [
        { complete: true, sum: { before: '246.00', after: '420.00', difference: '174.00' } },
        { complete: false, sum: { before: '120.00', after: '168.00', difference: '48.00' } },
      ],
      most: [
        {
          deployment: 'large',
          months: [
            { before: '113.00', after: '202.00' },
            { before: '50.00', after: '76.00' },
          ],
        },
        {
          deployment: 'middle',
          months: [
            { before: '82.00', after: '140.00' },
            { before: '40.00', after: '56.00' },
          ],
        },
      ],
    });
    expect(impact?.months.map(({ month }) => month.toString())).toEqual(['2026-05', '2026-06']);

    const { rows } = await sql<{
      changes: number;
    }>`SELECT count(*) AS changes FROM changes WHERE topic = 'pricing' AND cause = 'plan'`.execute(test.db);
    await applyPlans(test.db, [dearer], 'test', now);
    const after = await sql<{ changes: number; from: Temporal.Instant }>`
      SELECT count(*) AS changes, min(valid_from) FILTER (WHERE cause = 'plan') AS from FROM changes WHERE topic = 'pricing' AND cause = 'plan'`.execute(
      test.db,
    );
    expect((after.rows[0]?.changes ?? 0) - (rows[0]?.changes ?? 0)).toBe(3);
    expect(after.rows[0]?.from.toString()).toBe('2026-07-01T00:00:00Z');
  });
});

describe('the bills that a version makes others', () => {
  const bills = (change: Awaited<ReturnType<typeof preview>>[number] | undefined) =>
    change?.impact?.bills.map(({ month, complete, deployments, sum }) => [
      month.toString(),
      complete,
      deployments,
      sum.before,
      sum.after,
    ]);

  it('are shown where it begins within a month that is over, with a warning; and are what follows', async () => {
    await makePlan(test.db, {
      plan: 'split',
      items: [{ kind: 'droplet_hours', allowance: '744', model: 'standard', properties: { unitPrice: '1.00' } }],
    });
    for (const slug of ['burst', 'gone']) {
      const id = await makeDeployment(test.db, slug);
      await subscribe(test.db, { deployment: slug, plan: 'split', from: day('2026-02-01') }, 'test', now);
      await use(test.db, id, 'droplet_hours', '2026-04-16', '2026-05-01', '50');
    }
    await endSubscription(
      test.db,
      { deployment: 'gone', from: Temporal.Instant.from('2026-04-01T00:00:00Z') },
      'test',
      now,
    );
    // 750 hours from 16 April on: 6 beyond 744, at 1.00 and at 1.10, for half of the month was not used before.
    const dearer = file('split', { from: '2026-04-16' }, standard('1.10', 744));
    const [change] = await preview(dearer);
    expect(bills(change)).toEqual([['2026-04', true, 1, '36.00', '36.60']]);
    expect(change?.warnings.map(({ code }) => code)).toEqual(expect.arrayContaining(['in_the_past', 'within_a_month']));
    const rated = async () => {
      const { deployment_id: id } = await requireDeployment(test.db, 'burst');
      const [found] = await ratedMonth(test.db, { deployments: [id], month: Temporal.PlainYearMonth.from('2026-04') });
      return found?.rated.totals[0]?.total;
    };
    expect(await rated()).toBe('36.00');
    await applyPlans(test.db, [dearer], 'test', now);
    expect(await rated()).toBe('36.60');
  });

  it('have the fee of the next month in advance, and that of a year', async () => {
    for (const [plan, every] of [
      ['ahead', 'month'],
      ['annual', 'year'],
    ] as const) {
      await makePlan(test.db, { plan, base: '120.00', baseEvery: every, baseDue: 'advance' });
      await makeDeployment(test.db, plan);
      await subscribe(test.db, { deployment: plan, plan, from: day('2026-03-01') }, 'test', now);
    }
    const ahead = file('ahead', { from: '2026-07-01', base: '130.00', baseDue: 'advance' }, '[]');
    expect(bills((await preview(ahead))[0])).toEqual([['2026-06', false, 1, '120.00', '130.00']]);
    // Another rhythm ends the year: 122 of 365 days.
    const monthly = file('annual', { from: '2026-07-01', base: '10.00' }, '[]');
    expect(bills((await preview(monthly))[0])).toEqual([['2026-03', true, 1, '120.00', '40.11']]);
    const later = file('ahead', { from: '2026-09-01', base: '130.00', baseDue: 'advance' }, '[]');
    expect(bills((await preview(later))[0])).toEqual([]);
  });
});

describe('a bad file is refused, with file, line and reason, and nothing is written', () => {
  it('for all its mistakes at once, in all its files', async () => {
    const bad = file('bad', { base: '-1' }, standard('0.10').replace('droplet_hours', 'cpu'));
    const worse = file('worse', { currency: 'XYZ' });
    const message = await refusal(applyPlans(test.db, [file('good'), bad, worse], 'test', now));
    expect(message.split('\n')).toEqual([
      'plans/bad.yaml:5: base: must not be negative (-1)',
      "plans/worse.yaml:4: currency: 'XYZ' is not a currency of ISO 4217, such as USD or EUR.",
    ]);
    await expect(getPlan(test.db, 'good', day('2026-06-01'))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('where it changes the currency under its subscribers', async () => {
    await applyPlans(test.db, [file('dollars')], 'test', now);
    await makeDeployment(test.db, 'payer');
    await subscribe(test.db, { deployment: 'payer', plan: 'dollars', from: day('2026-03-01') }, 'test', now);
    expect(await refusal(preview(file('dollars', { from: '2026-09-01', currency: 'EUR' })))).toBe(
      'plans/dollars.yaml:4: currency: deployment payer is on this plan in USD: give the prices in EUR a plan of their own',
    );
  });

  it('where two say the same version', async () => {
    expect(await refusal(preview(file('twice'), { ...file('twice'), name: 'plans/again.yaml' }))).toBe(
      'plans/again.yaml:3: from: plans/twice.yaml has twice from 2026-01-01 already',
    );
  });

  it('and two people who apply at once make one version', async () => {
    const results = await Promise.all(
      Array.from({ length: 4 }, () => applyPlans(test.db, [file('raced')], 'test', now)),
    );
    expect(results.map(({ written }) => written).sort((a, b) => a - b)).toEqual([0, 0, 0, 1]);
  });
});

it('applies what was previewed, and nothing where a preview says something else by now', async () => {
  await applyPlans(test.db, [file('seen')], 'test', now);
  const dearer = file('seen', { from: '2026-08-01', base: '35.00' });
  const digest = digestOf(await preview(dearer));
  const apply = async () => applyReadPlans(test.db, await readPlans(test.db, [dearer]), 'test', now, digest);
  await applyPlans(test.db, [file('seen', { from: '2026-07-01', base: '32.00' })], 'a colleague', now);
  expect(await refusal(apply())).toBe('Nothing was applied: the preview says something else by now.');
  expect((await getPlan(test.db, 'seen', day('2026-08-01'))).base).toBe('32.00');
  const again = digestOf(await preview(dearer));
  expect(await applyReadPlans(test.db, await readPlans(test.db, [dearer]), 'test', now, again)).toEqual({ written: 1 });
});
