import type { TaskWork } from '../platform/workers/task.ts';
import { type NamedText, readBlueprint } from './blueprint-file.ts';

export const run: TaskWork<readonly NamedText[], ReturnType<typeof readBlueprint>> = readBlueprint;
