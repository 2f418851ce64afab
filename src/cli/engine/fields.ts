import { z } from 'zod';
import { pageQuery } from '../../platform/declare/input.ts';
import { binaryTypes, type FileType, type Operation } from '../../platform/declare/operation.ts';

// The input of an operation as the arguments of a command: one for each value that its schemas name.

export type Place = 'path' | 'query' | 'body';

export type ValueKind =
  | 'text'
  | 'moment'
  | 'day'
  | 'integer'
  | 'number'
  | 'boolean'
  /** Its text is read: a path, or - for standard input. */
  | 'file'
  /** Its bytes are read. */
  | 'bytes'
  /** `acme:2`: an object of these fields, in this order. */
  | { readonly compact: readonly { readonly name: string; readonly kind: ValueKind }[] }
  /** `key=value` */
  | 'pair'
  /** What has no other form. */
  | 'json';

export interface Field {
  readonly place: Place;
  /** Where the value stands: one name, or more within the body. Empty: the body itself. */
  readonly path: readonly string[];
  /** `spaces-regions`; unique in its operation. */
  readonly flag: string;
  readonly kind: ValueKind;
  readonly isList: boolean;
  readonly isRequired: boolean;
  readonly isNullable: boolean;
  readonly choices: readonly string[] | null;
  readonly defaultValue: unknown;
  readonly description: string;
}

interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** All fields of an operation's input, those of the path first. */
export function fieldsOf(operation: Operation): readonly Field[] {
  const fields = [...ofObject(operation.params, 'path'), ...ofObject(operation.query, 'query')];
  if (operation.shape === 'list') fields.push(...ofObject(pageQuery, 'query'));
  if (operation.shape === 'action' && operation.body !== undefined) {
    if (operation.consumes !== undefined) fields.push(wholeBody(isBinary(operation.consumes) ? 'bytes' : 'file'));
    else fields.push(...ofBody(operation.body));
  }
  return named(fields, operation.command?.flags ?? {});
}

/** The same flag twice gets the name of its place before it: none of two may hide the other. */
function named(fields: readonly Field[], flags: Readonly<Record<string, string>>): readonly Field[] {
  const taken = new Set<string>();
  return fields.map((field) => {
    const wanted = flags[field.path.join('.')] ?? field.flag;
    const flag = taken.has(wanted) ? `${field.place}-${wanted}` : wanted;
    taken.add(flag);
    return { ...field, flag };
  });
}

function isBinary(types: FileType | readonly FileType[]): boolean {
  return [types].flat().some((type) => (binaryTypes as readonly string[]).includes(type));
}

function wholeBody(kind: ValueKind): Field {
  return {
    place: 'body',
    path: [],
    flag: 'file',
    kind,
    isList: false,
    isRequired: true,
    isNullable: false,
    choices: null,
    defaultValue: undefined,
    description: 'A file, or - for standard input',
  };
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

function ofObject(schema: z.ZodType | undefined, place: Place): Field[] {
  if (schema === undefined) return [];
  const root = jsonSchemaOf(schema);
  return ofProperties(root, root, place, [], true);
}

function ofBody(schema: z.ZodType): Field[] {
  const root = jsonSchemaOf(schema);
  const resolved = resolve(root, root);
  return resolved.properties === undefined ? [wholeBody('json')] : ofProperties(resolved, root, 'body', [], true);
}

function ofProperties(
  schema: JsonSchema,
  root: JsonSchema,
  place: Place,
  path: readonly string[],
  isRequired: boolean,
): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    ofProperty(property, root, place, [...path, name], isRequired && schema.required?.includes(name) === true),
  );
}

function ofProperty(
  property: JsonSchema,
  root: JsonSchema,
  place: Place,
  path: readonly string[],
  isRequired: boolean,
): Field[] {
  const { schema, isNullable } = withoutNull(resolve(property, root), root);
  if (schema.properties !== undefined && !isNullable) return ofProperties(schema, root, place, path, isRequired);
  const isList = schema.type === 'array';
  const item = isList ? resolve(schema.items ?? {}, root) : schema;
  const { schema: value } = withoutNull(item, root);
  const description = property.description ?? schema.description ?? '';
  return [
    {
      place,
      path,
      flag: path.map(kebab).join('-'),
      kind: kindOf(value, root, isList),
      isList,
      isRequired,
      isNullable,
      choices: value.enum === undefined ? null : value.enum.map(String),
      defaultValue: property.default ?? schema.default,
      description,
    },
  ];
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : { ...root.$defs?.[name], ...schema };
}

function withoutNull(schema: JsonSchema, root: JsonSchema): { schema: JsonSchema; isNullable: boolean } {
  if (Array.isArray(schema.type)) {
    const types = (schema.type as readonly string[]).filter((type) => type !== 'null');
    return { schema: { ...schema, type: types[0] ?? 'string' }, isNullable: types.length < schema.type.length };
  }
  if (schema.anyOf === undefined) return { schema, isNullable: false };
  const others = schema.anyOf.map((one) => resolve(one, root)).filter(({ type }) => type !== 'null');
  const isNullable = others.length < schema.anyOf.length;
  const [only] = others;
  // A choice between a number and a text is read as text; the schema decides.
  const chosen = others.length === 1 && only !== undefined ? only : others.find(({ type }) => type === 'string');
  return { schema: { ...schema, anyOf: undefined, ...chosen } as JsonSchema, isNullable };
}

function kindOf(schema: JsonSchema, root: JsonSchema, isItem: boolean): ValueKind {
  if (schema.properties !== undefined && isItem) {
    const parts = Object.entries(schema.properties).map(([name, property]) => ({
      name,
      kind: kindOf(withoutNull(resolve(property, root), root).schema, root, false),
    }));
    return parts.every(({ kind }) => typeof kind === 'string' && kind !== 'json') ? { compact: parts } : 'json';
  }
  if (typeof schema.additionalProperties === 'object') return isScalar(schema.additionalProperties) ? 'pair' : 'json';
  if (schema.type === 'integer' || schema.type === 'number' || schema.type === 'boolean') return schema.type;
  if (schema.format === 'date-time') return 'moment';
  if (schema.format === 'date') return 'day';
  if (schema.type === 'string' || schema.enum !== undefined || schema.const !== undefined) return 'text';
  return schema.type === undefined && schema.anyOf === undefined ? 'text' : 'json';
}

function isScalar(schema: JsonSchema): boolean {
  return schema.type !== 'object' && schema.type !== 'array' && schema.properties === undefined;
}

/** `startsAt` is `starts-at`. */
export function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
}
