import { z } from 'zod';
import { dayOf } from '../../metering/index.ts';
import { declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { decimalOut, instantOut, month, slug } from '../../platform/declare/schemas.ts';
import { readDeploymentMonth } from '../deployment-month.ts';

const meter = z.object({
  kind: z.string().meta({ examples: ['droplet_hours'] }),
  title: z.string(),
  unit: z.string(),
  quantity: decimalOut.meta({ description: 'Of what is metered' }),
  forecast: decimalOut.nullable().meta({ description: "At the month's end, if everything stays as it is" }),
  allowance: decimalOut
    .nullable()
    .meta({ description: 'Free of charge in this month: of the plan, and what was left before' }),
  billable: decimalOut.nullable().meta({ description: 'What lies beyond the allowance' }),
  currency: z.string().nullable(),
  amount: decimalOut.nullable(),
  forecastAmount: decimalOut.nullable(),
  days: z
    .array(decimalOut.nullable())
    .meta({ description: 'From the first day of the month to the last; null: nothing was metered' }),
});

const getDeploymentMonth = declareOperation({
  method: 'GET',
  path: '/deployments/:deployment/month',
  name: 'deployment month',
  operationId: 'getDeploymentMonth',
  tag: 'deployments',
  summary: "A deployment's month: each meter day by day, beside its allowance, its forecast and what is due",
  description:
    'Meters are priced now, from what is metered; `money` is what the last rating kept (`ratedAt`). To customers `alerts` and `status` are null.',
  roles: [...staff, 'customer'],
  params: z.object({ deployment: slug }),
  query: z.object({ month: month.optional().meta({ description: 'The month of the last complete day unless given' }) }),
  response: z
    .object({
      month: z.string().meta({ examples: ['2026-06'] }),
      deployment: slug,
      name: z.string(),
      customer: z.string().nullable().meta({ description: 'null: unattributed, which is not billed' }),
      customerName: z.string().nullable(),
      startsAt: instantOut.nullable(),
      endsAt: instantOut.nullable(),
      plan: slug.nullable().meta({ description: "Now, or at the month's end; null: on none" }),
      paused: z.boolean(),
      resources: z.int().meta({ description: 'Living resources that it owns now, or a share of' }),
      meteredThrough: z.iso.date().meta({ description: 'Every day before it is metered' }),
      ratedAt: instantOut.nullable().meta({ description: 'Of `money`; null: the month is not rated' }),
      money: z
        .array(
          z.object({
            currency: z.string(),
            amountToDate: decimalOut.nullable(),
            forecast: decimalOut.nullable(),
            lastMonthSameDay: decimalOut.nullable(),
            lastMonth: decimalOut.nullable(),
            change: decimalOut.nullable().meta({ description: 'amountToDate less lastMonthSameDay' }),
          }),
        )
        .meta({ description: 'Empty: nothing is due' }),
      quoted: z.object({ state: z.enum(['ok', 'unavailable']), reason: z.string().nullable() }).meta({
        description: 'Whether meters could be priced, such as not on no plan, and why not',
      }),
      method: z.string().nullable().meta({ description: 'How the forecast is made' }),
      meters: z.array(meter),
      alerts: z
        .array(
          z.object({
            kind: z.string().nullable().meta({ description: 'null: the amount' }),
            basis: z.enum(['to_date', 'forecast']),
            value: decimalOut,
            threshold: decimalOut,
            unit: z.string(),
            firedAt: instantOut,
          }),
        )
        .readonly()
        .nullable(),
      status: z
        .object({
          complete: z.boolean(),
          confirmed: z.boolean(),
          final: z.boolean(),
          obstacles: z.array(z.object({ reason: z.string(), message: z.string(), todo: z.string() })),
          obstaclesTotal: z.int(),
        })
        .nullable(),
    })
    .meta({ id: 'DeploymentMonthDetail', description: "A deployment's month" }),
  run: ({ db, params, query, now, principal }) =>
    readDeploymentMonth(db, {
      ...params,
      month: query.month ?? dayOf(now).subtract({ days: 1 }).with({ day: 1 }),
      now,
      customerId: principal.customerId,
    }),
});

export const deploymentMonthOperations: readonly Operation[] = [getDeploymentMonth];
