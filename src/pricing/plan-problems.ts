import { z } from 'zod';
import { planSchema } from './plan.ts';

// What of plan files others than their reader know.

/** A plan with a hundred kinds of twenty tiers each has 160,000. */
export const planFileLengthMax = 196_608;

/** What is wrong in a plan file, and where. */
export interface PlanFileProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Within the plan, e.g. `items[2].properties.unitPrice`; empty where the file is no YAML. */
  readonly path: string;
  readonly reason: string;
}

/** `plans/studio.yaml:12: items[2].properties.unitPrice: must not be negative (-1)` */
export function formatProblem({ file, line, path, reason }: PlanFileProblem): string {
  return `${file}:${line}: ${path === '' ? '' : `${path}: `}${reason}`;
}

/** The JSON schema of a plan file, by which editors complete and check it. */
export function planFileJsonSchema(): object {
  return z.toJSONSchema(planSchema, { io: 'input' });
}
