import { describe, expect, it } from 'vitest';
import { rateCase, ratingCase } from './rate.ts';

const rate = (model: string, properties: object, units: string) =>
  rateCase(ratingCase.parse({ model, properties, units }));
const amount = (model: string, properties: object, units: string) => rate(model, properties, units).amount;

function problems(model: string, properties: object, units = '1'): string[] {
  const parsed = ratingCase.safeParse({ model, properties, units });
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

const tiers = [
  { upTo: '10', unitPrice: '2', flatFee: '1' },
  { upTo: '20.5', unitPrice: '1', flatFee: '3' },
  { upTo: null, unitPrice: '0.5' },
];

describe('units are divided before the tiers', () => {
  const thousands = { tiers, per: '1000' };
  it.each([
    ['graduated', {}, '10000', '21'],
    ['graduated', {}, '10000.000000001', '24.000000000001'],
    ['graduated', { roundUp: true }, '9000.000000001', '21'],
    ['graduated', { roundUp: true }, '10000.000000001', '25'],
    ['volume', {}, '20500', '23.5'],
    ['volume', { roundUp: true }, '20500', '10.5'],
    ['volume', { roundUp: true, per: '3' }, '10', '9'],
    ['volume', { per: '1024' }, '512', '2'],
  ])('%s by %o: %s units are %s', (model, more, units, expected) => {
    expect(amount(model, { ...thousands, ...more }, units)).toBe(expected);
  });

  it('for steps too; nothing used is nothing', () => {
    const steps = {
      per: '100',
      roundUp: true,
      tiers: [
        { upTo: '5', flatFee: '10' },
        { upTo: null, flatFee: '15' },
      ],
    };
    expect(['0', '500', '500.1'].map((units) => amount('stairstep', steps, units))).toEqual(['0', '10', '15']);
  });

  it('shows the tiers as they count, and refuses a quotient without end', () => {
    expect(rate('volume', thousands, '2500').tiers).toMatchObject([{ units: '2.5', unitPrice: '2', amount: '6' }]);
    expect(problems('volume', { tiers, per: '3' })).toEqual([
      'properties.per: units divided by 3 have digits without end: use one such as 1000 or 1024, or roundUp',
    ]);
    expect(problems('volume', { tiers, per: '0' })).toEqual(['properties.per: must be more than 0']);
    expect(problems('standard', { unitPrice: '1', per: '10' })).toHaveLength(1);
  });
});

describe('a bound belongs to the lower tier, exactly', () => {
  it.each([
    ['graduated', '10', '21'],
    ['graduated', '10.000000001', '24.000000001'],
    ['graduated', '20.5', '34.5'],
    ['graduated', '20.500000001', '34.5000000005'],
    ['volume', '10', '21'],
    ['volume', '10.000000001', '13.000000001'],
    ['volume', '20.500000001', '10.2500000005'],
  ])('%s of %s units is %s', (model, units, expected) => {
    expect(amount(model, { tiers }, units)).toBe(expected);
  });

  it('for steps too', () => {
    const steps = {
      tiers: [
        { upTo: '5', flatFee: '10' },
        { upTo: null, flatFee: '15' },
      ],
    };
    expect(amount('stairstep', steps, '5')).toBe('10');
    expect(amount('stairstep', steps, '5.000000001')).toBe('15');
  });

  it('for packages too: a begun one is paid', () => {
    const thirds = { packageSize: '0.333333333', packagePrice: '7' };
    expect(amount('package', thirds, '0.333333333')).toBe('7');
    expect(amount('package', thirds, '0.333333334')).toBe('14');
    expect(amount('package', thirds, '333333333000000000000000')).toBe('7000000000000000000000000');
  });
});

describe('at zero units', () => {
  const fixed = { percent: '2', fixed: '0.30', minimum: '1' };
  const steps = [{ upTo: null, flatFee: '9' }];
  it.each([
    ['graduated', { tiers }, '0', '1'],
    ['volume', { tiers }, '0', '1'],
    ['stairstep', { tiers: steps }, '0', '9'],
    ['percentage', fixed, '0', '1'],
  ])('%s charges its fixed part only if told so', (model, properties, expected, due) => {
    expect(amount(model, properties, '0')).toBe(expected);
    expect(amount(model, { ...properties, dueAtZero: true }, '0')).toBe(due);
  });
});

it('percentage is the greater of share plus fixed part, and minimum', () => {
  expect(amount('percentage', { percent: '2.5', fixed: '0.30', minimum: '1' }, '200')).toBe('5.3');
  expect(amount('percentage', { percent: '2.5', fixed: '0.30', minimum: '1' }, '8')).toBe('1');
});

it('cost-plus marks up the given cost', () => {
  expect(amount('cost-plus', { unitCost: '0.00744', markupPercent: '12.5' }, '744')).toBe('6.22728');
});

it('shows the tiers that were reached', () => {
  expect(rate('graduated', { tiers }, '12').tiers).toEqual([
    {
      from: '0',
      upTo: '10',
      units: '10',
      unitPrice: '2',
      flatFee: '1',
      amount: '21',
    },
    {
      from: '10',
      upTo: '20.5',
      units: '2',
      unitPrice: '1',
      flatFee: '3',
      amount: '5',
    },
  ]);
  expect(rate('volume', { tiers }, '30').tiers).toEqual([
    {
      from: '20.5',
      upTo: null,
      units: '30',
      unitPrice: '0.5',
      flatFee: '0',
      amount: '15',
    },
  ]);
});

it('is exact at the largest numbers that it takes', () => {
  const largest = `${'9'.repeat(24)}.${'9'.repeat(18)}`;
  const n = 10n ** 42n - 1n;
  const expected = (n * n * (n + 10n ** 20n)).toString();
  expect(amount('cost-plus', { unitCost: largest, markupPercent: largest }, largest)).toBe(
    `${expected.slice(0, -56)}.${expected.slice(-56)}`.replace(/0+$/, ''),
  );
});

describe('bad properties are refused with path and reason', () => {
  it.each([
    ['standard', { unitPrice: '-1' }, 'properties.unitPrice: must not be negative (-1)'],
    ['standard', { unitPrice: 0.04 }, 'properties.unitPrice: must be a decimal such as "0.04"'],
    ['standard', { unitPrice: 'cheap' }, 'properties.unitPrice: must be a decimal such as "0.04"'],
    ['standard', {}, 'properties.unitPrice: is missing'],
    ['standard', { unitPrice: '1', price: '2' }, 'properties: Unrecognized key: "price"'],
    ['package', { packageSize: '0', packagePrice: '1' }, 'properties.packageSize: must be more than 0'],
    ['volume', { tiers: [] }, 'properties.tiers: needs at least one tier'],
    ['graduated', { tiers: [{ upTo: '10' }] }, 'properties.tiers.0.upTo: the last tier must have no end (upTo: null)'],
    [
      'graduated',
      { tiers: [{ upTo: '10' }, { upTo: '10.0' }, { upTo: null }] },
      'properties.tiers.1.upTo: tiers overlap: it ends at 10.0, and the tier before it at 10',
    ],
    [
      'stairstep',
      {
        tiers: [
          { upTo: null, flatFee: '1' },
          { upTo: null, flatFee: '2' },
        ],
      },
      'properties.tiers.1.upTo: tiers overlap: the tier before this one has no end',
    ],
    ['flat', {}, 'model: must be one of standard, graduated, volume, package, percentage, stairstep, cost-plus'],
  ])('%s %o', (model, properties, expected) => {
    expect(problems(model, properties)).toEqual([expected]);
  });

  it('units below zero too', () => {
    expect(problems('standard', { unitPrice: '1' }, '-5')).toEqual(['units: must not be negative (-5)']);
  });
});
