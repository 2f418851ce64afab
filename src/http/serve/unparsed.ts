import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { ArcadiaError } from '../../platform/errors.ts';
import type { Logger } from '../../platform/log.ts';
import { problemType, toProblem } from './problems.ts';

// What Node refuses before it becomes a request of Fastify's: bytes that its parser does not take, a
// tunnel, an expectation. The answer is a problem like any other, and the connection is closed.

/** As Node's parser names it; all else that it does not take is malformed. */
const errorsByCode: Readonly<Record<string, () => ArcadiaError>> = {
  HPE_INVALID_METHOD: () => new ArcadiaError('method_unknown', 'This server does not know the method.'),
  HPE_HEADER_OVERFLOW: () => new ArcadiaError('headers_too_large', 'The address and headers are too large.'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: () => new ArcadiaError('body_too_large', 'The extensions of a chunk are too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: () => new ArcadiaError('request_timeout', 'The request did not arrive whole in time.'),
};

/** What Node says of bytes that its parser does not take. */
interface ParserError extends Error {
  readonly code?: string | undefined;
  readonly rawPacket?: unknown;
}

function errorOf({ code = '', rawPacket }: ParserError): ArcadiaError {
  // Whatever does not begin with a known method is an invalid method to the parser, TLS included.
  const isMethod = !(rawPacket instanceof Buffer) || /^[A-Za-z-]{1,30} /.test(rawPacket.toString('latin1', 0, 32));
  const known = code === 'HPE_INVALID_METHOD' && !isMethod ? undefined : errorsByCode[code];
  return known?.() ?? new ArcadiaError('malformed_request', 'This is no well-formed HTTP/1.1 request.');
}

interface UnparsedOptions {
  readonly log: Logger;
}

/** What Fastify is given to answer errors of the parser with, and what it must be told of each request for that. */
interface Unparsed {
  onClientError(error: ParserError, socket: Duplex): void;
  /** Watches its requests, and refuses the rest of what never becomes a request. */
  watch(server: FastifyInstance): void;
}

export function openUnparsed({ log }: UnparsedOptions): Unparsed {
  const answers = new WeakMap<Duplex, Set<ServerResponse>>();

  function refuse(error: ArcadiaError, socket: Duplex): void {
    const { text, status, requestId } = rendered(error);
    // Never into the middle of another answer, nor before the answer of a request that came whole.
    const isOwed = [...(answers.get(socket) ?? [])].some((answer) => answer.headersSent || answer.req.complete);
    if (isOwed || !socket.writable) socket.destroy();
    else socket.end(text, () => socket.destroy());
    log.info({ request_id: requestId, status, code: error.code }, 'request refused');
  }

  return {
    onClientError(error, socket) {
      // Whoever has gone hears nothing.
      if (error.code === 'ECONNRESET' || socket.destroyed) return;
      refuse(errorOf(error), socket);
    },
    watch(server) {
      server.addHook('onRequest', async (request, reply) => {
        // Node's own answer to it would be no problem.
        if (request.headers.host === undefined && request.raw.httpVersion === '1.1') {
          reply.header('connection', 'close');
          throw new ArcadiaError('malformed_request', 'The header Host is missing.');
        }
      });
      const http: Server = server.server;
      // At once, not by a hook: the parser may go on to the next request in the same turn.
      http.prependListener('request', (request: IncomingMessage, answer: ServerResponse) => {
        const open = answers.get(request.socket) ?? new Set();
        answers.set(request.socket, open.add(answer));
        answer.once('close', () => open.delete(answer));
      });
      http.on('connect', (_request: IncomingMessage, socket: Duplex) =>
        refuse(new ArcadiaError('method_unknown', 'This server opens no tunnels.'), socket),
      );
      http.on('checkExpectation', (request: IncomingMessage) =>
        refuse(new ArcadiaError('expectation_failed', 'This server meets no such expectation.'), request.socket),
      );
    },
  };
}

function rendered(error: ArcadiaError): { text: string; status: number; requestId: string } {
  const requestId = randomUUID();
  const problem = toProblem(error, requestId);
  const body = JSON.stringify(problem);
  const fields = {
    'content-type': problemType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    connection: 'close',
  };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const text = `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${head.join('')}\r\n${body}`;
  return { text, status: problem.status, requestId };
}
