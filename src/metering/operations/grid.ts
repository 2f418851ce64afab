import { z } from 'zod';
import { declareList, type Operation, staff } from '../../platform/declare/operation.ts';
import { dayOut, decimalOut, optionalDayRange, rangeOr, slug } from '../../platform/declare/schemas.ts';
import { dayOf, monthOf } from '../period.ts';
import { gridDaysMax, gridSorts, readGrid } from '../usage-grid.ts';
import { billingKind, dayText } from './schemas.ts';

const listUsageGrid = declareList({
  path: '/usage/grid',
  name: 'usage grid',
  operationId: 'listUsageGrid',
  tag: 'usage',
  summary: 'Usage day by day: of each deployment, customer or meter, beside the time before',
  description: `Rows of deployments and customers are of one meter. Compared with are the same days of the month before, or as many days
before, as far as the range is metered. ${gridDaysMax} days at most. Without a range: the month of the last complete day. A customer sees their own.`,
  roles: [...staff, 'customer'],
  query: z.object({
    ...optionalDayRange,
    by: z.enum(['deployment', 'customer', 'kind']).default('kind'),
    kind: billingKind.optional().meta({ description: 'Of which meter; needed unless rows are meters' }),
    deployment: slug.optional().meta({ description: "Only this one's" }),
    customer: z.string().min(1).max(200).optional().meta({ description: "Only this customer's, by external id" }),
    compare: z.enum(['previous', 'none']).default('none'),
  }),
  row: z
    .object({
      key: z.string().meta({ description: "A deployment's slug, a customer's external id, or a meter" }),
      name: z.string(),
      unit: z.string().meta({ examples: ['hour'] }),
      total: decimalOut.meta({ description: 'With what is left of months that are rolled up' }),
      previousTotal: decimalOut.nullable().meta({ description: 'null: not asked for' }),
      change: decimalOut.nullable(),
      days: z
        .array(decimalOut.nullable())
        .readonly()
        .meta({ description: 'In order; null: without any record, or rolled up' }),
      marks: z.string().meta({
        description:
          'A letter a day: `.` metered, `c` metered and not confirmed by a complete listing, `r` rolled up, `-` not metered; to customers nothing is `c`',
      }),
    })
    .meta({ id: 'UsageGridRow', description: 'A row of usage, day by day' }),
  extra: z.object({
    from: dayOut,
    to: dayOut,
    meteredThrough: dayText,
    previous: z.object({ from: dayOut, to: dayOut }).nullable().meta({ description: 'The days compared with' }),
    quantity: decimalOut.nullable().meta({ description: 'Of all, on all pages; null: they differ in unit' }),
    dayTotals: z
      .array(decimalOut.nullable())
      .readonly()
      .meta({ description: 'Of all rows by day; empty: they differ in unit' }),
  }),
  search: { in: 'the name and the key' },
  // By default the largest comes first; rows of meters are by name.
  sort: { by: gridSorts, newestFirst: true },
  total: true,
  async run({ db, query, principal, now }, { limit, cursor, q, sort, order }) {
    const { from, to, compare, ...rest } = query;
    const range = rangeOr({ from, to }, monthOf(dayOf(now).subtract({ days: 1 })));
    const offset = Number(cursor ?? 0);
    const asked = {
      ...rest,
      q,
      sort,
      order,
      range,
      customerId: principal.customerId,
      compares: compare === 'previous',
    };
    const { rows, ...found } = await readGrid(db, asked, { offset, limit });
    const next = offset + rows.length;
    return { items: rows, nextCursor: next < found.total ? String(next) : null, ...range, ...found };
  },
});

export const gridOperations: readonly Operation[] = [listUsageGrid];
