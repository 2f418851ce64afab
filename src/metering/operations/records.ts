import { z } from 'zod';
import { pageOfAll } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { moveUsageJob, repairUsageJob, usageRetentionJob } from '../jobs.ts';
import { checkUsageStore } from '../records/repair/repair.ts';
import { applyRetention } from '../retention/retention.ts';
import { billingKind } from './schemas.ts';

// Where usage records are kept, and for how long.

export const listRetention = declareList({
  path: '/usage/retention',
  name: 'usage retention',
  operationId: 'listRetention',
  tag: 'usage',
  summary: "Kinds' months that are past their retention, and whether they can be rolled up",
  description: 'Nothing is written.',
  roles: staff,
  row: z
    .object({
      kind: billingKind,
      month: z.string().meta({ description: 'A UTC calendar month', examples: ['2024-05'] }),
      outcome: z.enum(['due', 'kept']).meta({ description: 'kept: it is not final' }),
      reason: z.string().nullable().meta({ description: 'Why it is kept' }),
    })
    .meta({ id: 'RetentionDue', description: 'A month of a meter that is past its retention' }),
  search: { none: 'there are few' },
  sort: { none: 'by month and meter' },
  total: true,
  async run({ db, now, signal }, page) {
    const months = await applyRetention(db, { now, dryRun: true, signal });
    const rows = months.map(
      (month) => ({ ...month, outcome: month.outcome === 'kept' ? month.outcome : 'due' }) as const,
    );
    return pageOfAll(rows, page, (row) => [row.month, row.kind]);
  },
});

export const retainUsage = declareOperation({
  method: 'POST',
  path: '/usage/retention',
  name: 'usage retain',
  operationId: 'retainUsage',
  tag: 'usage',
  summary: 'Roll up and remove usage records that are past their retention, by a job',
  description:
    'As the schedule does every day: one exact sum per deployment stays of a month, and its records are removed.',
  roles: ['owner', 'operator'],
  command: { confirm: 'Roll up what is past its retention, and remove its records?' },
  status: 202,
  followedBy: [usageRetentionJob],
  async run({ db, follow }) {
    await db.transaction().execute((trx) => follow(trx, usageRetentionJob, {}));
  },
});

export const moveUsage = declareOperation({
  method: 'POST',
  path: '/usage/store',
  name: 'usage move',
  operationId: 'moveUsage',
  tag: 'usage',
  summary: 'Move all usage records to the configured ClickHouse, or back to PostgreSQL, by a job',
  description: `Copies day by day with every version, compares counts and exact sums by deployment, kind and day, then switches every
process over at once. Metering goes on meanwhile. Stopped anywhere, it goes on from there. Every process needs
ARCADIA_USAGE_STORE_URL, until usage is in PostgreSQL again.`,
  roles: ['owner'],
  body: z.strictObject({ to: z.enum(['clickhouse', 'postgresql']).default('clickhouse') }),
  response: z.object({ to: z.enum(['clickhouse', 'postgresql']) }),
  status: 202,
  followedBy: [moveUsageJob],
  async run({ db, body, follow }) {
    await db.transaction().execute((trx) => follow(trx, moveUsageJob, body));
    return body;
  },
});

export const listUsageDamage = declareList({
  path: '/usage/store/damage',
  name: 'usage check',
  operationId: 'listUsageDamage',
  tag: 'usage',
  summary: 'What is not as PostgreSQL says in the ClickHouse that usage is in',
  description: `After a restore of one of the two. Counts and sums of each revision of each day, the levels that days are metered
from, and the numbers that are given next. Nothing is written; nothing is there where usage is in PostgreSQL.`,
  roles: staff,
  row: z
    .object({
      what: z.enum(['records', 'sums', 'levels', 'revisions', 'shipments']).meta({
        description: `records: of a day, other rows. sums: of a day, as many rows of other quantities. levels: what days are metered from. revisions, shipments: ClickHouse has rows of later
numbers than PostgreSQL has given`,
      }),
      day: z.iso.date().nullable().meta({ description: 'Of records and sums' }),
      expected: z.string().meta({ description: 'Rows or quantity by PostgreSQL, or the last number it gave' }),
      found: z.string().meta({ description: 'Rows or quantity in ClickHouse, or the last number there' }),
    })
    .meta({ id: 'UsageDamage', description: 'One thing that a restored usage store does not hold whole' }),
  search: { none: 'by day' },
  sort: { none: 'by day, then what is of all days' },
  total: true,
  async run({ db }, page) {
    const rows = (await checkUsageStore(db)).map(({ day, ...row }) => ({ ...row, day: day?.toString() ?? null }));
    return pageOfAll(rows, page, (row) => [row.what, row.day ?? '']);
  },
});

export const repairUsage = declareOperation({
  method: 'POST',
  path: '/usage/store/repair',
  name: 'usage repair',
  operationId: 'repairUsage',
  tag: 'usage',
  summary: 'Have PostgreSQL and ClickHouse agree again after a restore of one of them, by a job',
  description: `Days that are not whole are emptied and metered again from the facts, levels are shipped anew, and no number that
ClickHouse has seen is given again. Earlier versions of the records of such days are gone. Stopped anywhere, it goes on from
there. Where both agree nothing changes.`,
  roles: ['owner'],
  command: { confirm: 'Forget what the usage store does not hold whole, and meter it again?' },
  status: 202,
  followedBy: [repairUsageJob],
  async run({ db, follow }) {
    await db.transaction().execute((trx) => follow(trx, repairUsageJob, {}));
  },
});

export const recordOperations: readonly Operation[] = [
  listRetention,
  retainUsage,
  moveUsage,
  listUsageDamage,
  repairUsage,
];
