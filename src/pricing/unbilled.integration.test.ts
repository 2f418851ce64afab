import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { insertLiving } from '../../test/fixtures/inventory.ts';
import { addDeployment, addDroplet, at, openBusiness, own, settle } from '../../test/fixtures/invoices.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { findCustomerId } from '../deployments/index.ts';
import { changeKind } from '../metering/kinds.ts';
import { quotePlans } from './plan-quotes.ts';
import { previewPlans } from './plan-apply.ts';
import { quoteDeployment, unbilledOfDeployment } from './quotes.ts';
import { unbilledOf } from './unbilled.ts';

const now = at('2026-06-11T06:00:00Z');
const day = (text: string) => Temporal.PlainDate.from(text);
const may = Temporal.PlainYearMonth.from('2026-05');
const june = Temporal.PlainYearMonth.from('2026-06');
const throughMay = day('2026-06-01');

let database: TestDatabase;
let acme: number;

// May has 744 hours. acme: a volume of 100 GiB all month and one of 62 from 16 May 12:00 on (half of the month: 31),
// a load balancer of 2 nodes from 11 May on (504 hours: 1008), and a droplet.
beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await openBusiness(db);
  const item = (kind: string, allowance: string, unitPrice: string) =>
    ({ kind, allowance, model: 'standard', properties: { unitPrice } }) as const;
  await makePlan(db, {
    plan: 'mixed',
    from: '2026-02-01',
    items: [item('volume_gb_month', '20', '0.16'), item('load_balancer_hours', '0', '0.035')],
  });
  await addDeployment(db, { customer: 'acme', slug: 'acme', plan: 'mixed', from: '2026-02-01' });
  await addDeployment(db, { customer: 'beta', slug: 'beta', plan: 'mixed', from: '2026-02-01' });
  await addDroplet(db, account, 'web', ['acme'], '2026-05-01');
  for (const [kind, name, attributes, from] of [
    ['volume', 'data', { size_gb: 100 }, '2026-05-01T00:00:00Z'],
    ['volume', 'more', { size_gb: 62 }, '2026-05-16T12:00:00Z'],
    ['load_balancer', 'front', { nodes: 2 }, '2026-05-11T00:00:00Z'],
  ] as const) {
    await own(db, await insertLiving(db, account, kind, name, { attributes }, at(from)), ['acme'], from);
  }
  await settle(db, now);
  const { rows } = await sql<{ id: number }>`SELECT deployment_id AS id FROM deployments WHERE slug = 'acme'`.execute(
    db,
  );
  acme = rows[0]?.id ?? 0;
});
afterAll(() => database.close());

const ofAcme = (month = may) => unbilledOf(database.db, { deployments: [acme], month, now });

const volumes = {
  reason: 'not_metered',
  kind: 'volume_gb_month',
  plans: ['mixed'],
  deployments: ['acme'],
  quantity: '131',
  currency: 'USD',
  amount: '17.76', // 111 x 0.16
  message:
    'volume_gb_month is priced on plan mixed and not metered: 131 GiB-month of acme are not billed, which is worth 17.76 USD beyond what is included.',
  next: {
    operation: 'kind set',
    arguments: { kind: 'volume_gb_month', enabled: true, fromDay: '2026-02-01' },
  },
};
const balancers = { reason: 'not_metered', kind: 'load_balancer_hours', quantity: '1008', amount: '35.28' };
const droplets = { reason: 'no_price', kind: 'droplet_hours', quantity: '744', amount: null, next: null };

test('what a plan prices and nobody meters is known from history, with its amount and what helps', async () => {
  const found = await ofAcme();
  expect(found).toMatchObject([balancers, volumes, droplets]);
  expect(found[1]).toEqual(volumes);
  expect(found[2]?.message).toBe(
    'droplet_hours is metered, and plan mixed has no price for it: 744 hour of acme are not billed.',
  );
  // Of a month that is under way, its days that are over: 10 of 30 with 162 GiB are 54.
  expect((await ofAcme(june)).find(({ kind }) => kind === 'volume_gb_month')).toMatchObject({ quantity: '54' });
});

test('a quote on another plan, and one of several plans, say it for these', async () => {
  const { db } = database;
  const onStudio = await unbilledOfDeployment(db, {
    deployment: 'acme',
    plan: 'studio',
    month: may,
    through: throughMay,
  });
  // Studio has a price for droplets, and 0 load balancer hours included.
  expect(onStudio).toMatchObject([
    balancers,
    { ...volumes, plans: ['studio'], message: expect.anything(), next: expect.anything() },
  ]);
  const basis = { kind: 'period', deployment: 'acme', from: day('2026-05-01'), to: throughMay } as const;
  const { unbilled } = await quotePlans(db, { basis, plans: ['mixed', 'studio'] }, now);
  expect(unbilled.map(({ plans, kind, amount }) => [...plans, kind, amount])).toEqual([
    ['mixed', 'load_balancer_hours', '35.28'],
    ['mixed', 'volume_gb_month', '17.76'],
    ['mixed', 'droplet_hours', null],
    ['studio', 'load_balancer_hours', '35.28'],
    ['studio', 'volume_gb_month', '17.76'],
  ]);
  const customerId = await findCustomerId(db, 'acme');
  expect(await quotePlans(db, { basis, plans: ['mixed'], customerId }, now)).toMatchObject({ unbilled: [] });
  await expect(quotePlans(db, { basis, plans: ['studio'], customerId }, now)).rejects.toThrow('no plan studio');
  const average = { kind: 'average', deployment: 'acme', months: 1 } as const;
  const mean = await quotePlans(db, { basis: average, plans: ['mixed'] }, now);
  expect(mean.unbilled).toMatchObject([balancers, { kind: 'volume_gb_month', quantity: '131' }, droplets]);
});

test('a plan file is warned about, used or not, with what it leaves unbilled', async () => {
  const text = `{ plan: mixed, name: Mixed, from: 2026-07-01, currency: USD, base: 31, items: [
    { kind: volume_gb_month, allowance: 0, model: standard, properties: { unitPrice: 0.20 } },
    { kind: reserved_ip_hours, model: standard, properties: { unitPrice: 0.02 } }] }`;
  const [change] = await previewPlans(database.db, [{ name: 'mixed.yaml', text }], { now, limit: 5 });
  const unbilled = change?.warnings.filter(({ code }) => code === 'not_metered' || code === 'no_price');
  // 131 in May and 54 in June to the 11th, at 0.20.
  expect(unbilled).toEqual([
    {
      code: 'not_metered',
      path: ['items', 1],
      message:
        'reserved_ip_hours is priced on plan mixed and not metered: its use will not be billed. No deployment on the plan used any from 2026-05-01 to 2026-06-11.',
      next: { operation: 'kind set', arguments: { kind: 'reserved_ip_hours', enabled: true, fromDay: '2026-07-01' } },
    },
    {
      code: 'not_metered',
      path: ['items', 0],
      message:
        'volume_gb_month is priced on plan mixed and not metered: 185 GiB-month of acme are not billed, which is worth 37.00 USD beyond what is included. That is from 2026-05-01 to 2026-06-11.',
      next: { operation: 'kind set', arguments: { kind: 'volume_gb_month', enabled: true, fromDay: '2026-07-01' } },
    },
    {
      code: 'no_price',
      path: [],
      message:
        'droplet_hours is metered, and plan mixed has no price for it: 984 hour of acme are not billed. That is from 2026-05-01 to 2026-06-11.',
      next: null,
    },
  ]);
});

test('where nothing was ever listed completely, nobody knows, and that is said', async () => {
  const { db } = database;
  await sql`DELETE FROM sync_runs WHERE kind = 'reserved_ip'`.execute(db);
  const usage = { deployment: 'acme', plan: 'studio', month: may, through: throughMay };
  const found = (await unbilledOfDeployment(db, usage)).find(({ kind }) => kind === 'reserved_ip_hours');
  expect(found).toMatchObject({ quantity: null, amount: null });
  expect(found?.message).toContain('is not known: no account is listed completely for its resources.');
});

test('enabled in mid-month, the days before are left; enabled from the start, the bill has what was told', async () => {
  const { db } = database;
  const enable = async (from: string) => {
    await changeKind(db, 'volume_gb_month', day(from), { enabled: true });
    await settle(db, now);
  };
  const quantity = async () => (await ofAcme()).find(({ kind }) => kind === 'volume_gb_month')?.quantity;
  await enable('2026-05-11');
  // Ten of 31 days with 100 GiB.
  expect(await quantity()).toBe('32.258064516');
  await enable('2026-02-01');
  expect(await quantity()).toBeUndefined();
  const quote = await quoteDeployment(db, { deployment: 'acme', from: day('2026-05-01'), to: throughMay });
  expect(quote.lines.find(({ kind }) => kind === 'volume_gb_month')).toMatchObject({
    quantity: volumes.quantity,
    amount: volumes.amount,
  });
});
