import { canonical, settingsOf } from '../../cloud/index.ts';
import type { DeclarationDocument } from '../declaration.ts';

// What is read of one type of Terraform resource, and how it is said in the inventory's words.

/** A resource as a declaration has it. */
type Declared = DeclarationDocument['resources'][number];
/** Fields by the inventory's keys: exact canonical values, or bounds. */
export type Fields = NonNullable<Declared['fields']>;
/** The attributes on the allow-list that have a value. Nothing else of an instance is ever looked at. */
export type Told = Readonly<Record<string, unknown>>;
/** Attributes, each with the key of what it sets; a key with `/` at its end stands for all beneath it. */
type Places = Readonly<Record<string, string | readonly string[]>>;

/** How a resource is found: by the provider's id, or where it has none yet, by its name. */
export type Identity =
  | { readonly id: string }
  | { readonly match: { readonly name: string; readonly region?: string | undefined } };

export interface TypeReader {
  /** The kind of what is declared; of a part, the kind of what it is a part of. */
  readonly kind: string;
  /** It sets fields of another resource, and is none of its own: an attachment, an assignment, a node pool, a record. */
  readonly isPart?: true;
  /** The newest version of the provider's schema of which this was written. */
  readonly schemaVersion: number;
  /** Attributes that say which resource it is, besides those that are compared. */
  readonly identity: readonly string[];
  /** What is compared, of attributes that only people write: an empty text or list is declared as empty. */
  readonly written: Places;
  /** What is compared, of attributes that the provider fills in where nobody wrote any: empty is not declared. */
  readonly computed?: Places;
  /** null: it cannot be said which resource it is. */
  identify(told: Told): Identity | null;
  read(told: Told): Reading;
}

/** What one resource says of another one: that it is in this project. */
interface SaidOfOther {
  readonly kind: string;
  readonly id: string;
  readonly fields: Fields;
}

export interface Reading {
  readonly fields: Fields;
  readonly others?: readonly SaidOfOther[];
  /** Attributes that are left out on purpose here: they are missing in the fields, and were understood. */
  readonly quiet?: readonly string[];
  /** Attributes that name something by its name where the provider tells an id. */
  readonly byName?: readonly string[];
}

/** The attributes that a reader looks at. */
export function pick(reader: TypeReader, attributes: Readonly<Record<string, unknown>>): Told {
  const { identity, written, computed = {} } = reader;
  const told: Record<string, unknown> = {};
  for (const name of [...identity, ...Object.keys(written), ...Object.keys(computed)]) {
    const value = Object.hasOwn(attributes, name) ? attributes[name] : null;
    if (value === null || value === undefined) continue;
    if (Object.hasOwn(computed, name) && isEmpty(value)) continue;
    told[name] = value;
  }
  return told;
}

function isEmpty(value: unknown): boolean {
  return value === '' || canonical.list(value)?.length === 0;
}

/** The keys that an attribute sets. */
export function keysOf({ written, computed = {} }: TypeReader, attribute: string): readonly string[] {
  return [written[attribute] ?? computed[attribute] ?? []].flat();
}

interface Said {
  readonly name?: unknown;
  readonly region?: unknown;
  readonly nodes?: unknown;
  /** As the provider's API would say it, in its words: what is undefined is not declared. */
  readonly payload?: Readonly<Record<string, unknown>>;
}

/** The settings of a resource of which the API said this: read by what reads the API's own answers. */
export function settings(kind: string, { name, region, nodes, payload = {} }: Said): Fields {
  const named = canonical.text(name);
  const placed = canonical.word(region);
  const counted = canonical.number(nodes);
  const untold = [
    ...(named === undefined ? ['name'] : []),
    ...(placed === undefined ? ['region'] : []),
    ...(counted === undefined ? ['nodes'] : []),
  ];
  const found = settingsOf({
    kind,
    externalId: '',
    urn: null,
    name: named ?? '',
    status: '',
    createdAt: null,
    region: placed ?? null,
    tags: [],
    parents: [],
    attributes: counted === undefined ? {} : { nodes: counted },
    untold,
    payload: payload as never,
  });
  return { ...found?.values } as Fields;
}

/** The keys beneath `prefix` as one field, which is declared as a whole: what it does not name is not to be there. */
export function asGroup(fields: Fields, prefix: string): Fields {
  const members: Record<string, Fields[string]> = {};
  const rest: Fields = {};
  for (const [key, value] of Object.entries(fields)) {
    if (key.startsWith(prefix)) members[key.slice(prefix.length)] = value;
    else rest[key] = value;
  }
  return { ...rest, [prefix]: members };
}

/** The one block that a list of blocks holds. */
export function block(value: unknown): Told | undefined {
  const [first] = canonical.list(value) ?? [];
  return first === undefined ? undefined : canonical.object(first);
}

/** By the provider's id. */
export function byId(told: Told): Identity | null {
  const id = canonical.idText(told['id']);
  return id === undefined ? byName(told) : { id };
}

/** One that a plan is still to create has no id. A name with a wildcard in it could be any. */
function byName({ name, region }: Told): Identity | null {
  const named = canonical.text(name);
  if (named === undefined || named === '' || /[*?]/.test(named)) return null;
  return { match: { name: named, region: canonical.word(region) || undefined } };
}

/** By the attribute that names what it is a part of, or what it is itself. */
export function byAttribute(attribute: string) {
  return (told: Told): Identity | null => {
    const id = canonical.idText(told[attribute]);
    return id === undefined ? null : { id };
  };
}
