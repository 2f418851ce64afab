import type { TaskWork } from '../platform/workers/task.ts';
import { parseCustomerFile } from './customer-file.ts';
import { type CustomerFile, partRows } from './customer-rows.ts';

/** What a file says, as it is copied quickly: its rows as JSON, some thousand at a time. */
export interface CopiedFile extends Pick<CustomerFile, 'problems'> {
  readonly parts: readonly string[];
}

export const run: TaskWork<string, CopiedFile> = async (csv) => {
  const { rows, problems } = await parseCustomerFile(csv);
  const parts = Array.from({ length: Math.ceil(rows.length / partRows) }, (_, part) =>
    JSON.stringify(rows.slice(part * partRows, (part + 1) * partRows)),
  );
  return { parts, problems };
};
