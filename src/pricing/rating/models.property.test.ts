import { soakRuns } from '../../../test/soak.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../platform/quantity.ts';
import type { Charge } from './models.ts';
import { rateCharge } from './models.ts';

// The second implementation: fractions of BigInt, walking through the units segment by segment.

interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}
const nothing: Fraction = { n: 0n, d: 1n };
const whole = (n: number): Fraction => ({ n: BigInt(n), d: 1n });
function fraction(text: string): Fraction {
  const [integer = '', decimals = ''] = text.split('.');
  return { n: BigInt(integer + decimals), d: 10n ** BigInt(decimals.length) };
}
const add = (a: Fraction, b: Fraction): Fraction => ({
  n: a.n * b.d + b.n * a.d,
  d: a.d * b.d,
});
const subtract = (a: Fraction, b: Fraction): Fraction => ({
  n: a.n * b.d - b.n * a.d,
  d: a.d * b.d,
});
const multiply = (a: Fraction, b: Fraction): Fraction => ({
  n: a.n * b.n,
  d: a.d * b.d,
});
const compare = (a: Fraction, b: Fraction) => (a.n * b.d < b.n * a.d ? -1 : a.n * b.d > b.n * a.d ? 1 : 0);

interface ReferenceTier {
  readonly upTo: string | null;
  readonly unitPrice?: string;
  readonly flatFee: string;
}

/** Which tier the unit ending at `position` belongs to. */
function tierAt(tiers: readonly ReferenceTier[], position: Fraction): number {
  return tiers.findIndex((tier) => tier.upTo === null || compare(position, fraction(tier.upTo)) <= 0);
}

/** The places at which a walk over the units stops: every whole unit, every tier's end, and the end. */
function stops(tiers: readonly ReferenceTier[], units: Fraction): Fraction[] {
  const places = [units];
  for (let n = 1; compare(whole(n), units) < 0; n += 1) places.push(whole(n));
  for (const tier of tiers) {
    if (tier.upTo !== null && compare(fraction(tier.upTo), units) < 0) places.push(fraction(tier.upTo));
  }
  return places.sort(compare);
}

function walkGraduated(tiers: readonly ReferenceTier[], units: Fraction): Fraction {
  let sum = nothing;
  let position = nothing;
  const entered = new Set<number>();
  for (const next of stops(tiers, units)) {
    if (compare(next, position) === 0) continue;
    const index = tierAt(tiers, next);
    const tier = tiers[index] as ReferenceTier;
    if (!entered.has(index)) sum = add(sum, fraction(tier.flatFee));
    entered.add(index);
    sum = add(sum, multiply(subtract(next, position), fraction(tier.unitPrice ?? '0')));
    position = next;
  }
  return sum;
}

function reference(charge: Charge, text: string): Fraction {
  const units = fraction(text);
  const none = units.n === 0n;
  switch (charge.model) {
    case 'standard':
      return multiply(units, fraction(charge.properties.unitPrice));
    case 'graduated':
      if (none) return charge.properties.dueAtZero ? fraction(charge.properties.tiers[0]?.flatFee ?? '') : nothing;
      return walkGraduated(charge.properties.tiers, units);
    case 'volume': {
      if (none && !charge.properties.dueAtZero) return nothing;
      const tier = charge.properties.tiers[tierAt(charge.properties.tiers, units)];
      return add(multiply(units, fraction(tier?.unitPrice ?? '')), fraction(tier?.flatFee ?? ''));
    }
    case 'stairstep':
      if (none && !charge.properties.dueAtZero) return nothing;
      return fraction(charge.properties.tiers[tierAt(charge.properties.tiers, units)]?.flatFee ?? '');
    case 'package': {
      let sum = nothing;
      let held = nothing;
      while (compare(held, units) < 0) {
        held = add(held, fraction(charge.properties.packageSize));
        sum = add(sum, fraction(charge.properties.packagePrice));
      }
      return sum;
    }
    case 'percentage': {
      if (none && !charge.properties.dueAtZero) return nothing;
      const share = multiply(units, multiply(fraction(charge.properties.percent), { n: 1n, d: 100n }));
      const sum = add(share, fraction(charge.properties.fixed));
      return compare(sum, fraction(charge.properties.minimum)) < 0 ? fraction(charge.properties.minimum) : sum;
    }
    case 'cost-plus': {
      const cost = multiply(units, fraction(charge.properties.unitCost));
      return add(
        cost,
        multiply(
          cost,
          multiply(fraction(charge.properties.markupPercent), {
            n: 1n,
            d: 100n,
          }),
        ),
      );
    }
  }
}

// Random cases.

const billionths = (n: bigint) => `${n / 1_000_000_000n}.${(n % 1_000_000_000n).toString().padStart(9, '0')}`;
const decimal = (max: number, min = 0) =>
  fc.bigInt({ min: BigInt(min), max: BigInt(max) * 1_000_000_000n }).map(billionths);
const price = fc.oneof(fc.constant('0'), decimal(20));

const bounds = fc
  .uniqueArray(
    fc.oneof(
      fc.bigInt({ min: 1n, max: 40n }).map((n) => n * 1_000_000_000n),
      fc.bigInt({ min: 1n, max: 40_000_000_000n }),
    ),
    {
      maxLength: 5,
    },
  )
  .map((ends) => [...ends.sort((a, b) => (a < b ? -1 : 1)).map(billionths), null]);
const tiers = bounds.chain((ends) =>
  fc.tuple(...ends.map((upTo) => fc.record({ upTo: fc.constant(upTo), unitPrice: price, flatFee: price }))),
);
const steps = tiers.map((list) => list.map(({ upTo, flatFee }) => ({ upTo, flatFee })));
const risingSteps = steps.map((list) => {
  const fees = list.map((step) => step.flatFee).sort((a, b) => new Decimal(a).cmp(new Decimal(b)));
  return list.map((step, index) => ({
    ...step,
    flatFee: fees[index] as string,
  }));
});

const standard: fc.Arbitrary<Charge> = fc.record({
  model: fc.constant('standard'),
  properties: fc.record({ unitPrice: price }),
});
const graduated: fc.Arbitrary<Charge> = fc.record({
  model: fc.constant('graduated'),
  properties: fc.record({ tiers, dueAtZero: fc.boolean() }),
});
const volume: fc.Arbitrary<Charge> = fc.record({
  model: fc.constant('volume'),
  properties: fc.record({ tiers, dueAtZero: fc.boolean() }),
});
const stairstep: fc.Arbitrary<Charge> = fc.record({
  model: fc.constant('stairstep'),
  properties: fc.record({ tiers: steps, dueAtZero: fc.boolean() }),
});
const risingStairstep: fc.Arbitrary<Charge> = fc.record({
  model: fc.constant('stairstep'),
  properties: fc.record({ tiers: risingSteps, dueAtZero: fc.boolean() }),
});
const packages: fc.Arbitrary<Charge> = fc.record({
  model: fc.constant('package'),
  // Not below a tenth: the second implementation takes packages one at a time.
  properties: fc.record({
    packageSize: decimal(20, 100_000_000),
    packagePrice: price,
  }),
});
const percentage: fc.Arbitrary<Charge> = fc.record({
  model: fc.constant('percentage'),
  properties: fc.record({
    percent: decimal(100),
    fixed: price,
    minimum: price,
    dueAtZero: fc.boolean(),
  }),
});
const costPlus: fc.Arbitrary<Charge> = fc.record({
  model: fc.constant('cost-plus'),
  properties: fc.record({ unitCost: price, markupPercent: decimal(100) }),
});

/** Units that fall anywhere, at zero, on a tier's or package's end, and a billionth beside it. */
function unitsFor(charge: Charge): fc.Arbitrary<string> {
  const ends =
    charge.model === 'package'
      ? [charge.properties.packageSize, new Decimal(charge.properties.packageSize).times(3).toFixed()]
      : 'tiers' in charge.properties
        ? charge.properties.tiers.flatMap((tier) => tier.upTo ?? [])
        : [];
  const beside = ends.flatMap((end) => [
    end,
    ...['-0.000000001', '0.000000001'].map((by) => new Decimal(end).plus(by).toFixed()),
  ]);
  return fc.oneof(decimal(50), fc.constantFrom('0', '0.000000001', '1', ...beside));
}
const withUnits = (charges: fc.Arbitrary<Charge>) =>
  charges.chain((charge) => fc.record({ charge: fc.constant(charge), units: unitsFor(charge) }));
const withTwoUnits = (charges: fc.Arbitrary<Charge>) =>
  charges.chain((charge) =>
    fc.record({
      charge: fc.constant(charge),
      a: unitsFor(charge),
      b: unitsFor(charge),
    }),
  );

const amountOf = (charge: Charge, units: string) => rateCharge(charge, new Decimal(units)).amount;

describe.each([
  ['standard', standard],
  ['graduated', graduated],
  ['volume', volume],
  ['package', packages],
  ['percentage', percentage],
  ['stairstep', stairstep],
  ['cost-plus', costPlus],
] as const)('%s', (_, charges) => {
  it('equals the second implementation', () => {
    fc.assert(
      fc.property(withUnits(charges), ({ charge, units }) => {
        const expected = reference(charge, units);
        const amount = amountOf(charge, units);
        expect(amount.times(expected.d.toString()).toFixed()).toBe(expected.n.toString());
      }),
      { numRuns: soakRuns(500) },
    );
  });
});

describe.each([
  ['standard', standard],
  ['graduated', graduated],
  ['package', packages],
  ['percentage', percentage],
  ['stairstep with rising fees', risingStairstep],
  ['cost-plus', costPlus],
] as const)('%s', (_, charges) => {
  it('is monotone: more units never cost less', () => {
    fc.assert(
      fc.property(withTwoUnits(charges), ({ charge, a, b }) => {
        const [less, more] = [a, b].sort((x, y) => new Decimal(x).cmp(new Decimal(y))) as [string, string];
        expect(amountOf(charge, less).lte(amountOf(charge, more))).toBe(true);
      }),
    );
  });
});

describe.each([
  ['standard', standard],
  ['cost-plus', costPlus],
] as const)('%s', (_, charges) => {
  it('is additive: units cost the same together and apart', () => {
    fc.assert(
      fc.property(withTwoUnits(charges), ({ charge, a, b }) => {
        const apart = amountOf(charge, a).plus(amountOf(charge, b));
        expect(amountOf(charge, new Decimal(a).plus(b).toFixed()).toFixed()).toBe(apart.toFixed());
      }),
    );
  });
});

describe('tiers', () => {
  it('of a graduated charge add up to its units and its amount', () => {
    fc.assert(
      fc.property(withUnits(graduated), ({ charge, units }) => {
        const charged = rateCharge(charge, new Decimal(units));
        const sum = (pick: 'units' | 'amount') =>
          charged.tiers.reduce((total, tier) => total.plus(tier[pick]), new Decimal(0));
        expect(sum('units').eq(units)).toBe(true);
        expect(sum('amount').eq(charged.amount)).toBe(true);
      }),
    );
  });

  it('that all have one price and no fee are the standard model', () => {
    fc.assert(
      fc.property(tiers, price, decimal(50), (list, unitPrice, units) => {
        const same = list.map(({ upTo }) => ({
          upTo,
          unitPrice,
          flatFee: '0',
        }));
        const expected = amountOf({ model: 'standard', properties: { unitPrice } }, units).toFixed();
        for (const model of ['graduated', 'volume'] as const) {
          const charge: Charge = {
            model,
            properties: { tiers: same, dueAtZero: false },
          };
          expect(amountOf(charge, units).toFixed()).toBe(expected);
        }
      }),
    );
  });
});
