import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

// Asked for each time: where spans go is decided later, and may end.
const tracer = () => trace.getTracer('arcadia.digitalocean');

/**
 * A span for one request to the provider, under whatever asked for it; returns what ends it, with
 * the status that came, or null without one. The name leaves out the path, which holds ids. The
 * provider is not told of the trace: it is nobody else's business.
 */
export function startRequestSpan(
  url: string,
  path: string,
  attempt: number,
  method = 'GET',
): (status: number | null) => void {
  const span = tracer().startSpan(method, {
    kind: SpanKind.CLIENT,
    attributes: {
      'http.request.method': method,
      'server.address': URL.parse(url)?.hostname ?? '',
      'url.path': path.split('?', 1)[0] ?? '',
      ...(attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
    },
  });
  return (status) => {
    if (status !== null) span.setAttribute('http.response.status_code', status);
    if (status === null || status >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
}
