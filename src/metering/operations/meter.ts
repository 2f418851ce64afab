import { z } from 'zod';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { dayOut, decimalOut, instantOut, optionalDayRange, rangeOr, slug } from '../../platform/declare/schemas.ts';
import * as diff from '../diff.ts';
import { meterDayJob, meterJob } from '../jobs.ts';
import { assertMeterable } from '../meter.ts';
import { daysOf } from '../period.ts';
import { listRuns, newestRevision } from '../runs.ts';
import { billingKind, resourceKind, dayText, list } from './schemas.ts';

export const listMeteringRuns = declareList({
  path: '/metering/runs',
  name: 'meter runs',
  operationId: 'listMeteringRuns',
  tag: 'usage',
  summary: 'The meterings that wrote something, newest first',
  roles: staff,
  query: z.object({
    ...optionalDayRange,
    after: z.int().min(0).optional().meta({ description: 'Only revisions beyond this one' }),
  }),
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
  search: { none: 'a run has no words' },
  sort: { none: 'the newest first, as it is indexed' },
  total: { none: 'a row for each metering' },
  run: ({ db, query }, page) => listRuns(db, { ...page, after: query.after, range: rangeOr(query, null) }),
});

export const runMetering = declareOperation({
  method: 'POST',
  path: '/metering/runs',
  name: 'meter run',
  operationId: 'runMetering',
  tag: 'usage',
  summary: 'Bring usage up to date, day by day',
  description:
    'By a job for each day. Without a range: every complete day that is not up to date. A day can be metered any number of times; what differs is replaced, and a day that is up to date is left alone.',
  roles: ['owner', 'operator'],
  body: z.strictObject({
    ...optionalDayRange,
    verify: z.boolean().default(false).meta({
      description:
        'Compare every record with what the facts say, changed or not. Without a range: of every complete day',
    }),
  }),
  response: z.object({
    from: dayText.nullable(),
    to: dayText.nullable(),
    verify: z.boolean(),
    jobs: z.array(z.string()).meta({ examples: [['meter']] }),
    after: z.int().meta({ description: 'The newest revision of before: what this writes has later ones' }),
  }),
  status: 202,
  followedBy: [meterJob, meterDayJob],
  async run({ db, body, now, follow }) {
    const range = rangeOr(body, null);
    const verify = body.verify ? ({ verify: true } as const) : {};
    if (range !== null) await assertMeterable(db, range, now);
    const after = await newestRevision(db);
    await db.transaction().execute(async (trx) => {
      if (range === null) return follow(trx, meterJob, verify);
      for (const day of daysOf(range)) await follow(trx, meterDayJob, { day: day.toString(), ...verify });
    });
    const { name } = range === null ? meterJob : meterDayJob;
    const [from, to] = range === null ? [null, null] : [range.from.toString(), range.to.toString()];
    return { from, to, verify: body.verify, jobs: [name], after };
  },
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

export const diffUsage = declareOperation({
  method: 'POST',
  path: '/metering/diff',
  name: 'meter diff',
  operationId: 'diffUsage',
  tag: 'usage',
  summary: 'What metering a range of days would change, before and after',
  description:
    'Writes no usage. Without a range: every complete day. Days that no fact has touched since they were metered are not compared.',
  roles: ['owner', 'operator'],
  asks: true,
  command: { flags: { resourcesMax: 'limit' } },
  body: z.strictObject({
    ...optionalDayRange,
    verify: z.boolean().default(false).meta({ description: 'Compare every record' }),
    resourcesMax: z
      .int()
      .min(1)
      .max(1000)
      .default(100)
      .meta({ description: 'Resources at most, those that change most first' }),
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
    diff.diffUsage(db, { range: rangeOr(body, undefined), now, verify: body.verify, limit: body.resourcesMax, signal }),
});

export const meterOperations: readonly Operation[] = [listMeteringRuns, runMetering, diffUsage];
