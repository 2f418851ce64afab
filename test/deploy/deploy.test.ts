import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { program } from '../../src/modules.ts';
import { allSettings, loadConfig } from '../../src/platform/config.ts';

// What stands in deploy/ and on the pages about it, held to the settings, the files and the tools that there are.

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');
const unit = read('deploy/arcadia-cloud.service');
const containerfile = read('deploy/Containerfile');
const compose = parse(read('deploy/compose.yaml')) as {
  services: Record<string, { environment: Record<string, string>; image: string; build?: { dockerfile: string } }>;
};

const ofCommands = ['ARCADIA_CONFIG', 'ARCADIA_URL', 'ARCADIA_TOKEN'];
const ofTests = ['ARCADIA_SEED'];
const settings = Object.values(allSettings(program.settings)).map(({ env }) => env);

test('every setting that a page or a file of deploy/ names is one', () => {
  const files = globSync(['docs/*.md', '*.md', 'deploy/*'], { cwd: root }).filter((name) => name !== 'CHANGELOG.md');
  const strange = files.flatMap((file) =>
    [...read(file).matchAll(/\b(ARCADIA_[A-Z_]*[A-Z])\b(?!_)/g)]
      .map(([, name = '']) => name)
      .filter((name) => ![...settings, ...ofCommands, ...ofTests].includes(name))
      .map((name) => `${file}: ${name}`),
  );
  expect(strange).toEqual([]);
});

test('every file that a page links to is there', () => {
  const missing = globSync(['docs/*.md', '*.md'], { cwd: root }).flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map(([, target = '']) => join(page, '..', target))
      .filter((path) => !existsSync(`${root}${path}`))
      .map((path) => `${page}: ${path}`),
  );
  expect(missing).toEqual([]);
});

describe('the unit', () => {
  const values = (name: string) =>
    [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);

  test('sets what the program takes, and runs the command of the clone as the page installs it', () => {
    const env = Object.fromEntries(values('Environment').map((pair) => pair.split('=') as [string, string]));
    const { ARCADIA_CONFIG: file, ...rest } = env;
    expect(loadConfig({ env: rest, cwd: tmpdir() }, program.settings)).toMatchObject({
      dataDir: '/var/lib/arcadia-cloud',
      logFormat: 'json',
    });
    const page = read('docs/install.md');
    const [start = ''] = values('ExecStart');
    for (const path of [
      file,
      values('WorkingDirectory')[0],
      start.split(' ')[0],
      values('EnvironmentFile')[0]?.slice(1),
    ])
      expect(page).toContain(path);
    expect(page).toContain(`useradd --system --home-dir ${env.ARCADIA_DATA_DIR}`);
    expect(env.ARCADIA_DATA_DIR).toBe(`/var/lib/${values('StateDirectory')[0]}`);
  });

  const analyze = (...args: string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  test.runIf(analyze('--version').status === 0)('is one that systemd takes without a remark', () => {
    const folder = mkdtempSync(join(tmpdir(), 'arcadia-unit-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'arcadia-cloud.service');
    writeFileSync(path, unit.replaceAll('/opt/arcadia-cloud', root.replace(/\/$/, '')));
    expect(analyze('verify', path)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('the image', () => {
  test('copies what there is, and keeps secrets and packages of the clone out', () => {
    const copied = [...containerfile.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
    expect(copied.filter((name) => !existsSync(`${root}${name}`))).toEqual([]);
    // What the program reads beside its sources.
    expect(copied).toEqual(expect.arrayContaining(['bin', 'src', 'web', 'migrations', 'plans']));
    expect(read('.containerignore').split('\n')).toEqual(expect.arrayContaining(['node_modules', '.env', '.git']));
  });

  test('is told by compose only what the program takes', () => {
    const { server, database } = compose.services;
    const filled = Object.fromEntries(
      Object.entries(server?.environment ?? {}).map(([name, value]) => [
        name,
        value.replaceAll(/\$\{(\w+):\?[^}]*\}/g, (_, secret: string) =>
          secret === 'ARCADIA_SECRET_KEY'
            ? Buffer.from('0123456789abcdefghijklmnopqrstuv').toString('base64')
            : '0123456789abcdefghijklmnopqrstuvwxyz',
        ),
      ]),
    );
    const config = loadConfig({ env: filled, cwd: tmpdir() }, program.settings);
    expect(config.databaseUrl).toBe('postgres://arcadia:0123456789abcdefghijklmnopqrstuvwxyz@database:5432/arcadia');
    expect(existsSync(`${root}deploy/../${server?.build?.dockerfile}`)).toBe(true);
    expect(database?.environment.POSTGRES_USER).toBe('arcadia');
    expect(Number(/:(\d+)$/.exec(database?.image ?? '')?.[1])).toBeGreaterThanOrEqual(15);
  });

  test('that is built without an engine runs as the other does', () => {
    const script = read('deploy/build-image.mjs');
    const [, entrypoint = ''] = /^ENTRYPOINT (\[.*\])$/m.exec(containerfile) ?? [];
    const [, ...args] = JSON.parse(entrypoint) as string[];
    for (const arg of args) expect(script).toContain(`'${arg}'`);
    for (const [, pair = ''] of (/^ENV (.*)$/m.exec(containerfile)?.[1] ?? '').matchAll(/(\S+)/g))
      expect(script).toContain(`'${pair}'`);
    expect(spawnSync(process.execPath, ['--check', `${root}deploy/build-image.mjs`]).status).toBe(0);
  });
});
