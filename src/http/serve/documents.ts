import { Readable } from 'node:stream';
import type { DocumentOperation } from '../../platform/declare/answer.ts';
import type { OperationCall } from '../../platform/declare/operation.ts';
import { inTime, lifeOf } from './deadline.ts';
import { matchesNone } from './etags.ts';
import { chooseType } from './negotiation.ts';
import { inputReader } from '../../platform/declare/input.ts';
import { type Handler, jsonType, openCall, rawInputOf, type Serving, withoutBody } from './serving.ts';

// How a declared document is served: as its route made it, whole or bit by bit.

export function documentHandler(route: DocumentOperation, serving: Serving): Handler {
  const read = inputReader(route);
  const stopping = route.endless === true ? serving.draining : serving.stopping;
  return async (request, reply, principal) => {
    chooseType(request.headers.accept, route.produces);
    const parts = read(rawInputOf(request));
    if (route.endless === true && request.method === 'HEAD')
      return reply.type(route.produces[0] ?? jsonType).send(withoutBody());
    const life = lifeOf(request, reply, { limits: serving.limits, stopping });
    const { type, body, digest, filename } = await life.within(async () => {
      const call = await openCall(serving, { request, reply }, principal, parts, life);
      // A stream that nobody is left to read would hold its place until it is seen.
      life.signal.throwIfAborted();
      return route.run(call as OperationCall<never, never, never>);
    });
    if (filename !== undefined) reply.header('content-disposition', `attachment; filename="${filename}"`);
    if (digest !== undefined) {
      const etag = `"${digest}"`;
      reply.headers({ etag, 'cache-control': 'private, no-cache' });
      if (!matchesNone(request.headers['if-none-match'], etag)) return reply.code(304).send();
    }
    // What comes bit by bit must not wait in a proxy until there is enough of it.
    if (route.endless === true) reply.header('x-accel-buffering', 'no');
    if (typeof body === 'string' || body instanceof Uint8Array) return reply.type(type).send(body);
    if (request.method === 'HEAD') return reply.type(type).send(withoutBody());
    const chunks = route.endless === true ? body : inTime(life, body);
    return reply.type(type).send(chunks instanceof Readable ? chunks : Readable.from(chunks, { objectMode: false }));
  };
}
