import { addAlert, checkAlerts, listAlertFirings, listAlerts, removeAlert } from '../../pricing/operations/alerts.ts';
import { type Column, moment, plural } from '../engine/output.ts';
import { actionView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Alert = RowOf<typeof listAlerts>;
type Firing = RowOf<typeof listAlertFirings>;

const basisNames: Record<Alert['basis'], string> = { to_date: 'to date', forecast: 'forecast' };

function threshold({ kind, threshold: value, unit, currency }: Alert): string {
  if (kind === null) return unit === 'percent' ? `${value} % of the base fee` : `${value} ${currency}`;
  return unit === 'percent' ? `${value} % of the allowance of ${kind}` : `${value} ${kind}`;
}

const alertColumns: readonly Column<Alert>[] = [
  { header: 'id', value: (row) => String(row.alertId), align: 'right' },
  { header: 'deployment', value: (row) => row.deployment ?? 'each' },
  { header: 'fires at', value: threshold },
  { header: 'when', value: (row) => basisNames[row.basis] },
  { header: 'since (utc)', value: (row) => moment(row.createdAt) },
  { header: 'by', value: (row) => row.createdBy },
];

function measured(quantity: string, unit: string): string {
  return unit === '%' || /^[A-Z]{3}$/.test(unit) ? `${quantity} ${unit}` : quantity;
}

const firingColumns: readonly Column<Firing>[] = [
  { header: 'fired (utc)', value: (row) => moment(row.firedAt) },
  { header: 'alert', value: (row) => String(row.alertId), align: 'right' },
  { header: 'deployment', value: (row) => row.deployment },
  { header: 'month', value: (row) => row.month },
  { header: 'of', value: (row) => `${row.kind ?? 'amount'}${row.basis === 'forecast' ? ', forecast' : ''}` },
  { header: 'reached', value: (row) => measured(row.value, row.unit), align: 'right' },
  { header: 'threshold', value: (row) => measured(row.threshold, row.unit), align: 'right' },
];

export const alertNoun: Noun = {
  name: 'alert',
  summary: 'thresholds on what a month costs or uses',
  description: 'Thresholds on what a month costs or uses. Each fires once for a deployment and a calendar month.',
  views: [
    actionView(addAlert, {
      summary: 'watch a deployment, or all of them',
      details: `A percentage is of the meter's allowance, or, of the amount, of the plan's base fee; an absolute threshold is
units of the meter, or money. It is compared with the month to date unless the basis is the forecast.`,
      example: `
$ arcadia alert add acme --threshold 80 --unit percent --kind droplet_hours
Alert 7: acme, 80 % of the allowance of droplet_hours, to date.

$ arcadia alert add --threshold 200 --unit absolute --currency USD --basis forecast
Alert 8: each deployment, 200 USD, forecast.`,
      positional: ['deployment'],
      text: (added) =>
        `Alert ${added.alertId}: ${added.deployment ?? 'each deployment'}, ${threshold(added)}, ${basisNames[added.basis]}.`,
    }),
    listView(listAlerts, {
      summary: 'all alerts',
      example: `
$ arcadia alert list
ID  DEPLOYMENT  FIRES AT                               WHEN     SINCE (UTC)           BY
 7  acme        80 % of the allowance of droplet_hours  to date  2026-06-11 06:00:00Z  kim`,
      columns: alertColumns,
      empty: 'No alerts yet. Add one: arcadia alert add --help',
    }),
    actionView(removeAlert, {
      summary: 'end an alert; what it fired stays',
      example: `
$ arcadia alert remove 7
Alert 7 removed.`,
      text: (_, { input }) => `Alert ${String(input.params.alert)} removed.`,
    }),
    actionView(checkAlerts, {
      summary: 'look now whether a threshold is reached; a job does so every hour',
      example: `
$ arcadia alert check
1 alert fired. See: arcadia alert fired`,
      text: ({ fired }) =>
        fired === 0 ? 'No alert fired.' : `${plural(fired, 'alert')} fired. See: arcadia alert fired`,
    }),
    listView(listAlertFirings, {
      summary: 'what fired, the newest first',
      example: `
$ arcadia alert fired --month 2026-06
FIRED (UTC)           ALERT  DEPLOYMENT  MONTH    OF             REACHED  THRESHOLD
2026-06-20 01:20:00Z      7  acme        2026-06  droplet_hours   80.3 %       80 %`,
      columns: firingColumns,
      empty: 'No alert fired.',
    }),
  ],
};
