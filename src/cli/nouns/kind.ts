import { addKind, changeKind, exportKinds, getKind, importKinds, listKinds } from '../../metering/operations/kinds.ts';
import { type Column, fields, plural, table } from '../engine/output.ts';
import {
  type AnswerOf,
  actionView,
  documentView,
  type BoundView,
  listView,
  type Noun,
  type RowOf,
  type ViewTools,
} from '../engine/views.ts';

type Kind = RowOf<typeof listKinds>;
type History = AnswerOf<typeof getKind>;

const kindColumns: readonly Column<Kind>[] = [
  { header: 'kind', value: (row) => row.kind },
  { header: 'title', value: (row) => row.title },
  { header: 'of', value: (row) => row.resourceKind },
  { header: 'unit', value: (row) => row.unit },
  { header: 'enabled', value: (row) => (row.enabled ? 'yes' : 'no') },
  { header: 'by', value: (row) => row.granularity },
  { header: 'kept', value: (row) => plural(row.retentionDays, 'day') },
];

const definitionColumns: readonly Column<History['definitions'][number]>[] = [
  { header: 'from', value: (row) => row.fromDay },
  { header: 'statuses', value: (row) => row.statuses?.join(', ') ?? 'any' },
  {
    header: 'filter',
    value: (row) =>
      Object.entries(row.filter)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ') || null,
  },
  {
    header: 'weight',
    value: (row) =>
      weightText(row.weightAttribute === null ? null : { attribute: row.weightAttribute, divisor: row.weightDivisor }),
  },
];

const configColumns: readonly Column<History['configs'][number]>[] = [
  { header: 'from', value: (row) => row.fromDay },
  { header: 'enabled', value: (row) => (row.enabled ? 'yes' : 'no') },
  { header: 'by', value: (row) => row.granularity },
  { header: 'kept', value: (row) => plural(row.retentionDays, 'day') },
];

function weightText(weight: Kind['weight']): string {
  if (weight === null) return '1 each';
  return weight.divisor === '1' ? weight.attribute : `${weight.attribute} / ${weight.divisor}`;
}

/** `by the hour`, or which level of a month. */
function aggregationText({
  accrual,
  aggregation,
  percentile,
}: Pick<Kind, 'accrual' | 'aggregation' | 'percentile'>): string {
  if (aggregation === 'peak') return "the month's peak";
  if (aggregation === 'percentile') return `the month's percentile ${percentile}`;
  if (accrual === 'events') return aggregation === 'unique' ? "the month's distinct keys" : 'what events add up to';
  return `by the ${accrual === 'hours' ? 'hour' : 'month'}`;
}

function historyText(found: History): string {
  const { kind, title, resourceKind, weight, unit, definitions, configs } = found;
  return [
    fields([
      ['kind', `${kind} (${title})`],
      ['meters', `${resourceKind}, ${aggregationText(found)}: ${weightText(weight)}`],
      ['unit', unit],
    ]),
    table(definitions, definitionColumns),
    table(configs, configColumns),
  ].join('\n\n');
}

const added = (kind: string) => `Next: arcadia kind enable ${kind} --from 2000-01-01`;
const thenMeter = () => ['Next: arcadia meter'];

function dayOf({ input }: ViewTools): string {
  return (input.body as { fromDay?: string }).fromDay ?? 'today';
}

const meaning = {
  statuses: 'counts only while it has this status; "" for any',
  filter: 'counts only while this attribute is so; "" for no filter',
  weight: 'what one counts, such as memory_mb:1024; "" for 1 each',
};

function enabling(enabled: boolean): BoundView {
  const verb = enabled ? 'enable' : 'disable';
  const done = enabled ? 'metered' : 'not metered';
  return actionView(changeKind, {
    name: `kind ${verb}`,
    summary: enabled ? 'enable a meter, from a day on' : 'disable a meter, from a day on',
    details: enabled
      ? 'From 2000-01-01, the beginning of history, or any day that is over, it is metered back by the next arcadia meter.'
      : 'What it has metered from that day on is removed by the next arcadia meter, and kept in the record of changes.',
    example: `
$ arcadia kind ${verb} vcpu_hours --from 2026-06-01${enabled ? '' : ' --yes'}
From 2026-06-01 on, vcpu_hours is ${done}.
Next: arcadia meter`,
    // Nothing else is asked of whoever enables or disables.
    fixed: {
      enabled,
      title: undefined,
      statuses: undefined,
      filter: undefined,
      weight: undefined,
      granularity: undefined,
      retentionDays: undefined,
    },
    ...(enabled
      ? {}
      : {
          confirm: async (tools: ViewTools) =>
            `Meter ${String(tools.input.params.kind)} no longer from ${dayOf(tools)} on? Usage of those days is removed.`,
        }),
    text: ({ kind }, tools) => `From ${dayOf(tools)} on, ${kind} is ${done}.`,
    notes: thenMeter,
  });
}

export const kindNoun: Noun = {
  name: 'kind',
  summary: 'meters: what is metered, and how',
  description: 'Meters: what is metered, and how. Each is dated data; an operator adds one without code.',
  views: [
    listView(listKinds, {
      summary: 'every meter as it stands on a day, enabled or not',
      example: `
$ arcadia kind list
KIND           TITLE                   OF       UNIT  ENABLED  BY   KEPT
droplet_hours  Droplet hours, running  droplet  hour  yes      day  730 days`,
      columns: kindColumns,
      empty: 'No meters on that day.',
    }),
    actionView(getKind, {
      summary: 'a meter: what it means, how it is computed, and since when',
      example: `
$ arcadia kind show memory_gb_hours
kind    memory_gb_hours (Droplet memory hours, existing)
meters  droplet, by the hour: memory_mb / 1024
unit    GiB-hour

FROM        STATUSES  FILTER  WEIGHT
2000-01-01  any       -       memory_mb / 1024

FROM        ENABLED  BY   KEPT
2000-01-01  no       day  730 days`,
      text: historyText,
    }),
    actionView(addKind, {
      summary: 'add a meter, disabled',
      details:
        'It is defined from the beginning of history, and can be metered back to it. One that is there and means the same is left alone.',
      example: `
$ arcadia kind add small_droplet_hours --title 'Smallest droplet' --of droplet --accrual hours --unit hour --status active --filter size_slug=s-1vcpu-512mb-10gb
small_droplet_hours is there.
Next: arcadia kind enable small_droplet_hours --from 2000-01-01`,
      help: meaning,
      text: ({ kind }) => `${kind} is there.`,
      notes: ({ kind, enabled }) => (enabled ? [] : [added(kind)]),
    }),
    documentView(exportKinds, {
      details:
        'Imported again it changes nothing. Whether a meter is enabled, and how long its usage is kept, is not in it.',
      example: `
$ arcadia kind export --out kinds.yaml
Written to kinds.yaml.`,
    }),
    actionView(importKinds, {
      summary: 'add the meters of a file, disabled, all or none',
      details: `The file holds, in YAML or JSON:
  kinds:
    - kind: small_droplet_hours
      title: Hours of the smallest droplet
      resourceKind: droplet
      accrual: hours
      unit: hour
      statuses: [active]
      filter: { size_slug: s-1vcpu-512mb-10gb }
    - kind: memory_gib_hours
      title: Memory
      resourceKind: droplet
      accrual: hours
      unit: GiB-hour
      weight: { attribute: memory_mb, divisor: 1024 }
    - kind: spaces_peak_gb
      title: Spaces storage, peak
      resourceKind: spaces_bucket
      accrual: month
      aggregation: peak          # or percentile, with percentile: 95
      unit: GiB
      weight: { attribute: size_gb }`,
      example: `
$ arcadia kind import kinds.yaml
Added small_droplet_hours, memory_gib_hours, disabled.
Next: arcadia kind enable small_droplet_hours --from 2000-01-01`,
      text: ({ added: names }) =>
        names.length === 0 ? 'It was so already; nothing was written.' : `Added ${names.join(', ')}, disabled.`,
      notes: ({ added: [first] }) => (first === undefined ? [] : [added(first)]),
    }),
    enabling(true),
    enabling(false),
    actionView(changeKind, {
      summary: 'change a meter, from a day on',
      details: `Days that are metered already are metered again by the next arcadia meter. What had been set for later
days gives way. What a kind accrues, and its unit, never change: add another kind instead.`,
      example: `
$ arcadia kind set droplet_hours --granularity hour --from 2026-06-01
Changed droplet_hours from 2026-06-01 on.
Next: arcadia meter`,
      help: meaning,
      fixed: { enabled: undefined },
      text: ({ kind }, tools) => `Changed ${kind} from ${dayOf(tools)} on.`,
      notes: thenMeter,
    }),
  ],
};
