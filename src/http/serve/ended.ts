import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Kept by the connection itself: gone with it. */
interface Watched {
  readonly ends: Set<() => void>;
  /** Those of one answer, which has one listener for all of them. */
  readonly endsOf: WeakMap<ServerResponse, (() => void)[]>;
  /** Requests that are not answered yet. */
  unanswered: number;
}

const byConnection = new WeakMap<Socket, Watched>();

/**
 * Calls `ended` once, when the answer has been handed over or its connection has closed. Of an answer
 * that waits behind another one on the same connection (pipelining) Node says nothing when that
 * connection breaks, so the connection itself is watched: once, however many requests it carries.
 */
export function whenEnded(request: FastifyRequest, reply: FastifyReply, ended: () => void): void {
  const { socket } = request.raw;
  if (socket.destroyed) return ended();
  const { ends: open, endsOf } = byConnection.get(socket) ?? watch(socket);
  const end = () => {
    if (open.delete(end)) ended();
  };
  open.add(end);
  const ends = endsOf.get(reply.raw) ?? [];
  ends.push(end);
  if (ends.length > 1) return;
  endsOf.set(reply.raw, ends);
  reply.raw.once('close', () => {
    for (const each of ends) each();
  });
}

/** Counts a request among those of its connection that are not answered yet; returns how many came before it. */
export function countUnanswered(request: FastifyRequest, reply: FastifyReply): number {
  const { socket } = request.raw;
  const watched = byConnection.get(socket) ?? watch(socket);
  watched.unanswered += 1;
  whenEnded(request, reply, () => {
    watched.unanswered -= 1;
  });
  return watched.unanswered - 1;
}

function watch(socket: Socket): Watched {
  const watched: Watched = { ends: new Set(), endsOf: new WeakMap(), unanswered: 0 };
  byConnection.set(socket, watched);
  socket.once('close', () => {
    for (const end of watched.ends) end();
  });
  return watched;
}
