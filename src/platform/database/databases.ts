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

/** Makes the database unless it is there; as a copy of `template`, if one is named. */
export async function ensureDatabase(admin: string, name: string, template?: string): Promise<void> {
  const from = template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(template)}`;
  await withClient(admin, async (client) => {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}${from}`);
    } catch (error) {
      if (!alreadyThere.includes((error as { code?: string }).code ?? '')) throw error;
    }
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
