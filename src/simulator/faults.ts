import { z } from 'zod';

/**
 * The provider's awkward moments, switched on one by one. A fault holds for requests whose path
 * begins with `path`, `count` times (until cleared, when left out). `afterPage: n` spares the
 * first n pages.
 */
const where = {
  path: z.string().startsWith('/').default('/'),
  count: z.int().positive().max(1_000_000).optional(),
};
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
    status: z.union([z.literal(500), z.literal(502), z.literal(503), z.literal(504)]).default(500),
  }),
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
  /** 403 for what needs one of the scopes; with `hidden`, 200 and what they would show left out. */
  z.strictObject({
    fault: z.literal('missing_scope'),
    ...where,
    scopes: z.array(z.string().regex(/^[a-z_]+:read$/)).min(1),
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
  z.strictObject({ fault: z.literal('late_actions'), ...where, bySeconds: z.int().positive().default(600) }),
]);

export type FaultInput = z.infer<typeof faultInput>;
export type FaultName = FaultInput['fault'];
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
  takeAll<Name extends FaultName>(name: Name, path: string): FaultOf<Name>[] {
    return [...this.#take(name, path, 1, () => true)];
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
