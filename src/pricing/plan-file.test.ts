import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readPlanFile } from './plan-file.ts';
import { formatProblem, planFileJsonSchema } from './plan-problems.ts';
import { ReadingBudget } from './reading-budget.ts';

const kinds = new Set(['droplet_hours', 'dns_zones']);
const problems = (text: string) => readPlanFile('plans/p.yaml', text, kinds).problems.map(formatProblem);

const good = `plan: p
name: P
from: 2026-05-01
currency: USD
base: 50.00
discount: { percent: 10, until: 2027-01-01 }
items:
  - kind: droplet_hours
    allowance: 1488
    model: graduated
    properties:
      tiers:
        - { upTo: 0.10, unitPrice: 0.000000000000000001 }
        - { upTo: 12345678901234567890, flatFee: 1 }
        - upTo: null
      dueAtZero: true
`;

it('keeps the digits of its numbers, which a binary fraction would lose', () => {
  const { plan } = readPlanFile('plans/p.yaml', good, kinds);
  expect(plan).toMatchObject({
    base: '50.00',
    discount: { percent: '10' },
    items: [
      {
        allowance: '1488',
        properties: {
          tiers: [
            { upTo: '0.10', unitPrice: '0.000000000000000001' },
            { upTo: '12345678901234567890', flatFee: '1' },
            { upTo: null },
          ],
          dueAtZero: true,
        },
      },
    ],
  });
  expect(plan?.from.toString()).toBe('2026-05-01');
});

describe('problems name file, line and reason', () => {
  it.each([
    ['base: 50.00', 'base: -50', 'plans/p.yaml:5: base: must not be negative (-50)'],
    ['currency: USD\n', '', 'plans/p.yaml:1: currency: is missing'],
    ['name: P', 'name: P\nnmae: P', 'plans/p.yaml:3: nmae: is not known here'],
    [
      'kind: droplet_hours',
      'kind: cpu',
      'plans/p.yaml:8: items[0].kind: there is no meter cpu; there are dns_zones, droplet_hours',
    ],
    [
      'upTo: 12345678901234567890',
      'upTo: 0.1',
      'plans/p.yaml:14: items[0].properties.tiers[1].upTo: tiers overlap: it ends at 0.1, and the tier before it at 0.1',
    ],
    ['- upTo: null', '- flatFee: 1', 'plans/p.yaml:15: items[0].properties.tiers[2].upTo: is missing'],
    [
      'model: graduated',
      'model: stepped',
      'plans/p.yaml:10: items[0].model: must be one of standard, graduated, volume, package, percentage, stairstep, cost-plus',
    ],
    ['base: 50.00', 'base: 1e2', 'plans/p.yaml:5: base: must be a decimal such as "0.04"'],
    ['base: 50.00', 'base: 50.00\nbase: 60.00', 'plans/p.yaml:6: Map keys must be unique'],
  ])('%j become %j', (from, to, expected) => {
    expect(good).toContain(from);
    expect(problems(good.replace(from, to))).toEqual([expected]);
  });

  it('what is no YAML too', () => {
    expect(problems(good.replace('base: 50.00', 'base: [50.00'))[0]).toMatch(/^plans\/p\.yaml:6: /);
  });

  it('an empty file too', () => {
    expect(problems('')).toEqual([expect.stringMatching(/^plans\/p\.yaml:1: /)]);
  });
});

describe('the JSON schema', () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(planFileJsonSchema());

  it('beside the plan files is the one of this version', () => {
    const url = new URL('../../plans/plan.schema.json', import.meta.url);
    expect(JSON.parse(readFileSync(url, 'utf8'))).toEqual(planFileJsonSchema());
  });

  it('takes a good file as an editor reads it, and no bad one', () => {
    expect([validate(parse(good)), validate.errors]).toEqual([true, null]);
    expect(validate(parse(good.replace('model: graduated', 'model: stepped')))).toBe(false);
    expect(validate(parse(good.replace('name: P', 'nmae: P')))).toBe(false);
  });
});

it('aliases to nothing, or that unfold without end, are told like other mistakes', () => {
  expect(problems('*nobody')).toEqual([expect.stringMatching(/^plans\/p\.yaml:1: Unresolved alias/)]);
  const levels = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  const bomb = levels.map((name, place) =>
    place === 0 ? 'a: &a [x, x]' : `${name}: &${name} [${`*${levels[place - 1]}, `.repeat(20)}]`,
  );
  expect(problems(bomb.join('\n'))).toEqual([expect.stringMatching(/alias/i)]);
});

it('a file that is longer than any plan is not read', () => {
  expect(problems(`# ${'x'.repeat(197_000)}`)).toEqual([
    expect.stringMatching(/^plans\/p\.yaml:1: .*longer than 196608/),
  ]);
});

it('a plan with a hundred kinds of twenty tiers each is read', () => {
  const names = Array.from({ length: 100 }, (_, place) => `a_rather_long_name_of_a_kind_${place}`);
  const tier = (place: number) =>
    `        - upTo: ${place === 20 ? 'null' : place * 100_000}\n          unitPrice: 0.0${40 - place}\n          flatFee: 1.00\n`;
  const tiers = Array.from({ length: 20 }, (_, place) => tier(place + 1)).join('');
  const items = names.map(
    (name) => `  - kind: ${name}\n    allowance: 1000\n    model: graduated\n    properties:\n      tiers:\n${tiers}`,
  );
  const text = `plan: big\nname: Big\nfrom: 2026-01-01\ncurrency: USD\nbase: 1.00\nitems:\n${items.join('')}`;
  expect(text.length).toBeGreaterThan(150_000);
  const { plan, problems: found } = readPlanFile('big.yaml', text, new Set(names));
  expect([found, plan?.items.length]).toEqual([[], 100]);
});

it.each([
  ['maps as keys, one in another', '? '.repeat(300), 'a key must be a name'],
  ['a list as a key', '[a]: 1', 'a key must be a name'],
  ['very many keys', Array.from({ length: 20_000 }, (_, place) => `k${place}:`).join('\n'), 'too many keys'],
  ['very many aliases', `a: &a x\nb:\n${'- *a\n'.repeat(20_000)}`, 'more than 100 aliases'],
  [
    'many anchors, each with an alias',
    Array.from({ length: 9_000 }, (_, i) => `- &a${i} x\n- *a${i}`).join('\n'),
    'aliases',
  ],
])('%s are refused before they are unfolded', (_, text, words) => {
  expect(problems(text)).toEqual([expect.stringContaining(words)]);
});

describe('files that are read together', () => {
  const list = (count: number) => `list: &a [${'1,'.repeat(count)}1]\n`;

  it('share one budget of values, aliases unfolded', () => {
    const budget = new ReadingBudget();
    const text = `${list(9_000)}again: [*a, *a]\n`;
    const [first, second] = ['a.yaml', 'b.yaml'].map((file) => readPlanFile(file, text, kinds, budget).problems);
    expect(first?.map(formatProblem).join()).not.toContain('values');
    expect(second?.map(formatProblem)).toEqual([
      'b.yaml:1: has, with the files before it, more than 50000 values once aliases are unfolded: give fewer at a time',
    ]);
  });

  it('share one budget of characters', () => {
    const budget = new ReadingBudget();
    const read = Array.from(
      { length: 6 },
      () => readPlanFile('a.yaml', `#${' '.repeat(190_000)}`, kinds, budget).problems,
    );
    expect(read.map((found) => found.some(({ reason }) => reason.includes('characters')))).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
  });

  it.each([
    ['of ninety-five aliases of a list of ninety thousand', `${list(90_000)}again: [${'*a,'.repeat(95)}]\n`, 'values'],
    [
      'that unfolds in steps',
      `a: &a [1,1,1,1]\n${['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(9)}]`).join('\n')}\n`,
      'values',
    ],
    ['of a hundred and ninety thousand brackets', '['.repeat(190_000), 'nested'],
    ['of five hundred brackets', `${'['.repeat(500)}${']'.repeat(500)}`, 'nested'],
    ['of very many hyphens', '- '.repeat(95_000), 'nested'],
    [
      'that is deep by its aliases',
      `a: &a ${'['.repeat(20)}${']'.repeat(20)}\nb: ${'['.repeat(20)}*a${']'.repeat(20)}\n`,
      'nested',
    ],
  ])('refuse one %s', (_, text, words) => {
    expect(problems(text).join()).toContain(words);
  });
});
