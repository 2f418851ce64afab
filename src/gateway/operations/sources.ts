import { z } from 'zod';
import { openSecretKey } from '../../inventory/index.ts';
import { pageOfAll } from '../../platform/declare/pages.ts';
import {
  declareList,
  declareOperation,
  type Operation,
  type Principal,
  staff,
} from '../../platform/declare/operation.ts';
import { instant, instantOut, line, slug } from '../../platform/declare/schemas.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { type EffectFamily, effectTypes } from '../effect-types.ts';
import { sourceDisconnected } from '../errors.ts';
import * as sources from '../sources.ts';

const effectFamilies = Object.keys(effectTypes) as [EffectFamily, ...EffectFamily[]];
const dayRule = z.enum(['same_day', 'next_day']);

const limits = {
  dialect: z.enum(['standard', 'bearer', 'both']).meta({
    description: 'How it shows who it is: a signature of Standard Webhooks, its secret as a bearer token, or either',
  }),
  customers: z
    .array(line)
    .min(1)
    .max(1_000)
    .nullable()
    .meta({ description: 'External ids of the customers whose deployments its events may name; null: all' }),
  pastLimitHours: z
    .int()
    .min(1)
    .max(8_784)
    .meta({ description: 'How old an event may be when it comes', examples: [840] }),
  futureLimitSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .meta({ description: 'How far ahead its time may be', examples: [300] }),
  graceHours: z
    .int()
    .min(1)
    .max(744)
    .nullable()
    .meta({ description: 'Without watermarks usage is confirmed so much later; null: by a manual confirmation only' }),
  maxEventsPerSecond: z
    .int()
    .min(1)
    .max(1_000_000)
    .meta({ examples: [10_000] }),
  maxNewSubjects: z
    .int()
    .min(1)
    .max(1_000_000)
    .meta({ description: 'Subjects that are new on one day', examples: [10_000] }),
  effects: z.array(z.enum(effectFamilies)).max(effectFamilies.length).meta({
    description:
      'Families of events that may do something: lifecycle pauses, resumes and ends subscriptions, payment records payments. Only an owner sets them',
  }),
  paymentProviders: z
    .array(slug)
    .max(100)
    .meta({
      description: 'Providers that its payments may name beside the source itself',
      examples: [['stripe']],
    }),
  pausesOn: dayRule.meta({ description: 'From which UTC day a pause holds: that of the event, or the next' }),
  resumesOn: dayRule,
  endsOn: dayRule,
  silentAfterHours: z
    .int()
    .min(1)
    .max(8_784)
    .nullable()
    .meta({ description: 'After so long without an event webhooks are sent gateway.silent; null: never' }),
  queue: z
    .string()
    .regex(/^arcadia\.gateway\.[A-Za-z0-9._-]{1,180}$/, {
      error: 'is no name of a queue for events: arcadia.gateway. and letters, digits, full stops, _ and -',
    })
    .refine((name) => !name.endsWith('.unusable'), { error: 'is a queue of what is rejected: .unusable at its end' })
    .nullable()
    .meta({
      description:
        "The broker's queue through which it may send beside HTTP, and whoever writes into it as the source; null: none",
      examples: ['arcadia.gateway.edge'],
    }),
  paused: z.boolean().meta({ description: 'It is answered with 503 and keeps what it has' }),
};

const status = {
  lastReceivedAt: instantOut.nullable().meta({ description: 'When its last event came' }),
  backlog: z.int().meta({ description: 'Events that are not interpreted yet; 1000000: that many or more' }),
  oldestAt: instantOut.nullable().meta({ description: 'When the first of these came' }),
  dead: z.int().meta({ description: 'Dead letters' }),
  skewSeconds: z
    .int()
    .nullable()
    .meta({ description: 'By how much its clock is behind; negative: ahead. The median of its last thousand events' }),
  watermark: instantOut.nullable().meta({ description: 'Up to when it says that it has sent everything' }),
  confirmedThrough: instantOut.nullable().meta({ description: 'Up to when its usage is confirmed' }),
  queueOpen: z.boolean().nullable().meta({ description: 'Whether a server reads its queue now; null: it has none' }),
  queueOpenAt: instantOut.nullable().meta({ description: 'When a server last did, in real time; null: none ever has' }),
  queueProblemAt: instantOut.nullable().meta({ description: 'When one last could not open it, or lost it' }),
  queueProblem: z.string().nullable(),
  rejected: z.int().meta({
    description: 'Messages of its queue that held no events, each time one came: the broker keeps them apart',
  }),
  rejectedAt: instantOut.nullable().meta({ description: 'When the last of them came' }),
  rejectedReason: z.string().nullable(),
};

const source = z
  .object({
    source: slug,
    name: z.string().meta({ examples: ['Edge gateway'] }),
    addedAt: instantOut,
    meteredFrom: instantOut.meta({ description: 'Nothing before it is metered' }),
    disconnectedAt: instantOut.nullable(),
    ...limits,
    customers: z.array(z.string()).nullable(),
    ...status,
  })
  .meta({ id: 'GatewaySource', description: 'A sender of events, without its secret' });

type Db = Parameters<typeof sources.listSources>[0];

async function answers(db: Db, found: readonly sources.Source[]): Promise<z.input<typeof source>[]> {
  const only = found.length === 1 ? (found[0]?.accountId ?? null) : null;
  const known = await sources.readSourceStatus(db, only, sources.backlogShown);
  return found.map(({ accountId, ownersAloneFrom: _hidden, ...rest }) => {
    const one = known.find((each) => each.accountId === accountId);
    if (one === undefined) throw new Error(`the source ${rest.source} has no status`);
    const { accountId: _, ...shown } = one;
    return { ...rest, effects: [...rest.effects], paymentProviders: [...rest.paymentProviders], ...shown };
  });
}

async function answer(db: Db, slugOfSource: string): Promise<z.input<typeof source>> {
  const [one] = await answers(db, [await sources.getSource(db, slugOfSource)]);
  if (one === undefined) throw new Error('a source has one answer');
  return one;
}

const params = z.object({ source: slug });

/** Of a source that may do something: whom it names, when it holds, and how it shows who it is. */
const ofEffects = [
  'effects',
  'customers',
  'paymentProviders',
  'dialect',
  'queue',
  'pausesOn',
  'resumesOn',
  'endsOn',
] as const;

/** What others than owners know of a source's secrets ends before it may do anything. Errors: conflict. */
function assertOwnersAlone({ source: name, ownersAloneFrom }: sources.Source, now: Temporal.Instant): void {
  if (ownersAloneFrom !== null && Temporal.Instant.compare(ownersAloneFrom, now) <= 0) return;
  throw new ArcadiaError(
    'conflict',
    `A secret of '${name}' holds that others than owners were shown: give it a new one, with keepHours 0, before it may do anything.`,
    { next: { operation: 'gateway source rotate', arguments: { source: name, keepHours: 0 } } },
  );
}

/** Whoever writes into its queue speaks for it, and others than owners may have set that. Errors: conflict. */
function assertQueueNamed(
  { source: name, queue }: sources.Source,
  body: { readonly queue?: string | null | undefined },
): void {
  if (queue === null || body.queue !== undefined) return;
  throw new ArcadiaError(
    'conflict',
    `Whoever writes into the queue '${queue}' could then do it as '${name}': give the queue together with its effects, or null for none.`,
    { details: { queue } },
  );
}

/** Whoever has the secret of a source that may do something can do it: that is an owner's to give. Errors: forbidden. */
function assertMayDo({ role }: Principal, effects: readonly EffectFamily[]): void {
  if (effects.length > 0 && role !== 'owner')
    throw new ArcadiaError(
      'forbidden',
      'Only an owner decides about a source whose events do something to subscriptions or payments.',
    );
}

export const listGatewaySources = declareList({
  path: '/gateway/sources',
  name: 'gateway source list',
  operationId: 'listGatewaySources',
  tag: 'gateway',
  summary: 'Who may send events, with what waits and how far their clocks are off',
  roles: staff,
  row: source,
  search: { in: 'the slug and the name' },
  sort: { by: ['source', 'name', 'backlog', 'dead'] },
  total: true,
  async run({ db }, page) {
    return pageOfAll(await answers(db, await sources.listSources(db)), page, (row) => [row.source], {
      texts: (row) => [row.source, row.name],
      sorts: { name: ({ name }) => name.toLowerCase(), backlog: ({ backlog }) => backlog, dead: ({ dead }) => dead },
    });
  },
});

export const getGatewaySource = declareOperation({
  method: 'GET',
  path: '/gateway/sources/:source',
  name: 'gateway source show',
  operationId: 'getGatewaySource',
  tag: 'gateway',
  summary: 'A source of events',
  roles: staff,
  params,
  response: source,
  run: ({ db, params: { source: name } }) => answer(db, name),
});

const secretOut = z
  .string()
  .nullable()
  .meta({
    description: 'Shown here and never again. null: shown in the first answer to this Idempotency-Key',
    examples: ['whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='],
  });

export const addGatewaySource = declareOperation({
  method: 'POST',
  path: '/gateway/sources',
  name: 'gateway source add',
  operationId: 'addGatewaySource',
  tag: 'gateway',
  summary: 'Add a sender of events',
  description:
    'It is an account, and what its events are about are resources of it: ownership, shares, confirmation and corrections hold for them ' +
    'as for all others. Events with a time before `meteredFrom` are dead letters.',
  roles: ['owner', 'operator'],
  command: { positional: ['source'] },
  body: z.strictObject({
    source: slug,
    name: line.optional().meta({ description: 'The slug unless given' }),
    meteredFrom: instant.optional().meta({ description: 'Nothing before it is metered; now unless given' }),
    dialect: limits.dialect.default(sources.usualLimits.dialect),
    customers: limits.customers.default(null),
    pastLimitHours: limits.pastLimitHours.default(sources.usualLimits.pastLimitHours),
    futureLimitSeconds: limits.futureLimitSeconds.default(sources.usualLimits.futureLimitSeconds),
    graceHours: limits.graceHours.default(sources.usualLimits.graceHours),
    maxEventsPerSecond: limits.maxEventsPerSecond.default(sources.usualLimits.maxEventsPerSecond),
    maxNewSubjects: limits.maxNewSubjects.default(sources.usualLimits.maxNewSubjects),
    effects: limits.effects.default([]),
    paymentProviders: limits.paymentProviders.default([]),
    pausesOn: limits.pausesOn.default(sources.usualLimits.pausesOn),
    resumesOn: limits.resumesOn.default(sources.usualLimits.resumesOn),
    endsOn: limits.endsOn.default(sources.usualLimits.endsOn),
    silentAfterHours: limits.silentAfterHours.default(sources.usualLimits.silentAfterHours),
    queue: limits.queue.default(null),
  }),
  response: source.extend({ secret: secretOut }),
  status: 201,
  shownOnce: ['secret'],
  location: (made) => `/gateway/sources/${made.source}`,
  async run({ db, body, config, principal, now }) {
    assertMayDo(principal, body.paymentProviders.length > 0 ? effectFamilies : body.effects);
    const { source: name, name: title = name, meteredFrom, ...wanted } = body;
    const secretKey = await openSecretKey(db, config);
    const isOwner = principal.role === 'owner';
    const request = {
      source: name,
      name: title,
      meteredFrom,
      limits: { ...wanted, paused: false },
      secretKey,
      isOwner,
    };
    const { secret } = await sources.addSource(db, request, now);
    return { ...(await answer(db, name)), secret };
  },
});

export const changeGatewaySource = declareOperation({
  method: 'PATCH',
  path: '/gateway/sources/:source',
  name: 'gateway source set',
  operationId: 'changeGatewaySource',
  tag: 'gateway',
  summary: 'Change what a source may send, or pause it',
  description:
    'Omitted fields keep their value. It holds within a second in every process. Only an owner sets `effects` and `paymentProviders`, and of a source that has effects ' +
    '`customers`, `dialect`, `queue` and the day rules. Before it is given effects, it has a secret that owners alone were shown (`gateway source rotate`), ' +
    'and one that has a queue is given `queue` in the same request.',
  roles: ['owner', 'operator'],
  params,
  body: z.strictObject(limits).partial(),
  response: source,
  async run({ db, params: { source: name }, body, principal, now }) {
    const there = await sources.getSource(db, name);
    const isOwners = body.effects !== undefined || body.paymentProviders !== undefined;
    if (ofEffects.some((field) => body[field] !== undefined))
      assertMayDo(principal, isOwners ? effectFamilies : there.effects);
    if (there.effects.length === 0 && (body.effects?.length ?? 0) > 0) {
      assertOwnersAlone(there, now);
      assertQueueNamed(there, body);
    }
    const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
    await sources.changeSource(db, name, given);
    return answer(db, name);
  },
});

export const rotateGatewaySecret = declareOperation({
  method: 'POST',
  path: '/gateway/sources/:source/rotate',
  name: 'gateway source rotate',
  operationId: 'rotateGatewaySecret',
  tag: 'gateway',
  summary: 'Give a source a new secret; the old one holds on for a while',
  roles: ['owner', 'operator'],
  command: { confirm: 'Give {source} a new secret? Whoever sends needs it before the old one ends.' },
  params,
  body: z.strictObject({
    keepHours: z.int().min(0).max(744).default(24).meta({ description: 'How long the old one holds on' }),
  }),
  response: z.object({ source: slug, secret: secretOut, oldHoldsUntil: instantOut }),
  shownOnce: ['secret'],
  refuses: [sourceDisconnected],
  async run({ db, params: { source: name }, body: { keepHours }, config, principal, now }) {
    assertMayDo(principal, (await sources.getSource(db, name)).effects);
    const secretKey = await openSecretKey(db, config);
    const keep = Temporal.Duration.from({ hours: keepHours });
    return {
      source: name,
      ...(await sources.rotateSecret(db, name, { keep, secretKey, isOwner: principal.role === 'owner' }, now)),
    };
  },
});

export const sourceOperations: readonly Operation[] = [
  listGatewaySources,
  getGatewaySource,
  addGatewaySource,
  changeGatewaySource,
  rotateGatewaySecret,
];
