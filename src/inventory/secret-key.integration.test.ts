import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { connectAccount } from './accounts.ts';
import { listSealedSecrets, openSecretKey } from './secret-key.ts';

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
