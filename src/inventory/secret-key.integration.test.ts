import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { connectAccount } from './accounts.ts';
import { generateSecretKey, parseSecretKey, type SecretKey } from '../platform/secrets/crypto.ts';
import { openAccount, getAccount } from './accounts.ts';
import { addEndpoint, sealingKey } from '../webhooks/index.ts';
import { listSealedSecrets, openSecretKey, rotateSecretKey } from './secret-key.ts';

const database = await openTestDatabase();
const dataDir = mkdtempSync(join(tmpdir(), 'arcadia-key-'));
afterAll(async () => {
  await database.close();
  rmSync(dataDir, { recursive: true });
});

test('a key file that goes missing is made anew only while no account is sealed with the old one', async () => {
  const { db } = database;
  const config = { secretKey: null, dataDir };
  const first = await openSecretKey(db, config);
  rmSync(join(dataDir, 'secret.key'));
  const secretKey = await openSecretKey(db, config);
  expect(secretKey.key.equals(first.key)).toBe(false);

  const now = Temporal.Instant.from('2026-05-01T00:00:00Z');
  await connectAccount(
    db,
    { slug: 'acme', provider: 'digitalocean', apiUrl: 'http://127.0.0.1:1', credentials: { token: 'any' }, secretKey },
    { accountId: 'a-1', name: 'Acme', simulatedAt: null, answeredAt: now },
    now,
  );
  expect(await listSealedSecrets(db)).toEqual([
    { what: 'the credentials of account acme', keyId: secretKey.id.toString('hex') },
  ]);
  rmSync(join(dataDir, 'secret.key'));
  await expect(openSecretKey(db, config)).rejects.toMatchObject({ code: 'secret_unreadable' });
  expect(readdirSync(dataDir)).toEqual([]);
});

describe('a database of several machines', () => {
  const databaseUrl = 'postgres://elsewhere/arcadia';

  test('knows its key: another one, or a new folder without one, is refused with what to do', async () => {
    const own = await openTestDatabase();
    const mine = mkdtempSync(join(tmpdir(), 'arcadia-key-'));
    const theirs = mkdtempSync(join(tmpdir(), 'arcadia-key-'));
    try {
      const first = await openSecretKey(own.db, { secretKey: null, dataDir: mine, databaseUrl });
      const again = await openSecretKey(own.db, { secretKey: null, dataDir: mine, databaseUrl });
      expect(again.key.equals(first.key)).toBe(true);
      const refused = { code: 'secret_unreadable', todo: expect.stringContaining('ARCADIA_SECRET_KEY') };
      // Nothing is sealed yet: cursors would be by either.
      await expect(openSecretKey(own.db, { secretKey: null, dataDir: theirs, databaseUrl })).rejects.toMatchObject(
        refused,
      );
      expect(readdirSync(theirs)).toEqual([]);
      const other = { secretKey: generateSecretKey(), dataDir: theirs, databaseUrl };
      await expect(openSecretKey(own.db, other)).rejects.toMatchObject(refused);
      const same = { secretKey: first.key.toString('base64'), dataDir: theirs, databaseUrl };
      expect((await openSecretKey(own.db, same)).key.equals(first.key)).toBe(true);
    } finally {
      for (const folder of [mine, theirs]) rmSync(folder, { recursive: true });
      await own.close();
    }
  });
});

test('a rotation seals everything anew or nothing, and who kept the old key seals nothing more', async () => {
  const own = await openTestDatabase();
  try {
    const { db } = own;
    const [old, next, third] = [1, 2, 3].map(() => parseSecretKey(generateSecretKey()) as SecretKey) as [
      SecretKey,
      SecretKey,
      SecretKey,
    ];
    const now = Temporal.Instant.from('2026-05-01T00:00:00Z');
    const connect = (slug: string, secretKey: SecretKey) =>
      connectAccount(
        db,
        {
          slug,
          provider: 'digitalocean',
          apiUrl: 'http://127.0.0.1:1',
          credentials: { token: `of ${slug}` },
          secretKey,
        },
        { accountId: slug, name: slug, simulatedAt: null, answeredAt: now },
        now,
      );
    await openSecretKey(db, { secretKey: old.key.toString('base64'), dataDir });
    await connect('acme', old);
    await connect('beta', old);
    const hook = { webhook: 'books', url: 'https://example.com/', types: null, signature: 'v1', owner: null } as const;
    const sealing = await sealingKey(db, { secretKey: old.key.toString('base64'), dataDir }, now);
    await addEndpoint(db, hook, { by: 'test', now, key: sealing, networks: [] });
    await expect(rotateSecretKey(db, { from: third, to: next }, now, async () => 0)).rejects.toMatchObject({
      code: 'secret_unreadable',
    });
    await (await openAccount(db, await getAccount(db, 'acme'), old)).close();

    expect(await rotateSecretKey(db, { from: old, to: next }, now, async () => 2)).toEqual({
      accounts: 2,
      webhookSecrets: 1,
      others: 2,
    });
    const keyId = next.id.toString('hex');
    expect(await listSealedSecrets(db)).toEqual([
      { what: 'the credentials of account acme', keyId },
      { what: 'the credentials of account beta', keyId },
      { what: 'the secret of webhook books', keyId },
    ]);
    await expect(
      sealingKey(
        db,
        { secretKey: old.key.toString('base64'), dataDir, databaseUrl: 'postgres://elsewhere/arcadia' },
        now,
      ),
    ).rejects.toMatchObject({ code: 'secret_unreadable' });
    await (await openAccount(db, await getAccount(db, 'beta'), next)).close();
    await expect(openAccount(db, await getAccount(db, 'beta'), old)).rejects.toMatchObject({
      code: 'secret_unreadable',
    });
    await expect(connect('gamma', old)).rejects.toMatchObject({ code: 'secret_unreadable' });
    await expect(openSecretKey(db, { secretKey: old.key.toString('base64'), dataDir })).rejects.toMatchObject({
      code: 'secret_unreadable',
    });
  } finally {
    await own.close();
  }
});
