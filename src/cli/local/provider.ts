import { connectAccount, identifyCredentials, inventorySettings, openSecretKey } from '../../inventory/index.ts';
import type { Credentials } from '../../cloud/index.ts';
import type { Config } from '../../platform/config.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';

interface NewAccountOptions {
  readonly apiUrl?: string;
}

/**
 * Connects the account of the configured token; one that is connected gets the new token. Of the embedded
 * server's databases, accounts live in `arcadia`, built-in fleets in `arcadia_sandbox`, unless
 * --database says otherwise.
 */
export async function connectNewAccount(session: Session, options: NewAccountOptions): Promise<SessionDatabase> {
  const { realDatabase, sandboxDatabase } = await import('../../platform/database/open-database.ts');
  const builtIn = options.apiUrl?.startsWith('simulator:') === true ? options.apiUrl : null;
  const config = await session.config();
  const { digitaloceanApiUrl, digitaloceanToken } = inventorySettings.of(config);
  const apiUrl = builtIn ?? digitaloceanApiUrl;
  const credentials: Credentials = {
    token: builtIn === null ? (digitaloceanToken ?? '') : 'simulated',
    ...spacesKeys(config),
  };
  const database = await session.database({
    schema: 'migrate',
    usually: builtIn === null ? realDatabase : sandboxDatabase,
  });
  const { identity, ...found } = await identifyCredentials(database.db, { apiUrl, credentials }, session.signal);
  const request = { secretKey: await openSecretKey(database.db, config), ...found };
  await connectAccount(database.db, request, identity, await database.clock.now());
  return database;
}

function spacesKeys(config: Config): Pick<Credentials, 'spaces'> {
  const {
    spacesAccessKeyId: accessKeyId,
    spacesSecretAccessKey: secretAccessKey,
    spacesRegions: regions,
    spacesEndpoint: endpoint,
  } = inventorySettings.of(config);
  if (accessKeyId === null || secretAccessKey === null) return {};
  return { spaces: { accessKeyId, secretAccessKey, regions, ...(endpoint === null ? {} : { endpoint }) } };
}
