import {
  type Action,
  answerOf,
  type DocumentOperation,
  type List,
  pageBody,
  pageOfList,
} from '../../platform/declare/answer.ts';
import { unsealCursor } from '../../platform/declare/cursors.ts';
import type { Program } from '../../platform/declare/program.ts';
import { inputReader, type OperationInput, type RawInput } from '../../platform/declare/input.ts';
import type { Operation, OperationCall } from '../../platform/declare/operation.ts';
import { nestedDatabase } from '../../platform/database/nested-database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { openSessionJobs } from './jobs-session.ts';
import { operator } from './operator.ts';
import type { Session } from './session.ts';
import type { FetchedDocument, ListPage, Surface } from './surface.ts';

/** Runs operations in this process, on the session's database, as the owner of the business. */
export function localSurface(session: Session, program: Program): Surface {
  const call = callOpener(session, program);
  return {
    async act(action: Action, raw: RawInput) {
      const opened = await call(action, inputReader(action)(raw));
      const prepared: unknown = await action.prepare?.(opened);
      const isChange = action.method !== 'GET' && action.asks !== true;
      const { body } = isChange
        ? await opened.db
            .transaction()
            .execute((trx) => answerOf(action, { ...opened, db: nestedDatabase(trx) }, prepared))
        : await answerOf(action, opened, prepared);
      return body === '' ? undefined : (JSON.parse(body) as unknown);
    },

    async page(list: List, raw: RawInput): Promise<ListPage> {
      const input = inputReader(list)(raw);
      const opened = await call(list, input);
      const { loadSecretKey } = await import('../../platform/secrets/secret-key.ts');
      const key = loadSecretKey(opened.config);
      const scope = { operationId: list.operationId, principal: opened.principal, filters: input.filters };
      const { limit, cursor } = input.page;
      const at = cursor === undefined ? null : unsealCursor(key, scope, cursor);
      return pageBody(await pageOfList(list, opened, { limit, cursor: at }), key, scope) as unknown as ListPage;
    },

    async document(operation: DocumentOperation, raw: RawInput): Promise<FetchedDocument> {
      const opened = await call(operation, inputReader(operation)(raw));
      const { type, body, filename } = await operation.run(opened as OperationCall<never, never, never>);
      const whole = typeof body === 'string' || body instanceof Uint8Array;
      return { type, filename: filename ?? null, body: whole ? once(body) : body };
    },
  };
}

async function* once(content: string | Uint8Array): AsyncGenerator<string | Uint8Array> {
  yield content;
}

function callOpener(session: Session, program: Program) {
  return async (operation: Operation, { params, query, body }: OperationInput): Promise<OperationCall> => {
    const { db, clock } = await session.database();
    const config = await session.config();
    const { createLog } = await import('../../platform/log.ts');
    return {
      params,
      query,
      body,
      principal: { subject: operator(), role: 'owner', customerId: null },
      db,
      now: await clock.now(),
      clock,
      config,
      log: createLog({ level: config.logLevel, format: config.logFormat }),
      program,
      signal: session.signal,
      requestId: `cli-${process.pid}`,
      openEvents() {
        throw new ArcadiaError('invalid_argument', `${operation.name} needs a running server: give its --url.`);
      },
      enqueue: enqueuer(session, program),
    };
  };
}

/** The connection of the queue is opened when the first job is enqueued: most operations enqueue none. */
function enqueuer(session: Session, program: Program): OperationCall['enqueue'] {
  return async (trx, job, args) => {
    const jobs = await openSessionJobs(session, program);
    return jobs.enqueue(trx, job, args);
  };
}
