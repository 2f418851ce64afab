import { readdirSync, readFileSync } from 'node:fs';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import type { PlanVersion } from './plan.ts';
import { readPlanFile } from './plan-file.ts';
import { addPlanVersion, billingKinds, getPlan, listPlans } from './plans.ts';
import { quoteDeployment, quoteUsage } from './quotes.ts';
import { retiredPlans, setRetired } from './retire.ts';
import { currentSubscriptions, startSubscription, subscribe } from './subscriptions.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const now = Temporal.Instant.from('2026-05-11T00:00:00Z');
const may = { from: day('2026-05-01'), to: day('2026-06-01') };

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

/** Deployments of their own for each test, so that no test sees another's. */
let count = 0;
async function newDeployment(): Promise<string> {
  count += 1;
  const slug = `deployment-${count}`;
  await sql`
    WITH customer AS (
      INSERT INTO customers (external_id, name, currency, created_at) VALUES (${slug}, 'Test', 'USD', ${now}) RETURNING customer_id)
    INSERT INTO deployments (slug, name, customer_id, starts_at, created_at)
    SELECT ${slug}, 'Test', customer_id, '2026-01-01', ${now} FROM customer`.execute(test.db);
  return slug;
}

async function newPlan(change: Partial<PlanVersion> = {}): Promise<PlanVersion> {
  count += 1;
  const studio = await getPlan(test.db, 'studio', day('2026-05-01'));
  const plan = { ...studio, plan: `plan-${count}`, from: day('2026-01-01'), ...change };
  await addPlanVersion(test.db, plan, 'test', now);
  return plan;
}

describe('the plans to begin with', () => {
  it('are what plans/*.yaml say', async () => {
    const folder = new URL('../../plans/', import.meta.url);
    const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
    const kinds = await billingKinds(test.db);
    const written = files.map((file) => readPlanFile(file, readFileSync(new URL(file, folder), 'utf8'), kinds));
    expect(written.flatMap(({ problems }) => problems)).toEqual([]);
    const seeded = await listPlans(test.db, day('2026-05-01'));
    const bySlug = (plans: readonly (PlanVersion | null)[]) =>
      JSON.stringify(
        plans.toSorted((a, b) => ((a?.plan ?? '') < (b?.plan ?? '') ? -1 : 1)),
        null,
        1,
      );
    expect(bySlug(seeded)).toBe(bySlug(written.map(({ plan }) => plan)));
  });

  it('Studio covers two droplets, two zones and 48 GB of snapshots all month, for $50.00', async () => {
    const usage = { droplet_hours: '1488', dns_zones: '2', droplet_snapshot_gb_month: '48' };
    const quote = await quoteUsage(test.db, { plan: 'studio', usage, day: day('2026-05-31') });
    expect(quote).toMatchObject({ plan: 'studio', currency: 'USD', base: '50.00', overage: '0.00', total: '50.00' });
    expect(quote.lines).toHaveLength(9);
    expect(quote.lines[0]).toEqual({
      kind: 'droplet_hours',
      quantity: '1488',
      allowance: '1488',
      billable: '0',
      unitPrice: '0.04',
      amount: '0.00',
    });
  });
});

describe('quoteUsage', () => {
  const studio = { plan: 'studio', day: day('2026-05-31') };

  it('charges what lies beyond the allowance, and shows what has no price', async () => {
    const usage = {
      droplet_hours: '1490.5',
      droplet_snapshot_gb_month: '60.123456789',
      droplet_provisioned_hours: '7',
    };
    const quote = await quoteUsage(test.db, { ...studio, usage });
    expect(quote.lines.filter((line) => line.quantity !== '0')).toEqual([
      {
        kind: 'droplet_hours',
        quantity: '1490.5',
        allowance: '1488',
        billable: '2.5',
        unitPrice: '0.04',
        amount: '0.10',
      },
      {
        kind: 'droplet_snapshot_gb_month',
        quantity: '60.123456789',
        allowance: '60',
        billable: '0.123456789',
        unitPrice: '0.10',
        amount: '0.01',
      },
      {
        kind: 'droplet_provisioned_hours',
        quantity: '7',
        allowance: '0',
        billable: '7',
        unitPrice: null,
        amount: '0.00',
      },
    ]);
    expect(quote).toMatchObject({ overage: '0.11', total: '50.11' });
  });

  it.each([
    [{ cpu_hours: '1' }, 'There is no meter "cpu_hours"'],
    [{ dns_zones: '-1' }, 'The quantity of dns_zones must not be negative (-1).'],
    [{ dns_zones: '1e3' }, 'The quantity of dns_zones must be a decimal'],
  ])('refuses %j', async (usage, message) => {
    await expect(quoteUsage(test.db, { ...studio, usage })).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining(message),
    });
  });
});

describe('plan versions', () => {
  it('hold from their day until the next', async () => {
    const first = await newPlan();
    await addPlanVersion(test.db, { ...first, from: day('2026-06-01'), base: '60' }, 'test', now);
    const baseOn = async (text: string) => (await getPlan(test.db, first.plan, day(text))).base;
    expect(await baseOn('2026-01-01')).toBe('50.00');
    expect(await baseOn('2026-05-31')).toBe('50.00');
    expect(await baseOn('2026-06-01')).toBe('60');
    expect((await listPlans(test.db, day('2026-07-01'))).find(({ plan }) => plan === first.plan)?.base).toBe('60');
    expect((await listPlans(test.db, day('2025-12-31'))).map(({ plan }) => plan)).not.toContain(first.plan);
    await expect(getPlan(test.db, first.plan, day('2025-12-31'))).rejects.toMatchObject({
      code: 'not_found',
      message: `Plan "${first.plan}" begins on 2026-01-01; it says nothing about 2025-12-31.`,
    });
  });

  it('keep every charge model, limit and discount', async () => {
    const tiers = [
      { upTo: '10.5', unitPrice: '1', flatFee: '0' },
      { upTo: null, unitPrice: '0.000000001', flatFee: '2' },
    ];
    const none = { allowance: '0', carryOver: { months: 3, limit: '12.5' }, minimum: null, cap: null };
    const plan = await newPlan({
      baseEvery: 'year',
      baseDue: 'advance',
      minimum: '10.00',
      cap: '99.90',
      discount: { percent: '12.5', until: day('2027-01-01') },
      items: [
        { ...none, kind: 'volume_gb_month', model: 'volume', properties: { tiers, dueAtZero: false } },
        {
          ...none,
          kind: 'dns_zones',
          model: 'graduated',
          properties: { tiers, dueAtZero: true },
          minimum: '1',
          cap: '2',
        },
        { ...none, kind: 'droplet_hours', model: 'package', properties: { packageSize: '100', packagePrice: '3' } },
        {
          ...none,
          kind: 'spaces_gb_month',
          model: 'stairstep',
          properties: { tiers: [{ upTo: null, flatFee: '4' }], dueAtZero: false },
        },
        {
          ...none,
          kind: 'droplet_snapshot_gb_month',
          model: 'cost-plus',
          properties: { unitCost: '0.06', markupPercent: '20' },
        },
        {
          ...none,
          kind: 'load_balancer_hours',
          model: 'percentage',
          properties: { percent: '1', fixed: '0', minimum: '0', dueAtZero: false },
        },
      ],
    });
    const json = (value: PlanVersion): unknown => JSON.parse(JSON.stringify(value));
    expect(json(await getPlan(test.db, plan.plan, day('2026-05-01')))).toEqual(json(plan));
  });

  it('are not changed: a second one from the same day is refused', async () => {
    const plan = await newPlan();
    await expect(addPlanVersion(test.db, { ...plan, base: '1' }, 'test', now)).rejects.toMatchObject({
      code: 'plan_version_fixed',
    });
    expect((await getPlan(test.db, plan.plan, plan.from)).base).toBe('50.00');
  });

  it('change currency only while nobody is on the plan', async () => {
    const plan = await newPlan();
    const euros = { ...plan, currency: 'EUR', from: day('2026-06-01') };
    const deployment = await newDeployment();
    await subscribe(test.db, { deployment, plan: plan.plan, from: day('2026-05-01') }, 'test', now);
    await expect(addPlanVersion(test.db, euros, 'test', now)).rejects.toMatchObject({
      code: 'plan_version_fixed',
      message: expect.stringContaining(`deployment "${deployment}" is on it`),
    });
    await subscribe(test.db, { deployment, plan: 'studio', from: day('2026-06-01') }, 'test', now);
    await addPlanVersion(test.db, euros, 'test', now);
    expect((await getPlan(test.db, plan.plan, day('2026-06-01'))).currency).toBe('EUR');
  });
});

describe('subscriptions', () => {
  let deployment: string;
  beforeEach(async () => {
    deployment = await newDeployment();
  });
  const on = (plan: string, from: string) => subscribe(test.db, { deployment, plan, from: day(from) }, 'test', now);
  const planAt = async (instant: string) =>
    (await currentSubscriptions(test.db, Temporal.Instant.from(instant))).find((row) => row.deployment === deployment)
      ?.plan;

  it('hold from their day on, in UTC', async () => {
    await on('studio', '2026-05-01');
    await on('atelier', '2026-05-16');
    expect(await planAt('2026-04-30T23:59:59.999999Z')).toBe(undefined);
    expect(await planAt('2026-05-01T00:00:00Z')).toBe('studio');
    expect(await planAt('2026-05-15T23:59:59.999999Z')).toBe('studio');
    expect(await planAt('2026-05-16T00:00:00Z')).toBe('atelier');
    expect(await planAt('2036-01-01T00:00:00Z')).toBe('atelier');
  });

  it('replace what was planned for later, and keep what was believed', async () => {
    await on('studio', '2026-05-01');
    await on('grand', '2026-07-01');
    await on('atelier', '2026-06-01');
    expect(await planAt('2026-05-31T00:00:00Z')).toBe('studio');
    expect(await planAt('2026-08-01T00:00:00Z')).toBe('atelier');
    const { rows } = await sql`
      SELECT FROM subscriptions s JOIN deployments USING (deployment_id) JOIN plans p USING (plan_id)
      WHERE deployments.slug = ${deployment} AND p.slug = 'grand' AND superseded_at < 'infinity'`.execute(test.db);
    expect(rows).toHaveLength(1);
  });

  it('take up a plan again that would have ended', async () => {
    await on('studio', '2026-05-01');
    await on('grand', '2026-07-01');
    expect(await on('studio', '2026-06-01')).toEqual({ changed: true });
    expect(await planAt('2026-08-01T00:00:00Z')).toBe('studio');
  });

  it('are refused on a retired plan, whose own stay, are changed and get its new versions', async () => {
    const { plan } = await newPlan();
    await on(plan, '2026-05-01');
    const other = await newDeployment();
    expect(await setRetired(test.db, plan, now, now)).toBe(1);
    const start = { deployment: other, plan, from: Temporal.Instant.from('2026-06-01T00:00:00Z') };
    await expect(startSubscription(test.db, start, 'test', now)).rejects.toMatchObject({ code: 'plan_retired' });
    await expect(
      subscribe(test.db, { deployment: other, plan, from: day('2026-06-01') }, 'test', now),
    ).rejects.toMatchObject({ code: 'plan_retired' });
    expect(await planAt('2026-08-01T00:00:00Z')).toBe(plan);
    expect(await on(plan, '2026-05-01')).toEqual({ changed: false });
    // Retired once more, it stays so since then; and who leaves it does not come back.
    await setRetired(test.db, plan, now.add({ hours: 1 }), now);
    expect((await retiredPlans(test.db)).get(plan)).toEqual(now);
    await on('studio', '2026-07-01');
    await expect(on(plan, '2026-08-01')).rejects.toMatchObject({ code: 'plan_retired' });
    await setRetired(test.db, plan, null, now);
    expect((await retiredPlans(test.db)).has(plan)).toBe(false);
    expect(await startSubscription(test.db, start, 'test', now)).toEqual({ changed: true });
    await expect(setRetired(test.db, 'nothing', now, now)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('made twice write nothing', async () => {
    const rowCount = async () =>
      (
        await sql`SELECT FROM subscriptions JOIN deployments USING (deployment_id) WHERE slug = ${deployment}`.execute(
          test.db,
        )
      ).rows.length;
    expect(await on('studio', '2026-05-01')).toEqual({ changed: true });
    expect(await on('studio', '2026-05-01')).toEqual({ changed: false });
    expect(await on('studio', '2026-06-01')).toEqual({ changed: false });
    expect(await rowCount()).toBe(1);
  });

  it('made at once by many leave one', async () => {
    const plans = ['studio', 'atelier', 'grand', 'studio', 'atelier', 'grand'];
    await Promise.all(plans.map((plan) => on(plan, '2026-05-01')));
    expect(['studio', 'atelier', 'grand']).toContain(await planAt('2026-05-01T00:00:00Z'));
  });

  it.each([
    [{ deployment: 'nobody' }, 'not_found', 'There is no deployment nobody.'],
    [{ plan: 'nothing' }, 'not_found', 'There is no plan nothing.'],
    [{ from: day('1999-12-31') }, 'not_found', 'Plan "studio" begins on 2000-01-01'],
    [{ deployment: 'unattributed' }, 'invalid_argument', '"unattributed" is what is unassigned'],
  ])('%j is refused', async (change, code, message) => {
    const subscription = { deployment, plan: 'studio', from: day('2026-05-01'), ...change };
    await expect(subscribe(test.db, subscription, 'test', now)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

describe('quoteDeployment', () => {
  let deployment: string;
  beforeEach(async () => {
    deployment = await newDeployment();
  });

  it('takes the last plan that the deployment is on within the days, unless one is named', async () => {
    await subscribe(test.db, { deployment, plan: 'studio', from: day('2026-05-01') }, 'test', now);
    await subscribe(test.db, { deployment, plan: 'grand', from: day('2026-05-20') }, 'test', now);
    const planOf = async (options: object) => (await quoteDeployment(test.db, { deployment, ...may, ...options })).plan;
    expect(await planOf({})).toBe('grand');
    expect(await planOf({ to: day('2026-05-20') })).toBe('studio');
    expect(await planOf({ to: day('2026-05-21') })).toBe('grand');
    expect(await planOf({ plan: 'atelier' })).toBe('atelier');
    await expect(planOf({ from: day('2026-04-01'), to: day('2026-05-01') })).rejects.toMatchObject({
      code: 'not_found',
      message: `Deployment "${deployment}" is on no plan from 2026-04-01 to 2026-05-01; name a plan to quote it on.`,
    });
  });

  it('takes the plan version of the last day', async () => {
    const plan = await newPlan();
    await addPlanVersion(test.db, { ...plan, from: day('2026-05-31'), base: '60' }, 'test', now);
    const baseUntil = async (to: string) =>
      (await quoteDeployment(test.db, { deployment, plan: plan.plan, from: may.from, to: day(to) })).base;
    expect(await baseUntil('2026-05-31')).toBe('50.00');
    expect(await baseUntil('2026-06-01')).toBe('60.00');
  });

  it('rates the metered usage of the days', async () => {
    await sql`
      CREATE TABLE usage_records_day_202605 PARTITION OF usage_records_day
      FOR VALUES FROM ('2026-05-01') TO ('2026-06-01')`.execute(test.db);
    await sql`
      INSERT INTO usage_records (deployment_id, billing_kind_id, resource_id, period_start, granularity, quantity, revision)
      SELECT deployment_id, billing_kind_id, resource_id, period_start, 'day', 24, 1
      FROM deployments, billing_kinds k, generate_series(1, 3) AS resource_id,
           generate_series('2026-05-01'::timestamptz, '2026-05-31', '1 day') AS period_start
      WHERE deployments.slug = ${deployment} AND k.slug = 'droplet_hours'`.execute(test.db);
    const quote = await quoteDeployment(test.db, { deployment, plan: 'studio', ...may });
    expect(quote).toMatchObject({ deployment, from: '2026-05-01', to: '2026-06-01', overage: '29.76', total: '79.76' });
    expect(quote.lines[0]).toMatchObject({ kind: 'droplet_hours', quantity: '2232', billable: '744', amount: '29.76' });
    const tenDays = await quoteDeployment(test.db, { deployment, plan: 'studio', ...may, to: day('2026-05-11') });
    expect(tenDays).toMatchObject({ base: '50.00', overage: '0.00', total: '50.00' });
    expect(tenDays.lines[0]).toMatchObject({ quantity: '720' });
  });

  it.each([
    [{ from: '2026-05-02', to: '2026-05-02' }, 'range_reversed'],
    [{ from: '2026-05-02', to: '2026-05-01' }, 'range_reversed'],
    [{ from: '2026-05-02', to: '2026-06-02' }, 'range_too_large'],
    [{ from: '2026-12-31', to: '2027-01-02' }, 'range_too_large'],
  ])('refuses %j', async ({ from, to }, code) => {
    const range = { from: day(from), to: day(to) };
    await expect(quoteDeployment(test.db, { deployment, plan: 'studio', ...range })).rejects.toMatchObject({ code });
  });
});
