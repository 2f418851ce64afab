import fc from 'fast-check';
import { test } from 'vitest';
import { soakRuns } from '../../test/soak.ts';
import { type Anonymous, correctResource, matchAnonymous } from './resource-timeline.ts';
import type { Believed, CompletedAction, Correction, ResourceState } from './timeline.ts';

// Volumes and addresses that are attached and detached, minute by minute, and seen now and then: what is believed after
// the actions were applied is what was so, or, where no action can be told to be about it, what was seen.

const minute = (count: number) => Temporal.Instant.from('2026-05-01T00:00:00Z').add({ minutes: count });
const lastMinute = 120;

interface Step {
  readonly at: number;
  readonly volume: number;
  readonly droplet: number | null;
}

/** At most one step a minute over all volumes; one that changes nothing is none. */
const steps = fc
  .uniqueArray(
    fc.record({
      at: fc.integer({ min: 2, max: lastMinute }),
      volume: fc.integer({ min: 0, max: 2 }),
      droplet: fc.constantFrom(7, 8, null),
    }),
    { selector: (step) => step.at, maxLength: 12 },
  )
  .map((all) => all.sort((a, b) => a.at - b.at));
const sightings = fc
  .uniqueArray(fc.integer({ min: 1, max: lastMinute + 10 }), { minLength: 2, maxLength: 12 })
  .map((all) => all.sort((a, b) => a - b));

const state = (droplet: number | null): ResourceState => ({
  name: 'one',
  status: 'active',
  region: 'fra1',
  tags: [],
  parents: droplet === null ? [] : [`droplet:${droplet}`],
  attributes: { assigned: droplet !== null },
});
const held = ({ parents }: ResourceState) => parents.join();

/** A volume at every minute, and the actions that made it so: to another droplet it goes by way of none. */
function live(all: readonly Step[], volume: number): { states: ResourceState[]; actions: CompletedAction[] } {
  const states: ResourceState[] = [];
  const actions: CompletedAction[] = [];
  let now: number | null = null;
  for (let at = 0; at <= lastMinute + 10; at++) {
    const step = all.find((one) => one.at === at && one.volume === volume);
    if (step !== undefined && step.droplet !== now) {
      // At one time only the last of two can be seen.
      if (now !== null) actions.push({ type: 'detach_volume', completedAt: minute(at).subtract({ seconds: 30 }) });
      if (step.droplet !== null) actions.push({ type: 'attach_volume', completedAt: minute(at) });
      now = step.droplet;
    }
    states.push(state(now));
  }
  return { states, actions };
}

function listed(states: readonly ResourceState[], seen: readonly number[]): Believed[] {
  const rows: Believed[] = [];
  for (const at of seen) {
    const last = rows.at(-1);
    if (last && held(last.state) === held(states[at]!)) continue;
    if (last) rows[rows.length - 1] = { ...last, to: minute(at) };
    rows.push({ from: minute(last ? at : 0), to: null, state: states[at]! });
  }
  return rows;
}

function apply(believed: readonly Believed[], corrections: readonly Correction[]): Believed[] {
  const { compare } = Temporal.Instant;
  let rows = [...believed];
  for (const { from, to, state: corrected } of corrections) {
    rows = rows.flatMap((row) => {
      const end = row.to ?? minute(1_000_000);
      if (compare(end, from) <= 0 || compare(row.from, to) >= 0) return [row];
      return [
        ...(compare(row.from, from) < 0 ? [{ ...row, to: from }] : []),
        ...(compare(end, to) > 0 ? [{ ...row, from: to }] : []),
      ];
    });
    if (corrected !== null) rows.push({ from, to, state: corrected });
    rows.sort((a, b) => compare(a.from, b.from));
  }
  return rows;
}

function at(rows: readonly Believed[], instant: Temporal.Instant): string {
  const { compare } = Temporal.Instant;
  const row = rows.find(({ from, to }) => compare(from, instant) <= 0 && (to === null || compare(instant, to) < 0));
  return row === undefined ? 'gone' : held(row.state);
}

const anonymous = (actions: readonly CompletedAction[]): Anonymous[] =>
  actions
    .map((action) => ({ ...action, region: 'fra1' }))
    .sort((a, b) => Temporal.Instant.compare(a.completedAt, b.completedAt));

function correctAll(fleet: readonly Believed[][], seen: readonly Temporal.Instant[], actions: readonly Anonymous[]) {
  const suspects = fleet.map((believed, resourceId) => ({ resourceId, believed, sightings: seen }));
  const matched = matchAnonymous('volume', suspects, actions, () => false);
  return fleet.map((believed, id) =>
    apply(believed, correctResource('volume', believed, seen, matched.get(id) ?? [], { others: actions })),
  );
}

test('what an action without an id dates is dated right, and all that was seen stays', () => {
  fc.assert(
    fc.property(steps, sightings, (all, seen) => {
      const instants = seen.map(minute);
      const truths = [0, 1, 2].map((volume) => live(all, volume));
      const fleet = truths.map(({ states }) => listed(states, seen));
      const after = correctAll(fleet, instants, anonymous(truths.flatMap(({ actions }) => actions)));
      for (const [volume, rows] of after.entries()) {
        const own = truths[volume]!;
        for (const sighting of seen)
          if (at(rows, minute(sighting)) !== held(own.states[sighting]!))
            throw new Error(`seen at ${sighting} differs`);
        // A change begins when it was seen, or by an action of its own.
        for (const { from } of rows.slice(1)) {
          const real = own.actions.some(({ completedAt }) => completedAt.equals(from));
          if (!real && !instants.some((instant) => instant.equals(from)))
            throw new Error(`volume ${volume} changes at ${from}, by no action of its own`);
        }
      }
    }),
    { numRuns: soakRuns(100) },
  );
});

test('actions that come late, in parts, or again end in the same', () => {
  fc.assert(
    fc.property(steps, sightings, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (all, seen, known) => {
      const instants = seen.map(minute);
      const truths = [0, 1, 2].map((volume) => live(all, volume));
      const fleet = truths.map(({ states }) => listed(states, seen));
      const actions = anonymous(truths.flatMap((truth) => truth.actions));
      const once = correctAll(fleet, instants, actions);
      const part = correctAll(
        fleet,
        instants,
        actions.filter((_, index) => known[index]),
      );
      const late = correctAll(part, instants, actions);
      const again = correctAll(late, instants, actions);
      for (const [volume, rows] of once.entries())
        for (let half = 0; half <= 2 * lastMinute; half++) {
          const instant = minute(0).add({ seconds: 30 * half });
          if (at(late[volume]!, instant) !== at(rows, instant))
            throw new Error(`volume ${volume} at ${instant} is late`);
          if (at(again[volume]!, instant) !== at(rows, instant))
            throw new Error(`volume ${volume} at ${instant} again`);
        }
    }),
    { numRuns: soakRuns(100) },
  );
});

test('an address is assigned when it was, to whom it was where that was seen', () => {
  const names: Readonly<Record<string, string>> = { attach_volume: 'assign_ip', detach_volume: 'unassign_ip' };
  fc.assert(
    fc.property(steps, sightings, (all, seen) => {
      const { states, actions } = live(all, 0);
      const instants = seen.map(minute);
      const believed = listed(states, seen);
      const done = actions.map(({ type, completedAt }) => ({ type: names[type]!, completedAt }));
      const rows = apply(believed, correctResource('reserved_ip', believed, instants, done));
      for (let point = seen[0]!; point <= seen.at(-1)!; point++) {
        const row = rows.find(
          ({ from, to }) =>
            Temporal.Instant.compare(from, minute(point)) <= 0 &&
            (to === null || Temporal.Instant.compare(minute(point), to) < 0),
        );
        if (row?.state.attributes.assigned !== states[point]!.attributes.assigned)
          throw new Error(`minute ${point}: assigned is ${String(row?.state.attributes.assigned)}`);
        const droplet = row === undefined ? '' : held(row.state);
        if (droplet !== '' && droplet !== held(states[point]!)) throw new Error(`minute ${point}: ${droplet}`);
      }
      if (correctResource('reserved_ip', rows, instants, done).length > 0) throw new Error('again');
    }),
    { numRuns: soakRuns(100) },
  );
});
