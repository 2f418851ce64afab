import { soakRuns } from '../../../test/soak.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type MeteredSpan, type MeteringState, meteredThrough } from './metered-through.ts';

const month = Array.from({ length: 30 }, (_, index) => `2026-06-${String(index + 1).padStart(2, '0')}`);
const dayAfter = (day: string) => Temporal.PlainDate.from(day).add({ days: 1 }).toString();

const kindId = fc.constantFrom(1, 2);
const anyDay = fc.constantFrom('2000-01-01', ...month);
const granularity = fc.constantFrom('day' as const, 'hour' as const);
const digest = fc.constantFrom('one', 'two');
const onePerDay = {
  selector: (row: { kindId: number; fromDay: string }) => `${row.kindId} ${row.fromDay}`,
  maxLength: 8,
};
const configs = fc.uniqueArray(fc.record({ kindId, fromDay: anyDay, enabled: fc.boolean(), granularity }), onePerDay);
const definitions = fc.uniqueArray(fc.record({ kindId, fromDay: anyDay, digest }), onePerDay);
/** Runs of days, later ones over earlier: long stretches without a gap, and some with. */
const metered = fc.array(
  fc.record({ kindId, first: fc.nat(29), days: fc.integer({ min: 1, max: 30 }), granularity, digest }),
  { maxLength: 6 },
);
const floors = fc.dictionary(fc.constantFrom('1', '2'), anyDay, { maxKeys: 1 });

/** How each day of a kind was metered: one way, as in metered_days. */
function byDay(runs: readonly { kindId: number; first: number; days: number; granularity: string; digest: string }[]) {
  const days = new Map<string, string>();
  for (const run of runs) {
    for (const day of month.slice(run.first, run.first + run.days)) {
      days.set(`${run.kindId} ${day}`, `${run.granularity} ${run.digest}`);
    }
  }
  return days;
}

/** As range_agg has them: days that follow on one another are one span. */
function spansOf(days: ReadonlyMap<string, string>): MeteredSpan[] {
  const spans: MeteredSpan[] = [];
  for (const kind of [1, 2]) {
    for (const day of month) {
      const how = days.get(`${kind} ${day}`);
      if (how === undefined) continue;
      const [granularityOf, digestOf] = how.split(' ') as ['day' | 'hour', string];
      const last = spans.at(-1);
      const follows =
        last?.kindId === kind && last.to === day && last.granularity === granularityOf && last.digest === digestOf;
      const from = follows ? last.from : day;
      if (follows) spans.pop();
      spans.push({ kindId: kind, granularity: granularityOf, digest: digestOf, from, to: dayAfter(day) });
    }
  }
  return spans;
}

/** Asks every day of every kind. */
function asked(from: string, to: string, state: MeteringState, days: ReadonlyMap<string, string>): string {
  const on = <Row extends { kindId: number; fromDay: string }>(rows: readonly Row[], kind: number, day: string) =>
    rows.filter((row) => row.kindId === kind && row.fromDay <= day).sort((a, b) => (a.fromDay < b.fromDay ? 1 : -1))[0];
  for (const day of month.filter((candidate) => candidate >= from && candidate < to && candidate >= state.firstDay)) {
    for (const kind of [1, 2]) {
      const config = on(state.configs, kind, day);
      const definition = on(state.definitions, kind, day);
      if (!config?.enabled || definition === undefined || day < (state.floors.get(kind) ?? day)) continue;
      if (days.get(`${kind} ${day}`) !== `${config.granularity} ${definition.digest}`) return day;
    }
  }
  return to;
}

test('what is metered through ends at the first day that is not metered as it is configured', () => {
  fc.assert(
    fc.property(
      fc.record({
        firstDay: anyDay,
        configs,
        definitions,
        metered,
        floors,
        from: fc.nat(28),
        length: fc.integer({ min: 1, max: 29 }),
      }),
      ({ firstDay, metered: runs, floors: retired, from: first, length, ...dated }) => {
        const days = byDay(runs);
        const from = month[first] as string;
        const to = month[Math.min(29, first + length)] as string;
        const floorOf = new Map(Object.entries(retired).map(([kind, floor]) => [Number(kind), floor]));
        const state = { ...dated, firstDay, floors: floorOf, spans: spansOf(days) };
        expect(meteredThrough(from, to, state)).toBe(asked(from, to, state, days));
      },
    ),
    { numRuns: soakRuns(2_000) },
  );
});
