import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { insertAccount } from '../../test/fixtures/inventory.ts';
import { version } from '../../test/fixtures/rating.ts';
import { setOwnPrice, unsetOwnPrice } from '../inventory/prices.ts';
import { warnAbout, type WarnedKind } from './plan-warnings.ts';
import { type PriceBook, readPriceBook } from './price-book.ts';

const today = Temporal.PlainDate.from('2026-06-11');
const droplets = (kind: string, more: Partial<WarnedKind> = {}): WarnedKind => ({
  kind,
  resourceKind: 'droplet',
  accrual: 'hours',
  statuses: null,
  filter: {},
  weight: null,
  ...more,
});
const kinds = [
  droplets('droplet_hours', { statuses: ['active'] }),
  droplets('droplet_provisioned_hours'),
  droplets('stopped_hours', { statuses: ['off'] }),
  droplets('vcpu_hours', { weight: { attribute: 'vcpus', divisor: '1' } }),
  droplets('memory_gb_hours', { weight: { attribute: 'memory_mb', divisor: '1024' } }),
  droplets('smallest_hours', { filter: { size_slug: 's-1vcpu-512mb-10gb' } }),
  droplets('in_amsterdam_hours', { filter: { region: 'ams3' } }),
];
type Change = NonNullable<Parameters<typeof version>[0]>;
type Items = NonNullable<Change['items']>;

let database: TestDatabase;
/** By currency, on `today`. */
const published: Record<string, PriceBook> = {};

beforeAll(async () => {
  database = await openTestDatabase();
  for (const currency of ['USD', 'EUR']) published[currency] = await readPriceBook(database.db, today, currency);
});
afterAll(() => database.close());

const warnings = (change: Change) => {
  const plan = version(change);
  return warnAbout(plan, kinds, published[plan.currency] as PriceBook);
};
const codes = (change: Change) => warnings(change).map(({ code }) => code);
const priced = (kind: string, unitPrice: string, more: object = {}) => ({
  kind,
  model: 'standard' as const,
  properties: { unitPrice },
  ...more,
});

it('a cap below the base fee is pointed out', () => {
  expect(codes({ base: '30.00', cap: '29.99' })).toEqual(['cap_below_base']);
  expect(codes({ base: '30.00', cap: '30.00' })).toEqual([]);
});

describe('a plan that would lose money is pointed out', () => {
  it('a price per hour without the cap that the provider has', () => {
    const off = priced('droplet_provisioned_hours', '2', { cap: '1344.00' });
    expect(codes({ items: [priced('load_balancer_hours', '0.04')] })).toEqual(['hours_without_cap']);
    expect(codes({ items: [priced('load_balancer_hours', '0.04', { cap: '26.88' })] })).toEqual([]);
    expect(codes({ items: [priced('droplet_hours', '0.04'), off] })).toEqual(['hours_without_cap']);
  });

  it('nothing charged for droplets that are off', () => {
    const running = priced('droplet_hours', '2', { cap: '1344.00' });
    expect(codes({ items: [running] })).toEqual(['off_is_free']);
    expect(codes({ items: [running, priced('vcpu_hours', '0.01')] })).toEqual([]);
    expect(codes({ items: [] })).toEqual([]);
  });

  it('what is charged only while a droplet is off makes up for none that runs', () => {
    const cap = { cap: '1344.00' };
    const running = priced('droplet_hours', '0.9', cap);
    const stopped = priced('stopped_hours', '0.9', cap);
    expect(codes({ items: [running, stopped] })).toEqual(['below_provider_price']);
    const included = priced('droplet_hours', '2', { ...cap, allowance: '672' });
    expect(codes({ base: '1.00', items: [included, priced('stopped_hours', '2', cap)] })).toEqual([
      'allowance_above_base',
    ]);
  });

  it("a price below the provider's, of a unit, a package, or a tier", () => {
    expect(codes({ items: [priced('volume_gb_month', '0.0999')] })).toEqual(['below_provider_price']);
    expect(codes({ items: [priced('volume_gb_month', '0.10')] })).toEqual([]);
    const packages = {
      kind: 'volume_gb_month',
      model: 'package',
      properties: { packageSize: '100', packagePrice: '9.99' },
    } as const;
    expect(codes({ items: [packages] })).toEqual(['below_provider_price']);
    const tiers = [
      { upTo: '100', unitPrice: '0.20' },
      { upTo: null, unitPrice: '0.05' },
    ];
    expect(codes({ items: [{ kind: 'volume_gb_month', model: 'graduated', properties: { tiers } }] })).toEqual([
      'below_provider_price',
    ]);
    const flat = [
      { upTo: '100', flatFee: '20' },
      { upTo: null, unitPrice: '0.15' },
    ];
    expect(codes({ items: [{ kind: 'volume_gb_month', model: 'graduated', properties: { tiers: flat } }] })).toEqual(
      [],
    );
    const costPlus = {
      kind: 'volume_gb_month',
      model: 'cost-plus',
      properties: { unitCost: '0.08', markupPercent: '20' },
    } as const;
    expect(codes({ items: [costPlus] })).toEqual(['below_provider_price']);
  });

  it('only in the currency of those prices, and by the prices of their day', async () => {
    expect(codes({ currency: 'EUR', items: [priced('volume_gb_month', '0.01')] })).toEqual([]);
    expect(codes({ currency: 'EUR', items: [priced('droplet_provisioned_hours', '0.001', { cap: '1.00' })] })).toEqual(
      [],
    );
    const items = [priced('volume_gb_month', '0.01'), priced('vcpu_hours', '0.0001')];
    const on = async (day: string) => {
      const prices = await readPriceBook(database.db, Temporal.PlainDate.from(day), 'USD');
      return warnAbout(version({ from: '2018-01-01', items }), kinds, prices).map(({ message }) => message);
    };
    expect(await on('2018-06-01')).toEqual([]);
    expect(await on('2022-06-30')).toEqual([
      'volume_gb_month costs 0.01 a unit here, and a GiB-month of volume costs 0.1 at DigitalOcean, by its published price.',
      'Sizes of droplets in use that cost more at DigitalOcean than beyond the allowances here: 6 of 6. ' +
        'The worst is s-8vcpu-16gb: an hour is 0.0008 here and 0.11905 there.',
    ]);
  });

  it('allowances that cost more than the base fee, by the month', () => {
    const items = [priced('droplet_snapshot_gb_month', '0.10', { allowance: '1000' })];
    expect(codes({ base: '59.99', items })).toEqual(['allowance_above_base']);
    expect(codes({ base: '60.00', items })).toEqual([]);
    expect(codes({ base: '60.00', baseEvery: 'year', items })).toEqual(['allowance_above_base']);
  });
});

describe("droplets are compared size by size with the provider's", () => {
  const messages = (items: Items, more: object = {}) => warnings({ items, ...more }).map(({ message }) => message);
  const lost = (items: Items) => messages(items).filter((message) => message.includes('beyond the allowances'));

  it('one price for all: the sizes that are dearer there, and the worst of them', () => {
    // 672 hours at 0.03572 are 24.00: what is up to $24 a month is covered, 8 of 27 sizes.
    const items = [priced('droplet_provisioned_hours', '0.03571', { cap: '24.00' })];
    expect(messages(items)).toEqual([
      'Sizes of droplets in use that cost more at DigitalOcean than beyond the allowances here: 19 of 27. ' +
        'The worst is g-32vcpu-128gb: an hour is 0.03571 here and 1.5 there.',
    ]);
    expect(warnings({ items })).toMatchObject([{ code: 'below_provider_price', path: ['items', 0] }]);
    expect(lost([priced('droplet_provisioned_hours', '0.0357', { cap: '24.00' })])[0]).toContain(': 20 of 27.');
    expect(lost([priced('droplet_provisioned_hours', '1.5', { cap: '1008.00' })])).toEqual([]);
    expect(lost([priced('droplet_provisioned_hours', '0.00594', { cap: '4.00' })])[0]).toContain(': 27 of 27.');
  });

  it('what is weighed, by its weight, and all that charges for a droplet together', () => {
    // g-2vcpu-8gb is 0.09375 an hour: 2 x 0.02 and 8 x 0.007.
    const both = [priced('vcpu_hours', '0.03'), priced('memory_gb_hours', '0.009')];
    expect(lost([both[0] as (typeof both)[0]])[0]).toContain(
      'The worst is g-32vcpu-128gb: an hour is 0.96 here and 1.5 there.',
    );
    expect(lost(both)).toEqual([]);
  });

  it('only sizes that the kinds meet', () => {
    expect(lost([priced('smallest_hours', '0.00595')])).toEqual([]);
    expect(lost([priced('smallest_hours', '0.005')])).toEqual([
      'Sizes of droplets in use that cost more at DigitalOcean than beyond the allowances here: 1 of 1. ' +
        'The worst is s-1vcpu-512mb-10gb: an hour is 0.005 here and 0.00595 there.',
    ]);
    expect(lost([priced('in_amsterdam_hours', '0.0001')])).toEqual([]);
  });

  it('none that is also charged by what has no price per unit', () => {
    const flat = {
      kind: 'vcpu_hours',
      model: 'stairstep' as const,
      properties: { tiers: [{ upTo: null, flatFee: '500' }] },
    };
    expect(lost([priced('droplet_hours', '0.001', { cap: '1.00' }), flat])).toEqual([]);
  });

  it('allowances too: of which sizes they cost more than the base fee', () => {
    const covered = (base: string, items: Items) =>
      warnings({ base, items }).filter(({ code }) => code === 'allowance_above_base');
    const hours = priced('droplet_provisioned_hours', '2', { allowance: '672', cap: '1344.00' });
    expect(covered('24.00', [hours])).toMatchObject([
      {
        message:
          'Sizes of droplets in use with which the allowances cost more a month at DigitalOcean than the base fee of 24.00: ' +
          '19 of 27. The worst is g-32vcpu-128gb: 1008.00.',
      },
    ]);
    expect(covered('1008.00', [hours])).toEqual([]);
    // Both charge for the same hour: it is free while both have an allowance left.
    const cpus = priced('vcpu_hours', '2', { allowance: '672' });
    expect(covered('24.00', [hours, cpus])[0]?.message).toContain('9 of 27. The worst is m-2vcpu-16gb: 42.00');
  });
});

it('the price book is asked: an own price, and sizes as the API lists them', async () => {
  const { db } = database;
  const now = Temporal.Instant.from('2026-06-11T12:00:00Z');
  const about = async (items: Items) =>
    warnAbout(version({ items }), kinds, await readPriceBook(db, today, 'USD')).map(({ message }) => message);
  const volumes = [priced('volume_gb_month', '0.08')];
  const cheaper = { subject: 'volume', from: today };
  expect(await about(volumes)).toHaveLength(1);
  await setOwnPrice(db, { ...cheaper, amount: '0.08' }, 'ada', now);
  expect(await about(volumes)).toEqual([]);
  await setOwnPrice(db, { ...cheaper, amount: '0.09' }, 'ada', now);
  expect(await about(volumes)).toEqual([
    'volume_gb_month costs 0.08 a unit here, and a GiB-month of volume costs 0.09 at DigitalOcean, by your own price.',
  ]);
  await unsetOwnPrice(db, cheaper, 'ada', now);
  const account = await insertAccount(db);
  await sql`
    INSERT INTO provider_prices (provider, subject, source, account_id, currency, amount, unit, hourly, attributes, certainty,
                                 evidence, evidence_day, valid_from, valid_to, recorded_at, superseded_at)
    SELECT 'digitalocean', 'droplet_size:' || slug, 'api', ${account}, 'USD', 13.44, 'month', 0.02, attributes::jsonb, 'official', 'test',
           '2026-06-01', '2026-06-01', 'infinity', ${now}, 'infinity'
    FROM (VALUES ('c-2', '{"vcpus": 2}'), ('gpu-1', '{"vcpus": 8, "gpu": true}')) AS s (slug, attributes)`.execute(db);
  // Of those that are published and not listed nobody can buy any.
  expect(await about([priced('droplet_provisioned_hours', '0.01', { cap: '6.72' })])).toEqual([
    'Sizes of droplets in use that cost more at DigitalOcean than beyond the allowances here: 2 of 2. ' +
      'The worst is c-2: an hour is 0.01 here and 0.02 there.',
  ]);
});
