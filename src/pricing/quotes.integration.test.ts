import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { assign } from '../deployments/assignments.ts';
import { insertAccount, insertLiving, writeState } from '../../test/fixtures/inventory.ts';
import { meterRange } from '../metering/meter.ts';
import type { Kind } from '../metering/kinds.ts';
import { listKinds } from '../metering/kinds.ts';
import { plannedResources, usageOfPlanned } from './planned-resources.ts';
import { quotePlans } from './plan-quotes.ts';
import { makeDeployment, makePlan } from '../../test/fixtures/pricing.ts';
import { forecastDeployment, quoteDeployment, quoteUsage } from './quotes.ts';
import { at } from '../../test/fixtures/rating.ts';
import { changeSubscription, startSubscription } from './subscriptions.ts';

const day = (text: string) => Temporal.PlainDate.from(text);
const now = at('2026-06-11');
const june = { from: day('2026-06-01'), to: day('2026-07-01') };

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

describe('against several plans', () => {
  const usage = { droplet_hours: '2000', dns_zones: '3' };

  it('each line has its difference to the first, and the cheapest is named', async () => {
    const asked = { basis: { kind: 'usage', usage } as const, plans: ['atelier', 'studio', 'grand'] };
    const { quotes, comparison } = await quotePlans(test.db, asked, now);
    expect(quotes.map(({ plan, total }) => `${plan} ${total}`)).toEqual([
      'atelier 180.00',
      'studio 71.48',
      'grand 600.00',
    ]);
    expect(comparison?.best).toBe('studio');
    const line = (name: string) => comparison?.lines.find((one) => one.line === name);
    expect(line('base')).toMatchObject({
      amounts: ['180.00', '50.00', '600.00'],
      differences: ['0.00', '-130.00', '420.00'],
    });
    expect(line('droplet_hours')).toMatchObject({
      amounts: ['0.00', '20.48', '0.00'],
      differences: ['0.00', '20.48', '0.00'],
    });
    expect(comparison?.lines.at(-1)).toMatchObject({ line: 'total', differences: ['0.00', '-108.52', '420.00'] });
  });

  it('a yearly fee counts a twelfth, and another currency is not compared', async () => {
    await makePlan(test.db, { plan: 'yearly', base: '540.00', baseEvery: 'year', baseDue: 'advance', items: [] });
    await makePlan(test.db, { plan: 'yen', base: '100', currency: 'JPY', items: [] });
    const plans = async (...slugs: string[]) =>
      quotePlans(test.db, { basis: { kind: 'usage', usage: {} }, plans: slugs }, now);
    expect((await plans('studio', 'yearly')).comparison).toMatchObject({ best: 'yearly' });
    expect((await plans('studio', 'yearly')).quotes[1]).toMatchObject({ base: '45.00', total: '45.00' });
    const mixed = await plans('studio', 'yen');
    expect(mixed.comparison?.best).toBe(null);
    expect(mixed.comparison?.lines[0]).toEqual({
      line: 'base',
      amounts: ['50.00', '100'],
      differences: ['0.00', null],
    });
    expect(
      (await quotePlans(test.db, { basis: { kind: 'usage', usage: {} }, plans: 'all' }, now)).quotes.length,
    ).toBeGreaterThan(3);
  });

  it('what is not there is named', async () => {
    const ask = (plans: string[], given: Record<string, string>) =>
      quotePlans(test.db, { basis: { kind: 'usage', usage: given }, plans }, now);
    await expect(ask(['nothing'], {})).rejects.toMatchObject({ code: 'not_found' });
    await expect(ask(['studio'], { cpu: '1' })).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

describe('a cliff', () => {
  it('is pointed out where more would cost less', async () => {
    const tiers = [
      { upTo: '100', unitPrice: '1.00' },
      { upTo: null, unitPrice: '0.50' },
    ];
    await makePlan(test.db, {
      plan: 'cliff',
      items: [{ kind: 'dns_zones', allowance: '10', model: 'volume', properties: { tiers } }],
    });
    const quote = (zones: string) =>
      quoteUsage(test.db, { plan: 'cliff', usage: { dns_zones: zones }, day: day('2026-06-30') });
    expect((await quote('60')).cliffs).toBe(undefined);
    expect((await quote('109')).cliffs).toEqual([
      { kind: 'dns_zones', moreUnits: '1.000000001', amount: '99.00', amountWithMore: '50.00' },
    ]);
    expect((await quote('111')).cliffs).toBe(undefined);
  });
});

describe('resources that are not there yet', () => {
  let kinds: Kind[];
  beforeAll(async () => {
    kinds = await listKinds(test.db, day('2026-06-30'));
  });
  const usage = (resources: unknown, only?: string[]) =>
    Object.fromEntries(
      usageOfPlanned(
        plannedResources.parse(resources),
        kinds.filter((kind) => only === undefined || only.includes(kind.kind)),
        Temporal.PlainYearMonth.from('2026-06'),
      ),
    );

  it('use what the definitions of the meters say', () => {
    expect(usage([{ kind: 'droplet', size: 's-2vcpu-4gb', count: 2, hours: '300' }])).toEqual({
      droplet_hours: '600',
      droplet_provisioned_hours: '600',
      vcpu_hours: '1200',
      memory_gb_hours: '2400',
    });
    expect(usage([{ kind: 'droplet', size: 's-1vcpu-512mb-10gb', status: 'off', hours: '10' }])).toMatchObject({
      droplet_hours: '0',
      droplet_provisioned_hours: '10',
      memory_gb_hours: '5',
    });
    expect(
      usage([
        { kind: 'volume', size: '100' },
        { kind: 'volume', size: '50', hours: '360' },
      ]),
    ).toEqual({ volume_gb_month: '125' });
    expect(usage([{ kind: 'load_balancer', size: '2' }])).toEqual({ load_balancer_hours: '1440' });
    expect(usage([{ kind: 'dns_zone', count: 3 }])).toEqual({ dns_zones: '3' });
  });

  it.each([
    [[{ kind: 'volume' }], 'Resource 1 (volume): volume_gb_month is weighed by size_gb: give size'],
    [
      [{ kind: 'dns_zone' }, { kind: 'spaceship' }],
      'Resource 2 (spaceship): no meter counts it; there are some for custom_image, dns_zone, droplet',
    ],
    [
      [{ kind: 'snapshot', size: '10' }],
      'Resource 1 (snapshot): no meter counts one like it; droplet_snapshot_gb_month counts attributes: { source: droplet }, volume_snapshot_gb_month counts attributes: { source: volume }.',
    ],
    [[{ kind: 'dns_zone', hours: '721' }], 'Resource 1 (dns_zone): 2026-06 has 720 hours, not 721.'],
  ])('%j is refused', (resources, message) => {
    expect(() => usage(resources)).toThrow(message);
  });

  it('are quoted with the kinds that are metered or priced, and told which are not metered', async () => {
    const basis = {
      kind: 'resources',
      resources: plannedResources.parse([
        { kind: 'volume', size: '120' },
        { kind: 'droplet', size: 'c-2' },
      ]),
    } as const;
    const quoted = await quotePlans(test.db, { basis, plans: ['studio'] }, now);
    expect(quoted.usage).toEqual({ droplet_hours: '720', volume_gb_month: '120' });
    expect(quoted.quotes[0]).toMatchObject({ overage: '16.00', total: '66.00' });
    expect(quoted.unbilled).toMatchObject([
      { reason: 'not_metered', kind: 'volume_gb_month', deployments: [], quantity: '120', amount: '16.00' },
    ]);
  });
});

describe('from what a deployment really used', () => {
  beforeAll(async () => {
    const { db } = test;
    const account = await insertAccount(db);
    await sql`UPDATE accounts SET metered_from = '2026-04-01'`.execute(db);
    const ids = [await makeDeployment(db, 'real', '2026-04-01T00:00:00Z')];
    const owned = [
      await insertLiving(db, account, 'droplet', 'whole', {}, at('2026-04-01')),
      await insertLiving(db, account, 'droplet', 'from-may', {}, at('2026-05-01')),
      await insertLiving(
        db,
        account,
        'snapshot',
        'snapshot',
        { attributes: { size_gb: 33.333333333 } },
        at('2026-05-11T07:31:12Z'),
      ),
    ];
    await assign(
      db,
      { resourceIds: owned, owners: [{ slug: 'real', weight: 1 }], from: at('2026-04-01') },
      'test',
      now,
    );
    expect(ids).toHaveLength(1);
    await startSubscription(db, { deployment: 'real', plan: 'studio', from: at('2026-04-01') }, 'test', now);
    await changeSubscription(db, { deployment: 'real', plan: 'atelier', from: at('2026-06-21') }, 'test', now);
    await meterRange(db, { from: day('2026-04-01'), to: day('2026-06-11'), now });
  });

  it('the last months are averaged, as many as there are', async () => {
    const average = async (months: number) =>
      quotePlans(test.db, { basis: { kind: 'average', deployment: 'real', months }, plans: ['studio'] }, now);
    expect((await average(1)).usage.droplet_hours).toBe('1488');
    expect(await average(2)).toMatchObject({
      basis: 'The mean of what real used in the 2 months from 2026-04 to 2026-05.',
      usage: { droplet_hours: '1104' },
    });
    expect((await average(12)).usage.droplet_hours).toBe('1104');
    await expect(average(25)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('a period is quoted as if nothing more were used', async () => {
    const basis = { kind: 'period', deployment: 'real', from: day('2026-06-01'), to: day('2026-06-03') } as const;
    const quoted = await quotePlans(test.db, { basis, plans: ['studio', 'atelier'] }, now);
    expect(quoted.usage.droplet_hours).toBe('96');
    expect(quoted.comparison?.best).toBe('studio');
    const tooLong = { ...basis, to: day('2026-07-02') };
    await expect(quotePlans(test.db, { basis: tooLong, plans: ['studio'] }, now)).rejects.toMatchObject({
      code: 'range_too_large',
    });
  });

  it('the forecast of a month is its bill, to the last digit, where nothing changes until its end', async () => {
    const { db } = test;
    const forecast = await forecastDeployment(db, 'real', Temporal.PlainYearMonth.from('2026-06'));
    expect(forecast.meteredThrough).toBe('2026-06-11');
    // Studio covers 20 of June's 30 days: 992 of 960 hours used in them; Atelier the rest.
    expect(forecast.toDate.lines[0]).toMatchObject({ plan: 'studio', quantity: '480' });
    expect(forecast.forecast.lines[0]).toMatchObject({ plan: 'studio', quantity: '960', allowance: '992' });
    await meterRange(db, { from: day('2026-06-11'), to: day('2026-07-01'), now: at('2026-07-01') });
    const bill = await quoteDeployment(db, { deployment: 'real', ...june });
    expect(JSON.stringify(forecast.forecast)).toBe(
      JSON.stringify(
        Object.fromEntries(
          Object.entries(bill).filter(([name]) => !['deployment', 'from', 'to', 'meteredThrough'].includes(name)),
        ),
      ),
    );
    const complete = await forecastDeployment(db, 'real', Temporal.PlainYearMonth.from('2026-06'));
    expect(JSON.stringify(complete.toDate)).toBe(JSON.stringify(complete.forecast));
  });

  it('what is known to end in the month ends in the forecast', async () => {
    const { db } = test;
    const [row] = (
      await sql<{ resource_id: number }>`SELECT resource_id FROM resources WHERE external_id = 'from-may'`.execute(db)
    ).rows;
    await writeState(db, row?.resource_id ?? 0, null, at('2026-07-06'), null, at('2026-07-02'));
    await meterRange(db, { from: day('2026-07-01'), to: day('2026-07-02'), now: at('2026-07-02') });
    const { forecast } = await forecastDeployment(db, 'real', Temporal.PlainYearMonth.from('2026-07'));
    expect(forecast.lines[0]).toMatchObject({ kind: 'droplet_hours', quantity: String(744 + 120) });
  });
});
