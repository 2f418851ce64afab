import { z } from 'zod';
import type { ProblemError } from './invalid-input.ts';

// What stands in an address is text. A schema says which of it is a number, a boolean or a list.

type Kind = 'integer' | 'number' | 'boolean' | 'string';

interface ParameterReader {
  readonly names: readonly string[];
  /** The values as the schema wants them; what is not such a value stays text, and the schema says so. */
  read(raw: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Parameters that the schema does not name. */
  unknown(raw: Readonly<Record<string, unknown>>): ProblemError[];
}

interface JsonSchema {
  readonly type?: string;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** Reads the parameters that an object's schema names. */
export function readerOf(schema: z.ZodType, place: 'path' | 'query'): ParameterReader {
  const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const kinds = new Map(Object.entries(properties).map(([name, property]) => [name, kindOf(property)]));
  return {
    names: [...kinds.keys()],
    read(raw) {
      const values: Record<string, unknown> = {};
      for (const [name, kind] of kinds) {
        const value = raw[name];
        if (value === undefined) continue;
        if (!kind.isList) values[name] = typeof value === 'string' ? convert(value, kind.of) : value;
        else values[name] = (Array.isArray(value) ? value : [value]).map((each) => convert(String(each), kind.of));
      }
      return values;
    },
    unknown(raw) {
      return Object.keys(raw)
        .filter((name) => !kinds.has(name))
        .map((name) => ({ in: place, pointer: name, detail: 'is no parameter of this operation' }));
    },
  };
}

function kindOf(property: JsonSchema): { isList: boolean; of: Kind } {
  if (property.anyOf !== undefined) {
    const some = property.anyOf.map(kindOf);
    return some.find((each) => each.isList || each.of !== 'string') ?? { isList: false, of: 'string' };
  }
  if (property.type === 'array') return { isList: true, of: kindOf(property.items ?? {}).of };
  const of =
    property.type === 'integer' || property.type === 'number' || property.type === 'boolean' ? property.type : 'string';
  return { isList: false, of };
}

function convert(text: string, kind: Kind): unknown {
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  if (kind === 'integer' && /^-?\d{1,16}$/.test(text)) return Number(text);
  if (kind === 'number' && /^-?\d{1,16}(\.\d{1,16})?$/.test(text)) return Number(text);
  return text;
}
