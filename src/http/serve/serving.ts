import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import type { Clock } from '../../platform/clock.ts';
import type { Config } from '../../platform/config.ts';
import type { Program } from '../../platform/declare/program.ts';
import type { SecretKey } from '../../platform/secrets/crypto.ts';
import type { UnitOfWork } from '../../platform/database/database.ts';
import type { JobArguments, JobDeclaration } from '../../platform/declare/job.ts';
import type { Logger } from '../../platform/log.ts';
import type { Principal, OperationCall } from '../../platform/declare/operation.ts';
import type { RequestLife } from './deadline.ts';
import { type EventStreams, readEventId } from '../events/event-streams.ts';
import type { Sessions } from '../access/session.ts';
import type { Limits } from './limits.ts';
import type { ConnectionLine } from '../access/connection-line.ts';
import { requestDatabase } from '../access/request-database.ts';
import type { RawInput, OperationInput } from '../../platform/declare/input.ts';

// What every operation, list and document is served with.

export const jsonType = 'application/json; charset=utf-8';
export const csvType = 'text/csv; charset=utf-8; header=present';

export interface Serving {
  /** Whose connections requests are answered on. */
  readonly pool: Pool;
  /** Whose turn it is to have one of them. */
  readonly line: ConnectionLine;
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Logger;
  readonly program: Program;
  readonly secretKey: SecretKey;
  readonly sessions: Sessions;
  readonly enqueue: OperationCall['enqueue'];
  /** As `enqueue`, with the id of the same job that waits or runs already. */
  enqueueOrFind<Arguments extends JobArguments>(
    trx: UnitOfWork,
    job: JobDeclaration<Arguments>,
    args: Arguments,
  ): Promise<string | null>;
  readonly events: EventStreams;
  readonly limits: Limits;
  /** Aborts what is under way when the server can wait no longer. */
  readonly stopping: AbortSignal;
  /** Aborts what never ends by itself, when the server begins to stop. */
  readonly draining: AbortSignal;
}

export type Handler = (request: FastifyRequest, reply: FastifyReply, principal: Principal) => Promise<unknown>;

/**
 * What a HEAD of a streamed answer is answered with: nothing is made for nobody. A stream, because of
 * an empty text its length would be stated, which is not the length of what a GET answers.
 */
export function withoutBody(): Readable {
  return Readable.from([]);
}

/** A request's parts as they came. */
export function rawInputOf({ params, query, body }: FastifyRequest): RawInput {
  return { params: params as RawInput['params'], query: query as RawInput['query'], body };
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** The call that a declared operation is run with. `onFollowed` is told of each job that follows, and its id. */
export async function openCall(
  serving: Serving,
  { request, reply }: Exchange,
  principal: Principal,
  parts: OperationInput,
  { signal }: RequestLife,
  onFollowed: (job: { readonly name: string }, id: string | null) => void = () => {},
): Promise<OperationCall> {
  const { pool, line, clock, config, log, program, enqueue, sessions } = serving;
  const { params, query, body } = parts;
  return {
    params,
    query,
    body,
    principal,
    db: requestDatabase(pool, { principal, requestId: request.id, address: request.ip, signal }, line),
    now: await clock.now(),
    clock,
    config,
    log: log.child({ request_id: request.id }),
    program,
    signal,
    requestId: request.id,
    openEvents: (after) =>
      serving.events.open(principal, readEventId(request.headers['last-event-id']) ?? after, signal),
    session: {
      start: () => void reply.header('set-cookie', sessions.start(request, principal)),
      end: () => void reply.header('set-cookie', sessions.end()),
    },
    enqueue,
    async follow(trx, job, args) {
      onFollowed(job, await serving.enqueueOrFind(trx, job, args));
    },
  };
}
