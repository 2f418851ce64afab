import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../platform/quantity.ts';
import type { PlanVersion } from './plan.ts';
import { readPlanFile } from './plan-file.ts';
import { rateLine } from './rating/rate-line.ts';
import { rateMonth, type UsageLine } from './rating/rate-month.ts';
import { ratePlan } from './rating/rate-plan.ts';
import { bill, phase, usedMonth, version } from '../../test/fixtures/rating.ts';

// docs/pricing.md promises figures: each is taken from there.

const root = new URL('../../', import.meta.url);
const page = readFileSync(new URL('docs/pricing.md', root), 'utf8');

/** The rows of the table whose first header this is, as cells. */
function rows(header: string): string[][] {
  const [, table = ''] = page.split(new RegExp(`\\| ${header} +\\|`));
  const lines = table.split('\n').slice(2);
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(0, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

/** The only text that a pattern finds. */
function said(pattern: RegExp): string {
  const [, found] = pattern.exec(page) ?? [];
  if (found === undefined) throw new Error(`docs/pricing.md does not say ${pattern}`);
  return found;
}

function planOf(slug: string): PlanVersion {
  const text = readFileSync(new URL(`plans/${slug}.yaml`, root), 'utf8');
  const { plan } = readPlanFile(slug, text, new Set(text.match(/(?<=kind: )\w+/g)));
  if (plan === null) throw new Error(`plans/${slug}.yaml is wrong`);
  return plan;
}

const may = Temporal.PlainYearMonth.from('2026-05');

describe('the busy month', () => {
  const table = rows('busy month');
  const quote = ratePlan(planOf('studio'), new Map(table.map(([kind = '', used = '']) => [kind, used])), may);

  it('has nine lines, each as worked through', () => {
    expect(table).toHaveLength(9);
    expect(
      quote.lines.map((line) => [line.kind, line.quantity, line.allowance, line.billable, line.unitPrice, line.amount]),
    ).toEqual(
      table.map(([kind, used, included, beyond, price, , amount]) => [kind, used, included, beyond, price, amount]),
    );
  });

  it('is the sum of its amounts, and each amount its exact product rounded', () => {
    for (const [, , , beyond = '', price = '', exact = '', amount] of table) {
      expect(new Decimal(beyond).times(price).toFixed()).toBe(exact);
      expect(new Decimal(exact).toDecimalPlaces(2).toFixed(2)).toBe(amount);
    }
    const sum = table.reduce((total, row) => total.plus(row[6] ?? ''), new Decimal(0)).toFixed(2);
    expect(sum).toBe(said(/The lines come to ([\d.]+)\. With/));
    expect([quote.overage, quote.total]).toEqual([sum, said(/the month costs \*\*([\d.]+) USD\*\*/)]);
  });

  it('is had from the hours and days that it tells', () => {
    expect(
      new Decimal(744)
        .times(2)
        .plus(15.5 * 24)
        .toFixed(),
    ).toBe(table[0]?.[1]);
    const zone = new Decimal(21).div(31).toDecimalPlaces(9);
    expect(zone.toFixed()).toBe(said(/21 of 31 days is ([\d.]+)\s/));
    expect(zone.times(2).plus(3).toFixed()).toBe(table[1]?.[1]);
  });

  it('at rest costs exactly the base fee', () => {
    const usage = new Map([
      ['droplet_hours', '1488'],
      ['dns_zones', '2'],
      ['droplet_snapshot_gb_month', '48'],
    ]);
    expect(ratePlan(planOf('studio'), usage, may).total).toBe(said(/that month costs \*\*([\d.]+) USD\*\*/));
  });
});

describe('charge models', () => {
  const cases = [...page.matchAll(/^(\{"model".*\})\n= (.*)$/gm)].map(([, line = '', amount = '']) => ({
    line,
    amount,
  }));

  it('each has an example', () => {
    const models = new Set(cases.map(({ line }) => (JSON.parse(line) as { model: string }).model));
    expect([...models].sort()).toEqual([
      'cost-plus',
      'graduated',
      'package',
      'percentage',
      'stairstep',
      'standard',
      'volume',
    ]);
  });

  it.each(cases)('$line is $amount', ({ line, amount }) => {
    expect(rateLine(line).rated?.amount).toBe(amount);
  });
});

it('carry-over', () => {
  const table = rows('carry-over');
  const plan = version({
    items: [
      {
        kind: 'dns_zones',
        allowance: '100',
        model: 'standard',
        properties: { unitPrice: '1' },
        carryOver: { months: 2 },
      },
    ],
  });
  const timeline = [phase(plan, '2026-03-01')];
  const used = table.map(([, quantity = ''], index) => {
    const month = usedMonth(timeline, `2026-0${index + 3}`, {});
    return {
      ...month,
      segments: month.segments.map((segment) => ({ ...segment, usage: new Map([['dns_zones', quantity]]) })),
    };
  });
  const lines = used.map((month, index) => {
    const [line] = rateMonth({ ...month, fees: [], earlier: used.slice(Math.max(0, index - 2), index) }).lines;
    return line as UsageLine;
  });
  expect(lines.map((line) => [line.quantity, line.carriedIn, line.billable, line.carriedOut])).toEqual(
    table.map((row) => row.slice(1)),
  );
});

it('a plan change', () => {
  const table = rows('plan change');
  const timeline = [phase(planOf('studio'), '2026-01-01', '2026-06-16'), phase(planOf('atelier'), '2026-06-16')];
  const rated = bill(timeline, '2026-06', { droplet_hours: 96 });
  const line = (plan: string | undefined) =>
    rated.lines.find(
      (one): one is UsageLine => one.kind === 'usage' && one.plan === plan && one.billingKind === 'droplet_hours',
    );
  const base = (plan: string | undefined) =>
    rated.lines.find((one) => one.kind === 'base_fee' && one.plan === plan)?.amount;
  expect(
    table.map(([plan]) => [
      plan,
      base(plan),
      line(plan)?.quantity,
      line(plan)?.allowance,
      line(plan)?.billable,
      line(plan)?.unitPrice,
      line(plan)?.amount,
    ]),
  ).toEqual(table);
  expect(rated.totals).toEqual([{ currency: 'USD', total: said(/The month costs \*\*([\d.]+) USD\*\*/) }]);
});

it('minimum, cap and discount', () => {
  const table = new Map(rows('limits').map(([name = '', amount = '']) => [name, amount]));
  const plan = version({
    base: table.get('base') as string,
    cap: said(/a plan's cap of ([\d.]+) and/),
    discount: { percent: said(/a discount of (\d+) percent/) },
    items: [{ kind: 'dns_zones', model: 'standard', properties: { unitPrice: table.get('usage') as string } }],
  });
  const { base, overage, adjustments, total } = ratePlan(plan, new Map([['dns_zones', '1']]), may);
  const amounts = Object.fromEntries((adjustments ?? []).map(({ cause, amount }) => [cause, amount]));
  expect({ base, usage: overage, ...amounts, total }).toEqual(Object.fromEntries(table));
});

it.each(rows('rounding'))('rounding: %s, %s units at %s', (currency = '', units = '', price = '', amount = '') => {
  const plan = version({
    currency,
    base: '0',
    items: [{ kind: 'dns_zones', model: 'standard', properties: { unitPrice: price } }],
  });
  expect(ratePlan(plan, new Map([['dns_zones', units]]), may).total).toBe(amount);
});
