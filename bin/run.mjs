// The program, on a Node that can run it. Its sources are hundreds of files, and to load them one by one takes three
// times as long as a command does: they are put together into one file, and again whenever one has changed.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { enableCompileCache, isBuiltin } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundles, filesFor, root, sources, startsFromSnapshot } from './bundles.js';
import { makeSnapshot } from './snapshot.mjs';

const entry = path.join(sources, 'cli', 'main.ts');

/** Older ones that stay: a program that runs may load more of its own. */
const keptBundles = 5;

/** Packages that are put in: what every command needs, and what finds no files by where it lies. */
const bundledPackages =
  /^(kysely|zod|yaml|commander|pg|pg-boss|pg-cursor|csv-parse|decimal\.js|cron-parser|jose|prom-client|@opentelemetry\/[^/]+)(\/|$)/;

/** Files that sources find beside themselves stay where they are. */
const ownAddress = {
  name: 'own-address',
  transform(code, id) {
    if (!id.startsWith(sources) || !code.includes('import.meta.url')) return null;
    return { code: code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)), map: null };
  },
};

/** Of Node's own modules, those that cannot be in a snapshot. */
const lateBuiltins = /^(node:)?(https?|sqlite)$/;

const isLate = (id) => lateBuiltins.test(id) || !isBuiltin(id);

/**
 * Packages that are not put in, and what cannot be in a snapshot, are loaded when something of them is first used. Node
 * can `require` all of them, also from a snapshot, where `import()` is not to be had.
 */
const loadedLate = {
  name: 'loaded-late',
  renderChunk: (code) =>
    late +
    code
      .replaceAll(/^let (\w+) = require\("([^"]+)"\);\n(?:\1 = __toESM\(\1(?:, 1)?\);\n)?/gm, (all, name, id) =>
        isLate(id) ? `let ${name} = __late(${JSON.stringify(id)});\n` : all,
      )
      .replaceAll(/= require\("([^"]+)"\)/g, (all, id) =>
        lateBuiltins.test(id) ? `= __late(${JSON.stringify(id)})` : all,
      )
      .replaceAll(/\bimport\("([^"]+)"\)/g, (_, id) => `Promise.resolve().then(() => __loaded(${JSON.stringify(id)}))`),
};

const late = `
const __require = () => require('node:module').createRequire(${JSON.stringify(entry)});
const __loaded = (id) => {
  const found = __require()(id);
  return found.__esModule || Object(found)[Symbol.toStringTag] === 'Module' ? found : { default: found, ...found };
};
const __late = (id) => {
  let found;
  const load = () => (found ??= __require()(id));
  return new Proxy({}, { get: (_, key) => (key === 'default' && load().default === undefined ? load() : load()[key]) });
};
`;

function isExternal(id, importer) {
  if (isBuiltin(id) || id === 'pg-native') return true;
  const fromSources = importer === undefined || importer.startsWith(sources);
  return fromSources && !/^[./]/.test(id) && !bundledPackages.test(id);
}

async function bundle({ folder, program }) {
  const { rolldown } = await import('rolldown');
  const half = `${folder}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const build = await rolldown({
    input: entry,
    platform: 'node',
    external: isExternal,
    plugins: [ownAddress, loadedLate],
    logLevel: 'silent',
  });
  try {
    await build.write({ file: path.join(half, path.basename(program)), format: 'cjs', codeSplitting: false });
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
    const files = filesFor(process.execPath);
    if (!fs.existsSync(files.program)) {
      await bundle(files);
      removeOld();
    }
    if (startsFromSnapshot(process.argv.slice(2)) && !fs.existsSync(files.snapshot)) makeSnapshot(files);
    return files.program;
  } catch {
    return entry;
  }
}

// What was compiled is remembered between runs. In a folder of our own, for what lies in a shared one could be anybody's
// code.
enableCompileCache(path.join(root, '.arcadia', 'compile-cache'));
await import(pathToFileURL(await program()).href);
