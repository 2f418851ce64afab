import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { ArcadiaError } from '../../platform/errors.ts';
import { binaryTypes, type Operation, type Principal } from '../../platform/declare/operation.ts';
import type { Authenticator } from '../access/authentication.ts';
import { documentHandler } from './documents.ts';
import { listHandler } from './lists.ts';
import { inSpanOf } from '../health/observe.ts';
import { actionHandler } from './actions.ts';
import { RateLimiter, rateLimitFields } from '../access/rate-limit.ts';
import { subjectOf } from '../access/request-database.ts';
import { type Caller, sharerOf } from '../access/shares.ts';
import type { Place } from './load-shedding.ts';
import { earlier } from '../access/session.ts';
import type { Handler, Serving } from './serving.ts';

// The declared routes under /api/v1. Whoever has no valid token gets no further than here, before
// anything of the body is read; then each route lets in the roles that it names.

export const apiPrefix = '/api/v1';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** It goes on until the client leaves: no request under way, and no measure of how long one takes. */
    endless?: boolean;
    /** Who asks has to show a token. */
    guarded?: boolean;
    /** Machines send there, by a standard of their own: it is no part of the document. */
    takesIn?: boolean;
    /** It is there to say that its method is none of its path's. */
    refuses?: boolean;
  }
}

interface ApiOptions extends Serving {
  readonly authenticator: Authenticator;
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'] as const;

/** Serves every route, and refuses the other methods of their paths. */
export function serveRoutes(server: FastifyInstance, options: ApiOptions): void {
  const guard = openGuard(options);
  const { operations } = options.program;
  for (const route of operations) {
    const handler = handlerOf(route, options);
    const isFile = route.shape === 'action' && route.consumes !== undefined;
    const { bodyBytesMax, fileBytesMax } = options.limits;
    server.route({
      method: methodOf(route),
      url: pathOf(route),
      config: { endless: route.shape === 'document' && route.endless === true, guarded: true },
      bodyLimit: isFile ? (route.fileBytesMax ?? fileBytesMax) : bodyBytesMax,
      onRequest: (request, reply) => guard(route, request, reply),
      preParsing: async (request, reply) => assertMediaType(route, request, reply),
      // All of the body is there: from now on it takes what others need as well.
      preValidation: async (request, reply) => {
        if (hasBody(request)) takePlace(request, reply, (place, caller) => place.work(caller));
      },
      handler: (request, reply) => {
        const { principal } = request;
        if (principal === null) throw new ArcadiaError('unauthenticated', 'A token is needed here.');
        return inSpanOf(request, () => handler(request, reply, principal));
      },
    });
  }
  for (const [url, allowed] of methodsByPath(operations)) {
    server.route({
      method: methods.filter((method) => !allowed.includes(method)),
      url,
      config: { refuses: true },
      // Before anything of a body is looked at: one that is wrong as well changes nothing.
      onRequest: async (request, reply) => {
        reply.header('allow', allowed.join(', '));
        throw new ArcadiaError('method_not_allowed', `${request.method} is no method of this address.`);
      },
      handler: () => {},
    });
  }
}

/** The methods of a GET are also those of HEAD, which Fastify adds. */
function handlerOf(route: Operation, serving: Serving): Handler {
  if (route.shape === 'list') return listHandler(route, serving);
  if (route.shape === 'document') return documentHandler(route, serving);
  return actionHandler(route, serving);
}

export function methodOf(route: Operation): NonNullable<Operation['method']> {
  return route.method ?? 'GET';
}

export function pathOf(route: Operation): string {
  return `${apiPrefix}${route.path}`;
}

function methodsByPath(routes: readonly Operation[]): Map<string, HTTPMethods[]> {
  const found = new Map<string, HTTPMethods[]>();
  for (const route of routes) {
    const method = methodOf(route);
    const mine: HTTPMethods[] = method === 'GET' ? ['GET', 'HEAD'] : [method];
    // The same path may call its parameter otherwise in another module; the router minds.
    found.set(pathOf(route), [...(found.get(pathOf(route)) ?? []), ...mine]);
  }
  return found;
}

/** Authenticates, counts and lets in, in this order. */
function openGuard({ authenticator, limits, sessions }: ApiOptions) {
  const known = new RateLimiter({ name: 'default', limit: limits.requestsPerMinute, windowSeconds: 60 });
  const anonymous = new RateLimiter({ name: 'address', limit: limits.anonymousPerMinute, windowSeconds: 60 });

  function count(limiter: RateLimiter, key: string, reply: FastifyReply): void {
    const allowance = limiter.take(key, performance.now());
    reply.headers(rateLimitFields(limiter.quota, allowance));
    if (allowance.allowed) return;
    reply.header('retry-after', allowance.resetSeconds);
    const { limit, windowSeconds } = limiter.quota;
    throw new ArcadiaError('rate_limited', `More than ${limit} requests in ${windowSeconds} s.`);
  }

  async function authenticate(request: FastifyRequest): Promise<Principal> {
    const { authorization, endsAt } = sessions.credentialsOf(request);
    const principal = await authenticator.authenticate(authorization);
    return endsAt === null ? principal : { ...principal, expiresAt: earlier(endsAt, principal.expiresAt ?? null) };
  }

  async function enter(route: Operation, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const principal = await authenticate(request).catch((error: unknown) => {
      // Whoever guesses tokens is slowed down; who has a valid one does not suffer by it.
      request.place?.vacate();
      count(anonymous, request.ip, reply);
      throw error;
    });
    request.principal = principal;
    count(known, subjectOf(principal), reply);
    takePlace(request, reply, (place, caller) => (hasBody(request) ? place.receive(caller) : place.work(caller)));
    if (!route.roles.includes(principal.role))
      throw new ArcadiaError('forbidden', `The role ${principal.role} may not do this.`);
  }

  return async (route: Operation, request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const release = request.place?.hold();
    try {
      await enter(route, request, reply);
    } finally {
      release?.();
    }
  };
}

/** Sooner than from a quota: one of the caller's own requests will have ended. */
const placeRetryAfterSeconds = 2;

function takePlace(
  { place, principal }: FastifyRequest,
  reply: FastifyReply,
  take: (place: Place, caller: Caller) => void,
): void {
  if (place === null || principal === null) return;
  try {
    take(place, sharerOf(principal));
  } catch (error) {
    reply.header('retry-after', placeRetryAfterSeconds);
    throw error;
  }
}

/** A body has a media type that its operation takes, is UTF-8 where it is text, and is not compressed. */
function assertMediaType(route: Operation, request: FastifyRequest, reply: FastifyReply): void {
  if (route.shape !== 'action' || route.body === undefined || !hasBody(request)) return;
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') {
    reply.header('accept-encoding', 'identity');
    throw new ArcadiaError('unsupported_media_type', 'This operation takes no compressed body.');
  }
  const wanted: readonly string[] = [route.consumes ?? 'application/json'].flat();
  const { type, charset } = mediaTypeOf(request.headers['content-type'] ?? '');
  const isText = !(binaryTypes as readonly string[]).includes(type);
  if (wanted.includes(type) && (!isText || charset === 'utf-8' || charset === 'utf8')) return;
  reply.header(route.method === 'PATCH' ? 'accept-patch' : 'accept', wanted.join(', '));
  throw new ArcadiaError(
    'unsupported_media_type',
    `This operation takes ${wanted.join(' or ')}${isText ? ', in UTF-8' : ''}.`,
  );
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** UTF-8 is what a type without a charset is in. */
function mediaTypeOf(header: string): { type: string; charset: string } {
  const [type = '', ...parameters] = header
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((each) => each.startsWith('charset='))?.slice('charset='.length);
  return { type, charset: charset?.replaceAll('"', '') ?? 'utf-8' };
}
