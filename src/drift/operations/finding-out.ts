import { z } from 'zod';
import { decimalOut, id, instantOut, slug } from '../../platform/declare/schemas.ts';
import type { Finding } from '../findings.ts';
import { categories, severities, states } from '../findings.store.ts';

export const severity = z.enum(severities);
export const category = z.enum(categories);
export const findingState = z.enum(states);

export const findingKey = z
  .string()
  .regex(/^[0-9a-f]{20}$/, { error: 'is not the id of a finding' })
  .meta({ description: 'The id of a finding', examples: ['3f0a9c21d4b87e65a1c0'] });

export const finding = z
  .object({
    finding: findingKey,
    category,
    rule: z.string().meta({ examples: ['changed'] }),
    severity,
    state: findingState,
    deployment: slug.nullable(),
    declaration: slug.nullable().meta({ description: 'null: it needs none' }),
    address: z.string().nullable().meta({ description: 'In the declaration' }),
    account: slug.nullable(),
    resourceId: id.nullable(),
    kind: z.string(),
    name: z.string(),
    field: z.string().nullable().meta({ description: 'null: the resource itself' }),
    declared: z.unknown().meta({ description: 'An exact value or a bound; null: nothing' }),
    actual: z.unknown(),
    monthly: decimalOut
      .nullable()
      .meta({ description: 'What it adds to a month at list price, negative where it saves; null: not known' }),
    currency: z.string().nullable(),
    priceSource: z.string().nullable().meta({ description: 'The prices that the amount rests on' }),
    remedyMonthly: decimalOut.nullable().meta({
      description: 'What would mend it adds to a month: backups cost a share of the size; null: none, or not known',
    }),
    partOf: findingKey.nullable().meta({ description: 'The finding that it is a part of' }),
    parts: z.int().meta({ description: 'How many others are parts of it' }),
    stale: z.boolean().meta({ description: 'It cannot be seen now: what was known last' }),
    reason: z.string().nullable().meta({ description: 'Why it is acknowledged or ignored' }),
    until: instantOut.nullable().meta({ description: 'When ignoring it ends' }),
    sinceAfter: instantOut.nullable().meta({ description: 'The last look that agreed; null: not known' }),
    sinceBefore: instantOut.meta({ description: 'It began by then: the first look that differed, or the declaration' }),
    foundAt: instantOut.meta({ description: 'When it was found as it is now' }),
  })
  .meta({
    id: 'Finding',
    description:
      'A difference between what is declared and what the provider shows, or what needs no declaration to be seen',
  });

export function findingAnswer({ valuesDigest: _, declared, actual, ...row }: Finding): z.input<typeof finding> {
  return { ...row, declared: declared ?? null, actual: actual ?? null };
}
