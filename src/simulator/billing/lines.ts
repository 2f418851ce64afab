import { sizeOf } from '../catalogue.ts';
import type { Ms } from '../time.ts';
import { type Basis, chargedSeconds, costOf, highestSeconds, quotient } from './cost.ts';
import { valueAt } from './dated.ts';
import { type Charge, type Ledger, ONE } from './ledger.ts';
import { type Period, type Piece, timingOf } from './pieces.ts';
import * as prices from './prices.ts';
import { productOf, skuOf } from './prices.ts';
import type { BillingRules } from './rules.ts';

/** A line of a bill. */
export interface Line {
  /** The same for the same line of the night before. */
  readonly key: string;
  readonly section: 'usage' | 'overage' | 'tax' | 'credit';
  readonly product: string;
  readonly category: 'iaas' | 'paas';
  readonly sku: string;
  readonly region: string;
  /** The team that used it; null: the token's own. */
  readonly team: string | null;
  /** What a mistake means by its resource. */
  readonly resource: string | null;
  readonly resourceId: string | null;
  readonly resourceUuid: string | null;
  readonly group: string;
  readonly description: string;
  /** As Insights shows it, where that is otherwise. */
  readonly daily: string | null;
  readonly cents: number;
  readonly basis: Basis | null;
  /** Null: no duration is told. */
  readonly seconds: number | null;
  readonly unit: 'Hours' | 'Seconds';
  readonly from: Ms;
  readonly to: Ms;
  readonly project: string;
  /** Not among the items that the API lists. */
  readonly csvOnly: boolean;
}

/** What lines are made of. */
export interface Billed {
  readonly ledger: Ledger;
  readonly period: Period;
  readonly rules: BillingRules;
}

export const plainLine = {
  section: 'usage',
  category: 'iaas',
  sku: '',
  region: '',
  team: null,
  resource: null,
  resourceId: null,
  resourceUuid: null,
  group: '',
  daily: null,
  basis: null,
  seconds: null,
  unit: 'Hours',
  project: '',
  csvOnly: false,
} as const satisfies Partial<Line>;

/** A GB of 10^9 bytes has so many to the GiB, in billionths. */
const GB_PER_GIB = 1_073_741_824n;
const GIB = 1n << 30n;

/** The lines of what is charged by its time, charge by charge, those of pools last. */
export function chargeLines(pieces: readonly (readonly Piece[])[], billed: Billed): Line[] {
  const pools = new Map<string, Piece[]>();
  const lines: Line[] = [];
  for (const ofCharge of pieces) {
    const { kind } = (ofCharge[0] as Piece).charge;
    if (kind === 'node') {
      for (const piece of ofCharge) {
        const { level, price, factor } = piece;
        const key = `${level.cluster} ${level.pool} ${level.item} ${price.cents} ${factor}`;
        pools.set(key, [...(pools.get(key) ?? []), piece]);
      }
    } else if (kind !== 'bucket') lines.push(...linesOfCharge(ofCharge, billed));
  }
  for (const [key, ofPool] of pools) lines.push(poolLine(key, ofPool, billed));
  return lines;
}

export function linesOfCharge(pieces: readonly Piece[], billed: Billed): Line[] {
  const { unit } = timingOf((pieces[0] as Piece).charge.kind, billed.period.month, billed.rules);
  const lines: Line[] = [];
  for (const [i, basis] of basesOf(pieces, billed).entries()) {
    const piece = pieces[i] as Piece;
    const seconds = unit === 'hours' ? basis.uncapped : (piece.to - piece.from) / 1000;
    const line = lineOf(piece, basis, seconds, billed);
    for (let n = 0; n < linesEach(piece); n++) lines.push(line);
  }
  return lines;
}

/** The nodes of a database are listed one by one, and nothing tells them apart. */
function linesEach({ charge, level }: Piece): number {
  return charge.kind === 'database' ? level.units / ONE : 1;
}

/** What the lines come to, and how many they are, without making them. */
export function totalOf(pieces: Iterable<readonly Piece[]>, billed: Billed): { amount: number; lines: number } {
  const total = { amount: 0, lines: 0 };
  const pooled: (readonly Piece[])[] = [];
  const add = (cents: number, count: number) => {
    total.amount += cents * count;
    total.lines += count;
  };
  for (const ofCharge of pieces) {
    const { kind } = (ofCharge[0] as Piece).charge;
    if (kind === 'node') pooled.push(ofCharge);
    else
      for (const [i, basis] of basesOf(ofCharge, billed).entries()) add(costOf(basis), linesEach(ofCharge[i] as Piece));
  }
  for (const { cents } of chargeLines(pooled, billed)) add(cents, 1);
  return total;
}

/** How the amount of each piece comes about. */
function basesOf(pieces: readonly Piece[], { rules, period }: Billed): readonly Basis[] {
  const { kind } = (pieces[0] as Piece).charge;
  const timing = timingOf(kind, period.month, rules);
  const limits = limitsOf(pieces, kind === 'droplet' ? rules.droplet_cap : 'each_line');
  return pieces.map((piece, i) => {
    const { price, from, to, factor } = piece;
    const { charged, uncapped, exact } = chargedSeconds((to - from) / 1000, timing, limits[i] as number);
    return {
      charged,
      uncapped,
      exact,
      cents: price.cents,
      units: kind === 'database' ? ONE : unitsOf(piece, rules),
      per: timing.month ?? price.seconds,
      leastCents: timing.leastCents,
      printedRate: kind === 'droplet' && rules.rate_digits === 'five',
      factor,
    };
  });
}

/** What each piece has of the capped seconds of a month. */
function limitsOf(pieces: readonly Piece[], rule: BillingRules['droplet_cap']): number[] {
  const limits = pieces.map(({ price }) => price.seconds);
  if (rule === 'each_line' || pieces.length === 1) return limits;
  const order = pieces.map((_, i) => i);
  const cents = (i: number) => (pieces[i] as Piece).price.cents;
  if (rule === 'highest') order.sort((a, b) => cents(b) - cents(a));
  let left = limits[order[0] as number] as number;
  for (const i of order) {
    const { from, to } = pieces[i] as Piece;
    limits[i] = left;
    left = Math.max(0, left - (to - from) / 1000);
  }
  return limits;
}

/** A GB may be 10^9 bytes where what is shown is a GiB. */
function unitsOf({ charge: { kind }, level: { units } }: Piece, rules: BillingRules): number {
  if (rules.snapshot_unit === 'gib' || (kind !== 'droplet_snapshot' && kind !== 'custom_image')) return units;
  return quotient(BigInt(units) * GB_PER_GIB, 1_000_000_000n);
}

function lineOf({ charge, level, from, to, factor }: Piece, basis: Basis, seconds: number, billed: Billed): Line {
  const { ledger, period } = billed;
  const { kind, id, region } = charge;
  const product = productOf(kind, level.item);
  const name = valueAt(charge.names, period.knownAt) as string;
  return {
    ...plainLine,
    key: `${kind} ${id} ${from} ${factor}`,
    product: product.name,
    category: product.category,
    sku: skuOf(product, level.item),
    region,
    resource: id,
    resourceId: product.id === 'resource_id' ? id : null,
    resourceUuid: product.id === 'resource_uuid' ? id : null,
    group: kind === 'database' ? name : level.cluster === null ? '' : ledger.clusterName(level.cluster),
    description: describe(charge, level, name),
    cents: costOf(basis),
    basis,
    seconds,
    from,
    to,
    project: projectOf(charge.urn, billed),
  };
}

function projectOf(urn: string | null, { ledger, period: { knownAt } }: Billed): string {
  const id = urn === null ? undefined : valueAt(ledger.placesOf(urn), knownAt);
  return (id === undefined ? undefined : valueAt(ledger.projectNames(id), knownAt)) ?? '';
}

function describe({ kind, id, region }: Charge, { item, units }: Piece['level'], name: string): string {
  switch (kind) {
    case 'volume':
      return `${name} (${region}) ${units / ONE}GB`;
    case 'droplet_snapshot':
    case 'volume_snapshot':
    case 'custom_image':
      return `${name} (${units / ONE} GB)`;
    case 'reserved_ip':
      return `Unused Floating IP - ${id}`;
    case 'load_balancer':
      return `${name} (${units / ONE} ${units === ONE ? 'node' : 'nodes'})`;
    case 'spaces':
      return 'Spaces ($5/mo 250GB storage & 1TB bandwidth)';
    case 'subscription':
      return prices.subscriptions[item as prices.Subscription][1];
    default:
      return `${name} (${item})`;
  }
}

/** One line for all workers of a pool: the 672 hours in which there were most. */
function poolLine(key: string, pieces: readonly Piece[], billed: Billed): Line {
  const { level, price, factor, charge } = pieces[0] as Piece;
  const timing = timingOf('node', billed.period.month, billed.rules);
  const steps = pieces.flatMap(({ from, to }) => [
    { at: from, by: 1 },
    { at: to, by: -1 },
  ]);
  steps.sort((a, b) => a.at - b.at);
  const spans: { units: number; seconds: number }[] = [];
  let units = 0;
  for (const [i, { at, by }] of steps.entries()) {
    units += by;
    const seconds = ((steps[i + 1]?.at ?? at) - at) / 1000;
    if (units > 0 && seconds > 0) spans.push({ units, seconds });
  }
  const count = (seconds: number) => chargedSeconds(seconds, timing, Number.POSITIVE_INFINITY).charged;
  const total = spans.reduce((sum, span) => sum + span.units * span.seconds, 0);
  const highest = highestSeconds(spans);
  const basis: Basis = {
    cents: price.cents,
    units: ONE,
    per: price.seconds,
    charged: count(highest),
    uncapped: count(total),
    exact: highest,
    leastCents: timing.leastCents,
    printedRate: false,
    factor,
  };
  const { memory, vcpus, disk } = sizeOf(level.item);
  const from = Math.min(...pieces.map((piece) => piece.from));
  const to = Math.max(...pieces.map((piece) => piece.to));
  const last = Math.max(1, pieces.filter((piece) => piece.to === to).length);
  const line = lineOf({ ...(pieces[0] as Piece), from, to }, basis, (to - from) / 1000, billed);
  return {
    ...line,
    key,
    resource: level.cluster,
    resourceUuid: level.cluster,
    region: charge.region,
    description: (level.pool as string).replaceAll('-', ''),
    daily: `${last} ${last === 1 ? 'node' : 'nodes'} - ${memory / 1024} GB / ${vcpus} vCPU / ${disk} GB SSD`,
    project: projectOf(`do:kubernetes:${level.cluster}`, billed),
  };
}

/** Each backup is a part of what its droplet costs in the month, up to a limit. */
const backupParts = { weekly: { percent: 5, most: 20 }, daily: { percent: 1, most: 30 } } as const;

/** Of the droplets that `lines` charge for. */
export function backupLines(lines: readonly Line[], { ledger, period }: Billed): Line[] {
  const { month, end, knownAt } = period;
  const made = new Map<string, number>();
  for (const { droplet, plan, at, writtenAt } of ledger.backups) {
    if (at < month.start || at >= end || writtenAt > knownAt) continue;
    const key = `${droplet} ${plan}`;
    made.set(key, (made.get(key) ?? 0) + 1);
  }
  if (made.size === 0) return [];
  const charged = Map.groupBy(
    lines.filter(({ key }) => key.startsWith('droplet ')),
    ({ resource }) => resource as string,
  );
  return [...made].flatMap(([key, count]) => {
    const [droplet, plan] = key.split(' ') as [string, keyof typeof backupParts];
    const own = charged.get(droplet) ?? [];
    const last = own.at(-1);
    if (last === undefined) return [];
    const { percent, most } = backupParts[plan];
    const cents = own.reduce((sum, line) => sum + line.cents, 0);
    const part = Math.min(count * percent, most);
    return [
      {
        ...last,
        key: `backup ${key}`,
        product: 'Droplet Backups',
        sku: `1-DO-BKUP-${plan === 'weekly' ? '0101' : '0102'}`,
        description: `${last.description.replace(/ \([^()]*\)$/, '')} (${plan} backups)`,
        cents: quotient(BigInt(cents * part), 100n),
        basis: null,
        seconds: null,
        from: (own[0] as Line).from,
        project: '',
      },
    ];
  });
}

/** What is beyond the allowances: stored in Spaces, sent out of them, and sent by droplets. */
export function overageLines(pieces: readonly (readonly Piece[])[], { ledger, period }: Billed): Line[] {
  const { month, end } = period;
  const monthSeconds = BigInt((month.end - month.start) / 1000);
  let byteSeconds = 0n;
  let allowance = 0n;
  for (const { charge, level, from, to, price } of pieces.flat()) {
    const seconds = (to - from) / 1000;
    if (charge.kind === 'bucket') byteSeconds += BigInt(level.units) * BigInt(seconds);
    if (charge.kind !== 'droplet' && charge.kind !== 'node') continue;
    const gib = sizeOf(level.item).transfer * prices.TRANSFER_GIB_PER_TB;
    allowance += (BigInt(gib) * GIB * BigInt(Math.min(seconds, price.seconds))) / BigInt(price.seconds);
  }
  const sent = { droplet: 0n, bucket: 0n };
  for (const { source, bytes, at } of ledger.transfers)
    if (at >= month.start && at < end) sent[source] += BigInt(bytes);
  const span = { ...plainLine, section: 'overage', from: month.start, to: end } as const;
  const lines: Line[] = [];
  const stored = byteSeconds - BigInt(prices.SPACES_GIB) * GIB * monthSeconds;
  if (stored > 0n) {
    const gib = quotient(stored * 100n, GIB * monthSeconds) / 100;
    const cents = quotient(stored * BigInt(prices.SPACES_STORAGE_CENTS), GIB * monthSeconds);
    const description = `Spaces storage beyond ${prices.SPACES_GIB} GiB (${gib} GiB)`;
    lines.push({ ...span, key: 'storage', product: 'Spaces Storage', sku: '1-SP-STOR-0101', description, cents });
  }
  for (const [source, product, allowed] of [
    ['bucket', 'Spaces Bandwidth', BigInt(prices.SPACES_TRANSFER_GIB) * GIB],
    ['droplet', 'Bandwidth', allowance],
  ] as const) {
    // In whole GiB: 1.49 beyond are one.
    const gib = quotient(sent[source] - allowed, GIB);
    if (gib > 0) lines.push({ ...span, ...bandwidth(product, gib) });
  }
  return lines;
}

export function bandwidth(product: 'Spaces Bandwidth' | 'Bandwidth', gib: number) {
  const sku = product === 'Bandwidth' ? '1-DO-BWTH-0101' : '1-SP-BWTH-0101';
  const description = `${product} beyond the allowance (${gib} GiB)`;
  return { key: product, product, sku, description, cents: gib * prices.TRANSFER_CENTS };
}
