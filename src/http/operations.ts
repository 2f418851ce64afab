import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import type { z } from 'zod';
import type { Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import type { SecretKey } from '../platform/crypto.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { Logger } from '../platform/log.ts';
import { nestedDatabase } from '../platform/nested-database.ts';
import type { Principal, RouteCall, RouteDeclaration } from '../platform/route.ts';
import { render } from './answers.ts';
import { csvLine } from './csv.ts';
import { sealCursor, unsealCursor } from './cursors.ts';
import { lifeOf, type RequestLife } from './deadline.ts';
import { assertMatches, etagOf, matchesNone } from './etags.ts';
import { answerOnce, findAnswer, type IdempotentRequest, readIdempotencyKey } from './idempotency.ts';
import { type EventStreams, readEventId } from './event-streams.ts';
import { csvPageSize, type Limits } from './limits.ts';
import { chooseType } from './negotiation.ts';
import { partsReader, type RequestParts } from './request-parts.ts';
import { requestDatabase } from './request-database.ts';
import { lockPath, type StoredAnswer } from './store.ts';

// How a declared route is served, once its caller is known and may: what came is checked, the
// domain's function called, and its answer rendered by the route's own schema.

export const jsonType = 'application/json; charset=utf-8';
export const csvType = 'text/csv; charset=utf-8; header=present';

export interface Serving {
  /** Whose connections requests are answered on. */
  readonly pool: Pool;
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Logger;
  readonly secretKey: SecretKey;
  readonly enqueue: RouteCall['enqueue'];
  readonly events: EventStreams;
  readonly limits: Limits;
  /** Aborts what is under way when the server can wait no longer. */
  readonly stopping: AbortSignal;
  /** Aborts what never ends by itself, when the server begins to stop. */
  readonly draining: AbortSignal;
}

export type Handler = (request: FastifyRequest, reply: FastifyReply, principal: Principal) => Promise<unknown>;
type Operation = Extract<RouteDeclaration, { shape: 'operation' }>;
type List = Extract<RouteDeclaration, { shape: 'list' }>;
type Documented = Extract<RouteDeclaration, { shape: 'document' }>;

/** The methods of a GET are also those of HEAD, which Fastify adds. */
export function handlerOf(route: RouteDeclaration, serving: Serving): Handler {
  if (route.shape === 'list') return listHandler(route, serving);
  if (route.shape === 'document') return documentHandler(route, serving);
  return operationHandler(route, serving);
}

async function openCall(
  serving: Serving,
  request: FastifyRequest,
  principal: Principal,
  parts: RequestParts,
  life: RequestLife,
): Promise<RouteCall> {
  const { pool, clock, config, log, enqueue } = serving;
  const { params, query, body } = parts;
  return {
    params,
    query,
    body,
    principal,
    db: requestDatabase(pool, { principal, requestId: request.id, address: request.ip }),
    now: await clock.now(),
    clock,
    config,
    log: log.child({ request_id: request.id }),
    signal: life.signal,
    requestId: request.id,
    openEvents: (after) =>
      serving.events.open(principal, readEventId(request.headers['last-event-id']) ?? after, life.signal),
    enqueue,
  };
}

// --- Operations ---

function operationHandler(route: Operation, serving: Serving): Handler {
  const read = partsReader(route);
  const { requestMsMax } = serving.limits;
  return async (request, reply, principal) => {
    chooseType(request.headers.accept, [jsonType]);
    const parts = read(request);
    const life = lifeOf(request, reply, serving.stopping);
    return life.within(requestMsMax, async () => {
      const call = await openCall(serving, request, principal, parts, life);
      if (route.method === 'GET' || route.asks === true) {
        const answer = await answerOf(route, call, await route.prepare?.(call));
        return sendAnswer(request, reply, route, answer);
      }
      return change(request, reply, route, call);
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

/** What changes something: in one transaction, once per Idempotency-Key, and only what the caller has seen. */
async function change(
  request: FastifyRequest,
  reply: FastifyReply,
  route: Operation,
  call: RouteCall,
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
  const { answer, replayed } = await call.db.transaction().execute(async (trx) => {
    const inside: RouteCall = { ...call, db: nestedDatabase(trx) };
    const work = async () => {
      if (route.edits !== undefined) await assertUnchanged(route.edits, inside, request, ifMatch);
      const result = await answerOf(route, inside, prepared);
      // Whoever has been told that it was given up must not find it done.
      call.signal.throwIfAborted();
      return result;
    };
    return key === null ? { answer: await work(), replayed: false } : once(trx, key, work);
  });
  return sendAnswer(request, reply, route, answer, replayed);
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

// --- Lists ---

function listHandler(route: List, serving: Serving): Handler {
  const read = partsReader(route);
  const { requestMsMax } = serving.limits;
  const columns = Object.keys((route.row as z.ZodObject).shape);
  return async (request, reply, principal) => {
    const type = chooseType(request.headers.accept, [jsonType, csvType]);
    const parts = read(request);
    const life = lifeOf(request, reply, serving.stopping);
    const scope = { operationId: route.operationId, principal, filters: parts.filters };
    const { cursor: sealed } = parts.page;
    const cursor = sealed === undefined ? null : unsealCursor(serving.secretKey, scope, sealed);
    const call = await life.within(requestMsMax, () => openCall(serving, request, principal, parts, life));
    const page = (limit: number, at: string | null) =>
      life.within(requestMsMax, async () => {
        const { items, nextCursor, ...extra } = await route.run(call as RouteCall<never, never, never>, {
          limit,
          cursor: at,
        });
        return { items: items.map((item: unknown) => render(route.row, item, route.operationId)), nextCursor, extra };
      });

    if (type === jsonType) {
      const { items, nextCursor, extra } = await page(parts.page.limit, cursor);
      const said = route.extra === undefined ? {} : (render(route.extra, extra, route.operationId) as object);
      return reply.type(jsonType).send(
        JSON.stringify({
          items,
          nextCursor: nextCursor === null ? null : sealCursor(serving.secretKey, scope, nextCursor),
          ...said,
        }),
      );
    }
    const rowsMax = parts.isLimitGiven ? parts.page.limit : serving.limits.csvRowsMax;
    // The first page before the first byte: what is wrong with a request is told as a problem.
    const first = await page(Math.min(rowsMax, csvPageSize), cursor);
    // Whoever asks for the headers alone would have the rest of the list read, for nobody.
    if (request.method === 'HEAD') return reply.type(csvType).send();
    const lines = csvLines(columns, first, rowsMax, parts.isLimitGiven, page);
    reply.header('content-disposition', `attachment; filename="${fileNameOf(route)}"`);
    return reply.type(csvType).send(Readable.from(lines, { objectMode: false, highWaterMark: 65_536 }));
  };
}

type RenderedPage = { readonly items: readonly unknown[]; readonly nextCursor: string | null };

/** A page at a time, as the client reads. A list with more rows than it may have breaks off, so that nobody takes it for whole. */
async function* csvLines(
  columns: readonly string[],
  first: RenderedPage,
  rowsMax: number,
  isCutAllowed: boolean,
  read: (limit: number, cursor: string) => Promise<RenderedPage>,
): AsyncGenerator<string> {
  yield csvLine(columns);
  let left = rowsMax;
  for (let page = first; ; ) {
    const lines = page.items.slice(0, left).map((item) => csvLine(columns.map((column) => (item as never)[column])));
    yield lines.join('');
    left -= lines.length;
    if (page.nextCursor === null) return;
    if (left <= 0) {
      if (isCutAllowed) return;
      throw new ArcadiaError('range_too_large', `The list has more than ${rowsMax} rows.`);
    }
    page = await read(Math.min(left, csvPageSize), page.nextCursor);
  }
}

/** `listUsage` is saved as usage.csv. */
function fileNameOf(route: List): string {
  const name = route.operationId.replace(/^list/, '').replace(/(?<=[a-z])(?=[A-Z])/g, '-');
  return `${name.toLowerCase()}.csv`;
}

// --- Documents ---

function documentHandler(route: Documented, serving: Serving): Handler {
  const read = partsReader(route);
  const { requestMsMax } = serving.limits;
  return async (request, reply, principal) => {
    chooseType(request.headers.accept, route.produces);
    const parts = read(request);
    // Nobody would read its body, and it would never end.
    if (route.endless === true && request.method === 'HEAD') return reply.type(route.produces[0] ?? jsonType).send();
    const life = lifeOf(request, reply, route.endless === true ? serving.draining : serving.stopping);
    const { type, body, filename } = await life.within(requestMsMax, async () => {
      const call = await openCall(serving, request, principal, parts, life);
      return route.run(call as RouteCall<never, never, never>);
    });
    if (filename !== undefined) reply.header('content-disposition', `attachment; filename="${filename}"`);
    // What comes bit by bit must not wait in a proxy until there is enough of it.
    if (route.endless === true) reply.header('x-accel-buffering', 'no');
    const isReady = typeof body === 'string' || body instanceof Uint8Array || body instanceof Readable;
    // What is made as it is read is not made for nobody.
    if (!isReady && request.method === 'HEAD') return reply.type(type).send();
    return reply.type(type).send(isReady ? body : Readable.from(body, { objectMode: false }));
  };
}
