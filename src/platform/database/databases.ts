import pg from 'pg';

// Databases of one server, by name. `admin` is a connection string to another database of it.

async function withClient<T>(admin: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: admin, application_name: 'arcadia databases' });
  // A connection that breaks fails the query under way; nobody else has to hear of it.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const alreadyThere = ['42P04', '23505']; // duplicate_database; unique_violation: another made it just now

interface MakeOptions {
  /** The database that it is to be a copy of: of its files, which takes a third of the time that a copy by the log does. */
  readonly template?: string | undefined;
  /** Another user than the one who makes it. */
  readonly owner?: string | undefined;
}

/** Makes the database unless it is there. */
export async function ensureDatabase(admin: string, name: string, options: MakeOptions = {}): Promise<void> {
  const { template, owner } = options;
  const from = template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(template)} STRATEGY file_copy`;
  const by = owner === undefined ? '' : ` OWNER ${pg.escapeIdentifier(owner)}`;
  await withClient(admin, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}${by}${from}`);
    } catch (error) {
      if (!alreadyThere.includes((error as { code?: string }).code ?? '')) throw error;
    }
  });
}

/** The roles that requests and programs beside ours run as (migrations/0001_platform.sql). */
const accessRoles = ['arcadia_worker', 'arcadia_api', 'arcadia_customer'];

/**
 * Makes the user to whom databases are to belong, unless it is there, and what it may not make itself: the roles that
 * requests run as, each of which it may take on. `admin` is a superuser's; one caller at a time.
 */
export async function ensureOwner(admin: string, owner: string, password: string): Promise<void> {
  await withClient(admin, async (client) => {
    const { rows } = await client.query<{ rolname: string }>('SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)', [
      [owner, ...accessRoles],
    ]);
    const known = new Set(rows.map(({ rolname }) => rolname));
    if (known.has(owner)) return;
    await client.query('BEGIN');
    for (const role of accessRoles.filter((name) => !known.has(name)))
      await client.query(`CREATE ROLE ${role} NOLOGIN`);
    await client.query(
      `CREATE ROLE ${pg.escapeIdentifier(owner)} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD ${pg.escapeLiteral(password)}`,
    );
    await client.query(`GRANT ${accessRoles.join(', ')} TO ${pg.escapeIdentifier(owner)}`);
    await client.query('COMMIT');
  });
}

/** Drops the database, if it is there, and every connection to it. */
export async function dropDatabase(admin: string, name: string): Promise<void> {
  await withClient(admin, (client) =>
    client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`),
  );
}

/**
 * Commits without waiting for the disk: after a power cut the last moments may be missing, though
 * never torn. For databases of simulated clouds, whose history can be made again; it makes theirs,
 * thousands of small transactions, several times faster.
 */
export async function relaxDurability(admin: string, name: string): Promise<void> {
  await withClient(admin, (client) =>
    client.query(`ALTER DATABASE ${pg.escapeIdentifier(name)} SET synchronous_commit = off`),
  );
}
