import type { z } from 'zod';
import type { SecretKey } from '../secrets/crypto.ts';
import { type CursorScope, sealCursor } from './cursors.ts';
import type { Operation, OperationCall, PageRequest } from './operation.ts';
import { render } from './output.ts';

// What an operation answers, as its schemas let it out. The API sends it and a command prints it, so
// that both say the same.

export type Action = Extract<Operation, { shape: 'action' }>;
export type List = Extract<Operation, { shape: 'list' }>;
export type DocumentOperation = Extract<Operation, { shape: 'document' }>;

interface Answer {
  /** JSON; '' where the operation answers nothing. */
  readonly body: string;
  /** Where that which was created is: a path below the API's prefix; null: nothing was, or nowhere. */
  readonly location: string | null;
}

/** Runs an action. What changes something must be called within a transaction: `call.db` is nested in it. */
export async function answerOf(action: Action, call: OperationCall, prepared: unknown): Promise<Answer> {
  const raw: unknown = await action.run(call, prepared);
  const schema: z.ZodType | undefined = action.response;
  if (schema === undefined) return { location: null, body: '' };
  const answer = render(schema, raw, action.operationId);
  return { location: action.location?.(answer) ?? null, body: JSON.stringify(answer) };
}

interface RenderedPage {
  readonly items: readonly unknown[];
  /** As the list itself says it, not sealed. */
  readonly nextCursor: string | null;
  /** How many items there are on all pages; undefined: the list does not say. */
  readonly total: number | undefined;
  /** What the answer says beside them. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** Reads one page of a list. */
export async function pageOfList(list: List, call: OperationCall, page: PageRequest): Promise<RenderedPage> {
  const { items, nextCursor, total, ...extra } = await list.run(call as OperationCall<never, never, never>, page);
  const isCounted = list.total === true;
  if (isCounted && total === undefined) throw new RangeError(`${list.operationId} declares a total and gives none`);
  return {
    items: items.map((item: unknown) => render(list.row, item, list.operationId)),
    nextCursor,
    total: isCounted ? total : undefined,
    extra: list.extra === undefined ? {} : (render(list.extra, extra, list.operationId) as Record<string, unknown>),
  };
}

/** A page as the API answers it: with its cursor sealed. */
export function pageBody(page: RenderedPage, key: SecretKey, scope: CursorScope): Record<string, unknown> {
  const { items, nextCursor, total, extra } = page;
  const sealed = nextCursor === null ? null : sealCursor(key, scope, nextCursor);
  return { items, nextCursor: sealed, ...(total !== undefined && { total }), ...extra };
}
