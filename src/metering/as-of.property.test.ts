import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import type { Database } from '../platform/database/database.ts';
import { diffUsage } from './diff.ts';
import { build, fact, slugs, windows } from '../../test/metering/histories.ts';
import { changeKind } from './kinds.ts';
import { meterOutstanding } from './meter.ts';
import { usageAsOf } from './runs.ts';
import { usageForPeriod } from './usage.ts';

// Between meterings anything may happen: late facts, another granularity, a kind that is disabled
// and enabled again. What was read after a metering is what is read later, as of its revision.

const step = fc.oneof(
  { weight: 8, arbitrary: fact.filter((one) => one.type !== 'meter' && one.type !== 'outstanding') },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('configure' as const),
      change: fc.oneof(
        fc.record({ granularity: fc.constantFrom('day' as const, 'hour' as const) }),
        fc.record({ enabled: fc.boolean() }),
      ),
      day: fc.nat(5),
    }),
  },
);
const histories = fc.record({
  window: fc.constantFrom(...windows),
  rounds: fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 4 }),
});

async function newestRevision(db: Database): Promise<number> {
  const { rows } = await sql<{ revision: number }>`
    SELECT coalesce(max(revision), 0) AS revision FROM metering_runs`.execute(db);
  return rows[0]?.revision ?? 0;
}

test('usage as of any revision is what was read then, and a difference is what the next metering writes', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async ({ window, rounds }) => {
      const { db, world, close } = await build(window);
      const range = { from: Temporal.PlainDate.from(window.from), to: Temporal.PlainDate.from(window.to) };
      const owners = [...slugs, 'unattributed'];
      const read = async () => {
        const answers = await Promise.all(owners.map((slug) => usageForPeriod(db, slug, range.from, range.to)));
        return answers.map((answer) => answer.usage);
      };
      try {
        const readThen = new Map<number, unknown>();
        for (const round of rounds) {
          for (const one of round) {
            if (one.type !== 'configure') await world.apply(one);
            else await changeKind(db, 'droplet_hours', range.from.add({ days: one.day }), one.change);
          }
          const before = await read();
          const foretold = await diffUsage(db, { range, now: world.now });
          expect(await read()).toEqual(before);
          await meterOutstanding(db, { now: world.now });
          const after = await read();
          for (const row of foretold.deployments) {
            const place = owners.indexOf(row.deployment);
            expect([before[place]?.[row.kind] ?? '0', after[place]?.[row.kind] ?? '0']).toEqual([
              row.before,
              row.after,
            ]);
          }
          if (!foretold.differs) expect(after).toEqual(before);
          readThen.set(await newestRevision(db), after);
        }
        readThen.delete(0);
        for (const [revision, usage] of readThen) {
          const answers = await Promise.all(owners.map((slug) => usageAsOf(db, slug, range, revision)));
          expect(answers.map((answer) => answer.usage)).toEqual(usage);
        }
      } finally {
        await close();
      }
    }),
    { numRuns: soakRuns(4) },
  );
});
