import type { Absence, Attributes, ListingEnd, ListingEvent, ListingProblem } from '../provider.ts';
import type { Endpoint } from './endpoints.ts';
import { Notes } from './notes.ts';
import { type Answer, type Query, type Reading, RequestFailure } from './request.ts';

/**
 * Reads one collection, page by page, to an end that says whether it is all there.
 *
 * Items move between pages while they are read: each is reported once, by its id, and the ids
 * read are counted against `meta.total`. When they differ the collection is read once more;
 * items already reported are not reported again. What is kept meanwhile is ids, not items.
 */

export const perPage = 200;
/** 2,000,000 items: a listing longer than that is a defect somewhere. */
const pagesMax = 10_000;

/**
 * An item, with the fields that were not understood; or why it cannot be told what it is, so that
 * whatever seems to be missing may be this one.
 */
export type Read<T> =
  | { readonly ok: true; readonly item: T; readonly faults: readonly string[] }
  | { readonly ok: false; readonly fault: string };

export interface Collection<T> {
  readonly endpoint: Endpoint;
  /** What all of this collection and nothing else of its kind has; absent where it is the whole kind. */
  readonly part?: Attributes;
  /** The item's id; null when it has none, and so cannot be understood. */
  idOf(raw: unknown): string | null;
  /** `skip`: the item is well formed and not asked for. */
  read(raw: unknown): Read<T> | 'skip';
  /** Whether an item is wanted; after a whole page without such a one nothing more is read, and nothing is counted. */
  wants?(item: T): boolean;
}

/** The ids read so far, each with the number of the pass in which it was read last. */
export class SeenIds {
  readonly #lastPass = new Map<string, number>();
  #pass = 0;

  beginPass(): void {
    this.#pass += 1;
  }

  /** Notes an id, and says when it was read before: never, in an earlier pass, or in this one. */
  note(id: string): 'never' | 'earlier' | 'this pass' {
    const lastPass = this.#lastPass.get(id);
    if (lastPass === this.#pass) return 'this pass';
    this.#lastPass.set(id, this.#pass);
    return lastPass === undefined ? 'never' : 'earlier';
  }
}

/** Never throws; ends in exactly one `end`. `seen` may be shared by collections whose ids are one space. */
export async function* paginate<T>(
  reading: Reading,
  collection: Collection<T>,
  seen: SeenIds = new SeenIds(),
): AsyncGenerator<ListingEvent<T>, void, undefined> {
  const sentBefore = reading.sent;
  const { path } = collection.endpoint;
  const partial = (problem: ListingProblem, reason: string, absence: Absence): ListingEvent<T> => {
    const end: ListingEnd = { outcome: 'partial', problem, reason, absence, requests: reading.sent - sentBefore };
    return { type: 'end', end };
  };

  try {
    let mismatch = '';
    for (let pass = 0; pass < 2; pass += 1) {
      const counted = yield* readPass(reading, collection, seen);
      if (counted.unidentified) {
        yield partial('not_understood', counted.notes.text ?? '', { unread: [], certainty: 'unclear' });
        return;
      }
      if (counted.total === null || counted.total === counted.read) {
        const absence: Absence = { unread: [], certainty: counted.pages > 1 ? 'movable' : 'evident' };
        const requests = reading.sent - sentBefore;
        yield { type: 'end', end: { outcome: 'complete', reason: counted.notes.text, absence, requests } };
        return;
      }
      mismatch = `GET ${path}: ${counted.read} items read, the provider counts ${counted.total}`;
    }
    // Some were passed over: any that seems to be missing may be one of them.
    yield partial('count_mismatch', mismatch, { unread: [], certainty: 'unclear' });
  } catch (error) {
    const { problem, reason } = describeProblem(error, collection.endpoint);
    yield partial(problem, reason, { unread: [collection.part ?? {}], certainty: 'evident' });
  }
}

interface Counted {
  readonly read: number;
  /** As the provider counts; null where it does not, or where not everything was wanted. */
  readonly total: number | null;
  readonly pages: number;
  /** Whether there were items of which nobody can tell what they are. */
  readonly unidentified: boolean;
  readonly notes: Notes;
}

async function* readPass<T>(
  reading: Reading,
  { endpoint, idOf, read, wants = () => true }: Collection<T>,
  seen: SeenIds,
): AsyncGenerator<ListingEvent<T>, Counted, undefined> {
  seen.beginPass();
  let query: Query = endpoint.unpaged ? endpoint.query : { ...endpoint.query, page: '1', per_page: String(perPage) };
  let count = 0;
  let unidentified = false;
  const notes = new Notes(endpoint.path);

  for (let page = 1; page <= pagesMax; page += 1) {
    const answer = await reading.get(endpoint.path, query, endpoint.decimals);
    const { items, total, next } = openPage(answer, endpoint);
    const fresh: T[] = [];
    const countBefore = count;
    let wanted = 0;
    for (const [index, raw] of items.entries()) {
      const id = idOf(raw);
      const before = id === null ? 'never' : seen.note(id);
      if (before === 'this pass') continue;
      count += 1;
      const result = id === null ? ({ ok: false, fault: 'id: missing' } as const) : read(raw);
      if (result === 'skip') {
        wanted += 1;
        continue;
      }
      if (!result.ok) {
        wanted += 1;
        unidentified = true;
        notes.add(id ?? `item ${index + 1} of page ${page}`, result.fault);
        continue;
      }
      for (const fault of result.faults) notes.add(id as string, fault);
      if (!wants(result.item)) continue;
      wanted += 1;
      if (before === 'never') fresh.push(result.item);
    }
    if (fresh.length > 0 || page === 1) yield { type: 'page', items: fresh };
    const counted = { read: count, pages: page, unidentified, notes };
    if (wanted === 0 && count > countBefore) return { ...counted, total: null };
    // A page without anything new ends the pass even if it names a next one, or pages that name
    // each other would be read for ever; the count tells whether something is missing.
    if (next === null || count === countBefore) return { ...counted, total };
    query = { ...query, ...Object.fromEntries(openLink(next, endpoint.path, reading.origin)) };
  }
  throw new RequestFailure('malformed', `GET ${endpoint.path}: more than ${pagesMax} pages`);
}

interface Page {
  readonly items: readonly unknown[];
  readonly total: number | null;
  /** The link to the next page; null on the last. */
  readonly next: string | null;
}

/** A list without items has been seen as one whose key is left out, as null and as an empty object. */
export function openPage({ body }: Answer, { path, key, keyed }: Endpoint): Page {
  const held = field(body, key) ?? (isObject(body) ? [] : undefined);
  const isEmpty = isObject(held) && Object.keys(held).length === 0;
  const items = isObject(held) && (keyed || isEmpty) ? Object.values(held) : held;
  if (!Array.isArray(items)) throw new RequestFailure('malformed', `GET ${path}: the answer holds no list ${key}`);
  const total = field(field(body, 'meta'), 'total');
  const next = field(field(field(body, 'links'), 'pages'), 'next');
  return {
    items,
    total: typeof total === 'number' ? total : null,
    next: typeof next === 'string' && next !== '' ? next : null,
  };
}

/**
 * The query of a link to a next page. Only its query is used, on the path asked for; a link that
 * points elsewhere means that the answer is not what it seems.
 */
export function openLink(link: string, path: string, origin: string): URLSearchParams {
  const url = URL.parse(link, origin);
  if (url === null || url.origin !== origin || !url.pathname.endsWith(path)) {
    throw new RequestFailure('malformed', `GET ${path}: the next page is said to be at ${link.slice(0, 200)}`);
  }
  return url.searchParams;
}

/** A client error that is about the collection and not the token or the moment: there is none such. */
const notOffered: readonly (number | null)[] = [400, 404, 405, 410, 501];

/** A failure in the words of a listing's end; a missing scope is named. */
function describeProblem(error: unknown, endpoint: Endpoint): { problem: ListingProblem; reason: string } {
  if (!(error instanceof RequestFailure)) {
    return {
      problem: 'malformed',
      reason: `GET ${endpoint.path}: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  const reason =
    error.problem === 'forbidden' ? `the token lacks the scope ${endpoint.scope}: ${error.message}` : error.message;
  return { problem: notOffered.includes(error.status) ? 'not_offered' : error.problem, reason };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}
