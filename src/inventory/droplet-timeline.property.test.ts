import { soakRuns } from '../../test/soak.ts';
import fc from 'fast-check';
import { test } from 'vitest';
import { correctByActions } from './droplet-timeline.ts';
import type { Believed, CompletedAction, Correction, ResourceState } from './timeline.ts';

const minute = (count: number) => Temporal.Instant.from('2026-05-01T00:00:00Z').add({ minutes: count });
const lastMinute = 240;

interface Step {
  readonly at: number;
  readonly type: 'power_off' | 'power_on' | 'shutdown' | 'reboot' | 'resize';
}

/** What really happened: at most one step a minute, resizes at most one between two listings. */
const steps = fc
  .uniqueArray(
    fc.record({
      at: fc.integer({ min: 1, max: lastMinute }),
      type: fc.constantFrom<Step['type'][]>('power_off', 'power_on', 'shutdown', 'reboot', 'resize'),
    }),
    { selector: (step) => step.at, maxLength: 25 },
  )
  .map((all) => all.sort((a, b) => a.at - b.at));
const sightings = fc
  .uniqueArray(fc.integer({ min: 1, max: lastMinute + 20 }), { minLength: 1, maxLength: 30 })
  .map((all) => all.sort((a, b) => a - b));

/** The droplet at every minute, `lastMinute + 20` included. */
function truth(happened: readonly Step[]): ResourceState[] {
  const states: ResourceState[] = [];
  let status = 'active';
  let size = 0;
  for (let at = 0; at <= lastMinute + 20; at++) {
    const step = happened.find((candidate) => candidate.at === at);
    if (step?.type === 'power_off' || step?.type === 'shutdown') status = 'off';
    if (step?.type === 'power_on') status = 'active';
    if (step?.type === 'resize') size += 1;
    states.push({
      name: 'web',
      status,
      region: null,
      tags: [],
      parents: [],
      attributes: { size_slug: `size-${size}` },
    });
  }
  return states;
}

const same = (a: ResourceState | null, b: ResourceState | null) => JSON.stringify(a) === JSON.stringify(b);

/** What the listings alone make of it: a change begins when it was seen, the first state at birth. */
function listed(states: readonly ResourceState[], seen: readonly number[]): Believed[] {
  const rows: Believed[] = [];
  for (const at of seen) {
    const state = states[at]!;
    const last = rows.at(-1);
    if (last && same(last.state, state)) continue;
    if (last) rows[rows.length - 1] = { ...last, to: minute(at) };
    rows.push({ from: minute(last ? at : 0), to: null, state });
  }
  return rows;
}

function correct(believed: readonly Believed[], corrections: readonly Correction[]): Believed[] {
  let rows = [...believed];
  for (const { from, to, state } of corrections) {
    rows = rows.flatMap((row) => {
      const parts: Believed[] = [];
      const rowEnd = row.to ?? minute(1_000_000);
      const before = Temporal.Instant.compare(row.from, from) < 0;
      const after = Temporal.Instant.compare(rowEnd, to) > 0;
      if (Temporal.Instant.compare(rowEnd, from) <= 0 || Temporal.Instant.compare(row.from, to) >= 0) return [row];
      if (before) parts.push({ ...row, to: from });
      if (after) parts.push({ ...row, from: to });
      return parts;
    });
    if (state !== null) rows.push({ from, to, state });
    rows.sort((a, b) => Temporal.Instant.compare(a.from, b.from));
  }
  return rows;
}

function stateAt(rows: readonly Believed[], at: number): ResourceState | null {
  const instant = minute(at);
  return (
    rows.find(
      ({ from, to }) =>
        Temporal.Instant.compare(from, instant) <= 0 && (to === null || Temporal.Instant.compare(instant, to) < 0),
    )?.state ?? null
  );
}

/** A power action that finds the droplet so already is refused by the provider: it is not in the log. */
function logOf(happened: readonly Step[], seen: readonly number[]): { happened: Step[]; actions: CompletedAction[] } {
  let status = 'active';
  let resizedUpTo = -1;
  const done = happened.filter(({ type, at }) => {
    if (type === 'resize') {
      const next = seen.find((sighting) => sighting >= at) ?? Number.POSITIVE_INFINITY;
      if (next === resizedUpTo) return false;
      resizedUpTo = next;
      return true;
    }
    const needs = type === 'power_on' ? 'off' : 'active';
    if (status !== needs) return false;
    if (type === 'power_off' || type === 'shutdown') status = 'off';
    if (type === 'power_on') status = 'active';
    return true;
  });
  return { happened: done, actions: done.map(({ type, at }) => ({ type, completedAt: minute(at) })) };
}

test('listings and a whole action log give back what really happened', () => {
  fc.assert(
    fc.property(steps, sightings, (wanted, seen) => {
      const { happened, actions } = logOf(wanted, seen);
      const states = truth(happened);
      const instants = seen.map(minute);
      const before = listed(states, seen);
      const after = correct(before, correctByActions(before, instants, actions));
      const first = seen[0]!;
      const last = seen.at(-1)!;
      for (let at = 0; at <= last; at++) {
        const believed = stateAt(after, at);
        if (believed?.status !== states[at]!.status)
          throw new Error(`minute ${at}: believed ${believed?.status}, was ${states[at]!.status}`);
        // What size it had before the first listing nobody tells.
        if (at >= first && !same(believed, states[at]!)) throw new Error(`minute ${at}: size differs`);
      }
    }),
    { numRuns: soakRuns(200) },
  );
});

test('what a listing showed is believed of its instant, whatever the log says', () => {
  fc.assert(
    fc.property(steps, steps, sightings, (happened, claimed, seen) => {
      const before = listed(truth(happened), seen);
      // Between the minutes: at the instant of a listing, what happened last would be so.
      const actions = claimed.map(({ type, at }) => ({ type, completedAt: minute(at).add({ seconds: 30 }) }));
      const after = correct(before, correctByActions(before, seen.map(minute), actions));
      for (const at of seen)
        if (!same(stateAt(after, at), stateAt(before, at))) throw new Error(`minute ${at} differs`);
    }),
    { numRuns: soakRuns(200) },
  );
});

test('the same actions again correct nothing, nor do they in parts', () => {
  fc.assert(
    fc.property(steps, steps, sightings, fc.integer({ min: 0, max: 25 }), (happened, claimed, seen, known) => {
      const instants = seen.map(minute);
      const actions = claimed.map(({ type, at }) => ({ type, completedAt: minute(at) }));
      const before = listed(truth(happened), seen);
      const once = correct(before, correctByActions(before, instants, actions));
      const again = correctByActions(once, instants, actions);
      if (again.length > 0) throw new Error(`again: ${JSON.stringify(again)}`);
      const part = correct(before, correctByActions(before, instants, actions.slice(0, known)));
      const late = correct(part, correctByActions(part, instants, actions));
      for (let at = 0; at <= lastMinute; at++) {
        if (!same(stateAt(late, at), stateAt(once, at)))
          throw new Error(`minute ${at} depends on when the actions were read`);
      }
    }),
    { numRuns: soakRuns(200) },
  );
});
