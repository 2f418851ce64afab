import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { build } from 'vite';
import { exclusiveLock } from '../src/platform/embedded/file-lock.ts';

// Builds the dashboard: node web/build.ts <folder>. The folder is there when it is whole, with a .br and a .gz beside
// what a browser can be sent so. Several processes may ask for the same one: the first builds, the others find it.

/** Of states of web/ before this one: a page that is open may load more of its own. */
const keptBuilds = 3;

/** Below it, the headers weigh more than what is saved. */
const compressedBytesMin = 1_000;

// What whoever starts it is doing, tests for one, makes no other page: React's build for developers reads each view twice.
process.env.NODE_ENV = 'production';

const root = fileURLToPath(new URL('.', import.meta.url));

async function buildInto(folder: string): Promise<void> {
  const half = `${folder}.${process.pid}.half`;
  try {
    await build({
      root,
      configFile: false,
      logLevel: 'error',
      plugins: [react()],
      build: {
        outDir: half,
        emptyOutDir: true,
        manifest: 'manifest.json',
        // The page's policy allows no address that begins with data:, save for images.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        target: 'es2023',
        sourcemap: false,
        reportCompressedSize: false,
        // What every view needs is one file: as forty, it took as many requests and a twelfth more bytes.
        rolldownOptions: { output: { codeSplitting: { groups: [{ name: 'first', tags: ['$initial'] }] } } },
      },
    });
    for (const each of readdirSync(half, { recursive: true, withFileTypes: true })) {
      const path = join(each.parentPath, each.name);
      if (each.isFile() && /\.(css|html|js|json|svg|webmanifest)$/.test(each.name)) compress(path);
    }
    renameSync(half, folder);
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

function compress(path: string): void {
  const body = readFileSync(path);
  if (body.length < compressedBytesMin) return;
  writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
  writeFileSync(
    `${path}.br`,
    brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: body.length } }),
  );
}

function removeOld(builds: string): void {
  const found = readdirSync(builds, { withFileTypes: true })
    .filter((each) => each.isDirectory() && /^[0-9a-f]{16}$/.test(each.name))
    .map(({ name }) => ({ folder: join(builds, name), at: statSync(join(builds, name)).mtimeMs }))
    .toSorted((one, other) => other.at - one.at);
  for (const { folder } of found.slice(keptBuilds)) rmSync(folder, { recursive: true, force: true });
}

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Into which folder?');
mkdirSync(dirname(folder), { recursive: true });
const lock = await exclusiveLock(join(dirname(folder), 'build.lock'));
try {
  if (!existsSync(folder)) {
    await buildInto(folder);
    removeOld(dirname(folder));
  }
} finally {
  lock.release();
}
