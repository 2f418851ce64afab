import { z } from 'zod';
import type { Role } from '../../platform/declare/operation.ts';
import { instantOut, line } from '../../platform/declare/schemas.ts';

// What several operations of invoices name.

export const deciders: readonly Role[] = ['owner', 'finance'];

export const monthText = z.string().meta({ description: 'A UTC calendar month', examples: ['2026-05'] });
export const prefix = z.string().max(20).meta({ description: 'Letters, digits, dots, slashes and hyphens' });
export const printedLines = z.array(line).max(10).meta({ description: 'As printed, line by line' });
export const taxIds = z
  .array(line)
  .max(10)
  .meta({ description: 'As printed', examples: [['VAT GB123456789']] });
export const fromInstant = instantOut.nullable().meta({ description: 'null: from the beginning' });
export const toInstant = instantOut.nullable().meta({ description: 'null: still so' });

/** Fields of a party in an answer: null where they are not told. */
export function toldOf<Name extends string>(
  fields: Readonly<Record<Name, z.ZodType>>,
): Record<Name, z.ZodNullable<z.ZodString>> {
  return Object.fromEntries(Object.keys(fields).map((name) => [name, z.string().nullable()])) as never;
}
