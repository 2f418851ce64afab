import { createHmac, generateKeyPairSync, type KeyObject, type webcrypto, randomUUID, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { createCustomer } from '../../deployments/customers.ts';
import type { ArcadiaError } from '../../platform/errors.ts';
import { createLog } from '../../platform/log.ts';
import { type Authenticator, openAuthenticator } from './authentication.ts';
import type { KeySetTimes } from './key-set.ts';
import { issueToken } from '../../platform/secrets/issue-token.ts';
import { developmentSecretFile, type TokenConfig } from '../../platform/secrets/token-secret.ts';

// Tokens are made here by hand, with node:crypto, as RFC 7515 says: not by the library that verifies them.

const secret = 'a shared secret of arcadia-app and this service, long enough for HS512';
const log = createLog({ level: 'silent', format: 'json' });

let database: TestDatabase;
let dataDir: string;
let customerId: number;
beforeAll(async () => {
  database = await openTestDatabase();
  const now = Temporal.Instant.from('2026-05-01T00:00:00Z');
  ({ customerId } = await createCustomer(database.db, { externalId: 'cus_1', name: 'C', currency: 'USD' }, now));
});
afterAll(() => database.close());
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'arcadia-tokens-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const configured = (settings: Partial<TokenConfig>): TokenConfig => ({
  databaseUrl: 'postgres://somewhere/else',
  dataDir,
  jwtSecret: null,
  jwtJwks: null,
  jwtIssuer: 'arcadia',
  jwtAudience: null,
  jwtRoleClaim: 'role',
  jwtCustomerClaim: 'customer',
  ...settings,
});
const open = (settings: Partial<TokenConfig>, keySetTimes?: KeySetTimes): Promise<Authenticator> =>
  openAuthenticator({
    config: configured(settings),
    db: database.db,
    log,
    ...(keySetTimes === undefined ? {} : { keySetTimes }),
  });

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
const seconds = () => Math.floor(Temporal.Now.instant().epochMilliseconds / 1000);

/** The claims that Guardian gives an access token, and ours. */
function claims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  const iat = seconds();
  return {
    aud: 'arcadia',
    exp: iat + 3600,
    iat,
    iss: 'arcadia',
    jti: randomUUID(),
    nbf: iat - 1,
    sub: 'user_1',
    typ: 'access',
    role: 'viewer',
    ...changes,
  };
}

/** HS512 as Guardian signs: the secret is the text itself. */
function hs512(payload: unknown, header: Record<string, unknown> = {}, key: string | Buffer = secret): string {
  const input = `${encode({ alg: 'HS512', typ: 'JWT', ...header })}.${encode(payload)}`;
  return `${input}.${createHmac('sha512', key).update(input).digest('base64url')}`;
}

const pairs = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
} as const;
type Asymmetric = keyof typeof pairs;

function asymmetric(alg: Asymmetric, key: KeyObject, header: Record<string, unknown> = {}, payload = claims()): string {
  const input = `${encode({ alg, typ: 'JWT', ...header })}.${encode(payload)}`;
  const options = { key, dsaEncoding: 'ieee-p1363' } as const;
  return `${input}.${sign(alg === 'EdDSA' ? null : 'sha256', Buffer.from(input), options).toString('base64url')}`;
}

type JsonWebKey = webcrypto.JsonWebKey & { kid?: string };

const jwk = (key: KeyObject, more: object = {}): JsonWebKey => ({ ...key.export({ format: 'jwk' }), ...more });

async function refusal(authenticator: Authenticator, token: string | undefined): Promise<string> {
  try {
    await authenticator.authenticate(token === undefined ? undefined : `Bearer ${token}`);
  } catch (error) {
    return (error as ArcadiaError).code;
  }
  return 'accepted';
}

// HS512 ---------------------------------------------------------------------------------------

test("Guardian's token is who it says", async () => {
  const { authenticate } = await open({ jwtSecret: secret });
  expect(await authenticate(`Bearer ${hs512(claims())}`)).toMatchObject({
    subject: 'user_1',
    role: 'viewer',
    customerId: null,
  });
  expect(await authenticate(`bearer ${hs512(claims({ role: 'customer', customer: 'cus_1' }))}`)).toMatchObject({
    subject: 'user_1',
    role: 'customer',
    customerId,
  });
});

const without = (name: string) => {
  const { [name]: _, ...rest } = claims();
  return rest;
};

test.each<[string, () => string | undefined, string]>([
  ['no token', () => undefined, 'unauthenticated'],
  ['words', () => 'let me in', 'unauthenticated'],
  ['no token in three parts', () => 'a.b', 'unauthenticated'],
  ['parts that are no JSON', () => 'aaaa.bbbb.cccc', 'unauthenticated'],
  ['another secret', () => hs512(claims(), {}, 'another secret, also long enough for HS512'), 'unauthenticated'],
  ['no signature', () => `${hs512(claims()).split('.').slice(0, 2).join('.')}.`, 'unauthenticated'],
  ['alg none', () => `${encode({ alg: 'none' })}.${encode(claims())}.`, 'unauthenticated'],
  ['alg None with a signature', () => hs512(claims(), { alg: 'None' }), 'unauthenticated'],
  ['alg HS256', () => hs512(claims(), { alg: 'HS256' }), 'unauthenticated'],
  ['alg RS256, for which there is no key', () => hs512(claims(), { alg: 'RS256' }), 'unauthenticated'],
  [
    'changed claims',
    () =>
      hs512(claims())
        .split('.')
        .with(1, encode(claims({ role: 'owner' })))
        .join('.'),
    'unauthenticated',
  ],
  ['another issuer', () => hs512(claims({ iss: 'somebody' })), 'unauthenticated'],
  ['no issuer', () => hs512(without('iss')), 'unauthenticated'],
  ['an end that has passed', () => hs512(claims({ exp: seconds() - 61 })), 'unauthenticated'],
  ['no end', () => hs512(without('exp')), 'unauthenticated'],
  ['an end that is no number', () => hs512(claims({ exp: '2099-01-01' })), 'unauthenticated'],
  ['a beginning to come', () => hs512(claims({ nbf: seconds() + 70 })), 'unauthenticated'],
  ['a refresh token', () => hs512(claims({ typ: 'refresh' })), 'unauthenticated'],
  ['no typ', () => hs512(without('typ')), 'unauthenticated'],
  ['no subject', () => hs512(without('sub')), 'unauthenticated'],
  ['a subject of lines', () => hs512(claims({ sub: 'a\nb' })), 'unauthenticated'],
  ['a critical header', () => hs512(claims(), { crit: ['exp'], exp: 1 }), 'unauthenticated'],
  ['too long a token', () => hs512(claims({ filler: 'x'.repeat(8_000) })), 'unauthenticated'],
  ['no role', () => hs512(without('role')), 'forbidden'],
  ['a role that is none', () => hs512(claims({ role: 'root' })), 'forbidden'],
  ['a customer without an id', () => hs512(claims({ role: 'customer' })), 'forbidden'],
  ['a customer who is not known', () => hs512(claims({ role: 'customer', customer: 'cus_2' })), 'forbidden'],
  ['a customer by our own id', () => hs512(claims({ role: 'customer', customer: customerId })), 'forbidden'],
])('%s is refused', async (_, token, code) => {
  expect(await refusal(await open({ jwtSecret: secret }), token())).toBe(code);
});

test('clocks may differ by a minute', async () => {
  const authenticator = await open({ jwtSecret: secret });
  expect(await refusal(authenticator, hs512(claims({ exp: seconds() - 30, nbf: seconds() + 30 })))).toBe('accepted');
});

test('an expired token is told so only if it is genuine', async () => {
  const { authenticate } = await open({ jwtSecret: secret });
  const expired = claims({ exp: seconds() - 100 });
  await expect(authenticate(`Bearer ${hs512(expired)}`)).rejects.toThrow('The token has expired.');
  await expect(authenticate(`Bearer ${hs512(expired, {}, 'x'.repeat(64))}`)).rejects.toThrow('The token is not valid.');
});

test('issuer, audience and claims are as configured', async () => {
  const authenticator = await open({
    jwtSecret: secret,
    jwtIssuer: 'https://app.example',
    jwtAudience: 'cloud',
    jwtRoleClaim: 'https://app.example/role',
    jwtCustomerClaim: 'org.id',
  });
  const ours = { iss: 'https://app.example', aud: ['other', 'cloud'], 'https://app.example/role': 'customer' };
  expect(await authenticator.authenticate(`Bearer ${hs512(claims({ ...ours, org: { id: 'cus_1' } }))}`)).toMatchObject({
    customerId,
  });
  expect(await refusal(authenticator, hs512(claims({ ...ours, aud: 'other', org: { id: 'cus_1' } })))).toBe(
    'unauthenticated',
  );
  expect(await refusal(authenticator, hs512(claims({ ...ours, org: 'cus_1' })))).toBe('forbidden');
});

// Public keys -----------------------------------------------------------------------------------

let server: Server;
let published: { status: number; body: string; location?: string };
let elsewhere: { status: number; body: string; location?: string };
let asked: number;
beforeEach(async () => {
  asked = 0;
  server = createServer((request, response) => {
    asked += 1;
    const { status, body, location } = request.url === '/elsewhere' ? elsewhere : published;
    response.writeHead(status, location === undefined ? {} : { location }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
const publish = (...keys: JsonWebKey[]) => {
  published = { status: 200, body: JSON.stringify({ keys }) };
};
const never: KeySetTimes = { freshMs: 1e9, cooldownMs: 1e9, staleMaxMs: 1e9 };
/** Asks again as often as there is a reason to. */
const eager: KeySetTimes = { freshMs: 1e9, cooldownMs: 0, staleMaxMs: 1e9 };

test.each(['RS256', 'ES256', 'EdDSA'] as const)('%s, its key at an address', async (alg) => {
  const { privateKey, publicKey } = pairs[alg]();
  publish(jwk(publicKey, { kid: 'k1', use: 'sig' }));
  const authenticator = await open({ jwtJwks: address() });
  expect(await refusal(authenticator, asymmetric(alg, privateKey, { kid: 'k1' }))).toBe('accepted');
  expect(await refusal(authenticator, asymmetric(alg, privateKey))).toBe('accepted');
  expect(await refusal(authenticator, asymmetric(alg, pairs[alg]().privateKey, { kid: 'k1' }))).toBe('unauthenticated');
  expect(await refusal(authenticator, hs512(claims()))).toBe('unauthenticated');
  expect(asked).toBe(1);
});

test('keys in a file, and a secret beside them while one is replaced by the other', async () => {
  const { privateKey, publicKey } = pairs.ES256();
  const path = join(dataDir, 'keys.json');
  writeFileSync(path, JSON.stringify({ keys: [jwk(publicKey, { kid: 'k1' })] }));
  const authenticator = await open({ jwtJwks: path, jwtSecret: secret });
  expect(await refusal(authenticator, asymmetric('ES256', privateKey, { kid: 'k1' }))).toBe('accepted');
  expect(await refusal(authenticator, hs512(claims()))).toBe('accepted');
});

test('a public key is never a shared secret', async () => {
  const { publicKey } = pairs.RS256();
  publish(jwk(publicKey, { kid: 'k1' }));
  const authenticator = await open({ jwtJwks: address(), jwtSecret: secret });
  for (const key of [
    publicKey.export({ format: 'pem', type: 'spki' }),
    publicKey.export({ format: 'der', type: 'spki' }),
    JSON.stringify(jwk(publicKey)),
  ]) {
    expect(await refusal(authenticator, hs512(claims(), { kid: 'k1' }, key))).toBe('unauthenticated');
  }
});

test("a key's algorithm is its own", async () => {
  const { privateKey, publicKey } = pairs.RS256();
  publish(jwk(publicKey, { kid: 'k1', alg: 'RS512' }), jwk(pairs.ES256().publicKey, { kid: 'k2' }));
  const authenticator = await open({ jwtJwks: address() }, never);
  expect(await refusal(authenticator, asymmetric('RS256', privateKey, { kid: 'k1' }))).toBe('unauthenticated');
  expect(await refusal(authenticator, asymmetric('RS256', privateKey, { kid: 'k2' }))).toBe('unauthenticated');
});

test('secrets, weak keys and keys to encrypt with are not taken from a set', async () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const toEncrypt = pairs.RS256();
  publish(
    { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'oct' },
    jwk(weak.publicKey, { kid: 'weak' }),
    jwk(toEncrypt.publicKey, { kid: 'enc', use: 'enc' }),
    jwk(pairs.ES256().publicKey, { kid: 'good' }),
  );
  const authenticator = await open({ jwtJwks: address() }, never);
  expect(await refusal(authenticator, hs512(claims(), { kid: 'oct' }))).toBe('unauthenticated');
  expect(await refusal(authenticator, asymmetric('RS256', weak.privateKey, { kid: 'weak' }))).toBe('unauthenticated');
  expect(await refusal(authenticator, asymmetric('RS256', toEncrypt.privateKey, { kid: 'enc' }))).toBe(
    'unauthenticated',
  );
});

test('what a header points to is not followed', async () => {
  const mine = pairs.ES256();
  publish(jwk(mine.publicKey, { kid: 'mine' }));
  const trusted = join(dataDir, 'keys.json');
  writeFileSync(trusted, JSON.stringify({ keys: [jwk(pairs.ES256().publicKey, { kid: 'k1' })] }));
  const authenticator = await open({ jwtJwks: trusted });
  for (const header of [{ jku: address() }, { x5u: address() }, { jwk: jwk(mine.publicKey) }, { x5c: ['MII'] }]) {
    for (const kid of ['k1', 'mine', undefined]) {
      expect(await refusal(authenticator, asymmetric('ES256', mine.privateKey, { kid, ...header }))).toBe(
        'unauthenticated',
      );
    }
  }
  expect(asked).toBe(0);
});

test('a rotation: the new key is fetched when first seen, two hold at once, the old one goes', async () => {
  const [old, fresh] = [pairs.ES256(), pairs.ES256()];
  const token = {
    old: asymmetric('ES256', old.privateKey, { kid: 'old' }),
    fresh: asymmetric('ES256', fresh.privateKey, { kid: 'fresh' }),
  };
  publish(jwk(old.publicKey, { kid: 'old' }));
  const authenticator = await open({ jwtJwks: address() }, eager);
  expect(await refusal(authenticator, token.old)).toBe('accepted');

  publish(jwk(old.publicKey, { kid: 'old' }), jwk(fresh.publicKey, { kid: 'fresh' }));
  expect(await refusal(authenticator, token.fresh)).toBe('accepted');
  expect(await refusal(authenticator, token.old)).toBe('accepted');
  expect(asked).toBe(2);

  publish(jwk(fresh.publicKey, { kid: 'fresh' }));
  await refusal(authenticator, asymmetric('ES256', old.privateKey, { kid: 'unheard of' }));
  expect(await refusal(authenticator, token.fresh)).toBe('accepted');
  expect(await refusal(authenticator, token.old)).toBe('unauthenticated');
});

test('made-up key ids do not make us ask at will, nor does a crowd', async () => {
  const { privateKey, publicKey } = pairs.ES256();
  publish(jwk(publicKey, { kid: 'k1' }));
  const patient = await open({ jwtJwks: address() }, never);
  const good = asymmetric('ES256', privateKey, { kid: 'k1' });
  expect(await Promise.all(Array.from({ length: 20 }, () => refusal(patient, good)))).toEqual(
    Array(20).fill('accepted'),
  );
  for (let i = 0; i < 20; i += 1)
    expect(await refusal(patient, asymmetric('ES256', privateKey, { kid: `k${i + 2}` }))).toBe('unauthenticated');
  expect(asked).toBe(1);
});

test('a token that names no key is verified where only one key can be meant', async () => {
  const [one, other] = [pairs.ES256(), pairs.ES256()];
  publish(jwk(one.publicKey, { kid: 'one' }), jwk(other.publicKey, { kid: 'other' }));
  const authenticator = await open({ jwtJwks: address() }, never);
  expect(await refusal(authenticator, asymmetric('ES256', one.privateKey, { kid: 'one' }))).toBe('accepted');
  expect(await refusal(authenticator, asymmetric('ES256', one.privateKey))).toBe('unauthenticated');
});

test('while the keys cannot be read, known ones hold on and no other is taken', async () => {
  const { privateKey, publicKey } = pairs.ES256();
  const good = asymmetric('ES256', privateKey, { kid: 'k1' });
  publish(jwk(publicKey, { kid: 'k1' }));
  const authenticator = await open({ jwtJwks: address() }, { ...eager, freshMs: 0 });
  expect(await refusal(authenticator, good)).toBe('accepted');
  const wouldDo = { keys: [jwk(publicKey, { kid: 'new' })] };
  elsewhere = { status: 200, body: JSON.stringify(wouldDo) };
  for (const outage of [
    { status: 503, body: JSON.stringify(wouldDo) },
    { status: 200, body: `${JSON.stringify(wouldDo)} and more` },
    { status: 200, body: '{"keys":[]}' },
    { status: 302, body: '', location: '/elsewhere' },
    { status: 200, body: JSON.stringify({ ...wouldDo, filler: 'x'.repeat(1_100_000) }) },
    { status: 200, body: JSON.stringify({ keys: Array(101).fill(wouldDo.keys[0]) }) },
  ]) {
    published = outage;
    expect(await refusal(authenticator, good)).toBe('accepted');
    expect(await refusal(authenticator, asymmetric('ES256', privateKey, { kid: 'new' }))).toBe('unauthenticated');
    expect(await refusal(await open({ jwtJwks: address() }), good)).toBe('keys_unavailable');
  }
  published = elsewhere;
  expect(await refusal(authenticator, asymmetric('ES256', privateKey, { kid: 'new' }))).toBe('accepted');
});

test('an outage does not outlast the time that known keys may hold for', async () => {
  const { privateKey, publicKey } = pairs.ES256();
  const good = asymmetric('ES256', privateKey, { kid: 'k1' });
  publish(jwk(publicKey, { kid: 'k1' }));
  const authenticator = await open({ jwtJwks: address() }, { ...eager, staleMaxMs: 1_000 });
  expect(await refusal(authenticator, good)).toBe('accepted');
  published = { status: 503, body: '' };
  await expect.poll(() => refusal(authenticator, good)).toBe('keys_unavailable');
  publish(jwk(publicKey, { kid: 'k1' }));
  expect(await refusal(authenticator, good)).toBe('accepted');
});

// Tokens of our own -----------------------------------------------------------------------------

const ask = { subject: 'me', role: 'owner', customer: null, expiresIn: Temporal.Duration.from('PT1H') } as const;

test('an embedded database has a secret of its own, and what it signs opens it', async () => {
  const settings = { databaseUrl: null };
  const token = await issueToken(configured(settings), ask);
  expect(await (await open(settings)).authenticate(`Bearer ${token}`)).toMatchObject({
    subject: 'me',
    role: 'owner',
    customerId: null,
  });
  expect(developmentSecretFile(dataDir)).toBe(join(dataDir, 'token.key'));
  const claimsOf = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
  expect(Object.keys(claimsOf).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'nbf', 'role', 'sub', 'typ']);
});

test('a token is issued with the claims that are configured', async () => {
  const settings = { jwtSecret: secret, jwtRoleClaim: 'app.role', jwtCustomerClaim: 'app.customer', jwtAudience: 'x' };
  const token = await issueToken(configured(settings), { ...ask, role: 'customer', customer: 'cus_1' });
  expect(await (await open(settings)).authenticate(`Bearer ${token}`)).toMatchObject({ role: 'customer', customerId });
});

test('without a secret nothing is issued, and the API says how to configure one', async () => {
  await expect(issueToken(configured({}), ask)).rejects.toThrow(/ARCADIA_JWT_SECRET/);
  await expect(issueToken(configured({ jwtJwks: 'keys.json', databaseUrl: null }), ask)).rejects.toThrow(/public keys/);
  await expect((await open({})).authenticate(`Bearer ${hs512(claims())}`)).rejects.toThrow(
    /operator has to set ARCADIA_JWT_SECRET or ARCADIA_JWT_JWKS/,
  );
  await expect(issueToken(configured({ jwtSecret: secret }), { ...ask, customer: 'cus_1' })).rejects.toThrow(/role/);
  await expect(issueToken(configured({ jwtSecret: secret }), { ...ask, role: 'customer' })).rejects.toThrow(
    /--customer/,
  );
});

// Tokens as people have them ----------------------------------------------------------------------

test.each<[string, Partial<TokenConfig>, Record<string, unknown>, string]>([
  ['a name of the issuer', { jwtRoles: { admin: 'owner' } }, { role: 'admin' }, 'owner'],
  ['a name of ours beside a map', { jwtRoles: { admin: 'owner' } }, { role: 'viewer' }, 'viewer'],
  [
    'a name of ours that the map gives another meaning',
    { jwtRoles: { operator: 'viewer' } },
    { role: 'operator' },
    'viewer',
  ],
  [
    'a list, of which the strongest holds',
    { jwtRoles: { books: 'finance' } },
    { role: ['viewer', 'books', 'guest'] },
    'finance',
  ],
  ['permissions by name', { jwtRoleClaim: 'pem', jwtRoles: { admin: 'owner' } }, { pem: { admin: ['read'] } }, 'owner'],
  [
    'one permission',
    { jwtRoleClaim: 'pem', jwtRoles: { 'billing:write': 'finance' } },
    { pem: { billing: ['read', 'write'] } },
    'finance',
  ],
  [
    'permissions in bits',
    { jwtRoleClaim: 'pem', jwtRoles: { admin: 'owner', default: 'viewer' } },
    { pem: { admin: 0, default: 3 } },
    'viewer',
  ],
  ['no role, with a default', { jwtDefaultRole: 'viewer' }, { role: undefined }, 'viewer'],
  ['no role, without one', {}, { role: undefined }, 'forbidden'],
  ['an unknown role, whatever the default', { jwtDefaultRole: 'viewer' }, { role: 'guest' }, 'forbidden'],
  ['a name that every object has', { jwtRoles: { admin: 'owner' } }, { role: 'constructor' }, 'forbidden'],
  ['a list of nothing', { jwtDefaultRole: 'owner' }, { role: [] }, 'forbidden'],
  [
    'permissions that grant nothing',
    { jwtRoleClaim: 'pem', jwtRoles: { admin: 'owner' } },
    { pem: { admin: [] } },
    'forbidden',
  ],
])('of a role, %s', async (_, settings, changes, expected) => {
  const authenticator = await open({ jwtSecret: secret, ...settings });
  const said = await authenticator
    .authenticate(`Bearer ${hs512(claims(changes))}`)
    .catch((error: ArcadiaError) => error);
  expect('role' in said ? said.role : said.code).toBe(expected);
});

test('a customer by default is who the claim says, a number too', async () => {
  const now = Temporal.Instant.from('2026-05-01T00:00:00Z');
  const { customerId: numbered } = await createCustomer(
    database.db,
    { externalId: '4711', name: 'N', currency: 'USD' },
    now,
  );
  const { authenticate } = await open({ jwtSecret: secret, jwtDefaultRole: 'customer', jwtCustomerClaim: 'account' });
  const token = hs512(claims({ role: undefined, account: 4711 }));
  expect(await authenticate(`Bearer ${token}`)).toMatchObject({ role: 'customer', customerId: numbered });
});

test('a token is refused that is older than is allowed, or from a time to come', async () => {
  const at = (hours: number) => hs512(claims({ iat: seconds() + hours * 3600, exp: seconds() + 900_000 }));
  const usual = await open({ jwtSecret: secret });
  expect(await refusal(usual, at(-200))).toBe('accepted');
  expect(await refusal(usual, at(1))).toBe('unauthenticated');
  const short = await open({ jwtSecret: secret, jwtHoursMax: 12 });
  expect(await refusal(short, at(-11))).toBe('accepted');
  expect(await refusal(short, at(-13))).toBe('unauthenticated');
  expect(await refusal(short, hs512(without('iat')))).toBe('unauthenticated');
});

test('why a token was refused is logged with its id and subject, and the token is not', async () => {
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line) };
  const seen = createLog({ level: 'info', format: 'json', stream });
  const authenticator = await openAuthenticator({
    config: configured({ jwtSecret: secret }),
    db: database.db,
    log: seen,
  });
  const token = hs512(claims({ jti: 'id-1', sub: 'mar\u202eia', exp: seconds() - 900 }));
  await refusal(authenticator, token);
  await refusal(authenticator, hs512(claims({ jti: 'id-2', role: 'guest' })));
  await refusal(authenticator, 'no token at all');
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { jti: 'id-1', subject: 'mar\u202eia', code: 'unauthenticated', reason: expect.stringMatching(/expired.*exp/) },
    { jti: 'id-2', subject: 'user_1', code: 'forbidden', reason: expect.stringMatching(/claim role has to be one of/) },
  ]);
  expect(lines.join('')).not.toContain('\u202e');
  for (const part of token.split('.')) expect(lines.join('')).not.toContain(part);
});

test('a key that cannot be read is named, and leaves the others of its set as they are', async () => {
  const lines: string[] = [];
  const seen = createLog({ level: 'info', format: 'json', stream: { write: (line: string) => lines.push(line) } });
  const { privateKey, publicKey } = pairs.ES256();
  publish({ kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', kid: 'broken' }, jwk(publicKey, { kid: 'good' }));
  const authenticator = await openAuthenticator({
    config: configured({ jwtJwks: address() }),
    db: database.db,
    log: seen,
  });
  expect(await refusal(authenticator, asymmetric('ES256', privateKey, { kid: 'good' }))).toBe('accepted');
  expect(lines.map((line) => (JSON.parse(line) as { kid: string }).kid)).toEqual(['broken']);
});
