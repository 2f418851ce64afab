import { connectAccount } from '../../flows/index.ts';
import { type Account, getAccount, listAccounts, openAccount, openSecretKey } from '../../inventory/index.ts';
import type { Credentials, Provider } from '../../cloud/index.ts';
import type { Config } from '../../platform/config.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { flowContext } from '../engine/flow.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';

/** A connected account; its provider is opened when first asked for and closed with the session. */
interface OpenableAccount {
  readonly account: Account;
  provider(): Promise<Provider>;
}

/** The account of that slug, or all of them. Errors: not_found where there is none. */
export async function chooseAccounts(
  session: Session,
  database: SessionDatabase,
  slug: string | undefined,
): Promise<OpenableAccount[]> {
  const accounts = slug === undefined ? await listAccounts(database.db) : [await getAccount(database.db, slug)];
  if (accounts.length === 0) throw noAccounts();
  const config = await session.config();
  return accounts.map((account) => {
    let opening: Promise<Provider> | undefined;
    return {
      account,
      provider() {
        opening ??= openSecretKey(database.db, config)
          .then((key) => openAccount(database.db, account, key))
          .then((provider) => {
            session.onClose(() => provider.close());
            return provider;
          });
        return opening;
      },
    };
  });
}

function noAccounts(): ArcadiaError {
  return new ArcadiaError(
    'not_found',
    'No account is connected. Connect one (arcadia account connect --help), or see a demonstration (arcadia start).',
  );
}

interface NewAccountOptions {
  readonly apiUrl?: string;
}

/**
 * Connects the account of the configured token; one that is connected gets the new token. Of the embedded
 * server's databases, accounts live in `arcadia`, built-in fleets in `arcadia_sandbox`, unless
 * --database says otherwise.
 */
export async function connectNewAccount(
  session: Session,
  options: NewAccountOptions,
): Promise<{ account: Account; database: SessionDatabase }> {
  const { realDatabase, sandboxDatabase } = await import('../../platform/database/open-database.ts');
  const builtIn = options.apiUrl?.startsWith('simulator:') === true ? options.apiUrl : null;
  const config = await session.config();
  const apiUrl = builtIn ?? config.digitaloceanApiUrl;
  const credentials: Credentials = {
    token: builtIn === null ? (config.digitaloceanToken ?? '') : 'simulated',
    ...spacesKeys(config),
  };
  const database = await session.database({ usually: builtIn === null ? realDatabase : sandboxDatabase });
  const account = await connectAccount(
    database.db,
    { apiUrl, credentials, secretKey: await openSecretKey(database.db, config) },
    await flowContext(session, database),
  );
  return { account, database };
}

function spacesKeys(config: Config): Pick<Credentials, 'spaces'> {
  const {
    spacesAccessKeyId: accessKeyId,
    spacesSecretAccessKey: secretAccessKey,
    spacesRegions: regions,
    spacesEndpoint: endpoint,
  } = config;
  if (accessKeyId === null || secretAccessKey === null) return {};
  return { spaces: { accessKeyId, secretAccessKey, regions, ...(endpoint === null ? {} : { endpoint }) } };
}
