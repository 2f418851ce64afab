import { z } from 'zod';
import { assertOwnDeployment } from '../../deployments/index.ts';
import { usageRetired } from '../errors.ts';
import { pageOf, pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import {
  decimalOut,
  id,
  instantOut,
  optionalDayRange,
  rangeOr,
  slug,
  nextOut,
} from '../../platform/declare/schemas.ts';
import { periodStatus } from '../finality/attestations.ts';
import * as explain from '../explain/explain.ts';
import { listUnlisted } from '../../inventory/index.ts';
import { dayOf, monthOf, startOfDay } from '../period.ts';
import { listLateFacts } from '../retention/retention.ts';
import { usageAsOf } from '../runs.ts';
import { runningUsage, usageForPeriod, usagePage } from '../usage.ts';
import { usageByDay } from '../usage-days.ts';
import { billingKind, resourceKind, dayText, list } from './schemas.ts';

// Usage, why it is so, how well it is known, and how it is metered. A customer reads the usage of
// their own deployments and what it is made of; through whose account we saw it, by which sync,
// rule or person, and what we are not sure of, stays with us.

/** What domain functions give as text already. */
const moment = z.iso.datetime().meta({ description: 'UTC', examples: ['2026-05-01T06:00:00Z'] });

const deploymentParams = z.object({ deployment: slug });

const rangeQuery = z.object(optionalDayRange);

const currentMonth = (now: Temporal.Instant) => monthOf(dayOf(now));

const withoutRange = 'Without a range of days: the current month.';

const usage = z
  .record(billingKind, decimalOut)
  .meta({ description: 'Decimal, by meter', examples: [{ droplet_hours: '744', dns_zones: '2' }] });

export const getUsage = declareOperation({
  method: 'GET',
  path: '/deployments/:deployment/usage',
  name: 'usage show',
  operationId: 'getUsage',
  tag: 'usage',
  summary: 'What a deployment used, by meter',
  description: `What has been metered: every day before \`meteredThrough\` is in the sums. ${withoutRange}`,
  roles: [...staff, 'customer'],
  params: deploymentParams,
  query: rangeQuery,
  response: z
    .object({
      deployment: slug,
      from: dayText,
      to: dayText,
      meteredThrough: dayText,
      usage,
      running: usage.meta({
        description: 'What events have come to on days that are not metered yet for their meter',
        examples: [{ gateway_requests: '120' }],
      }),
    })
    .meta({ id: 'Usage', description: "A deployment's usage of a range of days" }),
  async run({ db, params, query, principal, now }) {
    const { from, to } = rangeOr(query, currentMonth(now));
    await assertOwnDeployment(db, params.deployment, principal.customerId);
    const found = await usageForPeriod(db, params.deployment, from, to);
    const meteredThrough = Temporal.PlainDate.from(found.meteredThrough);
    return { ...found, running: await runningUsage(db, params.deployment, { from, to, meteredThrough }, now) };
  },
});

export const getUsageAsOf = declareOperation({
  method: 'GET',
  path: '/deployments/:deployment/usage/revisions/:revision',
  name: 'usage as-of',
  operationId: 'getUsageAsOf',
  tag: 'usage',
  summary: 'What a deployment used, as it was once a metering had written',
  refuses: [usageRetired],
  roles: staff,
  params: z.object({ deployment: slug, revision: id }),
  query: rangeQuery,
  response: z.object({
    deployment: slug,
    from: dayText,
    to: dayText,
    asOfRevision: z.int().meta({ examples: [41] }),
    asOf: moment,
    usage,
  }),
  run: ({ db, params, query, now }) =>
    usageAsOf(db, params.deployment, rangeOr(query, currentMonth(now)), params.revision),
});

export const listUsageDays = declareList({
  path: '/deployments/:deployment/usage/days',
  name: 'usage days',
  operationId: 'listUsageDays',
  tag: 'usage',
  summary: 'What a deployment used day by day, then by meter',
  description: `Hours are added up. Days whose records are past their retention are left out. ${withoutRange}`,
  roles: [...staff, 'customer'],
  params: deploymentParams,
  query: z.object({ ...optionalDayRange, kind: billingKind.optional() }),
  row: z
    .object({ day: dayText, kind: billingKind, quantity: decimalOut, records: z.int().meta({ examples: [3] }) })
    .meta({ id: 'UsageOfDay', description: 'Usage of one kind on one UTC day' }),
  search: { none: 'one deployment; the filter by meter is exact' },
  sort: { none: 'by day, then by meter' },
  total: true,
  async run({ db, params, query, principal, now }, page) {
    const { from, to } = rangeOr(query, currentMonth(now));
    await assertOwnDeployment(db, params.deployment, principal.customerId);
    const days = await usageByDay(db, params.deployment, from, to);
    const chosen = query.kind === undefined ? days : days.filter((one) => one.kind === query.kind);
    return pageOfAll(chosen, page, (row) => [row.day, row.kind]);
  },
});

export const listUsage = declareList({
  path: '/usage',
  name: 'usage list',
  operationId: 'listUsage',
  tag: 'usage',
  summary: 'What every deployment used, by its slug, then by meter',
  description: `With \`unattributed\`, which is what is unassigned. A customer sees their own deployments. ${withoutRange}`,
  roles: [...staff, 'customer'],
  query: rangeQuery,
  row: z
    .object({ deployment: slug, kind: billingKind, quantity: decimalOut, meteredThrough: dayText })
    .meta({ id: 'UsageOfKind', description: 'What one deployment used of one kind' }),
  search: { none: 'usage is summed page by page: usage show sums one deployment' },
  sort: { none: 'usage is summed page by page, in the order of the deployments' },
  total: { none: 'usage is summed page by page' },
  async run({ db, query, principal, now }, { limit, cursor }) {
    const { customerId } = principal;
    const range = rangeOr(query, currentMonth(now));
    const [deployment = '', kind = ''] = cursor?.split(' ') ?? [];
    const after = cursor === null ? null : { deployment, kind };
    const rows = await usagePage(db, range, { customerId, after, limit: limit + 1 });
    return pageOf(rows, limit, (last) => `${last.deployment} ${last.kind}`);
  },
});

const cause = z.object({
  stateSince: moment.nullable(),
  recordedAt: moment.nullable().meta({ description: 'When we knew' }),
  recordedBy: z.string().nullable(),
  syncRun: z.object({ syncRunId: z.int(), kind: z.string(), startedAt: moment }).nullable(),
  action: z
    .object({ actionId: z.string(), type: z.string(), completedAt: moment })
    .nullable()
    .meta({ description: "Of the provider's action log" }),
  owners: z
    .string()
    .nullable()
    .meta({ description: 'With shares where there are several', examples: ['acme 1/3, beta 2/3'] }),
  rule: z
    .object({
      ruleId: z.int(),
      kind: z.string(),
      pattern: z.string().nullable(),
      project: z.string().nullable(),
      recordedBy: z.string().nullable(),
      recordedAt: moment.nullable(),
    })
    .nullable(),
  assignment: z.object({ by: z.string(), at: moment }).nullable(),
});

const rolledUpMonth = z
  .object({
    month: z.string().meta({ description: 'A UTC calendar month', examples: ['2024-05'] }),
    from: dayText,
    to: dayText,
    quantity: decimalOut.meta({ description: "Of the month's days from `from` to `to`: its part of the sum" }),
    monthQuantity: decimalOut.meta({ description: 'Of the whole month' }),
    records: z.int().meta({ description: 'How many records were added up, and then removed' }),
    rolledUpAt: moment,
    digest: z.string().meta({
      description: 'SHA-256 of the records, in hex: it proves a copy of them to be what was added up',
    }),
    note: z.string().meta({ description: 'All of this in a sentence' }),
  })
  .meta({ id: 'RolledUpMonth', description: 'What is left of a month whose records were past their retention' });

const raisedMonth = z
  .object({
    month: z.string().meta({ description: 'A UTC calendar month', examples: ['2026-05'] }),
    from: moment,
    to: moment,
    before: decimalOut.meta({ description: 'The figure of the resource at `from`, whoever owned it' }),
    level: decimalOut.meta({ description: 'The same at `to`' }),
    discardedSeconds: decimalOut.meta({ description: "How much of the month's time does not count; 0 for a peak" }),
    heldSeconds: decimalOut.meta({ description: 'How long, up to `to`, a level was held that is at least `level`' }),
    aboveSeconds: decimalOut.meta({ description: 'How long a greater one: no longer than discardedSeconds' }),
    raises: list(
      z.object({
        at: moment,
        before: decimalOut,
        level: decimalOut,
        share: z.string().nullable(),
        quantity: decimalOut,
      }),
    ).meta({ description: 'When the figure rose while it was the deployment that owned the resource, or a share' }),
    more: z.object({ raises: z.int(), quantity: decimalOut }).nullable(),
  })
  .meta({ id: 'RaisedMonth', description: 'How a peak or a percentile of a month came about' });

export const explainUsage = declareList({
  path: '/deployments/:deployment/usage/explanation',
  name: 'usage explain',
  operationId: 'explainUsage',
  tag: 'usage',
  summary: 'Where a sum comes from: resources, days and intervals, and what made each of them so',
  description:
    'The resources that used most first. Days add up to a resource, and so do its intervals with `pending` and `more`; resources to the sum. To customers `cause`, `carriedForwardFrom` and `observation` are null.',
  roles: [...staff, 'customer'],
  params: deploymentParams,
  query: z.object({ ...optionalDayRange, kind: billingKind }),
  row: z
    .object({
      resourceId: z.int().meta({ examples: [17] }),
      resourceKind,
      externalId: z.string().meta({ examples: ['3164494'] }),
      name: z.string().nullable(),
      quantity: decimalOut,
      pending: decimalOut.meta({ description: 'What of it is no longer so: the next metering replaces it' }),
      days: list(
        z.object({
          day: dayText,
          records: z.int(),
          quantity: decimalOut,
          revision: z.int(),
          observation: z.enum(['confirmed', 'carried forward']).nullable(),
        }),
      ),
      months: list(raisedMonth).meta({ description: 'Of a peak or a percentile; empty of a sum' }),
      intervals: list(
        z.object({
          from: moment,
          to: moment,
          level: decimalOut.meta({ description: 'What counts at each instant' }),
          share: z
            .string()
            .nullable()
            .meta({ description: 'null: all of it', examples: ['1/3'] }),
          quantity: decimalOut,
          status: z.string().nullable(),
          attributes: z.record(z.string(), z.unknown()).nullable(),
          source: z.enum(['listing', 'action', 'operator', 'assumed']).nullable(),
          carriedForwardFrom: moment.nullable(),
          cause: cause.nullable(),
        }),
      ),
      more: z.object({ intervals: z.int(), quantity: decimalOut }).nullable(),
    })
    .meta({ id: 'ExplainedResource', description: 'What one resource adds to a sum, and why' }),
  extra: z.object({
    deployment: slug,
    kind: billingKind,
    title: z.string(),
    unit: z.string().meta({ examples: ['hour'] }),
    accrual: z.enum(['hours', 'month', 'events']),
    aggregation: z.enum(['sum', 'peak', 'percentile', 'unique']),
    percentile: decimalOut.nullable(),
    from: dayText,
    to: dayText,
    meteredThrough: dayText,
    quantity: decimalOut.meta({ description: 'The sum' }),
    rolledUp: decimalOut.meta({
      description: 'What of the sum lies before recordsFrom, in months that are rolled up: the sum of rolledUpMonths',
    }),
    rolledUpMonths: list(rolledUpMonth),
    explained: decimalOut.meta({ description: 'What all intervals of all resources add up to' }),
    pending: decimalOut,
    recordsFrom: dayText.nullable().meta({ description: 'Records before it are past their retention' }),
    resourcesTotal: z.int(),
  }),
  search: { none: 'one sum' },
  sort: { none: 'by resource, and each once' },
  total: { none: 'the sum itself stands beside the resources' },
  async run({ db, params, query, principal, now }, { limit, cursor }) {
    await assertOwnDeployment(db, params.deployment, principal.customerId);
    const { resources, nextCursor, ...sum } = await explain.explainUsage(db, {
      ...params,
      kind: query.kind,
      ...rangeOr(query, currentMonth(now)),
      audience: principal.role === 'customer' ? 'customer' : 'staff',
      limit: Math.min(limit, explainedMax),
      cursor,
    });
    return { items: resources, nextCursor, ...sum };
  },
});

/** Resources that one answer explains at most, whatever the limit. */
const explainedMax = 100;

export const getUsageStatus = declareOperation({
  method: 'GET',
  path: '/usage/status',
  name: 'usage status',
  operationId: 'getUsageStatus',
  tag: 'usage',
  summary: 'Whether a period is complete, confirmed and final, and what is missing',
  description: 'Without a range of days: the month before the current one.',
  roles: staff,
  query: z.object({
    ...optionalDayRange,
    deployment: slug.optional().meta({ description: 'Only what matters to it' }),
    customer: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: "Only what matters to the customer's deployments" }),
  }),
  response: z.object({
    from: dayText,
    to: dayText,
    complete: z.boolean(),
    confirmed: z.boolean(),
    final: z.boolean(),
    kinds: list(
      z.object({
        kind: billingKind,
        resourceKind,
        daysMissing: z.int(),
        accountsUnconfirmed: z.int(),
        confirmed: z.boolean(),
        final: z.boolean(),
      }),
    ),
    accounts: list(
      z.object({
        account: slug,
        resourceKind,
        syncedAt: moment.nullable(),
        confirmedThrough: moment.nullable(),
        confirmed: z.boolean(),
      }),
    ),
    blockers: list(
      z.object({
        reason: z.enum(['incomplete', 'not_metered', 'changes_pending', 'unconfirmed', 'beyond_limit', 'unlisted']),
        message: z.string(),
        todo: z.string(),
        kind: billingKind.nullable(),
        account: slug.nullable(),
        resourceKind: resourceKind.nullable(),
        since: moment.nullable(),
        next: nextOut,
      }),
    ),
    blockersTotal: z.int(),
    unlisted: list(
      z.object({
        account: slug,
        kind: z.string().meta({ examples: ['nfs'] }),
        hidden: z.int().meta({ description: 'How many' }),
        urns: list(z.string()).meta({ description: 'The first of them' }),
        since: instantOut.meta({ description: 'When projects first showed one of them' }),
      }),
    ).meta({
      description:
        'What projects showed in the period and no listing did, of all accounts: it may cost money, and is not metered. Of kinds that are metered it is a blocker too.',
    }),
  }),
  async run({ db, query, now }) {
    const range = rangeOr(query, monthOf(dayOf(now).with({ day: 1 }).subtract({ days: 1 })));
    const within = { from: startOfDay(range.from), to: startOfDay(range.to) };
    return { ...(await periodStatus(db, { ...query, ...range, now })), unlisted: await listUnlisted(db, within) };
  },
});

export const listLateUsage = declareList({
  path: '/usage/late-facts',
  name: 'usage late',
  operationId: 'listLateUsage',
  tag: 'usage',
  summary: 'Facts that came when the records of their time were gone already, newest first',
  description: 'Nothing is metered from them: the month is rolled up.',
  roles: staff,
  row: z
    .object({
      changeId: id,
      resourceId: id,
      resourceKind,
      externalId: z.string(),
      cause: z.string().meta({ examples: ['state'] }),
      from: instantOut,
      to: instantOut.nullable().meta({ description: 'null: to this day' }),
      recordedAt: instantOut,
      kinds: list(billingKind).meta({ description: 'Meters that it would have changed' }),
    })
    .meta({ id: 'LateFact', description: 'A fact about a time whose usage records are gone' }),
  search: { none: 'usage late is for reading, the newest first' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'years of facts' },
  run: ({ db }, page) => listLateFacts(db, page),
});

export const usageOperations: readonly Operation[] = [
  getUsage,
  getUsageAsOf,
  listUsageDays,
  listUsage,
  explainUsage,
  getUsageStatus,
  listLateUsage,
];
