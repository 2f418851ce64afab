import { chargeOf, factText, type ProviderPrice } from '../inventory/index.ts';
import { formatMoney, roundMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';

// What a difference adds to a month, at list price: of a whole resource, or of fields one after the other in a fixed
// order, so that the steps add up to actual less declared. Nothing is guessed: without a price it is null.

type Facts = Readonly<Record<string, unknown>>;

/** A finding as it is priced. */
export type Priced = {
  readonly kind: string;
  /** Facts of the inventory, and the kind of what it belongs to. */
  readonly attributes: Facts;
  readonly source: string | null;
  /** Settings as they are, as far as prices depend on them. */
  readonly settings: Facts;
} & (
  | { readonly what: 'whole'; readonly sign: 1 | -1 }
  /** What is there costs no more than it should: what would mend it does. Of a droplet backups, else nothing that costs. */
  | { readonly what: 'remedy' }
  /** From what is gone to what took its place. */
  | { readonly what: 'instead'; readonly before: { readonly attributes: Facts; readonly settings: Facts } }
  /** A field; `declared`: of all fields of the resource that differ what is declared, null where that is nothing. */
  | { readonly what: 'field'; readonly field: string; readonly declared: Facts }
);

export interface MonthlyChange {
  /** Signed, in the currency's digits. */
  readonly monthly: string;
  readonly currency: string;
  /** The prices that it rests on. */
  readonly source: string | null;
  /** What would mend it adds to a month; null: it mends nothing that way, or nobody knows. */
  readonly remedy: string | null;
}

type PriceOf = (subject: string) => ProviderPrice | undefined;

/** Units of which a month of a resource is so many as it has. */
const unitsOfMonth = new Set(['month', 'GiB-month', 'GB-month', 'node-month']);

/**
 * What backups add to a droplet, as a part of its price: 20 % weekly, 30 % daily
 * (https://docs.digitalocean.com/products/backups/details/pricing/).
 */
const backupShares: Readonly<Record<string, string>> = { weekly: '0.2', daily: '0.3' };

/** Kinds that cost nothing themselves. */
const freeKinds = new Set(['project', 'firewall', 'vpc', 'certificate']);

interface Amount {
  readonly amount: Decimal;
  /** null: of nothing that costs. */
  readonly currency: string | null;
  readonly sources: readonly string[];
}

const nothing: Amount = { amount: new Decimal(0), currency: null, sources: [] };

/** What a difference adds to a month by these prices; null: nobody knows. */
export function monthlyChange(priced: Priced, priceOf: PriceOf): MonthlyChange | null {
  const { kind, attributes, settings, source } = priced;
  const priceAs = (config: Facts, facts: Facts = attributes) => monthlyPrice({ kind, source }, config, facts, priceOf);
  if (priced.what === 'field') return fieldChange(priced, priceAs);
  if (priced.what === 'remedy')
    return remedyOf(kind === 'droplet' ? priceAs({ ...settings, backups: false }) : nothing, kind === 'droplet');
  const after = priceAs(settings);
  if (priced.what === 'whole') return change(nothing, after, priced.sign);
  return change(priceAs(priced.before.settings, priced.before.attributes), after, 1);
}

/** Weekly backups, of a droplet of this price. */
function remedyOf(base: Amount | null, isBackups: boolean): MonthlyChange {
  const currency = base?.currency ?? 'USD';
  const none = { monthly: formatMoney(new Decimal(0), currency), currency, source: null };
  if (base === null) return { ...none, remedy: null };
  const share = isBackups ? backupShares['weekly']! : '0';
  return { ...none, remedy: formatMoney(roundMoney(base.amount.times(share), currency), currency) };
}

/** Fields in the order in which they are priced: sizes, nodes, storage, then what is a part of those. */
function orderOf(field: string): number {
  if (/(^|\/)(size|type)$/.test(field)) return 0;
  if (field === 'nodes' || field.startsWith('pool/')) return 1;
  return field.startsWith('size_gb') || field.startsWith('storage') ? 2 : 3;
}

function fieldChange(
  { kind, field, declared, settings }: Extract<Priced, { what: 'field' }>,
  priceAs: (config: Facts) => Amount | null,
): MonthlyChange | null {
  if (!isPriced(kind, field)) return { monthly: '0.00', currency: 'USD', source: null, remedy: null };
  const fields = Object.keys(declared).filter((name) => isPriced(kind, name));
  fields.sort((a, b) => orderOf(a) - orderOf(b) || (a < b ? -1 : 1));
  // As declared, and then field by field as it is.
  let config: Facts = fields.reduce((held: Facts, name) => withField(held, name, declared[name]), settings);
  for (const name of fields) {
    const next = withField(config, name, undefined, settings);
    if (name === field) return change(priceAs(config), priceAs(next), 1);
    config = next;
  }
  return null;
}

/** A configuration with a field as declared, or as `actual` has it; `pool/batch` is all keys beneath it. */
function withField(config: Facts, field: string, declared: unknown, actual?: Facts): Facts {
  const isOf = (key: string) => key === field || key.startsWith(`${field}/`);
  const rest = Object.entries(config).filter(([key]) => !isOf(key));
  if (actual !== undefined)
    return Object.fromEntries([...rest, ...Object.entries(actual).filter(([key]) => isOf(key))]);
  if (declared === null || declared === undefined) {
    // A value that is declared as none, such as the droplet of an address; a part that is not declared is not there.
    return Object.fromEntries(field.includes('/') ? rest : [...rest, [field, null]]);
  }
  const value = boundValue(declared, config[field]);
  const isPart = /^(pool|component|record)\//.test(field) && typeof value === 'object' && !Array.isArray(value);
  if (!isPart) return Object.fromEntries([...rest, [field, value]]);
  return Object.fromEntries([...rest, ...Object.entries(value as Facts)]);
}

/** Of a bound the value within it that is nearest to the actual one. */
function boundValue(declared: unknown, actual: unknown): unknown {
  if (typeof declared !== 'object' || declared === null || typeof actual !== 'number') return declared;
  const { min, max } = declared as { min?: number; max?: number };
  if (min !== undefined && actual < min) return min;
  return max !== undefined && actual > max ? max : declared;
}

function isPriced(kind: string, field: string): boolean {
  switch (kind) {
    case 'droplet':
      return ['size', 'backups', 'backup_policy/plan'].includes(field);
    case 'volume':
      return field === 'size_gb';
    case 'load_balancer':
      return ['nodes', 'type'].includes(field);
    case 'database':
      return ['size', 'nodes', 'storage_size_mib'].includes(field);
    case 'reserved_ip':
      return field === 'droplet';
    case 'kubernetes_cluster':
      return field === 'ha' || /^pool\/[^/]+(\/(size|count))?$/.test(field);
    case 'app':
      return field === 'tier' || /^component\/[^/]+\/[^/]+(\/instance_(count|size_slug))?$/.test(field);
    default:
      return false;
  }
}

function change(before: Amount | null, after: Amount | null, sign: 1 | -1): MonthlyChange | null {
  if (before === null || after === null) return null;
  const currency = after.currency ?? before.currency ?? 'USD';
  if ((before.currency ?? currency) !== currency) return null;
  const rounded = (of: Amount) => roundMoney(of.amount, currency);
  const monthly = rounded(after).minus(rounded(before)).times(sign);
  const sources = [...new Set([...before.sources, ...after.sources])].sort();
  return {
    monthly: formatMoney(monthly, currency),
    currency,
    source: sources.length === 0 ? null : sources.join('; '),
    remedy: null,
  };
}

/** What a resource costs in a month; null: nobody knows. */
function monthlyPrice(
  { kind, source }: { readonly kind: string; readonly source: string | null },
  settings: Facts,
  attributes: Facts,
  priceOf: PriceOf,
): Amount | null {
  if (freeKinds.has(kind)) return nothing;
  if (kind === 'kubernetes_cluster') return clusterPrice(settings, priceOf);
  const fact = (setting: string, attribute = setting) => factText(settings[setting]) ?? factText(attributes[attribute]);
  const ipVersion = factText(attributes['ip_version']);
  const base = priced(
    chargeOf({
      kind,
      source: factText(attributes['source']) ?? source,
      sizeSlug: fact('size', 'size_slug'),
      type: fact('type'),
      assigned: 'droplet' in settings ? settings['droplet'] !== null : asBoolean(factText(attributes['assigned'])),
      ipVersion: ipVersion === null ? null : Number(ipVersion),
      resources: 1,
      sizeGb: fact('size_gb'),
      nodes: fact('nodes'),
    }),
    priceOf,
  );
  if (base === null || kind !== 'droplet' || settings['backups'] !== true) return base;
  const share = backupShares[factText(settings['backup_policy/plan']) ?? 'weekly'];
  if (share === undefined) return null;
  const amount = base.amount.plus(base.amount.times(share));
  return {
    ...base,
    amount,
    sources: [...base.sources, `backups ${new Decimal(share).times(100).toFixed()} % of the size`],
  };
}

function asBoolean(text: string | null): boolean | null {
  return text === null ? null : text === 'true';
}

/** The control plane's high availability, and the workers of the pools. */
function clusterPrice(settings: Facts, priceOf: PriceOf): Amount | null {
  const parts: (Amount | null)[] =
    settings['ha'] === true
      ? [priced({ subject: 'kubernetes_cluster:high_availability', quantity: '1' }, priceOf)]
      : [];
  const pools = new Set(Object.keys(settings).flatMap((key) => /^pool\/([^/]+)\//.exec(key)?.[1] ?? []));
  for (const pool of pools) {
    const size = factText(settings[`pool/${pool}/size`]);
    const count = factText(settings[`pool/${pool}/count`]);
    parts.push(
      size === null || count === null ? null : priced({ subject: `droplet_size:${size}`, quantity: count }, priceOf),
    );
  }
  return parts.reduce((sum, part) => (sum === null || part === null ? null : added(sum, part)), nothing);
}

function added(a: Amount, b: Amount): Amount | null {
  if (a.currency !== null && b.currency !== null && a.currency !== b.currency) return null;
  return { amount: a.amount.plus(b.amount), currency: a.currency ?? b.currency, sources: [...a.sources, ...b.sources] };
}

function priced(charge: ReturnType<typeof chargeOf>, priceOf: PriceOf): Amount | null {
  if (charge === null) return null;
  if (charge === 'free') return nothing;
  const price = priceOf(charge.subject);
  if (price === undefined || !unitsOfMonth.has(price.unit)) return null;
  const { subject, amount, currency, unit, source, since } = price;
  return {
    amount: new Decimal(amount).times(charge.quantity),
    currency,
    sources: [`${subject} ${new Decimal(amount).toFixed()} ${currency}/${unit} (${source}, since ${since.toString()})`],
  };
}
