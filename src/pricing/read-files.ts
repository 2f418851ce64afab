import { runTask } from '../platform/workers/pool.ts';
import type { PlanVersion } from './plan.ts';
import type { ReadPlanFile } from './plan-file.ts';
import type { PlannedResource } from './planned-resources.ts';
import { type CopiedPlan, type NamedText, readPlanFilesTask, readPlannedResourcesTask } from './tasks.ts';

/** Plan files, as `readPlanFile` reads each, on one budget. Errors: too_costly, overloaded. */
export async function readPlanFiles(
  files: readonly NamedText[],
  kinds: ReadonlySet<string>,
  signal?: AbortSignal,
): Promise<ReadPlanFile[]> {
  const what = files.length === 1 ? `The plan file ${files[0]?.name}` : `What is in the ${files.length} plan files`;
  const reads = await runTask(readPlanFilesTask, { files, kinds: [...kinds] }, { what, signal });
  return reads.map((read) => (read.plan === null ? read : { ...read, plan: planOf(read.plan) }));
}

function planOf({ from, discount, ...plan }: CopiedPlan): PlanVersion {
  const until = discount?.until ?? null;
  return {
    ...plan,
    from: Temporal.PlainDate.from(from),
    discount: discount && { ...discount, until: until === null ? null : Temporal.PlainDate.from(until) },
  };
}

/** A list of resources, as `parsePlannedResources` reads it. Errors: invalid_argument, too_costly, overloaded. */
export async function readPlannedResources(file: NamedText, signal: AbortSignal): Promise<readonly PlannedResource[]> {
  return runTask(readPlannedResourcesTask, file, { what: file.name, signal });
}
