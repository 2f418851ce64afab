import { type Context, context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Histogram, type Registry } from 'prom-client';
import type { Logger } from '../../platform/log.ts';
import { metric } from '../../platform/metrics.ts';
import type { Principal } from '../../platform/declare/operation.ts';
import { whenEnded } from '../serve/ended.ts';
import { traceIdOf } from '../serve/request-ids.ts';

// What is known of a request afterwards: one line in the log, one span, one observation.

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is asking, once known. */
    principal: Principal | null;
    /** What went wrong, for the log. */
    failure: unknown;
    span: Span | null;
    /** By performance.now(), when it began: Fastify measures only what it logs itself. */
    beganAt: number;
  }
}

/** The caller's doing, unlike all others from 500 on. */
const unknownMethod = 501;

/** As proxies log it: the client hung up before it had its answer. */
const clientGone = 499;

// Asked for each time: where spans go is decided later, and may end.
const tracer = () => trace.getTracer('arcadia.http');

/** The route as it was declared, never the address with its values in it. */
function routeOf(request: FastifyRequest): string {
  return request.is404 ? '(none)' : (request.routeOptions.url ?? '(none)');
}

export function observeRequests(server: FastifyInstance, log: Logger, registry: Registry): void {
  const seconds = metric(
    registry,
    'arcadia_http_request_seconds',
    (name) =>
      new Histogram({
        name,
        help: 'Requests, from their first byte until their answer was handed over',
        labelNames: ['method', 'route', 'status'],
        buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
        registers: [registry],
      }),
  );

  server.decorateRequest('principal', null);
  server.decorateRequest('failure', null);
  server.decorateRequest('span', null);
  server.decorateRequest('beganAt', 0);

  server.addHook('onRequest', async (request, reply) => {
    request.beganAt = performance.now();
    // Also when the client hangs up, of which onResponse does not hear.
    whenEnded(request, reply, () => record(request, reply));
    const parent: Context = propagation.extract(context.active(), request.headers);
    request.span = tracer().startSpan(
      `${request.method} ${routeOf(request)}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': request.method,
          'http.route': routeOf(request),
          'arcadia.request_id': request.id,
        },
      },
      parent,
    );
  });

  function record(request: FastifyRequest, reply: FastifyReply): void {
    const route = routeOf(request);
    const status = reply.raw.writableFinished ? reply.statusCode : clientGone;
    const ms = performance.now() - request.beganAt;
    if (request.routeOptions.config.endless !== true)
      seconds.observe({ method: request.method, route, status }, ms / 1000);
    const { span, principal, failure } = request;
    if (span !== null) {
      span.setAttribute('http.response.status_code', status);
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    }
    const said = {
      request_id: request.id,
      method: request.method,
      route,
      path: request.url.split('?', 1)[0],
      status,
      ms: Math.round(ms),
      address: request.ip,
      ...(principal === null ? {} : { subject: principal.subject, role: principal.role }),
      ...traceOf(request),
      ...(failure === null ? {} : { err: failure }),
    };
    if (status >= 500 && status !== unknownMethod) log.error(said, 'request');
    else log.info(said, 'request');
  }
}

function traceOf(request: FastifyRequest): { trace_id?: string } {
  const traced = request.span?.spanContext();
  const id =
    traced !== undefined && trace.isSpanContextValid(traced) ? traced.traceId : traceIdOf(request.headers.traceparent);
  return id === null ? {} : { trace_id: id };
}

/** Runs what belongs to a request in its span, so that what it enqueues continues the trace. */
export function inSpanOf<Value>(request: FastifyRequest, work: () => Promise<Value>): Promise<Value> {
  return request.span === null ? work() : context.with(trace.setSpan(context.active(), request.span), work);
}
