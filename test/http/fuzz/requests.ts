import fc from 'fast-check';
import type { OpenApiDocument, OpenApiOperation } from '../../../src/http/document/openapi.ts';
import type { JsonSchema } from '../../../src/http/document/openapi-schemas.ts';

// Requests made from the document of the API: as it wants them, nearly so, and not at all.

export interface FuzzRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly as: string;
  /** What of the document it is for; null: for none. */
  readonly operationId: string | null;
}

/** Names of what is there, by the name of a parameter or a field. */
export type Known = Readonly<Record<string, readonly string[]>>;

const nasty = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\ud800',
    '../../etc/passwd',
    "' OR 1=1; --",
    '%',
    '*',
    '\\',
    '{{7*7}}',
    '=1+1',
    'NaN',
    'infinity',
    '-infinity',
    '9'.repeat(40),
    '-1',
    '1e309',
    '2026-02-30',
    '0000-01-01',
    '+275760-09-13',
    '2026-05-01T25:61:00Z',
    '2999-12-31',
    '2147483648',
    '9223372036854775808',
    '9007199254740993',
    'null',
    'true',
    '__proto__',
    'constructor',
    'x'.repeat(5_000),
    '𝕬𝖈𝖒𝖊',
    'a\u202eb',
    '\r\nX-Injected: 1',
  ),
  fc.string({ maxLength: 40, unit: 'binary' }),
);

const nastyJson = fc.oneof(
  nasty,
  fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, [], {}, [[[[[[]]]]]], {
    a: { b: {} },
  }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Values that a schema allows. */
export function valid(schema: JsonSchema, document: OpenApiDocument, known: Known, name = ''): fc.Arbitrary<unknown> {
  const again = (inner: JsonSchema, innerName = name) => valid(inner, document, known, innerName);
  if (schema.$ref !== undefined) return again(resolve(schema.$ref, document));
  if (schema.default !== undefined) return fc.oneof(fc.constant(schema.default), again(without(schema, 'default')));
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as unknown[]));
  const choices = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => again(choice)));
  const allOf = schema.allOf as JsonSchema[] | undefined;
  if (allOf !== undefined)
    return fc.tuple(...allOf.map((part) => again(part))).map((parts) => Object.assign({}, ...(parts as object[])));
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object') return object(schema, again);
  if (type === 'array') {
    const minLength = Number(schema.minItems ?? 0);
    return fc.array(again(schema.items ?? {}), { minLength, maxLength: Math.max(minLength, 4) });
  }
  if (type === 'integer' || type === 'number') {
    const min = Math.max(Number(schema.minimum ?? -1_000), -1_000_000);
    const integers = fc.integer({ min, max: Math.min(Number(schema.maximum ?? min + 10_000), 2_000_000_000) });
    const there = (known[name] ?? []).map(Number).filter((value) => Number.isSafeInteger(value));
    return there.length === 0 ? integers : fc.oneof(fc.constantFrom(...there), integers);
  }
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'string') return text(schema, known, name);
  return fc.jsonValue({ maxDepth: 2 });
}

function object(schema: JsonSchema, again: (inner: JsonSchema, name?: string) => fc.Arbitrary<unknown>) {
  const properties = Object.entries(schema.properties ?? {});
  const fields = Object.fromEntries(properties.map(([name, property]) => [name, again(property, name)]));
  const declared = fc.record(fields, { requiredKeys: (schema.required ?? []) as never[] });
  const { additionalProperties } = schema;
  if (properties.length > 0 || typeof additionalProperties !== 'object' || additionalProperties === null)
    return declared;
  return fc.dictionary(fc.constantFrom('acme', 'beta', 'gamma'), again(additionalProperties as JsonSchema), {
    maxKeys: 3,
  });
}

function text(schema: JsonSchema, known: Known, name: string): fc.Arbitrary<string> {
  const begin = Temporal.Instant.from('2026-03-01T00:00:00Z');
  const day = fc.nat(184 * 86_400_000).map((milliseconds) => begin.add({ milliseconds }).toString());
  if (schema.format === 'date') return day.map((date) => date.slice(0, 10));
  if (schema.format === 'date-time') return day;
  const examples = (schema.examples ?? []) as string[];
  const there = [...(known[name] ?? []), ...examples];
  const some = there.length === 0 ? [] : [fc.constantFrom(...there)];
  if (schema.format === 'uuid') return fc.oneof(...some, fc.uuid());
  if (schema.format === 'email') return fc.oneof(...some, fc.emailAddress());
  if (typeof schema.pattern === 'string') return fc.oneof(...some, ...some, matching(schema.pattern));
  const { minLength = 0, maxLength = 40 } = schema as { minLength?: number; maxLength?: number };
  return fc.oneof(...some, ...some, fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 40)) }));
}

/** fast-check cannot make what needs Unicode properties or looks ahead: then something near it. */
function matching(pattern: string): fc.Arbitrary<string> {
  const near = fc.stringMatching(/^[A-Za-z0-9][\w -]{0,30}$/);
  return /\\[pP]\{|\(\?[=!<]/.test(pattern) ? near : fc.stringMatching(new RegExp(pattern));
}

function without(schema: JsonSchema, keyword: string): JsonSchema {
  const { [keyword]: _, ...rest } = schema;
  return rest;
}

function resolve(reference: string, document: OpenApiDocument): JsonSchema {
  const { schemas } = document.components as { schemas: Record<string, JsonSchema> };
  return schemas[reference.split('/').at(-1) ?? ''] ?? {};
}

/** A value of which something is not as it should be: another value in some place, one left out, one more. */
function broken(value: unknown): fc.Arbitrary<unknown> {
  if (typeof value !== 'object' || value === null) return nastyJson;
  if (Array.isArray(value)) {
    return fc.oneof(
      nastyJson,
      fc.constant([...value, ...value, null]),
      ...value.slice(0, 2).map((item, place) => broken(item).map((other) => value.with(place, other))),
    );
  }
  const entries = Object.entries(value);
  return fc.oneof(
    nastyJson,
    fc.tuple(nasty, nastyJson).map(([name, extra]) => ({ ...value, [name]: extra })),
    ...entries.map(([name, inner]) => broken(inner).map((other) => ({ ...value, [name]: other }))),
    ...entries.map(([name]) => fc.constant(Object.fromEntries(entries.filter(([other]) => other !== name)))),
  );
}

const headerText = fc.string({
  maxLength: 40,
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
});

const oddHeaders = fc.record(
  {
    accept: fc.oneof(fc.constantFrom('text/csv', 'text/html', '*/*;q=0', 'application/json;q=x', ','), headerText),
    'content-type': fc.oneof(
      fc.constantFrom('text/plain', 'text/csv', 'application/json; charset=utf-16', 'a/b/c'),
      headerText,
    ),
    'if-match': fc.oneof(fc.constantFrom('*', '""', '"x", "y"'), headerText),
    'if-none-match': fc.oneof(fc.constantFrom('*', 'W/""'), headerText),
    'idempotency-key': fc.oneof(fc.constantFrom('a', 'b', '"c"', 'two words'), headerText),
    'x-request-id': headerText,
    traceparent: headerText,
    range: fc.constant('bytes=0-1'),
    'x-forwarded-for': headerText,
    'last-event-id': headerText,
  },
  { requiredKeys: [] },
);

const callers = fc.constantFrom(
  'owner',
  'owner',
  'owner',
  'owner',
  'owner',
  'owner',
  'operator',
  'finance',
  'viewer',
  'customer',
  'customer',
  'nobody',
  'broken',
);

/** Every sort of request that the document lets one think of. */
export function requests(document: OpenApiDocument, known: Known): fc.Arbitrary<FuzzRequest> {
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) =>
      ofOperation(method.toUpperCase(), path, operation, document, known),
    ),
  );
  const nowhere = fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
      path: fc.oneof(
        fc.constantFrom(...Object.keys(document.paths)),
        nasty.map((odd) => `/${encode(odd)}`),
        fc.constantFrom(
          '/%',
          '/%ff',
          '/..%2f..',
          '//',
          '/deployments/%00',
          '/.csv',
          '/deployments.csv.csv',
          '?',
          '/docs/../../x',
        ),
      ),
      headers: oddHeaders,
      as: callers,
    })
    .map((request) => ({ ...request, body: null, operationId: null }));
  return fc.oneof(
    { arbitrary: fc.oneof(...all), weight: 20 },
    { arbitrary: nowhere, weight: 1 },
  ) as fc.Arbitrary<FuzzRequest>;
}

function ofOperation(
  method: string,
  path: string,
  operation: OpenApiOperation,
  document: OpenApiDocument,
  known: Known,
): fc.Arbitrary<FuzzRequest> {
  const own = operation.parameters.filter((parameter) => 'schema' in parameter);
  const parameters = fc.record(
    Object.fromEntries(own.map(({ name, schema }) => [name, valid(schema, document, known, name)])),
    { requiredKeys: own.filter(({ required }) => required === true).map(({ name }) => name) },
  ) as fc.Arbitrary<Record<string, unknown>>;
  const [type = 'application/json', media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const body = media === undefined ? fc.constant(undefined) : valid(media.schema, document, known);
  const needsMatch = operation.parameters.some((each) => '$ref' in each && each.$ref.endsWith('/IfMatch'));
  const usual: Record<string, string> = {
    ...(media === undefined ? {} : { 'content-type': type }),
    ...(needsMatch ? { 'if-match': '*' } : {}),
  };

  const good = fc.record({ parameters, body, headers: fc.constant(usual), raw: fc.constant<string | null>(null) });
  const bad = good.chain((request) =>
    fc.oneof(
      broken(request.parameters).map((odd) => ({
        ...request,
        parameters:
          typeof odd === 'object' && odd !== null && !Array.isArray(odd)
            ? (odd as Record<string, unknown>)
            : request.parameters,
      })),
      broken(request.body).map((odd) => ({ ...request, body: odd })),
      oddHeaders.map((headers) => ({ ...request, headers: { ...request.headers, ...headers } })),
      fc
        .oneof(nasty, fc.constantFrom('{', '[]]', '{"a":1,"a":2}', '{"__proto__":{}}', '"', `${'['.repeat(2_000)}`))
        .map((raw) => ({ ...request, raw })),
    ),
  );
  return fc.record({ request: fc.oneof(good, bad), as: callers, csv: fc.nat(9) }).map(({ request, as, csv }) => ({
    method,
    path: address(path, own, request.parameters).replace(/(?=\?|$)/, method === 'GET' && csv === 0 ? '.csv' : ''),
    headers: request.headers,
    body: method === 'GET' ? null : (request.raw ?? bodyText(request.body, type)),
    as,
    operationId: operation.operationId,
  }));
}

function bodyText(body: unknown, type: string): string | null {
  if (body === undefined) return null;
  return type === 'application/json' || typeof body !== 'string' ? JSON.stringify(body) : body;
}

function address(path: string, own: readonly { name: string; in: string }[], values: Record<string, unknown>): string {
  const inPath = new Set(own.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name));
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encode(asText(values[name])));
  const query = Object.entries(values)
    .filter(([name]) => !inPath.has(name))
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((each) => `${encode(name)}=${encode(asText(each))}`),
    );
  return query.length === 0 ? filled : `${filled}?${query.join('&')}`;
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function encode(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}
