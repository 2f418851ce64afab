import type { Command } from 'commander';
import { ArcadiaError } from '../../platform/errors.ts';
import type { PlanChange } from '../../pricing/plan-apply.ts';
import type { Compared, PlanImpact } from '../../pricing/plan-impact.ts';
import { whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { confirm } from '../engine/confirm.ts';
import { readInput } from '../engine/input.ts';
import { operator } from '../engine/operator.ts';
import { type Column, count, plural, table } from '../engine/output.ts';

interface ApplyOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly exitCode?: boolean;
  readonly limit: number;
}

/** arcadia plan apply, plan schema */
export function addPlanFileCommands(plan: Command): void {
  addCommand(plan, 'apply', {
    summary: 'make plans what their files say, all or nothing, after showing what that changes for whom',
    details: `Each file is one version of one plan, in YAML or JSON; arcadia plan schema gives editors the JSON schema.
A version that deployments have been on never changes: new prices get a later first day (from).
What it would change in money is shown for the last complete month and the current one to date, of every
deployment on the plan: as it is, and as if the new version had held.`,
    example: `
$ arcadia plan apply plans/studio.yaml
studio: a new version from 2026-07-01, compared with that from 2000-01-01
WHAT                                        BEFORE  AFTER
base                                        50.00   55.00
items.droplet_hours.properties.unitPrice    0.04    0.045

12 deployments are on it, in USD:
DEPLOYMENT      2026-05  WOULD BE  2026-06 SO FAR  WOULD BE
acme              51.20     56.35           50.00     55.00
all 12           640.10    700.30          600.00    660.00
Apply this? [y/N]`,
  })
    .argument('<file...>', 'plan files; - is stdin')
    .option('--yes', 'apply without asking')
    .option('--dry-run', 'show it, and apply nothing')
    .option(
      '--limit <n>',
      'deployments at most that are shown, those for whom it changes most',
      whole('--limit', 0, 10_000),
      20,
    )
    .option('--exit-code', 'end with 3 where there are differences that were not applied')
    .action(
      withSession(async (session, names: string[], options: ApplyOptions) => {
        if (options.yes && options.dryRun)
          throw new ArcadiaError('invalid_argument', 'Give --yes or --dry-run, not both.');
        const files = await Promise.all(names.map(async (name) => ({ name, text: await readInput(name) })));
        const { applyPlans, previewPlans } = await import('../../pricing/plan-apply.ts');
        const { db, clock } = await session.database();
        const changes = await previewPlans(db, files, { now: await clock.now(), limit: options.limit });
        const differs = changes.some(({ status }) => status !== 'unchanged');
        if (!session.output.json) await session.output.text(changes.map(describe).join('\n\n'));
        let written = 0;
        let agreed = options.yes === true;
        if (differs && !options.dryRun) {
          // Whoever reads one JSON value cannot see what a question would be about.
          if (!agreed && session.output.json) {
            await session.output.value({ changes, written });
            throw new ArcadiaError('invalid_argument', 'Nothing was written: with --json, say --yes or --dry-run.');
          }
          agreed ||= await confirm('Apply this?', session.signal);
          if (agreed) written = (await applyPlans(db, files, operator(), await clock.now())).written;
        }
        if (session.output.json) await session.output.value({ changes, written });
        else if (written > 0) await session.output.text(`\nApplied: ${plural(written, 'plan version')} written.`);
        else session.output.note(differs ? 'Nothing was written.' : 'Nothing differs; nothing was written.');
        if (differs && !agreed && !options.dryRun) return 2;
        return options.exitCode && differs && written === 0 ? 3 : 0;
      }),
    );

  addCommand(plan, 'schema', {
    summary: 'the JSON schema of a plan file, by which editors complete and check it',
    example: `
$ arcadia plan schema > plans/plan.schema.json
$ head -1 plans/studio.yaml
# yaml-language-server: $schema=./plan.schema.json`,
  }).action(
    withSession(async (session) => {
      const { planFileJsonSchema } = await import('../../pricing/plan-file.ts');
      await session.output.value(planFileJsonSchema());
    }),
  );
}

const statuses: Record<PlanChange['status'], (change: PlanChange) => string> = {
  unchanged: ({ from }) => `as the version from ${from} already says`,
  new_plan: ({ from }) => `a new plan, from ${from}`,
  new_version: ({ from, comparedWith }) =>
    `a new version from ${from}${comparedWith ? `, compared with that from ${comparedWith}` : ''}`,
  edited: ({ from }) => `the version from ${from}, which nobody has been on yet, is written anew`,
};

function describe(change: PlanChange): string {
  const { plan, status, differences, warnings, impact } = change;
  const parts = [`${plan}: ${statuses[status](change)}`];
  if (status !== 'new_plan' && differences.length > 0) parts.push(table(differences, differenceColumns));
  for (const { message } of warnings) parts.push(`warning: ${message}`);
  if (impact !== null) parts.push(describeImpact(impact));
  return parts.join('\n');
}

const differenceColumns: readonly Column<PlanChange['differences'][number]>[] = [
  { header: 'what', value: (row) => row.what },
  { header: 'before', value: (row) => row.before },
  { header: 'after', value: (row) => row.after },
];

const billColumns: readonly Column<PlanImpact['bills'][number]>[] = [
  { header: 'bills that change', value: ({ month, complete }) => `${month}${complete ? '' : ' so far'}` },
  { header: 'deployments', value: (row) => count(row.deployments), align: 'right' },
  { header: 'before', value: (row) => row.sum.before, align: 'right' },
  { header: 'after', value: (row) => row.sum.after, align: 'right' },
];

function describeImpact({ currency, deployments, months, most, bills }: PlanImpact): string {
  if (deployments === 0 && bills.length === 0) return 'No deployment is on it; it changes nothing for anybody.';
  const rows = [
    ...most.map(({ deployment, months: figures }) => ({ name: deployment, figures })),
    { name: `all ${count(deployments)}`, figures: months.map(({ sum }) => sum) },
  ];
  const columns: Column<{ name: string; figures: readonly Compared[] }>[] = [
    { header: 'deployment', value: (row) => row.name },
    ...months.flatMap(({ month, complete }, index): Column<{ name: string; figures: readonly Compared[] }>[] => [
      {
        header: `${month}${complete ? '' : ' so far'}`,
        value: (row) => row.figures[index]?.before ?? null,
        align: 'right',
      },
      { header: 'would be', value: (row) => row.figures[index]?.after ?? null, align: 'right' },
    ]),
  ];
  const listed = most.length < deployments ? ` The ${count(most.length)} for whom it changes most:` : '';
  return `${plural(deployments, 'deployment is', 'deployments are')} on it, in ${currency}.${listed}\n${table(rows, columns)}${bills.length === 0 ? '' : `\n${table(bills, billColumns)}`}`;
}
