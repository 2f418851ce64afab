import { parseSync, Visitor } from 'oxc-parser';
import { importsOf } from '../arrows/arrows.ts';

// What the sources have to look like, beside the arrows between modules. Each rule takes all sources by
// their path in the repository and says what is wrong, a line each.

export type Sources = ReadonlyMap<string, string>;
export type Rule = (sources: Sources) => readonly string[];

const isTest = (path: string) => /^(test|bench)\//.test(path) || path.endsWith('.test.ts');
const isProgram = (path: string) => path.startsWith('src/') && path.endsWith('.ts') && !isTest(path);
const moduleOf = (path: string) => /^src\/([^/]+)\//.exec(path)?.[1] ?? null;

function program(sources: Sources): readonly (readonly [string, string])[] {
  return [...sources].filter(([path]) => isProgram(path));
}

/** The dashboard's sources. */
function page(sources: Sources): readonly (readonly [string, string])[] {
  return [...sources].filter(([path]) => path.startsWith('web/'));
}

/** A library that one module knows, or a part of it. Everybody else asks that module. */
const homes: Readonly<Record<string, readonly string[]>> = {
  fastify: ['src/http/'],
  '@fastify/': ['src/http/'],
  commander: ['src/cli/'],
  'pg-boss': ['src/jobs/'],
  '@clickhouse/client': ['src/metering/records/'],
  pdfkit: ['src/invoices/'],
  'csv-parse': ['src/deployments/', 'src/provider-billing/', 'src/platform/'],
  'hyparquet-writer': ['src/invoices/'],
  '@aws-sdk/': ['src/cloud/'],
};

export const librariesAtHome: Rule = (sources) =>
  program(sources).flatMap(([path, source]) =>
    importsOf(path, source).flatMap(({ to }) => {
      const [library, places = []] =
        Object.entries(homes).find(([name]) => to === name || to.startsWith(name.endsWith('/') ? name : `${name}/`)) ??
        [];
      return library === undefined || places.some((place) => path.startsWith(place))
        ? []
        : [`${path}: only ${places.join(', ')} knows ${to}`];
    }),
  );

/** Libraries that read or draw what people hand in, whatever it costs. */
const parsers = /^(pdfkit|fontkit|png-js|csv-parse|yaml)(\/|$)/;
/** What the operator of this machine writes: settings, and the file that a command is given, which reads it for nobody else. */
const ofThisMachine: ReadonlySet<string> = new Set([
  'src/platform/config.ts',
  'src/platform/declare/settings.ts',
  'src/cli/engine/values.ts',
]);
const unpackedAtOnce = /\b(inflate|deflate|gunzip|gzip|unzip|brotli\w*)(Raw)?Sync\b/;

/** What people hand in is read, and documents are drawn, in processes of the pool: the program itself loads nothing that does so. */
export const parsersInTasks: Rule = (sources) => {
  const reached = new Set<string>();
  const found: string[] = [];
  const enter = (path: string) => {
    const source = sources.get(path);
    if (source === undefined || reached.has(path)) return;
    reached.add(path);
    if (unpackedAtOnce.test(source)) found.push(`${path}: unpacks at once in the program; do it in a task of the pool`);
    for (const { to, typesOnly } of importsOf(path, source)) {
      if (typesOnly) continue;
      if (to.endsWith('.task.ts')) found.push(`${path}: ${to} is for processes of the pool; name it in declareTask`);
      else if (parsers.test(to) && !ofThisMachine.has(path))
        found.push(`${path}: ${to} is loaded by the program; do what it is for in a task of the pool`);
      else enter(to);
    }
  };
  enter('src/cli/main.ts');
  return found;
};

/** Statements stand in stores; platform's own ones about the database itself too. */
export const sqlInStores: Rule = (sources) =>
  program(sources)
    .filter(([path]) => !/(^|\/|\.)store\.ts$/.test(path) && !path.startsWith('src/platform/'))
    .flatMap(([path, source]) =>
      importsOf(path, source).some(({ to }) => to === 'kysely') && /\bsql(<[^`]*>)?`/.test(source)
        ? [`${path}: SQL stands in a *.store.ts`]
        : [],
    );

/** Of another module only its views are read, which its own migration publishes under its name; platform's tables are everybody's. */
export const tablesOfOwnModule: Rule = (sources) => {
  const owners = new Map<string, { readonly module: string; readonly isView: boolean }>();
  const found: string[] = [];
  for (const [path, source] of sources) {
    const [, module] = /^migrations\/\d+_(\w+)\.sql$/.exec(path) ?? [];
    if (module === undefined) continue;
    for (const [, type, name = ''] of source.matchAll(
      /^CREATE (?:UNLOGGED )?(TABLE|VIEW)(?: IF NOT EXISTS)? (\w+)/gm,
    )) {
      owners.set(name, { module, isView: type === 'VIEW' });
      if (type === 'VIEW' && !name.startsWith(`${module}_`))
        found.push(`${path}: the view ${name} is not called ${module}_...`);
    }
  }
  for (const [path, source] of program(sources)) {
    for (const [, name = ''] of source.matchAll(/\b(?:FROM|JOIN|INTO|UPDATE|TABLE|USING|ONLY)\s+(\w+)/g)) {
      const owner = owners.get(name);
      const own = moduleOf(path)?.replaceAll('-', '_');
      if (owner === undefined || owner.isView || owner.module === 'platform' || owner.module === own) continue;
      found.push(`${path}: ${name} is a table of ${owner.module}; read a view that it publishes`);
    }
  }
  return found;
};

/** What a module says to a person names operations; each surface words that for itself. `commands` are the words of all. */
export const noCommandLinesInModules =
  (commands: readonly string[]): Rule =>
  (sources) =>
    literals(sources, (path) => !/^src\/(cli|simulator)\//.test(path)).flatMap(({ path, line, text }) => {
      const found = commands.find((command) => new RegExp(`\\barcadia ${command}\\b(?! [a-z]+'\\))`).test(text));
      return found === undefined ? [] : [`${path}:${line}: a command line in a text: arcadia ${found}`];
    });

/** What is run has a name, for spans and the log of slow statements. */
export const namedStatements: Rule = (sources) =>
  program(sources).flatMap(([path, source]) => {
    const found: string[] = [];
    new Visitor({
      CallExpression({ callee, start }) {
        if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
        const { object, property } = callee;
        if (property.name !== 'execute' || object.type !== 'TaggedTemplateExpression') return;
        if (object.tag.type === 'Identifier' && object.tag.name === 'sql')
          found.push(
            `${path}:${lineAt(source, start)}: a statement without a name; write statement('module.function')`,
          );
      },
    }).visit(parseSync(path, source).program);
    return found;
  });

const temporaryTables = 'src/platform/database/temporary-table.ts';

/** An intruder's. */
const withoutHandles: ReadonlySet<string> = new Set(['test/access/shadowed-tables.integration.test.ts']);

/** Temporary tables are made in one place, which gives a handle for each. */
export const temporaryTablesInOnePlace: Rule = (sources) =>
  templates(sources)
    .filter(({ path }) => path !== temporaryTables && !withoutHandles.has(path))
    .filter(({ text }) => /\bCREATE\s+((LOCAL|GLOBAL)\s+)?TEMP(ORARY)?\s+TABLE\b/i.test(text))
    .map(({ path, line }) => `${path}:${line}: only ${temporaryTables} makes temporary tables`);

/** Where a statement names a table: behind a word, in a list behind FROM, or in the schema of temporary ones. */
const tableNames =
  /(?:\b(?:FROM|JOIN|INTO|UPDATE|TABLE|EXISTS|USING|ONLY|ANALYZE|INDEX ON)\s+|(?<=\bFROM\s+(?:[\w.${}"]+(?:\s+(?:AS\s+)?\w+)?\s*,\s*)+)|\b(?<!')(?=pg_temp\.))(?:pg_temp\.)?"?(\w+)/g;

/** A statement of a module has its temporary tables by their handles, never by their names. */
export const temporaryTablesByHandle: Rule = (sources) => {
  const made = new Set([...sources].flatMap(([path, source]) => madeTables(path, source)));
  return templates(sources).flatMap(({ path, line, text }) => {
    const named = [...text.matchAll(tableNames)].map(([, name = '']) => name);
    return [...new Set(named)]
      .filter((name) => made.has(`${moduleOf(path)} ${name}`))
      .filter(
        (name) => !new RegExp(`\\b${name}(\\s*\\([^()]*\\))?\\s+AS\\s+((NOT\\s+)?MATERIALIZED\\s+)?\\(`).test(text),
      )
      .map((name) => `${path}:${line}: the temporary table ${name} by its name; take its handle`);
  });
};

/** The temporary tables that a file makes, `{ statement, table }` or `{ table, columns }`, each behind its module. */
function madeTables(path: string, source: string): readonly string[] {
  const found: string[] = [];
  new Visitor({
    ObjectExpression({ properties }) {
      const values = new Map(
        properties.flatMap((property) =>
          property.type === 'Property' && property.key.type === 'Identifier'
            ? [[property.key.name, property.value] as const]
            : [],
        ),
      );
      const table = values.get('table');
      const isMade =
        values.get('statement')?.type === 'Literal' || values.get('columns')?.type === 'TaggedTemplateExpression';
      if (isMade && table?.type === 'Literal') found.push(`${moduleOf(path)} ${table.value}`);
    },
  }).visit(parseSync(path, source).program);
  return found;
}

/** The streams of the process, which only these write to, asked or not whether it is a terminal: they clean what they write. */
const writers: ReadonlySet<string> = new Set(['src/cli/engine/output.ts', 'src/platform/log.ts']);

/** What reaches a terminal passes the one place that cleans it. */
export const oneWriter: Rule = (sources) =>
  program(sources)
    .filter(([path]) => !writers.has(path))
    .flatMap(([path, source]) => {
      const found: string[] = [];
      const say = (start: number, what: string) =>
        found.push(`${path}:${lineAt(source, start)}: ${what}; only ${[...writers].join(', ')} may`);
      new Visitor({
        MemberExpression({ object, property, start }) {
          const name =
            property.type === 'Identifier' ? property.name : property.type === 'Literal' ? property.value : '';
          if (object.type === 'Identifier' && object.name === 'console') say(start, 'writes to the console');
          else if (name === 'stdout' || name === 'stderr') {
            if (object.type === 'Identifier' && object.name === 'process') say(start, `uses process.${name}`);
          }
        },
        VariableDeclarator({ id, init, start }) {
          if (id.type === 'ObjectPattern' && init?.type === 'Identifier' && init.name === 'process')
            say(start, 'takes the process apart');
        },
      }).visit(parseSync(path, source).program);
      for (const { to } of importsOf(path, source))
        if (/^(node:)?(console|process|tty)$/.test(to))
          found.push(`${path}: imports ${to}; only ${[...writers].join(', ')} may`);
      return found;
    });

const csvWriter = 'src/platform/csv.ts';

/** Every CSV is made of the lines of one function, which makes plain text of formulas. */
export const oneCsvWriter: Rule = (sources) =>
  program(sources)
    .filter(([path]) => path !== csvWriter)
    .flatMap(([path, source]) => {
      const found: string[] = [];
      new Visitor({
        CallExpression({ callee, arguments: [separator], start, end }) {
          if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return;
          if (callee.property.name !== 'join' || separator?.type !== 'Literal') return;
          if (typeof separator.value !== 'string' || !/^[,;\t]$/.test(separator.value)) return;
          if (/^\}?\s*(\\r)?\\n/.test(source.slice(end)))
            found.push(`${path}:${lineAt(source, start)}: a line of CSV; only ${csvWriter} makes them`);
        },
      }).visit(parseSync(path, source).program);
      if (
        /csv/i.test(source) &&
        /\\r\\n/.test(source.replaceAll(/replaceAll\([^\n]*\\r/g, '')) &&
        /join\(/.test(source)
      )
        found.push(`${path}: joins lines of CSV; only ${csvWriter} makes them`);
      return found;
    });

export const noTestsInProgram: Rule = (sources) =>
  program(sources).flatMap(([path, source]) =>
    importsOf(path, source)
      .filter(({ to }) => to === 'vitest' || to === 'fast-check' || to.startsWith('test/'))
      .map(({ to }) => `${path}: the program does not import ${to}`),
  );

const linesMax = 70;

export const shortFunctions: Rule = (sources) =>
  [...program(sources), ...page(sources)].flatMap(([path, source]) => {
    const found: string[] = [];
    const check = (node: { start: number; end: number }) => {
      const lines = source.slice(node.start, node.end).split('\n').length;
      if (lines > linesMax) found.push(`${path}:${lineAt(source, node.start)}: a function of ${lines} lines`);
    };
    new Visitor({ FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check }).visit(
      parseSync(path, source).program,
    );
    return found;
  });

/** Where figures become places on the screen. */
const drawnIn = 'web/src/charts/scale.ts';

/** The dashboard shows the API's figures as they are written: to a number they turn only where they are drawn. */
export const figuresAsText: Rule = (sources) =>
  page(sources)
    .filter(([path]) => path !== drawnIn)
    .flatMap(([path, source]) => {
      const found: string[] = [];
      const say = (start: number, what: string) =>
        found.push(`${path}:${lineAt(source, start)}: ${what} of a figure; only ${drawnIn} makes numbers of them`);
      new Visitor({
        CallExpression({ callee, start }) {
          const name = callee.type === 'MemberExpression' ? callee.property : callee;
          if (name.type === 'Identifier' && /^(Number|parseFloat)$/.test(name.name)) say(start, name.name);
        },
        UnaryExpression({ operator, start }) {
          if (operator === '+') say(start, 'a unary plus');
        },
      }).visit(parseSync(path, source).program);
      return found;
    });

/**
 * What belongs to a process as a whole, because the system gives it to the process: the locks that the kernel holds for
 * it, the budget of a token, the stores it can reach. `name` by file.
 */
const processState: Readonly<Record<string, readonly string[]>> = {
  'src/platform/embedded/file-lock.ts': ['held'],
  'src/metering/records/open.ts': ['connections'],
  'src/cloud/digitalocean/throttle.ts': ['registry'],
};

/** What is remembered of values that never change: gone without harm at any moment. */
const caches: Readonly<Record<string, readonly string[]>> = {
  'src/invoices/pdf-fonts.ts': ['read'],
  'src/pricing/rating/timeline.ts': ['versionKeys'],
  'src/pricing/rating/rate-month.ts': ['unitPrices'],
  'src/pricing/rating/proration.ts': ['monthSpans'],
  'src/http/serve/ended.ts': ['byConnection'],
  'src/http/document/reference.ts': ['documents'],
  'src/platform/declare/input.ts': ['readers'],
};

/** No variable of a module is written after it was loaded: what one call leaves, another would find. */
export const noModuleState: Rule = (sources) =>
  program(sources).flatMap(([path, source]) => {
    const allowed = [...(processState[path] ?? []), ...(caches[path] ?? [])];
    return parseSync(path, source)
      .program.body.map((node) => (node.type === 'ExportNamedDeclaration' ? node.declaration : node))
      .flatMap((node) =>
        node?.type === 'VariableDeclaration' ? node.declarations.map((each) => ({ node, each })) : [],
      )
      .flatMap(({ node, each: { id, init, start } }) => {
        const isEmpty =
          init?.type === 'NewExpression' &&
          init.arguments.length === 0 &&
          init.callee.type === 'Identifier' &&
          /^(Weak)?(Map|Set)$/.test(init.callee.name);
        const name = id.type === 'Identifier' ? id.name : '';
        if ((node.kind !== 'let' && !isEmpty) || allowed.includes(name)) return [];
        return [`${path}:${lineAt(source, start)}: ${name} is state of a module; pass it to those who need it`];
      });
  });

/** What is exported is imported by somebody: a file of the program, or a test. */
export const usedExports: Rule = (sources) => {
  const imported = new Set<string>();
  for (const [path, source] of sources) {
    const { module } = parseSync(path, source);
    const files = new Map(importsOf(path, source).map(({ to, specifier }) => [specifier, to]));
    for (const { moduleRequest, entries } of module.staticImports)
      for (const { importName } of entries) {
        const file = files.get(moduleRequest.value) ?? '';
        imported.add(importName.kind === 'Name' ? `${file} ${importName.name}` : `${file} *`);
      }
    for (const { entries } of module.staticExports)
      for (const { moduleRequest, importName } of entries) {
        if (moduleRequest === null) continue;
        const file = files.get(moduleRequest.value) ?? '';
        imported.add(importName.kind === 'Name' ? `${file} ${importName.name}` : `${file} *`);
      }
    for (const [, specifier] of source.matchAll(/import\('([^']+)'\)/g))
      imported.add(`${files.get(specifier ?? '')} *`);
  }
  return program(sources).flatMap(([path, source]) =>
    imported.has(`${path} *`)
      ? []
      : parseSync(path, source).module.staticExports.flatMap(({ entries }) =>
          entries.flatMap(({ exportName }) => {
            const name = exportName.name ?? 'default';
            // Loaded by its address, by a process of the pool.
            const isTask = name === 'run' && path.endsWith('.task.ts');
            return isTask || imported.has(`${path} ${name}`) ? [] : [`${path}: nobody imports ${name}`];
          }),
        ),
  );
};

/** Surfaces and what they are made of have no neighbours that could import them. */
const withoutIndex = new Set(['cli']);
const withoutDeclaration = new Set(['cli', 'simulator', 'cloud']);

export const wholeModules =
  (files: ReadonlySet<string>): Rule =>
  (sources) => {
    const modules = new Set(
      [...sources.keys()]
        .filter(isProgram)
        .map(moduleOf)
        .filter((name) => name !== null),
    );
    return [...modules].flatMap((name) =>
      [
        'README.md',
        ...(withoutDeclaration.has(name) ? [] : ['module.ts']),
        ...(withoutIndex.has(name) || name === 'platform' ? [] : ['index.ts']),
      ]
        .filter((file) => !files.has(`src/${name}/${file}`))
        .map((file) => `src/${name} has no ${file}`),
    );
  };

/** Words that the field does not use, and those that it does. */
const retired: readonly (readonly [RegExp, string])[] = [
  [/\b(?<!keeps? )house\b/i, 'program, or registry'],
  [/\b(this|other|another|each|which|own|two|the one|its) rooms?\b|\brooms? (that|beside|of the)\b/i, 'module'],
  [/\bhappenings?\b/i, 'event, or effect'],
  [/\bstrangers?(?!')\b/i, 'anonymous caller'],
  [/\bpull(ed|s)? forward\b/i, 'promote'],
  [/\bhurr(y|ies|ied)\b/i, 'run now'],
  // Outside the clone it fetches a package of somebody else.
  [/\bnpx arcadia\b/, 'arcadia, or ./arcadia in the clone'],
];

export const noRetiredWords: Rule = (sources) =>
  [...sources]
    .filter(([path]) => !path.startsWith('test/style/'))
    .flatMap(([path, source]) =>
      source
        .split('\n')
        .flatMap((text, index) =>
          retired.flatMap(([word, better]) =>
            word.test(text) ? [`${path}:${index + 1}: "${word.exec(text)?.[0]}" is ${better}`] : [],
          ),
        ),
    );

/** What people read in help, errors, documents and answers, and the word that they know. */
const retiredOnScreens: readonly (readonly [RegExp, string])[] = [
  [/\bbilling kinds?\b/i, 'meter'],
  [/\bby hand\b/i, 'manual, or manually'],
  [/\blegal entit(y|ies)\b/i, 'seller'],
  [/\bno owner\b|\bnobody('s| owns)\b/i, 'unassigned'],
  [/\bas (it|they) (was|were|are) to be\b|\bas (it|they) should be\b/i, 'valid, or unchanged'],
  [/\bis no setting\b/i, 'is not a setting'],
  [/\bbilled to nobody\b/i, 'not billed'],
  [/\b(are|is|was|were) told\b|\bnot told\b/i, 'given, recorded, or published'],
  [/\bgive your word\b|\boperator's word\b/i, 'confirm manually'],
  [/\bforeseen\b/i, 'forecast'],
  [/\bCorrect the (argument|value)\b/, 'the exact next operation, or nothing'],
  [/\bwhatever it is that\b|\bno \w+ is like that\b/i, 'No matching ...'],
];

export const noPrivateWords: Rule = (sources) =>
  literals(sources, (path) => !path.startsWith('src/simulator/')).flatMap(({ path, line, text }) =>
    /\s/.test(text)
      ? retiredOnScreens.flatMap(([word, better]) =>
          word.test(text) ? [`${path}:${line}: "${word.exec(text)?.[0]}" is ${better}`] : [],
        )
      : [],
  );

interface Literal {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

function literals(sources: Sources, wanted: (path: string) => boolean): readonly Literal[] {
  return program(sources)
    .filter(([path]) => wanted(path))
    .flatMap(([path, source]) => {
      const found: Literal[] = [];
      new Visitor({
        Literal({ value, start }) {
          if (typeof value === 'string') found.push({ path, line: lineAt(source, start), text: value });
        },
        TemplateElement({ value, start }) {
          found.push({ path, line: lineAt(source, start), text: value.cooked ?? value.raw });
        },
      }).visit(parseSync(path, source).program);
      return found;
    });
}

/** Every template as a whole, tests' ones too; what is put into it stands as `${}`. */
function templates(sources: Sources): readonly Literal[] {
  return [...sources]
    .filter(([path]) => path.endsWith('.ts') && !path.startsWith('test/style/'))
    .flatMap(([path, source]) => {
      const found: Literal[] = [];
      new Visitor({
        TemplateLiteral({ quasis, start }) {
          found.push({
            path,
            line: lineAt(source, start),
            text: quasis.map(({ value }) => value.cooked ?? value.raw).join('${}'),
          });
        },
      }).visit(parseSync(path, source).program);
      return found;
    });
}

function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}
