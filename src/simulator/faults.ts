import { z } from 'zod';
import { fleetEvent } from './events.ts';

/**
 * The provider's awkward moments, switched on one by one. A fault holds for requests whose path
 * begins with `path`, `count` times (until cleared, when left out). `afterPage: n` spares the
 * first n pages.
 */
const where = {
  path: z.string().startsWith('/').default('/'),
  count: z.int().positive().max(1_000_000).optional(),
};
const lasting = { seconds: z.int().positive().max(2_592_000).default(10) };
const afterPage = z.int().min(0).default(0);

export const faultInput = z.discriminatedUnion('fault', [
  /** 429 with retry-after: too many in a minute. */
  z.strictObject({ fault: z.literal('burst_limit'), ...where, retryAfterSeconds: z.int().positive().default(29) }),
  /** 429 without: too many in an hour. */
  z.strictObject({ fault: z.literal('hour_limit'), ...where }),
  /** Every answer's ratelimit-reset lies in the past. */
  z.strictObject({ fault: z.literal('reset_in_past'), ...where, seconds: z.int().positive().default(3_600) }),
  z.strictObject({
    fault: z.literal('server_error'),
    ...where,
    afterPage,
    // The last three are the edge's, in front of the API.
    status: z.literal([500, 502, 503, 504, 520, 522, 524]).default(500),
  }),
  /** A client error that is not about the token: there is no such collection, or not with this query (`type=gpus`). */
  z.strictObject({
    fault: z.literal('refuse'),
    ...where,
    query: z.string().default(''),
    /** 403 is for a bucket that a key may not read. */
    status: z.literal([400, 403, 404, 405, 410]).default(404),
  }),
  /** Spaces: the request was signed at another time than it is there. */
  z.strictObject({ fault: z.literal('time_skewed'), ...where }),
  /** Spaces: a page of objects says that there are more, and not where. */
  z.strictObject({ fault: z.literal('no_next_page'), ...where }),
  /** The connection ends: before an answer, or in the middle of its body. */
  z.strictObject({
    fault: z.literal('drop'),
    ...where,
    afterPage,
    when: z.enum(['before', 'within']).default('within'),
  }),
  /** A whole answer, as HTTP has it, of half the JSON. */
  z.strictObject({ fault: z.literal('truncate'), ...where, afterPage }),
  /** 200 with no body at all, or with a listing of nothing. */
  z.strictObject({ fault: z.literal('empty'), ...where, afterPage, what: z.enum(['body', 'items']).default('body') }),
  /** A list without items is there in another shape: its key is left out, null, or an empty object. */
  z.strictObject({ fault: z.literal('empty_shape'), ...where, as: z.enum(['absent', 'null', 'object']) }),
  /**
   * One field (`region.slug`) of the listed item with this id (of every one, when left out) is missing,
   * or has this value. Not as the provider describes itself: as it has been seen.
   */
  z.strictObject({
    fault: z.literal('field'),
    ...where,
    id: z.union([z.string(), z.number()]).optional(),
    field: z.string().min(1),
    value: z.json().optional(),
  }),
  /** A listing that leaves out the items with these ids, or URNs, and does not count them. */
  z.strictObject({
    fault: z.literal('leave_out'),
    ...where,
    ids: z
      .array(z.union([z.string(), z.number()]))
      .min(1)
      .max(1_000),
  }),
  /** What happens in the fleet before a page after the first n is read. Once, unless `count` says otherwise. */
  z.strictObject({
    fault: z.literal('meanwhile'),
    ...where,
    count: z.int().positive().max(1_000).default(1),
    afterPage: z.int().min(1).default(1),
    events: z.array(fleetEvent).min(1).max(100),
  }),
  /**
   * Items have moved since the page before: with 1, the first to the end, so that one is passed
   * over; with -1, the last to the front, so that one comes twice.
   */
  z.strictObject({
    fault: z.literal('shift'),
    ...where,
    afterPage: z.int().min(1).default(1),
    by: z.union([z.literal(1), z.literal(-1)]).default(1),
  }),
  /** 403 for what needs one of the scopes; with `hidden`, 200 and what they would show, fields too, left out. */
  z.strictObject({
    fault: z.literal('missing_scope'),
    ...where,
    scopes: z.array(z.string().regex(/^[a-z_]+:[a-z_]+$/)).min(1),
    hidden: z.boolean().default(false),
  }),
  z.strictObject({ fault: z.literal('bad_token'), ...where }),
  /** Droplets (one, or all) show a status that is not in the description. */
  z.strictObject({
    fault: z.literal('unknown_status'),
    ...where,
    status: z.string().min(1).default('hibernating'),
    droplet: z.int().positive().optional(),
  }),
  /** `do:reservedip:` where the description, and the simulator otherwise, has `do:floatingip:`. */
  z.strictObject({ fault: z.literal('reservedip_urns'), ...where }),
  /** Actions are shown in progress for so long after their effect. */
  /** The action log does not show yet what began within so long: all of it, or one droplet's only. */
  z.strictObject({
    fault: z.literal('lagging_actions'),
    ...where,
    bySeconds: z.int().positive(),
    droplet: z.int().positive().optional(),
  }),
  /** The action log is in the order in which actions completed, those in progress last. */
  z.strictObject({ fault: z.literal('unordered_actions'), ...where }),
  /** The header `date` is so many seconds ahead of the provider's own clock, or behind it. */
  z.strictObject({ fault: z.literal('clock_skew'), ...where, seconds: z.int() }),
  z.strictObject({ fault: z.literal('late_actions'), ...where, bySeconds: z.int().positive().default(600) }),

  // Of writes. Seconds are the fleet's.
  /** What was asked is done, and the answer does not say so: an error, a dropped connection, or no answer at all. */
  z.strictObject({
    fault: z.literal('create_then'),
    ...where,
    method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
    what: z.literal([500, 502, 504, 'drop', 'timeout']).default(500),
  }),
  /** A write is refused before anything is done. */
  z.strictObject({ fault: z.literal('refuse_before'), ...where, status: z.literal([429, 503]).default(503) }),
  /** What was created is gone after so long. */
  z.strictObject({ fault: z.literal('create_lost'), ...where, seconds: z.int().positive().max(2_592_000).default(30) }),
  /** What was created answers 404 by its id for so long. */
  z.strictObject({ fault: z.literal('not_yet'), ...where, ...lasting }),
  /** A listing does not show for so long what was created; one by a tag, what was tagged. */
  z.strictObject({ fault: z.literal('late_listing'), ...where, ...lasting }),
  z.strictObject({ fault: z.literal('late_tags'), ...where, ...lasting }),
  /** An action takes so long. */
  z.strictObject({
    fault: z.literal('action_stuck'),
    ...where,
    seconds: z.int().positive().max(2_592_000).default(86_400),
  }),
  /** An action ends as errored, without its effect. */
  z.strictObject({ fault: z.literal('action_errored'), ...where }),
  /** 422: the droplet has a pending event. */
  z.strictObject({ fault: z.literal('locked'), ...where }),
  /** Creating would exceed what the account may have. */
  z.strictObject({ fault: z.literal('limit_reached'), ...where }),
  /** The volumes of a droplet that is destroyed are attached for so long after it has gone. */
  z.strictObject({ fault: z.literal('slow_destroy'), ...where, ...lasting }),
  /** The network of what is destroyed still counts it for so long. */
  z.strictObject({ fault: z.literal('slow_members'), ...where, ...lasting }),
]);

export type FaultInput = z.infer<typeof faultInput>;
type FaultName = FaultInput['fault'];
type FaultOf<Name extends FaultName> = Extract<FaultInput, { fault: Name }>;

/** Faults that are on at a time, at most. */
const FAULTS_MAX = 100;

export class FaultBoard {
  readonly #faults = new Map<number, FaultInput & { left: number }>();
  #nextId = 1;

  get none(): boolean {
    return this.#faults.size === 0;
  }

  /** Switches one on; null when too many are. */
  add(fault: FaultInput): number | null {
    if (this.#faults.size >= FAULTS_MAX) return null;
    const id = this.#nextId++;
    this.#faults.set(id, { ...fault, left: fault.count ?? Number.POSITIVE_INFINITY });
    return id;
  }

  /** What is on, with how many times are left (null: until cleared). */
  list(): unknown[] {
    return [...this.#faults].map(([id, fault]) => ({
      id,
      ...fault,
      left: Number.isFinite(fault.left) ? fault.left : null,
    }));
  }

  clear(): void {
    this.#faults.clear();
  }

  /** The first fault of this name that holds here, and counts it; undefined: none. */
  take<Name extends FaultName>(
    name: Name,
    path: string,
    page = 1,
    holds: (fault: FaultOf<Name>) => boolean = () => true,
  ): FaultOf<Name> | undefined {
    return this.#take(name, path, page, holds).next().value ?? undefined;
  }

  /** Every fault of this name that holds here, each counted. */
  takeAll<Name extends FaultName>(name: Name, path: string, page = 1): FaultOf<Name>[] {
    return [...this.#take(name, path, page, () => true)];
  }

  *#take<Name extends FaultName>(
    name: Name,
    path: string,
    page: number,
    holds: (fault: FaultOf<Name>) => boolean,
  ): Generator<FaultOf<Name>, undefined> {
    for (const [id, on] of this.#faults) {
      if (on.fault !== name || !path.startsWith(on.path)) continue;
      if ('afterPage' in on && page <= on.afterPage) continue;
      const fault = on as FaultInput as FaultOf<Name>;
      if (!holds(fault)) continue;
      on.left--;
      if (on.left === 0) this.#faults.delete(id);
      yield fault;
    }
  }

  /** All scopes that are left out silently here; these are not counted. */
  hiddenScopes(path: string): ReadonlySet<string> {
    return new Set(
      [...this.#faults.values()].flatMap((on) =>
        on.fault === 'missing_scope' && on.hidden && path.startsWith(on.path) ? on.scopes : [],
      ),
    );
  }
}
