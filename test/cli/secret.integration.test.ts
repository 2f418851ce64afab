import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generateSecretKey } from '../../src/platform/secrets/crypto.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { answerOf, arcadia, failureOf, makeFolder } from '../end-to-end/arcadia.ts';
import { arcadiaHere } from './here.ts';

let database: TestDatabase;
let simulator: Simulator;
const folder = makeFolder();
const key = join(folder.path, 'secret.key');

beforeAll(async () => {
  database = await openTestDatabase();
  simulator = await startSimulator({ fleet: 'pilot', seed: 1 });
});
afterAll(async () => {
  await simulator.close();
  await database.close();
  folder.remove();
});

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}, by = arcadiaHere) =>
  by([...args, '--json'], {
    env: {
      DATABASE_URL: database.connectionString,
      ARCADIA_DATA_DIR: folder.path,
      DIGITALOCEAN_API_URL: simulator.url,
      DIGITALOCEAN_TOKEN: 'any',
      ...env,
    },
    cwd: folder.path,
  });

/** What is sealed anew each time. */
const sealed = { accounts: 1, webhookSecrets: 0, provisioningSecrets: 0 };

test('the key of a database is replaced, and a replacement that broke off is finished', async () => {
  answerOf(await run(['account', 'connect', 'pilot']));
  const old = readFileSync(key, 'utf8');
  expect(answerOf(await run(['secret', 'rotate'], {}, arcadia))).toEqual({ ...sealed, keyFile: key });
  const next = readFileSync(key, 'utf8');
  expect(next).not.toBe(old);
  expect(existsSync(`${key}.next`)).toBe(false);
  answerOf(await run(['account', 'check', 'pilot']));

  // As if the machine had stopped between the database's commit and the file's new name.
  renameSync(key, `${key}.next`);
  writeFileSync(key, old, { mode: 0o600 });
  const refused = failureOf(await run(['account', 'check', 'pilot']));
  expect(refused).toMatchObject({ code: 'secret_unreadable', todo: expect.stringContaining('secret rotate') });
  expect(answerOf(await run(['secret', 'rotate']))).toEqual({
    accounts: null,
    webhookSecrets: null,
    provisioningSecrets: null,
    keyFile: key,
  });
  answerOf(await run(['account', 'check', 'pilot']));
  expect(readFileSync(key, 'utf8')).toBe(next);
});

test('a key of the environment is replaced by one that is given', async () => {
  const env = { ARCADIA_SECRET_KEY: readFileSync(key, 'utf8').trim() };
  expect(failureOf(await run(['secret', 'rotate'], env))).toMatchObject({ code: 'invalid_argument' });
  const file = join(folder.path, 'new.key');
  writeFileSync(file, 'aaaa');
  expect(failureOf(await run(['secret', 'rotate', '--new-key-file', file], env)).message).toMatch(/32 random bytes/);
  const fresh = generateSecretKey();
  writeFileSync(file, fresh);
  expect(answerOf(await run(['secret', 'rotate', '--new-key-file', file], env))).toEqual({
    ...sealed,
    keyFile: null,
  });
  expect(failureOf(await run(['account', 'check', 'pilot'], env))).toMatchObject({ code: 'secret_unreadable' });
  answerOf(await run(['account', 'check', 'pilot'], { ARCADIA_SECRET_KEY: fresh }));
});
