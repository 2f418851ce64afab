import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';
import type { Program } from '../../platform/declare/program.ts';
import { apiPrefix } from '../serve/api.ts';
import { etagOf, matchesNone } from '../serve/etags.ts';
import { openApiDocument } from './openapi.ts';

// The document of the API and a page to read it with, for anybody: they hold nothing but what is
// in the source. The page's parts are served from here, and it runs no script but its own.

const parts: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>arcadia-cloud API</title>
    <link rel="icon" href="docs/favicon-32x32.png">
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="stylesheet" href="docs/reference.css">
  </head>
  <body>
    <div id="reference"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/reference.js"></script>
  </body>
</html>
`;

// What the page's own sheet leaves unread: headers in the dark, and tables that a phone has no room for.
const styles = `body { margin: 0 }
html.dark-mode .swagger-ui table.headers td { color: #e4e6e6 }
@media (prefers-color-scheme: dark) {
  html { background: #1c2022 }
}
@media (max-width: 640px) {
  .swagger-ui .opblock-body pre, .swagger-ui .response-col_description { overflow-wrap: anywhere }
  .swagger-ui .response-col_links { display: none }
  .swagger-ui .opblock-tag { flex-wrap: wrap }
  .swagger-ui .opblock-tag small { flex-basis: 80%; padding: 4px 0 }
  .swagger-ui table.parameters thead, .swagger-ui table.headers thead { display: none }
  .swagger-ui table.parameters tr, .swagger-ui table.headers tr { display: block; padding-bottom: 12px }
  .swagger-ui table.parameters tr td, .swagger-ui table.headers td { display: block; max-width: none; padding: 2px 0 }
}
`;

// Who comes with a sign-in link has the token behind #, where no server sees it; it leaves the
// address at once, so that a link that is passed on does not carry it.
const script = `const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
follow();
dark.addEventListener('change', follow);
const token = new URLSearchParams(location.hash.slice(1)).get('token');
if (token !== null) history.replaceState(null, '', location.pathname);
const reference = SwaggerUIBundle({
  url: '${apiPrefix}/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'none',
  validatorUrl: null,
  onComplete: () => token !== null && reference.preauthorizeApiKey('bearer', token),
});
`;

/** A program never changes: its document is made once, however many servers serve it. */
const documents = new WeakMap<Program, string>();

function documentOf(program: Program): string {
  const document = documents.get(program) ?? JSON.stringify(openApiDocument(program));
  documents.set(program, document);
  return document;
}

export async function serveReference(server: FastifyInstance, program: Program): Promise<void> {
  const document = documentOf(program);
  const etag = etagOf(document);
  server.get(`${apiPrefix}/openapi.json`, async (request, reply) => {
    reply.headers({ etag, 'cache-control': 'no-cache' });
    if (!matchesNone(request.headers['if-none-match'], etag)) return reply.code(304).send();
    return reply.type('application/json; charset=utf-8').send(document);
  });
  server.get(`${apiPrefix}/docs`, async (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  server.get(`${apiPrefix}/docs/reference.js`, async (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(script),
  );
  server.get(`${apiPrefix}/docs/reference.css`, async (_request, reply) =>
    reply.type('text/css; charset=utf-8').send(styles),
  );
  for (const [name, type] of Object.entries(parts)) {
    const file = createRequire(import.meta.url).resolve(`@fastify/swagger-ui/static/${name}`);
    server.get(`${apiPrefix}/docs/${name}`, async (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', 'public, max-age=3600')
        .send(await readFile(file)),
    );
  }
}
