import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';

const byConnection = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `ended` once, when the answer has been handed over or its connection has closed. Of an answer
 * that waits behind another one on the same connection (pipelining) Node says nothing when that
 * connection breaks, so the connection itself is watched: once, however many requests it carries.
 */
export function whenEnded(request: FastifyRequest, reply: FastifyReply, ended: () => void): void {
  const { socket } = request.raw;
  if (socket.destroyed) return ended();
  const open = byConnection.get(socket) ?? watch(socket);
  const end = () => {
    if (open.delete(end)) ended();
  };
  open.add(end);
  reply.raw.once('close', end);
}

const unanswered = new WeakMap<Socket, number>();

/** Counts a request among those of its connection that are not answered yet; returns how many came before it. */
export function countUnanswered(request: FastifyRequest, reply: FastifyReply): number {
  const { socket } = request.raw;
  const before = unanswered.get(socket) ?? 0;
  unanswered.set(socket, before + 1);
  whenEnded(request, reply, () => unanswered.set(socket, (unanswered.get(socket) ?? 1) - 1));
  return before;
}

function watch(socket: Socket): Set<() => void> {
  const open = new Set<() => void>();
  byConnection.set(socket, open);
  socket.once('close', () => {
    for (const end of open) end();
  });
  return open;
}
