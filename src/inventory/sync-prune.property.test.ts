import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { insertLiving, writeState } from '../../test/fixtures/inventory.ts';
import { at, insertAccount, insertSync } from '../../test/fixtures/metering.ts';
import { readSyncAges } from '../http/health/metrics.store.ts';
import { monthStatus } from '../metering/finality/attestations.ts';
import { listGaps } from '../metering/finality/gaps.ts';
import { meterOutstanding } from '../metering/meter.ts';
import { listSyncDays, pruneSyncRuns } from './sync-prune.ts';

// Whatever was listed, failed, began and ended, and whichever runs are old: what finality, gaps and sums by day say is
// the same before and after.

const { db, close } = await openTestDatabase();
afterAll(close);

const begin = at('2026-05-01');
const now = at('2026-06-02');
const hour = (n: number) => begin.add({ hours: n });
const hours = 24 * 31;

const listing = fc.record({
  kind: fc.constantFrom('droplet', 'volume', 'project'),
  at: fc.integer({ min: 0, max: hours }),
  outcome: fc.constantFrom('complete' as const, 'complete' as const, 'partial' as const, 'failed' as const),
  // How many resources it was the first to leave out.
  ended: fc.constantFrom(0, 0, 0, 1, 2),
});
const life = fc.record({
  kind: fc.constantFrom('droplet', 'volume', 'nfs'),
  from: fc.integer({ min: 0, max: 200 }),
  /** Whether its end lies at a listing, or at a time that something else tells. */
  endsAt: fc.option(fc.oneof(fc.constant('listing' as const), fc.integer({ min: 201, max: hours })), { freq: 4 }),
});

async function figures(): Promise<object> {
  const read = async (relation: string) =>
    (await sql`SELECT * FROM ${sql.table(relation)} v ORDER BY v::text`.execute(db)).rows;
  const range = { from: Temporal.PlainDate.from('2026-05-01'), to: Temporal.PlainDate.from('2026-06-01') };
  return {
    observed: await read('metering_observed'),
    ends: await read('metering_uncertain_ends'),
    complete: await read('inventory_complete_syncs'),
    ages: await readSyncAges(db, now),
    month: await monthStatus(db, { month: Temporal.PlainYearMonth.from('2026-05'), now }),
    gaps: await listGaps(db, { ...range, now }),
    days: await listSyncDays(db, {}, { limit: 1_000, after: null }),
  };
}

let accounts = 0;

test('finality, gaps and sums by day are the same to the byte after old runs have become sums', async () => {
  let prunedInAll = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(listing, { minLength: 2, maxLength: 40 }),
      fc.array(life, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 0, max: hours + 24 }), { minLength: 1, maxLength: 2 }),
      async (listings, lives, cutoffs) => {
        const account = await insertAccount(db, `team-${accounts++}`);
        await sql`UPDATE accounts SET metered_from = ${begin} WHERE account_id = ${account}`.execute(db);
        const sorted = listings.toSorted((a, b) => a.at - b.at);
        for (const each of sorted) await insertSync(db, account, each.kind, hour(each.at), each.outcome);
        for (const [index, { kind, from, endsAt }] of lives.entries()) {
          const id = await insertLiving(db, account, kind, `r${index}`, { attributes: { size_gb: 10 } }, hour(from));
          if (endsAt === null) continue;
          const listed = sorted.filter((one) => one.at > from && one.kind === (kind === 'nfs' ? 'project' : kind));
          const end = endsAt === 'listing' ? listed[index % Math.max(listed.length, 1)]?.at : endsAt;
          if (end !== undefined) await writeState(db, id, null, hour(end), null, hour(end));
        }
        await meterOutstanding(db, { now });
        const before = JSON.stringify(await figures());
        for (const cutoff of cutoffs) {
          prunedInAll += await pruneSyncRuns(db, hour(cutoff));
          expect(JSON.stringify(await figures())).toBe(before);
        }
      },
    ),
    { numRuns: soakRuns(10) },
  );
  // How many say nothing any more is up to the histories; none in ten would be a rule that keeps all.
  expect(prunedInAll).toBeGreaterThan(0);
});
