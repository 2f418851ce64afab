import { assertOwnDeployment } from '../deployments/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError, notFound } from '../platform/errors.ts';
import { Decimal, formatQuantity, sumQuantities } from '../platform/quantity.ts';
import { openUsageSums, type UsageSums } from './day-sums.ts';
import { getKind, listKinds } from './kinds.ts';
import { assertRange, type DayRange, daysOf } from './period.ts';
import type { DeploymentSum, UsageScope } from './records/usage-store.ts';
import { addSums, type Floors, retiredSums } from './retention/usage-months.ts';
import { selectDeploymentId, selectUsageBounds } from './store.ts';
import * as grid from './usage-grid.store.ts';

// Usage as a grid: a row for each deployment, customer or meter, a column for each UTC day, beside the time before.

/** A quarter: as many columns as anybody reads. */
export const gridDaysMax = 92;

export const gridSorts = ['total', 'change', 'name'] as const;

interface GridAsked {
  readonly range: DayRange;
  readonly by: 'deployment' | 'customer' | 'kind';
  /** The meter; rows by meter are of all. */
  readonly kind?: string | undefined;
  /** Only this deployment's, by its slug. */
  readonly deployment?: string | undefined;
  /** Only this customer's, by the external id. */
  readonly customer?: string | undefined;
  /** The customer who asks, by our id; null: staff. */
  readonly customerId: number | null;
  readonly compares: boolean;
  /** A part of the name or the key; null: all. */
  readonly q: string | null;
  readonly sort: (typeof gridSorts)[number];
  readonly order: 'asc' | 'desc';
}

interface GridRow {
  /** The deployment's slug, the customer's external id, or the meter. */
  readonly key: string;
  readonly name: string;
  readonly unit: string;
  readonly total: string;
  /** Of the time before; null: it is not asked for. */
  readonly previousTotal: string | null;
  readonly change: string | null;
  /** null: without any record. */
  readonly days: readonly (string | null)[];
  readonly marks: string;
}

interface Grid {
  readonly rows: readonly GridRow[];
  readonly total: number;
  /** Every day before it is metered by the meter, or, where all are asked for, by the one that is furthest. */
  readonly meteredThrough: string;
  /** The days that are compared with; null: they are not asked for. */
  readonly previous: DayRange | null;
  /** Of all, by day, whatever is looked for; empty where rows are in different units. */
  readonly dayTotals: readonly (string | null)[];
  readonly quantity: string | null;
}

interface Summed {
  readonly key: string;
  readonly name: string;
  readonly total: string;
  readonly previousTotal: string | null;
  readonly deploymentIds: readonly number[];
}

interface Opened {
  readonly db: Queryable;
  readonly asked: GridAsked;
  readonly sums: UsageSums;
  readonly scope: UsageScope;
  readonly floors: Floors;
  readonly marks: ReadonlyMap<string, string>;
  readonly previous: DayRange | null;
  readonly meteredThrough: string;
}

/**
 * A page of the grid. The time before is the month before for a calendar month, else as many days before; of it as many
 * days are summed as are metered of the range, so that like is compared with like. Sums hold what is left of months that
 * are rolled up; of their days nothing is shown.
 * @throws ArcadiaError not_found, invalid_argument (no meter), range_reversed, range_too_large
 */
export async function readGrid(
  db: Queryable,
  asked: GridAsked,
  page: { readonly offset: number; readonly limit: number },
): Promise<Grid> {
  assertGridRange(asked.range);
  const opened = await open(db, asked);
  return asked.by === 'kind' ? gridOfKinds(opened, page) : gridOfOwners(opened, page);
}

function assertGridRange(range: DayRange): void {
  assertRange(range);
  const { days } = range.from.until(range.to, { largestUnit: 'days' });
  if (days > gridDaysMax)
    throw new ArcadiaError('range_too_large', `A grid has ${gridDaysMax} days at most, not ${days}: ask for fewer.`);
}

async function open(db: Queryable, asked: GridAsked): Promise<Opened> {
  const { range, customerId } = asked;
  const floors = await floorsOf(db, range);
  const marks = await grid.selectMarks(db, range, floors, customerId === null);
  const through = meteredThrough(range, asked.kind === undefined ? [...marks.values()] : [marks.get(asked.kind) ?? '']);
  return {
    db,
    asked,
    sums: await openUsageSums(db, { isStaff: customerId === null }),
    scope: await scopeOf(db, asked),
    floors,
    marks,
    previous: asked.compares ? rangeBefore(range, through) : null,
    meteredThrough: through.toString(),
  };
}

/** The day after the last that any of the meters with these marks has metered without a gap: one that lags holds up no other. */
function meteredThrough({ from }: DayRange, marks: readonly string[]): Temporal.PlainDate {
  const ends = marks.map((days) => {
    const first = days.search(/[^-]/);
    const end = first < 0 ? 0 : days.indexOf('-', first);
    return end < 0 ? days.length : end;
  });
  return from.add({ days: Math.max(0, ...ends) });
}

async function scopeOf(db: Queryable, { deployment, customer, customerId }: GridAsked): Promise<UsageScope> {
  if (deployment !== undefined) {
    await assertOwnDeployment(db, deployment, customerId);
    const deploymentId = await selectDeploymentId(db, deployment);
    if (deploymentId === null) throw notFound('deployment', deployment);
    return { deploymentId };
  }
  if (customer !== undefined) return { deploymentIds: await grid.selectDeploymentsOf(db, customer, customerId) };
  return customerId === null ? 'all' : { customerId };
}

/** The same days of the month before, or as many days before; not more than are metered of the range. */
function rangeBefore({ from, to }: DayRange, through: Temporal.PlainDate): DayRange {
  const isMonth = from.day === 1 && to.equals(from.add({ months: 1 }));
  const before = isMonth ? from.subtract({ months: 1 }) : from.subtract(from.until(to, { largestUnit: 'days' }));
  const metered = before.add(from.until(through, { largestUnit: 'days' }));
  const end = through.equals(to) || Temporal.PlainDate.compare(metered, from) > 0 ? from : metered;
  return { from: before, to: end };
}

async function gridOfOwners(opened: Opened, page: { readonly offset: number; readonly limit: number }): Promise<Grid> {
  const { db, asked, sums, scope, floors, marks } = opened;
  const { range, kind: meter } = asked;
  if (meter === undefined)
    throw new ArcadiaError(
      'invalid_argument',
      'Say of which meter: rows of deployments and customers are in its unit.',
    );
  const { unit } = await getKind(db, meter, range.to.subtract({ days: 1 }));
  const all = await sumOwners(opened, meter);
  const rows = all.filter(matching(asked)).sort(orderOf(asked));
  const shown = rows.slice(page.offset, page.offset + page.limit);
  const deploymentIds = shown.flatMap((row) => row.deploymentIds);
  const cells = await sums.sumByDeploymentAndDay({ scope: { deploymentIds }, range, floors, kind: meter });
  const byDeployment = Map.groupBy(cells, ({ deploymentId }) => deploymentId);
  const byDay = new Map(
    (await sums.sumByKindAndDay({ scope, range, floors, kind: meter })).map(({ day, quantity }) => [
      day.toString(),
      quantity,
    ]),
  );
  const days = [...daysOf(range)].map(String);
  return {
    rows: shown.map(({ deploymentIds: ids, ...row }) => ({
      ...row,
      unit,
      change: changeOf(row),
      days: sumDays(
        days,
        ids.flatMap((id) => byDeployment.get(id) ?? []),
      ),
      marks: marks.get(meter) ?? '',
    })),
    ...aboutOf(opened, rows.length),
    dayTotals: days.map((day) => byDay.get(day) ?? null),
    quantity: sumQuantities(all.map(({ total }) => total)),
  };
}

function aboutOf({ meteredThrough, previous }: Opened, total: number) {
  return { total, meteredThrough, previous };
}

/** What deployments, or customers, used of a meter in the range and in the time before. */
async function sumOwners({ db, asked, sums, scope, floors, previous }: Opened, kind: string): Promise<Summed[]> {
  const sumsOf = async (range: DayRange, kept: Floors) => {
    const retired = (await retiredSums(db, scope, range, kept)).filter((sum) => sum.kind === kind);
    const found = await sums.sumByDeployment({ scope, range, floors: kept, kind });
    return addSums<DeploymentSum>(found, retired, ({ deploymentId }) => String(deploymentId));
  };
  const own = await sumsOf(asked.range, floors);
  const before = previous === null ? [] : await sumsOf(previous, await floorsOf(db, previous));
  const ids = [...new Set([...own, ...before].map(({ deploymentId }) => deploymentId))];
  const [totals, totalsBefore] = [own, before].map(
    (list) => new Map(list.map(({ deploymentId, quantity }) => [deploymentId, quantity])),
  ) as [Map<number, string>, Map<number, string>];
  const names = await grid.selectNames(db, ids);
  const groups = Map.groupBy(names, (one) => (asked.by === 'customer' ? (one.customer ?? '') : one.slug));
  return [...groups].map(([key, members]) => {
    const { name, customerName } = members[0] as grid.Named;
    const of = (from: ReadonlyMap<number, string>) =>
      sumQuantities(members.map(({ deploymentId }) => from.get(deploymentId) ?? '0'));
    return {
      key: key === '' ? 'unattributed' : key,
      name: asked.by === 'customer' ? (customerName ?? name) : name,
      total: of(totals),
      previousTotal: previous === null ? null : of(totalsBefore),
      deploymentIds: members.map(({ deploymentId }) => deploymentId),
    };
  });
}

async function floorsOf(db: Queryable, range: DayRange): Promise<Floors> {
  const { floors } = await selectUsageBounds(db, range);
  return new Map(Object.entries(floors).map(([kind, floor]) => [kind, Temporal.PlainDate.from(floor)]));
}

async function gridOfKinds(opened: Opened, page: { readonly offset: number; readonly limit: number }): Promise<Grid> {
  const { db, asked, sums, scope, floors, marks, previous } = opened;
  const { range, kind: only } = asked;
  const sumsOf = async (of: DayRange, kept: Floors) => {
    const retired = await retiredSums(db, scope, of, kept);
    const found = await sums.sumByKind({ scope, range: of, floors: kept });
    return new Map(
      [...Map.groupBy([...found, ...retired], ({ kind }) => kind)].map(([kind, own]) => [
        kind,
        sumQuantities(own.map(({ quantity }) => quantity)),
      ]),
    );
  };
  const own = await sumsOf(range, floors);
  const before = previous === null ? new Map<string, string>() : await sumsOf(previous, await floorsOf(db, previous));
  const kinds = (await listKinds(db, range.to.subtract({ days: 1 }))).filter(
    ({ kind }) => (own.has(kind) || before.has(kind)) && (only === undefined || only === kind),
  );
  const cells = Map.groupBy(await sums.sumByKindAndDay({ scope, range, floors }), ({ kind }) => kind);
  const days = [...daysOf(range)].map(String);
  const all = kinds.map(({ kind, title, unit }) => {
    const row = { total: own.get(kind) ?? '0', previousTotal: previous === null ? null : (before.get(kind) ?? '0') };
    return {
      key: kind,
      name: title,
      unit,
      ...row,
      change: changeOf(row),
      days: sumDays(days, cells.get(kind) ?? []),
      marks: marks.get(kind) ?? '',
    };
  });
  // In different units they are in no other order than that of their names.
  const rows = all.filter(matching(asked)).sort(orderOf({ sort: 'name', order: 'asc' }));
  return {
    rows: rows.slice(page.offset, page.offset + page.limit),
    ...aboutOf(opened, rows.length),
    dayTotals: [],
    quantity: null,
  };
}

function sumDays(
  days: readonly string[],
  cells: readonly { readonly day: Temporal.PlainDate; readonly quantity: string }[],
): (string | null)[] {
  const byDay = Map.groupBy(cells, ({ day }) => day.toString());
  return days.map((day) => {
    const own = byDay.get(day);
    return own === undefined ? null : sumQuantities(own.map(({ quantity }) => quantity));
  });
}

function changeOf({ total, previousTotal }: Pick<Summed, 'total' | 'previousTotal'>): string | null {
  return previousTotal === null ? null : formatQuantity(new Decimal(total).minus(previousTotal));
}

type Sortable = Pick<Summed, 'key' | 'name' | 'total' | 'previousTotal'>;

/** Those that are looked for. */
function matching({ q }: GridAsked): (row: Sortable) => boolean {
  const wanted = q?.toLowerCase();
  return ({ key, name }) =>
    wanted === undefined || name.toLowerCase().includes(wanted) || key.toLowerCase().includes(wanted);
}

/** By what it comes to, by how much that differs from before, or by name; what is the same, by name and key. Each both ways. */
function orderOf({ sort, order }: Pick<GridAsked, 'sort' | 'order'>): (a: Sortable, b: Sortable) => number {
  const value = ({ total, previousTotal }: Sortable) =>
    sort === 'total' ? new Decimal(total) : new Decimal(total).minus(previousTotal ?? '0').abs();
  const direction = order === 'asc' ? 1 : -1;
  const byText = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);
  return (a, b) =>
    direction *
    ((sort === 'name' ? 0 : value(a).comparedTo(value(b))) || byText(a.name, b.name) || byText(a.key, b.key));
}
