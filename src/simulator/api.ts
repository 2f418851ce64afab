import { type Answer, type Asked, json, truncated } from './answer.ts';
import type { Bills } from './billing/bills.ts';
import type { SimulatedClock } from './clock.ts';
import type { Droplet } from './entities.ts';
import type { FaultBoard } from './faults.ts';
import { damageField, hideFields } from './fields.ts';
import { PageCache } from './page-cache.ts';
import { countsOf, linksOf, pageOf, type PageRequest, pageRequest } from './pages.ts';
import { Random } from './random.ts';
import type { RateLimiter, Verdict } from './rate-limit.ts';
import { type FileRoute, type ListRoute, matcher, type OneRoute, routesOf, type Sequence } from './routes.ts';
import { httpDate, SECOND } from './time.ts';
import type { Lens, View } from './views.ts';
import { Newborns } from './writes/newborns.ts';
import { matchWrite } from './writes/routes.ts';
import { Writes } from './writes/writes.ts';

const messages = {
  bad_request: 'The page and per_page parameters must be positive integers.',
  invalid_days: 'The days must be in the form YYYY-MM-DD, in order, and 31 at most.',
  unauthorized: 'Unable to authenticate you.',
  forbidden: 'You are not authorized to perform this operation',
  not_found: 'The resource you requested could not be found.',
  too_many_requests: 'API rate limit exceeded.',
  server_error: 'Server Error',
  service_unavailable: 'Service Unavailable',
} as const;

interface ApiParts {
  readonly fleet: string;
  readonly seed: number;
  readonly clock: SimulatedClock;
  readonly bills: Bills;
  readonly faults: FaultBoard;
  readonly limiter: RateLimiter;
  /** The only token that is good; undefined: any. */
  readonly token: string | undefined;
  readonly writable: boolean;
}

/** Answers /v2: authentication, rate limit, faults, scope, route; in this order. */
export class Api {
  readonly #parts: ApiParts;
  readonly #match: ReturnType<typeof matcher>;
  readonly #cache = new PageCache();
  readonly #requestIds: Random;
  readonly #newborns = new Newborns();
  /** null: a token for reading is all that there is. */
  readonly #writes: Writes | null;

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.#match = matcher(routesOf(parts.fleet));
    this.#requestIds = new Random(parts.seed, 'requests');
    const { clock, faults, writable } = parts;
    const requestId = () => this.#requestIds.uuid();
    this.#writes = writable
      ? new Writes({ timeline: clock.timeline, faults, newborns: this.#newborns, requestId })
      : null;
  }

  /** The path's pattern, for the log; other paths as they are. */
  routeOf({ method, path }: Asked): string {
    const match = isRead(method) ? this.#match(path) : (matchWrite(method, path) ?? this.#match(path));
    return match?.route.path ?? path;
  }

  answer(asked: Asked): Answer {
    const { faults, limiter, clock, token } = this.#parts;
    const given = /^Bearer (\S+)$/i.exec(asked.authorization ?? '')?.[1];
    const known = given !== undefined && (token === undefined || given === token);
    const verdict = limiter.take(given ?? '', clock.limiterNow);
    const answer =
      !known || faults.take('bad_token', asked.path)
        ? this.#error(401, 'unauthorized')
        : verdict.refused !== null
          ? this.#refuse(verdict)
          : lackedBy(given).has(this.#scopeOf(asked.method, asked.path))
            ? this.#error(403, 'forbidden')
            : faults.none
              ? this.#show(asked)
              : (this.#fail(asked) ?? this.#spoil(asked, this.#show(asked)));
    const past = faults.take('reset_in_past', asked.path);
    const resetInMs = past === undefined ? verdict.resetInMs : -past.seconds * SECOND;
    const skew = faults.take('clock_skew', asked.path);
    return {
      ...answer,
      headers: {
        'ratelimit-limit': verdict.limit,
        'ratelimit-remaining': answer.status === 429 ? 0 : verdict.remaining,
        'ratelimit-reset': Math.ceil((clock.now + resetInMs) / SECOND),
        ...(skew !== undefined && { date: httpDate(clock.now + skew.seconds * SECOND) }),
        ...answer.headers,
      },
    };
  }

  #error(status: number, id: keyof typeof messages, headers: Answer['headers'] = {}): Answer {
    return json(status, { id, message: messages[id], request_id: this.#requestIds.uuid() }, headers);
  }

  #refuse({ refused, retryAfterSeconds }: Verdict): Answer {
    return this.#error(429, 'too_many_requests', refused === 'burst' ? { 'retry-after': retryAfterSeconds } : {});
  }

  /** '' where none is asked for. */
  #scopeOf(method: string, path: string): string {
    return (isRead(method) ? this.#match(path) : matchWrite(method, path))?.route.scope ?? '';
  }

  /** A fault that comes in place of the answer. */
  #fail({ method, path, query }: Asked): Answer | null {
    const { faults } = this.#parts;
    const before = isRead(method) ? undefined : faults.take('refuse_before', path);
    if (before?.status === 429) return this.#error(429, 'too_many_requests', { 'retry-after': 1 });
    if (before !== undefined) return this.#error(before.status, 'service_unavailable');
    const page = pageRequest(query)?.page ?? 1;
    const burst = faults.take('burst_limit', path, page);
    if (burst) return this.#error(429, 'too_many_requests', { 'retry-after': burst.retryAfterSeconds });
    if (faults.take('hour_limit', path, page)) return this.#error(429, 'too_many_requests');
    const broken = faults.take('server_error', path, page);
    if (broken) return this.#error(broken.status, broken.status === 503 ? 'service_unavailable' : 'server_error');
    const refused = faults.take('refuse', path, page, (fault) => query.toString().includes(fault.query));
    const ids: Readonly<Record<number, keyof typeof messages>> = { 403: 'forbidden', 404: 'not_found' };
    if (refused) return this.#error(refused.status, ids[refused.status] ?? 'bad_request');
    const dropped = faults.take('drop', path, page, (fault) => fault.when === 'before');
    if (dropped) return { ...json(200, {}), drop: 'before' };
    const scope = this.#scopeOf(method, path);
    // Tags and networks are fields of other things, and a bill is no listing: who may not see them is refused all the same.
    const refuses = (fault: { hidden: boolean }) =>
      !fault.hidden || ['tag:read', 'vpc:read', 'billing:read'].includes(scope);
    if (faults.take('missing_scope', path, page, (fault) => refuses(fault) && fault.scopes.includes(scope))) {
      return this.#error(403, 'forbidden');
    }
    return null;
  }

  /** A fault that damages a good answer. */
  #spoil({ path, query }: Asked, answer: Answer): Answer {
    if (answer.status !== 200) return answer;
    const { faults } = this.#parts;
    const page = pageRequest(query)?.page ?? 1;
    if (faults.take('empty', path, page, (fault) => fault.what === 'body')) return { ...answer, body: '' };
    if (faults.take('truncate', path, page)) return truncated(answer);
    if (faults.take('drop', path, page, (fault) => fault.when === 'within')) return { ...answer, drop: 'within' };
    return answer;
  }

  #show(asked: Asked): Answer {
    if (!isRead(asked.method)) return this.#writes?.answer(asked, this.#lens(asked)) ?? this.#error(403, 'forbidden');
    const found = this.#match(asked.path);
    if (found === null) return this.#error(404, 'not_found');
    if (found.route.type === 'one') return this.#showOne(asked, found.route, found.id);
    return found.route.type === 'file'
      ? this.#showFile(asked, found.route, found.id)
      : this.#showList(asked, found.route, found.id);
  }

  #showOne(asked: Asked, route: OneRoute, id: string): Answer {
    const lens = this.#lens(asked);
    if (lens.hiddenScopes.has(route.scope)) return this.#error(403, 'forbidden');
    const found = this.#isNotYet(asked.path) ? null : route.find(lens, id);
    if (found === null) return this.#error(404, 'not_found');
    const view = hideFields(route.path, lens.hiddenScopes, found);
    return json(200, route.key === null ? view : { [route.key]: view });
  }

  /** It has been created, and does not answer by its id yet. */
  #isNotYet(path: string): boolean {
    const { faults, clock } = this.#parts;
    const isYoung = ({ seconds }: { seconds: number }) => this.#newborns.isYounger(path, seconds, clock.now);
    return faults.take('not_yet', path, 1, isYoung) !== undefined;
  }

  /** What is there, and a listing does not show yet. */
  #late(path: string, query: URLSearchParams): (string | number)[] {
    const { faults, clock } = this.#parts;
    const late = (fault: 'late_listing' | 'late_tags', what: 'born' | 'tagged') =>
      faults.takeAll(fault, path).flatMap(({ seconds }) => this.#newborns.youngerOf(what, path, seconds, clock.now));
    return [...late('late_listing', 'born'), ...(query.has('tag_name') ? late('late_tags', 'tagged') : [])];
  }

  #showFile(asked: Asked, route: FileRoute, id: string): Answer {
    const found = route.find(this.#lens(asked), id);
    if (found === null) return this.#error(404, 'not_found');
    const headers = { 'content-type': found.type, 'content-disposition': `attachment; filename="${found.name}"` };
    return { status: 200, headers, body: found.body };
  }

  #showList(asked: Asked, route: ListRoute, id: string): Answer {
    const page = pageRequest(asked.query);
    if (page === null) return this.#error(400, 'bad_request');
    const { faults, clock } = this.#parts;
    const { world } = clock.timeline;
    const lens = this.#lens(asked);
    const items = route.items(lens, asked.query, id);
    if (items === null) return this.#error(404, 'not_found');
    if (items === 'invalid') return this.#error(400, 'invalid_days');
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    if (!faults.none || route.uncached) return { status: 200, headers, body: this.#list(asked, route, id, page, lens) };
    const version = route.version === null ? clock.now : route.version(world);
    const make = () => this.#list(asked, route, id, page, lens);
    return { status: 200, headers, body: this.#cache.get(asked.origin + asked.url, version, make) };
  }

  #list(asked: Asked, route: ListRoute, id: string, page: PageRequest, lens: Lens): string {
    const { faults } = this.#parts;
    for (const { events } of faults.takeAll('meanwhile', asked.path, page.page))
      for (const event of events) this.#parts.clock.timeline.happen(event);
    route.reads?.(lens, page.page, id);
    const items = this.#itemsOf(asked, route, id, page, lens);
    const damages = faults.takeAll('field', asked.path);
    const view = (item: unknown) => {
      const shown = hideFields(route.path, lens.hiddenScopes, route.view(item as never, lens));
      return damages.reduce(damageField, shown);
    };
    const shape = items.length === 0 ? faults.take('empty_shape', asked.path, page.page)?.as : undefined;
    if (shape !== undefined) {
      const held = { absent: {}, null: { [route.key]: null }, object: { [route.key]: {} } }[shape];
      return JSON.stringify({ ...held, ...(!route.unpaged && { meta: { total: 0 } }) });
    }
    if (route.unpaged)
      return JSON.stringify({ [route.key]: pageOf(items, { page: 1, perPage: items.length }, 0).map(view) });
    const shift = faults.take('shift', asked.path, page.page)?.by ?? 0;
    const views = pageOf(items, page, shift).map(view);
    const { keyedBy } = route;
    return JSON.stringify({
      [route.key]:
        keyedBy === undefined ? views : Object.fromEntries(views.map((item) => [String(item[keyedBy]), item])),
      ...route.beside?.(lens),
      ...(route.counts === 'items'
        ? countsOf(items.length, page)
        : { ...linksOf(items.length, page, asked.origin + asked.path, asked.query), meta: { total: items.length } }),
    });
  }

  /** What is listed, without what a fault keeps back. */
  #itemsOf({ path, query }: Asked, route: ListRoute, id: string, { page }: PageRequest, lens: Lens): Sequence {
    const { faults } = this.#parts;
    const empty =
      lens.hiddenScopes.has(route.scope) || faults.take('empty', path, page, (fault) => fault.what === 'items');
    const leftOut = new Set([
      ...faults.takeAll('leave_out', path).flatMap(({ ids }) => ids),
      ...this.#late(path, query),
    ]);
    const all = empty ? [] : route.items(lens, query, id);
    if (all === null || all === 'invalid') return [];
    if (leftOut.size === 0) return all;
    return pageOf(all, { page: 1, perPage: all.length }, 0).filter(
      (item) => !isNamed(route.view(item as never, lens), leftOut),
    );
  }

  #lens({ path }: Asked): Lens {
    const { faults, clock, bills } = this.#parts;
    const { world } = clock.timeline;
    if (faults.none) return { world, bills, ...plainLens };
    const unknown = faults.takeAll('unknown_status', path);
    return {
      world,
      bills,
      shownStatus: ({ id }: Droplet) => unknown.find((fault) => (fault.droplet ?? id) === id)?.status ?? null,
      reservedIpUrn: faults.take('reservedip_urns', path) ? 'reservedip' : 'floatingip',
      actionsLate: (faults.take('late_actions', path)?.bySeconds ?? 0) * SECOND,
      actionsLag: faults
        .takeAll('lagging_actions', path)
        .map(({ bySeconds, droplet = null }) => ({ by: bySeconds * SECOND, droplet })),
      actionsUnordered: faults.take('unordered_actions', path) !== undefined,
      hiddenScopes: faults.hiddenScopes(path),
    };
  }
}

/** The scopes that a token says it lacks: `anything-without-snapshot:read,tag:read`. */
function lackedBy(token: string): ReadonlySet<string> {
  return new Set(/-without-([a-z_:,]+)$/.exec(token)?.[1]?.split(','));
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function isNamed(view: View, ids: ReadonlySet<string | number>): boolean {
  return ['id', 'urn', 'ip', 'name'].some((field) => ids.has(view[field] as string | number));
}

const plainLens: Omit<Lens, 'world' | 'bills'> = {
  shownStatus: () => null,
  reservedIpUrn: 'floatingip',
  actionsLate: 0,
  actionsLag: [],
  actionsUnordered: false,
  hiddenScopes: new Set(),
};
