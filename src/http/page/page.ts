import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from '../../platform/log.ts';
import { etagOf } from '../serve/etags.ts';

// The dashboard's files. They are built from web/ once for each state of it, by a process of its own, so that requests
// are answered meanwhile, and kept beside the program's bundles.

const root = new URL('../../../', import.meta.url);
const sources = fileURLToPath(new URL('web/', root));
const builds = fileURLToPath(new URL('.arcadia/web/', root));

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** What a browser may be sent in place of the file itself, best first. */
export const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

export interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
  /** By the name that the header Accept-Encoding has for it. */
  readonly encoded: ReadonlyMap<string, Buffer>;
}

export interface Page {
  readonly state: 'building' | 'ready' | 'failed';
  /** By its address, `/index.html`. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** Settles, without an error, when the state is building no longer. */
  readonly settled: Promise<void>;
  /** Ends a build that is under way. */
  close(): Promise<void>;
}

/** Finds the dashboard's build, or begins one. What goes wrong is logged: the API does without the page. */
export function openPage(log: Logger): Page {
  const leaving = new AbortController();
  let state: Page['state'] = 'building';
  let files: Page['files'] = new Map();
  const settled = (async () => {
    try {
      const folder = join(builds, await fingerprint());
      if (!existsSync(folder)) await build(folder, leaving.signal);
      files = await readAll(folder);
      state = 'ready';
    } catch (error) {
      state = 'failed';
      if (!leaving.signal.aborted)
        log.error({ err: error }, 'The dashboard cannot be built; the API is served without.');
    }
  })();
  return {
    get state() {
      return state;
    },
    get files() {
      return files;
    },
    settled,
    async close() {
      leaving.abort();
      await settled;
    },
  };
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  const found = await readdir(sources, { recursive: true, withFileTypes: true });
  const paths = found
    .filter((each) => each.isFile() && !each.name.endsWith('.gen.ts'))
    .map((each) => join(each.parentPath, each.name))
    .toSorted();
  for (const path of [...paths, fileURLToPath(new URL('package-lock.json', root))])
    hash.update(`${path.slice(sources.length)}\0`).update(await readFile(path));
  return hash.digest('hex').slice(0, 16);
}

/** Two processes at once: one builds, and the other finds it built. */
async function build(folder: string, signal: AbortSignal): Promise<void> {
  const script = join(sources, 'build.ts');
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'ignore', 'pipe'], signal });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-10_000);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject).once('close', resolve);
  const code = await promise;
  if (code !== 0) throw new Error(`The build ended with ${code}: ${said}`);
}

async function readAll(folder: string): Promise<Map<string, PageFile>> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const bodies = new Map<string, Buffer>();
  for (const each of found.filter((entry) => entry.isFile())) {
    const path = join(each.parentPath, each.name);
    bodies.set(path.slice(folder.length).replaceAll('\\', '/'), await readFile(path));
  }
  const files = new Map<string, PageFile>();
  for (const [address, body] of bodies) {
    const type = types[extname(address)];
    if (type === undefined) continue;
    const encoded = encodings.flatMap(([name, ending]) => {
      const there = bodies.get(`${address}${ending}`);
      return there === undefined ? [] : [[name, there] as const];
    });
    files.set(address, { type, etag: etagOf(body), body, encoded: new Map(encoded) });
  }
  return files;
}
