import { z } from 'zod';
import { toMicroseconds } from '../../../platform/clock.ts';
import { Exact, formatQuantity, roundQuantity } from '../../../platform/quantity.ts';
import type { Json, ListedResource, ParentRef } from '../../provider.ts';
import type { Read } from '../paginate.ts';
import { formatUrn } from '../urn.ts';

// What the kinds' mappings share. Schemas ask for what is read and no more: unknown fields,
// kinds and statuses pass, and the raw item travels beside as payload.

/** A provider's instant, to the microsecond; null where it does not tell. */
export const instant = z
  .string()
  .nullish()
  .transform((text, context) => {
    if (text == null || text === '') return null;
    try {
      const at = Temporal.Instant.from(text);
      // Rounding costs more than reading, and few tell more than microseconds.
      return /\.\d{7}/.test(text) ? toMicroseconds(at) : at;
    } catch {
      context.addIssue({ code: 'custom', message: `not an instant: ${text.slice(0, 40)}` });
      return z.NEVER;
    }
  });

/** Ids are numbers here and strings there; ours are strings. */
export const id = z.union([z.string().min(1), z.int().transform(String)]);

export const ids = z
  .array(id)
  .nullish()
  .transform((values) => values ?? []);

export const regionObject = z
  .object({ slug: z.string() })
  .nullish()
  .transform((region) => region?.slug ?? null);

export const tags = z
  .array(z.string())
  .nullish()
  .transform((values) => sorted(values ?? []));

export const exactNumber = z.number().transform(exactTo9);

/** A number rounded to 9 digits, half away from zero, from the decimal that the provider wrote. */
export function exactTo9(value: number): number {
  return Number.isInteger(value) ? value : roundQuantity(new Exact(value)).toNumber();
}

/** A price that arrived as a float (0.00743999984115362), as a decimal string of at most 9 digits (0.00744). */
export const price = z.number().transform((value) => formatQuantity(roundQuantity(new Exact(value))));

export function sorted<T extends string>(values: readonly T[]): T[] {
  return [...new Set(values)].sort();
}

export function parents(kind: string, externalIds: readonly string[]): ParentRef[] {
  return sorted(externalIds.map((externalId): ParentRef => `${kind}:${externalId}`));
}

/** Facts without those that are not known. */
export function known(facts: Readonly<Record<string, Json | null | undefined>>): Record<string, Json> {
  const known: Record<string, Json> = {};
  for (const name in facts) {
    const fact = facts[name];
    if (fact !== undefined && fact !== null) known[name] = fact;
  }
  return known;
}

/** A listed resource from what most kinds have; what is left out is what a kind without it shows. */
export function resource(
  said: Pick<ListedResource, 'kind' | 'externalId' | 'name' | 'payload'> & Partial<ListedResource>,
): ListedResource {
  return {
    urn: formatUrn(said.kind, said.externalId),
    status: 'active',
    createdAt: null,
    region: null,
    tags: [],
    parents: [],
    attributes: {},
    ...said,
  };
}

/** Reads an item by a schema; what does not fit is told by its field. */
export function reader<S extends z.ZodType, T>(
  schema: S,
  map: (said: z.output<S>, payload: Json) => T,
): (raw: unknown) => Read<T> {
  return (raw) => {
    const result = schema.safeParse(raw);
    if (result.success) return { ok: true, item: map(result.data, raw as Json) };
    const issue = result.error.issues[0];
    return { ok: false, fault: `${issue?.path.join('.') || 'item'}: ${issue?.message ?? 'not understood'}` };
  };
}

/** Reads the field that identifies an item, whatever else is wrong with it. */
export function idFrom(name: string): (raw: unknown) => string | null {
  return (raw) => {
    if (typeof raw !== 'object' || raw === null) return null;
    const value = (raw as Record<string, unknown>)[name];
    if (typeof value === 'number') return String(value);
    return typeof value === 'string' && value !== '' ? value : null;
  };
}
