import type { Command } from 'commander';
import type { PlanItem, PlanVersion } from '../../pricing/plan.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { type Column, fields, plural, table } from '../engine/output.ts';
import { addPlanFileCommands } from './plan-apply.ts';
import { parseDay } from '../engine/range.ts';

export function addPlanCommands(program: Command): void {
  const plan = program.command('plan').summary('price lists').description('Price lists, each in versions by date.');

  addCommand(plan, 'list', {
    summary: 'the plans as they are on a day',
    example: `
$ arcadia plan list
PLAN    NAME    FROM                 BASE FEE  ITEMS
studio  Studio  2026-01-01  50.00 USD a month      5`,
  })
    .option('--on <day>', 'another day than today')
    .action(
      withSession(async (session, options: { on?: string }) => {
        const asked = options.on === undefined ? null : parseDay(options.on, '--on');
        const { listPlans } = await import('../../pricing/plans.ts');
        const { dayOf } = await import('../../metering/period.ts');
        const { db, clock } = await session.database();
        await session.output.list(
          await listPlans(db, asked ?? dayOf(await clock.now())),
          planColumns,
          'No plan holds on that day.',
        );
      }),
    );

  addCommand(plan, 'show', {
    summary: 'a plan with its prices',
    example: `
$ arcadia plan show studio
plan      studio (Studio)
from      2026-01-01
base fee  50.00 USD a month

KIND           ALLOWANCE  CHARGE BEYOND IT
droplet_hours       1488  0.02 USD`,
  })
    .argument('<plan>', 'its slug')
    .option('--on <day>', 'another day than today')
    .action(
      withSession(async (session, slug: string, options: { on?: string }) => {
        const asked = options.on === undefined ? null : parseDay(options.on, '--on');
        const { getPlan } = await import('../../pricing/plans.ts');
        const { dayOf } = await import('../../metering/period.ts');
        const { db, clock } = await session.database();
        const found = await getPlan(db, slug, asked ?? dayOf(await clock.now()));
        if (session.output.json) return session.output.value(found);
        const heading = fields([
          ['plan', `${found.plan} (${found.name})`],
          ['from', found.from.toString()],
          [
            'base fee',
            `${found.base} ${found.currency} a ${found.baseEvery}${found.baseDue === 'advance' ? ', in advance' : ''}`,
          ],
          ...(found.minimum === null ? [] : [['at least', `${found.minimum} ${found.currency} a month`] as const]),
          ...(found.cap === null ? [] : [['at most', `${found.cap} ${found.currency} a month`] as const]),
          ...(found.discount === null ? [] : [['discount', describeDiscount(found)] as const]),
        ]);
        await session.output.text(
          found.items.length === 0 ? heading : `${heading}\n\n${table(found.items, itemColumns(found.currency))}`,
        );
      }),
    );

  addPlanFileCommands(plan);
}

const planColumns: readonly Column<PlanVersion>[] = [
  { header: 'plan', value: (row) => row.plan },
  { header: 'name', value: (row) => row.name },
  { header: 'from', value: (row) => row.from.toString() },
  { header: 'base fee', value: (row) => `${row.base} ${row.currency} a ${row.baseEvery}`, align: 'right' },
  { header: 'items', value: (row) => String(row.items.length), align: 'right' },
];

function itemColumns(currency: string): Column<PlanItem>[] {
  return [
    { header: 'kind', value: (row) => row.kind },
    { header: 'allowance', value: describeAllowance, align: 'right' },
    { header: 'charge beyond it', value: (row) => describeCharge(row, currency) },
  ];
}

/** `1488`, or `1488, the rest for 2 months up to 500` */
function describeAllowance({ allowance, carryOver }: PlanItem): string {
  if (carryOver === null) return allowance;
  const { months, limit } = carryOver;
  return `${allowance}, the rest for ${plural(months, 'month')}${limit === null ? '' : ` up to ${limit}`}`;
}

/** `0.02 USD` for a price per unit; for any other model its name and its properties as they are. */
function describeCharge(item: PlanItem, currency: string): string {
  if (item.model === 'standard') return `${item.properties.unitPrice} ${currency}`;
  return `${item.model} ${JSON.stringify(item.properties)}`;
}

function describeDiscount({ discount, currency }: PlanVersion): string {
  const off = discount?.percent === undefined ? `${discount?.amount} ${currency}` : `${discount.percent} %`;
  return discount?.until ? `${off}, before ${discount.until}` : off;
}
