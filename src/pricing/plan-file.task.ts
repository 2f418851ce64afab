import type { TaskWork } from '../platform/workers/task.ts';
import type { PlanVersion } from './plan.ts';
import { readPlanFile } from './plan-file.ts';
import { ReadingBudget } from './reading-budget.ts';
import type { CopiedPlan, CopiedRead, NamedText } from './tasks.ts';

interface Input {
  readonly files: readonly NamedText[];
  readonly kinds: readonly string[];
}

export const run: TaskWork<Input, CopiedRead[]> = ({ files, kinds }) => {
  const budget = new ReadingBudget();
  const known = new Set(kinds);
  return files.map(({ name, text }) => {
    const read = readPlanFile(name, text, known, budget);
    return read.plan === null ? read : { ...read, plan: copied(read.plan) };
  });
};

function copied({ from, discount, ...plan }: PlanVersion): CopiedPlan {
  return {
    ...plan,
    from: from.toString(),
    discount: discount && { ...discount, until: discount.until?.toString() ?? null },
  };
}
