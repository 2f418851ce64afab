import { z } from 'zod';
import { toMicroseconds } from '../../../platform/clock.ts';
import { Decimal, formatQuantity, roundQuantity } from '../../../platform/quantity.ts';
import type { Attributes, Json, ListedResource, ParentRef, ResourceKind } from '../../provider.ts';
import type { Read } from '../paginate.ts';
import { formatUrn } from '../urn.ts';

// What the kinds' mappings share. Schemas ask for what is read and no more: unknown fields,
// kinds and statuses pass, and the raw item travels beside as payload.

/** A provider's instant, to the microsecond. */
const toInstant = (text: string, context: z.RefinementCtx): Temporal.Instant => {
  try {
    const at = Temporal.Instant.from(text);
    // Rounding costs more than reading, and few tell more than microseconds.
    return /\.\d{7}/.test(text) ? toMicroseconds(at) : at;
  } catch {
    context.addIssue({ code: 'custom', message: `not an instant: ${text.slice(0, 40)}` });
    return z.NEVER;
  }
};

export const instant = z.string().transform(toInstant);

/** null where the provider does not tell. */
export const optionalInstant = z
  .string()
  .nullish()
  .transform((text, context) => (text == null || text === '' ? null : toInstant(text, context)));

/** Ids are numbers here and strings there; ours are strings. */
export const id = z.union([z.string().min(1), z.int().transform(String)]);

export const ids = z.array(id);

/** The clusters that tags put a resource into: Kubernetes marks its workers and their volumes so. */
export function clustersOf(tags: readonly string[] | undefined): readonly string[] | undefined {
  return tags?.flatMap(
    (tag) => /^k8s:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i.exec(tag)?.[1]?.toLowerCase() ?? [],
  );
}

export const regionObject = z.object({ slug: z.string() }).transform(({ slug }) => slug);

export const names = z.array(z.string()).transform((values) => sorted(values));

/** The regions that keep an image: one that is in several has no region of its own. */
export const soleRegion = z.array(z.string()).transform((slugs) => (slugs.length === 1 ? (slugs[0] as string) : null));

export const exactNumber = z.number().transform(exactTo9);

/** A number rounded to 9 digits, half away from zero, from the decimal that the provider wrote. */
export function exactTo9(value: number): number {
  return Number.isInteger(value) ? value : roundQuantity(new Decimal(value)).toNumber();
}

/** A price of zero or more, as a decimal string of at most 9 digits. */
export const price = z
  .union([z.number().nonnegative(), z.string().regex(/^\d+(\.\d+)?([eE][+-]?\d+)?$/)])
  .transform((written) => formatQuantity(roundQuantity(asMeant(String(written)))));

/**
 * The provider keeps prices in single precision and writes them with the digits that this leaves: 0.00744
 * arrives as 0.00743999984115362, and 23.92 would as 23.9200000762939. What is such a number is
 * the shortest decimal that single precision stores as the same one; any other is what is written.
 */
function asMeant(written: string): Decimal {
  const value = Number(written);
  const single = Math.fround(value);
  if (single.toPrecision(significantWritten) !== value.toPrecision(significantWritten)) return new Decimal(written);
  for (let digits = 1; digits < significantInSingle; digits += 1) {
    const shorter = value.toPrecision(digits);
    if (Math.fround(Number(shorter)) === single) return new Decimal(shorter);
  }
  return new Decimal(written);
}

/** Digits that tell any two numbers of single precision apart, and those that the provider writes. */
const significantInSingle = 9;
const significantWritten = 15;

function sorted<T extends string>(values: readonly T[]): T[] {
  return [...new Set(values)].sort();
}

/** One kind's part of what a resource belongs to; undefined: not told. */
type Family = Readonly<Record<string, readonly string[] | undefined>>;

/**
 * A resource as a mapping gives it. A field that is left out is one that the kind has not. One that
 * is undefined was not told by this listing, and what was known of it still counts; null: there is none.
 */
interface Draft {
  readonly kind: ResourceKind;
  readonly externalId: string;
  readonly urn?: null;
  readonly name: string | undefined;
  readonly status?: string | undefined;
  readonly createdAt?: Temporal.Instant | null | undefined;
  readonly region?: string | null | undefined;
  readonly tags?: readonly string[] | undefined;
  /** The ids that it belongs to, by their kind; undefined: of none is anything told. */
  readonly parents?: Family | undefined;
  readonly attributes?: Readonly<Record<string, Json | null | undefined>>;
  /** What is taken for an attribute that is not told, until it is. */
  readonly assumed?: Attributes;
  /** What the fields together leave open. */
  readonly faults?: readonly string[];
  readonly payload: Json;
}

export function resource(draft: Draft): ListedResource {
  const { kind, externalId, payload, assumed = {}, attributes = {}, parents: families } = draft;
  const untold: string[] = [];
  if (draft.name === undefined) untold.push('name');
  for (const field of ['status', 'region', 'tags', 'parents'] as const) {
    if (field in draft && draft[field] === undefined) untold.push(field);
  }
  const facts: Record<string, Json> = {};
  for (const name in attributes) {
    const fact = attributes[name];
    if (fact === undefined) untold.push(name);
    else if (fact !== null) facts[name] = fact;
  }
  for (const name in assumed) untold.push(name);
  const parents: ParentRef[] = [];
  for (const family in families) {
    const of = families[family];
    if (of === undefined) untold.push(`parents:${family}`);
    else for (const parent of of) parents.push(`${family}:${parent}`);
  }
  return {
    kind,
    externalId,
    urn: draft.urn === null ? null : formatUrn(kind, externalId),
    name: draft.name ?? externalId,
    status: draft.status ?? 'active',
    createdAt: draft.createdAt ?? null,
    region: draft.region ?? null,
    tags: draft.tags ?? [],
    parents: sorted(parents),
    attributes: { ...assumed, ...facts },
    untold,
    payload,
  };
}

type Shape = Readonly<Record<string, z.ZodType>>;
/** What an item says; a field that is missing or not understood is undefined. */
type Said<S extends Shape> = { readonly [Name in keyof S]: z.output<S[Name]> | undefined };

/**
 * Reads a resource: it exists by its id. A field that is missing or is not what it should be is named
 * as a fault and counts as not told.
 */
export function resourceReader<S extends Shape>(
  idField: string,
  shape: S,
  map: (said: Said<S>, externalId: string, payload: Json) => Draft,
): (raw: unknown) => Read<ListedResource> {
  const whole = z.object(shape);
  const idOf = idFrom(idField);
  return (raw) => {
    const externalId = idOf(raw);
    if (externalId === null) return { ok: false, fault: `${idField}: missing` };
    const faults: string[] = [];
    const result = whole.safeParse(raw);
    const said = result.success ? result.data : fieldByField(shape, raw as Record<string, unknown>, faults);
    const draft = map(said as Said<S>, externalId, raw as Json);
    return { ok: true, item: resource(draft), faults: [...faults, ...(draft.faults ?? [])] };
  };
}

function fieldByField(shape: Shape, raw: Record<string, unknown>, faults: string[]): Record<string, unknown> {
  const said: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const result = schema.safeParse(raw[name]);
    if (result.success) said[name] = result.data;
    else faults.push(raw[name] == null ? `${name}: missing` : faultOf(result.error, [name]));
  }
  return said;
}

/** Reads an item by a schema that all of it must fit; what does not is named by its field. */
export function reader<S extends z.ZodType, T>(
  schema: S,
  map: (said: z.output<S>, payload: Json) => T,
): (raw: unknown) => Read<T> {
  return (raw) => {
    const result = schema.safeParse(raw);
    if (result.success) return { ok: true, item: map(result.data, raw as Json), faults: [] };
    return { ok: false, fault: faultOf(result.error) };
  };
}

function faultOf({ issues: [issue] }: z.ZodError, above: readonly string[] = []): string {
  return `${[...above, ...(issue?.path ?? [])].join('.') || 'item'}: ${issue?.message ?? 'not understood'}`;
}

/** Reads the field that identifies an item, whatever else is wrong with it. */
export function idFrom(name: string): (raw: unknown) => string | null {
  return (raw) => {
    if (typeof raw !== 'object' || raw === null) return null;
    const value = (raw as Record<string, unknown>)[name];
    if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null;
    return typeof value === 'string' && value !== '' ? value : null;
  };
}
