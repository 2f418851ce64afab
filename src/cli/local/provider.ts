import { connectAccountOperation, inventorySettings } from '../../inventory/index.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';
import { noInput } from '../engine/surface.ts';

/**
 * Connects the account of the configured token, as `account connect` does; one that is connected gets the new token. Of
 * the embedded server's databases it is the one of the real accounts, unless --database says otherwise.
 */
export async function connectConfigured(session: Session, token: string): Promise<SessionDatabase> {
  const { realDatabase } = await import('../../platform/database/open-database.ts');
  const { localSurface } = await import('../engine/local-surface.ts');
  const { program } = await import('../../modules.ts');
  const {
    spacesAccessKeyId: accessKeyId,
    spacesSecretAccessKey: secretAccessKey,
    spacesRegions: regions,
  } = inventorySettings.of(await session.config());
  const database = await session.database({ usually: realDatabase, schema: 'migrate' });
  const spaces =
    accessKeyId === null || secretAccessKey === null ? {} : { spaces: { accessKeyId, secretAccessKey, regions } };
  const surface = localSurface(session, program, { database });
  await surface.act(connectAccountOperation, { ...noInput, body: { token, ...spaces } });
  return database;
}
