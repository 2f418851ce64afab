import type { TaskWork } from '../platform/workers/task.ts';
import { parsePlannedResources } from './planned-file.ts';
import type { PlannedResource } from './planned-resources.ts';
import type { NamedText } from './tasks.ts';

export const run: TaskWork<NamedText, PlannedResource[]> = ({ name, text }) => parsePlannedResources(name, text);
