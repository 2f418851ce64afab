import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decimal } from '../platform/quantity.ts';
import { monthlyChange, type Priced } from './money.ts';

// Fields are priced one after the other: whatever differs, the steps add up to actual less declared.

type Price = NonNullable<ReturnType<Parameters<typeof monthlyChange>[1]>>;

const amounts: Readonly<Record<string, readonly [amount: string, unit: string]>> = {
  'droplet_size:s-1vcpu-1gb': ['6', 'month'],
  'droplet_size:s-2vcpu-4gb': ['24', 'month'],
  'droplet_size:s-4vcpu-8gb': ['48.33', 'month'],
  'load_balancer:regional': ['12', 'node-month'],
  'load_balancer:global': ['15', 'node-month'],
  'kubernetes_cluster:high_availability': ['40', 'month'],
};

function priceOf(subject: string): Price | undefined {
  const found = amounts[subject];
  if (found === undefined) return undefined;
  const [amount, unit] = found;
  return {
    subject,
    amount,
    unit,
    currency: 'USD',
    source: 'published',
    since: Temporal.PlainDate.from('2026-01-01'),
  } as Price;
}

const size = fc.constantFrom('s-1vcpu-1gb', 's-2vcpu-4gb', 's-4vcpu-8gb');
const droplet = fc.record({ size, backups: fc.boolean(), 'backup_policy/plan': fc.constantFrom('weekly', 'daily') });
const balancer = fc.record({ nodes: fc.integer({ min: 1, max: 9 }), type: fc.constantFrom('REGIONAL', 'GLOBAL') });
const cluster = fc.record({ ha: fc.boolean(), 'pool/a/size': size, 'pool/a/count': fc.integer({ min: 1, max: 9 }) });

type Facts = Readonly<Record<string, unknown>>;
const whole = (kind: string, settings: Facts): Priced => ({
  what: 'whole',
  sign: 1,
  kind,
  attributes: {},
  source: null,
  settings,
});

test.each([
  ['droplet', droplet],
  ['load_balancer', balancer],
  ['kubernetes_cluster', cluster],
] as const)('the steps of a %s add up to actual less declared', (kind, config) => {
  fc.assert(
    fc.property(config as fc.Arbitrary<Facts>, config as fc.Arbitrary<Facts>, (declared, settings) => {
      const differing = Object.fromEntries(Object.entries(declared).filter(([key, value]) => settings[key] !== value));
      const steps = Object.keys(differing).map((field) =>
        monthlyChange(
          { what: 'field', kind, attributes: {}, source: null, settings, field, declared: differing },
          priceOf,
        ),
      );
      const sum = steps.reduce((total, step) => total.plus(step!.monthly), new Decimal(0));
      const price = (of: Facts) => new Decimal(monthlyChange(whole(kind, of), priceOf)!.monthly);
      expect(sum.toFixed(2)).toBe(price(settings).minus(price(declared)).toFixed(2));
    }),
  );
});

test('without a price nothing is guessed', () => {
  expect(monthlyChange(whole('database', { size: 'db-s-1vcpu-1gb', nodes: 1 }), priceOf)).toBeNull();
  expect(monthlyChange(whole('droplet', { size: 'unheard-of' }), priceOf)).toBeNull();
  expect(monthlyChange(whole('app', {}), priceOf)).toBeNull();
  expect(monthlyChange(whole('firewall', {}), priceOf)).toMatchObject({ monthly: '0.00' });
});
