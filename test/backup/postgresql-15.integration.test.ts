import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { insertTwoCustomers } from '../access/two-customers.ts';
import { openTestDatabase } from '../database.ts';
import { openJobs } from '../../src/jobs/index.ts';
import { program } from '../../src/modules.ts';
import { verifyAudit } from '../../src/platform/audit.ts';
import { databaseClock } from '../../src/platform/clock.ts';
import { hasAccess } from '../../src/platform/database/access.ts';
import { connect, type Database } from '../../src/platform/database/database.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { backUpTo, contentOf, openEmptyDatabase, restoreFrom } from './databases.ts';
import { hasPostgres15, startPostgres15 } from './postgresql-15.ts';

// To and from the oldest PostgreSQL that arcadia works with, as a user who may do little there.

describe.skipIf(!hasPostgres15())('PostgreSQL 15, with an ordinary owner', () => {
  let server: Awaited<ReturnType<typeof startPostgres15>>;
  beforeAll(async () => {
    server = await startPostgres15(['made', 'copied', 'from_18']);
  });
  afterAll(() => server?.stop());

  const restored = { intact: true, notedHolds: true, faults: [], rewritings: [{ cause: 'restore' }] };

  function open(name: string): { db: Database; connectionString: string } {
    const connectionString = server.url(name);
    const db = connect({ connectionString, applicationName: 'test' });
    onTestFinished(() => db.destroy());
    return { db, connectionString };
  }

  async function fill({ db, connectionString }: { db: Database; connectionString: string }): Promise<void> {
    await insertTwoCustomers(db);
    const jobs = await openJobs({ db, connectionString, program, clock: databaseClock(db) });
    await jobs.runNow('prune_jobs', {});
    await jobs.close();
  }

  test('a backup goes to another database there, and to the embedded server', async () => {
    const made = open('made');
    await migrate(made.db);
    await fill(made);
    const { bytes, summary } = await backUpTo(made.connectionString);
    expect(summary.header.server).toMatch(/^15\./);
    const content = await contentOf(made.connectionString);

    const copied = open('copied');
    await restoreFrom(bytes, copied.connectionString);
    expect(await contentOf(copied.connectionString)).toEqual(content);
    expect(await hasAccess(copied.db)).toBe(true);
    expect(await verifyAudit(copied.db, summary.header.audit.head)).toMatchObject(restored);

    const superuser = connect({ connectionString: copied.connectionString.replace('shop@', 'arcadia@'), max: 1 });
    for (const catalogue of ['pg_trigger', 'pg_proc', 'pg_policy'])
      for (const upkeep of ['VACUUM FREEZE', 'VACUUM FULL', 'REINDEX TABLE'])
        await sql.raw(`${upkeep} ${catalogue}`).execute(superuser);
    await superuser.destroy();
    expect((await verifyAudit(copied.db, null)).faults).toEqual([]);
    await sql`ALTER TABLE customers DISABLE TRIGGER audit_update`.execute(copied.db);
    await sql`ALTER TABLE customers ENABLE ALWAYS TRIGGER audit_update`.execute(copied.db);
    const { faults } = await verifyAudit(copied.db, null);
    expect(faults).toMatchObject([{ what: 'rewritten', relation: 'customers', name: 'audit_update' }]);

    const embedded = await openEmptyDatabase();
    onTestFinished(() => embedded.close());
    await restoreFrom(bytes, embedded.connectionString);
    expect(await contentOf(embedded.connectionString)).toEqual(content);
  });

  test('a backup of the embedded server goes there', async () => {
    const embedded = await openTestDatabase();
    onTestFinished(() => embedded.close());
    await fill(embedded);
    const { bytes, summary } = await backUpTo(embedded.connectionString);
    const target = open('from_18');
    await restoreFrom(bytes, target.connectionString);
    expect(await contentOf(target.connectionString)).toEqual(await contentOf(embedded.connectionString));
    expect(await verifyAudit(target.db, summary.header.audit.head)).toMatchObject(restored);
    expect(await hasAccess(target.db)).toBe(true);
  });
});
