import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { binaryTypes, type Operation } from '../../platform/declare/operation.ts';
import type { Program } from '../../platform/declare/program.ts';
import { needsIfMatch } from '../serve/actions.ts';
import { apiPrefix, methodOf } from '../serve/api.ts';
import { defaultLimits } from '../serve/limits.ts';
import { exampleOf, type JsonSchema, SchemaCollection } from './openapi-schemas.ts';
import { problemType } from '../serve/problems.ts';
import { pageQueryOf } from '../../platform/declare/input.ts';

// The document of the API (OpenAPI 3.1), made of what the routes are served by: it cannot say
// anything else than what the server does.

/** One of its own, or a reference to a common one. */
type Parameter =
  | { readonly $ref: string }
  | {
      readonly name: string;
      readonly in: 'path' | 'query';
      readonly description?: unknown;
      readonly required?: true;
      readonly schema: JsonSchema;
    };

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly [part: string]: unknown;
}

export interface OpenApiOperation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>> };
  readonly responses: Readonly<Record<string, JsonSchema>>;
  readonly [part: string]: unknown;
}

const problemOf = ({ errors }: Program) =>
  z
    .object({
      type: z.string().meta({ examples: ['urn:arcadia-cloud:problem:not_found'] }),
      title: z.string().meta({ examples: ['Not Found'] }),
      status: z.int().meta({ examples: [404] }),
      code: z
        .enum(errors.map(({ code }) => code))
        .meta({ description: 'Stable: decide by this', examples: ['not_found'] }),
      detail: z.string().meta({ description: 'What is wrong, and where', examples: ['There is no deployment acme.'] }),
      todo: z.string().meta({
        description: 'What to do about it',
        examples: ['Check the name.'],
      }),
      next: z
        .object({
          operationId: z.string(),
          method: z.string(),
          path: z.string().meta({ description: 'With the values filled in, as far as they are known' }),
          arguments: z
            .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
            .meta({ description: 'By the names of its path, query and body' }),
        })
        .optional()
        .meta({ description: 'The operation of this API to use next' }),
      requestId: z.string().meta({ examples: ['5f9c1a3e-6f0e-4f6b-9d53-0f6d1c7b1f7e'] }),
      field: z.string().optional().meta({ description: 'The first of `errors`, in short' }),
      errors: z
        .array(
          z.object({
            in: z.enum(['path', 'query', 'header', 'body']),
            pointer: z.string().meta({ description: 'A JSON pointer into the body, or the name of the parameter' }),
            detail: z.string(),
          }),
        )
        .optional(),
    })
    .meta({ id: 'Problem', description: 'What went wrong (RFC 9457)' });

/** What any operation may answer; others depend on what it is. */
const statusesOfAll = [400, 401, 403, 406, 429, 500, 503] as const;

export function openApiDocument(program: Program): OpenApiDocument {
  const schemas = new SchemaCollection();
  schemas.output(problemOf(program));
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const route of program.operations.toSorted(byTagAndPath(program))) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    const method = methodOf(route).toLowerCase();
    const item = (paths[path] ??= {});
    item[method] = operationOf(route, program, schemas);
  }
  const statuses = new Set(
    Object.values(paths).flatMap((item) => Object.values(item).flatMap(({ responses }) => Object.keys(responses))),
  );
  return {
    openapi: '3.1.0',
    info: {
      title: 'arcadia-cloud',
      version: '1',
      description: introduction,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: apiPrefix }],
    security: [{ bearer: [] }],
    tags: program.tags.filter(({ name }) => program.operations.some(({ tag }) => tag === name)),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of arcadia-app.' },
      },
      parameters,
      headers,
      responses: Object.fromEntries(
        [...statuses]
          .filter((status) => Number(status) >= 400)
          .map((status) => [`Problem${status}`, problemResponse(status)]),
      ),
      schemas: schemas.components,
    },
  };
}

const introduction = `What is running, whose it is, what it used, and what it costs.

Instants are UTC and ranges half-open, \`[from, to)\`. Quantities and money are exact decimals, as strings. A list
is \`{ items, nextCursor }\`, or CSV with \`Accept: text/csv\` or \`.csv\` after its path. Errors are problems of
RFC 9457 with a stable \`code\`. Every answer has an X-Request-Id.`;

function byTagAndPath({ tags }: Program): (a: Operation, b: Operation) => number {
  const place = (route: Operation) => tags.findIndex(({ name }) => name === route.tag);
  return (a, b) => place(a) - place(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
}

function operationOf(route: Operation, program: Program, schemas: SchemaCollection): OpenApiOperation {
  const statuses: number[] = [...statusesOfAll, ...(route.refuses ?? []).map(({ declaration }) => declaration.status)];
  const extra: Parameter[] = [];
  if (route.params !== undefined) statuses.push(404);
  let requestBody: OpenApiOperation['requestBody'];
  if (route.shape === 'action') {
    if (route.method !== 'GET') statuses.push(404, 409, 413, 415);
    if (route.method === 'POST' && route.asks !== true) {
      statuses.push(422);
      extra.push({ $ref: '#/components/parameters/IdempotencyKey' });
    }
    if (route.method === 'GET') extra.push({ $ref: '#/components/parameters/IfNoneMatch' });
    if (needsIfMatch(route)) {
      statuses.push(412, 428);
      extra.push({ $ref: '#/components/parameters/IfMatch' });
    } else if (route.edits !== undefined) {
      statuses.push(412);
      extra.push({ $ref: '#/components/parameters/IfMatchIfWanted' });
    }
    if (route.asksProvider === true) statuses.push(502);
    if (route.body !== undefined) requestBody = bodyOf(route, schemas);
  }
  if (route.shape === 'document' && route.endless === true) extra.push({ $ref: '#/components/parameters/LastEventId' });
  if (route.shape === 'document' && route.hasETag === true) extra.push({ $ref: '#/components/parameters/IfNoneMatch' });
  const problems = [...new Set(statuses)]
    .toSorted((a, b) => a - b)
    .map((status) => [status, { $ref: `#/components/responses/Problem${status}` }]);
  const own = typeof route.description === 'function' ? route.description(program) : route.description;
  const description = [own, `For ${route.roles.join(', ')}.`].filter(Boolean).join('\n\n');
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    description,
    'x-roles': route.roles,
    parameters: [
      ...parametersOf(route.params, 'path', schemas),
      ...parametersOf(route.query, 'query', schemas),
      ...(route.shape === 'list' ? parametersOf(pageQueryOf(route), 'query', schemas) : []),
      ...extra,
    ],
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: { ...successOf(route, schemas), ...Object.fromEntries(problems) },
  };
}

function parametersOf(schema: z.ZodType | undefined, place: 'path' | 'query', schemas: SchemaCollection): Parameter[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = resolve(schemas.input(schema), schemas);
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    ...(description === undefined ? {} : { description }),
    ...(place === 'path' || required.includes(name) ? { required: true } : {}),
    schema: rest,
  }));
}

function resolve(schema: JsonSchema, schemas: SchemaCollection): JsonSchema {
  return schema.$ref === undefined ? schema : (schemas.components[schema.$ref.split('/').at(-1) ?? ''] ?? {});
}

function content(
  type: string,
  schema: JsonSchema,
  schemas: SchemaCollection,
): Record<string, { schema: JsonSchema; example: unknown }> {
  return { [type]: { schema, example: exampleOf(schema, schemas.components) } };
}

function bodyOf(route: Extract<Operation, { shape: 'action' }>, schemas: SchemaCollection) {
  const types = [route.consumes ?? 'application/json'].flat();
  if (types.some((type) => (binaryTypes as readonly string[]).includes(type))) {
    const schema: JsonSchema = {
      type: 'string',
      format: 'binary',
      maxLength: route.fileBytesMax ?? defaultLimits.fileBytesMax,
    };
    return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
  }
  const schema = schemas.input(route.body as z.ZodType);
  return {
    required: true,
    content: Object.assign({}, ...types.map((type) => content(type, schema, schemas))) as Record<
      string,
      { schema: JsonSchema }
    >,
  };
}

function successOf(route: Operation, schemas: SchemaCollection): Record<string, JsonSchema> {
  const common = {
    'X-Request-Id': { $ref: '#/components/headers/XRequestId' },
    RateLimit: { $ref: '#/components/headers/RateLimit' },
    'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
  };
  if (route.shape === 'document') {
    const types = route.produces.map((type) => [type.split(';', 1)[0], { schema: { type: 'string' } }]);
    const tagged = route.hasETag === true ? { ETag: { $ref: '#/components/headers/ETag' } } : {};
    const headers = { ...common, ...tagged };
    return {
      200: { description: 'As requested', headers, content: Object.fromEntries(types) },
      ...(route.hasETag === true ? { 304: notModified(common) } : {}),
    };
  }
  if (route.shape === 'list') {
    const extra = route.extra === undefined ? {} : resolve(schemas.output(route.extra), schemas);
    const page: JsonSchema = {
      type: 'object',
      properties: {
        items: { type: 'array', items: schemas.output(route.row) },
        nextCursor: { type: ['string', 'null'], description: 'null: there is no more', examples: [null] },
        ...(route.total === true && { total: { type: 'integer', description: 'Items on all pages', examples: [1] } }),
        ...extra.properties,
      },
      required: ['items', 'nextCursor', ...(route.total === true ? ['total'] : []), ...(extra.required ?? [])],
    };
    const csv = { 'text/csv': { schema: { type: 'string', description: 'With a header line; RFC 4180' } } };
    return {
      200: {
        description: 'A page, or all of it as CSV',
        headers: common,
        content: { ...content('application/json', page, schemas), ...csv },
      },
    };
  }
  const own = {
    ...(route.method === 'GET' || route.edits !== undefined ? { ETag: { $ref: '#/components/headers/ETag' } } : {}),
    ...(route.location === undefined ? {} : { Location: { $ref: '#/components/headers/Location' } }),
    ...(route.followedBy === undefined ? {} : { Link: { $ref: '#/components/headers/Link' } }),
    ...(route.method === 'POST' && route.asks !== true
      ? { 'Idempotency-Replayed': { $ref: '#/components/headers/IdempotencyReplayed' } }
      : {}),
  };
  const status = route.status ?? (route.response === undefined ? 204 : 200);
  const schema = route.response as z.ZodType | undefined;
  const success = {
    description: describeSuccess(status),
    headers: { ...common, ...own },
    ...(schema === undefined ? {} : { content: content('application/json', schemas.output(schema), schemas) }),
  };
  return {
    [status]: success,
    ...(route.method === 'GET' ? { 304: notModified(common) } : {}),
  };
}

function notModified(headers: JsonSchema): JsonSchema {
  return { description: 'What the If-None-Match names is still so', headers };
}

function describeSuccess(status: number): string {
  if (status === 201) return 'It was made';
  if (status === 202) return 'A job will do it';
  if (status === 204) return 'It was done';
  return 'As it is';
}

function problemResponse(status: string): JsonSchema {
  return {
    description: `${STATUS_CODES[status] ?? 'A problem'}: a problem of RFC 9457`,
    headers: {
      'X-Request-Id': { $ref: '#/components/headers/XRequestId' },
      ...(status === '429' || status === '503' ? { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } : {}),
      ...(status === '401' ? { 'WWW-Authenticate': { $ref: '#/components/headers/WWWAuthenticate' } } : {}),
    },
    content: { [problemType]: { schema: { $ref: '#/components/schemas/Problem' } } },
  };
}

const text = { type: 'string' };

const parameters = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same key with the same request is done once and answered the same for 24 hours.',
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      pattern: '^[!-~]+$',
      examples: ['8e03978e-40d5-43e8-bc93-6894a57f9324'],
    },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    required: true,
    description: 'The ETag of what is changed, as its GET gave it; `*` for whatever it is now.',
    schema: { ...text, examples: ['"tq1gU1bvMcbM3GUDyZ0a3oCBRGk"'] },
  },
  IfMatchIfWanted: {
    name: 'If-Match',
    in: 'header',
    description: 'The ETag of what it is about, as its GET gave it: refused (412) where that has changed since.',
    schema: { ...text, examples: ['"tq1gU1bvMcbM3GUDyZ0a3oCBRGk"'] },
  },
  LastEventId: {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'The last id that the reader has seen: what came after is sent.',
    schema: { ...text, examples: ['1042'] },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'An ETag: while it is still so, the answer is 304 without a body.',
    schema: text,
  },
};

const headers = {
  XRequestId: { description: "The caller's X-Request-Id, or a new one", schema: text },
  ETag: { description: 'Changes when it does; for If-Match and If-None-Match', schema: text },
  Link: {
    description:
      'One for each job that follows, `rel="monitor"`: where to ask whether it has ended. Not on a replayed answer',
    schema: text,
  },
  Location: { description: 'Where it is now', schema: text },
  IdempotencyReplayed: { description: '`true` where the answer is that of an earlier request', schema: text },
  RateLimit: {
    description: 'What is left of the quota, and when it is whole again: `"default";r=1199;t=60`',
    schema: text,
  },
  RateLimitPolicy: { description: 'The quota: `"default";q=1200;w=60`', schema: text },
  RetryAfter: { description: 'Seconds', schema: { type: 'integer' } },
  WWWAuthenticate: { description: 'RFC 6750', schema: text },
};
