import type { Operation } from '../../src/platform/declare/operation.ts';
import type { Program } from '../../src/platform/declare/program.ts';
import { viewsOf } from '../../src/cli/engine/tree.ts';
import { nouns } from '../../src/cli/nouns/index.ts';

/** docs/reference.md: every operation, by its heading, as a table. */
export function operationsPage({ operations, tags }: Program): string {
  const commands = Map.groupBy(viewsOf(operations, nouns), ([, { operation }]) => operation);
  const namesOf = (operation: Operation) => commands.get(operation)?.map(([name]) => name) ?? [];
  const parts = tags
    .filter(({ name }) => operations.some(({ tag }) => tag === name))
    .map(({ name, description }) =>
      [
        `## ${name.charAt(0).toUpperCase()}${name.slice(1)}`,
        '',
        description,
        '',
        ...tableOf(
          operations.filter(({ tag }) => tag === name),
          namesOf,
        ),
      ].join('\n'),
    );
  return `${introduction}\n\n${parts.join('\n\n')}\n`;
}

const introduction = `# Operations

Every operation, made from its declaration by \`npm run docs\`. Each is a command and a request to the API below
\`/api/v1\`: a command's \`--json\` is the API's body, on the local database as well as with \`--url\`. \`--help\` of a
command, and the API's reference at \`/api/v1/docs\`, describe its input and answer.`;

const headers = ['operation', 'command', 'method and path', 'roles'];

/** With its columns aligned, as the formatter leaves it. */
function tableOf(operations: readonly Operation[], namesOf: (operation: Operation) => readonly string[]): string[] {
  const rows = [headers, ...operations.map((operation) => cellsOf(operation, namesOf(operation)))];
  const widths = headers.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [first = '', ...rest] = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  return [first, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest];
}

/** @param names its commands: one of each form, where the operation has several */
function cellsOf({ summary, method = 'GET', path, roles, command }: Operation, names: readonly string[]): string[] {
  const words =
    command?.none === undefined ? names.map((name) => `\`arcadia ${name}\``).join(', ') : `none: ${command.none}`;
  return [
    summary.replaceAll('|', '\\|'),
    words,
    `${method} \`${path.replaceAll(/:(\w+)/g, '{$1}')}\``,
    roles.join(', '),
  ];
}
