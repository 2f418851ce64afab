import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admitted, Intake, IntakeAnswer, IntakeDeclaration, IntakeHead } from '../../platform/declare/intake.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { RateLimiter } from '../access/rate-limit.ts';
import { requestDatabase } from '../access/request-database.ts';
import { inSpanOf } from '../health/observe.ts';
import { apiPrefix } from './api.ts';
import { lifeOf } from './deadline.ts';
import { jsonType, type Serving } from './serving.ts';

// What machines send: no token, no operation, a body as it is. Who sends is asked of the intake before the body is read;
// places of requests are shared among senders as among members of staff.

/** As whom an intake uses the database: of the operator's own people, none of them. */
const intakePrincipal = { subject: 'gateway', role: 'operator', customerId: null } as const;

interface OpenIntake {
  readonly declaration: IntakeDeclaration;
  readonly intake: Intake;
}

/** Serves the program's intakes. What it returns waits for what is under way. */
export async function serveIntakes(server: FastifyInstance, serving: Serving): Promise<() => Promise<void>> {
  const { pool, line, clock, config, log, secretKey, enqueue, limits } = serving;
  const db = requestDatabase(pool, { principal: intakePrincipal, requestId: '', address: '' }, line);
  const anonymous = new RateLimiter({ name: 'address', limit: limits.anonymousPerMinute, windowSeconds: 60 });
  const opened: OpenIntake[] = serving.program.intakes.map((declaration) => ({
    declaration,
    intake: declaration.open({ db, clock, config, log, secretKey, enqueue }),
  }));
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    for (const one of opened)
      for (const path of one.declaration.paths) serveIntake(scope, path, one, serving, anonymous);
  });
  return async () => {
    for (const { intake } of opened) await intake.close();
  };
}

function serveIntake(
  scope: FastifyInstance,
  path: string,
  { declaration, intake }: OpenIntake,
  serving: Serving,
  anonymous: RateLimiter,
): void {
  const url = `${apiPrefix}${path}`;
  const admitted = new WeakMap<FastifyRequest, Admitted>();
  scope.route({
    method: 'POST',
    url,
    config: { guarded: true, takesIn: true },
    bodyLimit: declaration.bodyBytesMax,
    onRequest: async (request, reply) => {
      const release = request.place?.hold();
      try {
        assertPlain(request, reply);
        const sender = await admit(intake, request, reply, anonymous);
        admitted.set(request, sender);
        take(reply, () => request.place?.receive(callerOf(sender)));
      } finally {
        release?.();
      }
    },
    handler: (request, reply) =>
      inSpanOf(request, async () => {
        const sender = admitted.get(request);
        if (sender === undefined) throw new ArcadiaError('unauthenticated', 'Who sends is not known.');
        take(reply, () => request.place?.work(callerOf(sender)));
        const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
        const life = lifeOf(request, reply, serving);
        const answer = await life.within(() => countFailure(sender.receive(body), request, reply, anonymous));
        return send(reply, answer);
      }),
  });
  scope.route({
    method: 'OPTIONS',
    url,
    config: { takesIn: true },
    handler: async (request, reply) => send(reply, await intake.options(headOf(request))),
  });
  scope.route({
    method: ['GET', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY'],
    url,
    exposeHeadRoute: false,
    config: { refuses: true },
    onRequest: async (request, reply) => {
      reply.header('allow', 'POST, OPTIONS');
      throw new ArcadiaError('method_not_allowed', `${request.method} is no method of this address.`);
    },
    handler: () => {},
  });
}

function headOf({ params, headers }: FastifyRequest): IntakeHead {
  const single = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : value,
  ]);
  return { params: params as IntakeHead['params'], headers: Object.fromEntries(single) as IntakeHead['headers'] };
}

/** A sender's requests count as its own, never as those of somebody who guesses. */
function admit(
  intake: Intake,
  request: FastifyRequest,
  reply: FastifyReply,
  anonymous: RateLimiter,
): Promise<Admitted> {
  return countFailure(intake.admit(headOf(request)), request, reply, anonymous);
}

/** Whoever guesses secrets is slowed down. When a sender is to come again is said where the error says it. */
async function countFailure<Value>(
  work: Promise<Value>,
  request: FastifyRequest,
  reply: FastifyReply,
  anonymous: RateLimiter,
): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ArcadiaError)) throw error;
    const { retryAfterSeconds } = error.details;
    if (typeof retryAfterSeconds === 'number') reply.header('retry-after', retryAfterSeconds);
    if (error.status !== 401) throw error;
    const allowance = anonymous.take(request.ip, performance.now());
    if (allowance.allowed) throw error;
    reply.header('retry-after', allowance.resetSeconds);
    throw new ArcadiaError('rate_limited', 'Too many requests of this address without a valid secret.');
  }
}

function callerOf({ sender }: Admitted) {
  return { group: 'staff', name: `sender ${sender}` } as const;
}

const placeRetryAfterSeconds = 1;

function take(reply: FastifyReply, entering: () => void): void {
  try {
    entering();
  } catch (error) {
    reply.header('retry-after', placeRetryAfterSeconds);
    throw error;
  }
}

function assertPlain(request: FastifyRequest, reply: FastifyReply): void {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity') return;
  reply.header('accept-encoding', 'identity');
  throw new ArcadiaError('unsupported_media_type', 'Events are sent without compression.');
}

function send(reply: FastifyReply, { status, headers, body }: IntakeAnswer): FastifyReply {
  reply.code(status);
  if (headers !== undefined) reply.headers(headers);
  return body === null ? reply.send() : reply.type(jsonType).send(body);
}
