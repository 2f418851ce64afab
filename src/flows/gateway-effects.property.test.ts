import fc from 'fast-check';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../test/database.ts';
import { event, instant, interpretAll, makeSource, setClock } from '../../test/fixtures/gateway.ts';
import { addDeployment, openBusiness } from '../../test/fixtures/invoices.ts';
import { soakRuns } from '../../test/soak.ts';
import { readEvents } from '../gateway/cloud-event.ts';
import { getSource } from '../gateway/sources.ts';
import { storeEvents } from '../gateway/store-events.ts';
import { subscriptionHistory } from '../pricing/subscriptions.ts';
import { applyGatewayEffects } from './gateway-effects.ts';

// Random lifecycle events, shuffled, repeated and cut into batches: a subscription is, day by day, what an obvious walk
// through the events, batch by batch and in each by their sequences, says, and at its end what the event of the highest sequence says.

const days = 12;
type What = 'paused' | 'resumed' | 'ended';

const histories = fc.record({
  events: fc.array(
    fc.record({
      what: fc.constantFrom<What>('paused', 'resumed', 'paused', 'resumed', 'ended'),
      day: fc.integer({ min: 1, max: days }),
      hour: fc.constantFrom(0, 13, 23),
      deployment: fc.constantFrom('one', 'two'),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  rules: fc.record({
    pausesOn: fc.constantFrom('same_day' as const, 'next_day' as const),
    resumesOn: fc.constantFrom('same_day' as const, 'next_day' as const),
    endsOn: fc.constantFrom('same_day' as const, 'next_day' as const),
  }),
  names: fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], { minLength: 8 }),
  order: fc.array(fc.nat(7), { minLength: 1, maxLength: 16 }),
  cuts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 16 }),
});

type History = typeof histories extends fc.Arbitrary<infer Value> ? Value : never;
type State = 'running' | 'paused' | 'none';

/** Day by day, and what came of each event: `-` where a later one came before it. */
function expected({ events, rules }: History, arrivals: readonly number[]) {
  const states: Record<string, State[]> = {};
  const outcomes: Record<number, string> = {};
  const last: Record<string, { place: number; day: number }> = {};
  for (const deployment of ['one', 'two']) states[deployment] = Array.from({ length: days + 3 }, () => 'running');
  for (const index of arrivals) {
    const one = events[index];
    if (one === undefined || outcomes[index] !== undefined) continue;
    const before = last[one.deployment];
    const plan = states[one.deployment] ?? [];
    if (before !== undefined && before.place > index) {
      outcomes[index] = 'superseded';
      continue;
    }
    const rule = { paused: rules.pausesOn, resumed: rules.resumesOn, ended: rules.endsOn }[one.what];
    const own = rule === 'same_day' || one.hour === 0 ? one.day : one.day + 1;
    const day = Math.max(own, before?.day ?? 0);
    if (one.what !== 'ended' && plan[day] === 'none') {
      outcomes[index] = 'subscription_ended';
      continue;
    }
    outcomes[index] = 'applied';
    last[one.deployment] = { place: index, day };
    if (one.what === 'resumed') for (let at = day; plan[at] === 'paused'; at += 1) plan[at] = 'running';
    else
      for (let at = day; at < plan.length; at += 1)
        plan[at] = one.what === 'ended' || plan[at] === 'none' ? 'none' : 'paused';
  }
  return { states, outcomes, last };
}

test('shuffled, repeated and cut into batches, lifecycle events do what a walk through their arrivals does', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const database = await openTestDatabase();
      try {
        const { db } = database;
        const now = instant('2026-05-20');
        await openBusiness(db);
        await sql`UPDATE accounts SET simulated = true`.execute(db); // the clock of this database is
        for (const slug of ['one', 'two']) await addDeployment(db, { customer: slug, slug });
        await setClock(db, now);
        await makeSource(db, 'app', { now, limits: { effects: ['lifecycle'], ...history.rules } });
        const sent = history.events.map(({ what, day, hour, deployment }, index) =>
          event({
            id: history.names[index],
            type: `arcadia.subscription.${what}`,
            subject: `deployment:${deployment}`,
            time: instant('2026-05-01')
              .add({ hours: 24 * (day - 1) + hour })
              .toString(),
            sequence: String(index + 1),
            data: {},
          }),
        );
        // Each at least once, in any order.
        const chosen = history.order.map((at) => at % sent.length);
        const arrivals = [...chosen, ...sent.keys()];
        const source = await getSource(db, 'app');
        const clock = { now: () => Promise.resolve(now) };
        const walk: number[] = [];
        for (let from = 0, cut = 0; from < arrivals.length; cut += 1) {
          const size = history.cuts[cut % history.cuts.length] ?? 1;
          const batch = arrivals.slice(from, from + size);
          walk.push(...batch.toSorted((a, b) => a - b));
          const body = JSON.stringify(batch.map((at) => sent[at]));
          const { events } = readEvents({ 'content-type': 'application/json' }, Buffer.from(body));
          await storeEvents(db, source, events, { receivedAt: now, publishAs: null });
          await interpretAll(db, now);
          const { errors } = await applyGatewayEffects(db, 'app', { clock, signal: new AbortController().signal });
          expect(errors).toEqual([]);
          from += size;
        }
        const { rows } = await sql<{ id: string; outcome: string; reason: string }>`
          SELECT event_id AS id, outcome, reason FROM gateway_effects JOIN gateway_events USING (account_id, gateway_event_id)`.execute(
          db,
        );
        const walked = expected(history, walk);
        expect(
          Object.fromEntries(
            rows.map(({ id, outcome, reason }) => [history.names.indexOf(id), reason === '' ? outcome : reason]),
          ),
        ).toEqual(walked.outcomes);
        for (const deployment of ['one', 'two']) {
          const stood = await subscriptionHistory(db, deployment, 100);
          const states = Array.from({ length: days + 3 }, (_, day): State => {
            if (day === 0) return 'running';
            const at = instant('2026-05-01').add({ hours: 24 * (day - 1) });
            const held = stood.find(
              ({ from, to }) =>
                Temporal.Instant.compare(from, at) <= 0 && (to === null || Temporal.Instant.compare(at, to) < 0),
            );
            return held === undefined ? 'none' : held.paused ? 'paused' : 'running';
          });
          expect(states).toEqual(walked.states[deployment]);
          const end = walked.last[deployment];
          if (end === undefined) continue;
          const highest = history.events[end.place]?.what;
          expect(states.at(-1)).toBe({ paused: 'paused', resumed: 'running', ended: 'none' }[highest ?? 'resumed']);
        }
      } finally {
        await database.close();
      }
    }),
    { numRuns: soakRuns(15) },
  );
}, 300_000);
