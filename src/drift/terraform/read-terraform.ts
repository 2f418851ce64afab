import { createHash } from 'node:crypto';
import { type DeclarationDocument, fieldsMax } from '../declaration.ts';
import { decode } from './decode.ts';
import { refused } from './errors.ts';
import { type Contents, contentsOf, type Instance } from './instances.ts';
import { type Fields, type Identity, keysOf, pick, type Reading, type TypeReader } from './reader.ts';
import { computeTypes } from './types/compute.ts';
import { networkTypes } from './types/network.ts';
import { storageTypes } from './types/storage.ts';

// A file of Terraform or OpenTofu as declared resources. Only the attributes of the types' allow-lists are read: a
// secret of a state is nowhere in what comes back, and in no error.

/** As many resources as one declaration has. */
const resourcesMax = 10_000;
/** Characters of a text and of a key, and elements of a list. */
const textMax = 10_000;
const keyMax = 1_000;
const elementsMax = 10_000;

const types: Readonly<Record<string, TypeReader>> = { ...computeTypes, ...networkTypes, ...storageTypes };

type Declared = DeclarationDocument['resources'][number];

export interface TerraformResource {
  readonly address: string;
  readonly kind: string;
  readonly id?: string;
  readonly match?: Declared['match'];
  readonly fields: Fields;
  /** The alias of its provider, which may stand for another account; null: the default one. */
  readonly alias: string | null;
}

/** Why an instance is not compared. */
type SkipReason =
  | 'kind_not_read'
  | 'data_source'
  | 'other_provider'
  | 'before_0_12'
  | 'without_attributes'
  | 'without_id'
  | 'too_many_fields'
  | 'not_understood';

interface SkippedInstance {
  readonly address: string;
  /** Terraform's; null where there is none. */
  readonly type: string | null;
  readonly reason: SkipReason;
}

export type TerraformNote =
  /** It is compared as it stands. */
  | { readonly code: 'tainted'; readonly address: string }
  /** Meant to be destroyed: nothing is declared of it. `id` is the provider's; null: it does not say. */
  | {
      readonly code: 'deposed';
      readonly address: string;
      readonly key: string;
      readonly kind: string | null;
      readonly id: string | null;
    }
  /** `other` declares the same resource, and what it says counts. */
  | { readonly code: 'twice'; readonly address: string; readonly other: string }
  /** `other` sets the same field of the same resource to something else, and what it says counts. */
  | { readonly code: 'contradicted'; readonly address: string; readonly other: string; readonly field: string }
  /** It was written by a newer plugin than those that were known. */
  | { readonly code: 'newer_schema'; readonly address: string; readonly type: string }
  /** What this attribute says was not understood, and is not compared. */
  | { readonly code: 'attribute_not_understood'; readonly address: string; readonly attribute: string }
  /** Somebody marked it as sensitive: it is not read. */
  | { readonly code: 'sensitive'; readonly address: string; readonly attribute: string }
  /** The provider tells an id that changes in place of what is named here, so that this is not compared. */
  | { readonly code: 'named_only'; readonly address: string; readonly attribute: string }
  /** It is still to be created, and is looked for by its name. */
  | { readonly code: 'by_name'; readonly address: string }
  /** There is nothing in the file. */
  | { readonly code: 'empty' };

export interface TerraformReading {
  /** A state is what was last seen; a plan is what is meant. */
  readonly form: Contents['form'];
  /** Of a state. */
  readonly lineage: string | null;
  readonly serial: number | null;
  /** SHA-256 of what is declared, in hexadecimal. Not of the file: that would be one of its secrets too. */
  readonly digest: string;
  /** One for each resource: what is attached to it, assigned to it or part of it is among its fields. */
  readonly resources: readonly TerraformResource[];
  readonly notes: readonly TerraformNote[];
  readonly skipped: readonly SkippedInstance[];
  readonly counts: {
    /** Instances of the provider's own resources, without deposed ones. */
    readonly managed: number;
    readonly compared: number;
    readonly notRead: number;
    readonly otherwiseSkipped: number;
    readonly dataSources: number;
    readonly otherProviders: number;
    readonly deposed: number;
  };
}

/**
 * Reads a state of version 4, or what `show -json` says of a state or of a plan.
 * Errors: invalid_argument for a file that is none of these, is encrypted, older, cut off or too large. None quotes
 * anything of the file.
 */
export function readTerraform(bytes: Uint8Array): TerraformReading {
  const value = decode(bytes);
  const { form, lineage, serial, instances, unknown } = contentsOf(value);
  const reading = new Compilation();
  if (value === undefined) reading.notes.push({ code: 'empty' });
  for (const place of unknown) reading.skipped.push({ address: place, type: null, reason: 'not_understood' });
  const read = instances.flatMap((instance) => reading.read(instance));
  // What is part of something is added to it, wherever it stands.
  for (const one of read) if (!one.isPart) reading.addWhole(one);
  for (const one of read) if (one.isPart) reading.addPart(one);
  const resources = reading.resources;
  if (resources.length > resourcesMax)
    throw refused(`The file declares more than ${resourcesMax} resources.`, 'Import one state at a time.');
  return {
    form,
    lineage,
    serial,
    digest: createHash('sha256').update(JSON.stringify(resources)).digest('hex'),
    resources,
    notes: reading.notes,
    skipped: reading.skipped,
    counts: countsOf(instances, unknown, reading.skipped),
  };
}

/** What is declared of one resource at one address. */
interface Saying {
  readonly address: string;
  readonly type: string;
  readonly alias: string | null;
  readonly kind: string;
  readonly isPart: boolean;
  /** It is all that its instance says; false: it is what another one says of it besides. */
  readonly isOwn: boolean;
  readonly identity: Identity;
  readonly fields: Fields;
}

type SetBy = Map<string, { readonly address: string; readonly isPart: boolean }>;

/** What has been read so far. */
class Compilation {
  readonly notes: TerraformNote[] = [];
  readonly skipped: SkippedInstance[] = [];
  readonly #resources = new Map<string, TerraformResource>();
  readonly #addresses = new Set<string>();
  /** Which address set a field, by the resource's key. */
  readonly #setBy = new Map<string, SetBy>();

  get resources(): readonly TerraformResource[] {
    return [...this.#resources.values()];
  }

  /** What an instance says of its resource, and of others. */
  read(instance: Instance): readonly Saying[] {
    const { address, type, provider, deposed } = instance;
    const reader = Object.hasOwn(types, type) ? types[type] : undefined;
    const skip = (reason: SkipReason) => {
      if (deposed === null) this.skipped.push({ address, type, reason });
      return [];
    };
    if (instance.isData) return skip('data_source');
    if (!provider.isDigitalOcean) return skip('other_provider');
    if (deposed !== null) {
      this.notes.push({ code: 'deposed', address, key: deposed, ...whichOf(reader, instance) });
      return [];
    }
    if (reader === undefined) return skip('kind_not_read');
    if (instance.attributes === null) return skip(instance.isFlat ? 'before_0_12' : 'without_attributes');
    const told = pick(reader, instance.attributes);
    const identity = reader.identify(told);
    if (identity === null || !isIdentity(identity)) return skip('without_id');
    this.#noteInstance(instance, reader, identity);
    const said = reader.read(told);
    const { kind, isPart = false } = reader;
    const { alias } = provider;
    const others = (said.others ?? []).map(({ kind: other, id, fields }) => {
      const place = `${address}.resources[${JSON.stringify(`${other}:${id}`)}]`;
      return { address: place, type, alias, kind: other, isPart: true, isOwn: false, identity: { id }, fields };
    });
    const fields = this.#keptOf(address, reader, told, said);
    const own = { address, type, alias, kind, isPart, isOwn: true, identity, fields };
    return [own, ...others.filter((other) => isKind(other.kind) && isIdentity(other.identity))];
  }

  #noteInstance({ address, type, ...instance }: Instance, reader: TypeReader, identity: Identity): void {
    if (instance.isTainted) this.notes.push({ code: 'tainted', address });
    if (instance.schemaVersion > reader.schemaVersion) this.notes.push({ code: 'newer_schema', address, type });
    if ('match' in identity && reader.identity.includes('id')) this.notes.push({ code: 'by_name', address });
    for (const attribute of instance.sensitive)
      if (keysOf(reader, attribute).length > 0) this.notes.push({ code: 'sensitive', address, attribute });
  }

  /** The fields of the attributes on the allow-list, and no others. */
  #keptOf(
    address: string,
    reader: TypeReader,
    told: Readonly<Record<string, unknown>>,
    { fields, quiet = [], byName = [] }: Reading,
  ): Fields {
    const kept: Fields = {};
    for (const attribute of Object.keys(told)) {
      const places = keysOf(reader, attribute);
      const set = Object.entries(fields).filter(([key]) => places.some((place) => isAt(key, place)));
      const storable = set.filter(([key, value]) => isKey(key) && isStorable(value));
      for (const [key, value] of storable) kept[key] = value;
      if (byName.includes(attribute)) this.notes.push({ code: 'named_only', address, attribute });
      const isUnderstood = set.length > 0 && storable.length === set.length;
      if (places.length > 0 && !isUnderstood && !quiet.includes(attribute))
        this.notes.push({ code: 'attribute_not_understood', address, attribute });
    }
    return kept;
  }

  addWhole(one: Saying): void {
    const key = keyOf(one);
    const other = this.#resources.get(key);
    if (other !== undefined) this.notes.push({ code: 'twice', address: one.address, other: other.address });
    else this.#add(key, one);
  }

  addPart(one: Saying): void {
    const key = keyOf(one);
    const whole = this.#resources.get(key);
    if (whole === undefined) return this.#add(key, one);
    const setBy = this.#setBy.get(key) as SetBy;
    const added = Object.keys(one.fields).filter((field) => !setBy.has(field)).length;
    if (setBy.size + added > fieldsMax) return this.#skip(one, 'too_many_fields');
    for (const [field, value] of Object.entries(one.fields)) {
      const before = setBy.get(field);
      const same = before !== undefined && JSON.stringify(whole.fields[field]) === JSON.stringify(value);
      // What a resource says of itself there was seen, and not written.
      const counts = before === undefined || !before.isPart;
      if (counts) whole.fields[field] = value;
      else if (!same) this.notes.push({ code: 'contradicted', address: one.address, other: before.address, field });
      if (counts) setBy.set(field, { address: one.address, isPart: true });
    }
  }

  #add(key: string, saying: Saying): void {
    const { address, alias, kind, isPart, identity, fields } = saying;
    if (Object.keys(fields).length > fieldsMax) return this.#skip(saying, 'too_many_fields');
    // No two resources have one address, unless somebody wrote the file who is not Terraform.
    if (this.#addresses.has(address)) return this.#skip(saying, 'not_understood');
    this.#addresses.add(address);
    this.#resources.set(key, { address, kind, ...identity, fields: { ...fields }, alias });
    this.#setBy.set(key, new Map(Object.keys(fields).map((field) => [field, { address, isPart }])));
  }

  #skip({ address, type, isOwn }: Saying, reason: SkipReason): void {
    if (isOwn) this.skipped.push({ address, type, reason });
  }
}

/** A word that a declaration takes for a kind. */
function isKind(word: string): boolean {
  return /^[a-z][a-z0-9_]{0,62}$/.test(word);
}

/** Which resource a deposed one is. */
function whichOf(reader: TypeReader | undefined, { attributes }: Instance) {
  const identity = reader === undefined || attributes === null ? null : reader.identify(pick(reader, attributes));
  const id = identity !== null && 'id' in identity && isIdentity(identity) ? identity.id : null;
  return { kind: reader?.kind ?? null, id };
}

/** One resource, whatever declares it. The provider's ids are of all its accounts; a name is of one. */
function keyOf({ alias, kind, identity }: Saying): string {
  return JSON.stringify('id' in identity ? [kind, identity.id] : [kind, identity.match, alias]);
}

function isAt(key: string, place: string): boolean {
  return key === place || (place.endsWith('/') && key.startsWith(place));
}

/** What a declaration may hold; the database keeps no text with a NUL, nor half a character. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= textMax && value.isWellFormed() && !value.includes('\u0000');
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.length <= elementsMax && value.every(isStorable);
  const entries = Object.entries(value);
  return entries.length <= fieldsMax && entries.every(([name, held]) => isKey(name) && isStorable(held));
}

/** Ids, names and regions of reasonable length. */
function isIdentity(identity: Identity): boolean {
  if ('id' in identity) return isKey(identity.id);
  const { name, region = '' } = identity.match;
  return name.length <= 255 && region.length <= 63 && isKey(name) && isStorable(region);
}

function isKey(name: string): boolean {
  return name !== '' && name.length <= keyMax && isStorable(name);
}

function countsOf(
  instances: readonly Instance[],
  unknown: readonly string[],
  skipped: readonly SkippedInstance[],
): TerraformReading['counts'] {
  const own = instances.filter(({ isData, provider }) => !isData && provider.isDigitalOcean);
  const deposed = own.filter(({ deposed: key }) => key !== null).length;
  const of = (...reasons: readonly SkipReason[]) => skipped.filter(({ reason }) => reasons.includes(reason)).length;
  const dataSources = of('data_source');
  const otherProviders = of('other_provider');
  const notRead = of('kind_not_read');
  const managed = own.length - deposed + unknown.length;
  const otherwiseSkipped = skipped.length - dataSources - otherProviders - notRead;
  return {
    managed,
    compared: managed - notRead - otherwiseSkipped,
    notRead,
    otherwiseSkipped,
    dataSources,
    otherProviders,
    deposed,
  };
}
