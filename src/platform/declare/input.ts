import { z } from 'zod';
import type { List } from './answer.ts';
import type { Operation, PageRequest } from './operation.ts';
import { findUnfit, InvalidRequest, issuesOf, type LineFields, type ProblemError } from './invalid-input.ts';
import { lineFieldsOf } from './line-fields.ts';
import { line } from './schemas.ts';
import { readerOf } from './text-values.ts';

/** Items on a page of a list, unless more or fewer are asked for; and at most. */
const pageSizeDefault = 100;
const pageSizeMax = 1_000;

const pageFields = {
  limit: z
    .int()
    .min(1)
    .max(pageSizeMax)
    .default(pageSizeDefault)
    .meta({ description: 'Items on a page; of a CSV, rows in all', examples: [pageSizeDefault] }),
  cursor: z
    .string()
    .max(2_000)
    .optional()
    .meta({ description: '`nextCursor` of the page before, with the same other parameters' }),
};

/** What a list's query has besides its own fields. */
export function pageQueryOf({ search, sort }: List): z.ZodObject {
  const own = 'by' in sort ? sort.by[0] : '';
  const ownOrder = 'by' in sort && sort.newestFirst === true ? 'desc' : 'asc';
  return z.object({
    ...('in' in search && { q: line.optional().meta({ description: `Only those with this in ${search.in}` }) }),
    ...('by' in sort && {
      sort: z.enum(sort.by).default(own),
      order: z
        .enum(['asc', 'desc'])
        .optional()
        .meta({ description: ownOrder === 'asc' ? 'asc unless given' : `desc unless given, by ${own}; else asc` }),
    }),
    ...pageFields,
  });
}

/** A page as a list is asked for it. */
export function pageRequestOf(list: List, page: OperationInput['page'], at: string | null): PageRequest {
  const { limit, q = null } = page;
  if ('none' in list.sort) return { limit, cursor: at, q, sort: '', order: 'asc' };
  const [own] = list.sort.by as readonly [string];
  const { sort = own } = page;
  const isNewestFirst = list.sort.newestFirst === true && sort === own;
  return { limit, cursor: at, q, sort, order: page.order ?? (isNewestFirst ? 'desc' : 'asc') };
}

/** The parts of a request as they came: text in path and query, JSON or a file's content in the body. */
export interface RawInput {
  readonly params: Readonly<Record<string, unknown>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface OperationInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  /** Of a list. */
  readonly page: {
    readonly limit: number;
    readonly cursor?: string | undefined;
    readonly q?: string | undefined;
    readonly sort?: string | undefined;
    readonly order?: 'asc' | 'desc' | undefined;
  };
  /** Whether the caller said how many rows they want. */
  readonly isLimitGiven: boolean;
  /** The values of path and query as they came, without limit and cursor. */
  readonly filters: Readonly<Record<string, unknown>>;
}

const nothing = z.object({});

type InputReader = (raw: RawInput) => OperationInput;

/** An operation never changes: its reader is made once, however many servers and commands read by it. */
const readers = new WeakMap<Operation, InputReader>();

/** Reads and checks the parts of an operation's requests. The reader throws invalid_argument with all that is wrong. */
export function inputReader(route: Operation): InputReader {
  const reader = readers.get(route) ?? makeReader(route);
  readers.set(route, reader);
  return reader;
}

function makeReader(route: Operation): InputReader {
  const paramsSchema: z.ZodType = route.params ?? nothing;
  const querySchema: z.ZodType = route.query ?? nothing;
  const bodySchema: z.ZodType | undefined = route.shape === 'action' ? route.body : undefined;
  const paramsReader = readerOf(paramsSchema, 'path');
  const queryReader = readerOf(querySchema, 'query');
  let lineFields: LineFields | undefined;
  const pageSchema = route.shape === 'list' ? pageQueryOf(route) : nothing;
  const pageReader = readerOf(pageSchema, 'query');

  return (raw) => {
    const errors: ProblemError[] = [];
    function parse<Value>(schema: z.ZodType<Value>, value: unknown, place: ProblemError['in']): Value | undefined {
      if (place === 'body') lineFields ??= lineFieldsOf(schema);
      const unfit = findUnfit(value, place, place === 'body' ? lineFields : undefined);
      if (unfit !== null) {
        errors.push(unfit);
        return undefined;
      }
      const result = schema.safeParse(value);
      if (result.success) return result.data;
      for (const issue of issuesOf(place, result.error)) errors.push(issue);
      return undefined;
    }

    const rawQuery = raw.query;
    const ofPage = Object.fromEntries(Object.entries(rawQuery).filter(([name]) => pageReader.names.includes(name)));
    const ofQuery = Object.fromEntries(Object.entries(rawQuery).filter(([name]) => !pageReader.names.includes(name)));
    errors.push(...queryReader.unknown(ofQuery));
    const params = parse(paramsSchema, paramsReader.read(raw.params), 'path');
    const query = parse(querySchema, queryReader.read(ofQuery), 'query');
    const page = parse(pageSchema, pageReader.read(ofPage), 'query') as OperationInput['page'] | undefined;
    let body: unknown;
    if (bodySchema !== undefined) body = parse(bodySchema, raw.body ?? undefined, 'body');
    else if (!isEmpty(raw.body))
      errors.push({ in: 'body', pointer: '', detail: 'is not known here: this operation takes none' });
    if (errors.length > 0) throw new InvalidRequest(errors);
    const { limit: _, cursor: __, ...wanted } = ofPage;
    return {
      params,
      query,
      body,
      page: page ?? { limit: pageSizeDefault },
      isLimitGiven: 'limit' in ofPage,
      filters: { ...ofQuery, ...wanted, ...raw.params },
    };
  };
}

function isEmpty(body: unknown): boolean {
  if (body === undefined || body === null || body === '') return true;
  if (body instanceof Uint8Array) return body.length === 0;
  return typeof body === 'object' && Object.keys(body).length === 0;
}
