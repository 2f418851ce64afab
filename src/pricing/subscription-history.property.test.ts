import fc from 'fast-check';
import { expect, it } from 'vitest';
import { changeHistory, endOfPause, type Stated, type SubscriptionState, stateAt } from './subscription-history.ts';

const day = (index: number) => Temporal.Instant.from('2026-01-01T00:00:00Z').add({ hours: 24 * index });
const days = Array.from({ length: 40 }, (_, index) => day(index));

const state = fc.option(fc.record({ planId: fc.integer({ min: 1, max: 3 }), paused: fc.boolean() }), { freq: 3 });
/** A history over days 0 to 30 and perhaps without end. */
const history = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 8 }),
    fc.array(state, { minLength: 8, maxLength: 8 }),
    fc.boolean(),
  )
  .map(([cuts, states, endless]): Stated[] => {
    const ends = cuts.sort((a, b) => a - b);
    return ends.slice(1).flatMap((to, index): Stated[] => {
      const held = states[index] ?? null;
      const last = index === ends.length - 2;
      return held === null ? [] : [{ from: day(ends[index] ?? 0), to: last && endless ? null : day(to), state: held }];
    });
  });
const span = fc.tuple(fc.integer({ min: 0, max: 35 }), fc.option(fc.integer({ min: 1, max: 20 })));
const becomes: Record<string, (before: SubscriptionState | null) => SubscriptionState | null> = {
  plan: () => ({ planId: 2, paused: false }),
  pause: (before) => before && { ...before, paused: true },
  resume: (before) => before && { ...before, paused: false },
  end: () => null,
};

it('changes say of each day what it becomes, and nothing of days that stay as they were', () => {
  fc.assert(
    fc.property(history, span, fc.constantFrom(...Object.keys(becomes)), (before, [from, length], name) => {
      const become = becomes[name] as (typeof becomes)[string];
      const to = length === null ? null : day(from + length);
      const changes = changeHistory(before, { from: day(from), to }, become);
      for (const at of days) {
        const old = stateAt(before, at);
        const inside =
          Temporal.Instant.compare(at, day(from)) >= 0 && (to === null || Temporal.Instant.compare(at, to) < 0);
        const expected = inside ? become(old) : old;
        const change = changes.find(
          (one) =>
            Temporal.Instant.compare(one.from, at) <= 0 &&
            (one.to === null || Temporal.Instant.compare(at, one.to) < 0),
        );
        expect(change ? change.state : old).toEqual(expected);
        if (change) expect(change.state).not.toEqual(old);
      }
    }),
  );
});

it('a pause ends where the first day follows that is not paused', () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 0, max: 30 }), (before, index) => {
      fc.pre(stateAt(before, day(index))?.paused === true);
      const expected = days.slice(index).find((at) => !stateAt(before, at)?.paused) ?? null;
      const end = endOfPause(before, day(index));
      expect(end?.toString() ?? null).toBe(expected?.toString() ?? null);
    }),
  );
});
