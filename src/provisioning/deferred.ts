import type { Deferrable, DeferredValue } from './proposal-document.ts';

/** By what deferred values become known. */
export interface KnownValues {
  /** The mark of the step whose values they are: a UUID. */
  readonly mark: string;
  /** The provider's id of what a step has created or adopted; undefined: it has not. */
  idOf(key: string): string | undefined;
  /** The same as the provider's URN; undefined: it has not, or its kind has none. */
  urnOf(key: string): string | undefined;
  /** Its public IPv4 address; undefined: it was not asked for, or has none. */
  addressOf(key: string): string | undefined;
  /** undefined: there is none of this name. */
  secret(name: string): string | undefined;
}

/** Digits of a mark that stand in a name. */
const nameDigits = 6;

/** The mark of a step, as it is told to the provider. */
function markOf(uuid: string): string {
  return `arcadia-step:${uuid}`;
}

/** Puts what is known now in the place of deferred values. Throws RangeError for one that is not known. */
export function resolve<Value>(value: Deferrable<Value>, known: KnownValues): Value {
  return resolveAny(value, known) as Value;
}

function resolveAny(value: unknown, known: KnownValues): unknown {
  if (Array.isArray(value)) return value.map((member) => resolveAny(member, known));
  if (typeof value !== 'object' || value === null) return value;
  if (isDeferred(value)) return resolveOne(value, known);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, resolveAny(member, known)]));
}

/** Whether text stands for a value that is known only while a rollout goes on. */
function isDeferred(value: unknown): value is DeferredValue {
  return typeof value === 'object' && value !== null && Object.keys(value).some((name) => name.startsWith('$'));
}

function resolveOne(value: DeferredValue, known: KnownValues): string {
  if ('$mark' in value) return markOf(known.mark);
  if ('$name' in value) return `${value.$name}-${known.mark.slice(0, nameDigits)}`;
  const [found, what] = findOne(value, known);
  if (found === undefined) throw new RangeError(`${what} is not known`);
  return found;
}

function findOne(value: Exclude<DeferredValue, { $mark: unknown } | { $name: unknown }>, known: KnownValues) {
  if ('$id' in value) return [known.idOf(value.$id), `what step "${value.$id}" has made`] as const;
  if ('$urn' in value) return [known.urnOf(value.$urn), `the URN of what step "${value.$urn}" has made`] as const;
  if ('$address' in value) return [known.addressOf(value.$address), `the address of "${value.$address}"`] as const;
  return [known.secret(value.$secret), `the sealed value "${value.$secret}"`] as const;
}

/** The keys of the steps whose addresses a step's values name. */
export function addressesNamed(value: unknown): readonly string[] {
  return named(value, '$address');
}

/** The keys of the steps whose ids a step's values name. */
export function idsNamed(value: unknown): readonly string[] {
  return [...named(value, '$id'), ...named(value, '$urn')];
}

function named(value: unknown, what: '$id' | '$urn' | '$address'): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (!isDeferred(value)) return Object.values(value).flatMap((member) => named(member, what));
  const key = (value as Partial<Record<typeof what, string>>)[what];
  return key === undefined ? [] : [key];
}
