import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** A caller's own request id, where it is one that may stand in a log and a header; else a new one. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** The trace that a caller says the request belongs to (W3C Trace Context); null: none. */
export function traceIdOf(traceparent: string | string[] | undefined): string | null {
  const match =
    typeof traceparent === 'string' ? /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent) : null;
  const id = match?.[1] ?? null;
  return id === null || /^0+$/.test(id) ? null : id;
}
