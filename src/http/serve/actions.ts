import type { FastifyReply, FastifyRequest } from 'fastify';
import { AbortedTransactionError } from 'kysely';
import { DatabaseError } from 'pg';
import type { z } from 'zod';
import { nestedDatabase } from '../../platform/database/nested-database.ts';
import { type Action, answerOf } from '../../platform/declare/answer.ts';
import { assertFollowedBy, type OperationCall } from '../../platform/declare/operation.ts';
import { lifeOf, outcomeUnknown, type RequestLife } from './deadline.ts';
import { assertMatches, etagOf, matchesNone } from './etags.ts';
import { answerOnce, findAnswer, type IdempotentRequest, readIdempotencyKey } from './idempotency.ts';
import { chooseType } from './negotiation.ts';
import { inputReader } from '../../platform/declare/input.ts';
import { type Handler, jsonType, openCall, rawInputOf, type Serving } from './serving.ts';
import { lockPath, type StoredAnswer } from './store.ts';

// How a declared operation is served, once its caller is known and may: what came is checked, the
// domain's function called, and its answer rendered by the operation's own schema.

export function actionHandler(route: Action, serving: Serving): Handler {
  const read = inputReader(route);
  return async (request, reply, principal) => {
    chooseType(request.headers.accept, [jsonType]);
    const parts = read(rawInputOf(request));
    const life = lifeOf(request, reply, serving);
    return life.within(async () => {
      const links: string[] = [];
      const call = await openCall(serving, { request, reply }, principal, parts, life, (job, id) => {
        assertFollowedBy(route, job);
        if (id !== null) links.push(monitor(id));
      });
      if (route.method === 'GET' || route.asks === true) {
        const answer = await storedAnswerOf(route, call, await route.prepare?.(call));
        return sendAnswer(request, reply, route, answer);
      }
      return change(request, reply, route, call, life, links);
    });
  };
}

/** Where a job that follows can be watched (RFC 8288; the relation is IANA's). */
function monitor(id: string): string {
  return `</api/v1/jobs/${id}>; rel="monitor"`;
}

async function storedAnswerOf(route: Action, call: OperationCall, prepared: unknown): Promise<StoredAnswer> {
  const { body, location } = await answerOf(route, call, prepared);
  return {
    status: route.status ?? (body === '' ? 204 : 200),
    location: location === null ? null : `/api/v1${location}`,
    body,
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
  route: Action,
  call: OperationCall,
  life: RequestLife,
  links: readonly string[],
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
  if (needsIfMatch(route) && ifMatch === undefined) assertMatches(undefined, '');
  if (key !== null && route.prepare !== undefined) {
    // What was done need not be asked of anybody else again.
    const before = await findAnswer(call.db, key, realTime());
    if (before !== null) return sendAnswer(request, reply, route, before, true);
  }
  const prepared: unknown = await route.prepare?.(call);
  let isDecided = false;
  const changing = call.db.transaction().execute(async (trx) => {
    const inside: OperationCall = { ...call, db: nestedDatabase(trx) };
    const work = async () => {
      if (route.edits !== undefined && ifMatch !== undefined)
        await assertUnchanged(route.edits, inside, request, ifMatch);
      return storedAnswerOf(route, inside, prepared);
    };
    const done = key === null ? { answer: await work(), replayed: false } : await once(trx, key, route, work);
    life.decide();
    isDecided = true;
    return done;
  });
  const { answer, replayed } = await changing.catch((error: unknown) => {
    throw isDecided && !isRefusal(error) ? outcomeUnknown(error) : error;
  });
  if (links.length > 0) reply.header('link', links.join(', '));
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

const once = (
  trx: Parameters<typeof answerOnce>[0],
  key: IdempotentRequest,
  { shownOnce = [] }: Action,
  work: () => Promise<StoredAnswer>,
) =>
  answerOnce(trx, key, realTime(), work, shownOnce.length === 0 ? undefined : (answer) => without(answer, shownOnce));

/** An answer as it is kept: what is shown once is null there. */
function without(answer: StoredAnswer, fields: readonly string[]): StoredAnswer {
  const nothing = Object.fromEntries(fields.map((field) => [field, null]));
  return { ...answer, body: JSON.stringify({ ...(JSON.parse(answer.body) as object), ...nothing }) };
}

/** Keys are kept by real time: a simulated clock may stand still. */
function realTime(): Temporal.Instant {
  return Temporal.Now.instant().round({ smallestUnit: 'microsecond', roundingMode: 'trunc' });
}

/** An edit of what somebody may not have seen is refused; a POST says itself what is to happen. */
export function needsIfMatch({ edits, method }: Action): boolean {
  return edits !== undefined && method !== 'POST';
}

async function assertUnchanged(
  edited: NonNullable<Action['edits']>,
  call: OperationCall,
  request: FastifyRequest,
  ifMatch: string,
): Promise<void> {
  await call.db.transaction().execute((trx) => lockPath(trx, `${edited.path} ${JSON.stringify(request.params)}`));
  const query: unknown = edited.query === undefined ? {} : (edited.query as z.ZodType).parse({});
  const { body } = await answerOf({ ...edited, shape: 'action' }, { ...call, query, body: undefined }, undefined);
  assertMatches(ifMatch, etagOf(body));
}

function sendAnswer(
  request: FastifyRequest,
  reply: FastifyReply,
  route: Action,
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
