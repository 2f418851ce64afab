import { z } from 'zod';
import { assertResourceKind } from '../inventory/index.ts';
import type { UnitOfWork, Queryable, Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { once } from '../platform/once.ts';
import { formatQuantity, parseQuantity } from '../platform/quantity.ts';
import { divisorText, recordOf } from '../platform/declare/schemas.ts';
import { kindExists } from './errors.ts';
import { type Accrual, type Aggregation, isRaised } from './accrual.ts';
import * as kindStore from './kinds.store.ts';
import { dayOf, type Granularity } from './period.ts';
import type { BillingKind } from './store.ts';
import { selectBillingKinds } from './store.ts';

// Billing kinds are dated data: what they mean (definitions) and how they are metered (config).
// Operators add them without code; what a day is metered by is what holds on it.

export type { BillingKind };
export type { KindConfigRow as KindConfig, KindDefinitionRow as KindDefinition } from './kinds.store.ts';

/** The first day of every kind's definition and configuration: before all that is metered. */
export const beginningOfHistory = once(() => Temporal.PlainDate.from('2000-01-01'));

/** How long records are kept: at least a month, at most a hundred years. */
export const retentionDaysMin = 31;
export const retentionDaysMax = 36_600;

/** The billing kinds as they are defined on a day, by slug. */
export async function listBillingKinds(db: Queryable, day: Temporal.PlainDate): Promise<BillingKind[]> {
  return selectBillingKinds(db, day);
}

/** A billing kind as it stands on a day. */
export interface Kind {
  readonly kind: string;
  readonly title: string;
  readonly resourceKind: string;
  readonly accrual: Accrual;
  /** How the levels of a month become its quantity: added up over time, or a level that was held. */
  readonly aggregation: Aggregation;
  /** Of an aggregation by percentile: above 0, at most 100. */
  readonly percentile: string | null;
  readonly unit: string;
  /** A resource counts only while its status is one of these; null: always. */
  readonly statuses: readonly string[] | null;
  /** A resource counts only while its attributes are these. */
  readonly filter: Readonly<Record<string, string | number | boolean>>;
  /** How much one counts: an attribute over a divisor; null: 1. */
  readonly weight: { readonly attribute: string; readonly divisor: string } | null;
  readonly enabled: boolean;
  readonly granularity: Granularity;
  readonly retentionDays: number;
}

/** Every billing kind as it stands on a day, enabled or not, by name. */
export async function listKinds(db: Queryable, day: Temporal.PlainDate): Promise<Kind[]> {
  const titles = await kindStore.selectTitles(db);
  const definitions = await kindStore.selectDefinitionsOn(db, day);
  const configs = await kindStore.selectConfigsOn(db, day);
  return [...titles].flatMap(([id, title]) => {
    const definition = definitions.get(id);
    const config = configs.get(id);
    return definition === undefined || config === undefined ? [] : [describe(title, definition, config)];
  });
}

function describe(
  title: { readonly kind: string; readonly title: string },
  definition: kindStore.KindDefinitionRow,
  config: kindStore.KindConfigRow,
): Kind {
  const { fromDay: _, weightAttribute, weightDivisor, ...meaning } = definition;
  const { enabled, granularity, retentionDays } = config;
  const weight = weightAttribute === null ? null : { attribute: weightAttribute, divisor: weightDivisor };
  return { ...title, ...meaning, weight, enabled, granularity, retentionDays };
}

/** A billing kind on a day, with all that it meant and how it was metered, newest first. */
export interface KindHistory extends Kind {
  readonly definitions: readonly kindStore.KindDefinitionRow[];
  readonly configs: readonly kindStore.KindConfigRow[];
}

/** @throws ArcadiaError not_found */
export async function getKind(db: Queryable, slug: string, day: Temporal.PlainDate): Promise<KindHistory> {
  const id = await kindStore.selectKindId(db, slug);
  const kind = (await listKinds(db, day)).find((one) => one.kind === slug);
  if (id === null || kind === undefined) throw unknownKind(slug);
  return {
    ...kind,
    definitions: await kindStore.selectDefinitions(db, id),
    configs: await kindStore.selectConfigs(db, id),
  };
}

/** `kind` is the noun whose list shows all of them. */
export function unknownKind(slug: string): ArcadiaError {
  return new ArcadiaError('not_found', `There is no meter "${slug}".`, { next: { operation: 'kind list' } });
}

// Adding ------------------------------------------------------------------------------------------

const word = (what: string) =>
  z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, { error: `must be ${what}: lower-case letters, digits and _` });
const text = z.string().trim().min(1).max(200);

const weightSchema = z.strictObject({
  attribute: word('an attribute of the resource, such as vcpus'),
  divisor: divisorText.default('1').describe('How many of the attribute make one unit.'),
});

/** What a kind's definition may say anew from a day on; what it accrues and in which unit is for ever. */
const changeable = {
  statuses: z
    .array(z.string().min(1).max(63))
    .min(1)
    .max(20)
    .nullable()
    .describe('It counts only while its status is one of these; null: always.'),
  filter: recordOf(z.string().min(1).max(63), z.union([z.string().max(200), z.number(), z.boolean()]), 20).describe(
    'It counts only while its attributes are these.',
  ),
  weight: weightSchema.nullable().describe('How much one counts; null: 1.'),
};

const percentileForm = "must be a decimal above 0 and at most 100, with at most 3 digits after the point, such as '95'";

const percentileSchema = z.union([z.number().transform(String), z.string().max(7, { error: percentileForm })]).pipe(
  z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3})?$/, { error: percentileForm, abort: true })
    .refine((value) => parseQuantity(value).gt(0) && parseQuantity(value).lte(100), { error: percentileForm })
    .transform((value) => formatQuantity(parseQuantity(value))),
);

/** A new billing kind, as a file, an API call or the command's options give it. */
export const kindSchema = z
  .strictObject({
    kind: word('a name such as cpu_droplet_hours'),
    title: text.describe('The name for people.'),
    resourceKind: word('a resource kind such as droplet'),
    accrual: z
      .enum(['hours', 'month', 'events'])
      .describe(
        'hours: level times hours. month: a level held all month counts once. events: what gateway events say, added up.',
      ),
    aggregation: z
      .enum(['sum', 'peak', 'percentile', 'unique'])
      .default('sum')
      .describe(
        "sum: the level over time. peak: the month's highest level. percentile: the highest without a share of the month's time. unique: distinct keys of events in a month.",
      ),
    percentile: percentileSchema
      .nullable()
      .default(null)
      .describe('Of a percentile: 95 leaves 5 percent of the month out, the time of the highest levels.'),
    unit: text.describe('What one unit is, such as hour or GiB-month; GiB of a peak or a percentile.'),
    statuses: changeable.statuses.default(null),
    filter: changeable.filter.default({}),
    weight: changeable.weight.default(null),
  })
  .superRefine(({ accrual, aggregation, percentile, resourceKind }, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    if (accrual === 'events' && resourceKind !== 'gateway') {
      refuse('accrual', 'cannot be events but of the resource kind gateway: nothing else sends any');
    }
    if (aggregation === 'unique' && accrual !== 'events') {
      refuse('accrual', 'must be events: only these have keys');
    }
    if (isRaised(aggregation) && accrual !== 'month') {
      refuse('accrual', `must be month: a ${aggregation} is a level that was held, not a level times hours`);
    }
    if (aggregation === 'percentile' && percentile === null) {
      refuse('percentile', `is missing: which percentile, such as '95'`);
    }
    if (aggregation !== 'percentile' && percentile !== null) {
      refuse('percentile', `has no meaning beside the aggregation ${aggregation}: say percentile`);
    }
  });
export type NewKind = z.output<typeof kindSchema>;

/** A file of billing kinds. */
export const kindsFileSchema = z.strictObject({ kinds: z.array(kindSchema).min(1).max(100) });

/**
 * Adds a billing kind, defined from the beginning of history and disabled: `changeKind` enables
 * it from whatever day. One that is there and means the same is left alone.
 * @returns whether it was added
 * @throws ArcadiaError conflict: there is one of this name that means something else; invalid_argument: of a kind of
 *   resource that there is not, which would count nothing for ever
 */
export async function addKind(db: Database, kind: NewKind): Promise<{ added: boolean }> {
  return db.transaction().execute(async (trx) => addKindIn(trx, kind));
}

/** Adds the kinds of a file, all or none. Returns the names of those that are new. */
export async function addKinds(db: Database, kinds: readonly NewKind[]): Promise<string[]> {
  return db.transaction().execute(async (trx) => {
    const added: string[] = [];
    for (const kind of kinds) if ((await addKindIn(trx, kind)).added) added.push(kind.kind);
    return added;
  });
}

async function addKindIn(trx: UnitOfWork, kind: NewKind): Promise<{ added: boolean }> {
  await assertResourceKind(trx, kind.resourceKind);
  const definition = definitionOf(kind, beginningOfHistory());
  const id = await kindStore.insertKind(trx, kind.kind, kind.title);
  if (id === null) {
    const there = await kindStore.selectKindId(trx, kind.kind);
    const [newest] = there === null ? [] : await kindStore.selectDefinitions(trx, there);
    if (newest !== undefined && sameMeaning(newest, definition)) return { added: false };
    throw kindExists(`There is a meter "${kind.kind}" already, which means something else.`, {
      next: { operation: 'kind show', arguments: { kind: kind.kind } },
    });
  }
  await kindStore.upsertDefinition(trx, id, definition);
  await kindStore.upsertConfig(trx, id, {
    fromDay: beginningOfHistory(),
    enabled: false,
    granularity: 'day',
    retentionDays: retentionDaysDefault,
  });
  return { added: true };
}

/** Two years, as for the kinds that are there from the first. */
const retentionDaysDefault = 730;

function definitionOf(kind: Omit<NewKind, 'kind' | 'title'>, fromDay: Temporal.PlainDate): kindStore.KindDefinitionRow {
  const { resourceKind, accrual, aggregation, percentile, unit, statuses, filter, weight } = kind;
  return {
    fromDay,
    resourceKind,
    accrual,
    aggregation,
    percentile,
    unit,
    statuses: statuses === null ? null : [...statuses].sort(),
    filter,
    weightAttribute: weight?.attribute ?? null,
    weightDivisor: weight === null ? '1' : formatQuantity(parseQuantity(weight.divisor)),
  };
}

function sameMeaning(a: kindStore.KindDefinitionRow, b: kindStore.KindDefinitionRow): boolean {
  const byName = (fields: object) => Object.entries(fields).sort(([x], [y]) => (x < y ? -1 : 1));
  const meaning = ({ fromDay: _, filter, ...rest }: kindStore.KindDefinitionRow) =>
    JSON.stringify([byName(rest), byName(filter)]);
  return meaning(a) === meaning(b);
}

// Changing ----------------------------------------------------------------------------------------

/** What of a billing kind can change from a day on. What it accrues, how that is aggregated and its unit are for ever. */
export const kindChangeSchema = z
  .strictObject({
    title: text.describe('The name for people; it has no history.'),
    ...changeable,
    enabled: z.boolean(),
    granularity: z.enum(['day', 'hour']),
    retentionDays: z.int().min(retentionDaysMin).max(retentionDaysMax).describe('How long its records are kept.'),
  })
  .partial();
export type KindChange = z.output<typeof kindChangeSchema>;

/**
 * Changes what a kind means, or how it is metered, from a day on. What is not named stays. Of how it
 * is metered, what had been set for later days gives way; a later definition holds from its own
 * day. Days that are metered already are metered again by the next metering.
 * @throws ArcadiaError not_found, invalid_argument
 */
export async function changeKind(
  db: Database,
  slug: string,
  fromDay: Temporal.PlainDate,
  change: KindChange,
): Promise<Kind> {
  const parsed = kindChangeSchema.safeParse(change);
  if (!parsed.success) {
    const reasons = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new ArcadiaError('invalid_argument', `"${slug}" cannot be changed so: ${reasons.join('; ')}.`);
  }
  if (Temporal.PlainDate.compare(fromDay, beginningOfHistory()) < 0) {
    throw new ArcadiaError('invalid_argument', `History begins on ${beginningOfHistory()}, after ${fromDay}.`);
  }
  const { title, statuses, filter, weight, ...config } = parsed.data;
  return db.transaction().execute(async (trx) => {
    const id = await kindStore.lockKind(trx, slug);
    if (id === null) throw unknownKind(slug);
    if (title !== undefined) await kindStore.updateTitle(trx, id, title);
    if (statuses !== undefined || filter !== undefined || weight !== undefined) {
      const before = (await kindStore.selectDefinitionsOn(trx, fromDay)).get(id);
      if (before === undefined) throw unknownKind(slug);
      await kindStore.upsertDefinition(trx, id, changed(before, fromDay, { statuses, filter, weight }));
    }
    if (Object.keys(config).length > 0) {
      const before = (await kindStore.selectConfigsOn(trx, fromDay)).get(id);
      if (before === undefined) throw unknownKind(slug);
      await kindStore.upsertConfig(trx, id, { ...before, ...given(config), fromDay });
      await kindStore.updateLaterConfigs(trx, id, fromDay, config);
    }
    return getKind(trx, slug, fromDay);
  });
}

/**
 * Refuses a weight for a kind that events measure: its gateway meter, which has the same divisor, says which values it counts.
 * @throws ArcadiaError not_found, conflict
 */
export async function assertWeighed(db: Queryable, slug: string, now: Temporal.Instant): Promise<void> {
  const { resourceKind } = await getKind(db, slug, dayOf(now));
  if (resourceKind !== 'gateway') return;
  throw new ArcadiaError('conflict', `"${slug}" counts events: its divisor is that of its gateway meter.`, {
    todo: 'Apply its gateway meter with another divisor.',
  });
}

/** Without what is undefined, which would hide what was there. */
function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]: Exclude<Fields[Name], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

function changed(
  before: kindStore.KindDefinitionRow,
  fromDay: Temporal.PlainDate,
  { statuses, filter, weight }: Pick<KindChange, 'statuses' | 'filter' | 'weight'>,
): kindStore.KindDefinitionRow {
  const { weightAttribute, weightDivisor, ...meaning } = before;
  const held = weightAttribute === null ? null : { attribute: weightAttribute, divisor: weightDivisor };
  return definitionOf(
    {
      ...meaning,
      statuses: statuses === undefined ? before.statuses : statuses,
      filter: filter ?? before.filter,
      weight: weight === undefined ? held : weight,
    },
    fromDay,
  );
}
