import { dirname, join } from 'node:path/posix';
import { parseSync, Visitor } from 'oxc-parser';

// The arrows of the program: who may import whom. Everything counts: imports, exports from,
// import(), and types alone, which tie two modules together as well.

/** Domains, each with the modules beside platform that it may import; what those may, it may too. */
const domains: Readonly<Record<string, readonly string[]>> = {
  simulator: [],
  cloud: ['simulator'],
  webhooks: [],
  inventory: ['cloud', 'webhooks'],
  deployments: ['inventory'],
  gateway: ['deployments'],
  metering: ['gateway'],
  pricing: ['metering'],
  invoices: ['pricing'],
  'provider-billing': ['invoices'],
  drift: ['deployments'],
  provisioning: ['pricing', 'drift'],
};

const surfaces = ['cli', 'http', 'jobs'];

/** What takes more than one domain: it may import every domain, and only surfaces import it. */
const flows = 'flows';

/** Nothing imports these. */
const outermost = ['cli', 'http'];

/** Where a process that serves is put together out of its surfaces. */
const assemblies = [
  'src/cli/local/start.ts',
  'src/cli/local/open.ts',
  'src/cli/local/simulate.ts',
  'src/cli/nouns/openapi.ts',
];

/** The one module that may know a library. */
const moduleOfLibrary: Readonly<Record<string, string>> = { 'pg-boss': 'jobs' };

export interface Import {
  /** As it stands in the source. */
  readonly specifier: string;
  readonly from: string;
  /** A path of the repository, or a package's name. */
  readonly to: string;
  /** Types alone: gone when the program runs, so that a ring of them holds nothing up. */
  readonly typesOnly: boolean;
}

function moduleOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

function isTest(path: string): boolean {
  return /^(test|bench)\//.test(path) || path.endsWith('.test.ts');
}

function mayReach(from: string, to: string): boolean {
  return (domains[from] ?? []).some((next) => next === to || mayReach(next, to));
}

/** What a file imports, relative specifiers as paths of the repository. */
export function importsOf(path: string, source: string): readonly Import[] {
  const { program, module, errors } = parseSync(path, source);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const typesOnly = new Map<string, boolean>();
  const add = (specifier: string, types: boolean) =>
    typesOnly.set(specifier, types && (typesOnly.get(specifier) ?? true));
  for (const { moduleRequest, entries } of module.staticImports) {
    add(moduleRequest.value, entries.length > 0 && entries.every((entry) => entry.isType));
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) if (moduleRequest) add(moduleRequest.value, isType);
  }
  new Visitor({
    ImportExpression({ source: specifier }) {
      if (specifier.type === 'Literal') add(String(specifier.value), false);
    },
    TSImportType({ source: specifier }) {
      add(String(specifier.value), true);
    },
  }).visit(program);
  return [...typesOnly].map(([specifier, types]) => ({
    specifier,
    from: path,
    to: specifier.startsWith('.') ? join(dirname(path), specifier) : specifier,
    typesOnly: types,
  }));
}

/** Whether a file of one module may import this file of another: its index, or, for the words of a command, its operations. */
function isOpen(from: string, to: string): boolean {
  return (
    /^src\/[^/]+\/index\.ts$/.test(to) || (from.startsWith('src/cli/nouns/') && /\/operations\/[^/]+\.ts$/.test(to))
  );
}

/** What is wrong with one import; null: nothing. */
function judge({ from, to }: Import): string | null {
  const module = moduleOf(from);
  const other = moduleOf(to);
  if (module === null) return null;
  if (to === 'src/modules.ts')
    return isTest(from) || module === 'cli' ? null : 'only cli knows which modules there are';
  if (to.endsWith('/store.ts') && other !== module) return `only ${other} itself imports its store.ts`;
  if (isTest(from)) return null;
  const owner = Object.entries(moduleOfLibrary).find(
    ([library]) => to === library || to.startsWith(`${library}/`),
  )?.[1];
  if (owner !== undefined && module !== owner) return `only ${owner} knows ${to}`;
  if (isTest(to)) return 'the program does not import tests';
  if (other === null || other === module || other === 'platform') return null;
  if (outermost.includes(other)) {
    if (!assemblies.includes(from)) return `nothing imports ${other}`;
  } else if (!surfaces.includes(module) && !(module === flows && other in domains) && !mayReach(module, other))
    return `${module} may not import ${other}`;
  return isOpen(from, to) ? null : `other modules import src/${other}/index.ts alone`;
}

/** Files that import each other in a ring, each ring once, from its first name. */
function findCycles(imports: readonly Import[]): readonly string[] {
  const next = new Map<string, string[]>();
  for (const { from, to, typesOnly } of imports) {
    if (!typesOnly && moduleOf(to) !== null) next.set(from, [...(next.get(from) ?? []), to]);
  }
  const done = new Set<string>();
  const cycles = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const ring = trail.slice(at);
      const first = ring.indexOf([...ring].sort()[0] as string);
      const turned = [...ring.slice(first), ...ring.slice(0, first)];
      cycles.add([...turned, turned[0]].join(' -> '));
      return;
    }
    if (done.has(path)) return;
    for (const to of next.get(path) ?? []) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of next.keys()) visit(path, []);
  return [...cycles];
}

/** Everything that breaks the rules, one line each, in order; `sources` by path of the repository. */
export function findViolations(sources: ReadonlyMap<string, string>): readonly string[] {
  const imports = [...sources].flatMap(([path, source]) => importsOf(path, source));
  const wrong = imports.flatMap((one) => {
    const complaint = judge(one);
    return complaint === null ? [] : [`${one.from} imports ${one.to}: ${complaint}`];
  });
  return [...wrong.sort(), ...findCycles(imports).map((cycle) => `${cycle}: a cycle`)];
}
