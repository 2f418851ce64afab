import { expect, test } from 'vitest';
import { z } from 'zod';
import type { JsonSchema } from '../../src/http/document/openapi-schemas.ts';
import { program } from '../../src/modules.ts';
import { inputReader } from '../../src/platform/declare/input.ts';
import { InvalidRequest } from '../../src/platform/declare/invalid-input.ts';
import { declareOperation, type Operation } from '../../src/platform/declare/operation.ts';

// What an operation does not know it refuses, by name: a field that is misspelt never means "all". And no text of a
// request brings control characters along.

type Walker = (schema: JsonSchema, place: string) => void;

/** Calls `visit` for each schema within a body's, or a job's arguments'. */
function walk(root: z.ZodType, visit: Walker): void {
  const whole = z.toJSONSchema(root, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const definitions = (whole.$defs ?? {}) as Record<string, JsonSchema>;
  const inner = (schema: JsonSchema, place: string, inside: readonly string[]): void => {
    if (schema.$ref !== undefined) {
      const name = schema.$ref.split('/').at(-1) ?? '';
      if (!inside.includes(name)) inner(definitions[name] ?? {}, place, [...inside, name]);
      return;
    }
    visit(schema, place);
    const choices = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((each) => (each ?? []) as JsonSchema[]);
    for (const choice of choices) inner(choice, place, inside);
    for (const [name, property] of Object.entries(schema.properties ?? {})) inner(property, `${place}/${name}`, inside);
    if (schema.items !== undefined) inner(schema.items, `${place}/*`, inside);
    if (typeof schema.additionalProperties === 'object' && schema.additionalProperties !== null)
      inner(schema.additionalProperties as JsonSchema, `${place}/*`, inside);
  };
  inner(whole, '', []);
}

function openObjects(schema: z.ZodType): string[] {
  const found: string[] = [];
  walk(schema, ({ properties, additionalProperties }, place) => {
    if (properties !== undefined && additionalProperties !== false) found.push(place);
  });
  return found;
}

const bodyOf = (operation: Operation) =>
  operation.shape === 'action' ? (operation.body as z.ZodType | undefined) : undefined;

test('no operation takes a field in its body that it does not know, however deep', () => {
  const open = program.operations.flatMap((operation) => {
    const body = bodyOf(operation);
    return body === undefined ? [] : openObjects(body).map((place) => `${operation.name}: ${place}`);
  });
  expect(open).toEqual([]);
});

test('no job takes an argument that it does not know', () => {
  expect(program.jobs.flatMap((job) => openObjects(job.arguments).map((place) => `${job.name}: ${place}`))).toEqual([]);
});

test('one that did would be found', () => {
  const body = z.strictObject({
    list: z.array(z.object({ name: z.string() })),
    map: z.record(z.string(), z.object({})),
  });
  expect(openObjects(body)).toEqual(['/list/*', '/map/*']);
});

const refusal = (operation: Operation, raw: Parameters<ReturnType<typeof inputReader>>[0]) => {
  try {
    inputReader(operation)(raw);
    return [];
  } catch (error) {
    if (error instanceof InvalidRequest) return error.errors;
    throw error;
  }
};

test.each(program.operations.map((operation) => [operation.name, operation] as const))(
  '%s refuses an unknown parameter, an unknown field, and control characters in either',
  (_, operation) => {
    const named = { in: 'query', pointer: 'sttae', detail: expect.any(String) };
    expect(refusal(operation, { params: {}, query: { sttae: 'dead' }, body: undefined })).toContainEqual(named);
    const body = bodyOf(operation);
    // Of a choice between several forms an unknown one is refused before its fields are looked at.
    const whole = body === undefined ? {} : z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' });
    const isObject = 'properties' in whole;
    if (isObject) {
      const refused = refusal(operation, { params: {}, query: {}, body: { sttae: 'dead' } });
      expect(refused.map(({ pointer }) => pointer)).toContain('/sttae');
      const controls = refusal(operation, { params: {}, query: {}, body: { any: ['a', 'b\u009bc'] } });
      expect(controls).toContainEqual({ in: 'body', pointer: '/any/1', detail: 'holds the control character U+009B' });
    }
    if (operation.query === undefined) return;
    for (const name of Object.keys((operation.query as z.ZodObject).shape)) {
      const refused = refusal(operation, { params: {}, query: { [name]: 'a\nb' }, body: undefined });
      expect(refused).toContainEqual({
        in: 'query',
        pointer: expect.stringContaining(name),
        detail: expect.stringMatching(/control character U\+000A/),
      });
    }
  },
);

test('of several lines are only the texts whose schema says so', () => {
  const several = program.operations.flatMap((operation) => {
    const found: string[] = [];
    const body = bodyOf(operation);
    if (body !== undefined)
      walk(body, (schema, place) => {
        if (schema.contentMediaType !== undefined) found.push(`${operation.name}: ${place}`);
      });
    return found;
  });
  expect(several.toSorted()).toEqual([
    'bill import: ',
    'blueprint apply: /files/*/text',
    'customer billing import: ',
    'customer import: ',
    'entity create: /footer',
    'entity import: /sellers/*/footer',
    'entity set: /footer',
    'exchange-rate import: ',
    'invoice payment import: ',
    'plan apply: /files/*/text',
    'plan preview: /files/*/text',
    'proposal change: /parameters/*',
    'proposal create: /parameters/*',
    'quote resources: ',
  ]);
});

test('a text of several lines may have their ends, and its control characters are told by line', () => {
  const operation = declareOperation({
    method: 'POST',
    path: '/notes',
    name: 'note add',
    operationId: 'addNote',
    tag: 'jobs',
    summary: 'Add a note',
    roles: ['owner'],
    body: z.strictObject({
      title: z.string(),
      notes: z.array(z.strictObject({ text: z.string().meta({ contentMediaType: 'text/plain' }) })),
    }),
    run: async () => undefined,
  });
  const errors = (title: string, text: string) =>
    refusal(operation, { params: {}, query: {}, body: { title, notes: [{ text }] } });
  expect(errors('a', 'one\n\ttwo\r\n')).toEqual([]);
  expect(errors('a\tb', 'one')).toEqual([
    { in: 'body', pointer: '/title', detail: 'holds the control character U+0009' },
  ]);
  expect(errors('a', 'one\ntwo\u0007')).toEqual([
    { in: 'body', pointer: '/notes/0/text', detail: 'holds the control character U+0007 in line 2' },
  ]);
  expect(errors('a', 'one\0')).toEqual([{ in: 'body', pointer: '/notes/0/text', detail: 'holds the character NUL' }]);
});
