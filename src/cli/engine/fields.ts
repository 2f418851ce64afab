import { z } from 'zod';
import { pageQueryOf } from '../../platform/declare/input.ts';
import { binaryTypes, type FileType, type Operation } from '../../platform/declare/operation.ts';

// The input of an operation as the arguments of a command: one for each value that its schemas name.

type Place = 'path' | 'query' | 'body';

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
  /** Its text is read as YAML or JSON, for a body of this schema. */
  | { readonly yaml: z.ZodType }
  /** `acme:2`: an object of these fields, in this order. */
  | { readonly compact: readonly { readonly name: string; readonly kind: ValueKind }[] }
  /** `key=value`, a text */
  | 'pair'
  /** `key=value`, where true, false and numbers are what they say: also where nothing but a number will do */
  | 'scalar-pair'
  /** A path, or - for standard input: its name, and its text. */
  | 'named-file'
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
  /** Of a list: the one word that stands for all that there is. */
  readonly word: string | null;
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
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/** Values of fields that are not asked for. Where a body has several forms, they choose one. */
type FixedValues = Readonly<Record<string, unknown>>;

/** All fields of an operation's input, those of the path first. */
export function fieldsOf(operation: Operation, fixed: FixedValues = {}): readonly Field[] {
  const fields = [...ofObject(operation.params, 'path'), ...ofObject(operation.query, 'query')];
  if (operation.shape === 'list') fields.push(...ofObject(pageQueryOf(operation), 'query'));
  if (operation.shape === 'action' && operation.body !== undefined) {
    if (operation.command?.file === true) fields.push(wholeBody({ yaml: operation.body }));
    else if (operation.consumes !== undefined) fields.push(wholeBody(isBinary(operation.consumes) ? 'bytes' : 'file'));
    else fields.push(...ofBody(operation.body, fixed));
  }
  const { flags = {}, files = [] } = operation.command ?? {};
  return named(
    fields.map((field) => (files.includes(field.path.join('.')) ? { ...field, kind: 'named-file' } : field)),
    flags,
  );
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
    word: null,
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
  return ofProperties(root, { root, place, fixed: {} }, [], true);
}

function ofBody(schema: z.ZodType, fixed: FixedValues): Field[] {
  const root = jsonSchemaOf(schema);
  const within: Within = { root, place: 'body', fixed };
  const resolved = ofOneForm(resolve(root, root), within, []);
  return resolved.properties === undefined ? [wholeBody('json')] : ofProperties(resolved, within, [], true);
}

interface Within {
  readonly root: JsonSchema;
  readonly place: Place;
  readonly fixed: FixedValues;
}

/**
 * Objects of several forms as one: the forms that the fixed values allow, with what all of them have. A
 * field is required where each form requires it; of one that tells the forms apart, they are the choices.
 */
function ofOneForm(schema: JsonSchema, { root, fixed }: Within, path: readonly string[]): JsonSchema {
  const forms = (schema.oneOf ?? schema.anyOf ?? []).map((form) => resolve(form, root));
  if (forms.length === 0 || forms.some(({ properties }) => properties === undefined)) return schema;
  const allowed = forms.filter(({ properties = {} }) =>
    Object.entries(properties).every(([name, property]) => {
      const value = fixed[[...path, name].join('.')];
      return value === undefined || property.const === undefined || property.const === value;
    }),
  );
  const properties: Record<string, JsonSchema> = {};
  for (const [name, property] of allowed.flatMap((form) => Object.entries(form.properties ?? {}))) {
    const values = [properties[name]?.enum ?? [], property.const ?? []].flat();
    properties[name] = values.length === 0 ? property : { type: 'string', enum: values };
  }
  const required = Object.keys(properties).filter((name) => allowed.every((form) => form.required?.includes(name)));
  const { oneOf: _, anyOf: __, ...rest } = schema;
  return { ...rest, type: 'object', properties, required };
}

function ofProperties(schema: JsonSchema, within: Within, path: readonly string[], isRequired: boolean): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    ofProperty(property, within, [...path, name], isRequired && schema.required?.includes(name) === true),
  );
}

function ofProperty(property: JsonSchema, within: Within, path: readonly string[], isRequired: boolean): Field[] {
  const { root, place } = within;
  const { schema, isNullable, word } = withoutNull(ofOneForm(resolve(property, root), within, path), root);
  if (schema.properties !== undefined && !isNullable) return ofProperties(schema, within, path, isRequired);
  const isList = schema.type === 'array';
  const item = isList ? resolve(schema.items ?? {}, root) : schema;
  const { schema: value } = withoutNull(item, root);
  const description = property.description ?? schema.description ?? '';
  return [
    {
      place,
      path,
      flag: path.map(kebab).join('-'),
      kind: kindOf(value, root, isList || isNullable),
      isList,
      isRequired,
      isNullable,
      choices: value.enum === undefined ? null : value.enum.map(String),
      word: word ?? null,
      defaultValue: property.default ?? schema.default ?? (schema.const === true ? false : undefined),
      description,
    },
  ];
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : { ...root.$defs?.[name], ...schema };
}

interface WithoutNull {
  readonly schema: JsonSchema;
  readonly isNullable: boolean;
  readonly word?: string;
}

function withoutNull(schema: JsonSchema, root: JsonSchema): WithoutNull {
  if (Array.isArray(schema.type)) {
    const types = (schema.type as readonly string[]).filter((type) => type !== 'null');
    return { schema: { ...schema, type: types[0] ?? 'string' }, isNullable: types.length < schema.type.length };
  }
  if (schema.anyOf === undefined) return { schema, isNullable: false };
  const others = schema.anyOf.map((one) => resolve(one, root)).filter(({ type }) => type !== 'null');
  const isNullable = others.length < schema.anyOf.length;
  const [only] = others;
  const list = others.find(({ type }) => type === 'array');
  const word = others.find(({ const: value }) => typeof value === 'string')?.const;
  if (list !== undefined && typeof word === 'string')
    return { schema: { ...schema, anyOf: undefined, ...list } as JsonSchema, isNullable, word };
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
  if (typeof schema.additionalProperties === 'object') return pairKind(schema.additionalProperties);
  if (schema.type === 'integer' || schema.type === 'number' || schema.type === 'boolean') return schema.type;
  if (schema.format === 'date-time') return 'moment';
  if (schema.format === 'date') return 'day';
  if (schema.type === 'string' || schema.enum !== undefined || schema.const !== undefined) return 'text';
  return schema.type === undefined && schema.anyOf === undefined ? 'text' : 'json';
}

function pairKind(values: JsonSchema): ValueKind {
  const isNumber = values.type === 'integer' || values.type === 'number';
  if (values.anyOf !== undefined || Array.isArray(values.type) || isNumber) return 'scalar-pair';
  return isScalar(values) ? 'pair' : 'json';
}

function isScalar(schema: JsonSchema): boolean {
  return schema.type !== 'object' && schema.type !== 'array' && schema.properties === undefined;
}

/** `startsAt` is `starts-at`. */
function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase();
}
