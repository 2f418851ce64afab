import type { Granularity } from '../period.ts';

// How far a range of days is metered as it is configured. Days are ISO text, whose order is that of
// time.

/** How a kind is metered from a day on. */
export interface DatedConfig {
  readonly kindId: number;
  readonly fromDay: string;
  readonly enabled: boolean;
  readonly granularity: Granularity;
}

/** What a kind means from a day on. */
export interface DatedDefinition {
  readonly kindId: number;
  readonly fromDay: string;
  readonly digest: string;
}

/** Days `[from, to)` of a kind that were metered, without a gap, at one granularity by one definition. */
export interface MeteredSpan {
  readonly kindId: number;
  readonly granularity: Granularity;
  readonly digest: string;
  readonly from: string;
  readonly to: string;
}

export interface MeteringState {
  /** The first day that anything is, or could be, metered for. */
  readonly firstDay: string;
  readonly configs: readonly DatedConfig[];
  readonly definitions: readonly DatedDefinition[];
  readonly spans: readonly MeteredSpan[];
  /** By kind: the first day that is not retired. */
  readonly floors: ReadonlyMap<number, string>;
}

/**
 * Every day of `[from, to)` before the answer is metered as it is configured. Of each stretch in
 * which a kind's configuration stands still, metered is what follows from its beginning without a gap.
 */
export function meteredThrough(from: string, to: string, state: MeteringState): string {
  let through = to;
  for (const kindId of new Set(state.configs.map((config) => config.kindId))) {
    const ofKind = <Row extends { readonly kindId: number }>(rows: readonly Row[]) =>
      rows.filter((row) => row.kindId === kindId);
    const configs = ofKind(state.configs);
    const definitions = ofKind(state.definitions);
    const spans = ofKind(state.spans);
    const changes = [...new Set([...configs, ...definitions].map((row) => row.fromDay))].sort();
    for (const [index, change] of changes.entries()) {
      const config = standing(configs, change);
      const definition = standing(definitions, change);
      if (!config?.enabled || definition === undefined) continue;
      const begin = last(change, state.floors.get(kindId) ?? from, state.firstDay, from);
      const end = first(changes[index + 1] ?? to, to);
      const span = spans.find(
        (metered) =>
          metered.granularity === config.granularity &&
          metered.digest === definition.digest &&
          metered.from <= begin &&
          metered.to > begin,
      );
      const reached = span?.to ?? begin;
      if (begin < end && reached < end) through = first(through, reached);
    }
  }
  return through;
}

/** What holds on a day: the row with the last beginning that is no later. */
function standing<Row extends { readonly fromDay: string }>(rows: readonly Row[], day: string): Row | undefined {
  return rows
    .filter((row) => row.fromDay <= day)
    .reduce<Row | undefined>(
      (latest, row) => (latest === undefined || row.fromDay > latest.fromDay ? row : latest),
      undefined,
    );
}

function first(...days: readonly string[]): string {
  return days.reduce((a, b) => (a < b ? a : b));
}

function last(...days: readonly string[]): string {
  return days.reduce((a, b) => (a > b ? a : b));
}
