import type { Action, DocumentOperation, List } from '../../platform/declare/answer.ts';
import type { RawInput } from '../../platform/declare/input.ts';

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
