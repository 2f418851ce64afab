'use strict';

// Where the bundle of the program is, and the snapshot that commands start from. Plain JavaScript for Node 20 and later:
// the launcher reads it.

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const root = path.dirname(__dirname);
const sources = path.join(root, 'src');
const entry = path.join(sources, 'cli', 'main.ts');
const bundles = path.join(root, '.arcadia', 'bundles');

/**
 * Work streams through: rows and pages live for a moment. A small nursery keeps a sync of 100,000
 * resources at 250 MB where the default lets it grow past 300. At its full size from the start, it need not grow while
 * the program is loaded.
 */
const nodeFlags = ['--max-semi-space-size=8', '--min-semi-space-size=8'];

/** Commands that stay up or work for long: what they load costs them nothing, and they are looked into as they run. */
const longRunning = new Set(['start', 'simulate', 'demo']);

/** Names, sizes and times of everything that a bundle is made of, and of what its snapshot is for. */
function fingerprint(node) {
  const hash = createHash('sha256');
  const see = (file) => {
    const { size, mtimeMs } = fs.statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\0`);
  };
  for (const found of fs.readdirSync(sources, { recursive: true, withFileTypes: true })) {
    if (found.isFile() && found.name.endsWith('.ts') && !found.name.endsWith('.test.ts'))
      see(path.join(found.parentPath ?? found.path, found.name));
  }
  see(path.join(root, 'package-lock.json'));
  for (const own of ['bundles.js', 'bundle.mjs', 'snapshot.mjs']) see(path.join(__dirname, own));
  see(fs.realpathSync(node));
  return hash.digest('hex').slice(0, 16);
}

/** The files of the program as it is now, on this Node. They may not be there yet. */
function filesFor(node) {
  const folder = path.join(bundles, fingerprint(node));
  return { folder, program: path.join(folder, 'main.cjs'), snapshot: path.join(folder, 'commands.blob') };
}

/** Whether a command starts from the snapshot. Options of Node are for a program that is loaded as usual. */
function startsFromSnapshot(words) {
  return !longRunning.has(words[0]) && !process.env.NODE_OPTIONS;
}

/** The snapshot that a command starts from; null: it loads the program, and makes the snapshot if it may. */
function snapshotFor(node, words) {
  if (!startsFromSnapshot(words) || !fs.existsSync(node)) return null;
  const { snapshot } = filesFor(node);
  const { size } = fs.statSync(snapshot, { throwIfNoEntry: false }) ?? { size: 0 };
  return size === 0 ? null : snapshot;
}

module.exports = { root, sources, entry, bundles, nodeFlags, filesFor, startsFromSnapshot, snapshotFor };
