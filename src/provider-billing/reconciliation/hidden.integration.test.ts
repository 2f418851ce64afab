import { expect, onTestFinished, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import { openReconciledAccount } from '../../../test/fixtures/reconciliation.ts';
import type { FleetEventInput } from '../../simulator/events.ts';
import { selectFindings } from './shown.store.ts';

// What a token may not list is charged all the same: the bill says so, and nobody guesses when it was there.

/** A droplet and a volume of ten a month, in an account whose token lacks scopes: the volume's line and finding. */
async function readVolume(lacks: readonly string[]) {
  const database = await openTestDatabase();
  const at = Temporal.Instant.from('2026-05-01T00:00:00Z');
  const options = { fleet: 'bare', seed: 1, resources: 10, at } as const;
  const account = await openReconciledAccount(database, 'acme', options, { lacks });
  onTestFinished(async () => {
    await account.close();
    await database.close();
  });
  await account.opened.control('fleet', {
    events: [
      { type: 'create_droplet', id: 1, name: 'web', size: 's-1vcpu-1gb', backups: null },
      { type: 'create_volume', id: '00000000-0000-4000-8000-000000000001', name: 'data', sizeGb: 100 },
    ],
  });
  await account.advance({ hours: 24 * 70 });
  await account.sync();
  await account.reconcile(['2026-06']);
  const [bill] = await account.bills('2026-06');
  const { reconciliationId, unexplained, residual } = bill!.bridge;
  const line = bill!.lines.find(({ product }) => product === 'Volumes')!;
  const found = await selectFindings(database.db, reconciliationId, { limit: 100, after: null });
  // The droplets can be seen: none of them is such a finding, and the bill adds up without a cent unexplained.
  expect([unexplained, residual]).toEqual(['0.00', '0.00']);
  return {
    line: [line.outcome, line.rule, line.cause, line.amount, line.difference, line.resource === null],
    found: found.filter(({ finding }) => finding === 'not_visible').map(({ name, amount }) => [name, amount]),
  };
}

const found = [['data (fra1) 100GB', '10.00']];

test('of what only a project shows a line is matched, and differs for that reason', async () => {
  expect(await readVolume(['block_storage:read'])).toEqual({
    line: ['matched', 'uuid', 'not_visible', '10.00', '10.00', false],
    found,
  });
});

test('of what nothing shows a line is from the bill', async () => {
  expect(await readVolume(['block_storage:read', 'project:read'])).toEqual({
    line: ['from_bill', 'not_visible', 'none', '10.00', '0.00', true],
    found,
  });
});

test('of what is listed neither is said', async () => {
  expect(await readVolume([])).toEqual({ line: ['matched', 'uuid', 'none', '10.00', '0.00', false], found: [] });
});

test('of backups that no listing showed the line says that they were not there', async () => {
  const database = await openTestDatabase();
  const at = Temporal.Instant.from('2026-05-01T00:00:00Z');
  const account = await openReconciledAccount(database, 'acme', { fleet: 'bare', seed: 1, resources: 10, at });
  onTestFinished(async () => {
    await account.close();
    await database.close();
  });
  const control = (...events: FleetEventInput[]) => account.opened.control('fleet', { events });
  await control({ type: 'create_droplet', id: 1, name: 'web', size: 's-1vcpu-1gb', backups: null });
  await account.advance({ hours: 24 * 40 });
  await account.sync();
  // Between two syncs they are switched on, one is made and destroyed, and they are switched off.
  await control({ type: 'set_backups', droplet: 1, plan: 'weekly' });
  await account.advance({ hours: 1 });
  await control({ type: 'create_backup', id: 90, droplet: 1, sizeGb: 3 });
  await account.advance({ hours: 1 });
  await control({ type: 'destroy', kind: 'backup', id: 90 }, { type: 'set_backups', droplet: 1, plan: null });
  await account.advance({ hours: 24 * 30 });
  await account.sync();
  await account.reconcile(['2026-06']);
  const [bill] = await account.bills('2026-06');
  expect(bill!.bridge).toMatchObject({ unexplained: '0.00', residual: '0.00' });
  const line = bill!.lines.find(({ product }) => product === 'Droplet Backups')!;
  expect([line.outcome, line.cause, line.amount, line.expected, line.difference]).toEqual([
    'matched',
    'outside_life',
    '0.30',
    '0.00',
    '0.30',
  ]);
});
