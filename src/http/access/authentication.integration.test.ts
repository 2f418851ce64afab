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
  ['several roles', () => hs512(claims({ role: ['owner'] })), 'forbidden'],
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
