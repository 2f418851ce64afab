import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTokenVerifier } from '../../http/access/token.ts';
import { loadConfig } from '../../platform/config.ts';
import { createLog, redactText } from '../../platform/log.ts';
import { hasDisplay } from '../local/open.ts';
import { signInLink } from './sign-in.ts';
import { program } from '../../modules.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'arcadia-sign-in-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));
const config = (env: Record<string, string> = {}) =>
  loadConfig({ env: { ARCADIA_DATA_DIR: dataDir, ...env }, cwd: dataDir }, program.settings);

test('the link of a first start signs its user in as the owner, and no log keeps what it holds', async () => {
  const link = (await signInLink(config(), 'http://127.0.0.1:4000')) ?? '';
  const address = new URL(link);
  expect(`${address.origin}${address.pathname}${address.search}`).toBe('http://127.0.0.1:4000/');
  const token = address.hash.replace('#token=', '');
  const verifier = await openTokenVerifier(config(), createLog({ level: 'silent', format: 'json' }));
  const { role, exp, iat } = await verifier.verify(token);
  expect(role).toBe('owner');
  expect(exp - (iat ?? 0)).toBe(3600);
  expect(redactText(`opened ${link}`)).toBe('opened http://127.0.0.1:4000/#token=[redacted]');
});

test.each([
  [{ ARCADIA_JWT_SECRET: 'a secret of many letters 1234567890' }],
  [{ ARCADIA_JWT_JWKS: 'keys.json' }],
  [{ DATABASE_URL: 'postgres://u:p@h/d' }],
])('where others issue the tokens, or should, there is none', async (env) => {
  expect(await signInLink(config(env), 'http://127.0.0.1:4000')).toBeNull();
});

test.each([
  ['viewer', null, { role: 'viewer' }],
  ['owner', 'cus_1', { role: 'customer', customer: 'cus_1' }],
] as const)('a link for the role %s, or for customer %s', async (role, customer, expected) => {
  const link = new URL((await signInLink(config(), 'http://127.0.0.1:4000', role, customer)) ?? '');
  const verifier = await openTokenVerifier(config(), createLog({ level: 'silent', format: 'json' }));
  expect(await verifier.verify(link.hash.replace('#token=', ''))).toMatchObject(expected);
});

test.each([
  ['linux', {}, false],
  ['linux', { DISPLAY: ':0' }, true],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
  ['linux', { DISPLAY: ':0', CI: 'true' }, false],
  ['darwin', {}, true],
  ['darwin', { SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, false],
] as const)('on %s with %o a browser is opened: %s', (platform, env, expected) => {
  expect(hasDisplay(platform, env)).toBe(expected);
});
