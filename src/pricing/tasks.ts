import { declareTask } from '../platform/workers/task.ts';
import type { PlanVersion } from './plan.ts';
import type { PlanFileProblem } from './plan-problems.ts';
import type { PlannedResource } from './planned-resources.ts';

// Files that people write, read in processes of the pool: those of a request together, on one budget.

export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** More than a request can hold, whose texts are counted in characters. */
const inputBytesMax = 64 * 1024 * 1024;
const msMax = 10_000;

/** A plan as it can be copied: days as text. */
export type CopiedPlan = Omit<PlanVersion, 'from' | 'discount'> & {
  readonly from: string;
  readonly discount: (Omit<NonNullable<PlanVersion['discount']>, 'until'> & { readonly until: string | null }) | null;
};

export type CopiedRead =
  | {
      readonly file: string;
      readonly plan: CopiedPlan;
      readonly problems: [];
      readonly lines: { readonly from: number; readonly currency: number };
    }
  | { readonly file: string; readonly plan: null; readonly problems: PlanFileProblem[] };

export const readPlanFilesTask = declareTask<
  { readonly files: readonly NamedText[]; readonly kinds: readonly string[] },
  readonly CopiedRead[]
>({ name: 'read_plans', file: new URL('./plan-file.task.ts', import.meta.url), inputBytesMax, msMax });

export const readPlannedResourcesTask = declareTask<NamedText, readonly PlannedResource[]>({
  name: 'read_planned_resources',
  file: new URL('./planned-resources.task.ts', import.meta.url),
  inputBytesMax,
  msMax,
});
