import { canonical } from '../../cloud/index.ts';
import { configuredAliases } from './configured-aliases.ts';
import { refused } from './errors.ts';
import { marksOf, withoutMarked } from './marks.ts';

// The three forms of a file, each as a flat list of instances: a state of version 4, and what `show -json` says of a
// state and of a plan. Nothing of an instance is understood here but where it stands.

/** As many resources and instances as are looked at. */
const instancesMax = 100_000;

type Said = Readonly<Record<string, unknown>>;

/** One instance, as it is found. */
export interface Instance {
  readonly address: string;
  readonly type: string;
  readonly isData: boolean;
  readonly provider: ProviderName;
  /** Without what somebody marked as sensitive; null: there are none that can be read. */
  readonly attributes: Said | null;
  /** Attributes that are marked as a whole. */
  readonly sensitive: readonly string[];
  /** It is as Terraform kept it before 0.12: flat, and as text. */
  readonly isFlat: boolean;
  readonly isTainted: boolean;
  /** Its key, where it has been replaced and is still to be destroyed. */
  readonly deposed: string | null;
  readonly schemaVersion: number;
}

interface ProviderName {
  readonly isDigitalOcean: boolean;
  /** `eu` of `digitalocean.eu`; null: the default one, or it is not known. */
  readonly alias: string | null;
}

export interface Contents {
  readonly form: 'state' | 'state-json' | 'plan';
  readonly lineage: string | null;
  readonly serial: number | null;
  readonly instances: readonly Instance[];
  /** Places in the file that are no resource, by where they stand. */
  readonly unknown: readonly string[];
}

/** Errors: invalid_argument where it is none of the forms, in sentences that quote nothing of it. */
export function contentsOf(value: unknown): Contents {
  if (value === undefined) return { form: 'state', lineage: null, serial: null, instances: [], unknown: [] };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw foreign();
  const said = canonical.object(value);
  if (said['encrypted_data'] !== undefined || said['encryption_version'] !== undefined)
    throw refused('The file is encrypted by OpenTofu.', 'Decrypt it with `tofu state pull`, and import that.');
  if (said['version'] !== undefined && said['format_version'] === undefined) return ofState(said);
  if (said['format_version'] !== undefined) return ofShow(said);
  throw foreign();
}

function foreign() {
  return refused(
    'The file is neither a state of Terraform or OpenTofu, nor what `show -json` says of a state or of a plan.',
    'Hand in one of these.',
  );
}

function ofState(said: Said): Contents {
  const { version, resources, lineage, serial } = said;
  if (!Number.isInteger(version) || typeof version !== 'number' || version < 1) throw foreign();
  const looksLikeState = typeof said['terraform_version'] === 'string' || typeof lineage === 'string';
  if (version < 4) {
    if (!looksLikeState && !Array.isArray(said['modules'])) throw foreign();
    throw refused(
      `The file is a state of version ${version}; version 4 is read.`,
      'Write it anew with `terraform state pull` of Terraform 0.12 or newer.',
    );
  }
  if (!looksLikeState && !Array.isArray(resources)) throw foreign();
  if (version > 4) throw refused(`The file is a state of version ${version}; version 4 is read.`);
  const found = new Found();
  for (const [index, resource] of listed(resources).entries())
    readStateResource(found, resource, `resources[${index}]`);
  return { form: 'state', lineage: shortText(lineage), serial: integer(serial), ...found.contents };
}

class Found {
  readonly #instances: Instance[] = [];
  readonly #unknown: string[] = [];

  add(instance: Instance): void {
    this.#instances.push(instance);
    this.#bound();
  }

  addUnknown(place: string): void {
    this.#unknown.push(place);
    this.#bound();
  }

  get contents() {
    return { instances: this.#instances, unknown: this.#unknown };
  }

  #bound(): void {
    if (this.#instances.length + this.#unknown.length > instancesMax)
      throw refused(`The file has more than ${instancesMax} resources.`, 'Import one state at a time.');
  }
}

function readStateResource(found: Found, value: unknown, place: string): void {
  const said = canonical.object(value);
  const { mode, type, name, module, provider, instances } = said;
  const base = addressOf({ mode, type, name, module });
  if (base === null) return found.addUnknown(place);
  for (const [index, each] of listed(instances).entries()) {
    const instance = canonical.object(each);
    const address = indexed(base, instance['index_key']);
    if (address === null) {
      found.addUnknown(`${place}.instances[${index}]`);
      continue;
    }
    const { attributes_flat: flat, deposed, status } = instance;
    const { attributes, sensitive } = withoutMarked(instance['attributes'], marksOf(instance['sensitive_attributes']));
    found.add({
      address,
      type: type as string,
      isData: mode === 'data',
      provider: providerOf(instance['provider'] ?? provider),
      attributes,
      sensitive,
      isFlat: attributes === null && isObject(flat),
      isTainted: status === 'tainted',
      deposed: typeof deposed === 'string' && deposed !== '' ? (shortText(deposed) ?? '') : null,
      schemaVersion: integer(instance['schema_version']) ?? 0,
    });
  }
}

function ofShow(said: Said): Contents {
  const [major] = String(typeof said['format_version'] === 'string' ? said['format_version'] : '').split('.');
  if (!/^\d+$/.test(major ?? '')) throw foreign();
  if (major !== '1' && major !== '0')
    throw refused(`The file is of version ${Number(major)} of what \`show -json\` says; version 1 is read.`);
  const isPlan = said['planned_values'] !== undefined || said['resource_changes'] !== undefined;
  if (isPlan && said['errored'] === true)
    throw refused('The plan ended with errors: what it says is not all that is meant.', 'Make the plan again.');
  const values = canonical.object(isPlan ? said['planned_values'] : said['values']);
  const aliasOf = configuredAliases(said['configuration']);
  const found = new Found();
  // Not by recursion: a file decides how deep its modules are.
  const modules: { value: unknown; place: string }[] = [{ value: values['root_module'], place: 'root_module' }];
  for (let at = modules.pop(); at !== undefined; at = modules.pop()) {
    const { resources, child_modules: children } = canonical.object(at.value);
    for (const [index, each] of listed(resources).entries())
      readShownResource(found, each, { place: `${at.place}.resources[${index}]`, aliasOf });
    const below = listed(children).map((value, index) => ({ value, place: `module ${modules.length + index + 1}` }));
    modules.push(...below.reverse());
    if (modules.length > instancesMax) throw refused(`The file has more than ${instancesMax} modules.`);
  }
  return { form: isPlan ? 'plan' : 'state-json', lineage: null, serial: null, ...found.contents };
}

function readShownResource(
  found: Found,
  value: unknown,
  { place, aliasOf }: { place: string; aliasOf: (address: string) => string | null },
): void {
  const said = canonical.object(value);
  const { address, mode, type, deposed_key: deposed } = said;
  const named = safeText(address);
  if (named === null || safeText(type) === null || (mode !== 'managed' && mode !== 'data'))
    return found.addUnknown(place);
  found.add({
    address: named,
    type: type as string,
    isData: mode === 'data',
    provider: { ...providerOf(said['provider_name']), alias: safeText(aliasOf(named)) },
    // Of the marks only those that are true are looked at.
    ...withoutMarked(said['values'], said['sensitive_values']),
    isFlat: false,
    isTainted: said['tainted'] === true,
    deposed: typeof deposed === 'string' && deposed !== '' ? (shortText(deposed) ?? '') : null,
    schemaVersion: integer(said['schema_version']) ?? 0,
  });
}

/** `module.a["x"].digitalocean_droplet.web`; null: it cannot be said. */
function addressOf({ mode, type, name, module }: Said): string | null {
  if (mode !== 'managed' && mode !== 'data') return null;
  const parts = [module ?? '', mode === 'data' ? 'data' : '', type, name];
  if (typeof type !== 'string' || type === '' || typeof name !== 'string' || name === '') return null;
  if (parts.some((part) => typeof part !== 'string')) return null;
  return safeText(parts.filter((part) => part !== '').join('.'));
}

/** With `[0]` of a count, `["key"]` of a for_each. */
function indexed(base: string, key: unknown): string | null {
  if (key === undefined || key === null) return base;
  if (typeof key === 'number') return Number.isSafeInteger(key) ? `${base}[${key}]` : null;
  return typeof key === 'string' ? safeText(`${base}[${JSON.stringify(key)}]`) : null;
}

/**
 * A provider by its source address: `provider["registry.opentofu.org/digitalocean/digitalocean"].eu`, within a module or
 * not; as `show -json` says it, `registry.terraform.io/digitalocean/digitalocean`; and as it was before 0.13.
 */
function providerOf(value: unknown): ProviderName {
  const said = safeText(value) ?? '';
  const found = [
    /^(?:module\..*\.)?provider\["[^"\\/]+\/digitalocean\/digitalocean"\](?:\.(.+))?$/,
    /^(?:module\..*\.)?provider\.digitalocean(?:\.([\w-]+))?$/,
    /^(?:[^"\\/\s]+\/digitalocean\/)?digitalocean$/,
  ].map((form) => form.exec(said));
  const match = found.find((each) => each !== null);
  return { isDigitalOcean: match !== undefined, alias: match?.[1] ?? null };
}

/** A text that can be shown and stored: not too long, and without what is no character. */
function safeText(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > 1_000) return null;
  return value.isWellFormed() && !/\p{Cc}/u.test(value) ? value : null;
}

function shortText(value: unknown): string | null {
  const text = safeText(value);
  return text === null || text.length > 200 ? null : text;
}

function integer(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function listed(value: unknown): readonly unknown[] {
  return canonical.list(value) ?? [];
}

function isObject(value: unknown): value is Said {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
