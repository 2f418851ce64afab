import type { IncomingMessage } from 'node:http';
import helmet from '@fastify/helmet';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { register, type Registry } from 'prom-client';
import { databaseClock } from '../../platform/clock.ts';
import type { Config } from '../../platform/config.ts';
import { decodeText } from '../../platform/decode-text.ts';
import { type Database, openPool } from '../../platform/database/database.ts';
import type { Pools } from '../../platform/database/pools.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { assertFewValues } from '../../platform/declare/invalid-input.ts';
import { binaryTypes, type OperationCall, textTypes } from '../../platform/declare/operation.ts';
import type { Program } from '../../platform/declare/program.ts';
import { openSecretKey } from '../../inventory/index.ts';
import { apiPrefix, serveRoutes } from './api.ts';
import { type Authenticator, challenge } from '../access/authentication.ts';
import { ConnectionLine } from '../access/connection-line.ts';
import { countUnanswered, whenEnded } from './ended.ts';
import { openEventHub } from '../events/event-hub.ts';
import { openEventStreams } from '../events/event-streams.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { alive, explainListenError } from './listen.ts';
import { type LoadShedder, openLoadShedder } from './load-shedding.ts';
import { openSessions } from '../access/session.ts';
import { observeRequests } from '../health/observe.ts';
import { nextOperations } from './next-operation.ts';
import { problemType, type ResolveNext, retryAfterOf, toProblem } from './problems.ts';
import type { Readiness } from '../health/readiness.ts';
import { serveReference } from '../document/reference.ts';
import type { Page } from '../page/page.ts';
import { answerWithPage, servePage } from '../page/serve-page.ts';
import type { Serving } from './serving.ts';
import { requestIdOf } from './request-ids.ts';
import { compressJson } from './compress.ts';
import { serveIntakes } from './intakes.ts';
import { cutOffSlowReaders } from './slow-readers.ts';
import { openUnparsed } from './unparsed.ts';
import { httpSettings } from '../settings.ts';

interface HttpServerOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** Loopback unless an operator opens it. */
  readonly host?: string;
  /** Whether requests are to be sent here. */
  readonly readiness: Readiness;
  /** For what belongs to no request: the clock, and who a token's customer is. */
  readonly db: Database;
  /** Requests have connections of their own. */
  readonly connectionString: string;
  readonly config: Config;
  readonly log: Logger;
  readonly authenticator: Authenticator;
  readonly enqueue: OperationCall['enqueue'];
  readonly enqueueOrFind: Serving['enqueueOrFind'];
  readonly program: Program;
  /** The dashboard; null: visitors arrive at the reference. */
  readonly page: Page | null;
  readonly limits?: Partial<Limits>;
  readonly registry?: Registry;
  /** Of the process: where the pool of requests is counted in. */
  readonly pools?: Pools;
}

export interface HttpServer {
  readonly url: string;
  /** What is served under /api/v1, as `GET /api/v1/deployments/:deployment`. */
  readonly served: readonly string[];
  /** How many streams of events are open: a browser with the dashboard in it has one. */
  watchers(): number;
  /**
   * Takes no new connection, ends what never ends by itself, gives what is under way its time, and
   * closes. Whoever balances load has been told by /readyz before.
   */
  close(): Promise<void>;
}

/**
 * Starts the HTTP surface: the dashboard, the API under /api/v1, its reference at /api/v1/docs, and
 * `GET /livez`: the process answers; it looks at nothing else, so that a database that is away
 * never gets the process killed. `GET /readyz`: every check holds (200), or which does not (503).
 * Errors: port_in_use.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { port, host = '127.0.0.1', config, log, program } = options;
  const limits = { ...defaultLimits, requestsPerMinute: httpSettings.of(config).requestsPerMinute, ...options.limits };
  const { registry = register } = options;
  const secretKey = await openSecretKey(options.db, config);
  const draining = new AbortController();
  const stopping = new AbortController();
  const pool = openRequestPool(options, limits);
  const line = new ConnectionLine({ all: limits.connectionsMax, ofOne: limits.connectionsOfOneMax });
  options.pools?.countWaiting(pool, () => line.waitingCount);
  const hub = await openEventHub({ db: options.db, connectionString: options.connectionString, log });
  const events = openEventStreams({ hub, events: program.events, log, registry });
  const load = openLoadShedder(limits);
  const served: string[] = [];
  let closeIntakes = async () => {};
  const server = createServer(options, limits, registry);
  await server.register(helmet, securityHeaders);
  acceptBodies(server);

  serveProbes(server, options.readiness);
  serveVisitors(server, options.page);
  await server.register(async (api) => {
    prepareApi(api, load, limits, served);
    await serveReference(api, program);
    const serving: Serving = {
      program,
      pool,
      line,
      clock: databaseClock(options.db),
      config,
      log,
      secretKey,
      sessions: openSessions(secretKey),
      enqueue: options.enqueue,
      enqueueOrFind: options.enqueueOrFind,
      events,
      limits,
      stopping: stopping.signal,
      draining: draining.signal,
    };
    serveRoutes(api, { ...serving, authenticator: options.authenticator });
    closeIntakes = await serveIntakes(api, serving);
  });

  const closeParts = async () => {
    await closeIntakes();
    load.close();
    await hub.close();
    await pool.end();
  };
  const url = await server.listen({ port, host }).catch(async (error: unknown) => {
    await server.close();
    await closeParts();
    throw explainListenError(error, host, port);
  });
  return {
    url,
    served,
    watchers: events.count,
    async close() {
      await drain(server, { draining, stopping, limits });
      await closeParts();
    },
  };
}

/** Each request holds one of its connections for a statement or a transaction, never while it waits for somebody else. */
function openRequestPool({ connectionString, pools }: HttpServerOptions, limits: Limits): ReturnType<typeof openPool> {
  return openPool({
    connectionString,
    max: limits.connectionsMax,
    applicationName: 'arcadia api',
    ...(pools && { pools }),
    settings: {
      statement_timeout: `${limits.requestMsMax}ms`,
      idle_in_transaction_session_timeout: `${limits.requestMsMax}ms`,
    },
  });
}

/** A server on which every answer, and everything that goes wrong, looks as the document says; nothing is served yet. */
function createServer({ config, log, program, page }: HttpServerOptions, limits: Limits, registry: Registry) {
  const { trustedProxies } = httpSettings.of(config);
  const unparsed = openUnparsed({ log });
  const next = nextOperations(program);
  const server = Fastify({
    logger: false,
    forceCloseConnections: 'idle',
    bodyLimit: limits.bodyBytesMax,
    // To receive all of a request; what is done with it then has a limit of its own. Node looks for late ones from time
    // to time, and its own limit for headers would be a minute.
    requestTimeout: limits.requestMsMax,
    keepAliveTimeout: 65_000,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    genReqId: requestIdOf,
    requestIdHeader: false,
    routerOptions: { maxParamLength: 500 },
    // Whether there is a Host is checked by us: Node's own answer would be no problem.
    http: {
      requireHostHeader: false,
      headersTimeout: limits.requestMsMax,
      requestTimeout: limits.requestMsMax,
      connectionsCheckingInterval: limits.arrivalCheckMs,
    },
    clientErrorHandler: unparsed.onClientError,
    // A list ending in .csv is the list, as CSV.
    rewriteUrl: (request) => asCsv(request),
    frameworkErrors: (error, request, reply) => {
      sendProblem(request, reply, error, next);
    },
  });

  observeRequests(server, log, registry);
  unparsed.watch(server);
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  server.setErrorHandler((error, request, reply) => sendProblem(request, reply, error, next));
  server.setNotFoundHandler((request, reply) => {
    if (page !== null && answerWithPage(request, reply, page)) return;
    if (!server.supportedMethods.includes(request.method))
      throw new ArcadiaError('method_unknown', `${request.method} is no method of anything here.`);
    throw new ArcadiaError('not_found', `There is nothing at ${request.method} ${request.url.split('?', 1)[0]}.`);
  });
  return server;
}

function serveVisitors(server: FastifyInstance, page: Page | null): void {
  if (page !== null) servePage(server, page);
  // A browser keeps what is behind #.
  else server.get('/', async (_request, reply) => reply.redirect(`${apiPrefix}/docs`));
}

function serveProbes(server: FastifyInstance, readiness: Readiness): void {
  server.get('/livez', async () => alive());
  server.get('/readyz', async (_request, reply) => {
    const { ready, report } = await readiness.check();
    return reply.code(ready ? 200 : 503).send(report);
  });
}

/** What holds for all of the API; what is served is added to `served`. */
function prepareApi(api: FastifyInstance, load: LoadShedder, limits: Limits, served: string[]): void {
  shedLoad(api, load, limits.pipelinedMax);
  compressJson(api);
  cutOffSlowReaders(api, limits.stalledMsMax);
  api.addHook('onRoute', ({ method, url: path, config: { refuses, takesIn } = {} }) => {
    if (refuses !== true && takesIn !== true) served.push(...[method].flat().map((each) => `${each} ${path}`));
  });
  api.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    reply.header('vary', 'authorization, cookie, accept, accept-encoding');
  });
}

interface Draining {
  readonly draining: AbortController;
  readonly stopping: AbortController;
  readonly limits: Limits;
}

/** Takes no new request, and lets those that run end within their time. */
async function drain(server: FastifyInstance, { draining, stopping, limits }: Draining): Promise<void> {
  const stopped = new ArcadiaError('overloaded', 'This server is stopping.');
  draining.abort(stopped);
  const timer = setTimeout(() => {
    stopping.abort(stopped);
    server.server.closeAllConnections();
  }, limits.drainMsMax);
  // A connection whose request has ended would be kept for another one.
  const sweep = setInterval(() => server.server.closeIdleConnections(), 50);
  await server.close();
  clearInterval(sweep);
  clearTimeout(timer);
}

function asCsv(request: Pick<IncomingMessage, 'url' | 'headers'>): string {
  const url = request.url ?? '/';
  const [path = '', ...query] = url.split('?');
  if (!path.startsWith(`${apiPrefix}/`) || !path.endsWith('.csv')) return url;
  request.headers.accept = 'text/csv';
  return [path.slice(0, -'.csv'.length), ...query].join('?');
}

/** JSON and, where a route takes them, files, for the route's schema: as text, or as bytes. Nothing else. */
function acceptBodies(server: FastifyInstance): void {
  server.removeContentTypeParser(['text/plain', 'application/json']);
  const parseJson = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    try {
      assertFewValues(body as Buffer);
      void parseJson(request, decodeText(body as Buffer, 'The body'), done);
    } catch (error) {
      done(error as Error);
    }
  });
  for (const type of textTypes)
    server.addContentTypeParser(type, { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
      decodeText(body, 'The body'),
    );
  for (const type of binaryTypes)
    server.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function shedLoad(server: FastifyInstance, load: LoadShedder, pipelinedMax: number): void {
  server.decorateRequest('place', null);
  server.addHook('onRequest', async (request, reply) => {
    const { endless, guarded } = request.routeOptions.config;
    if (countUnanswered(request, reply) >= pipelinedMax)
      throw new ArcadiaError('rate_limited', `${pipelinedMax} requests of this connection are not answered yet.`);
    if (endless === true) return;
    const place = load.enter();
    whenEnded(request, reply, place.hold());
    if (guarded === true) place.arrive();
    else place.serveAnybody();
    request.place = place;
  });
}

/** What a browser must not do with answers of this server. The pages that it serves have scripts and styles of their own only. */
const securityHeaders = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      fontSrc: ["'self'"],
      connectSrc: ["'self'"],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  // Whether it is behind TLS is for whoever puts it there to say.
  strictTransportSecurity: false,
  crossOriginEmbedderPolicy: false,
} as const;

function sendProblem(request: FastifyRequest, reply: FastifyReply, error: unknown, next: ResolveNext): FastifyReply {
  const problem = toProblem(error, request.id, next);
  request.failure = problem.status >= 500 ? error : null;
  reply.header('x-request-id', request.id);
  const retryAfter = retryAfterOf(problem);
  if (retryAfter !== null && !reply.hasHeader('retry-after')) reply.header('retry-after', retryAfter);
  if (error instanceof ArcadiaError) {
    const asked = challenge(error, request.headers.authorization);
    if (asked !== null) reply.header('www-authenticate', asked);
  }
  // Not by type(), which would add a charset that the media type has not.
  return reply
    .code(problem.status)
    .header('content-type', problemType)
    .send(Buffer.from(JSON.stringify(problem)));
}
