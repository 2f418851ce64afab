import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { assign } from '../deployments/assignments.ts';
import { insertResource, writeState } from '../../test/fixtures/inventory.ts';
import { sumQuantities } from '../platform/quantity.ts';
import { diffUsage } from './diff.ts';
import { meterRange } from './meter.ts';
import {
  at,
  createDeployments,
  expectedUsage,
  insertAccount,
  setGranularity,
  storedUsage,
} from '../../test/fixtures/metering.ts';

// The awkward cases, each many times at random places around the ends of February, of leap years
// and others, and of a year: lives of 40 seconds; owner, size and power that change within one
// hour; three customers who share in thirds. First behind the meter's back, then metered again.

const windows = [
  ['2027-02-27', '2027-03-02'],
  ['2028-02-28', '2028-03-02'],
  ['2100-02-27', '2100-03-02'],
  ['2026-12-30', '2027-01-02'],
] as const;
const slugs = ['ash', 'birch', 'cedar'] as const;

/** A place in the window, in microseconds of its 72 hours and less than an hour before its end. */
const place = fc.integer({ min: 0, max: 71 * 3_600_000_000 - 1 });
const withinHour = fc.integer({ min: 1, max: 3_600_000_000 - 1 });
const cases = fc.record({
  window: fc.constantFrom(...windows),
  granularity: fc.constantFrom('day' as const, 'hour' as const),
  brief: fc.array(place, { minLength: 4, maxLength: 4 }),
  restless: fc.array(
    fc.record({
      begin: place,
      owner: withinHour,
      size: withinHour,
      power: withinHour,
      gib: fc.integer({ min: 1, max: 999_999 }),
    }),
    { minLength: 4, maxLength: 4 },
  ),
});

test('brief lives, restless hours and thirds come out exactly, at both granularities, leap year or not', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ window: [from, to], granularity, brief, restless }) => {
      const { db, close } = await openTestDatabase();
      try {
        const account = await insertAccount(db);
        await sql`UPDATE accounts SET metered_from = ${at(from)}`.execute(db);
        await createDeployments(db, slugs, at('2026-01-01'));
        await setGranularity(db, from, granularity);
        const range = { from: Temporal.PlainDate.from(from), to: Temporal.PlainDate.from(to) };
        const now = at(to);
        const instant = (microseconds: number) => at(from).add({ microseconds });
        const own = (resource: number, owners: readonly string[], since: Temporal.Instant) =>
          assign(
            db,
            { resourceIds: [resource], owners: owners.map((slug) => ({ slug, weight: 1 })), from: since },
            'test',
            now,
          );

        await meterRange(db, { ...range, now });
        expect(await storedUsage(db, from, to)).toEqual({});
        for (const [index, begin] of brief.entries()) {
          const id = await insertResource(db, account, 'droplet', `brief${index}`, instant(begin));
          await writeState(db, id, {}, instant(begin), instant(begin).add({ seconds: 40 }), now);
          await own(id, index % 2 === 0 ? slugs : ['ash'], at(from));
        }
        for (const [index, { begin, owner, size, power, gib }] of restless.entries()) {
          const id = await insertResource(
            db,
            account,
            index % 2 === 0 ? 'snapshot' : 'droplet',
            `restless${index}`,
            instant(begin),
          );
          const attributes = { size_gb: gib / 1000 };
          const later = (microseconds: number) => instant(begin + microseconds);
          await writeState(db, id, { attributes }, instant(begin), null, now);
          await writeState(db, id, { attributes: { size_gb: gib / 8 } }, later(size), null, now);
          await writeState(db, id, { status: 'off', attributes }, later(power), null, now);
          await own(id, ['birch'], instant(begin));
          await own(id, slugs, later(owner));
        }
        const foretold = await diffUsage(db, { range, now });
        await meterRange(db, { ...range, now });

        const stored = await storedUsage(db, from, to);
        expect(stored).toEqual(await expectedUsage(db, from, to));
        // Every brief life is 40 seconds, whoever shared it and wherever a day or month ended in it.
        const lives = Object.entries(stored).filter(([key]) => /^\S+ droplet_hours [1-4]$/.test(key));
        for (const id of [1, 2, 3, 4]) {
          const life = sumQuantities(lives.filter(([key]) => key.endsWith(` ${id}`)).map(([, quantity]) => quantity));
          expect(['0.011111111', '0.011111112', '0.01111111']).toContain(life);
        }
        expect(foretold.resourcesTotal).toBe(Object.keys(stored).length);

        await setGranularity(db, from, granularity === 'day' ? 'hour' : 'day');
        await meterRange(db, { ...range, now });
        expect(await storedUsage(db, from, to)).toEqual(stored);
      } finally {
        await close();
      }
    }),
    { numRuns: soakRuns(3) },
  );
});
