import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ConfigSources, loadConfig } from './config.ts';
import { program } from '../modules.ts';
import { generateSecretKey } from './secrets/crypto.ts';
import { ArcadiaError } from './errors.ts';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'arcadia-config-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const file = (content: string, name = 'arcadia.yaml') => writeFileSync(join(cwd, name), content);
/** All settings of the program, side by side. */
function load(sources: Partial<ConfigSources> = {}): Record<string, unknown> {
  const { ofModules, ...own } = loadConfig({ env: {}, cwd, ...sources }, program.settings);
  return { ...ofModules, ...own };
}

function mistakes(sources: Partial<ConfigSources>): readonly string[] {
  try {
    load(sources);
  } catch (error) {
    expect(error).toBeInstanceOf(ArcadiaError);
    expect((error as ArcadiaError).code).toBe('invalid_config');
    return (error as ArcadiaError).details.mistakes as string[];
  }
  throw new Error('nothing was wrong');
}

test('without anything said there are defaults', () => {
  expect(load({ env: { XDG_DATA_HOME: '/x' } })).toMatchObject({
    databaseUrl: null,
    host: '127.0.0.1',
    port: 4000,
    logLevel: 'info',
    digitaloceanToken: null,
    digitaloceanApiUrl: 'https://api.digitalocean.com',
    spacesRegions: [],
  });
});

test('a flag goes before the environment, that before the file, that before the default', () => {
  file('port: 1001\nhost: file.example\nlogLevel: warn\n');
  const env = { ARCADIA_PORT: '1002', ARCADIA_HOST: 'env.example' };
  expect(load({ flags: { port: '1003' }, env })).toMatchObject({
    port: 1003,
    host: 'env.example',
    logLevel: 'warn',
    logFormat: 'auto',
  });
  expect(load({ env })).toMatchObject({ port: 1002 });
  expect(load()).toMatchObject({ port: 1001, host: 'file.example' });
});

test('a variable set to nothing is not set', () => {
  file('port: 1001');
  expect(load({ env: { ARCADIA_PORT: '', DATABASE_URL: '' } })).toMatchObject({ port: 1001, databaseUrl: null });
});

test('values arrive in their own form', () => {
  file('spacesRegions: [nyc3, ams3]');
  expect(load().spacesRegions).toEqual(['nyc3', 'ams3']);
  const secretKey = generateSecretKey();
  const env = {
    SPACES_REGIONS: 'fra1, sgp1,',
    SPACES_ACCESS_KEY_ID: 'id',
    SPACES_SECRET_ACCESS_KEY: 'secret',
    DIGITALOCEAN_API_URL: 'http://127.0.0.1:4100/',
    ARCADIA_SECRET_KEY: secretKey,
  };
  expect(load({ env })).toMatchObject({
    spacesRegions: ['fra1', 'sgp1'],
    digitaloceanApiUrl: 'http://127.0.0.1:4100',
    secretKey,
  });
});

test('the file may lie elsewhere, and then must be there', () => {
  file('port: 1001', 'other.yaml');
  expect(load({ env: { ARCADIA_CONFIG: 'other.yaml' } }).port).toBe(1001);
  expect(load({ flags: { config: 'other.yaml' } }).port).toBe(1001);
  expect(mistakes({ env: { ARCADIA_CONFIG: 'gone.yaml' } })).toEqual([
    expect.stringMatching(/gone\.yaml: cannot be read/),
  ]);
});

test('every mistake is named at once, with where it came from and what is allowed, and no secret', () => {
  file('logLevel: loud\nprot: 1\nspacesRegions: 12_3');
  const found = mistakes({
    flags: { port: '70000', json: true },
    env: {
      DATABASE_URL: 'mysql://root:s3cret@h/d',
      ARCADIA_SECRET_KEY: 's3cret',
      ARCADIA_PROT: '1',
      DIGITALOCEAN_TOKEN: 's3cret with blanks',
      SPACES_SECRET_ACCESS_KEY: 's3cret',
      OTHER: 'not ours',
    },
  });
  expect(found).toEqual([
    expect.stringMatching(/^ARCADIA_PROT is not a setting\. Settings: .*ARCADIA_PORT/),
    expect.stringMatching(/arcadia\.yaml: 'prot' is not a setting\. Settings: .*port/),
    expect.stringMatching(/^DATABASE_URL: its value is not allowed\. Allowed: postgres:/),
    expect.stringMatching(/^logLevel in .*arcadia\.yaml: "loud" is not allowed\. Allowed: trace, /),
    expect.stringMatching(/^ARCADIA_SECRET_KEY: its value is not allowed\. Allowed: 32 random bytes/),
    expect.stringMatching(/^DIGITALOCEAN_TOKEN: its value/),
    expect.stringMatching(/^spacesRegions in .*"12_3" is not allowed/),
    '--port: "70000" is not allowed. Allowed: a whole number from 0 to 65535; 0 takes any free port.',
    expect.stringMatching(/^A Spaces key has an id and a secret/),
  ]);
  expect(found.join()).not.toContain('s3cret');
});

test('what commands read for a running server is no mistake of a setting', () => {
  expect(load({ env: { ARCADIA_URL: 'http://127.0.0.1:4877', ARCADIA_TOKEN: 'x', ARCADIA_PORT: '1' } }).port).toBe(1);
});

test.each([
  ['- a\n- b', /must hold settings/],
  ['digitaloceanToken: "s3cret', /is not YAML/],
  ['host: { a: s3cret }', /host in/],
])('a file of %j is a mistake', (content, complaint) => {
  file(content);
  const found = mistakes({});
  expect(found).toEqual([expect.stringMatching(complaint)]);
  if (!content.startsWith('host')) expect(found.join()).not.toContain('s3cret');
});

test.each([
  'https://app.example/jwks.json',
  'http://127.0.0.1:4001/jwks',
  'http://localhost/jwks',
  '/etc/arcadia/keys.json',
  'keys.json',
])('keys of tokens may be at %s', (jwtJwks) =>
  expect(load({ env: { ARCADIA_JWT_JWKS: jwtJwks } }).jwtJwks).toBe(jwtJwks),
);

test.each([
  ['ARCADIA_JWT_JWKS', 'http://app.example/jwks.json'],
  ['ARCADIA_JWT_JWKS', 'http://127.0.0.1.example/jwks.json'],
  ['ARCADIA_JWT_JWKS', 'ftp://app.example/jwks.json'],
  ['ARCADIA_JWT_SECRET', 'thirty-one characters are short'],
  ['ARCADIA_JWT_SECRET', 'x'.repeat(64)],
  ['ARCADIA_SECRET_KEY', Buffer.alloc(32, 7).toString('base64')],
  ['DIGITALOCEAN_API_URL', 'http://api.example'],
  ['DIGITALOCEAN_API_URL', 'http://127.0.0.1.example'],
  ['DIGITALOCEAN_API_URL', 'http://10.0.0.7:8080'],
  ['SPACES_ENDPOINT', 'http://spaces.example'],
])('%s may not be %s', (variable, value) => {
  const [mistake] = mistakes({ env: { [variable]: value } });
  expect(mistake).toMatch(new RegExp(`^${variable}: .*not allowed`));
  if (/_SECRET|_KEY/.test(variable)) expect(mistake).not.toContain(value);
});

test('a file that only lies in the working folder sends no secret of the environment anywhere', () => {
  file('digitaloceanApiUrl: https://elsewhere.example');
  const token = { DIGITALOCEAN_TOKEN: 'dop_v1_any' };
  expect(mistakes({ env: token })).toEqual([
    expect.stringMatching(
      /^digitaloceanApiUrl in .*arcadia\.yaml: .*would send DIGITALOCEAN_TOKEN .*Set DIGITALOCEAN_API_URL, or name the file/,
    ),
  ]);
  expect(load().digitaloceanApiUrl).toBe('https://elsewhere.example');
  expect(load({ env: { ...token, ARCADIA_CONFIG: 'arcadia.yaml' } }).digitaloceanApiUrl).toMatch(/elsewhere/);
  expect(load({ env: token, flags: { config: 'arcadia.yaml' } }).digitaloceanApiUrl).toMatch(/elsewhere/);
  const env = { ...token, DIGITALOCEAN_API_URL: 'https://mine.example' };
  expect(load({ env }).digitaloceanApiUrl).toBe('https://mine.example');
  file('spacesEndpoint: https://elsewhere.example');
  const keys = { SPACES_ACCESS_KEY_ID: 'id', SPACES_SECRET_ACCESS_KEY: 'secret' };
  expect(mistakes({ env: keys })).toEqual([expect.stringMatching(/^spacesEndpoint in .*would send SPACES_/)]);
});

test('proxies are addresses or ranges of them', () => {
  const env = (text: string) => ({ env: { ARCADIA_TRUSTED_PROXIES: text } });
  expect(load(env('10.0.0.0/8, ::1,192.0.2.7')).trustedProxies).toEqual(['10.0.0.0/8', '::1', '192.0.2.7']);
  for (const wrong of ['10.0.0.0/33', '10.0.0', 'proxy.example', '::1/129', '10.0.0.0/8/8', '10.0.0.0/'])
    expect(mistakes(env(wrong))).toHaveLength(1);
});
