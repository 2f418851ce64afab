import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { getAccount, listSealedSecrets, openSecretKey, rotateSecretKey } from '../../src/inventory/index.ts';
import { generateSecretKey, parseSecretKey } from '../../src/platform/secrets/crypto.ts';
import { readWriteToken } from '../../src/provisioning/grants.ts';
import { resealProvisioning } from '../../src/provisioning/index.ts';
import { open } from '../contract/simulator-client.ts';
import { json, startTestApi, type TestApi } from '../http/api-fixture.ts';
import { openRolloutScene, type RolloutScene, writeToken } from './rollout-fixture.ts';

let scene: RolloutScene;
let api: TestApi;

beforeEach(async () => {
  scene = await openRolloutScene();
  api = await startTestApi(scene);
});
afterEach(async () => {
  await api.close();
  await scene.close();
});

async function grant(token: string, as: 'owner' | 'operator' = 'owner'): Promise<[number, string | undefined]> {
  const response = await api.fetch('/accounts/acme/grant', { as, ...json('POST', { token }) });
  return [response.status, ((await response.json()) as { code?: string }).code];
}

async function granted(): Promise<string> {
  return readWriteToken(scene.db, await getAccount(scene.db, 'acme'), await openSecretKey(scene.db, scene.config));
}

test('a token is granted by the owner, in the place of the one before, and taken back', async () => {
  expect(await grant('another', 'operator')).toEqual([403, 'forbidden']);
  expect(await granted()).toBe(writeToken);
  expect(await grant('another')).toEqual([200, undefined]);
  expect(await granted()).toBe('another');
  const revoke = () => api.fetch('/accounts/acme/revoke-grant', { as: 'owner', method: 'POST' });
  expect((await revoke()).status).toBe(204);
  await expect(granted()).rejects.toMatchObject({ code: 'write_not_granted' });
  const again = await revoke();
  expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([409, 'write_not_granted']);
});

test("one that the provider does not take, or that is another account's, is refused, and nothing is stored", async () => {
  await scene.faults({ fault: 'bad_token', path: '/v2/account' });
  expect(await grant('wrong')).toEqual([502, 'write_token_unauthorized']);
  const other = await open({ fleet: 'agency', seed: 2, at: scene.cloud.simulator.now() });
  try {
    await sql`UPDATE accounts SET api_url = ${other.simulator.url}`.execute(scene.db);
    expect(await grant('elsewhere')).toEqual([409, 'write_grant_mismatch']);
  } finally {
    await other.close();
  }
  expect(await granted()).toBe(writeToken);
});

test('it is among what is sealed, and is sealed anew with another key', async () => {
  const { db, config } = scene;
  const from = await openSecretKey(db, config);
  const to = parseSecretKey(generateSecretKey())!;
  expect((await listSealedSecrets(db)).map(({ what }) => what)).toContain('the write token of account acme');
  const resealed = await rotateSecretKey(db, { from, to }, scene.cloud.simulator.now(), resealProvisioning);
  expect(resealed).toMatchObject({ accounts: 1, others: 1 });
  const account = await getAccount(db, 'acme');
  expect(await readWriteToken(db, account, to)).toBe(writeToken);
  await expect(readWriteToken(db, account, from)).rejects.toMatchObject({ code: 'secret_unreadable' });
});
