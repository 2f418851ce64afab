import type { Sequence } from './routes.ts';

const PER_PAGE_DEFAULT = 20;
const PER_PAGE_MAX = 200;

export interface PageRequest {
  readonly page: number;
  readonly perPage: number;
}

/** Reads `page` and `per_page`; null when one is not a whole number of at least one. More than 200 a page is 200. */
export function pageRequest(query: URLSearchParams): PageRequest | null {
  const page = whole(query.get('page'), 1);
  const perPage = whole(query.get('per_page'), PER_PAGE_DEFAULT);
  return page === null || perPage === null ? null : { page, perPage: Math.min(perPage, PER_PAGE_MAX) };
}

function whole(text: string | null, fallback: number): number | null {
  if (text === null) return fallback;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : null;
}

/** The items of one page. `shift` turns the list by so many places: items have moved since the page before. */
export function pageOf(items: Sequence, { page, perPage }: PageRequest, shift: number): unknown[] {
  const from = (page - 1) * perPage;
  const to = Math.min(from + perPage, items.length);
  const listed: unknown[] = [];
  for (let i = from; i < to; i++) listed.push(items.at((i + shift + items.length) % items.length));
  return listed;
}

/** `links`, absent where there is one page only; first and prev, next and last where they lead somewhere. */
export function linksOf(
  total: number,
  { page, perPage }: PageRequest,
  base: string,
  query: URLSearchParams,
): { links?: { pages: Record<string, string> } } {
  const last = Math.max(1, Math.ceil(total / perPage));
  const url = (to: number) => {
    const parameters = new URLSearchParams(query);
    parameters.set('page', String(to));
    parameters.set('per_page', String(perPage));
    return `${base}?${parameters}`;
  };
  const pages = {
    ...(page > 1 && { first: url(1), prev: url(Math.min(page - 1, last)) }),
    ...(page < last && { next: url(page + 1), last: url(last) }),
  };
  return Object.keys(pages).length === 0 ? {} : { links: { pages } };
}

/** As Insights counts its pages. */
export function countsOf(total: number, { page, perPage }: PageRequest): Record<string, number> {
  return { total_items: total, total_pages: Math.max(1, Math.ceil(total / perPage)), current_page: page };
}
