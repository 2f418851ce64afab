import { soakRuns } from '../../test/soak.ts';
import { sql } from 'kysely';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { createCustomer } from '../deployments/customers.ts';
import { createDeployment } from '../deployments/deployments.ts';
import type { Database } from '../platform/database/database.ts';
import { makePlan } from '../../test/fixtures/pricing.ts';
import { endSubscription, pauseSubscription, startSubscription } from '../pricing/subscriptions.ts';
import { draftMonth } from './drafts.ts';
import { at, day, openBusiness } from '../../test/fixtures/invoices.ts';
import { findLateMonths } from './late-months.ts';

// Whatever a timeline is, with fees by the month or the year, in advance or in arrears: what the
// months of it come to is found, though nobody drafts them any more.

const now = at('2026-04-05');
const last = day('2026-03-01');
const first = day('2024-10-01');
const rhythms = ['month arrears', 'month advance', 'year arrears', 'year advance'] as const;

const deployment = fc.record({
  rhythm: fc.constantFrom(...rhythms),
  /** In days from the first month's beginning; a pause and an end in days from the start and from each other. */
  start: fc.integer({ min: 0, max: 420 }),
  pauseAfter: fc.option(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 }))),
  pausedFor: fc.integer({ min: 1, max: 200 }),
  endAfter: fc.option(fc.integer({ min: 1, max: 500 })),
});

async function open(
  db: Database,
  timelines: readonly (typeof deployment extends fc.Arbitrary<infer V> ? V : never)[],
): Promise<void> {
  for (const rhythm of rhythms) {
    const [baseEvery, baseDue] = rhythm.split(' ') as ['month' | 'year', 'arrears' | 'advance'];
    await makePlan(db, { plan: rhythm.replace(' ', '-'), from: '2024-01-01', base: '365.00', baseEvery, baseDue });
  }
  await openBusiness(db, first.toString());
  for (const [index, { rhythm, start, pauseAfter, pausedFor, endAfter }] of timelines.entries()) {
    const slug = `d${index}`;
    const instant = (days: number) => at(first.add({ days }).toString());
    await createCustomer(db, { externalId: slug, name: slug, currency: 'USD' }, instant(0));
    await createDeployment(db, { slug, name: slug, customer: slug, startsAt: instant(0) }, instant(0));
    await startSubscription(db, { deployment: slug, plan: rhythm.replace(' ', '-'), from: instant(start) }, 'ann', now);
    if (pauseAfter !== null) {
      const from = instant(start + pauseAfter);
      await pauseSubscription(db, { deployment: slug, from, to: instant(start + pauseAfter + pausedFor) }, 'ann', now);
    }
    const end = start + (pauseAfter === null ? 0 : pauseAfter + pausedFor) + (endAfter ?? 0);
    // Ended while it is paused, too.
    if (endAfter !== null)
      await endSubscription(
        db,
        { deployment: slug, from: instant(endAfter % 2 === 0 ? end : end - endAfter) },
        'ann',
        now,
      ).catch(() => {});
  }
}

it('every month that comes to anything is found, and what comes to nothing is asked for once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deployment, { minLength: 40, maxLength: 40 }), async (timelines) => {
      const { db, close } = await openTestDatabase();
      try {
        await open(db, timelines);
        for (const { month, customerIds } of await findLateMonths(db, last)) {
          await draftMonth(db, { month, now, customerIds, remember: true });
        }
        for (let month = first; Temporal.PlainDate.compare(month, last) < 0; month = month.add({ months: 1 })) {
          expect(await draftMonth(db, { month, now })).toMatchObject({ created: 0, changed: 0, removed: 0 });
        }
        await sql`UPDATE invoices SET state = 'approved', approved_at = ${now}, approved_by = 'ann'`.execute(db);
        expect(await findLateMonths(db, last)).toEqual([]);
      } finally {
        await close();
      }
    }),
    { numRuns: soakRuns(1), endOnFailure: true },
  );
}, 120_000);
