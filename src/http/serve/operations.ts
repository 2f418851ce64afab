import type { FastifyReply, FastifyRequest } from 'fastify';
import { AbortedTransactionError } from 'kysely';
import { DatabaseError } from 'pg';
import type { z } from 'zod';
import { nestedDatabase } from '../../platform/database/nested-database.ts';
import type { RouteCall, RouteDeclaration } from '../../platform/declare/route.ts';
import { render } from './answers.ts';
import { lifeOf, outcomeUnknown, type RequestLife } from './deadline.ts';
import { assertMatches, etagOf, matchesNone } from './etags.ts';
import { answerOnce, findAnswer, type IdempotentRequest, readIdempotencyKey } from './idempotency.ts';
import { chooseType } from './negotiation.ts';
import { partsReader } from './request-parts.ts';
import { type Handler, jsonType, openCall, type Serving } from './serving.ts';
import { lockPath, type StoredAnswer } from './store.ts';

// How a declared operation is served, once its caller is known and may: what came is checked, the
// domain's function called, and its answer rendered by the operation's own schema.

type Operation = Extract<RouteDeclaration, { shape: 'operation' }>;

export function operationHandler(route: Operation, serving: Serving): Handler {
  const read = partsReader(route);
  return async (request, reply, principal) => {
    chooseType(request.headers.accept, [jsonType]);
    const parts = read(request);
    const life = lifeOf(request, reply, serving);
    return life.within(async () => {
      const call = await openCall(serving, request, principal, parts, life);
      if (route.method === 'GET' || route.asks === true) {
        const answer = await answerOf(route, call, await route.prepare?.(call));
        return sendAnswer(request, reply, route, answer);
      }
      return change(request, reply, route, call, life);
    });
  };
}

async function answerOf(route: Operation, call: RouteCall, prepared: unknown): Promise<StoredAnswer> {
  const raw: unknown = await route.run(call, prepared);
  const schema: z.ZodType | undefined = route.response;
  if (schema === undefined) return { status: route.status ?? 204, location: null, body: '' };
  const answer = render(schema, raw, route.operationId);
  const location = route.location?.(answer);
  return {
    status: route.status ?? 200,
    location: location === undefined ? null : `/api/v1${location}`,
    body: JSON.stringify(answer),
  };
}

/**
 * What changes something: in one transaction, once per Idempotency-Key, and only what the caller has
 * seen. Whoever is told that it was given up never finds it done: the last thing before the commit
 * is to decide between the two.
 */
async function change(
  request: FastifyRequest,
  reply: FastifyReply,
  route: Operation,
  call: RouteCall,
  life: RequestLife,
): Promise<unknown> {
  const key =
    route.method === 'POST'
      ? readIdempotencyKey({
          header: request.headers['idempotency-key'],
          operationId: route.operationId,
          principal: call.principal,
          asked: { params: request.params, query: request.query, body: request.body ?? null },
        })
      : null;
  const ifMatch = request.headers['if-match'];
  if (route.edits !== undefined && ifMatch === undefined) assertMatches(undefined, '');
  if (key !== null && route.prepare !== undefined) {
    // What was done need not be asked of anybody else again.
    const before = await findAnswer(call.db, key, realTime());
    if (before !== null) return sendAnswer(request, reply, route, before, true);
  }
  const prepared: unknown = await route.prepare?.(call);
  let isDecided = false;
  const changing = call.db.transaction().execute(async (trx) => {
    const inside: RouteCall = { ...call, db: nestedDatabase(trx) };
    const work = async () => {
      if (route.edits !== undefined) await assertUnchanged(route.edits, inside, request, ifMatch);
      return answerOf(route, inside, prepared);
    };
    const done = key === null ? { answer: await work(), replayed: false } : await once(trx, key, work);
    life.decide();
    isDecided = true;
    return done;
  });
  const { answer, replayed } = await changing.catch((error: unknown) => {
    throw isDecided && !isRefusal(error) ? outcomeUnknown(error) : error;
  });
  return sendAnswer(request, reply, route, answer, replayed);
}

/**
 * Whether a commit that failed did so by the database's own word; a connection that broke (08) or a
 * server that went down (57P) meanwhile says nothing of it.
 */
function isRefusal(error: unknown): boolean {
  if (error instanceof AbortedTransactionError) return true;
  return error instanceof DatabaseError && error.code !== undefined && !/^(08|57P)/.test(error.code);
}

const once = (trx: Parameters<typeof answerOnce>[0], key: IdempotentRequest, work: () => Promise<StoredAnswer>) =>
  answerOnce(trx, key, realTime(), work);

/** Keys are kept by real time: a simulated clock may stand still. */
function realTime(): Temporal.Instant {
  return Temporal.Now.instant().round({ smallestUnit: 'microsecond', roundingMode: 'trunc' });
}

async function assertUnchanged(
  edited: NonNullable<Operation['edits']>,
  call: RouteCall,
  request: FastifyRequest,
  ifMatch: string | undefined,
): Promise<void> {
  await call.db.transaction().execute((trx) => lockPath(trx, `${edited.path} ${JSON.stringify(request.params)}`));
  const query: unknown = edited.query === undefined ? {} : (edited.query as z.ZodType).parse({});
  const { body } = await answerOf({ ...edited, shape: 'operation' }, { ...call, query, body: undefined }, undefined);
  assertMatches(ifMatch, etagOf(body));
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  route: Operation,
  answer: StoredAnswer,
  replayed = false,
): FastifyReply {
  if (replayed) reply.header('idempotency-replayed', 'true');
  if (answer.location !== null) reply.header('location', answer.location);
  reply.code(answer.status);
  if (answer.body === '') return reply.send();
  const isRead = route.method === 'GET';
  if (isRead || (route.edits !== undefined && route.response === route.edits.response)) {
    const etag = etagOf(answer.body);
    reply.header('etag', etag);
    if (isRead) {
      reply.header('cache-control', 'private, no-cache');
      if (!matchesNone(request.headers['if-none-match'], etag)) return reply.code(304).send();
    }
  }
  return reply.type(jsonType).send(answer.body);
}
