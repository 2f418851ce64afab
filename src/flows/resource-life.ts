import { expectsOwner, ownersOfResource } from '../deployments/index.ts';
import {
  actionsOfResource,
  factText,
  getResource,
  listRelations,
  openMonthlyPrices,
  readSightings,
  supersededStates,
} from '../inventory/index.ts';
import { dayOf, usageOfResource } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';

/** Of actions, of what was believed before and of missed listings, as many as a person looks through. */
const shownMax = 100;
const monthsShown = 13;
/** Facts of a state that say how large it is. */
const sizeFacts = ['size_slug', 'vcpus', 'memory_mb', 'disk_gb', 'size_gb', 'nodes'] as const;

/**
 * A resource over time, in lanes: its state, size, tags, project and owner, with how each is known; the provider's actions,
 * its usage of thirteen months, and what was believed before. Errors: those of getResource.
 */
export async function readResourceLife(db: Queryable, ref: string, now: Temporal.Instant) {
  const { states, memberships, ...identity } = await getResource(db, ref);
  const { resourceId, account } = identity;
  const day = dayOf(now);
  const range = { from: day.with({ day: 1 }).subtract({ months: monthsShown - 1 }), to: day.add({ days: 1 }) };
  const current = states.find(({ validTo }) => validTo === null) ?? null;
  const priceOf = await openMonthlyPrices(db, [account], day);
  return {
    ...identity,
    name: states.at(-1)?.name ?? null,
    status: current?.status ?? null,
    costPerMonth: current === null ? null : priceOf({ ...identity, ...current }),
    expectsOwner: expectsOwner(identity.kind),
    lanes: {
      state: joined(states, ({ status, name }) => ({ status, name })),
      size: joined(states, ({ attributes }) => ({ size: sizeOf(attributes) })),
      tags: joined(states, ({ tags, region }) => ({ tags, region })),
      project: joined(memberships, ({ project, projectName }) => ({ project, projectName })),
      owner: await ownersOfResource(db, resourceId),
    },
    relations: await listRelations(db, resourceId, shownMax),
    actions: await actionsOfResource(db, resourceId, { limit: shownMax, after: null }),
    seen: await readSightings(db, resourceId, shownMax),
    usage: await usageOfResource(db, resourceId, range),
    knownBefore: await supersededStates(db, resourceId, shownMax),
  };
}

function sizeOf(attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    sizeFacts.flatMap((fact) => {
      const value = factText(attributes[fact]);
      return value === null ? [] : [[fact, value]];
    }),
  );
}

interface Known {
  readonly validFrom: Temporal.Instant;
  readonly validTo: Temporal.Instant | null;
  readonly recordedAt: Temporal.Instant;
  readonly source: string;
  readonly syncRunId: number | null;
  readonly recordedBy: string | null;
}

/** Intervals that follow each other and show the same are one, known as its first part is. */
function joined<Interval extends Known, Shown extends object>(
  intervals: readonly Interval[],
  show: (interval: Interval) => Shown,
) {
  type Lane = Shown & {
    from: Temporal.Instant;
    to: Temporal.Instant | null;
  } & Pick<Known, 'recordedAt' | 'source' | 'syncRunId' | 'recordedBy'>;
  const lanes: Lane[] = [];
  for (const interval of intervals) {
    const { validFrom: from, validTo: to, recordedAt, source, syncRunId, recordedBy } = interval;
    const shown = show(interval);
    const last = lanes.at(-1);
    const isSame = last !== undefined && JSON.stringify(shownBy(last, shown)) === JSON.stringify(shown);
    if (last !== undefined && isSame && last.to?.equals(from) === true) last.to = to;
    else lanes.push({ from, to, ...shown, recordedAt, source, syncRunId, recordedBy });
  }
  return lanes;
}

/** What a lane shows of the same things. */
function shownBy(lane: object, like: object): object {
  return Object.fromEntries(Object.keys(like).map((name) => [name, (lane as Record<string, unknown>)[name]]));
}
