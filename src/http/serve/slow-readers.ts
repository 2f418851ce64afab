import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { whenEnded } from './ended.ts';

// A client that takes nothing of its answer holds a place, and what the answer is made of, for
// nobody. It is given its answer in small pieces, so that each one taken shows that it reads; whoever
// takes none for a while is cut off. That the next piece is still being made is no fault of its reader.

const pieceBytes = 65_536;

/** Cuts off, after `stalledMsMax`, who does not read what is answered here. Streams that never end see to themselves. */
export function cutOffSlowReaders(server: FastifyInstance, stalledMsMax: number): void {
  server.addHook('onSend', async (request, reply, payload: unknown) => {
    if (request.routeOptions.config.endless === true) return payload;
    const watch = watchReader(request, reply, stalledMsMax);
    if (request.method === 'HEAD') return payload;
    if (payload instanceof Readable) return pieces(payload, watch);
    if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) return payload;
    if (payload.length <= pieceBytes) return payload;
    const bytes = Buffer.from(payload);
    reply.header('content-length', bytes.length);
    return pieces([bytes], watch);
  });
}

interface Watch {
  /** The reader's turn, from now on. */
  begin(): void;
  pause(): void;
}

function watchReader(request: FastifyRequest, reply: FastifyReply, stalledMsMax: number): Watch {
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const pause = () => clearTimeout(timer);
  const begin = () => {
    pause();
    if (hasEnded) return;
    // It waits behind another answer of its connection, whose reader's turn it is.
    if (reply.raw.socket === null) return void reply.raw.once('socket', begin);
    timer = setTimeout(() => {
      request.failure = new Error('its reader took nothing');
      request.raw.socket.destroy();
    }, stalledMsMax).unref();
  };
  whenEnded(request, reply, () => {
    hasEnded = true;
    pause();
  });
  begin();
  return { begin, pause };
}

function pieces(chunks: Iterable<Buffer> | Readable, watch: Watch): Readable {
  async function* watched() {
    watch.pause();
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        watch.begin();
        yield chunk.subarray(at, at + pieceBytes);
      }
      watch.pause();
    }
    // The last of it is still to be taken.
    watch.begin();
  }
  return Readable.from(watched(), { objectMode: false, highWaterMark: pieceBytes });
}
