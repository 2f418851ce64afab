// Under which licences what we build on may be: those that let it be used and passed on in a program under Apache-2.0.

const allowed: ReadonlySet<string> = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Zlib',
  'CC0-1.0',
  'Python-2.0',
  'PSF-2.0',
  // Of fonts: they may be embedded in documents.
  'OFL-1.1',
]);

/** Other licences, looked at one by one: the package, and the licence that it has. */
const exceptions: Readonly<Record<string, string>> = {
  // Of the test runner, and of the dashboard's build: used as it is, and no file of it is changed or passed on.
  lightningcss: 'MPL-2.0',
  // Given to the public domain.
  isbot: 'Unlicense',
  'fast-sha256': 'Unlicense',
  // Of tests alone, and used as they are.
  'axe-core': 'MPL-2.0',
  '@axe-core/playwright': 'MPL-2.0',
  // The DejaVu fonts' own, which is Bitstream Vera's: use, embedding and passing on are free.
  'dejavu-fonts-ttf': 'SEE LICENSE IN README.md AND LICENSE',
  // They say so in a file, or a page, beside a package.json without it: MIT.
  busboy: 'none',
  dicer: 'none',
  streamsearch: 'none',
  'png-js': 'none',
  'humanize-number': 'none',
  only: 'none',
};

/** A package as the lockfile has it, and, where it is installed, as its own package.json says. */
export interface LockedPackage {
  readonly path: string;
  readonly version?: string;
  readonly license?: string;
  readonly optional?: boolean;
  readonly dev?: boolean;
  /** Of the installed one; undefined: it is not installed here. */
  readonly installed?: { readonly license?: unknown; readonly licenses?: unknown };
}

/** What is wrong with the licences of packages, a line each. */
export function findLicenceFaults(packages: readonly LockedPackage[]): string[] {
  return packages.flatMap(({ path, version, license, optional, installed }) => {
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    // For another system than this one: it is looked at there.
    if (installed === undefined && license === undefined && optional === true) return [];
    const said = license ?? nameOf(installed?.license) ?? nameOf(installed?.licenses) ?? 'none';
    if (isAllowed(said) || exceptionOf(name) === said) return [];
    return [
      `${name} ${version ?? ''} (${path}): its licence is ${said}; allowed are ${[...allowed].join(', ')}. See test/licences/licences.ts.`,
    ];
  });
}

/** A package's binaries for one system (`lightningcss-linux-x64-gnu`) are under its own licence. */
function exceptionOf(name: string): string | undefined {
  const found = Object.keys(exceptions).find(
    (each) => name === each || (each === 'lightningcss' && name.startsWith('lightningcss-')),
  );
  return found === undefined ? undefined : exceptions[found];
}

/** `MIT`, `(MIT OR GPL-3.0)`, `MIT AND Zlib`: of a choice one is enough, of several together all have to be. */
function isAllowed(expression: string): boolean {
  const text = expression.trim().replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(text)) return false;
  return text.split(' OR ').some((choice) => choice.split(' AND ').every((licence) => allowed.has(licence.trim())));
}

/** Older packages say it as an object or a list of them. */
function nameOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    const names = value.map(nameOf);
    return names.includes(undefined) || names.length === 0 ? undefined : `(${names.join(' OR ')})`;
  }
  if (typeof value === 'object' && value !== null && 'type' in value) return nameOf(value.type);
  return undefined;
}
