import { z } from 'zod';
import { instant, instantOut, slug } from '../../platform/declare/schemas.ts';
import { declaredRulesSchema } from '../declared-rules.ts';
import type { Rule } from '../rules.ts';
import { owners } from './moved.ts';

// How rules are said over HTTP: as rows of their list, and as a rules file.

const ruleFields = {
  kind: z.enum(['manual', 'project', 'deployment_tag', 'tag', 'name', 'inheritance']),
  position: z.string().meta({ description: 'A decimal: rules are tried by it', examples: ['400'] }),
  project: z.string().nullable().meta({ description: "The provider's id, of a link to a project" }),
  projectName: z.string().nullable(),
  pattern: z
    .string()
    .nullable()
    .meta({ examples: ['acme-*'] }),
  resourceKinds: z.array(z.string()).nullable().meta({ description: 'null: every kind' }),
  origin: z.enum(['built in', 'declared', 'import']),
};

/** The fields of a rule, over an interval. */
export const shownFields = {
  ...ruleFields,
  owners: owners.nullable().meta({ description: 'null: a built-in rule, which finds the owner itself' }),
  from: instantOut.nullable().meta({ description: 'null: the beginning of history' }),
  to: instantOut.nullable().meta({ description: 'null: no end' }),
};

export const ruleOut = z
  .object({ ruleId: z.int(), ...shownFields })
  .meta({ id: 'Rule', description: 'What a rule says over an interval' });

export function ruleAnswer({ owners: of, ...rest }: Rule): z.input<typeof ruleOut> {
  return { ...rest, owners: ownersOut(of) };
}

export function ownersOut(of: Rule['owners']): z.input<typeof owners> | null {
  return of?.map(({ slug: name, weight }) => ({ deployment: name, weight })) ?? null;
}

/** What becomes of rules, counted. */
export const ruleCounts = z.object({ added: z.int(), changed: z.int(), ended: z.int(), unchanged: z.int() });

const text = z.string().max(255);
const listedRule = z.strictObject({
  ruleId: z.int(),
  ...ruleFields,
  position: z.string().regex(/^\d{1,20}(\.\d{1,20})?$/),
  project: text.nullable(),
  projectName: text.nullable(),
  pattern: text.nullable(),
  resourceKinds: z.array(z.string().max(63)).max(100).nullable(),
  owners: z
    .array(z.strictObject({ deployment: slug, weight: z.int().min(1) }))
    .max(100)
    .nullable(),
  from: instant.nullable(),
  to: instant.nullable(),
});

/** A rules file, or what the list of rules gave. */
export const rulesBody = z
  .strictObject({
    rules: declaredRulesSchema.shape.rules.optional(),
    items: z
      .array(listedRule)
      .max(4_000)
      .optional()
      .meta({ description: 'In place of rules: what the list of rules gave' }),
    nextCursor: z.null().optional().meta({ description: 'As the list has it: null, for it must be all of the list' }),
    total: z.int().optional().meta({ description: 'As the list has it' }),
  })
  .refine(({ rules: declared, items }) => (declared === undefined) !== (items === undefined), {
    error: 'needs rules, or items as the list of rules gives them',
  })
  .meta({
    description: 'All of your rules: one that is left out ends now, unless others are kept',
    examples: [{ rules: [{ name: 'acme-*', deployment: 'acme' }] }],
  });

/** A body as the domain reads a rules file: with its moments as text. */
export function rulesFileOf({ rules: declared, items }: z.output<typeof rulesBody>): unknown {
  return {
    rules:
      declared?.map(({ from, to, ...one }) => ({ ...one, from: from?.toString(), to: to?.toString() })) ??
      items?.flatMap(asDeclared),
  };
}

/** A row of `rule list` as a rules file says it. What is built in or imported is not its business. */
function asDeclared({ kind, origin, owners: of, from, to, ...row }: z.output<typeof listedRule>): object[] {
  if (origin !== 'declared' || of === null) return [];
  return [
    {
      [kind]: row.project ?? row.pattern ?? undefined,
      shares: Object.fromEntries(of.map(({ deployment, weight }) => [deployment, weight])),
      from: from?.toString(),
      to: to?.toString(),
      kinds: row.resourceKinds ?? undefined,
      position: Number(row.position),
    },
  ];
}
