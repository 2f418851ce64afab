import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ArcadiaError } from '../../platform/errors.ts';
import { matchesNone } from '../serve/etags.ts';
import { acceptsEncoding } from '../serve/negotiation.ts';
import { encodings, type Page, type PageFile } from './page.ts';

// The dashboard, for anybody: it holds nothing but what is in the source, and asks the API for the rest. Its views have
// addresses of their own, which are all the same document.

/** Beside the document; what is under /assets has its content in its name. */
const own = ['/theme.js', '/favicon.svg', '/manifest.webmanifest'] as const;

const waiting = (state: Page['state']) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>arcadia-cloud</title>
    ${state === 'building' ? '<script src="/waiting.js" defer></script>' : ''}
  </head>
  <body>
    <h1>arcadia-cloud</h1>
    <p>${
      state === 'building'
        ? 'The dashboard is being built. This takes a few seconds, once; the page then opens by itself.'
        : 'The dashboard could not be built. The log of this server says why.'
    }</p>
    <p>The API is ready: <a href="/api/v1/docs">its reference</a>.</p>
  </body>
</html>
`;

// Not by a header or a meta element: those may lose what is behind #.
const reload = 'setTimeout(() => location.reload(), 1000);\n';

/** Serves the page's files. What else a browser asks for is answered by `answerWithPage`. */
export function servePage(server: FastifyInstance, page: Page): void {
  server.get('/assets/*', async (request, reply) => {
    const file = page.files.get(pathOf(request));
    if (file === undefined) throw new ArcadiaError('not_found', `There is nothing at GET ${pathOf(request)}.`);
    return send(request, reply, file, 'public, max-age=31536000, immutable');
  });
  for (const path of own)
    server.get(path, async (request, reply) => {
      const file = page.files.get(path);
      if (file === undefined) throw new ArcadiaError('not_found', `There is nothing at GET ${path}.`);
      return send(request, reply, file, 'no-cache');
    });
  server.get('/waiting.js', async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').header('cache-control', 'no-store').send(reload),
  );
}

/** Sends the page's document where a person asks for a view of it; false: it is none. */
export function answerWithPage(request: FastifyRequest, reply: FastifyReply, page: Page): boolean {
  const { accept = '' } = request.headers;
  if (request.method !== 'GET' || !accept.includes('text/html') || /^\/(api|assets)(\/|$)/.test(pathOf(request)))
    return false;
  const file = page.files.get('/index.html');
  if (file !== undefined) void send(request, reply.code(200), file, 'no-cache');
  else
    void reply
      .code(page.state === 'building' ? 200 : 503)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(waiting(page.state));
  return true;
}

function send(request: FastifyRequest, reply: FastifyReply, file: PageFile, caching: string): FastifyReply {
  const { 'if-none-match': known, 'accept-encoding': accepted = '' } = request.headers;
  reply.headers({ 'cache-control': caching, vary: 'accept-encoding, accept', etag: file.etag });
  if (!matchesNone(known, file.etag)) return reply.code(304).send();
  reply.type(file.type);
  for (const [name] of encodings) {
    const body = file.encoded.get(name);
    if (body === undefined || !acceptsEncoding(accepted, name)) continue;
    return reply.header('content-encoding', name).send(body);
  }
  return reply.send(file.body);
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? url;
}
