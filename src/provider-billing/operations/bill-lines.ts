import { z } from 'zod';
import { declareList, moneyRoles as roles, type Operation } from '../../platform/declare/operation.ts';
import { pageOf } from '../../platform/declare/pages.ts';
import { dayOut, decimalOut, id, instantOut, line, month, slug } from '../../platform/declare/schemas.ts';
import { billStateMeaning, billStates } from '../bill-state.store.ts';
import { selectLinesOfBills, sumLinesOfBills } from '../reconciliation/bill-lines.store.ts';

const placeOf = z
  .tuple([z.iso.date().transform((text) => Temporal.PlainDate.from(text)), z.int(), z.int()])
  .transform(([of, bill, position]) => ({ month: of, bill, position }));

export const listLinesOfBills = declareList({
  path: '/bill-lines',
  name: 'bill charges',
  operationId: 'listLinesOfBills',
  tag: 'provider billing',
  summary: 'The lines of bills that charged a resource, or that a deployment bears, the newest month first',
  description: 'Of each month the bills that count: signed, else final, else the preview.',
  roles,
  query: z.object({
    resource: id.optional(),
    deployment: slug.optional().meta({ description: 'Lines that it bears, or a share of' }),
    month: month.optional().meta({
      description: 'Unless given, every month of a resource or a deployment; else the month of the last complete day',
    }),
    kind: line
      .optional()
      .meta({ description: 'The meter by which customers pay for the product', examples: ['droplet_hours'] }),
  }),
  row: z
    .object({
      month: dayOut,
      bill: id,
      payer: slug,
      state: z.enum(billStates).meta({ description: billStateMeaning }),
      position: z.int(),
      product: z.string().nullable(),
      description: z.string().nullable(),
      currency: z.string(),
      amount: decimalOut,
      share: decimalOut.meta({ description: 'What the deployment that is asked about bears of it; else all of it' }),
      outcome: z.enum(['matched', 'from_bill', 'allocated', 'unexplained']),
      resource: id.nullable(),
      expected: decimalOut.nullable(),
      difference: decimalOut,
      cause: z.string(),
      startTime: instantOut.nullable(),
      endTime: instantOut.nullable(),
    })
    .meta({ id: 'LineOfBills' }),
  extra: z.object({
    totals: z
      .array(z.object({ currency: z.string(), lines: z.int(), amount: decimalOut }))
      .readonly()
      .meta({ description: 'The shares of all that match, by currency' }),
  }),
  search: { none: 'the lines of a bill are searched' },
  sort: { none: 'the newest month first' },
  total: { none: 'the totals count them' },
  async run({ db, query, now }, { limit, cursor }) {
    const isNarrow = query.resource !== undefined || query.deployment !== undefined;
    const lastDay = now.toZonedDateTimeISO('UTC').toPlainDate().subtract({ days: 1 });
    const filters = { ...query, month: query.month ?? (isNarrow ? undefined : lastDay.with({ day: 1 })) };
    const after = cursor === null ? null : placeOf.parse(JSON.parse(cursor));
    const rows = await selectLinesOfBills(db, filters, { limit: limit + 1, after });
    const page = pageOf(rows, limit, ({ month: of, bill, position }) => JSON.stringify([of, bill, position]));
    return { ...page, totals: await sumLinesOfBills(db, filters) };
  },
});

export const billLineOperations: readonly Operation[] = [listLinesOfBills];
