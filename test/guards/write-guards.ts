import { writeFileSync } from 'node:fs';
import { connect } from '../../src/platform/database/database.ts';
import { dropDatabase, ensureDatabase } from '../../src/platform/database/databases.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { embeddedOwner, openEmbeddedDatabase } from '../../src/platform/embedded/embedded.ts';
import { guardsFile } from '../../src/platform/guards/expected-guards.ts';
import { serverFolder } from '../server-folder.ts';
import { selectGuards } from '../../src/platform/guards/guards.store.ts';

// Writes migrations/guards.json anew, from a database that the migrations have just made on the tests' server.

const server = await openEmbeddedDatabase({
  dataDir: serverFolder(),
  database: 'postgres',
  settings: { fsync: 'off' },
});
const admin = server.superuserConnectionString('postgres');
const name = `test_${process.pid}_guards`;
await ensureDatabase(admin, name, { owner: embeddedOwner });
const db = connect({ connectionString: server.connectionString(name), max: 1 });
try {
  await migrate(db);
  writeFileSync(new URL('../../migrations/guards.json', import.meta.url), guardsFile(await selectGuards(db)));
} finally {
  await db.destroy();
  await dropDatabase(admin, name);
  await server.release();
}
