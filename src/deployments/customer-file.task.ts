import type { TaskWork } from '../platform/workers/task.ts';
import { parseCustomerFile } from './customer-file.ts';
import type { CustomerFile, ImportRow } from './customer-rows.ts';

/** A file's rows as they can be copied: an instant in nanoseconds. */
export interface CopiedFile extends Pick<CustomerFile, 'problems'> {
  readonly rows: readonly (Omit<ImportRow, 'startsAt'> & { readonly startsAt: bigint })[];
}

export const run: TaskWork<string, CopiedFile> = async (csv) => {
  const { rows, problems } = await parseCustomerFile(csv);
  return { rows: rows.map((row) => ({ ...row, startsAt: row.startsAt.epochNanoseconds })), problems };
};
