import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import {
  declareDocument,
  declareList,
  declareOperation,
  staff,
  type Operation,
} from '../../platform/declare/operation.ts';
import { day, dayOut, decimalOut } from '../../platform/declare/schemas.ts';
import { listText } from '../../platform/declare/yaml-file.ts';
import * as kinds from '../kinds.ts';
import { previewKindChange } from '../preview-kind.ts';
import { dayOf } from '../period.ts';
import { billingKind, list, resourceKind } from './schemas.ts';

const kind = z
  .object({
    kind: billingKind,
    title: z.string().meta({ examples: ['Droplet hours, running'] }),
    resourceKind,
    accrual: z.enum(['hours', 'month', 'events']),
    aggregation: z.enum(['sum', 'peak', 'percentile', 'unique']),
    percentile: decimalOut.nullable(),
    unit: z.string().meta({ examples: ['hour'] }),
    statuses: list(z.string()).nullable(),
    filter: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    weight: z.object({ attribute: z.string(), divisor: decimalOut }).nullable(),
    enabled: z.boolean(),
    granularity: z.enum(['day', 'hour']),
    retentionDays: z.int().meta({ examples: [730] }),
  })
  .meta({ id: 'BillingKind', description: 'What is metered, and how, as it stands on a day' });

const onQuery = z.object({ at: day.optional().meta({ description: 'Today unless given' }) });

export const listKinds = declareList({
  path: '/kinds',
  name: 'kind list',
  operationId: 'listKinds',
  tag: 'usage',
  summary: 'Every meter as it stands on a day, enabled or not',
  roles: [...staff, 'customer'],
  query: onQuery,
  row: kind,
  search: { in: 'the name, the title and the kind of resource' },
  sort: { by: ['kind', 'title', 'resourceKind', 'unit', 'retentionDays'] },
  total: true,
  async run({ db, query, now }, page) {
    return pageOfAll(await kinds.listKinds(db, query.at ?? dayOf(now)), page, (row) => [row.kind], {
      texts: (row) => [row.kind, row.title, row.resourceKind],
      sorts: {
        title: ({ title }) => title.toLowerCase(),
        resourceKind: (row) => row.resourceKind,
        unit: ({ unit }) => unit,
        retentionDays: ({ retentionDays }) => retentionDays,
      },
    });
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

export const getKind = declareOperation({
  method: 'GET',
  path: '/kinds/:kind',
  name: 'kind show',
  operationId: 'getKind',
  tag: 'usage',
  summary: 'A meter, with its definitions over time',
  roles: [...staff, 'customer'],
  params: kindParams,
  response: kindHistory,
  run: ({ db, params, now }) => kinds.getKind(db, params.kind, dayOf(now)),
});

const kindExample = {
  kind: 'small_droplet_hours',
  title: 'Hours of the smallest droplet',
  resourceKind: 'droplet',
  accrual: 'hours',
  unit: 'hour',
  statuses: ['active'],
  filter: { size_slug: 's-1vcpu-512mb-10gb' },
} as const;

export const addKind = declareOperation({
  method: 'POST',
  path: '/kinds',
  name: 'kind add',
  operationId: 'addKind',
  tag: 'usage',
  summary: 'Add a meter, disabled',
  description: 'Defined from the beginning of history. One that is there and means the same is left alone.',
  roles: ['owner', 'operator'],
  command: { positional: ['kind'], flags: { resourceKind: 'of', statuses: 'status' } },
  body: kinds.kindSchema.meta({ examples: [kindExample] }),
  response: kindHistory,
  status: 201,
  location: (made) => `/kinds/${made.kind}`,
  async run({ db, body, now }) {
    await kinds.addKind(db, body);
    return kinds.getKind(db, body.kind, dayOf(now));
  },
});

export const importKinds = declareOperation({
  method: 'POST',
  path: '/kinds/import',
  name: 'kind import',
  operationId: 'importKinds',
  tag: 'usage',
  summary: 'Add the meters of a file, disabled, all or none',
  roles: ['owner', 'operator'],
  command: { file: true },
  body: kinds.kindsFileSchema.meta({ examples: [{ kinds: [kindExample] }] }),
  response: z.object({ added: z.array(billingKind).meta({ description: 'Those that are new' }) }),
  run: async ({ db, body }) => ({ added: await kinds.addKinds(db, body.kinds) }),
});

export const exportKinds = declareDocument({
  path: '/kinds/export',
  name: 'kind export',
  operationId: 'exportKinds',
  tag: 'usage',
  summary: 'Every meter as it stands on a day, as a file of meters',
  description:
    'Imported again it changes nothing. Whether a meter is enabled, and how long its usage is kept, is not in it.',
  roles: staff,
  query: onQuery,
  produces: ['application/yaml'],
  async run({ db, query, now }) {
    const rows = await kinds.listKinds(db, query.at ?? dayOf(now));
    const meters = rows.map(({ enabled: _, granularity: __, retentionDays: ___, ...meter }) => meter);
    return { type: 'application/yaml', body: listText('kinds', meters), filename: 'kinds.yaml' };
  },
});

export const changeKind = declareOperation({
  method: 'PATCH',
  path: '/kinds/:kind',
  name: 'kind set',
  operationId: 'changeKind',
  tag: 'usage',
  summary: 'Change a meter, from a day on',
  description:
    'Days that are metered already are metered again. 2000-01-01 is the beginning of history. With `preview` nothing is kept, and the answer says which days that would be.',
  roles: ['owner', 'operator'],
  params: kindParams,
  command: { flags: { fromDay: 'from', statuses: 'status', preview: 'dry-run' } },
  body: kinds.kindChangeSchema.extend({
    fromDay: day.optional().meta({ description: 'The first UTC day on which it applies; today unless given' }),
  }),
  query: z.object({
    preview: z.boolean().default(false).meta({ description: 'Write nothing, and answer what it would change' }),
  }),
  response: kindHistory.extend({
    preview: z
      .object({
        days: z.int().meta({ description: 'How many metered days would be metered again' }),
        from: dayOut.nullable().meta({ description: 'The first of them' }),
        to: dayOut.nullable().meta({ description: 'The last of them' }),
        months: list(z.string().meta({ examples: ['2026-05'] })).meta({ description: 'In which they lie' }),
      })
      .nullable()
      .meta({ description: 'null: it was written' }),
  }),
  edits: getKind,
  // A preview rolls back a transaction of its own.
  async prepare({ db, params, query, body, now }) {
    if (body.weight !== undefined) await kinds.assertWeighed(db, params.kind, now);
    if (!query.preview) return null;
    const { fromDay, ...change } = body;
    const { kind: made, again } = await previewKindChange(db, params.kind, fromDay ?? dayOf(now), change, now);
    return { ...made, preview: { ...again, months: again.months.map(String) } };
  },
  async run({ db, params, body, now }, found) {
    if (found !== null) return found;
    const { fromDay, ...change } = body;
    await kinds.changeKind(db, params.kind, fromDay ?? dayOf(now), change);
    return { ...(await kinds.getKind(db, params.kind, dayOf(now))), preview: null };
  },
});

export const kindOperations: readonly Operation[] = [listKinds, getKind, addKind, importKinds, exportKinds, changeKind];
