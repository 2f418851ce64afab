import { z } from 'zod';
import { pageOf, pageOfAll } from '../platform/declare/pages.ts';
import { declareList, declareOperation, type Operation, staff } from '../platform/declare/operation.ts';
import { day, dayOut, dayRange, decimalOut, id, instant, instantOut, line, slug } from '../platform/declare/schemas.ts';
import {
  confirmUsage,
  listConfirmations,
  listObservationLimits,
  periodStatus,
  setObservationLimit,
  withdrawConfirmation,
} from './finality/attestations.ts';
import { diffUsage } from './diff.ts';
import { explainUsage } from './explain/explain.ts';
import { addKind, changeKind, getKind, kindChangeSchema, kindSchema, listKinds } from './kinds.ts';
import { dayOf } from './period.ts';
import { listRuns, usageAsOf } from './runs.ts';
import { usageForPeriod, usagePage } from './usage.ts';
import { usageByDay } from './usage-days.ts';

// Usage, why it is so, how well it is known, and how it is metered. A customer reads the usage of
// their own deployments and what it is made of; through whose account we saw it, by which sync,
// rule or person, and what we are not sure of, stays with us.

const billingKind = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/)
  .meta({ description: 'A billing kind', examples: ['droplet_hours'] });
const resourceKind = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/)
  .meta({ description: 'A kind of resource', examples: ['droplet'] });
/** What domain functions give as text already. */
const moment = z.iso.datetime().meta({ description: 'UTC', examples: ['2026-05-01T06:00:00Z'] });
const dayText = z.iso.date().meta({ description: 'A UTC day', examples: ['2026-05-01'] });
/** What domain functions give as lists that nobody changes. */
const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();
const deploymentParams = z.object({ deployment: slug });
const rangeQuery = z.object(dayRange);

// --- Usage ---

const usage = z
  .record(billingKind, decimalOut)
  .meta({ description: 'Exact, by billing kind', examples: [{ droplet_hours: '744', dns_zones: '2' }] });

const getUsageRoute = declareOperation({
  method: 'GET',
  path: '/deployments/:deployment/usage',
  name: 'usage show',
  operationId: 'getUsage',
  tag: 'usage',
  summary: 'What a deployment used, by billing kind',
  description: 'What has been metered: every day before `meteredThrough` is in the sums.',
  roles: [...staff, 'customer'],
  params: deploymentParams,
  query: rangeQuery,
  response: z
    .object({ deployment: slug, from: dayText, to: dayText, meteredThrough: dayText, usage })
    .meta({ id: 'Usage', description: "A deployment's usage of a range of days" }),
  run: ({ db, params, query }) => usageForPeriod(db, params.deployment, query.from, query.to),
});

const getUsageAsOfRoute = declareOperation({
  method: 'GET',
  path: '/deployments/:deployment/usage/revisions/:revision',
  name: 'usage as-of',
  operationId: 'getUsageAsOf',
  tag: 'usage',
  summary: 'What a deployment used, as it was once a metering had written',
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
  run: ({ db, params, query }) => usageAsOf(db, params.deployment, query, params.revision),
});

const listUsageDaysRoute = declareList({
  path: '/deployments/:deployment/usage/days',
  name: 'usage days',
  operationId: 'listUsageDays',
  tag: 'usage',
  summary: 'What a deployment used day by day, then by billing kind',
  description: 'Hours are added up. Days whose records are past their retention are left out.',
  roles: [...staff, 'customer'],
  params: deploymentParams,
  query: z.object({ ...dayRange, kind: billingKind.optional() }),
  row: z
    .object({ day: dayText, kind: billingKind, quantity: decimalOut, records: z.int().meta({ examples: [3] }) })
    .meta({ id: 'UsageOfDay', description: 'Usage of one kind on one UTC day' }),
  async run({ db, params, query }, page) {
    const days = await usageByDay(db, params.deployment, query.from, query.to);
    const chosen = query.kind === undefined ? days : days.filter((one) => one.kind === query.kind);
    return pageOfAll(chosen, page, (row) => [row.day, row.kind]);
  },
});

const listUsageRoute = declareList({
  path: '/usage',
  name: 'usage list',
  operationId: 'listUsage',
  tag: 'usage',
  summary: 'What every deployment used, by its slug, then by billing kind',
  description: 'With `unattributed`, which holds what nobody owns. A customer sees their own deployments.',
  roles: [...staff, 'customer'],
  query: rangeQuery,
  row: z
    .object({ deployment: slug, kind: billingKind, quantity: decimalOut, meteredThrough: dayText })
    .meta({ id: 'UsageOfKind', description: 'What one deployment used of one kind' }),
  async run({ db, query, principal }, { limit, cursor }) {
    const { customerId } = principal;
    const [deployment = '', kind = ''] = cursor?.split(' ') ?? [];
    const after = cursor === null ? null : { deployment, kind };
    const rows = await usagePage(db, query, { customerId, after, limit: limit + 1 });
    return pageOf(rows, limit, (last) => `${last.deployment} ${last.kind}`);
  },
});

// --- Why ---

const cause = z.object({
  stateSince: moment.nullable(),
  recordedAt: moment.nullable().meta({ description: 'When we knew' }),
  recordedBy: z.string().nullable(),
  syncRun: z.object({ id: z.int(), kind: z.string(), startedAt: moment }).nullable(),
  action: z
    .object({ id: z.string(), type: z.string(), completedAt: moment })
    .nullable()
    .meta({ description: "Of the provider's action log" }),
  owners: z
    .string()
    .nullable()
    .meta({ description: 'With shares where there are several', examples: ['acme 1/3, beta 2/3'] }),
  rule: z
    .object({
      id: z.int(),
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

const explainUsageRoute = declareList({
  path: '/deployments/:deployment/usage/explanation',
  name: 'usage explain',
  operationId: 'explainUsage',
  tag: 'usage',
  summary: 'Where a sum comes from: resources, days and intervals, and what made each of them so',
  description:
    'The resources that used most first. Days add up to a resource, and so do its intervals with `pending` and `more`; resources to the sum. To customers `cause`, `carriedForwardFrom` and `observation` are null.',
  roles: [...staff, 'customer'],
  params: deploymentParams,
  query: z.object({ ...dayRange, kind: billingKind }),
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
    accrual: z.enum(['hours', 'month']),
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
  async run({ db, params, query, principal }, { limit, cursor }) {
    const { resources, nextCursor, ...sum } = await explainUsage(db, {
      ...params,
      ...query,
      audience: principal.role === 'customer' ? 'customer' : 'staff',
      limit: Math.min(limit, explainedMax),
      cursor,
    });
    return { items: resources, nextCursor, ...sum };
  },
});

/** Resources that one answer explains at most, whatever the limit. */
const explainedMax = 100;

// --- How well it is known ---

const getUsageStatusRoute = declareOperation({
  method: 'GET',
  path: '/usage/status',
  name: 'usage status',
  operationId: 'getUsageStatus',
  tag: 'usage',
  summary: 'Whether a period is complete, confirmed and final, and what is missing',
  roles: staff,
  query: z.object({
    ...dayRange,
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
    obstacles: list(
      z.object({
        reason: z.enum(['incomplete', 'not_metered', 'changes_pending', 'unconfirmed', 'beyond_limit']),
        message: z.string(),
        todo: z.string(),
        kind: billingKind.nullable(),
        account: slug.nullable(),
        resourceKind: resourceKind.nullable(),
        since: moment.nullable(),
      }),
    ),
    obstaclesTotal: z.int(),
  }),
  run: ({ db, query, now }) => periodStatus(db, { ...query, now }),
});

const confirmation = z
  .object({
    confirmationId: id.meta({ examples: [4] }),
    account: slug,
    resourceKind,
    through: instantOut,
    reason: z.string(),
    recordedAt: instantOut,
    recordedBy: z.string(),
    withdrawnAt: instantOut.nullable().meta({ description: 'null: it stands' }),
    withdrawnBy: z.string().nullable(),
  })
  .meta({ id: 'UsageConfirmation', description: "An operator's word that what is recorded is right" });

const listConfirmationsRoute = declareList({
  path: '/usage/confirmations',
  name: 'usage confirmation list',
  operationId: 'listUsageConfirmations',
  tag: 'usage',
  summary: "Operators' words on usage that no listing confirms, newest first",
  roles: staff,
  row: confirmation,
  run: ({ db }, page) => listConfirmations(db, page),
});

const confirmUsageRoute = declareOperation({
  method: 'POST',
  path: '/usage/confirmations',
  name: 'usage confirm',
  operationId: 'confirmUsage',
  tag: 'usage',
  summary: 'Confirm what is recorded of an account and kind, up to a moment',
  description: 'It counts as a complete listing that began then. No usage changes.',
  roles: ['owner', 'operator'],
  body: z.strictObject({ account: slug, resourceKind, through: instant, reason: line }),
  response: z.object({ confirmationId: id.meta({ examples: [4] }) }),
  status: 201,
  location: ({ confirmationId }) => `/usage/confirmations/${confirmationId}`,
  run: ({ db, body, now, principal }) => confirmUsage(db, body, principal.subject, now),
});

const withdrawConfirmationRoute = declareOperation({
  method: 'DELETE',
  path: '/usage/confirmations/:confirmation',
  name: 'usage confirmation withdraw',
  operationId: 'withdrawUsageConfirmation',
  tag: 'usage',
  summary: 'Take a confirmation back; it stays on record',
  roles: ['owner', 'operator'],
  params: z.object({ confirmation: id }),
  run: ({ db, params, now, principal }) => withdrawConfirmation(db, params.confirmation, principal.subject, now),
});

const hours = z.int().min(1).max(8784);
const observationLimit = z
  .object({
    resourceKind: z.string().meta({ description: '*: every kind without limits of its own', examples: ['droplet'] }),
    fromDay: dayOut,
    gapAfterHours: hours.meta({ description: 'So long without a complete listing is a gap', examples: [6] }),
    carryForwardHours: hours.meta({ description: 'For so long usage is carried forward', examples: [72] }),
  })
  .meta({ id: 'ObservationLimit', description: 'How long metering goes on without seeing' });

const listLimitsRoute = declareList({
  path: '/usage/limits',
  name: 'usage limit list',
  operationId: 'listObservationLimits',
  tag: 'usage',
  summary: 'After how long without a listing there is a gap, and for how long usage is carried forward',
  roles: staff,
  row: observationLimit,
  async run({ db }, page) {
    return pageOfAll(await listObservationLimits(db), page, (row) => [row.resourceKind, row.fromDay]);
  },
});

const setLimitRoute = declareOperation({
  method: 'POST',
  path: '/usage/limits',
  name: 'usage limit set',
  operationId: 'setObservationLimit',
  tag: 'usage',
  summary: 'Set those limits of a kind of resource, from a day on',
  description: 'What is not given stays as it is on that day.',
  roles: ['owner', 'operator'],
  body: z.strictObject({
    resourceKind: z.union([resourceKind, z.literal('*')]).meta({ examples: ['droplet'] }),
    fromDay: day,
    gapAfterHours: hours.optional(),
    carryForwardHours: hours.optional(),
  }),
  response: observationLimit,
  run: ({ db, body }) => setObservationLimit(db, body),
});

// --- Metering ---

const listRunsRoute = declareList({
  path: '/metering/runs',
  name: 'meter runs',
  operationId: 'listMeteringRuns',
  tag: 'usage',
  summary: 'The meterings that wrote something, newest first',
  roles: staff,
  row: z
    .object({
      revision: z.int().meta({ description: 'Marks all that it wrote', examples: [41] }),
      day: dayOut,
      cause: z.enum(['first', 'changes', 'config', 'verify']),
      startedAt: instantOut,
      inserted: z.int(),
      changed: z.int(),
      deleted: z.int(),
    })
    .meta({ id: 'MeteringRun', description: 'One metering of one day' }),
  run: ({ db }, page) => listRuns(db, page),
});

const difference = {
  deployment: slug,
  kind: billingKind,
  before: decimalOut,
  after: decimalOut,
  change: decimalOut,
  recordsFrom: dayText
    .nullable()
    .meta({ description: 'Usage of the days before it is rolled up, and neither in before nor in after' }),
  inserted: z.int(),
  changed: z.int(),
  deleted: z.int(),
};

const diffUsageRoute = declareOperation({
  method: 'POST',
  path: '/metering/diff',
  name: 'meter diff',
  operationId: 'diffUsage',
  tag: 'usage',
  summary: 'What metering a range of days would change, before and after',
  description: 'Writes no usage. Days that no fact has touched since they were metered are not compared.',
  roles: ['owner', 'operator'],
  asks: true,
  body: z.strictObject({
    ...dayRange,
    verify: z.boolean().default(false).meta({ description: 'Compare every record' }),
    resourcesMax: z.int().min(1).max(1000).default(100),
  }),
  response: z.object({
    from: dayText.nullable(),
    to: dayText.nullable(),
    days: z.int().meta({ description: 'Days that were compared' }),
    differs: z.boolean(),
    deployments: list(z.object(difference)),
    deploymentsTotal: z.int(),
    resources: list(
      z.object({
        ...difference,
        resourceId: z.int(),
        resourceKind,
        externalId: z.string(),
        name: z.string().nullable(),
      }),
    ),
    resourcesTotal: z.int(),
  }),
  run: ({ db, body, now, signal }) =>
    diffUsage(db, { range: body, now, verify: body.verify, limit: body.resourcesMax, signal }),
});

// --- Billing kinds ---

const kind = z
  .object({
    kind: billingKind,
    title: z.string().meta({ examples: ['Droplet hours, running'] }),
    resourceKind,
    accrual: z.enum(['hours', 'month']),
    unit: z.string().meta({ examples: ['hour'] }),
    statuses: list(z.string()).nullable(),
    filter: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    weight: z.object({ attribute: z.string(), divisor: decimalOut }).nullable(),
    enabled: z.boolean(),
    granularity: z.enum(['day', 'hour']),
    retentionDays: z.int().meta({ examples: [730] }),
  })
  .meta({ id: 'BillingKind', description: 'What is metered, and how, as it stands on a day' });

const onQuery = z.object({ on: day.optional().meta({ description: 'Today unless given' }) });

const listKindsRoute = declareList({
  path: '/kinds',
  name: 'kind list',
  operationId: 'listKinds',
  tag: 'usage',
  summary: 'Every billing kind as it stands on a day, enabled or not',
  roles: [...staff, 'customer'],
  query: onQuery,
  row: kind,
  async run({ db, query, now }, page) {
    return pageOfAll(await listKinds(db, query.on ?? dayOf(now)), page, (row) => [row.kind]);
  },
});

const kindHistory = kind.extend({
  definitions: list(
    z.object({
      fromDay: dayOut,
      statuses: list(z.string()).nullable(),
      filter: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
      weightAttribute: z.string().nullable(),
      weightDivisor: decimalOut,
    }),
  ),
  configs: list(
    z.object({ fromDay: dayOut, enabled: z.boolean(), granularity: z.enum(['day', 'hour']), retentionDays: z.int() }),
  ),
});

const kindParams = z.object({ kind: billingKind });

const getKindRoute = declareOperation({
  method: 'GET',
  path: '/kinds/:kind',
  name: 'kind show',
  operationId: 'getKind',
  tag: 'usage',
  summary: 'A billing kind, with all that it meant and how it was metered',
  roles: [...staff, 'customer'],
  params: kindParams,
  response: kindHistory,
  run: ({ db, params, now }) => getKind(db, params.kind, dayOf(now)),
});

const addKindRoute = declareOperation({
  method: 'POST',
  path: '/kinds',
  name: 'kind add',
  operationId: 'addKind',
  tag: 'usage',
  summary: 'Add a billing kind, disabled',
  description: 'Defined from the beginning of history. One that is there and means the same is left alone.',
  roles: ['owner', 'operator'],
  body: kindSchema.meta({
    examples: [
      {
        kind: 'small_droplet_hours',
        title: 'Hours of the smallest droplet',
        resourceKind: 'droplet',
        accrual: 'hours',
        unit: 'hour',
        statuses: ['active'],
        filter: { size_slug: 's-1vcpu-512mb-10gb' },
      },
    ],
  }),
  response: kindHistory,
  status: 201,
  location: (made) => `/kinds/${made.kind}`,
  async run({ db, body, now }) {
    await addKind(db, body);
    return getKind(db, body.kind, dayOf(now));
  },
});

const changeKindRoute = declareOperation({
  method: 'PATCH',
  path: '/kinds/:kind',
  name: 'kind set',
  operationId: 'changeKind',
  tag: 'usage',
  summary: 'Change how a billing kind is metered, or what counts, from a day on',
  description: 'Days that are metered already are metered again. 2000-01-01 is the beginning of history.',
  roles: ['owner', 'operator'],
  params: kindParams,
  body: kindChangeSchema.extend({ fromDay: day }),
  response: kindHistory,
  edits: getKindRoute,
  async run({ db, params, body, now }) {
    const { fromDay, ...change } = body;
    await changeKind(db, params.kind, fromDay, change);
    return getKind(db, params.kind, dayOf(now));
  },
});

export const meteringRoutes: readonly Operation[] = [
  listUsageRoute,
  getUsageRoute,
  getUsageAsOfRoute,
  listUsageDaysRoute,
  explainUsageRoute,
  getUsageStatusRoute,
  listConfirmationsRoute,
  confirmUsageRoute,
  withdrawConfirmationRoute,
  listLimitsRoute,
  setLimitRoute,
  listRunsRoute,
  diffUsageRoute,
  listKindsRoute,
  getKindRoute,
  addKindRoute,
  changeKindRoute,
];
