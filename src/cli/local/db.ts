import type { Command } from 'commander';
import { addCommand, withSession } from '../engine/command.ts';
import { plural } from '../engine/output.ts';

export function addDbCommands(program: Command): void {
  const db = program.command('db').summary('the database and its schema').description('The database and its schema.');

  addCommand(db, 'migrate', {
    summary: 'bring the schema up to this version',
    details:
      'Every other command does the same before it works. All of it applies or nothing, and any number of processes may do it at once.',
    example: `
$ arcadia db migrate
Applied 5 migrations:
  0001_platform
  ...`,
  }).action(
    withSession(async (session) => {
      const { migrate } = await import('../../platform/database/migrate.ts');
      const { db } = await session.database({ migrate: false });
      const applied = await migrate(db);
      if (session.output.json) return session.output.value({ applied });
      if (applied.length === 0) return session.output.text('The schema is up to date.');
      await session.output.text(
        [`Applied ${plural(applied.length, 'migration')}:`, ...applied.map((name) => `  ${name}`)].join('\n'),
      );
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
      const { db } = await session.database({ migrate: false });
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
}
