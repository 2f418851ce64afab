import { recordWritings } from '../guards/writings.ts';
import type { Database } from './database.ts';
import { statement } from './statement.ts';

/**
 * Whether the database roles are on this server and have the rights that the migrations gave them. A dump that was
 * restored on another server has lost both.
 */
export async function hasAccess(db: Database): Promise<boolean> {
  const { rows } = await statement<{ whole: boolean }>('platform.hasAccess')`
    SELECT NOT EXISTS (SELECT FROM access_gaps()) AS whole`.execute(db);
  return rows[0]?.whole === true;
}

/** Makes roles, policies and rights again where something of them is missing, which the audit log then says. Returns whether anything was. */
export async function restoreAccess(db: Database): Promise<boolean> {
  if (await hasAccess(db)) return false;
  // It writes policies anew: what was written before that is none of its doing.
  await db.transaction().execute((trx) => recordWritings(trx, 'unknown'));
  await db.transaction().execute(async (trx) => {
    await statement('platform.restoreAccess')`CALL restore_access()`.execute(trx);
    await recordWritings(trx, 'access');
  });
  return true;
}
