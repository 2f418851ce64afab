import { z } from 'zod';
import { declareList, declareOperation, type Role, staff, type Operation } from '../../platform/declare/operation.ts';
import { decimalOut, id, instantOut, month, slug } from '../../platform/declare/schemas.ts';
import * as alerts from '../alerts.ts';

const deciders: readonly Role[] = ['owner', 'finance', 'operator'];

const fields = {
  deployment: slug.nullable().meta({ description: 'null: each deployment that is on a plan' }),
  kind: z.string().nullable().meta({ description: 'A meter; null: what the month itself costs' }),
  threshold: decimalOut,
  unit: z
    .enum(['absolute', 'percent'])
    .meta({ description: "percent: of the kind's allowance, or of the plan's base fee" }),
  currency: z.string().nullable().meta({ description: 'Of an absolute amount' }),
  basis: z.enum(['to_date', 'forecast']).meta({ description: "What is metered so far, or the month's forecast" }),
};

const alert = z
  .object({ alertId: id, ...fields, createdAt: instantOut, createdBy: z.string() })
  .meta({ id: 'Alert', description: 'A threshold on what a month costs or uses' });

export const listAlerts = declareList({
  path: '/alerts',
  name: 'alert list',
  operationId: 'listAlerts',
  tag: 'plans',
  summary: 'Alerts, by their id',
  roles: staff,
  query: z.object({ deployment: slug.optional().meta({ description: 'Only those on it alone' }) }),
  row: alert,
  search: { in: 'the deployment, the meter and who added it' },
  sort: { by: ['alertId', 'deployment', 'createdAt'] },
  total: true,
  run: ({ db, query }, page) => alerts.alertPage(db, query, page),
});

const getAlert = declareOperation({
  method: 'GET',
  path: '/alerts/:alert',
  name: 'alert show',
  operationId: 'getAlert',
  tag: 'plans',
  summary: 'One alert',
  roles: staff,
  params: z.object({ alert: id }),
  response: alert,
  run: ({ db, params }) => alerts.getAlert(db, params.alert),
});

export const addAlert = declareOperation({
  method: 'POST',
  path: '/alerts',
  name: 'alert add',
  operationId: 'addAlert',
  tag: 'plans',
  summary: 'Watch a deployment, or all of them',
  description: 'It fires once for a deployment and a calendar month, and publishes the event alert.fired.',
  roles: deciders,
  body: z
    .strictObject({
      deployment: fields.deployment.default(null),
      kind: z.string().max(63).nullable().default(null).meta({ description: fields.kind.description }),
      threshold: z
        .string()
        .max(64)
        .meta({ description: 'An exact decimal above zero', examples: ['80'] }),
      unit: fields.unit,
      currency: z.string().max(3).nullable().default(null).meta({ description: fields.currency.description }),
      basis: fields.basis.default('to_date'),
    })
    .meta({ examples: [{ deployment: 'acme', threshold: '200.00', unit: 'absolute', currency: 'USD' }] }),
  response: alert,
  status: 201,
  location: (made) => `/alerts/${made.alertId}`,
  run: ({ db, body, principal, now }) => alerts.addAlert(db, body, principal.subject, now),
});

export const removeAlert = declareOperation({
  method: 'DELETE',
  path: '/alerts/:alert',
  name: 'alert remove',
  operationId: 'removeAlert',
  tag: 'plans',
  summary: 'End an alert; what it fired stays',
  roles: deciders,
  params: z.object({ alert: id }),
  run: ({ db, params, now }) => alerts.removeAlert(db, params.alert, now),
});

export const checkAlerts = declareOperation({
  method: 'POST',
  path: '/alerts/check',
  name: 'alert check',
  operationId: 'checkAlerts',
  tag: 'plans',
  summary: 'Look now whether a threshold is reached',
  description: 'As a job does every hour.',
  roles: deciders,
  response: z.object({ fired: z.int().meta({ description: 'How many fired that had not' }) }),
  run: ({ db, now, signal }) => alerts.checkAlerts(db, now, signal),
});

const firing = z
  .object({
    alertId: id,
    deployment: slug,
    month: z.string().meta({ description: 'A UTC calendar month', examples: ['2026-05'] }),
    kind: z.string().nullable().meta({ description: 'null: the amount' }),
    basis: fields.basis,
    value: decimalOut,
    threshold: decimalOut,
    unit: z.string().meta({ description: '%, a currency, or the kind whose units they are' }),
    firedAt: instantOut,
  })
  .meta({ id: 'AlertFiring', description: 'An alert whose threshold was reached' });

export const listAlertFirings = declareList({
  path: '/alert-firings',
  name: 'alert fired',
  operationId: 'listAlertFirings',
  tag: 'plans',
  summary: 'Which alerts fired, the newest first',
  roles: staff,
  query: z.object({ deployment: slug.optional(), month: month.optional() }),
  row: firing,
  search: { in: 'the deployment and the meter' },
  sort: { by: ['firedAt', 'deployment', 'month'], newestFirst: true },
  total: true,
  async run({ db, query }, page) {
    const month = query.month?.toPlainYearMonth();
    const { items, ...rest } = await alerts.firingPage(db, { deployment: query.deployment, month }, page);
    return { items: items.map((row) => ({ ...row, month: row.month.toPlainYearMonth().toString() })), ...rest };
  },
});

export const alertOperations: readonly Operation[] = [
  listAlerts,
  getAlert,
  addAlert,
  removeAlert,
  checkAlerts,
  listAlertFirings,
];
