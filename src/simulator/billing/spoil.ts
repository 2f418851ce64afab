import { Random } from '../random.ts';
import { type Ms, DAY } from '../time.ts';
import { type Basis, costOf, FULL, quotient, times } from './cost.ts';
import {
  backupLines,
  bandwidth,
  type Billed,
  chargeLines,
  type Line,
  linesOfCharge,
  overageLines,
  plainLine,
  totalOf,
} from './lines.ts';
import { type Mistake, mistakesOf, type MistakeOf } from './mistakes.ts';
import { monthNamed } from './months.ts';
import { type Piece, piecesOf } from './pieces.ts';
import { CAP_SECONDS, idOf, listPrices, productOf, rankOf } from './prices.ts';

/** What a bill has wrong: each mistake changes what it says, and nothing else. */

interface Spoiled extends Billed {
  readonly seed: number;
  /** All that are on; those of other months are passed over. */
  readonly mistakes: readonly Mistake[];
}

/** From so many buckets on, their lines are in the CSV only. */
const BUCKETS_LISTED_MAX = 99;

/**
 * What a period comes to without mistakes, without making its lines: a large fleet has been billed for
 * years. Null where backups, buckets or transfers count as well.
 */
export function quickTotal(billed: Billed): { amount: number; lines: number } | null {
  const { ledger, period } = billed;
  if (ledger.backups.length + ledger.transfers.length > 0 || ledger.hadBuckets) return null;
  return totalOf(piecesOf(ledger, period), billed);
}

/** Usage and overages of a period, mistakes included, in the order of a bill. */
export function linesOf(billed: Spoiled): readonly Line[] {
  const { period, mistakes } = billed;
  const pieces = [...piecesOf(billed.ledger, period)];
  const charged = chargeLines(pieces, billed);
  const others = [...backupLines(charged, billed), ...overageLines(pieces, billed)];
  const inOrder = (lines: readonly Line[]) => lines.toSorted((a, b) => rankOf(a.product) - rankOf(b.product));
  const here = mistakes.filter(({ mistake, month }) =>
    mistake === 'price_change_mid_month' ? month <= period.month.name : month === period.month.name,
  );
  if (here.length === 0) return inOrder([...charged, ...others]);
  const spoiled = spoilPieces(pieces, here, billed);
  const lines = inOrder([...(spoiled === null ? charged : chargeLines(spoiled, billed)), ...others]);
  const priced = lines.map((line) => reprice(line, here));
  return [...spoilLines(priced, here, billed), ...addedLines(here, billed, pieces)];
}

type Meant = { readonly resource?: string | undefined; readonly product?: string | undefined };

export function isMeant({ resource, product }: Meant, line: Pick<Line, 'resource' | 'product'>): boolean {
  return (resource ?? line.resource) === line.resource && (product ?? line.product) === line.product;
}

/** Pieces that go on too long, or change their price; null: none does. */
function spoilPieces(
  pieces: readonly (readonly Piece[])[],
  mistakes: readonly Mistake[],
  { period }: Spoiled,
): readonly (readonly Piece[])[] | null {
  const endless = mistakesOf(mistakes, 'not_ended');
  const changes = mistakesOf(mistakes, 'price_change_mid_month');
  if (endless.length + changes.length === 0) return null;
  const named = ({ charge, level }: Piece) => ({
    resource: charge.kind === 'node' ? level.cluster : charge.id,
    product: productOf(charge.kind, level.item).name,
  });
  return pieces.map((ofCharge) =>
    ofCharge.flatMap((piece) => {
      if (piece.charge.kind === 'bucket') return [piece];
      const goesOn = piece.ended && endless.some((mistake) => isMeant(mistake, named(piece)));
      const longer = goesOn ? { ...piece, to: period.end, ended: false } : piece;
      const meant = changes.filter((mistake) => isMeant(mistake, named(piece)));
      return meant.reduce<Piece[]>((all, change) => all.flatMap((each) => changePrice(each, change)), [longer]);
    }),
  );
}

function changePrice(piece: Piece, { month, day, percent }: MistakeOf<'price_change_mid_month'>): Piece[] {
  const at: Ms = monthNamed(month).start + (day - 1) * DAY;
  const { from, to, factor } = piece;
  if (to <= at && from !== at) return [piece];
  const after = { ...piece, factor: times(factor, percent * 100) };
  return from >= at
    ? [after]
    : [
        { ...piece, to: at, ended: false },
        { ...after, from: at },
      ];
}

/** Another amount for the same line. */
function reprice(line: Line, mistakes: readonly Mistake[]): Line {
  const priced = mistakesOf(mistakes, 'extra_hours', 'wrong_price', 'cap_ignored', 'minimum_ignored', 'discount');
  return priced
    .filter((mistake) => isMeant(mistake, line))
    .reduce((now, mistake) => {
      const asked =
        mistake.mistake === 'wrong_price'
          ? mistake.percent * 100
          : mistake.mistake === 'discount'
            ? FULL - mistake.percent * 100
            : FULL;
      const { basis } = now;
      if (basis === null) return { ...now, cents: quotient(BigInt(now.cents * asked), BigInt(FULL)) };
      const other = { ...basis, ...recount(basis, mistake), factor: times(basis.factor, asked) };
      const extra = mistake.mistake === 'extra_hours' ? mistake.hours * 3_600 : 0;
      return { ...now, basis: other, cents: costOf(other), seconds: (now.seconds ?? 0) + extra };
    }, line);
}

function recount({ charged, uncapped, exact }: Basis, mistake: Mistake): Partial<Basis> {
  if (mistake.mistake === 'extra_hours')
    return { charged: charged + mistake.hours * 3_600, uncapped: uncapped + mistake.hours * 3_600 };
  if (mistake.mistake === 'cap_ignored') return { charged: uncapped };
  return mistake.mistake === 'minimum_ignored' ? { charged: exact, leastCents: 0 } : {};
}

type Change = (line: Line) => readonly Line[];

/** The same amounts, told otherwise; lines that are missing or come twice. */
function spoilLines(lines: readonly Line[], mistakes: readonly Mistake[], { seed }: Spoiled): readonly Line[] {
  const changes = mistakes.map((mistake): Change => {
    const change = changeOf(mistake, seed);
    if (change === null) return (line) => [line];
    return 'from' in mistake ? change : (line) => (isMeant(mistake as Meant, line) ? change(line) : [line]);
  });
  return changes.reduce((all, change) => all.flatMap(change), lines);
}

function changeOf(mistake: Mistake, seed: number): Change | null {
  switch (mistake.mistake) {
    case 'missing_line':
      return () => [];
    case 'doubled_line':
      return (line) => [line, line];
    case 'wrong_id':
      return (line) => [
        {
          ...line,
          resourceId: line.resourceId === null ? null : String(Number(line.resourceId) + 7_000_000),
          resourceUuid: line.resourceUuid === null ? null : new Random(seed, 'wrong id', line.resourceUuid).uuid(),
        },
      ];
    case 'no_id':
      return (line) => [{ ...line, resourceId: null, resourceUuid: null }];
    case 'other_end_convention':
      return (line) => [{ ...line, to: Math.max(line.from, line.to - 1000) }];
    case 'seconds_unit':
      return (line) => [{ ...line, unit: 'Seconds' }];
    case 'renamed_product':
      return (line) => [{ ...line, product: mistake.to }];
    case 'renamed_project':
      return (line) => [line.project === mistake.from ? { ...line, project: mistake.to } : line];
    default:
      return null;
  }
}

/** Lines that the ledger knows nothing of. */
function addedLines(
  mistakes: readonly Mistake[],
  billed: Spoiled,
  pieces: readonly (readonly Piece[])[],
): readonly Line[] {
  const { seed, period } = billed;
  const { start, name } = period.month;
  // The preview of a month that has just begun is empty.
  if (period.end === start) return [];
  const span = { ...plainLine, from: start, to: period.end };
  const hours = { seconds: (period.end - start) / 1000 };
  return mistakes.flatMap((mistake, i): readonly Line[] => {
    const random = new Random(seed, mistake.mistake, name, i);
    switch (mistake.mistake) {
      case 'ghost_line':
      case 'unknown_product': {
        const { product } = mistake;
        const description = mistake.mistake === 'ghost_line' ? `ghost-${random.int(100, 999)}` : 'requests';
        const cents = centsOf(mistake.amount);
        const id = idOf(product) === 'resource_id' ? { resourceId: String(random.int(700_000_000, 799_999_999)) } : {};
        const ids = { resourceUuid: 'resourceId' in id ? null : random.uuid(), ...id };
        return [{ ...span, ...hours, ...ids, key: `${mistake.mistake} ${i}`, product, description, cents }];
      }
      case 'two_teams':
        return otherTeam(random, billed);
      case 'bandwidth':
        return [{ ...span, section: 'overage', ...bandwidth('Bandwidth', mistake.gib), key: `bandwidth ${i}` }];
      case 'bucket_lines': {
        const buckets = [...new Map(pieces.flat().map(({ charge }) => [charge.id, charge])).values()];
        const listed = buckets.filter(({ kind }) => kind === 'bucket');
        return listed.map(({ id, region }) => ({
          ...span,
          ...bandwidth('Spaces Bandwidth', mistake.gib),
          section: 'overage',
          key: `bucket ${i} ${id}`,
          region,
          resource: id,
          description: `${id} (${region}) outbound transfer (${mistake.gib} GiB)`,
          csvOnly: listed.length > BUCKETS_LISTED_MAX,
        }));
      }
      default:
        return [];
    }
  });
}

/** Two droplets of the organization's other team, there since long ago. */
function otherTeam(random: Random, billed: Spoiled): readonly Line[] {
  const { month, end } = billed.period;
  const team = secondTeam(billed.seed);
  return ['s-1vcpu-2gb', 's-2vcpu-4gb'].flatMap((item, i) => {
    const id = String(random.int(600_000_000, 699_999_999));
    const names = [{ at: month.start, value: `other-team-${i + 1}` }];
    const level = { item, units: 1_000_000, cluster: null, pool: null };
    const levels = [{ at: month.start, value: level }];
    const times = { writtenAt: month.start, closedAt: null };
    const charge = { kind: 'droplet' as const, id, region: 'nyc3', urn: null, names, levels, ...times };
    const price = listPrices(item).at(-1)?.value ?? { cents: 0, seconds: CAP_SECONDS };
    const piece: Piece = { charge, level, from: month.start, to: end, ended: false, price, factor: FULL };
    return linesOfCharge([piece], billed).map((line) => ({ ...line, team }));
  });
}

/** The organization's other team. */
export function secondTeam(seed: number): string {
  return new Random(seed, 'second team').uuid();
}

/** `12.34` */
export function centsOf(amount: string): number {
  return Number(amount.replace('.', ''));
}
