// The program, on a Node that can run it. Its sources are hundreds of files, and to load them one by one takes three
// times as long as a command does: they are put together into one file, and again whenever one has changed.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { enableCompileCache } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundles, entry, filesFor, root, startsFromSnapshot } from './bundles.js';
import { makeSnapshot } from './snapshot.mjs';

/** Older ones that stay: a program that runs may load more of its own. */
const keptBundles = 5;

function removeOld() {
  const found = fs
    .readdirSync(bundles)
    .map((name) => ({ folder: path.join(bundles, name), made: fs.statSync(path.join(bundles, name)).mtimeMs }))
    .toSorted((one, other) => other.made - one.made);
  for (const { folder } of found.slice(keptBundles)) fs.rmSync(folder, { recursive: true, force: true });
}

/** Where the program begins: in the bundle, or in the sources where none can be made, which say what is wrong. */
function program() {
  try {
    const files = filesFor(process.execPath);
    if (!fs.existsSync(files.program)) {
      spawnSync(process.execPath, [path.join(import.meta.dirname, 'bundle.mjs')], { stdio: 'ignore' });
      if (!fs.existsSync(files.program)) return entry;
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
await import(pathToFileURL(program()).href);
