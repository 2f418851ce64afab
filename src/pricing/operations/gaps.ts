import { z } from 'zod';
import { dayOf } from '../../metering/index.ts';
import { declareOperation, staff, type Operation } from '../../platform/declare/operation.ts';
import { decimalOut, month, slug } from '../../platform/declare/schemas.ts';
import { gapsWithMoney } from '../gaps.ts';

const moment = z.iso.datetime().meta({ description: 'UTC', examples: ['2026-05-30T00:00:00Z'] });

const list = <Item extends z.ZodType>(item: Item) => z.array(item).readonly();

export const getUsageGaps = declareOperation({
  method: 'GET',
  path: '/usage/gaps',
  name: 'usage gaps',
  operationId: 'getUsageGaps',
  tag: 'usage',
  summary: 'Gaps in the inventory, what was estimated over them, and what that costs',
  description:
    "The latest first. An amount is the month's quote less the month's quote without the gap's usage; a total is of all gaps together.",
  roles: staff,
  command: { flags: { resourceKind: 'kind', gapsMax: 'limit' } },
  query: z.object({
    month: month.optional().meta({ description: 'Another than the current one' }),
    account: slug.optional(),
    resourceKind: z.string().max(63).optional(),
    gapsMax: z.int().min(1).max(1000).default(100).meta({ description: 'Gaps at most, the latest first' }),
  }),
  response: z.object({
    from: z.iso.date(),
    to: z.iso.date(),
    gaps: list(
      z.object({
        account: slug,
        resourceKind: z.string().meta({ examples: ['droplet'] }),
        from: moment,
        to: moment.nullable().meta({ description: 'null: open' }),
        limit: moment.meta({ description: 'Up to here usage may be estimated' }),
        beyondLimit: z.boolean(),
        resources: z.int(),
        usage: list(z.object({ deployment: slug, kind: z.string(), quantity: decimalOut })),
        amounts: list(
          z.object({
            deployment: slug,
            plan: slug.nullable().meta({ description: 'null: on no plan' }),
            currency: z.string().nullable(),
            amount: decimalOut.nullable(),
          }),
        ),
      }),
    ),
    totals: list(z.object({ currency: z.string(), amount: decimalOut })),
    unlisted: list(
      z.object({
        account: slug,
        resourceKind: z.string().meta({ examples: ['spaces_bucket'] }),
        resources: z.int(),
        urns: list(z.string()).meta({ description: 'The first of them' }),
        since: moment,
        until: moment.nullable().meta({ description: 'null: a project shows them still' }),
      }),
    ).meta({ description: 'What projects showed and no listing did, of kinds that are metered: it is in no gap' }),
  }),
  run: ({ db, query, now }) =>
    gapsWithMoney(db, {
      month: (query.month ?? dayOf(now)).toPlainYearMonth(),
      now,
      account: query.account,
      resourceKind: query.resourceKind,
      limit: query.gapsMax,
    }),
});

export const gapOperations: readonly Operation[] = [getUsageGaps];
