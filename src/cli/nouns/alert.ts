import type { Command } from 'commander';
import type { Alert, Firing } from '../../pricing/alerts.ts';
import { defaultLimit, whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { operator } from '../engine/operator.ts';
import { type Column, moment, plural } from '../engine/output.ts';

export function addAlertCommands(program: Command): void {
  const alert = program
    .command('alert')
    .summary('thresholds on what a month costs or uses')
    .description('Thresholds on what a month costs or uses. Each fires once for a deployment and a calendar month.');
  addAdd(alert);
  addList(alert);
  addRemove(alert);
  addCheck(alert);
  addFired(alert);
}

interface AddOptions {
  readonly over: string;
  readonly of: string;
  readonly currency?: string;
  readonly forecast?: boolean;
}

function addAdd(alert: Command): void {
  addCommand(alert, 'add', {
    summary: 'watch a deployment, or all of them',
    details: `--over 80% is of the billing kind's allowance, or, of the amount, of the plan's base fee; --over 1000 is units of the
kind, or money. To date unless --forecast: then what the month will come to if everything stays as it is.`,
    example: `
$ arcadia alert add acme --over 80% --of droplet_hours
Alert 7: acme, 80 % of the allowance of droplet_hours, to date.

$ arcadia alert add --over 200 --of amount --currency USD --forecast
Alert 8: each deployment, 200 USD, forecast.`,
  })
    .argument('[deployment]', 'its slug; without it: each deployment that is on a plan')
    .requiredOption('--over <threshold>', 'a percentage such as 80%, or a number')
    .option('--of <what>', 'amount, or a billing kind such as droplet_hours', 'amount')
    .option('--currency <code>', 'of an amount')
    .option('--forecast', "the month's end instead of the month to date")
    .action(
      withSession(async (session, deployment: string | undefined, options: AddOptions) => {
        const percent = options.over.endsWith('%');
        const { addAlert } = await import('../../pricing/alerts.ts');
        const { db, clock } = await session.database();
        const added = await addAlert(
          db,
          {
            deployment: deployment ?? null,
            kind: options.of === 'amount' ? null : options.of,
            threshold: percent ? options.over.slice(0, -1).trim() : options.over,
            unit: percent ? 'percent' : 'absolute',
            currency: options.currency ?? null,
            basis: options.forecast ? 'forecast' : 'to_date',
          },
          operator(),
          await clock.now(),
        );
        if (session.output.json) return session.output.value(added);
        await session.output.text(
          `Alert ${added.id}: ${added.deployment ?? 'each deployment'}, ${describeThreshold(added)}, ${basisNames[added.basis]}.`,
        );
      }),
    );
}

function addList(alert: Command): void {
  addCommand(alert, 'list', {
    summary: 'all alerts',
    example: `
$ arcadia alert list
ID  DEPLOYMENT  FIRES AT                               WHEN     SINCE (UTC)           BY
 7  acme        80 % of the allowance of droplet_hours  to date  2026-06-11 06:00:00Z  kim`,
  })
    .option('--deployment <slug>', 'only those on that deployment alone')
    .option('--limit <n>', 'lines at most', whole('--limit', 1, 1_000_000), defaultLimit)
    .action(
      withSession(async (session, options: { deployment?: string; limit: number }) => {
        const { listAlerts } = await import('../../pricing/alerts.ts');
        const { db } = await session.database();
        await session.output.list(
          await listAlerts(db, options),
          alertColumns,
          'No alert. Make one: arcadia alert add --help',
        );
      }),
    );
}

function addRemove(alert: Command): void {
  addCommand(alert, 'remove', {
    summary: 'end an alert; what it fired stays',
    example: `
$ arcadia alert remove 7
Alert 7 is removed.`,
  })
    .argument('<id>', 'as arcadia alert list shows it', whole('The id', 1))
    .action(
      withSession(async (session, id: number) => {
        const { removeAlert } = await import('../../pricing/alerts.ts');
        const { db, clock } = await session.database();
        await removeAlert(db, id, await clock.now());
        if (session.output.json) return session.output.value({ id, removed: true });
        await session.output.text(`Alert ${id} is removed.`);
      }),
    );
}

function addCheck(alert: Command): void {
  addCommand(alert, 'check', {
    summary: 'fire what is reached now; the schedule does it every hour',
    example: `
$ arcadia alert check
2 alerts fired. See them: arcadia alert fired`,
  }).action(
    withSession(async (session) => {
      const { checkAlerts } = await import('../../pricing/alerts.ts');
      const { db, clock } = await session.database();
      const answer = await checkAlerts(db, await clock.now(), session.signal);
      if (session.output.json) return session.output.value(answer);
      await session.output.text(
        answer.fired === 0
          ? 'Nothing new fired.'
          : `${plural(answer.fired, 'alert')} fired. See them: arcadia alert fired`,
      );
    }),
  );
}

interface FiredOptions {
  readonly deployment?: string;
  readonly month?: string;
  readonly limit: number;
}

function addFired(alert: Command): void {
  addCommand(alert, 'fired', {
    summary: 'what fired, the newest first',
    example: `
$ arcadia alert fired --month 2026-06
FIRED (UTC)           ALERT  DEPLOYMENT  MONTH    OF             REACHED  THRESHOLD
2026-06-20 01:20:00Z      7  acme        2026-06  droplet_hours   80.3 %       80 %`,
  })
    .option('--deployment <slug>', 'only of that deployment')
    .option('--month <month>', 'only of that UTC calendar month, 2026-05')
    .option('--limit <n>', 'lines at most', whole('--limit', 1, 1_000_000), defaultLimit)
    .action(
      withSession(async (session, { month, ...options }: FiredOptions) => {
        const { listFirings } = await import('../../pricing/alerts.ts');
        const { parseRange } = await import('../engine/range.ts');
        const range = parseRange(month === undefined ? {} : { month }, null);
        const { db } = await session.database();
        const rows = await listFirings(db, { ...options, month: range?.from.toPlainYearMonth() });
        await session.output.list(rows, firingColumns, 'Nothing fired.');
      }),
    );
}

const basisNames: Record<Alert['basis'], string> = { to_date: 'to date', forecast: 'forecast' };

function describeThreshold({ kind, threshold, unit, currency }: Alert): string {
  if (kind === null) return unit === 'percent' ? `${threshold} % of the base fee` : `${threshold} ${currency}`;
  return unit === 'percent' ? `${threshold} % of the allowance of ${kind}` : `${threshold} ${kind}`;
}

const alertColumns: readonly Column<Alert>[] = [
  { header: 'id', value: (row) => String(row.id), align: 'right' },
  { header: 'deployment', value: (row) => row.deployment ?? 'each' },
  { header: 'fires at', value: describeThreshold },
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
  { header: 'month', value: (row) => row.month.toPlainYearMonth().toString() },
  { header: 'of', value: (row) => `${row.kind ?? 'amount'}${row.basis === 'forecast' ? ', forecast' : ''}` },
  { header: 'reached', value: (row) => measured(row.value, row.unit), align: 'right' },
  { header: 'threshold', value: (row) => measured(row.threshold, row.unit), align: 'right' },
];
