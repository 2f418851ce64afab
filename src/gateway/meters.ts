import { z } from 'zod';
import type { Queryable, UnitOfWork } from '../platform/database/database.ts';
import { day, divisorText, recordOf } from '../platform/declare/schemas.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { Decimal } from '../platform/quantity.ts';
import { meterOtherwise } from './errors.ts';
import { interpretRepeats } from './interpret.ts';
import { insertRepeats, lockAllProgress } from './interpret.store.ts';
import * as store from './meters.store.ts';
import { listSources } from './sources.ts';

// Which events count, and how: dated data. A gateway meter feeds the billing kind of its name, which says what one unit is
// and whether it is metered; that is put together in a flow.

export type { MeterAggregation, MeterRow, MeterSum } from './meters.store.ts';

const pointer = z
  .string()
  .max(200)
  .regex(/^(\/[^/~]*(~[01][^/~]*)*)+$/, { error: 'is no JSON pointer into the data such as /requests' });

const aggregations = ['sum', 'count', 'max', 'unique', 'gauge'] as const;

/** Why an aggregation that others have cannot be metered. */
const refusedAggregations: Readonly<Record<string, string>> = {
  avg: 'an average of days adds up to no average of a month: use a gauge, whose level over time is averaged by its month',
  min: 'the least of a month is known only at its end, and can be charged to no day of it',
};

const aggregation = z
  .string()
  .max(20)
  .superRefine((value, context) => {
    if ((aggregations as readonly string[]).includes(value)) return;
    const reason = refusedAggregations[value];
    context.addIssue({
      code: 'custom',
      message: reason === undefined ? `must be one of ${aggregations.join(', ')}` : `cannot be ${value}: ${reason}`,
    });
  })
  .transform((value) => value as store.MeterAggregation)
  .meta({ description: aggregations.join(', '), examples: ['sum'] });

/** A meter as a file has it. */
export const meterSchema = z
  .strictObject({
    meter: z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, {
      error: 'must be a name such as gateway_requests: lower-case letters, digits and _',
    }),
    title: z.string().trim().min(1).max(200),
    unit: z
      .string()
      .trim()
      .min(1)
      .max(200)
      .meta({ examples: ['request'] }),
    type: z
      .string()
      .regex(/^[\x21-\x7e]{1,255}$/, { error: 'must be a type of event such as request, or a pattern with *' }),
    filter: recordOf(z.string().min(1).max(63), z.union([z.string().max(200), z.number(), z.boolean()]), 20)
      .default({})
      .describe('What the data must contain.'),
    aggregation,
    value: pointer.nullable().default(null).describe('Where in the data the value is; of a count none.'),
    key: pointer.nullable().default(null).describe('Of unique: where in the data the key is.'),
    subject: z
      .strictObject({ path: pointer.nullable().default(null), prefix: z.string().max(63).default('') })
      .default({ path: null, prefix: '' })
      .describe(
        "What an event is about, where its own subject does not say it; with what is put before it, such as 'key:'.",
      ),
    divisor: divisorText.default('1').describe('How much of the value makes one unit.'),
    accrual: z
      .enum(['hours', 'month'])
      .default('month')
      .describe('Of a gauge: level times hours, or a level held all month counts once.'),
    granularity: z.enum(['day', 'hour']).default('day'),
    from: day.optional().describe('The first day on which it is so; today unless given.'),
  })
  .superRefine(({ aggregation: how, value, key }, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: 'custom', path: [field], message });
    const counts = how === 'count' || how === 'unique';
    if (counts && value !== null) refuse('value', `has no meaning beside ${how}: each event counts one`);
    if (!counts && value === null) refuse('value', `is missing: where in the data is what is to be a ${how}?`);
    if (how === 'unique' && key === null) refuse('key', 'is missing: where in the data is what is to be told apart?');
    if (how !== 'unique' && key !== null) refuse('key', `has no meaning beside ${how}`);
  });
export type GatewayMeter = z.output<typeof meterSchema>;

export const metersFileSchema = z.strictObject({ meters: z.array(meterSchema).min(1).max(100) });

/** All versions of all meters, by name, the newest first. */
export function listMeters(db: Queryable): Promise<store.MeterRow[]> {
  return store.selectMeters(db);
}

function pathOf(text: string | null): string[] | null {
  if (text === null) return null;
  return text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Units of a level that one event may say: they are multiplied with the time that it stands. */
const levelUnitsMax = new Decimal('1e10');
/** Of what adds up, and of values: a store of usage holds an hour of 10^10 such events exactly, more than can come. */
const addedUnitsMax = new Decimal('1e18');
const valueMax = new Decimal('1e18');

/** Of a greater value, usage would leave what every store of usage accrues exactly. */
function valueMaxOf({ aggregation: how, divisor }: GatewayMeter): string {
  const units = how === 'max' || how === 'gauge' ? levelUnitsMax : addedUnitsMax;
  return Decimal.min(valueMax, units.times(divisor)).toFixed();
}

/**
 * Has a meter count so from a day on, until what was set for a later day. What came before is interpreted again.
 * Returns whether anything is otherwise. Errors: gateway_meter_otherwise.
 */
export async function applyMeter(trx: UnitOfWork, meter: GatewayMeter, fromDay: Temporal.PlainDate): Promise<boolean> {
  const { meterId, aggregation: how } = await store.upsertMeter(trx, meter.meter, meter.aggregation);
  if (how !== meter.aggregation)
    throw meterOtherwise(`The meter "${meter.meter}" is a ${how}, and cannot become a ${meter.aggregation}.`);
  const version: store.MeterVersion = {
    fromDay,
    type: meter.type,
    filter: meter.filter,
    valuePath: pathOf(meter.value),
    keyPath: pathOf(meter.key),
    subjectPath: pathOf(meter.subject.path),
    subjectPrefix: meter.subject.prefix,
    valueMax: valueMaxOf(meter),
  };
  const there = (await store.selectMeters(trx)).filter((row) => row.meter === meter.meter);
  const before = there.find((row) => Temporal.PlainDate.compare(row.fromDay, fromDay) <= 0);
  if (before !== undefined && sameMeaning(before, version)) return false;
  const later = there.findLast((row) => Temporal.PlainDate.compare(row.fromDay, fromDay) > 0);
  await store.upsertVersion(trx, meterId, version);
  const since = fromDay.toZonedDateTime('UTC').toInstant();
  const until = later?.fromDay.toZonedDateTime('UTC').toInstant() ?? null;
  for (const type of new Set([meter.type, ...(before === undefined ? [] : [before.type])]))
    await insertRepeats(trx, { accountId: null, type, since, until });
  return true;
}

/** Has nothing interpreted meanwhile: whoever applies meters begins with it, so that nothing is passed over. */
export function holdInterpretation(trx: UnitOfWork): Promise<void> {
  return lockAllProgress(trx);
}

/** The same where all is rolled back: only what is applied from here on is interpreted again. */
export async function holdForPreview(trx: UnitOfWork): Promise<void> {
  await lockAllProgress(trx);
  await store.clearRepeats(trx, null);
}

/** Events that a preview interprets at most: nothing else is interpreted meanwhile. */
const previewedMax = 100_000;

/**
 * What meters count from an instant on, in a transaction that is rolled back: what was just applied in it is interpreted,
 * as far as it concerns events from then on. Errors: too_costly.
 */
export async function sumsWithin(
  trx: UnitOfWork,
  meters: readonly string[],
  { since, now }: { readonly since: Temporal.Instant; readonly now: Temporal.Instant },
): Promise<store.MeterSum[]> {
  await store.narrowRepeats(trx, since);
  if ((await store.countRepeated(trx, null, previewedMax + 1)) > previewedMax)
    throw new ArcadiaError(
      'too_costly',
      `More than ${previewedMax} events since ${since} would be interpreted again: too many to be shown first.`,
    );
  for (const source of await listSources(trx)) await interpretRepeats(trx, source, now);
  return store.selectMeterSums(trx, meters, since);
}

/** A path as a JSON pointer; null: none. */
export function pointerOf(path: readonly string[] | null): string | null {
  if (path === null) return null;
  return path.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function sameMeaning(a: store.MeterVersion, b: store.MeterVersion): boolean {
  const meaning = ({ type, filter, valuePath, keyPath, subjectPath, subjectPrefix, valueMax }: store.MeterVersion) =>
    JSON.stringify([
      type,
      Object.entries(filter).sort(([x], [y]) => (x < y ? -1 : 1)),
      valuePath,
      keyPath,
      subjectPath,
      subjectPrefix,
      valueMax,
    ]);
  return meaning(a) === meaning(b);
}
