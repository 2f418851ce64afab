import { z } from 'zod';
import type { LineFields } from './invalid-input.ts';

interface JsonSchema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly type?: string | readonly string[];
  readonly contentMediaType?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

/** Which fields of a body have several lines: those whose schema says so by its media type (`severalLines`). */
export function lineFieldsOf(schema: z.ZodType): LineFields {
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const found = new Set<string>();
  walk(root, '', []);
  return found;

  function walk(at: JsonSchema, field: string, inside: readonly string[]): void {
    if (at.$ref !== undefined) {
      const name = at.$ref.split('/').at(-1) ?? '';
      // What holds itself has no texts of several lines that are not found at its first level.
      if (!inside.includes(name)) walk(root.$defs?.[name] ?? {}, field, [...inside, name]);
      return;
    }
    if (at.contentMediaType !== undefined) found.add(field);
    for (const choice of [...(at.anyOf ?? []), ...(at.oneOf ?? []), ...(at.allOf ?? [])]) walk(choice, field, inside);
    for (const [name, property] of Object.entries(at.properties ?? {})) walk(property, `${field}/${name}`, inside);
    if (at.items !== undefined) walk(at.items, `${field}/*`, inside);
    if (typeof at.additionalProperties === 'object') walk(at.additionalProperties, `${field}/*`, inside);
  }
}
