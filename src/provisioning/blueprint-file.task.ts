import type { TaskWork } from '../platform/workers/task.ts';
import { readBlueprint } from './blueprint-file.ts';
import type { NamedText } from './blueprint-problems.ts';

export const run: TaskWork<readonly NamedText[], ReturnType<typeof readBlueprint>> = readBlueprint;
