import type { OperationCall } from '../../platform/declare/operation.ts';
import { attributeJob } from '../jobs.ts';

/** Attributions follow what people decide by a job, in seconds. */
export async function followUp({ db, enqueue }: Pick<OperationCall, 'db' | 'enqueue'>): Promise<void> {
  await db.transaction().execute((trx) => enqueue(trx, attributeJob, {}));
}
