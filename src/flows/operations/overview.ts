import { z } from 'zod';
import { notBilledOut, unbilledOut } from '../../pricing/index.ts';
import { declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { dayOut, decimalOut, instantOut, slug } from '../../platform/declare/schemas.ts';
import * as flow from '../overview.ts';

const usage = z
  .record(z.string(), decimalOut)
  .meta({ description: 'Quantities by meter', examples: [{ droplet_hours: '744' }] });

export const showOverview = declareOperation({
  method: 'GET',
  path: '/overview/deployments',
  name: 'overview show',
  operationId: 'getOverviewOfDeployments',
  tag: 'invoices',
  summary: 'The month of the last complete day: usage, amounts due, and what is unassigned',
  description:
    'Amounts are what the invoices of these facts say, before tax, composed now: with many deployments that takes a while. getOverview has what the last rating kept. Nothing is written.',
  roles: staff,
  response: z.object({
    from: dayOut,
    to: dayOut,
    meteredThrough: z.iso.date().meta({ description: 'Every day before it is metered', examples: ['2026-06-01'] }),
    kinds: z
      .array(z.object({ kind: z.string(), unit: z.string() }))
      .readonly()
      .meta({ description: 'Those that are used in it' }),
    deployments: z
      .array(
        z.object({
          customer: z.string(),
          deployment: slug,
          usage,
          plan: slug.nullable().meta({ description: 'null: on no plan now' }),
          amounts: z.array(z.object({ currency: z.string(), amount: decimalOut })).readonly(),
          problem: z.string().nullable().meta({ description: 'Why its customer could not be rated' }),
        }),
      )
      .readonly(),
    totals: z
      .array(z.object({ currency: z.string(), subtotal: decimalOut, tax: decimalOut, total: decimalOut }))
      .readonly()
      .meta({ description: "The month's invoices as of now" }),
    notBilled: notBilledOut,
    unbilled: unbilledOut,
    unlisted: z
      .array(
        z.object({
          account: slug,
          kind: z.string().meta({ examples: ['nfs'] }),
          hidden: z.int().meta({ description: 'How many' }),
          urns: z.array(z.string()).readonly().meta({ description: 'The first of them' }),
          since: instantOut.meta({ description: 'When projects first showed one of them' }),
        }),
      )
      .readonly()
      .meta({ description: 'What projects hold and no listing shows: it may cost money, and is not metered' }),
    revertedSyncs: z
      .array(
        z.object({
          account: slug,
          kind: z.string().meta({ examples: ['droplet'] }),
          syncRunId: z.int(),
          startedAt: instantOut,
          revertedAt: instantOut,
          revertedBy: z.string(),
        }),
      )
      .readonly()
      .meta({ description: 'Kinds that were not listed completely since their last sync run was reverted' }),
    unattributed: z.object({
      usage,
      resources: z
        .array(
          z.object({
            resourceId: z.int(),
            account: slug,
            kind: z.string(),
            externalId: z.string(),
            name: z.string(),
            tags: z.array(z.string()),
            since: instantOut,
          }),
        )
        .meta({ description: 'The first 20' }),
      total: z.int(),
    }),
  }),
  run: ({ db, now }) => flow.readOverview(db, { now }),
});

export const overviewOperations: readonly Operation[] = [showOverview];
