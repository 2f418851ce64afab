// The program, on a Node that can run it. Its sources are hundreds of files, and to load them one by one takes three
// times as long as a command does: they are put together into few files once, and again whenever one has changed.

import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.dirname(import.meta.dirname);
const sources = path.join(root, 'src');
const entry = path.join(sources, 'cli', 'main.ts');
const bundles = path.join(root, '.arcadia', 'bundles');

/** Older ones that stay: a program that runs may load more of its own. */
const keptBundles = 5;

/** Packages that are put in: what every command needs, and what finds no files by where it lies. */
const bundledPackages =
  /^(kysely|zod|yaml|commander|pg|pg-boss|pg-cursor|csv-parse|decimal\.js|cron-parser|jose|prom-client|@opentelemetry\/[^/]+)(\/|$)/;

/** Names, sizes and times of everything that a bundle is made of. */
function fingerprint() {
  const hash = createHash('sha256');
  const see = (file) => {
    const { size, mtimeMs } = fs.statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\0`);
  };
  for (const found of fs.readdirSync(sources, { recursive: true, withFileTypes: true })) {
    if (found.isFile() && found.name.endsWith('.ts') && !found.name.endsWith('.test.ts'))
      see(path.join(found.parentPath, found.name));
  }
  see(path.join(root, 'package-lock.json'));
  see(import.meta.filename);
  return hash.digest('hex').slice(0, 16);
}

/** Files that sources find beside themselves stay where they are. */
const ownAddress = {
  name: 'own-address',
  transform(code, id) {
    if (!id.startsWith(sources) || !code.includes('import.meta.url')) return null;
    return { code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)), map: null };
  },
};

function isExternal(id, importer) {
  if (isBuiltin(id) || id === 'pg-native') return true;
  const fromSources = importer === undefined || importer.startsWith(sources);
  return fromSources && !/^[./]/.test(id) && !bundledPackages.test(id);
}

async function bundle(folder) {
  const { rolldown } = await import('rolldown');
  const half = `${folder}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const build = await rolldown({
    input: entry,
    platform: 'node',
    external: isExternal,
    plugins: [ownAddress],
    logLevel: 'silent',
  });
  try {
    await build.write({ dir: half, entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' });
    fs.renameSync(half, folder);
  } catch (error) {
    fs.rmSync(half, { recursive: true, force: true });
    // Another process made the same one meanwhile.
    if (!fs.existsSync(folder)) throw error;
  } finally {
    await build.close();
  }
}

function removeOld() {
  const found = fs
    .readdirSync(bundles)
    .map((name) => ({ folder: path.join(bundles, name), made: fs.statSync(path.join(bundles, name)).mtimeMs }))
    .toSorted((one, other) => other.made - one.made);
  for (const { folder } of found.slice(keptBundles)) fs.rmSync(folder, { recursive: true, force: true });
}

/** Where the program begins: in the bundle, or in the sources where none can be made, which say what is wrong. */
async function program() {
  try {
    const folder = path.join(bundles, fingerprint());
    if (!fs.existsSync(folder)) {
      await bundle(folder);
      removeOld();
    }
    return path.join(folder, 'main.mjs');
  } catch {
    return entry;
  }
}

await import(pathToFileURL(await program()).href);
