import type { FastifyReply, FastifyRequest } from 'fastify';
import { ArcadiaError } from '../platform/errors.ts';

// When a request ends although its work has not: its time is up, its client has gone, or the
// server stops.

export interface RequestLife {
  readonly signal: AbortSignal;
  /** Settles as the work does, or fails when the signal aborts or `ms` have passed; the work is then left to notice. */
  within<Value>(ms: number, work: () => Promise<Value>): Promise<Value>;
}

export function lifeOf(request: FastifyRequest, reply: FastifyReply, stopping: AbortSignal): RequestLife {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished)
      controller.abort(new ArcadiaError('cancelled', `The client of ${request.id} has gone.`));
  });
  const signal = AbortSignal.any([controller.signal, stopping]);
  return {
    signal,
    async within(ms, work) {
      signal.throwIfAborted();
      const { promise, reject } = Promise.withResolvers<never>();
      const giveUp = () => reject(signal.reason);
      const timer = setTimeout(
        () => controller.abort(new ArcadiaError('timed_out', `The request took longer than ${ms / 1000} s.`)),
        ms,
      );
      signal.addEventListener('abort', giveUp, { once: true });
      try {
        return await Promise.race([work(), promise]);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
      }
    },
  };
}
