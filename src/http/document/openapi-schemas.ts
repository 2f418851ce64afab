import { z } from 'zod';

// The schemas of the routes as JSON Schema 2020-12, which is what OpenAPI 3.1 speaks.

export interface JsonSchema {
  [keyword: string]: unknown;
  type?: string | string[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  $ref?: string;
}

/** Schemas that have an id of their own (`.meta({ id })`) are told once, under their name. */
export class SchemaCollection {
  readonly components: Record<string, JsonSchema> = {};

  /** What a request must be. */
  input(schema: z.ZodType): JsonSchema {
    return this.#convert(schema, 'input');
  }

  /** What an answer is. */
  output(schema: z.ZodType): JsonSchema {
    return this.#convert(schema, 'output');
  }

  #convert(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    // Inside an object, so that a schema with an id is a reference like any other.
    const converted = z.toJSONSchema(z.object({ it: schema }), { io, override: tidy as never }) as JsonSchema;
    const rename = new Map<string, string>();
    const definitions = (converted.$defs ?? {}) as Record<string, JsonSchema>;
    for (const [id, definition] of Object.entries(definitions)) {
      delete definition.id;
      rename.set(`#/$defs/${id}`, `#/components/schemas/${this.#name(id, definition, io)}`);
    }
    for (const [id, definition] of Object.entries(definitions)) {
      const name = rename.get(`#/$defs/${id}`)?.split('/').at(-1);
      if (name !== undefined) this.components[name] = withReferences(definition, rename);
    }
    return withReferences(converted.properties?.it ?? {}, rename);
  }

  /** A schema that means something else arriving than leaving has two names. */
  #name(id: string, definition: JsonSchema, io: 'input' | 'output'): string {
    const there = this.components[id];
    const isSame = there === undefined || JSON.stringify(there) === JSON.stringify(definition);
    return isSame || io === 'output' ? id : `${id}Input`;
  }
}

/** What Zod says more than a reader needs. */
function tidy({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: JsonSchema }): void {
  // The format says it; the pattern is a screenful.
  if (jsonSchema.format === 'date' || jsonSchema.format === 'date-time') delete jsonSchema.pattern;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  // Of what is read into something else, Zod leaves out the examples of a request.
  const examples = z.globalRegistry.get(zodSchema as never)?.examples;
  if (examples !== undefined) jsonSchema.examples = examples;
  // An answer may get more fields one day; only what is strict says that there are no others.
  const { def } = zodSchema._zod;
  if (def.type === 'object' && def.catchall === undefined) delete jsonSchema.additionalProperties;
}

function withReferences<Value>(value: Value, rename: ReadonlyMap<string, string>): Value {
  if (Array.isArray(value)) return value.map((each) => withReferences(each, rename)) as Value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      name === '$ref' && typeof each === 'string' ? (rename.get(each) ?? each) : withReferences(each, rename),
    ]),
  ) as Value;
}

/** A value that a schema allows, made of the examples that it gives: the same one each time. */
export function exampleOf(schema: JsonSchema, components: Readonly<Record<string, JsonSchema>>): unknown {
  if (schema.$ref !== undefined) return exampleOf(components[schema.$ref.split('/').at(-1) ?? ''] ?? {}, components);
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0];
  if ('const' in schema) return schema.const;
  if ('default' in schema) return schema.default;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const [choice] = (schema.anyOf ?? schema.oneOf ?? []) as JsonSchema[];
  if (choice !== undefined) return exampleOf(choice, components);
  if (Array.isArray(schema.allOf))
    return Object.assign({}, ...schema.allOf.map((part: JsonSchema) => exampleOf(part, components) as object));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object': {
      const properties = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name));
      return Object.fromEntries(properties.map(([name, property]) => [name, exampleOf(property, components)]));
    }
    case 'array':
      return schema.items === undefined ? [] : [exampleOf(schema.items, components)];
    case 'integer':
    case 'number':
      return typeof schema.minimum === 'number' ? schema.minimum : 1;
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'string':
      if (schema.format === 'date') return '2026-05-01';
      if (schema.format === 'date-time') return '2026-05-01T06:00:00Z';
      return 'text';
    default:
      return {};
  }
}
