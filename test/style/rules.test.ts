import { describe, expect, test } from 'vitest';
import * as rules from './rules.ts';

const sources = (files: Record<string, string>) => new Map(Object.entries(files));
const long = (name: string) => `export function ${name}() {\n${'  work();\n'.repeat(80)}}`;

describe.each<[string, rules.Rule, Record<string, string>, Record<string, string>]>([
  [
    'a library stands in the module that knows it',
    rules.librariesAtHome,
    { 'src/metering/a.ts': `import Fastify from 'fastify';`, 'src/pricing/a.ts': `import '@clickhouse/client';` },
    { 'src/http/a.ts': `import Fastify from 'fastify';`, 'src/metering/records/a.ts': `import '@clickhouse/client';` },
  ],
  [
    'what people hand in is read in tasks',
    rules.parsersInTasks,
    {
      'src/cli/main.ts': `import './a.ts'; await import('./b.ts');`,
      'src/cli/a.ts': `import { parse } from 'yaml'; inflateSync(parse(text));`,
      'src/cli/b.ts': `import { run } from './c.task.ts'; await import('pdfkit');`,
      'src/cli/c.task.ts': '',
    },
    {
      'src/cli/main.ts': `import './a.ts'; import '../platform/config.ts';`,
      'src/cli/a.ts': `import type { Node } from 'yaml'; import type { Output } from './c.task.ts'; declareTask('./c.task.ts');`,
      'src/cli/c.task.ts': `import { parse } from 'yaml'; inflateSync(parse(text));`,
      'src/platform/config.ts': `import { parse } from 'yaml';`,
    },
  ],
  [
    'SQL stands in stores',
    rules.sqlInStores,
    { 'src/metering/a.ts': "import { sql } from 'kysely'; sql`SELECT 1`.execute(db);" },
    {
      'src/metering/a.store.ts': "import { sql } from 'kysely'; sql`SELECT 1`.execute(db);",
      'src/metering/store.ts': "import { sql } from 'kysely'; sql<{ a: string }>`SELECT 1`.execute(db);",
    },
  ],
  [
    "another module's tables are read through its views",
    rules.tablesOfOwnModule,
    {
      'migrations/0004_metering.sql': 'CREATE TABLE usage (n int);\nCREATE VIEW sums AS SELECT 1;',
      'src/pricing/a.store.ts': "statement('pricing.a')`SELECT n FROM usage`",
    },
    {
      'migrations/0004_metering.sql': 'CREATE TABLE usage (n int);\nCREATE VIEW metering_sums AS SELECT n FROM usage;',
      'src/pricing/a.store.ts': "statement('pricing.a')`SELECT n FROM metering_sums`",
      'src/metering/a.store.ts': "statement('metering.a')`SELECT n FROM usage`",
    },
  ],
  [
    'a module names operations, and no command line',
    rules.noCommandLinesInModules(['meter run']),
    { 'src/metering/a.ts': "fail('Nothing is metered. Run: arcadia meter run');" },
    { 'src/cli/nouns/a.ts': "note('Next: arcadia meter run');", 'src/metering/a.ts': "name('arcadia worker');" },
  ],
  [
    'a statement has a name',
    rules.namedStatements,
    { 'src/metering/a.store.ts': 'sql<Row>`SELECT 1`.execute(db);' },
    { 'src/metering/a.store.ts': "statement<Row>('metering.a')`SELECT ${sql`1`}`.execute(db);" },
  ],
  [
    'one place writes to the streams of the process',
    rules.oneWriter,
    {
      'src/cli/nouns/a.ts': 'process.stdout.write(name);',
      'src/cli/nouns/b.ts': "process['stderr'].write(name);",
      'src/jobs/c.ts': 'console.log(name);',
      'src/jobs/d.ts': 'const { stdout } = process;',
      'src/jobs/e.ts': "import { stderr } from 'node:process';",
    },
    {
      'src/cli/engine/output.ts': 'process.stdout.write(clean(name));',
      'src/platform/log.ts': 'const stream = process.stderr;',
      'src/cli/nouns/a.ts': 'output.note(name); child.stdout.on("data", read); process.exitCode = 1;',
      'src/jobs/a.test.ts': 'console.log(name);',
    },
  ],
  [
    'one function makes lines of CSV',
    rules.oneCsvWriter,
    {
      'src/invoices/a.ts': "const line = `${cells.map(quote).join(',')}\\r\\n`;",
      'src/jobs/a.ts': "const csv = [cells.join(';'), rest].join('\\r\\n');",
    },
    {
      'src/platform/csv.ts': "const line = `${cells.map(quote).join(',')}\\r\\n`;",
      'src/invoices/a.ts': "const names = `Columns: ${cells.join(', ')}\\n`; const csv = rows.map(csvLine).join('');",
    },
  ],
  [
    'temporary tables are made in one place',
    rules.temporaryTablesInOnePlace,
    {
      'src/metering/a.store.ts': "statement('metering.a')`CREATE TEMPORARY TABLE scope (n int)`",
      'src/metering/b.store.ts': "statement('metering.b')`\n  CREATE TEMP TABLE scope AS SELECT 1`",
      'src/metering/b.test.ts': 'sql`create local temporary table scope (n int)`',
    },
    {
      'src/platform/database/temporary-table.ts': 'sql`CREATE TEMPORARY TABLE ${handle} ${definition}`',
      'src/metering/a.store.ts': "createTemporaryTable(trx, { statement: 'metering.a', table: 'scope' }, sql`n int`);",
    },
  ],
  [
    'a temporary table is read by its handle',
    rules.temporaryTablesByHandle,
    {
      'src/metering/a.store.ts':
        "createTemporaryTableAs(trx, { statement: 'metering.a', table: 'scope' }, sql`SELECT 1`); sql`SELECT FROM scope s`;",
    },
    {
      'src/metering/a.store.ts':
        "const scope = await createTemporaryTable(trx, { statement: 'metering.a', table: 'scope' }, sql`n int`); sql`SELECT scope.n FROM ${scope} scope`;",
      'src/metering/b.store.ts': 'sql`WITH scope AS MATERIALIZED (SELECT 1 AS n) SELECT n FROM scope`',
      'src/pricing/a.store.ts': 'sql`SELECT n FROM scope`',
    },
  ],
  [
    'the program imports no test',
    rules.noTestsInProgram,
    { 'src/metering/a.ts': `import { test } from 'vitest'; import '../../test/fixtures/metering.ts';` },
    { 'src/metering/a.test.ts': `import { test } from 'vitest'; import '../../test/fixtures/metering.ts';` },
  ],
  [
    'a module keeps no state',
    rules.noModuleState,
    { 'src/metering/a.ts': 'let last = 0;', 'src/metering/b.ts': 'export const seen = new Map<string, number>();' },
    {
      'src/metering/a.ts':
        "const names = new Set(['a']);\nfunction f() {\n  let n = 0;\n  return new Map([[n, names]]);\n}",
      'src/platform/embedded/file-lock.ts': 'const held = new Set<DatabaseSync>();',
    },
  ],
  [
    'a function is at most 70 lines long',
    rules.shortFunctions,
    { 'src/metering/a.ts': long('much') },
    { 'src/metering/a.ts': 'export function little() {\n  work();\n}' },
  ],
  [
    'what is exported is imported by somebody',
    rules.usedExports,
    {
      'src/metering/a.ts': 'export const a = 1; export const b = 2;',
      'src/metering/b.ts': `import { a } from './a.ts';`,
    },
    {
      'src/metering/a.ts': 'export const a = 1; export const b = 2;',
      'src/metering/b.ts': `import { a } from './a.ts'; const { b } = await import('./a.ts');`,
    },
  ],
  [
    'the words are those of the field',
    rules.noRetiredWords,
    { 'src/metering/a.ts': '// Another room of the house.' },
    { 'src/metering/a.ts': '// Another module of the program.' },
  ],
  [
    'words that people who read help and errors do not know',
    rules.noPrivateWords,
    { 'src/metering/a.ts': `throw new Error('There is no billing kind "a".')` },
    { 'src/metering/a.ts': `throw new Error('There is no meter "a".') // A billing kind of which nobody knows.` },
  ],
  [
    'the command has one name',
    rules.noRetiredWords,
    { 'docs/a.md': 'npx arcadia customer list' },
    { 'docs/a.md': 'arcadia customer list' },
  ],
])('%s', (_, rule, wrong, right) => {
  test('each file that breaks it is named', () => {
    const found = rule(sources(wrong));
    expect(found.length).toBeGreaterThan(0);
    for (const line of found) expect(Object.keys(wrong)).toContain(line.split(':')[0]);
  });
  test('what keeps to it is let through', () => {
    expect(rule(sources(right))).toEqual([]);
  });
});

test.each([
  'CREATE TEMPORARY TABLE scope (n int)',
  '\n  CREATE TEMP TABLE scope AS SELECT 1',
  'create local temporary table if not exists scope (n int)',
])('in one place only: %j', (text) => {
  const program = sources({ 'src/metering/a.test.ts': `sql\`${text}\`` });
  expect(rules.temporaryTablesInOnePlace(program)).toHaveLength(1);
});

test.each([
  'SELECT n FROM ${usage} u, "scope" s',
  'SELECT n FROM usage, scope',
  'SELECT n FROM (SELECT n FROM usage JOIN scope USING (n)) u',
  'CREATE UNIQUE INDEX ON scope (n)',
  'ANALYZE scope',
  'INSERT INTO scope SELECT 1',
  'DROP TABLE scope',
  'DROP TABLE IF EXISTS pg_temp.other, pg_temp.scope',
  'DELETE FROM usage u USING pg_temp.scope s WHERE u.n = s.n',
])('by its handle, not by its name: %s', (text) => {
  const program = sources({
    'src/metering/a.store.ts': "createTemporaryTable(trx, { statement: 'metering.a', table: 'scope' }, sql`n int`);",
    'src/metering/b.store.ts': `sql\`${text}\``,
  });
  expect(rules.temporaryTablesByHandle(program)).toHaveLength(1);
});

test('a table of a session has a handle as well', () => {
  const program = sources({
    'src/inventory/a.store.ts':
      "sessionTables(conn, 'inventory.a', { listing: { table: 'listing', columns: sql`n int` } }); sql`SELECT n FROM listing`;",
    'src/metering/a.store.ts': 'sql`SELECT n FROM listing`',
  });
  expect(rules.temporaryTablesByHandle(program)).toEqual([
    'src/inventory/a.store.ts:1: the temporary table listing by its name; take its handle',
  ]);
});

test('a module is whole with its README, its declaration, and what others may import', () => {
  const program = sources({ 'src/metering/meter.ts': '' });
  expect(rules.wholeModules(new Set(['src/metering/README.md']))(program)).toEqual([
    'src/metering has no module.ts',
    'src/metering has no index.ts',
  ]);
  const whole = new Set(['README.md', 'module.ts', 'index.ts'].map((file) => `src/metering/${file}`));
  expect(rules.wholeModules(whole)(program)).toEqual([]);
});
