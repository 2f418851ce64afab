import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { filesFor, snapshotFor } from '../../bin/bundles.js';

// The launcher over a project of one package, with an npm in PATH that installs it from nowhere
// and writes down that it was asked. What runs is the real bin/.

const bin = fileURLToPath(new URL('../../bin', import.meta.url));
let project: string;
const children: ChildProcess[] = [];

const lock = {
  packages: { '': {}, 'node_modules/dep': { version: '1.0.0' }, 'node_modules/tool': { version: '2.0.0', dev: true } },
};

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'arcadia-launch-'));
  cpSync(bin, join(project, 'bin'), { recursive: true });
  mkdirSync(join(project, 'src', 'cli'), { recursive: true });
  mkdirSync(join(project, 'path'));
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify(lock));
  writeFileSync(
    join(project, 'path', 'npm'),
    `#!/bin/sh
echo called >> "${project}/calls"
echo "npm speaks"
sleep 0.3
for name in dep tool; do mkdir -p "${project}/node_modules/$name"; echo '{}' > "${project}/node_modules/$name/package.json"; done
cp "${project}/package-lock.json" "${project}/node_modules/.package-lock.json"
`,
  );
  chmodSync(join(project, 'path', 'npm'), 0o755);
  program(`console.log(JSON.stringify(process.argv.slice(2)));`);
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(project, { recursive: true });
});

const program = (source: string) => writeFileSync(join(project, 'src', 'cli', 'main.ts'), source);

function calls(): number {
  try {
    return readFileSync(join(project, 'calls'), 'utf8').trim().split('\n').length;
  } catch {
    return 0;
  }
}

/** With our npm in PATH, and without that of `npm test`, which comes first where it is said. */
function environment(): NodeJS.ProcessEnv {
  const { npm_execpath: _, ...env } = process.env;
  return { ...env, PATH: `${join(project, 'path')}${delimiter}${env.PATH}` };
}

function start(args: readonly string[], file = 'arcadia') {
  const child = spawn(process.execPath, [join(project, 'bin', file), ...args], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code, signal], stdout, stderr]) => ({ code, signal, stdout, stderr }),
  );
  return { child, ended };
}

const run = (args: readonly string[] = [], file?: string) => start(args, file).ended;

test('what is missing is installed, once, and stdout stays the program’s own', async () => {
  const first = await run(['usage', '--json', 'a b']);
  expect(first).toMatchObject({ code: 0, stdout: '["usage","--json","a b"]\n' });
  expect(first.stderr).toMatch(/^arcadia: installing packages.*\nnpm speaks\n$/);
  expect(await run(['usage'])).toMatchObject({ code: 0, stdout: '["usage"]\n', stderr: '' });
  expect(calls()).toBe(1);
});

test('./arcadia of the clone is the command, from any folder, by its path and by a link to it', async () => {
  cpSync(fileURLToPath(new URL('../../arcadia', import.meta.url)), join(project, 'arcadia'), {
    verbatimSymlinks: true,
  });
  symlinkSync(join(project, 'arcadia'), join(project, 'path', 'arcadia'));
  // What `env node` finds, whatever is installed beside: this project brings no Node of its own.
  symlinkSync(process.execPath, join(project, 'path', 'node'));
  for (const command of [join(project, 'arcadia'), 'arcadia']) {
    const { stdout } = spawnSync(command, ['usage'], { cwd: tmpdir(), env: environment(), encoding: 'utf8' });
    expect(stdout).toBe('["usage"]\n');
  }
});

test('two that start at once install once', async () => {
  const results = await Promise.all([run(['1']), run(['2']), run(['3'])]);
  expect(results.map((result) => result.stdout)).toEqual(['["1"]\n', '["2"]\n', '["3"]\n']);
  expect(calls()).toBe(1);
});

test('a lock that a killed process left behind does not hold anybody up', async () => {
  mkdirSync(join(project, '.arcadia'));
  writeFileSync(join(project, '.arcadia', 'install.lock'), `${process.pid} another-start`);
  expect(await run()).toMatchObject({ code: 0 });
  expect(calls()).toBe(1);
});

test('another version in the lockfile, or a package that was deleted, is installed', async () => {
  await run();
  lock.packages['node_modules/dep'].version = '1.0.1';
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify(lock));
  await run();
  expect(calls()).toBe(2);
  rmSync(join(project, 'node_modules', 'dep'), { recursive: true });
  await run();
  expect(calls()).toBe(3);
});

test('the command runs without development packages; npm scripts do not', async () => {
  await run();
  const installed = JSON.parse(readFileSync(join(project, 'node_modules', '.package-lock.json'), 'utf8'));
  delete installed.packages['node_modules/tool'];
  writeFileSync(join(project, 'node_modules', '.package-lock.json'), JSON.stringify(installed));
  await run();
  expect(calls()).toBe(1);
  await run([], 'install.js');
  expect(calls()).toBe(2);
});

test('an install that fails ends in one clear error', async () => {
  writeFileSync(join(project, 'path', 'npm'), '#!/bin/sh\necho "npm: no network" >&2\nexit 7\n');
  const result = await run();
  expect(result).toMatchObject({ code: 1, stdout: '' });
  expect(result.stderr).toMatch(/npm: no network\narcadia: npm could not install the packages \(exit 7\)/);
});

test('the exit code comes through, and so does a signal', async () => {
  program('process.exitCode = 3;');
  expect(await run()).toMatchObject({ code: 3, signal: null });

  program(
    `process.on('SIGTERM', () => { console.log('stopping'); process.exit(2); }); console.log('ready'); setInterval(() => {}, 1000);`,
  );
  const { child, ended } = start([]);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 2, stdout: 'ready\nstopping\n' });
});

describe('put together into one file', () => {
  const bundles = () => join(project, '.arcadia', 'bundles');
  const main = () => pathToFileURL(join(project, 'src', 'cli', 'main.ts')).href;
  const said = (what: string) =>
    writeFileSync(join(project, 'src', 'cli', 'said.ts'), `export const said: string = '${what}';`);
  /** What was put together, changed by hand: whoever runs it says so. */
  function change(from: string, to: string): void {
    for (const name of readdirSync(bundles())) {
      const file = join(bundles(), name, 'main.cjs');
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll(from, to));
    }
  }

  beforeEach(async () => {
    await run();
    symlinkSync(
      fileURLToPath(new URL('../../node_modules/rolldown', import.meta.url)),
      join(project, 'node_modules', 'rolldown'),
    );
    said('one');
    program(`
      import { startupSnapshot } from 'node:v8';
      import { said } from './said.ts';
      const begin = () => console.log(said, import.meta.url, ...process.argv.slice(2));
      if (startupSnapshot.isBuildingSnapshot()) startupSnapshot.setDeserializeMainFunction(begin);
      else begin();
    `);
  });

  test('once, and again when a source has changed; each source knows where it lies', async () => {
    for (let time = 0; time < 2; time += 1) {
      expect(await run(['start'])).toMatchObject({ code: 0, stdout: `one ${main()} start\n`, stderr: '' });
      expect(readdirSync(bundles())).toHaveLength(1);
    }
    change('one', 'two');
    expect(await run(['start'])).toMatchObject({ stdout: `two ${main()} start\n` });
    said('three');
    expect(await run(['start'])).toMatchObject({ stdout: `three ${main()} start\n` });
    expect(readdirSync(bundles())).toHaveLength(2);
  });

  test('a command starts from a snapshot of it, unless Node is told how to run; what stays up does not', async () => {
    for (let time = 0; time < 2; time += 1) {
      expect(await run(['usage', '--help'])).toEqual({
        code: 0,
        signal: null,
        stdout: `one ${main()} usage --help\n`,
        stderr: '',
      });
      change('one', 'two');
    }
    expect(await run(['start'])).toMatchObject({ stdout: `two ${main()} start\n` });
    process.env.NODE_OPTIONS = '--no-deprecation';
    try {
      expect(await run(['usage'])).toMatchObject({ stdout: `two ${main()} usage\n` });
    } finally {
      delete process.env.NODE_OPTIONS;
    }
    said('three');
    expect(await run(['usage'])).toMatchObject({ stdout: `three ${main()} usage\n` });
  });

  test('where no snapshot can be made, it is loaded', async () => {
    program(`const late = Temporal.Duration.from('PT1H'); console.log(String(late), ...process.argv.slice(2));`);
    for (let time = 0; time < 2; time += 1)
      expect(await run(['usage'])).toMatchObject({ code: 0, stdout: 'PT1H usage\n', stderr: '' });
  });

  test('by two at once', async () => {
    const results = await Promise.all([run(), run(), run()]);
    expect(results.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 3 }, () => `one ${main()}\n`));
    expect(readdirSync(bundles())).toHaveLength(1);
  });

  test('not where nothing can be written; what is wrong with a source, the source says', async () => {
    writeFileSync(bundles(), 'in the way');
    expect(await run()).toMatchObject({ code: 0, stdout: `one ${main()}\n` });
    rmSync(bundles());
    program(`import { nothing } from './said.ts'; console.log(nothing);`);
    const broken = await run();
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain("does not provide an export named 'nothing'");
    expect(broken.stderr).toContain('src/cli/main.ts');
  });
});

test('the program as it is can be in a snapshot', async () => {
  const { status } = spawnSync(process.execPath, [join(bin, 'run.mjs'), '--help'], { stdio: 'ignore' });
  expect(status).toBe(0);
  const { program: file } = filesFor(process.execPath);
  const blob = join(project, 'commands.blob');
  const made = spawnSync(process.execPath, ['--snapshot-blob', blob, '--build-snapshot', file], { encoding: 'utf8' });
  // What it says names the line of what cannot be in one: see src/platform/once.ts.
  expect(made).toMatchObject({ status: 0 });
  expect(snapshotFor(process.execPath, ['customer', 'list'])).not.toBeNull();
});
