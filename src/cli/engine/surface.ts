import type { Action, DocumentOperation, List } from '../../platform/declare/answer.ts';
import type { RawInput } from '../../platform/declare/input.ts';
import type { RowOf } from './views.ts';

// Where a command's operations run: here, on a database, or on a running server. Both answer the same.

export interface FetchedDocument {
  readonly type: string;
  readonly filename: string | null;
  readonly body: AsyncIterable<string | Uint8Array>;
}

export interface ListPage {
  readonly items: readonly unknown[];
  readonly nextCursor: string | null;
  readonly [extra: string]: unknown;
}

export interface Surface {
  /** The answer, as the API's body; undefined where there is none. */
  act(action: Action, input: RawInput): Promise<unknown>;
  /** One page. `limit` and `cursor` are in the query. */
  page(list: List, input: RawInput): Promise<ListPage>;
  document(operation: DocumentOperation, input: RawInput): Promise<FetchedDocument>;
}

export const noInput: RawInput = { params: {}, query: {}, body: undefined };

/** All rows of a list, page by page. For what is read whole to be shown whole; lists without a bound are streamed. */
export async function everyRow<Declared extends List>(
  surface: Surface,
  list: Declared,
  input: RawInput,
): Promise<RowOf<Declared>[]> {
  const rows: RowOf<Declared>[] = [];
  let cursor: string | null = null;
  do {
    const query = { limit: 1_000, ...input.query, ...(cursor !== null && { cursor }) };
    const page: ListPage = await surface.page(list, { ...input, query });
    rows.push(...(page.items as RowOf<Declared>[]));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return rows;
}
