import type { Command } from 'commander';
import packageJson from '../../../package.json' with { type: 'json' };
import { addCommand, withSession } from '../engine/command.ts';

export function addVersionCommand(root: Command): void {
  addCommand(root, 'version', {
    summary: 'which version this is, and what it runs on',
    example: `
$ arcadia version
arcadia-cloud  ${packageJson.version}
Node           26.10.0
schema         0008_http`,
  }).action(
    withSession(async (session) => {
      const { readMigrations } = await import('../../platform/database/migrate.ts');
      const schema = (await readMigrations()).at(-1)?.name ?? null;
      const { version } = packageJson;
      const { node } = process.versions;
      if (session.output.json) return session.output.value({ version, node, schema });
      const { fields } = await import('../engine/output.ts');
      await session.output.text(
        fields([
          ['arcadia-cloud', version],
          ['Node', node],
          ['schema', schema],
        ]),
      );
    }),
  );
}
