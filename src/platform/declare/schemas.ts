import { z } from 'zod';
import { ArcadiaError } from '../errors.ts';
import { isCurrency } from '../money.ts';

// The values that requests and answers are made of. Each names its own format, so that the
// document of the API says it and a client can rely on it.

// --- What arrives ---

const firstYear = 2000;
const lastYear = 2999;

/** A UTC day, `2026-05-01`, as Temporal.PlainDate. */
export const day = z.iso
  .date()
  .meta({ description: 'A UTC day', examples: ['2026-05-01'] })
  .refine((text) => Number(text.slice(0, 4)) >= firstYear && Number(text.slice(0, 4)) <= lastYear, {
    error: `is not between the years ${firstYear} and ${lastYear}`,
    abort: true,
  })
  .transform((text) => Temporal.PlainDate.from(text));

/** A UTC calendar month, `2026-05`, as its first day. */
export const month = z
  .string()
  .regex(/^2\d{3}-(0[1-9]|1[0-2])$/, { error: 'is not a month such as 2026-05', abort: true })
  .meta({ description: 'A UTC calendar month', examples: ['2026-05'] })
  .transform((text) => Temporal.PlainDate.from(`${text}-01`));

/** A moment with its offset, `2026-05-01T06:00:00Z`, as Temporal.Instant to the microsecond. */
export const instant = z.iso
  .datetime({ offset: true })
  .max(40)
  .meta({ description: 'A moment', examples: ['2026-05-01T06:00:00Z'] })
  .refine((text) => Number(text.slice(0, 4)) >= firstYear && Number(text.slice(0, 4)) <= lastYear, {
    error: `is not between the years ${firstYear} and ${lastYear}`,
    abort: true,
  })
  .transform((text) => Temporal.Instant.from(text).round({ smallestUnit: 'microsecond', roundingMode: 'trunc' }));

/**
 * The fields `from` and `to` of a half-open range of UTC days, for an operation whose domain function
 * checks the range. `to` is not in the range; `rangeOr` says which one is meant where none is given.
 */
export const optionalDayRange = {
  from: day.optional().meta({ description: 'First UTC day' }),
  to: day.optional().meta({ description: 'First UTC day after the range: not in it' }),
};

interface Days {
  readonly from: Temporal.PlainDate;
  readonly to: Temporal.PlainDate;
}

/** Errors: invalid_argument where half a range is given. */
export function rangeOr<Otherwise>(
  { from, to }: { readonly [Name in keyof Days]?: Days[Name] | undefined },
  otherwise: Otherwise,
): Days | Otherwise {
  if (from === undefined && to === undefined) return otherwise;
  if (from !== undefined && to !== undefined) return { from, to };
  const missing = from === undefined ? 'first day' : 'end';
  throw new ArcadiaError('invalid_argument', `The ${missing} of the range is missing: give both days, or neither.`);
}

/** A name in addresses: of a deployment, an account, a plan. */
export const slug = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: 'is not a slug of up to 63 lower-case letters, digits and hyphens' })
  .meta({ description: 'Lower-case letters, digits and hyphens, 63 at most', examples: ['acme'] });

/** A currency that there is. */
export const currency = z
  .string()
  .regex(/^[A-Z]{3}$/, { error: 'is no currency such as USD', abort: true })
  .refine(isCurrency, { error: 'is no currency of ISO 4217 such as USD' })
  .meta({ description: 'ISO 4217', examples: ['USD'] });

/** Without control characters, in words that every engine of regular expressions compiles: clients get the pattern. */
// oxlint-disable-next-line no-control-regex
const withoutControls = new RegExp('^[^\\x00-\\x1f\\x7f-\\x9f]+$');
/** The same, but for the ends of lines. */
// oxlint-disable-next-line no-control-regex
const linesWithoutControls = new RegExp('^[^\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f]+$');

/** Characters that nobody sees and that make two names look alike, or turn what follows around; and the sign for what could not be read. */
const invisible = /[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffd]/;

/** A short text that a person writes, without control characters or invisible ones. */
export const line = z
  .string()
  .trim()
  .min(1)
  .max(200, { error: 'is longer than 200 characters' })
  .regex(withoutControls, { error: 'holds control characters', abort: true })
  .refine((text) => !invisible.test(text), { error: 'holds invisible characters, or the sign for unreadable ones' });

/** What a schema of a text says of itself for the text to have ends of lines and tabs: no other text of a request may. */
const severalLines = { contentMediaType: 'text/plain' } as const;

/** A longer one, of several lines. */
export const paragraphs = z
  .string()
  .trim()
  .min(1)
  .max(2000)
  .regex(linesWithoutControls, { error: 'holds control characters' })
  .meta(severalLines);

/** One of our ids. */
export const id = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** An object of at most `max` fields that the caller names, each of them a `key`. */
export function recordOf<Key extends z.ZodString, Value extends z.ZodType>(
  key: Key,
  value: Value,
  max: number,
): z.ZodRecord<Key, Value> {
  return z
    .record(key, value)
    .refine((record) => Object.keys(record).length <= max, { error: `has more than ${max} fields`, abort: true })
    .meta({ maxProperties: max });
}

/** An exact decimal as text, `0.10`, 20 digits before the point and 20 after at most. */
export const decimalInput = z
  .string()
  .regex(/^-?\d{1,20}(\.\d{1,20})?$/, { error: 'is not a decimal number such as 12.50, in quotes' })
  .meta({ description: 'An exact decimal', examples: ['12.50'] });

const aboveZero = "must be a decimal above zero such as '1024'";

/** In a file: a whole number, or an exact decimal as a text; how much of a value makes one unit. */
export const divisorText = z.union([
  z.int().min(1).transform(String),
  z
    .string()
    .regex(/^\d{1,15}(\.\d{1,9})?$/, { error: aboveZero, abort: true })
    .refine((text) => /[1-9]/.test(text), { error: aboveZero }),
]);

/** The bytes of a file that is no text. */
export const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length > 0, {
  error: 'is empty: it must be the file itself',
});

// --- What is answered ---

/** From Temporal.Instant. */
export const instantOut = z
  .custom<Temporal.Instant>((value) => value instanceof Temporal.Instant)
  .transform(String)
  .pipe(z.iso.datetime().meta({ description: 'UTC', examples: ['2026-05-01T06:00:00Z'] }));

/** From Temporal.PlainDate. */
export const dayOut = z
  .custom<Temporal.PlainDate>((value) => value instanceof Temporal.PlainDate)
  .transform(String)
  .pipe(z.iso.date().meta({ description: 'A UTC day', examples: ['2026-05-01'] }));

/** An operation of this program that helps, by the names of its input. */
export const nextOut = z
  .object({
    operation: z.string().meta({ examples: ['kind set'] }),
    arguments: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  })
  .nullable()
  .meta({ description: 'The operation that helps, and what to call it with' });

/** A quantity or an amount of money: exact, never a JSON number. */
export const decimalOut = z
  .string()
  .regex(/^-?\d+(\.\d+)?$/)
  .meta({ description: 'An exact decimal', examples: ['744.5'] });
