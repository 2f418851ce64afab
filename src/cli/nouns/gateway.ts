import {
  applyGatewayMetersOperation,
  exportGatewayMetersOperation,
  previewGatewayMetersOperation,
} from '../../flows/operations/gateway-meters.ts';
import { replayGatewayEvents } from '../../flows/operations/gateway-replay.ts';
import {
  dropDeadLetters,
  getGatewayEvent,
  listDeadLetters,
  listGatewayEvents,
  listGatewaySubjects,
  reconcileGatewaySource,
  replayDeadLetters,
  retryDeadLetters,
} from '../../gateway/operations/events.ts';
import { listGatewayMeters } from '../../gateway/operations/meters.ts';
import {
  addGatewaySource,
  changeGatewaySource,
  getGatewaySource,
  listGatewaySources,
  rotateGatewaySecret,
} from '../../gateway/operations/sources.ts';
import { moneyText } from './moved-text.ts';
import { type Column, count, fields, moment, plural, table } from '../engine/output.ts';
import { type AnswerOf, actionView, documentView, listView, type Noun, type RowOf } from '../engine/views.ts';

type Source = RowOf<typeof listGatewaySources>;

const sourceColumns: readonly Column<Source>[] = [
  { header: 'source', value: (row) => row.source },
  { header: 'state', value: (row) => (row.queueOpen === false ? `${stateOf(row)}, queue not read` : stateOf(row)) },
  { header: 'last event (utc)', value: (row) => (row.lastReceivedAt === null ? null : moment(row.lastReceivedAt)) },
  { header: 'waiting', value: (row) => count(row.backlog), align: 'right' },
  { header: 'dead', value: (row) => count(row.dead), align: 'right' },
  { header: 'rejected', value: (row) => count(row.rejected), align: 'right' },
  { header: 'skew', value: ({ skewSeconds }) => (skewSeconds === null ? null : `${skewSeconds} s`), align: 'right' },
  {
    header: 'confirmed through (utc)',
    value: (row) => (row.confirmedThrough === null ? null : moment(row.confirmedThrough)),
  },
];

function stateOf({ paused, disconnectedAt }: Pick<Source, 'paused' | 'disconnectedAt'>): string {
  if (disconnectedAt !== null) return 'disconnected';
  return paused ? 'paused' : 'open';
}

/** Its queue, and what is wrong with it: that nobody reads it, and what last was in the way. */
function queueText({ queue, queueOpen, queueOpenAt, queueProblem, queueProblemAt }: Source): string | null {
  if (queue === null) return null;
  const problem = queueProblemAt === null ? '' : `; at ${moment(queueProblemAt)}: ${queueProblem}`;
  if (queueOpen === true) return `${queue}${problem}`;
  if (queueOpenAt === null) return `${queue}, which no server reads${problem || ': is ARCADIA_GATEWAY_AMQP_URL set?'}`;
  return `${queue}, which no server reads since ${moment(queueOpenAt)}${problem}`;
}

const effectWords = { lifecycle: 'pause, resume and end subscriptions', payment: 'record payments' } as const;

function sourceText(row: Source): string {
  return fields([
    ['source', `${row.source} (${row.name})`],
    ['state', stateOf(row)],
    ['metered from', moment(row.meteredFrom)],
    ['signs in by', row.dialect],
    ['sends through', queueText(row)],
    ['may name', row.customers === null ? 'all customers' : row.customers.join(', ')],
    ['accepts', `${row.pastLimitHours} h back, ${row.futureLimitSeconds} s ahead, ${row.maxEventsPerSecond} events/s`],
    [
      'confirmed',
      row.graceHours === null ? 'by watermarks or manually' : `by watermarks, else after ${row.graceHours} h`,
    ],
    ['may also', row.effects.length === 0 ? null : row.effects.map((each) => effectWords[each]).join(', ')],
    ['payment providers', row.paymentProviders.length === 0 ? null : row.paymentProviders.join(', ')],
    ['last event', row.lastReceivedAt === null ? 'none' : moment(row.lastReceivedAt)],
    ['waiting', row.oldestAt === null ? '0' : `${count(row.backlog)}, since ${moment(row.oldestAt)}`],
    ['dead letters', count(row.dead)],
    [
      'rejected',
      row.rejectedAt === null
        ? null
        : `${plural(row.rejected, 'message')}, the last ${moment(row.rejectedAt)}: ${row.rejectedReason}`,
    ],
    ['skew', row.skewSeconds === null ? 'unknown' : `${row.skewSeconds} s`],
    ['confirmed through', row.confirmedThrough === null ? 'never' : moment(row.confirmedThrough)],
  ]);
}

/** Nothing else is asked of whoever pauses or resumes. */
function pausing(paused: boolean) {
  const verb = paused ? 'pause' : 'resume';
  return actionView(changeGatewaySource, {
    name: `gateway source ${verb}`,
    summary: paused ? 'answer a source with 503, so that it keeps what it has' : 'take events of a paused source again',
    example: `
$ arcadia gateway source ${verb} edge
edge is ${paused ? 'paused' : 'open'}.`,
    fixed: {
      paused,
      dialect: undefined,
      customers: undefined,
      pastLimitHours: undefined,
      futureLimitSeconds: undefined,
      graceHours: undefined,
      maxEventsPerSecond: undefined,
      maxNewSubjects: undefined,
      effects: undefined,
      paymentProviders: undefined,
      pausesOn: undefined,
      resumesOn: undefined,
      endsOn: undefined,
      silentAfterHours: undefined,
      queue: undefined,
    },
    text: (row) => `${row.source} is ${stateOf(row)}.`,
  });
}

export const gatewaySourceNoun: Noun = {
  name: 'gateway source',
  summary: 'who may send events',
  views: [
    listView(listGatewaySources, {
      example: `
$ arcadia gateway source list
SOURCE  STATE  LAST EVENT (UTC)      WAITING  DEAD  REJECTED  SKEW  CONFIRMED THROUGH (UTC)
edge    open   2026-05-09 10:15:00Z        0     3         0   1 s  2026-05-09 10:00:00Z`,
      columns: sourceColumns,
      empty: 'No source. To add one: arcadia gateway source add --help',
    }),
    actionView(getGatewaySource, {
      example: `
$ arcadia gateway source show edge
source  edge (Edge gateway)
state   open`,
      text: sourceText,
    }),
    actionView(addGatewaySource, {
      details: 'Its secret is shown once: give it to the gateway as a bearer token, or to sign with.',
      example: `
$ arcadia gateway source add edge --metered-from 2026-05-01T00:00:00Z
Added edge. Its secret, shown once: whsec_...`,
      text: ({ source, secret }) => `Added ${source}. Its secret, shown once: ${secret}`,
      notes: ({ source }) => [
        `It sends to POST /api/v1/gateway/sources/${source}/events. Next: arcadia gateway meter apply --help`,
      ],
    }),
    actionView(changeGatewaySource, {
      example: `
$ arcadia gateway source set edge --max-events-per-second 20000
source   edge (Edge gateway)
accepts  840 h back, 300 s ahead, 20000 events/s`,
      fixed: { paused: undefined },
      text: sourceText,
    }),
    pausing(true),
    pausing(false),
    actionView(rotateGatewaySecret, {
      example: `
$ arcadia gateway source rotate edge --keep-hours 48 --yes
The new secret of edge, shown once: whsec_...
The old one holds until 2026-05-11 10:15:00Z.`,
      text: ({ source, secret, oldHoldsUntil }) =>
        `The new secret of ${source}, shown once: ${secret}\nThe old one holds until ${moment(oldHoldsUntil)}.`,
    }),
  ],
};

type Applied = AnswerOf<typeof applyGatewayMetersOperation>['meters'][number];
type Previewed = AnswerOf<typeof previewGatewayMetersOperation>['meters'][number];

const previewColumns: readonly Column<Previewed>[] = [
  { header: 'meter', value: (row) => row.meter },
  { header: 'from', value: (row) => row.from },
  { header: 'events', value: (row) => count(row.events), align: 'right' },
  { header: 'subjects', value: (row) => count(row.subjects), align: 'right' },
  { header: 'value', value: (row) => row.value, align: 'right' },
  { header: 'dead', value: (row) => count(row.dead), align: 'right' },
];

export const gatewayMeterNoun: Noun = {
  name: 'gateway meter',
  summary: 'which events count, and how',
  views: [
    listView(listGatewayMeters, {
      example: `
$ arcadia gateway meter list
METER             FROM        COUNTS  OF       VALUE
gateway_requests  2026-05-01  sum     request  /requests`,
      columns: [
        { header: 'meter', value: (row) => row.meter },
        { header: 'from', value: (row) => row.fromDay },
        { header: 'counts', value: (row) => row.aggregation },
        { header: 'of', value: (row) => row.type },
        {
          header: 'value',
          value: ({ valuePath, keyPath }) => (valuePath ?? keyPath)?.map((part) => `/${part}`).join('') ?? null,
        },
      ],
      empty: 'No gateway meter. To have events count: arcadia gateway meter apply --help',
    }),
    actionView(applyGatewayMetersOperation, {
      details: `The file holds, in YAML or JSON:
  meters:
    - meter: gateway_requests
      title: Requests
      unit: request
      type: request                # of the events, or a pattern such as request.*
      filter: { status: ok }       # what their data must contain
      aggregation: sum             # or count, max, unique, gauge
      value: /requests             # where in the data; of a count none
      from: 2026-05-01             # today unless given
    - meter: gateway_egress_gib
      title: Egress
      unit: GiB
      type: request
      aggregation: sum
      value: /bytes
      divisor: 1073741824          # how much of the value makes one unit
    - meter: gateway_users
      title: Active users
      unit: user
      type: request
      aggregation: unique
      key: /user`,
      example: `
$ arcadia gateway meter apply meters.yaml
Applied gateway_requests from 2026-05-01 on.`,
      text: ({ meters }) => {
        const changed = meters.filter((one) => one.changed);
        if (changed.length === 0) return 'It was so already; nothing was written.';
        return changed.map(({ meter, from }: Applied) => `Applied ${meter} from ${from} on.`).join('\n');
      },
      notes: () => ['Next: arcadia meter'],
    }),
    actionView(previewGatewayMetersOperation, {
      example: `
$ arcadia gateway meter preview meters.yaml
METER             FROM        EVENTS  SUBJECTS   VALUE  DEAD
gateway_requests  2026-05-01   4,711        12  98,310     3`,
      text: ({ meters }) => table(meters, previewColumns),
    }),
    documentView(exportGatewayMetersOperation, {
      details: 'Applied again it changes nothing.',
      example: `
$ arcadia gateway meter export --out gateway-meters.yaml
Written to gateway-meters.yaml.`,
    }),
  ],
};

type Event = RowOf<typeof listGatewayEvents>;

const eventColumns: readonly Column<Event>[] = [
  { header: 'number', value: (row) => String(row.number), align: 'right' },
  { header: 'source', value: (row) => row.source },
  { header: 'received (utc)', value: (row) => moment(row.receivedAt) },
  { header: 'time (utc)', value: (row) => (row.time === null ? null : moment(row.time)) },
  { header: 'id', value: (row) => row.eventId },
  { header: 'type', value: (row) => row.type },
  { header: 'subject', value: (row) => row.subject },
  { header: 'state', value: ({ state, reason }) => (reason === null ? state : `${state}: ${reason}`) },
];

type Effect = NonNullable<AnswerOf<typeof getGatewayEvent>['effect']>;

/** `applied, from 2026-05-05 on` */
function effectText({ outcome, fromDay, detail }: Effect): string {
  const from = fromDay === null ? '' : `, from ${fromDay} on`;
  return `${outcome ?? 'nothing yet'}${from}${detail === null ? '' : `: ${detail}`}`;
}

export const gatewayEventNoun: Noun = {
  name: 'gateway event',
  summary: 'events as they came, and what became of them',
  views: [
    listView(listGatewayEvents, {
      example: `
$ arcadia gateway event list --source edge
NUMBER  SOURCE  RECEIVED (UTC)        TIME (UTC)            ID  TYPE     SUBJECT                STATE
  4711  edge    2026-05-03 10:15:00Z  2026-05-03 10:14:59Z  e1  request  host:shop.example.com  counted`,
      columns: eventColumns,
      empty: 'No event.',
    }),
    actionView(getGatewayEvent, {
      example: `
$ arcadia gateway event show 4711
number  4711
state   counted
data    {"requests": 120}`,
      text: (row) =>
        fields([
          ['number', String(row.number)],
          ['source', `${row.source}, ${row.origin}`],
          ['id', row.eventId],
          ['type', row.type],
          ['subject', row.subject ?? '-'],
          ['time', row.time === null ? '-' : moment(row.time)],
          ['received', moment(row.receivedAt)],
          ['state', row.reason === null ? row.state : `${row.state}: ${row.reason}`],
          ...(row.attributes === null ? [] : [['attributes', row.attributes] as const]),
          ...(row.data === null ? [] : [['data', row.data] as const]),
          ...(row.raw === null ? [] : [['as sent', row.raw] as const]),
          ...(row.effect === null ? [] : [['did', effectText(row.effect)] as const]),
          ...row.usage.map(({ meter, value, key }) => ['counts', `${meter}: ${key ?? value}`] as const),
        ]),
    }),
  ],
};

const interpretedText = ({ events }: { readonly events: number }) =>
  `${plural(events, 'event')} ${events === 1 ? 'was' : 'were'} interpreted again.`;

export const gatewayDeadLetterNoun: Noun = {
  name: 'gateway dead-letter',
  summary: 'events that were stored and count for nothing',
  views: [
    listView(listDeadLetters, {
      example: `
$ arcadia gateway dead-letter list --source edge
NUMBER  SOURCE  RECEIVED (UTC)        ID  TYPE     METER             REASON
  4712  edge    2026-05-03 10:15:00Z  e2  request  gateway_requests  value_missing`,
      columns: [
        { header: 'number', value: (row) => String(row.number), align: 'right' },
        { header: 'source', value: (row) => row.source },
        { header: 'received (utc)', value: (row) => moment(row.receivedAt) },
        { header: 'id', value: (row) => row.eventId },
        { header: 'type', value: (row) => row.type },
        { header: 'meter', value: (row) => row.meter },
        { header: 'reason', value: (row) => row.reason },
      ],
      empty: 'No dead letter.',
    }),
    actionView(retryDeadLetters, {
      example: `
$ arcadia gateway dead-letter retry --source edge --reason not_yours
2 events were interpreted again.`,
      text: interpretedText,
    }),
    actionView(replayDeadLetters, {
      details: 'Of a clock that was two hours ahead, --shift PT-2H takes them to when they were.',
      example: `
$ arcadia gateway dead-letter replay --source edge --reason in_future --shift PT-2H --why 'clock of node 3' --yes
600 events were interpreted again.`,
      text: interpretedText,
    }),
    actionView(dropDeadLetters, {
      example: `
$ arcadia gateway dead-letter drop --source edge --reason too_old --why 'billed by the old system' --yes
12 events were interpreted again.`,
      text: interpretedText,
    }),
  ],
};

export const gatewaySubjectNoun: Noun = {
  name: 'gateway subject',
  summary: 'what events are about',
  views: [
    listView(listGatewaySubjects, {
      example: `
$ arcadia gateway subject list --unowned
RESOURCE  SOURCE  SUBJECT    KNOWN SINCE (UTC)     OWNERS
      17  edge    key:ak_9   2026-05-10 08:00:00Z  unassigned`,
      columns: [
        { header: 'resource', value: (row) => String(row.resourceId), align: 'right' },
        { header: 'source', value: (row) => row.source },
        { header: 'subject', value: (row) => row.subject },
        { header: 'known since (utc)', value: (row) => moment(row.knownSince) },
        { header: 'owners', value: ({ owners }) => (owners.length === 0 ? 'unassigned' : owners.join(', ')) },
      ],
      empty: 'No subject.',
    }),
  ],
};

type Open = AnswerOf<typeof reconcileGatewaySource>['open'][number];

const openText = ({ through, hours }: Open) =>
  hours.length === 0
    ? `Through ${moment(through)}: not applied yet.`
    : `Through ${moment(through)}: ${hours.map(({ hour, sent, received }) => `${moment(hour)} sent ${sent}, received ${received}`).join('; ')}.`;

type Replayed = NonNullable<AnswerOf<typeof replayGatewayEvents>['preview']>;

/** What events count as before and after. */
function replayText({ events, beyond, before, after, money }: Replayed): string {
  const names = [...new Set([...before.meters, ...after.meters].map(({ meter }) => meter))].sort();
  const valueIn = (figures: Replayed['before'], meter: string) =>
    figures.meters.find((one) => one.meter === meter)?.value ?? '0';
  return [
    `${plural(events + beyond, 'event')} would be interpreted again. Nothing was written.`,
    ...(beyond === 0
      ? []
      : [`The figures are of the first ${count(events)}: ${count(beyond)} more change nothing of them.`]),
    ...(names.length === 0
      ? []
      : [
          table(names, [
            { header: 'meter', value: (meter) => meter },
            { header: 'before', value: (meter) => valueIn(before, meter), align: 'right' },
            { header: 'after', value: (meter) => valueIn(after, meter), align: 'right' },
          ]),
        ]),
    ...moneyText(money),
  ].join('\n\n');
}

export const gatewayNoun: Noun = {
  name: 'gateway',
  summary: 'events that gateways send, and the usage that they mean',
  views: [
    actionView(replayGatewayEvents, {
      example: `
$ arcadia gateway replay edge --from 2026-05-01 --to 2026-06-01
The events of edge are interpreted again.`,
      text: ({ source, preview }) =>
        preview === null ? `The events of ${source} are interpreted again.` : replayText(preview),
    }),
    actionView(reconcileGatewaySource, {
      example: `
$ arcadia gateway reconcile edge --from 2026-05-01 --to 2026-06-01
STATE    EVENTS
counted   4,711
dead          3`,
      text: ({ states, conflicts, open }) =>
        [
          table(states, [
            { header: 'state', value: (row) => row.state },
            { header: 'events', value: (row) => count(row.events), align: 'right' },
          ]),
          ...(conflicts === 0 ? [] : [`${plural(conflicts, 'conflict')}: a known id with another content.`]),
          ...open.map(openText),
        ].join('\n\n'),
    }),
  ],
};
