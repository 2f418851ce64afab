import type { Command } from 'commander';
import type {
  ExplainedCause,
  ExplainedInterval,
  ExplainedMonth,
  ExplainedResource,
  UsageExplanation,
} from '../../metering/explain/explain.ts';
import { whole } from '../engine/arguments.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';
import { addRangeOptions, describeRange, monthOf, parseRange, type RangeOptions } from '../engine/range.ts';

interface ExplainOptions extends RangeOptions {
  readonly kind: string;
  readonly limit?: number;
  readonly cursor?: string;
  readonly days?: boolean;
}

export function addUsageExplainCommand(usage: Command): void {
  const command = addCommand(usage, 'explain', {
    summary: 'where a sum comes from: resources, intervals, and what made each of them so',
    details: `Each interval is a stretch in which nothing changed that the quantity rests on. The quantities of a
resource's intervals add up to its own, and those of the resources, with those of months that are rolled up, to the sum.
Without a range: the current month.`,
    example: `
$ arcadia usage explain acme --kind droplet_hours --month 2026-05
acme, droplet_hours (Droplet hours, running), May 2026 (UTC): 702 hour
Every day before 2026-06-01 is metered. 1 resource.

droplet web-1, 702 hour
FROM (UTC)            TO (UTC)              STATE   LEVEL  SHARE  QUANTITY  KNOWN BY                     OWNER BY
2026-05-01 00:00:00Z  2026-05-05 12:00:00Z  active      1  all         108  listing 17, 2026-05-01 ...   rule 102, name acme-*
2026-05-05 12:00:00Z  2026-05-07 06:00:00Z  off         0  all           0  action 77, power_off         rule 102, name acme-*
2026-05-07 06:00:00Z  2026-06-01 00:00:00Z  active      1  all         594  listing 23, 2026-05-07 ...   rule 102, name acme-*`,
  })
    .argument('<deployment>', "the deployment's slug")
    .requiredOption('--kind <kind>', 'a billing kind; arcadia kind list shows all')
    .option('--days', 'with the records of each day')
    .option('--limit <n>', 'resources at most, those that used most first', whole('--limit', 1, 100))
    .option('--cursor <cursor>', 'where the page before ended');
  addRangeOptions(command).action(
    withSession(async (session, deployment: string, options: ExplainOptions) => {
      const asked = parseRange(options, null);
      const { explainUsage } = await import('../../metering/explain/explain.ts');
      const { dayOf } = await import('../../metering/period.ts');
      const { db, clock } = await session.database();
      const range = asked ?? monthOf(dayOf(await clock.now()));
      const { kind, limit, cursor } = options;
      const explanation = await explainUsage(db, { deployment, kind, ...range, audience: 'staff', limit, cursor });
      if (session.output.json) return session.output.value(explanation);

      const { title, quantity, unit, meteredThrough, pending, resources, resourcesTotal, nextCursor } = explanation;
      const parts = [
        [
          `${deployment}, ${kind} (${title}), ${describeRange(range)}: ${quantity} ${unit}`,
          `Every day before ${meteredThrough} is metered. ${plural(resourcesTotal, 'resource')}.`,
          ...(pending === '0'
            ? []
            : [`Facts have changed since: they now say ${explanation.explained}. arcadia meter brings it up to date.`]),
        ].join('\n'),
        ...describeRolledUp(explanation),
        ...resources.map((resource) => describeResource(resource, explanation, options.days === true)),
      ];
      await session.output.text(parts.join('\n\n'));
      if (nextCursor !== null) {
        session.output.note(
          `The first ${count(resources.length)} of ${count(resourcesTotal)}; more with --cursor ${nextCursor}`,
        );
      }
    }),
  );
}

/** What of the sum has no resources any more, so that what is shown adds up. */
function describeRolledUp({ recordsFrom, rolledUp, rolledUpMonths, unit }: UsageExplanation): string[] {
  if (recordsFrom === null) return [];
  return [
    [
      `rolled up months, ${rolledUp} ${unit}`,
      `Records of before ${recordsFrom} were past their retention: they were added up by month, then removed.`,
      'Kept are the sum of every day, and a digest that proves a copy of the records to be what was added up.',
      ...(rolledUpMonths.length === 0 ? ['There were none.'] : [table(rolledUpMonths, monthColumns)]),
    ].join('\n'),
  ];
}

function describeResource(resource: ExplainedResource, { unit }: UsageExplanation, withDays: boolean): string {
  const { resourceId, resourceKind, externalId, name, quantity, pending, intervals, more, days } = resource;
  const named = name === null || name === '' ? `${resourceKind}:${externalId}` : `${resourceKind} ${name}`;
  const heading = `${named} (${resourceId}), ${quantity} ${unit}${pending === '0' ? '' : `, of which ${pending} is no longer so`}`;
  const rest =
    more === null ? [] : [`... and ${plural(more.intervals, 'more interval')} with ${more.quantity} ${unit}`];
  const records = withDays ? [table(days, dayColumns)] : [];
  return [heading, table(intervals, intervalColumns), ...rest, ...records].join('\n');
}

type Day = ExplainedResource['days'][number];

const dayColumns: readonly Column<Day>[] = [
  { header: 'day', value: (row) => row.day },
  { header: 'quantity', value: (row) => row.quantity, align: 'right' },
  { header: 'records', value: (row) => count(row.records), align: 'right' },
  { header: 'revision', value: (row) => String(row.revision), align: 'right' },
  { header: 'observed', value: (row) => row.observation },
];

const monthColumns: readonly Column<ExplainedMonth>[] = [
  { header: 'month', value: (row) => row.month },
  { header: 'from', value: (row) => row.from },
  { header: 'to, not included', value: (row) => row.to },
  { header: 'quantity', value: (row) => row.quantity, align: 'right' },
  { header: 'whole month', value: (row) => row.monthQuantity, align: 'right' },
  { header: 'records', value: (row) => count(row.records), align: 'right' },
  { header: 'rolled up on', value: (row) => row.rolledUpAt.slice(0, 10) },
  { header: 'digest (sha-256)', value: (row) => row.digest },
];

const at = (text: string | null) => (text === null ? null : moment(Temporal.Instant.from(text)));

const intervalColumns: readonly Column<ExplainedInterval>[] = [
  { header: 'from (utc)', value: (row) => at(row.from) },
  { header: 'to (utc)', value: (row) => at(row.to) },
  { header: 'state', value: (row) => row.status },
  { header: 'level', value: (row) => row.level, align: 'right' },
  { header: 'share', value: (row) => row.share ?? 'all' },
  { header: 'quantity', value: (row) => row.quantity, align: 'right' },
  { header: 'known by', value: knownBy },
  { header: 'owner by', value: (row) => (row.cause === null ? null : ownedBy(row.cause)) },
];

function knownBy({ source, cause, carriedForwardFrom }: ExplainedInterval): string | null {
  const carried = carriedForwardFrom === null ? '' : `; carried forward from ${at(carriedForwardFrom)}`;
  if (source === null || cause === null) return source === null ? null : `${source}${carried}`;
  const { action, syncRun, recordedBy } = cause;
  const said =
    action !== null
      ? `action ${action.id}, ${action.type}`
      : syncRun !== null
        ? `${source} ${syncRun.id}, ${at(syncRun.startedAt)}`
        : recordedBy !== null
          ? `${source} ${recordedBy}`
          : source;
  return `${said}${carried}`;
}

function ownedBy({ rule, assignment, owners }: ExplainedCause): string {
  if (assignment !== null) return `assigned by ${assignment.by}`;
  if (rule === null) return 'no rule';
  const subject = rule.pattern ?? rule.project;
  const shared = owners !== null && owners.includes(',') ? `: ${owners}` : '';
  return `rule ${rule.id}, ${rule.kind}${subject === null ? '' : ` ${subject}`}${shared}`;
}
