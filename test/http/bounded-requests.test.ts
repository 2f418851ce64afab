import { expect, test } from 'vitest';
import { z } from 'zod';
import { openApiDocument } from '../../src/http/document/openapi.ts';
import type { JsonSchema } from '../../src/http/document/openapi-schemas.ts';
import { program } from '../../src/modules.ts';
import { declareOperation } from '../../src/platform/declare/operation.ts';
import { recordOf } from '../../src/platform/declare/schemas.ts';

// Whatever a request can hold has a limit, and the document of the API says which: every list,
// every text and every map of it.

interface Documented {
  readonly paths: ReturnType<typeof openApiDocument>['paths'];
  readonly components?: unknown;
}

/** Where a request could be as long as its sender likes. */
function unbounded(document: Documented): string[] {
  const { schemas } = document.components as { schemas: Record<string, JsonSchema> };
  const found: string[] = [];

  function walk(schema: JsonSchema, place: string, inside: readonly string[]): void {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.split('/').at(-1) ?? '';
      if (!inside.includes(name)) walk(schemas[name] ?? {}, place, [...inside, name]);
      return;
    }
    if ('const' in schema || 'enum' in schema) return;
    const choices = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((each) => (each ?? []) as JsonSchema[]);
    for (const choice of choices) walk(choice, place, inside);
    const types = [schema.type ?? []].flat();
    if (types.length === 0 && choices.length === 0) found.push(`${place}: anything`);
    if (types.includes('string') && !isBoundedText(schema)) found.push(`${place}: a text`);
    if (types.includes('array')) {
      if (schema.maxItems === undefined) found.push(`${place}: a list`);
      walk(schema.items ?? {}, `${place}[]`, inside);
    }
    if (types.includes('object')) {
      for (const [name, property] of Object.entries(schema.properties ?? {}))
        walk(property, `${place}/${name}`, inside);
      const { additionalProperties: rest } = schema;
      if (rest === undefined && schema.properties === undefined) found.push(`${place}: any object`);
      if (rest !== undefined && rest !== false) {
        if (schema.maxProperties === undefined) found.push(`${place}: a map`);
        walk(schema.propertyNames as JsonSchema, `${place}, a name`, inside);
        walk(rest as JsonSchema, `${place}/*`, inside);
      }
    }
  }

  for (const item of Object.values(document.paths)) {
    for (const { operationId, parameters, requestBody } of Object.values(item)) {
      for (const parameter of parameters)
        if ('schema' in parameter) walk(parameter.schema, `${operationId} ${parameter.name}`, []);
      for (const { schema } of Object.values(requestBody?.content ?? {})) walk(schema, `${operationId} body`, []);
    }
  }
  return found;
}

function isBoundedText({ maxLength, pattern, format }: JsonSchema): boolean {
  if (maxLength !== undefined || format === 'date' || format === 'uuid') return true;
  if (typeof pattern !== 'string' || !/^\^.*\$$/s.test(pattern)) return false;
  // What a class or an escape holds is one character; of the rest only these go on without end.
  const skeleton = pattern.replaceAll(/\[(?:\\.|[^\]\\])*\]|\\./g, 'x').replaceAll(/\(\?=[^)]*\)/g, '');
  return !/[*+]|\{\d*,\}/.test(skeleton);
}

test('everything in a request has a limit, which the document says', () => {
  expect(unbounded(openApiDocument(program))).toEqual([]);
});

test('what has none would be found', () => {
  const text = z.string().max(10);
  const route = declareOperation({
    method: 'POST',
    path: '/anything',
    name: 'test anything',
    operationId: 'anything',
    tag: 'jobs',
    summary: 'Anything',
    roles: ['owner'],
    query: z.object({ text: z.string(), pattern: z.string().regex(/^a+$/), ends: z.string().regex(/a{1,3}/) }),
    body: z.strictObject({
      list: z.array(text),
      map: z.record(text, text),
      names: recordOf(z.string(), text, 3),
      inner: z.array(z.union([z.strictObject({ deep: z.array(text).nullable() }), z.null()])).max(3),
      open: z.unknown(),
      fine: recordOf(text, z.array(z.string().regex(/^[a+*]{1,3}\+$/)).max(3), 3),
    }),
    run: async () => undefined,
  });
  expect(unbounded(openApiDocument({ ...program, operations: [route] }))).toEqual([
    'anything text: a text',
    'anything pattern: a text',
    'anything ends: a text',
    'anything body/list: a list',
    'anything body/map: a map',
    'anything body/names, a name: a text',
    'anything body/inner[]/deep: a list',
    'anything body/open: anything',
  ]);
});
