import { z } from 'zod';
import { ArcadiaError } from '../platform/errors.ts';
import { recordOf } from '../platform/declare/schemas.ts';
import { slugPattern } from './deployments.ts';
import { parseMoment } from './moments.ts';
import type { Owner } from './owner-sets.ts';

const instant = z
  .string()
  .max(40)
  .transform((text, context) => {
    const moment = parseMoment(text);
    if (moment) return moment;
    context.addIssue({
      code: 'custom',
      message: `${text} is neither a day (2026-05-01) nor an instant (2026-05-01T12:00:00Z)`,
    });
    return z.NEVER;
  });
const slug = z.string().regex(slugPattern, 'is not a deployment slug');
const pattern = z.string().min(1).max(255);

/** More than a person keeps in view; what tells a fleet apart by then are projects and the tag deployment:<slug>. */
const declaredRulesMax = 2_000;
/** How many problems are told of one file: whoever mends so many asks again. */
export const problemsMax = 1_000;
/** As many as share a resource by an assignment. */
const sharesMax = 100;

export const declaredRule = z
  .strictObject({
    name: pattern.optional().describe('A name with * (any characters) and ? (one character)'),
    tag: pattern.optional().describe('A tag, exactly'),
    project: pattern.optional().describe("The provider's id of a project"),
    deployment: slug.optional(),
    shares: recordOf(slug, z.int().min(1), sharesMax)
      .optional()
      .describe('Deployments and the weights of their shares'),
    from: instant.optional().describe('From when on; the beginning of history by default'),
    to: instant.optional().describe('Until when, not included; no end by default'),
    kinds: z
      .array(z.string().min(1).max(63))
      .min(1)
      .max(100)
      .optional()
      .describe('Kinds of resource it is for; every kind by default'),
    position: z.number().positive().optional().describe('Its place in the order of all rules'),
  })
  .superRefine((rule, context) => {
    if ([rule.name, rule.tag, rule.project].filter((value) => value !== undefined).length !== 1) {
      context.addIssue({ code: 'custom', message: 'give exactly one of name, tag and project' });
    }
    if ((rule.deployment === undefined) === (rule.shares === undefined)) {
      context.addIssue({ code: 'custom', message: 'give exactly one of deployment and shares', path: ['deployment'] });
    }
    if (rule.shares && Object.keys(rule.shares).length === 0) {
      context.addIssue({ code: 'custom', message: 'names no deployment', path: ['shares'] });
    }
    if (rule.from && rule.to && Temporal.Instant.compare(rule.from, rule.to) >= 0) {
      context.addIssue({ code: 'custom', message: 'is not after from', path: ['to'] });
    }
  });

/** A rules file: all of the operator's rules, first match first within each kind. */
export const declaredRulesSchema = z.strictObject({ rules: z.array(declaredRule).max(declaredRulesMax) });

/** A rule as a rules file writes it. */
export type DeclaredRuleFile = z.input<typeof declaredRule>;

export interface DeclaredRule {
  /** What an error calls it: `rules[3] (name acme-*)`. */
  readonly label: string;
  readonly kind: 'project' | 'tag' | 'name';
  /** The pattern, the tag, or the provider's id of the project. */
  readonly subject: string;
  /** Sorted; null: every kind of resource. */
  readonly resourceKinds: readonly string[] | null;
  readonly owners: readonly Owner[];
  /** null: the beginning of history. */
  readonly from: Temporal.Instant | null;
  /** null: no end. */
  readonly to: Temporal.Instant | null;
  /** A decimal: its place among all rules; null: by the order of the file. */
  readonly position: string | null;
}

/**
 * Where rules of a kind stand unless they say so, among the built-in ones: manual assignment at
 * 100, the tag deployment:<slug> at 300, inheritance at 500.
 */
export const defaultPositions = { project: 200, tag: 350, name: 400 } as const;

function labelOf(index: number, rule: unknown): string {
  if (typeof rule === 'object' && rule !== null) {
    for (const kind of ['name', 'tag', 'project'] as const) {
      const subject = (rule as Record<string, unknown>)[kind];
      if (typeof subject === 'string') return `rules[${index}] (${kind} ${subject})`;
    }
  }
  return `rules[${index}]`;
}

/**
 * Reads declared rules, from what a YAML or JSON file holds. Throws invalid_argument that names
 * every rule and field that is wrong.
 */
export function parseDeclaredRules(data: unknown): DeclaredRule[] {
  const parsed = declaredRulesSchema.safeParse(data);
  if (!parsed.success) {
    const raw = (data as { rules?: unknown[] } | null)?.rules;
    const problems = parsed.error.issues.slice(0, problemsMax).map((issue) => {
      const [top, index, ...field] = issue.path;
      const rule =
        top === 'rules' && typeof index === 'number'
          ? labelOf(index, Array.isArray(raw) ? raw[index] : null)
          : issue.path.join('.');
      return { rule, field: field.join('.'), reason: issue.message };
    });
    throw new ArcadiaError(
      'invalid_argument',
      problems
        .map(({ rule, field, reason }) => [rule, field, reason].filter((part) => part !== '').join(': '))
        .join('\n'),
      { details: { problems } },
    );
  }
  return parsed.data.rules.map((rule, index) => {
    const kind = rule.name !== undefined ? 'name' : rule.tag !== undefined ? 'tag' : 'project';
    return {
      label: labelOf(index, rule),
      kind,
      subject: (rule.name ?? rule.tag ?? rule.project) as string,
      resourceKinds: rule.kinds ? [...new Set(rule.kinds)].sort() : null,
      owners: rule.shares
        ? Object.entries(rule.shares).map(([deployment, weight]) => ({ deployment, weight }))
        : [{ deployment: rule.deployment as string, weight: 1 }],
      from: rule.from ?? null,
      to: rule.to ?? null,
      position: rule.position === undefined ? null : String(rule.position),
    };
  });
}
