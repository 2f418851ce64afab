import { allSettings } from '../../src/platform/config.ts';
import type { Program } from '../../src/platform/declare/program.ts';

/** docs/settings.md: every setting, as a table. */
export function settingsPage({ settings }: Program): string {
  const rows = Object.entries(allSettings(settings)).map(
    ([name, { env, purpose, usually, secret, fallback, allowed }]) => [
      `\`${name}\``,
      `\`${env}\``,
      usually ?? asDefault(fallback()),
      `${purpose.charAt(0).toUpperCase()}${purpose.slice(1)}. Allowed: ${allowed}${secret === true ? '. Secret: it is never shown' : ''}`,
    ],
  );
  return `${introduction}\n\n${tableOf([headers, ...rows])}\n\n${conclusion}\n`;
}

const introduction = `# Settings

Every setting, made from its declaration by \`npm run docs\`. The first that has a value counts: a flag of the command
(\`--log-level\`, where a command has it), the variable of the environment, the name in the file, the default. The file is
\`arcadia.yaml\` in the working folder, or the one that \`ARCADIA_CONFIG\` or \`--config\` names. A variable that is set to
nothing counts as not set. Every mistake is reported at the start (\`invalid_config\`), each with its name, where it came
from and what is allowed; so is a variable that begins with \`ARCADIA_\` and is none of these.`;

const conclusion = `Commands that run on a server (\`--url\`) read \`ARCADIA_URL\` and \`ARCADIA_TOKEN\`. Traces have OpenTelemetry's own variables
([operations.md](operations.md)), backups in a store those of AWS ([backup.md](backup.md)).

A file has the names on the left:

\`\`\`yaml
databaseUrl: postgres://arcadia:secret@db.internal:5432/arcadia
host: 0.0.0.0
logFormat: json
schedule: { spaces: "5 2 * * *", backups: null }
\`\`\``;

const headers = ['in the file', 'in the environment', 'default', 'what it is for'];

function asDefault(value: unknown): string {
  if (value === null) return 'none';
  if (typeof value === 'string' || typeof value === 'number') return `\`${value}\``;
  const empty = Array.isArray(value) ? value.length === 0 : Object.keys(value as object).length === 0;
  return empty ? 'none' : `\`${JSON.stringify(value)}\``;
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = headers.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const [first = '', ...rest] = cells.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  return [first, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest].join('\n');
}
