import type { TaskWork } from '../platform/workers/task.ts';
import { type BillFile, parseBillFile } from './bill-file.ts';

export const run: TaskWork<string, BillFile> = (csv) => parseBillFile(csv);
