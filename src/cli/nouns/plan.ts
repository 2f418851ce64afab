import {
  applyPlans,
  exportPlan,
  getPlan,
  getPlanSchema,
  listPlans,
  listPlanDeployments,
  listPlanVersions,
  previewPlans,
  reopenPlan,
  retirePlan,
  showPlanSheet,
} from '../../pricing/operations/plans.ts';
import { type Column, count, fields, moment, plural, table } from '../engine/output.ts';
import { type AnswerOf, actionView, documentView, listView, type Noun, type RowOf } from '../engine/views.ts';
import { unbilledNotes } from './unbilled-text.ts';

type Plan = RowOf<typeof listPlans>;
type Item = Plan['items'][number];
type Change = AnswerOf<typeof previewPlans>['changes'][number];
type Impact = NonNullable<Change['impact']>;
type Compared = Impact['most'][number]['months'][number];

const planColumns: readonly Column<Plan>[] = [
  { header: 'plan', value: (row) => row.plan },
  { header: 'name', value: (row) => row.name },
  { header: 'from', value: (row) => row.from },
  { header: 'base fee', value: (row) => `${row.base} ${row.currency} a ${row.baseEvery}`, align: 'right' },
  { header: 'items', value: (row) => String(row.items.length), align: 'right' },
];

const listedColumns: readonly Column<Plan>[] = [
  ...planColumns,
  { header: 'retired (utc)', value: (row) => moment(row.retiredAt) },
];

function planText(plan: Plan): string {
  const { currency, baseEvery, baseDue, minimum, cap, discount, items, passThrough } = plan;
  const heading = fields([
    ['plan', `${plan.plan} (${plan.name})`],
    ['from', plan.from],
    ...(plan.retiredAt === null
      ? []
      : [['retired', `${moment(plan.retiredAt)}: it takes no new subscription`] as const]),
    ['base fee', `${plan.base} ${currency} a ${baseEvery}${baseDue === 'advance' ? ', in advance' : ''}`],
    ...(minimum === null ? [] : [['at least', `${minimum} ${currency} a month`] as const]),
    ...(cap === null ? [] : [['at most', `${cap} ${currency} a month`] as const]),
    ...(discount === null ? [] : [['discount', discountText(discount, currency)] as const]),
  ]);
  return [
    heading,
    ...(items.length === 0 ? [] : [table(items, itemColumns(currency))]),
    ...(passThrough.length === 0 ? [] : [table(passThrough, passedColumns)]),
  ].join('\n\n');
}

const passedColumns: readonly Column<Plan['passThrough'][number]>[] = [
  { header: 'passed on at cost', value: (row) => row.product ?? `every ${row.resourceKind}` },
  { header: 'markup', value: (row) => row.markupPercent && `${row.markupPercent} %`, align: 'right' },
];

function itemColumns(currency: string): Column<Item>[] {
  return [
    { header: 'kind', value: (row) => row.kind },
    { header: 'allowance', value: allowanceText, align: 'right' },
    { header: 'charge beyond it', value: (row) => chargeText(row, currency) },
  ];
}

/** `1488`, or `1488, the rest for 2 months up to 500` */
function allowanceText({ allowance, carryOver }: Item): string {
  if (carryOver === null) return allowance;
  const { months, limit } = carryOver;
  return `${allowance}, the rest for ${plural(months, 'month')}${limit === null ? '' : ` up to ${limit}`}`;
}

/** `0.02 USD` for a price per unit; for any other model its name and its properties as they are. */
function chargeText({ model, properties }: Item, currency: string): string {
  return typeof properties.unitPrice === 'string'
    ? `${properties.unitPrice} ${currency}`
    : `${model} ${JSON.stringify(properties)}`;
}

function discountText(discount: NonNullable<Plan['discount']>, currency: string): string {
  const off = discount.percent === undefined ? `${discount.amount} ${currency}` : `${discount.percent} %`;
  return discount.until === null ? off : `${off}, before ${discount.until}`;
}

const statuses: Record<Change['status'], (change: Change) => string> = {
  unchanged: ({ from }) => `as the version from ${from} already says`,
  new_plan: ({ from }) => `a new plan, from ${from}`,
  new_version: ({ from, comparedWith }) =>
    `a new version from ${from}${comparedWith === null ? '' : `, compared with that from ${comparedWith}`}`,
  edited: ({ from }) => `the version from ${from}, which is not in use yet, is replaced`,
};

function changesText(changes: readonly Change[]): string {
  return changes.map(changeText).join('\n\n');
}

function changeText(change: Change): string {
  const { plan, status, differences, warnings, impact } = change;
  const parts = [`${plan}: ${statuses[status](change)}`];
  if (status !== 'new_plan' && differences.length > 0) parts.push(table(differences, differenceColumns));
  for (const warning of unbilledNotes(warnings)) parts.push(`warning: ${warning}`);
  if (impact !== null) parts.push(impactText(impact));
  return parts.join('\n');
}

const differenceColumns: readonly Column<Change['differences'][number]>[] = [
  { header: 'what', value: (row) => row.what },
  { header: 'before', value: (row) => row.before },
  { header: 'after', value: (row) => row.after },
];

const billColumns: readonly Column<Impact['bills'][number]>[] = [
  { header: 'bills that change', value: ({ month, complete }) => `${month}${complete ? '' : ' so far'}` },
  { header: 'deployments', value: (row) => count(row.deployments), align: 'right' },
  { header: 'before', value: (row) => row.sum.before, align: 'right' },
  { header: 'after', value: (row) => row.sum.after, align: 'right' },
];

const onPlanColumns: readonly Column<RowOf<typeof listPlanDeployments>>[] = [
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'total', value: (row) => `${row.total} ${row.currency}`, align: 'right' },
  { header: 'left', value: (row) => row.meters.map(({ kind, left }) => `${kind} ${left}`).join(', ') },
];

/** The curve at its quarters. */
function curveText(
  { title, unit, points }: AnswerOf<typeof showPlanSheet>['curves'][number],
  currency: string,
): string {
  const quarters = points.filter((_, index) => index % 6 === 0);
  return table(quarters, [
    { header: title, value: (row) => `${row.quantity} ${unit}`, align: 'right' },
    { header: 'costs', value: (row) => `${row.amount} ${currency}`, align: 'right' },
  ]);
}

interface ImpactRow {
  readonly name: string;
  readonly figures: readonly Compared[];
}

function impactText({ currency, deployments, months, most, bills }: Impact): string {
  if (deployments === 0 && bills.length === 0) return 'No deployment is on it; it changes nothing for anybody.';
  const rows: readonly ImpactRow[] = [
    ...most.map(({ deployment, months: figures }) => ({ name: deployment, figures })),
    { name: `all ${count(deployments)}`, figures: months.map(({ sum }) => sum) },
  ];
  const columns: Column<ImpactRow>[] = [
    { header: 'deployment', value: (row) => row.name },
    ...months.flatMap(({ month, complete }, index): Column<ImpactRow>[] => [
      {
        header: `${month}${complete ? '' : ' so far'}`,
        value: (row) => row.figures[index]?.before ?? null,
        align: 'right',
      },
      { header: 'would be', value: (row) => row.figures[index]?.after ?? null, align: 'right' },
    ]),
  ];
  const listed = most.length < deployments ? ` The ${count(most.length)} for whom it changes most:` : '';
  const heading = `${plural(deployments, 'deployment is', 'deployments are')} on it, in ${currency}.${listed}`;
  return [heading, table(rows, columns), ...(bills.length === 0 ? [] : [table(bills, billColumns)])].join('\n');
}

const differs = (changes: readonly Change[]) => changes.some(({ status }) => status !== 'unchanged');

/** Deployments that are named before somebody is asked. */
const shownBeforeApplying = 20;

const impactDetails = `What a version would change in money is shown for the last complete month and the current one to date, of every
deployment on the plan: as it is, and as if the new version had held. After that come the months whose bills change.`;

const impactExample = `studio: a new version from 2026-07-01, compared with that from 2000-01-01
WHAT                                        BEFORE  AFTER
base                                        50.00   55.00
items.droplet_hours.properties.unitPrice    0.04    0.045
12 deployments are on it, in USD.
DEPLOYMENT      2026-05  WOULD BE  2026-06 SO FAR  WOULD BE
acme              51.20     56.35           50.00     55.00
all 12           640.10    700.30          600.00    660.00`;

export const planNoun: Noun = {
  name: 'plan',
  summary: 'price lists',
  description: 'Price lists, each in versions by date.',
  views: [
    listView(listPlans, {
      summary: 'the plans as they are on a day',
      example: `
$ arcadia plan list
PLAN    NAME    FROM                 BASE FEE  ITEMS  RETIRED (UTC)
studio  Studio  2026-01-01  50.00 USD a month      5  -`,
      columns: listedColumns,
      empty: 'No plan applies on that day. Write one: arcadia plan apply --help',
    }),
    actionView(getPlan, {
      summary: 'a plan with its prices',
      example: `
$ arcadia plan show studio
plan      studio (Studio)
from      2026-01-01
base fee  50.00 USD a month

KIND           ALLOWANCE  CHARGE BEYOND IT
droplet_hours       1488  0.02 USD`,
      text: planText,
    }),
    documentView(exportPlan, {
      details: 'Applied again it changes nothing; under another name it is a plan of its own.',
      example: `
$ arcadia plan export studio --out studio.yaml
Written to studio.yaml.`,
    }),
    actionView(retirePlan, {
      summary: 'have a plan take no new subscription; who is on it stays',
      example: `
$ arcadia plan retire studio
studio is retired. 12 deployments stay on it. Lists show it with --retired.`,
      text: ({ plan, deployments }) =>
        `${plan} is retired. ${plural(deployments, 'deployment stays', 'deployments stay')} on it. Lists show it with --retired.`,
    }),
    actionView(reopenPlan, {
      summary: 'have a retired plan take subscriptions again',
      example: `
$ arcadia plan reopen studio
studio takes subscriptions again.`,
      text: ({ plan }) => `${plan} takes subscriptions again.`,
    }),
    listView(listPlanVersions, {
      summary: "a plan's versions, the oldest first",
      example: `
$ arcadia plan versions studio
PLAN    NAME    FROM                 BASE FEE  ITEMS
studio  Studio  2026-01-01  50.00 USD a month      5
studio  Studio  2026-07-01  55.00 USD a month      5`,
      columns: planColumns,
    }),
    actionView(showPlanSheet, {
      summary: 'a plan with its prices, and what each of its meters costs by quantity',
      example: `
$ arcadia plan sheet studio
plan      studio (Studio)
from      2026-01-01
base fee  50.00 USD a month`,
      text: ({ plan, curves }) =>
        [planText(plan), ...curves.map((curve) => curveText(curve, plan.currency))].join('\n\n'),
      notes: ({ deployments }) => [`${plural(deployments, 'deployment')} on it now.`],
    }),
    listView(listPlanDeployments, {
      summary: 'deployments on a plan in a month, and how near each is to what is included',
      example: `
$ arcadia plan deployments studio --month 2026-05
DEPLOYMENT     TOTAL  LEFT
shop        79.76 USD  droplet_hours -744`,
      columns: onPlanColumns,
      empty: 'No deployment is on it.',
    }),
    actionView(previewPlans, {
      summary: 'what plan files would change, for whom and in money; nothing is written',
      details: impactDetails,
      example: `
$ arcadia plan preview plans/studio.yaml
${impactExample}`,
      text: ({ changes }) => changesText(changes),
      notes: ({ changes }) => (differs(changes) ? [] : ['Nothing differs.']),
      differs: ({ changes }) => differs(changes),
    }),
    actionView(applyPlans, {
      summary: 'apply plan files, all or nothing, after showing what changes for whom',
      details: `Each file is one version of one plan, in YAML or JSON; arcadia plan schema gives editors the JSON schema.
A version that deployments have been on never changes: new prices get a later first day (from).
${impactDetails}
With --yes nothing is shown before it is applied.`,
      example: `
$ arcadia plan apply plans/studio.yaml
${impactExample}
Apply this? [y/N] y
1 plan version written.`,
      async confirm({ surface, input, note }) {
        const body = { ...(input.body as object), deploymentsMax: shownBeforeApplying };
        const { changes } = (await surface.act(previewPlans, { ...input, body })) as AnswerOf<typeof previewPlans>;
        note(changesText(changes));
        return differs(changes) ? 'Apply this?' : null;
      },
      text: ({ written }) =>
        written === 0 ? 'Nothing differs; nothing was written.' : `${plural(written, 'plan version')} written.`,
      notes: ({ warnings }) => unbilledNotes(warnings),
    }),
    actionView(getPlanSchema, {
      summary: 'the JSON schema of a plan file, by which editors complete and check it',
      example: `
$ arcadia plan schema > plans/plan.schema.json
$ head -1 plans/studio.yaml
# yaml-language-server: $schema=./plan.schema.json`,
      text: (schema) => JSON.stringify(schema, null, 2),
    }),
  ],
};
