import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript5';

// What statements are said to answer, read from the program's types: `statement<Row>('name')` by its name. The
// tests hold the database's rows to it, so that a row type is no mere assertion.

/** What a column may hold: names of JavaScript types and of classes, `null`, `array`, `object`; `any`: anything. */
export type Shape = Readonly<Record<string, readonly string[]>>;

/** Who makes statements. */
const statements: ReadonlySet<string> = new Set(['statement', 'preparedStatement']);

const root = fileURLToPath(new URL('../../', import.meta.url));

/** As `readShapes`, which takes seconds, has read them before for the same sources. */
export function keptShapes(): Readonly<Record<string, Shape>> {
  const digest = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const path of globSync('src/**/*.ts', { cwd: root }).sort())
    if (!path.endsWith('.test.ts')) digest.update(path).update(readFileSync(`${root}${path}`));
  const kept = join(
    tmpdir(),
    `arcadia-row-shapes-${process.getuid?.() ?? 0}-${digest.digest('hex').slice(0, 16)}.json`,
  );
  if (existsSync(kept)) return JSON.parse(readFileSync(kept, 'utf8')) as Record<string, Shape>;
  const shapes = readShapes();
  writeFileSync(`${kept}.${process.pid}`, JSON.stringify(shapes));
  renameSync(`${kept}.${process.pid}`, kept);
  return shapes;
}

function readShapes(): Readonly<Record<string, Shape>> {
  const configPath = `${root}tsconfig.json`;
  const { config } = ts.readConfigFile(configPath, ts.sys.readFile) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = ts.sys.readDirectory(`${root}src`, ['.ts'], ['**/*.test.ts']);
  const program = ts.createProgram(files, { ...options, noEmit: true, skipLibCheck: true });
  const checker = program.getTypeChecker();
  const shapes: Record<string, Shape> = {};
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && statements.has(node.expression.getText())) {
      const [name] = node.arguments;
      const [row] = node.typeArguments ?? [];
      if (name !== undefined && ts.isStringLiteral(name) && row !== undefined)
        shapes[name.text] = shapeOf(checker, checker.getTypeFromTypeNode(row), node);
    }
    ts.forEachChild(node, visit);
  };
  for (const file of program.getSourceFiles()) if (file.fileName.startsWith(`${root}src/`)) visit(file);
  return shapes;
}

function shapeOf(checker: ts.TypeChecker, row: ts.Type, at: ts.Node): Shape {
  return Object.fromEntries(
    checker.getPropertiesOfType(row).map((property) => {
      const type = checker.getTypeOfSymbolAtLocation(property, at);
      const declared = (property.valueDeclaration as { type?: ts.TypeNode } | undefined)?.type?.getText() ?? '';
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0 ? ['undefined'] : [];
      return [
        property.name,
        [...new Set([...(temporalIn(declared) ?? namesOf(checker, type)), ...optional])].toSorted(),
      ];
    }),
  );
}

/** This compiler does not know Temporal: what is declared with it is read from the declaration. */
function temporalIn(declared: string): string[] | null {
  const [, name] = /^(?:null \| )?Temporal\.(\w+)(?: \| null)?$/.exec(declared) ?? [];
  if (name === undefined) return null;
  return declared.includes('null') ? [name, 'null'] : [name];
}

function namesOf(checker: ts.TypeChecker, type: ts.Type): string[] {
  if (type.isUnion()) return type.types.flatMap((each) => namesOf(checker, each));
  if ((type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter)) !== 0) return ['any'];
  if ((type.flags & ts.TypeFlags.StringLike) !== 0) return ['string'];
  if ((type.flags & ts.TypeFlags.NumberLike) !== 0) return ['number'];
  if ((type.flags & ts.TypeFlags.BooleanLike) !== 0) return ['boolean'];
  if ((type.flags & ts.TypeFlags.Null) !== 0) return ['null'];
  if ((type.flags & ts.TypeFlags.Undefined) !== 0) return ['undefined'];
  if (checker.isArrayType(type) || checker.isTupleType(type)) return ['array'];
  const name = type.symbol?.name ?? '';
  return ['Instant', 'PlainDate', 'Buffer', 'Uint8Array'].includes(name)
    ? [name === 'Buffer' ? 'Uint8Array' : name]
    : ['object'];
}
