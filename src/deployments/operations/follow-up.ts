import type { OperationCall } from '../../platform/declare/operation.ts';
import { attributeJob } from '../jobs.ts';

/** Attributions follow what people decide: by a job in seconds, or at once where a command decides on the database. */
export async function followUp({ db, follow }: Pick<OperationCall, 'db' | 'follow'>): Promise<void> {
  await db.transaction().execute((trx) => follow(trx, attributeJob, {}));
}
