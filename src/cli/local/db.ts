import type { Command } from 'commander';
import { addBackupCommands } from './backup.ts';
import { addCommand, withSession } from '../engine/command.ts';
import { plural } from '../engine/output.ts';

export function addDbCommands(program: Command): void {
  const db = program.command('db').summary('the database and its schema').description('The database and its schema.');

  addCommand(db, 'migrate', {
    summary: 'bring the schema up to this version',
    details: `Only this and start change the schema; every other command refuses a database of another version (schema_older,
schema_newer). All of it applies or nothing, and any number of processes may do it at once. Make a backup first.`,
    example: `
$ arcadia db migrate
Applied 5 migrations:
  0001_platform
  ...`,
  }).action(
    withSession(async (session) => {
      const { migrate } = await import('../../platform/database/migrate.ts');
      const { restoreAccess } = await import('../../platform/database/access.ts');
      const { db } = await session.database({ schema: 'any' });
      const applied = await migrate(db);
      const accessRestored = await restoreAccess(db);
      if (session.output.json) return session.output.value({ applied, accessRestored });
      const said =
        applied.length === 0
          ? ['The schema is up to date.']
          : [`Applied ${plural(applied.length, 'migration')}:`, ...applied.map((name) => `  ${name}`)];
      if (accessRestored) said.push('Database roles or rights were missing and have been restored.');
      await session.output.text(said.join('\n'));
    }),
  );

  addCommand(db, 'status', {
    summary: 'which migrations this database has',
    example: `
$ arcadia db status
MIGRATION       STATE
0001_platform   applied
0002_inventory  pending`,
  }).action(
    withSession(async (session) => {
      const { migrationStatus } = await import('../../platform/database/migrate.ts');
      const { db } = await session.database({ schema: 'any' });
      await session.output.list(
        await migrationStatus(db),
        [
          { header: 'migration', value: (row) => row.name },
          { header: 'state', value: (row) => row.state },
        ],
        'There are no migrations.',
      );
    }),
  );

  addBackupCommands(db);
}
