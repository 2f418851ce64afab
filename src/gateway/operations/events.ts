import { z } from 'zod';
import { pageOf } from '../../platform/declare/pages.ts';
import { declareList, declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';
import { day, dayOut, decimalOut, id, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import type { Database } from '../../platform/database/database.ts';
import * as events from '../events.ts';
import { interpretDead } from '../interpret.ts';
import { interpretJob } from '../jobs.ts';
import { getSource } from '../sources.ts';

const sourceQuery = slug.optional().meta({ description: 'Only of this source' });
const attribute = z.string().min(1).max(255);

export const eventState = z.enum(['waiting', 'counted', 'no_meter', 'applied', 'superseded', 'dead', 'dropped']).meta({
  description:
    'waiting: not interpreted yet. no_meter: no meter is of it. applied: it did what it says. superseded: retracted, corrected, or older than what was done. dropped: by an operator',
});

const event = z
  .object({
    number: z.int().meta({ description: 'Ours', examples: [4711] }),
    source: slug,
    receivedAt: instantOut,
    time: instantOut.nullable().meta({ description: 'null: it has none that can be read' }),
    origin: z.string().meta({ description: 'Its attribute `source`', examples: ['/gateways/1'] }),
    eventId: z.string().meta({ description: 'Its own `id`', examples: ['e1'] }),
    type: z.string().meta({ examples: ['request'] }),
    subject: z
      .string()
      .nullable()
      .meta({ examples: ['host:shop.example.com'] }),
    state: eventState,
    reason: z.string().nullable().meta({ description: 'Why it is dead, or one of its meters cannot count it' }),
  })
  .meta({ id: 'GatewayEvent', description: 'A CloudEvent as it came, and what became of it' });

export const listGatewayEvents = declareList({
  path: '/gateway/events',
  name: 'gateway event list',
  operationId: 'listGatewayEvents',
  tag: 'gateway',
  summary: 'Events as they came, the newest first',
  roles: staff,
  query: z.object({
    source: sourceQuery,
    type: attribute.optional().meta({ description: 'Only of this type' }),
    subject: attribute.optional().meta({ description: 'Only about this' }),
  }),
  row: event,
  search: { none: 'there are millions: filter by source, type or subject' },
  sort: { none: 'the newest first' },
  total: { none: 'there are millions' },
  async run({ db, query }, { limit, cursor }) {
    const before = cursor === null ? null : (JSON.parse(cursor) as number);
    const rows = await events.listEvents(db, query, before, limit + 1);
    return pageOf(rows, limit, ({ number }) => JSON.stringify(number));
  },
});

const json = z.string().nullable();

export const getGatewayEvent = declareOperation({
  method: 'GET',
  path: '/gateway/events/:number',
  name: 'gateway event show',
  operationId: 'getGatewayEvent',
  tag: 'gateway',
  summary: 'An event with its data, and what it counts as',
  roles: staff,
  params: z.object({ number: id }),
  response: event.extend({
    attributes: json.meta({ description: 'The others, as JSON in a text: numbers are exact' }),
    data: json.meta({ description: 'As JSON in a text', examples: ['{"requests": 120}'] }),
    raw: json.meta({ description: 'What is no sound event, as it was sent' }),
    usage: z.array(
      z.object({
        meter: z.string().meta({ examples: ['gateway_requests'] }),
        resourceId: z.int(),
        at: instantOut,
        value: decimalOut,
        key: z.string().nullable(),
      }),
    ),
    effect: z
      .object({
        outcome: z
          .enum(['applied', 'superseded', 'dead'])
          .nullable()
          .meta({ description: 'null: still to be done. superseded: a later event of its subject came before it' }),
        fromDay: dayOut.nullable().meta({ description: 'From which UTC day its subscription is changed' }),
        detail: z.string().nullable().meta({ description: 'Why it is dead, in a sentence' }),
        triedAt: instantOut.nullable(),
      })
      .nullable()
      .meta({
        description: 'What an event of a subscription or a payment did; null: it is none that may do something',
      }),
  }),
  async run({ db, params: { number } }) {
    const { usage, accountId: _, ...rest } = await events.getEvent(db, number);
    return { ...rest, usage: usage.map((one) => ({ ...one })) };
  },
});

const deadLetter = z
  .object({
    number: z.int().meta({ description: 'Of the event' }),
    source: slug,
    receivedAt: instantOut,
    time: instantOut.nullable(),
    eventId: z.string().meta({ description: 'Its own `id`', examples: ['e1'] }),
    type: z.string().meta({ examples: ['request'] }),
    subject: z
      .string()
      .nullable()
      .meta({ examples: ['host:shop.example.com'] }),
    meter: z.string().nullable().meta({ description: 'The meter that cannot count it; null: none can' }),
    reason: z.string().meta({ examples: ['value_missing'] }),
  })
  .meta({
    id: 'GatewayDeadLetter',
    description: 'An event that was stored and counts for nothing, or not for one of its meters',
  });

export const listDeadLetters = declareList({
  path: '/gateway/dead-letters',
  name: 'gateway dead-letter list',
  operationId: 'listDeadLetters',
  tag: 'gateway',
  summary: 'Events that were stored and count for nothing, with the reason',
  roles: staff,
  query: z.object({ source: sourceQuery, reason: attribute.optional().meta({ description: 'Only for this reason' }) }),
  row: deadLetter,
  search: { none: 'filter by source and reason' },
  sort: { none: 'the newest first' },
  total: { none: 'there may be millions' },
  async run({ db, query }, { limit, cursor }) {
    const before = cursor === null ? null : (JSON.parse(cursor) as { number: number; meter: string });
    const rows = await events.listDeadLetters(db, query, before, limit + 1);
    return pageOf(rows, limit, ({ number, meter }) => JSON.stringify({ number, meter: meter ?? '' }));
  },
});

const interpreted = z.object({ events: z.int().meta({ description: 'How many were interpreted again' }) });

export const retryDeadLetters = declareOperation({
  method: 'POST',
  path: '/gateway/dead-letters/retry',
  name: 'gateway dead-letter retry',
  operationId: 'retryDeadLetters',
  tag: 'gateway',
  summary: 'Interpret dead letters again, once their cause is gone',
  roles: ['owner', 'operator'],
  body: z.strictObject({
    source: slug,
    reason: attribute.optional().meta({ description: 'Only of this reason', examples: ['not_yours'] }),
  }),
  response: interpreted,
  followedBy: [interpretJob],
  async run({ db, body: { source: name, reason }, now, follow }) {
    const source = await getSource(db, name);
    return db.transaction().execute(async (trx) => {
      const done = await interpretDead(trx, source, reason === undefined ? null : [reason], now);
      await follow(trx, interpretJob, { source: name });
      return { events: done.events };
    });
  },
});

const chosen = {
  source: slug,
  reason: attribute.meta({ description: 'What they died of', examples: ['in_future'] }),
  numbers: z.array(id).min(1).max(1_000).optional().meta({ description: 'Only these events' }),
  why: line.meta({ description: 'For the record' }),
};

const chosenBody = z.strictObject(chosen);

interface Deciding {
  readonly db: Database;
  readonly body: z.output<typeof chosenBody>;
  readonly principal: { readonly subject: string };
  readonly now: Temporal.Instant;
}

async function decide(
  { db, body: { source, reason, numbers, why }, principal, now }: Deciding,
  how: { readonly decision: 'replay' | 'drop'; readonly shiftUs: number },
): Promise<{ events: number }> {
  const decision = { ...how, reason, numbers: numbers ?? null, why };
  return { events: await events.decideDeadLetters(db, await getSource(db, source), decision, principal.subject, now) };
}

const shift = z
  .string()
  .regex(/^(-?PT|PT-)\d{1,7}[HMS]$/, { error: 'is no shift of time such as PT-2H' })
  .meta({ description: 'What is added to their time, where the clock of the sender was off', examples: ['PT-2H'] })
  .transform((text) => Temporal.Duration.from(text.replace(/^PT-/, '-PT')));

export const replayDeadLetters = declareOperation({
  method: 'POST',
  path: '/gateway/dead-letters/replay',
  name: 'gateway dead-letter replay',
  operationId: 'replayDeadLetters',
  tag: 'gateway',
  summary: 'Have events count that came too late, or with a clock that was off',
  description: 'Of the reasons too_old and in_future.',
  roles: ['owner', 'operator'],
  command: { confirm: 'Have what {source} sent and died of {reason} count?' },
  body: chosenBody.extend({ shift: shift.optional() }),
  response: interpreted,
  run: (request) => {
    const by = request.body.shift ?? Temporal.Duration.from('PT0S');
    return decide(request, { decision: 'replay', shiftUs: by.total('microseconds') });
  },
});

export const dropDeadLetters = declareOperation({
  method: 'POST',
  path: '/gateway/dead-letters/drop',
  name: 'gateway dead-letter drop',
  operationId: 'dropDeadLetters',
  tag: 'gateway',
  summary: 'Decide that dead letters never count; they stay on record',
  description: 'What another meter counts is left as it is. What is dropped retracts and corrects nothing any more.',
  roles: ['owner', 'operator'],
  command: { confirm: 'Drop what {source} sent and died of {reason}?' },
  body: chosenBody,
  response: interpreted,
  run: (request) => decide(request, { decision: 'drop', shiftUs: 0 }),
});

const startOf = (of: Temporal.PlainDate) => of.toZonedDateTime('UTC').toInstant();

export const reconcileGatewaySource = declareOperation({
  method: 'GET',
  path: '/gateway/sources/:source/reconciliation',
  name: 'gateway reconcile',
  operationId: 'reconcileGatewaySource',
  tag: 'gateway',
  summary: 'What came of a source, what became of it, and whether it is what was sent',
  roles: staff,
  params: z.object({ source: slug }),
  query: z.object({
    from: day.meta({ description: 'First UTC day' }),
    to: day.meta({ description: 'First UTC day after the range: not in it', examples: ['2026-06-01'] }),
  }),
  response: z.object({
    source: slug,
    states: z
      .array(z.object({ state: eventState, events: z.int() }))
      .meta({ description: 'Every event that came is exactly one of these' }),
    conflicts: z.int().meta({ description: 'Of all time: what came under a known id and was something else' }),
    open: z
      .array(
        z.object({
          through: instantOut,
          hours: z.array(z.object({ hour: instantOut, sent: z.int(), received: z.int() })),
        }),
      )
      .meta({
        description: 'Watermarks that confirm nothing yet, with the hours in which another number came than was sent',
      }),
  }),
  async run({ db, params: { source: name }, query: { from, to } }) {
    const found = await events.reconcileSource(db, await getSource(db, name), { from: startOf(from), to: startOf(to) });
    return {
      source: name,
      states: [...found.states],
      conflicts: found.conflicts,
      open: found.open.map(({ through, hours }) => ({ through, hours: [...hours] })),
    };
  },
});

export const listGatewaySubjects = declareList({
  path: '/gateway/subjects',
  name: 'gateway subject list',
  operationId: 'listGatewaySubjects',
  tag: 'gateway',
  summary: 'What events are about, and whose it is now',
  roles: staff,
  query: z.object({
    source: sourceQuery,
    unowned: z.boolean().default(false).meta({ description: 'Only what is unassigned' }),
  }),
  row: z
    .object({
      resourceId: z.int(),
      source: slug,
      subject: z.string().meta({ examples: ['host:shop.example.com'] }),
      knownSince: instantOut.meta({ description: 'When its first event was interpreted' }),
      owners: z.array(z.string()).meta({ description: 'Deployments; empty: unassigned' }),
    })
    .meta({ id: 'GatewaySubject', description: 'A resource that events are about' }),
  search: { in: 'the subject' },
  sort: { none: 'in the order in which they came' },
  total: { none: 'there may be millions' },
  async run({ db, query, now }, { limit, cursor, q }) {
    const after = cursor === null ? 0 : (JSON.parse(cursor) as number);
    const rows = await events.listSubjects(db, { ...query, q }, { after, now, limit: limit + 1 });
    return pageOf(rows, limit, ({ resourceId }) => JSON.stringify(resourceId));
  },
});

export const eventOperations: readonly Operation[] = [
  listGatewayEvents,
  getGatewayEvent,
  listDeadLetters,
  retryDeadLetters,
  replayDeadLetters,
  dropDeadLetters,
  reconcileGatewaySource,
  listGatewaySubjects,
];
