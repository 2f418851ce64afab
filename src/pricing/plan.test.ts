import { describe, expect, it } from 'vitest';
import { checkPlan, formatPath } from './plan.ts';

const kinds = new Set(['droplet_hours', 'dns_zones']);
const item = { kind: 'droplet_hours', allowance: '10', model: 'standard', properties: { unitPrice: '0.04' } };
const studio = { plan: 'studio', name: 'Studio', from: '2026-05-01', currency: 'USD', base: '50.00', items: [item] };

const problems = (input: unknown) =>
  checkPlan(input, kinds).problems.map(({ path, reason }) => `${formatPath(path)}: ${reason}`);

it('a good plan passes, with what it leaves out filled in', () => {
  expect(checkPlan(studio, kinds)).toMatchObject({
    problems: [],
    plan: { base: '50.00', minimum: null, cap: null, discount: null, items: [{ minimum: null, cap: null }] },
  });
});

it('a rhythm has one name', () => {
  const every = (baseEvery: string) => checkPlan({ ...studio, baseEvery }, kinds).plan?.baseEvery;
  expect(['month', '2 months', '3 months', 'quarter', '12 months', 'year'].map(every)).toEqual([
    'month',
    '2 months',
    'quarter',
    'quarter',
    'year',
    'year',
  ]);
});

describe('a bad plan is refused with path and reason', () => {
  it.each([
    ['no name', { name: undefined }, 'name: is missing'],
    ['a bad slug', { plan: 'Studio!' }, 'plan: must be a short name such as studio'],
    ['a day that is none', { from: '2026-02-30' }, 'from: must be a day such as 2026-05-01'],
    ['a negative price', { base: '-1' }, 'base: must not be negative (-1)'],
    ['half a cent', { base: '50.005' }, 'base: 50.005 is finer than the currency: USD has 2 digits after the point'],
    ['an unknown currency', { currency: 'XYZ' }, "currency: 'XYZ' is not a currency of ISO 4217, such as USD or EUR."],
    ['a cap below the minimum', { minimum: '10', cap: '9' }, 'cap: is below the minimum (10)'],
    [
      'a cap beside a yearly fee',
      { baseEvery: 'year', cap: '60.00' },
      'cap: is of each month, and the base fee is of a year: a plan has one or the other',
    ],
    [
      'a minimum beside a yearly fee',
      { baseEvery: 'year', minimum: '60.00' },
      'minimum: is of each month, and the base fee is of a year: a plan has one or the other',
    ],
    [
      'a minimum beside a fee for half a year',
      { baseEvery: '6 months', minimum: '60.00' },
      'minimum: is of each month, and the base fee is of 6 months: a plan has one or the other',
    ],
    [
      'another rhythm',
      { baseEvery: '13 months' },
      'baseEvery: must be month, quarter, year, or a number of months such as 6 months, 12 at most',
    ],
    [
      'a discount of nothing',
      { discount: { percent: '0' } },
      'discount.percent: must be more than 0; leave the discount out for none',
    ],
    [
      'a carry-over of no allowance',
      { items: [{ ...item, allowance: '0', carryOver: {} }] },
      'items[0].carryOver: has no allowance of which something could be left',
    ],
    [
      'a carry-over of nothing',
      { items: [{ ...item, carryOver: { limit: '0' } }] },
      'items[0].carryOver.limit: must be more than 0; leave carryOver out for an allowance that lapses, or limit for none',
    ],
    [
      'a division without end',
      { items: [{ ...item, model: 'volume', properties: { per: '3', tiers: [{ upTo: null, unitPrice: '1' }] } }] },
      'items[0].properties.per: units divided by 3 have digits without end: use one such as 1000 or 1024, or roundUp',
    ],
    ['an unknown field', { bonus: '1' }, 'bonus: is not known here'],
    ['a discount of both', { discount: { percent: '1', amount: '1' } }, 'discount: needs either percent or amount'],
    ['a discount of neither', { discount: {} }, 'discount: needs either percent or amount'],
    ['too great a discount', { discount: { percent: '101' } }, 'discount.percent: must not be more than 100'],
    [
      'a discount that ends in mid-month',
      { discount: { percent: '5', until: '2026-06-02' } },
      'discount.until: must be the first day of a month',
    ],
    [
      'an unknown kind',
      { items: [item, { ...item, kind: 'cpu' }] },
      'items[1].kind: there is no meter cpu; there are dns_zones, droplet_hours',
    ],
    ['a kind twice', { items: [item, item] }, 'items[1].kind: droplet_hours has an item already'],
    [
      'an item with a cap below its minimum',
      { items: [{ ...item, minimum: '2', cap: '1' }] },
      'items[0].cap: is below the minimum (2)',
    ],
    [
      'overlapping tiers',
      {
        items: [
          {
            ...item,
            model: 'volume',
            properties: { tiers: [{ upTo: '20', unitPrice: '1' }, { upTo: '10', unitPrice: '2' }, { upTo: null }] },
          },
        ],
      },
      'items[0].properties.tiers[1].upTo: tiers overlap: it ends at 10, and the tier before it at 20',
    ],
  ])('%s', (_, change, expected) => {
    expect(problems({ ...studio, ...change })).toEqual([expected]);
  });

  it('each of several mistakes is named', () => {
    expect(problems({ ...studio, base: 'free', items: [{ ...item, allowance: '-1' }] })).toEqual([
      'base: must be a decimal such as "0.04"',
      'items[0].allowance: must not be negative (-1)',
    ]);
  });

  it('something else altogether too', () => {
    expect(problems('studio')).toHaveLength(1);
    expect(problems(null)).toHaveLength(1);
  });
});
