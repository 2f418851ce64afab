import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { openReconciledAccount, type ReconciledAccount } from '../../../test/fixtures/reconciliation.ts';
import { timeoutOf } from '../../../test/soak.ts';

// The agency, connected in March and synced until July: its bills are read at once, at the end.

let database: TestDatabase;
let account: ReconciledAccount;

beforeAll(async () => {
  database = await openTestDatabase();
  const at = Temporal.Instant.from('2026-03-20T09:30:00Z');
  account = await openReconciledAccount(database, 'agency', { fleet: 'agency', seed: 1, at });
  for (let days = 0; days < 105; days += 5) {
    await account.advance({ hours: 120 });
    await account.sync();
  }
  await account.reconcile(undefined, { monthsBefore: 12 });
}, timeoutOf(240_000));
afterAll(async () => {
  await account?.close();
  await database?.close();
});

test('twelve months before the connection, its own and three that were lived leave nothing unexplained, and no residual', async () => {
  const first = Temporal.PlainYearMonth.from('2025-03');
  const told = [];
  for (let n = 0; n < 16; n++) {
    const month = first.add({ months: n }).toString();
    const bills = await account.bills(month);
    told.push({
      month,
      bridges: bills.map(({ bridge: { unexplained, residual } }) => [unexplained, residual]),
      missing: bills.flatMap(({ missing }) => missing).map(({ class: of }) => of),
    });
  }
  expect(told).toEqual(told.map(({ month }) => ({ month, bridges: [['0.00', '0.00']], missing: [] })));
});
