import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../test/database.ts';
import { insertLiving, writeState } from '../../test/fixtures/inventory.ts';
import { at, createDeployments, insertAccount } from '../../test/fixtures/metering.ts';
import { assign, unassign } from './assignments.ts';
import { bringAttributionsUpToDate } from './attribution.ts';
import { keepUnassigned, unassignedMoney } from './unassigned-money.ts';
import { selectKept, sumUnassigned } from './unassigned-money.store.ts';

// What is kept of what is unassigned equals the sums made anew, and is not used once it may not.

let database: TestDatabase;
const ids: number[] = [];
const small = { name: 'web', attributes: { size_slug: 's-1vcpu-1gb' } };
const large = { name: 'web', attributes: { size_slug: 's-2vcpu-4gb' } };

beforeAll(async () => {
  database = await openTestDatabase();
  const { db } = database;
  const account = await insertAccount(db);
  await createDeployments(db, ['ash'], at('2026-01-01'));
  for (const name of ['11', '12', '13'])
    ids.push(await insertLiving(db, account, 'droplet', name, small, at('2026-05-01')));
  await bringAttributionsUpToDate(db, at('2026-05-02'));
});
afterAll(() => database.close());

/** What is shown, which equals the sums made anew, and whether it was kept. */
async function shown(now: Temporal.Instant) {
  const { db } = database;
  const kept = await selectKept(db, now);
  if (kept !== null) expect(kept).toEqual(await sumUnassigned(db, now));
  const { resources, monthly } = await unassignedMoney(db, now);
  return [resources, monthly.map(({ amount }) => amount), kept !== null];
}

test('what is kept is shown until a resource, its size or its owner changes', async () => {
  const { db } = database;
  const now = at('2026-05-03');
  expect(await shown(now)).toEqual([3, ['18.00'], false]);
  await keepUnassigned(db, now);
  expect(await shown(now)).toEqual([3, ['18.00'], true]);
  // Of an instant before nothing is kept.
  expect(await shown(at('2026-04-01'))).toEqual([0, [], false]);

  const later = at('2026-05-04');
  await writeState(db, ids[0] ?? 0, large, later, null, later);
  expect(await shown(later)).toEqual([3, ['36.00'], false]);
  await keepUnassigned(db, later);
  expect(await shown(later)).toEqual([3, ['36.00'], true]);

  const owners = [{ slug: 'ash', weight: 1 }];
  await assign(db, { resourceIds: [ids[1] ?? 0], owners, from: null }, 'ana', later);
  await bringAttributionsUpToDate(db, later);
  expect(await shown(later)).toEqual([2, ['30.00'], false]);
  await keepUnassigned(db, later);
  expect(await shown(later)).toEqual([2, ['30.00'], true]);
  await unassign(db, { resourceIds: [ids[1] ?? 0], from: null }, 'ana', at('2026-05-05'));
  await bringAttributionsUpToDate(db, at('2026-05-05'));
  expect(await shown(at('2026-05-05'))).toEqual([3, ['36.00'], false]);
});

test('changes that it does not rest on leave it as it is, and are not looked through twice', async () => {
  const { db } = database;
  const now = at('2026-05-06');
  await keepUnassigned(db, now);
  const position = async () =>
    (await sql<{ id: number }>`SELECT change_id AS id FROM unassigned_counted`.execute(db)).rows[0]?.id ?? 0;
  const before = await position();
  await sql`
    INSERT INTO changes (topic, valid_from, valid_to, cause, recorded_at) VALUES ('price', ${now}, 'infinity', 'test', ${now})`.execute(
    db,
  );
  expect((await shown(now))[2]).toBe(true);
  await keepUnassigned(db, now);
  expect((await position()) > before).toBe(true);
});

test('an owner who begins by itself ends what is kept', async () => {
  const { db } = database;
  const now = at('2026-05-06');
  const from = at('2026-05-08');
  await assign(db, { resourceIds: [ids[2] ?? 0], owners: [{ slug: 'ash', weight: 1 }], from }, 'ana', now);
  await bringAttributionsUpToDate(db, now);
  await keepUnassigned(db, now);
  expect(await shown(at('2026-05-07'))).toEqual([3, ['36.00'], true]);
  expect(await shown(from)).toEqual([2, ['30.00'], false]);
});
