/** What a deployment is on. */
export interface SubscriptionState {
  readonly planId: number;
  readonly paused: boolean;
}

/** What it is on over `[from, to)`; null: on no plan. An end of null is none. */
export interface Stated {
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant | null;
  readonly state: SubscriptionState | null;
}

/**
 * What becomes different when each state within `[from, to)` becomes what `become` says: the
 * intervals that differ, with their new state. Nothing where nothing differs.
 * @param history in order of time, without overlap
 */
export function changeHistory(
  history: readonly Stated[],
  { from, to }: Omit<Stated, 'state'>,
  become: (state: SubscriptionState | null) => SubscriptionState | null,
): Stated[] {
  const within = (at: Temporal.Instant) => isBefore(from, at) && (to === null || isBefore(at, to));
  const bounds = history.flatMap((stated) => [stated.from, ...(stated.to ? [stated.to] : [])]).filter(within);
  const starts = [from, ...bounds.sort(Temporal.Instant.compare)].filter(
    (start, index, all) => index === 0 || !start.equals(all[index - 1] as Temporal.Instant),
  );
  const changes: Stated[] = [];
  for (const [index, start] of starts.entries()) {
    const end = starts[index + 1] ?? to;
    const before = stateAt(history, start);
    const state = become(before);
    if (same(before, state)) continue;
    const last = changes.at(-1);
    if (last?.to?.equals(start) && same(last.state, state)) changes[changes.length - 1] = { ...last, to: end };
    else changes.push({ from: start, to: end, state });
  }
  return changes;
}

export function stateAt(history: readonly Stated[], at: Temporal.Instant): SubscriptionState | null {
  return history.find(({ from, to }) => !isBefore(at, from) && (to === null || isBefore(at, to)))?.state ?? null;
}

/** The end of the unbroken paused time that holds an instant; null: none. */
export function endOfPause(history: readonly Stated[], at: Temporal.Instant): Temporal.Instant | null {
  let end: Temporal.Instant | null = at;
  while (end !== null && stateAt(history, end)?.paused) {
    const reached: Temporal.Instant = end;
    end =
      history.find(({ from, to }) => !isBefore(reached, from) && (to === null || isBefore(reached, to)))?.to ?? null;
  }
  return end;
}

function isBefore(a: Temporal.Instant, b: Temporal.Instant): boolean {
  return Temporal.Instant.compare(a, b) < 0;
}

function same(a: SubscriptionState | null, b: SubscriptionState | null): boolean {
  return a?.planId === b?.planId && a?.paused === b?.paused;
}
