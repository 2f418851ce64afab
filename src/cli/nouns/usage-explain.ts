import type { explainUsage } from '../../metering/operations/usage.ts';
import { type Column, count, moment, plural, table } from '../engine/output.ts';
import { describeRange, meteredText } from '../engine/range.ts';
import type { RowOf } from '../engine/views.ts';
import type { z } from 'zod';

type ExplainedResource = RowOf<typeof explainUsage>;
export type Explanation = z.output<NonNullable<(typeof explainUsage)['extra']>>;
type ExplainedInterval = ExplainedResource['intervals'][number];
type ExplainedCause = NonNullable<ExplainedInterval['cause']>;
type ExplainedMonth = Explanation['rolledUpMonths'][number];

/** What stands above the resources: the sum, how far it is known, and what has no resources any more. */
export function explanationText(explanation: Explanation): string {
  const { deployment, kind, title, quantity, unit, pending, resourcesTotal } = explanation;
  const heading = [
    `${deployment}, ${kind} (${title}), ${describeRange(explanation)}: ${quantity} ${unit}`,
    `${plural(resourcesTotal, 'resource')}, ${meteredText(explanation)}.`,
    ...(pending === '0'
      ? []
      : [`Facts have changed since: they now say ${explanation.explained}. arcadia meter brings it up to date.`]),
  ].join('\n');
  return [heading, ...describeRolledUp(explanation)].join('\n\n');
}

/** What of the sum has no resources any more, so that what is shown adds up. */
function describeRolledUp({ recordsFrom, rolledUp, rolledUpMonths, unit }: Explanation): string[] {
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

/** A resource with its months, its intervals and the records of its days. */
export function resourceText(resource: ExplainedResource, unit: string): string {
  const { resourceId, resourceKind, externalId, name, quantity, pending, intervals, more, days } = resource;
  const named = name === null || name === '' ? `${resourceKind}:${externalId}` : `${resourceKind} ${name}`;
  const heading = `${named} (${resourceId}), ${quantity} ${unit}${pending === '0' ? '' : `, of which ${pending} is no longer so`}`;
  const rest =
    more === null ? [] : [`... and ${plural(more.intervals, 'more interval')} with ${more.quantity} ${unit}`];
  const months = resource.months.flatMap((month) => monthText(month, unit));
  return [heading, ...months, table(intervals, intervalColumns), ...rest, table(days, dayColumns)].join('\n');
}

type RaisedMonth = ExplainedResource['months'][number];

/** How a peak or a percentile came about, so that it can be checked. */
function monthText(
  { month, level, heldSeconds, aboveSeconds, discardedSeconds, raises, more }: RaisedMonth,
  unit: string,
) {
  return [
    `${month}: ${level} ${unit}, held for ${durationText(heldSeconds)}, with ${durationText(aboveSeconds)} above it; ${durationText(discardedSeconds)} of the month are discarded.`,
    ...(raises.length === 0 ? [] : [table(raises, raiseColumns)]),
    ...(more === null ? [] : [`... and ${plural(more.raises, 'more raise')} with ${more.quantity} ${unit}`]),
  ];
}

/** Seconds as `36 h`, `36 h 0 min 0.5 s`: no more than is needed. */
function durationText(seconds: string): string {
  const [whole = '0', fraction] = seconds.split('.');
  const all = Number(whole);
  const left = `${all % 60}${fraction === undefined ? '' : `.${fraction}`}`;
  const parts = [`${Math.floor(all / 3600)} h`, `${Math.floor((all % 3600) / 60)} min`, `${left} s`];
  return parts.slice(0, left === '0' ? (all % 3600 === 0 ? 1 : 2) : 3).join(' ');
}

const raiseColumns: readonly Column<RaisedMonth['raises'][number]>[] = [
  { header: 'raised at (utc)', value: (row) => moment(row.at) },
  { header: 'from', value: (row) => row.before, align: 'right' },
  { header: 'to', value: (row) => row.level, align: 'right' },
  { header: 'share', value: (row) => row.share ?? 'all' },
  { header: 'quantity', value: (row) => row.quantity, align: 'right' },
];

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

const at = (text: string | null) => moment(text);

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
  const carried = carriedForwardFrom === null ? '' : `; estimated from ${at(carriedForwardFrom)}`;
  if (source === null || cause === null) return source === null ? null : `${source}${carried}`;
  const { action, syncRun, recordedBy } = cause;
  const said =
    action !== null
      ? `action ${action.actionId}, ${action.type}`
      : syncRun !== null
        ? `${source} ${syncRun.syncRunId}, ${at(syncRun.startedAt)}`
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
  return `rule ${rule.ruleId}, ${rule.kind}${subject === null ? '' : ` ${subject}`}${shared}`;
}
