import { describe, expect, it } from 'vitest';
import { warnAbout } from './plan-warnings.ts';
import { version } from './rating/rating-fixture.ts';

const today = Temporal.PlainDate.from('2026-06-11');
const codes = (change: Parameters<typeof version>[0]) => warnAbout(version(change), today).map(({ code }) => code);
const priced = (kind: string, unitPrice: string, more: object = {}) => ({
  kind,
  model: 'standard' as const,
  properties: { unitPrice },
  ...more,
});

describe('a plan that would lose money is pointed out', () => {
  it('a price per hour without the cap that the provider has', () => {
    const off = priced('droplet_provisioned_hours', '0.04', { cap: '26.88' });
    expect(codes({ items: [priced('load_balancer_hours', '0.04')] })).toEqual(['hours_without_cap']);
    expect(codes({ items: [priced('load_balancer_hours', '0.04', { cap: '26.88' })] })).toEqual([]);
    expect(codes({ items: [priced('droplet_hours', '0.04'), off] })).toEqual(['hours_without_cap']);
  });

  it('nothing charged for droplets that are off', () => {
    const running = priced('droplet_hours', '0.04', { cap: '26.88' });
    expect(codes({ items: [running] })).toEqual(['off_is_free']);
    expect(codes({ items: [running, priced('vcpu_hours', '0.01')] })).toEqual([]);
    expect(codes({ items: [] })).toEqual([]);
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

  it('only in the currency of those prices, and by the prices of their day', () => {
    expect(codes({ currency: 'EUR', items: [priced('volume_gb_month', '0.01')] })).toEqual([]);
    const before = warnAbout(
      version({ from: '2025-01-01', items: [priced('volume_gb_month', '0.01')] }),
      Temporal.PlainDate.from('2025-06-01'),
    );
    expect(before).toEqual([]);
  });

  it('allowances that cost more than the base fee, by the month', () => {
    const items = [priced('snapshot_gb_month', '0.10', { allowance: '1000' })];
    expect(codes({ base: '59.99', items })).toEqual(['allowance_above_base']);
    expect(codes({ base: '60.00', items })).toEqual([]);
    expect(codes({ base: '60.00', baseEvery: 'year', items })).toEqual(['allowance_above_base']);
  });
});
