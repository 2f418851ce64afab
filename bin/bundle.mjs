// Puts the sources of the program together: node bin/bundle.mjs, by run.mjs. In a process of its own, whose memory ends with it.

import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { entry, filesFor, sources } from './bundles.js';

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

await bundle(filesFor(process.execPath));
