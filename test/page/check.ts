import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

// npm run check: that the dashboard is built, and how much a browser loads before the first view is there.

/** KB of 1,000 bytes, gzipped. */
const limits = { script: 150, style: 20, part: 40 } as const;

interface Chunk {
  readonly file: string;
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
  readonly css?: readonly string[];
}

const folder = join(mkdtempSync(join(tmpdir(), 'arcadia-page-')), 'build');
const script = fileURLToPath(new URL('../../web/build.ts', import.meta.url));
const { status } = spawnSync(process.execPath, [script, folder], { stdio: 'inherit' });
if (status !== 0) throw new Error('The dashboard cannot be built.');

const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Readonly<Record<string, Chunk>>;
const document = readFileSync(join(folder, 'index.html'), 'utf8');
const first = new Set<string>();
for (const [name, { file }] of Object.entries(manifest))
  if (document.includes(`src="/${file}"`)) chunksFrom(name, first);
const kilobytes = (files: Iterable<string>) =>
  [...files].reduce((all, file) => all + gzipSync(readFileSync(join(folder, file)), { level: 9 }).length, 0) / 1_000;
const filesOf = (names: Iterable<string>) => new Set([...names].flatMap((name) => manifest[name]?.file ?? []));
const stylesOf = (names: Iterable<string>) => new Set([...names].flatMap((name) => manifest[name]?.css ?? []));

/** A chunk with everything that it cannot run without. */
function chunksFrom(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  for (const next of manifest[name]?.imports ?? []) chunksFrom(next, found);
  return found;
}

// The first view is loaded at once as well.
const view = 'src/overview/Overview.tsx';
const opened = new Set([...first, ...chunksFrom(view)]);
const measured = [
  ['first load, scripts', kilobytes(filesOf(opened)), limits.script],
  ['first load, styles', kilobytes(stylesOf(opened)), limits.style],
  ...Object.values(manifest)
    .flatMap(({ dynamicImports = [] }) => dynamicImports)
    .map(
      (name) =>
        [name, kilobytes(filesOf([...chunksFrom(name)].filter((each) => !first.has(each)))), limits.part] as const,
    ),
] as const;
rmSync(join(folder, '..'), { recursive: true });

const over = measured.filter(([, size, limit]) => size > limit);
for (const [name, size, limit] of over)
  process.stderr.write(`page: ${name}: ${size.toFixed(1)} KB, ${limit} at most\n`);
const [[, scripts], [, styles]] = measured;
process.stdout.write(`page: first load ${scripts.toFixed(1)} KB of scripts, ${styles.toFixed(1)} KB of styles\n`);
process.exitCode = over.length === 0 && first.size > 0 && manifest[view] !== undefined ? 0 : 1;
