import type { FastifyReply, FastifyRequest } from 'fastify';
import { ArcadiaError } from '../../platform/errors.ts';
import { whenEnded } from './ended.ts';
import type { Limits } from './limits.ts';

// When a request ends although its work has not: its time is up, its client has gone, or the
// server stops. From `decide` on none of these ends it: what is being committed is not taken back,
// so its caller is told how that ended.

export interface RequestLife {
  readonly signal: AbortSignal;
  /**
   * Settles as the work does, or fails when the signal aborts or the time for an answer has passed.
   * The work is then left to notice; the request's place is not free before it has settled.
   */
  within<Value>(work: () => Promise<Value>): Promise<Value>;
  /**
   * Called right before what the work has done is committed. Throws what ended the request, where
   * something has: then nothing may be committed. Afterwards nothing ends it but a commit that
   * takes too long. Errors: timed_out, cancelled, overloaded; of `within`, then: outcome_unknown.
   */
  decide(): void;
}

interface LifeOptions {
  readonly limits: Pick<Limits, 'requestMsMax' | 'commitMsMax'>;
  readonly stopping: AbortSignal;
}

export function lifeOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { limits: { requestMsMax, commitMsMax }, stopping }: LifeOptions,
): RequestLife {
  const controller = new AbortController();
  whenEnded(request, reply, () => {
    if (!reply.raw.writableFinished)
      controller.abort(new ArcadiaError('cancelled', `The client of ${request.id} has gone.`));
  });
  const signal = AbortSignal.any([controller.signal, stopping]);
  let onDecided = () => {};
  return {
    signal,
    async within(work) {
      signal.throwIfAborted();
      const { promise: givenUp, reject } = Promise.withResolvers<never>();
      const giveUp = () => reject(signal.reason);
      let timer = setTimeout(
        () => controller.abort(new ArcadiaError('timed_out', `The request took longer than ${requestMsMax / 1000} s.`)),
        requestMsMax,
      );
      signal.addEventListener('abort', giveUp, { once: true });
      const stopWatching = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
      };
      onDecided = () => {
        stopWatching();
        timer = setTimeout(() => reject(outcomeUnknown()), commitMsMax);
      };
      const release = request.place?.hold() ?? (() => {});
      const working = work();
      void working.then(release, release);
      try {
        return await Promise.race([working, givenUp]);
      } finally {
        stopWatching();
      }
    },
    decide() {
      signal.throwIfAborted();
      onDecided();
    },
  };
}

/** The same chunks, each of which has the time of an answer to be made. */
export async function* inTime<Chunk>(life: RequestLife, chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk, void> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await life.within(() => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // It may still be at a chunk that nobody waits for any more.
    void iterator.return?.().then(undefined, () => {});
  }
}

/** What is said of a change whose commit was asked for and never answered. */
export function outcomeUnknown(cause?: unknown): ArcadiaError {
  return new ArcadiaError('outcome_unknown', 'The database did not say whether it kept the change.', { cause });
}
