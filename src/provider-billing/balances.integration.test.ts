import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../test/fixtures/reconciliation.ts';
import { readBalanceMonth } from './balance-months.ts';

// What has reached the 672 hours of its month costs nothing more: nodes of a cluster and Spaces as well.

let database: TestDatabase;
let account: ReconciledAccount;
const cluster = '00000000-0000-4000-8000-000000000031';
const may = Temporal.PlainDate.from('2026-05-01');

beforeAll(async () => {
  database = await openTestDatabase();
  const at = Temporal.Instant.from('2026-05-01T00:00:00Z');
  account = await openReconciledAccount(database, 'acme', { fleet: 'bare', seed: 1, resources: 1, at });
  const nodes = [1, 2].map((id) => ({
    type: 'create_droplet',
    id,
    name: `node-${id}`,
    size: 's-2vcpu-4gb',
    tags: [`k8s:${cluster}`],
  }));
  const made = { type: 'create_kubernetes_cluster', id: cluster, name: 'main', region: 'fra1', droplets: [1, 2] };
  await account.opened.control('fleet', { events: [...nodes, made] });
  await account.sync();
});
afterAll(async () => {
  await account?.close();
  await database?.close();
});

const rate = async () => {
  await account.sync();
  await account.readBalance();
  const [payer] = await readBalanceMonth(database.db, may, account.opened.simulator.now());
  return payer?.hourlyRate;
};

test('two nodes cost an hour until the 672nd, and nothing after it', async () => {
  await account.advance({ hours: 24 * 10 });
  // Two of 24.00 a month, and the droplet of 12.00 that was there.
  expect(await rate()).toBe('0.08929');
  await account.advance({ hours: 24 * 19 });
  expect(await rate()).toBe('0');
  const late = { type: 'create_droplet', id: 3, name: 'late', size: 's-1vcpu-1gb' };
  await account.opened.control('fleet', { events: [late] });
  await account.advance({ hours: 24 });
  expect(await rate()).toBe('0.00893');
});
