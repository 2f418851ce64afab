import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { program } from '../../src/modules.ts';
import * as rules from './rules.ts';

// npm run check: what the sources have to look like, beside types, lint, format and arrows.

const cwd = fileURLToPath(new URL('../../', import.meta.url));
const paths = globSync(
  [
    'src/**/*.ts',
    'test/**/*.ts',
    'bench/*.ts',
    'web/**/*.{ts,tsx}',
    'migrations/*.sql',
    'docs/*.md',
    '*.md',
    'src/**/*.md',
  ],
  {
    cwd,
  },
);
const isGenerated = (path: string) => path.endsWith('.gen.ts');
const read = (wanted: (path: string) => boolean) =>
  new Map(
    paths
      .filter((path) => wanted(path) && !isGenerated(path))
      .map((path) => [path, readFileSync(`${cwd}${path}`, 'utf8')]),
  );
const code = read((path) => /\.tsx?$/.test(path));
const all = read(() => true);
const files = new Set(globSync('src/*/*', { cwd }));

const local = ['start', 'demo', 'simulate', 'db', 'token issue', 'secret', 'openapi', 'completion', 'version'];
const commands = [...local, ...program.operations.map(({ name }) => name)];

const found = [
  ...rules.librariesAtHome(code),
  ...rules.parsersInTasks(code),
  ...rules.sqlInStores(code),
  ...rules.tablesOfOwnModule(all),
  ...rules.noCommandLinesInModules(commands)(code),
  ...rules.namedStatements(code),
  ...rules.temporaryTablesInOnePlace(code),
  ...rules.temporaryTablesByHandle(code),
  ...rules.oneWriter(code),
  ...rules.oneCsvWriter(code),
  ...rules.noTestsInProgram(code),
  ...rules.shortFunctions(code),
  ...rules.figuresAsText(code),
  ...rules.noModuleState(code),
  ...rules.usedExports(code),
  ...rules.wholeModules(files)(code),
  ...rules.noRetiredWords(all),
  ...rules.noPrivateWords(code),
];
for (const line of found) process.stderr.write(`${line}\n`);
process.stdout.write(`style: ${code.size} files, ${found.length} wrong\n`);
process.exitCode = found.length > 0 ? 1 : 0;
