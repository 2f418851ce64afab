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
import { realDatabase } from '../../platform/database/open-database.ts';
import type { Jobs } from '../../jobs/index.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { openSessionJobs } from './jobs-session.ts';
import { operator } from './operator.ts';
import type { Session, SessionDatabase } from './session.ts';
import type { FetchedDocument, ListPage, Surface } from './surface.ts';

/** Runs operations in this process, on the session's database, as the owner of the business. */
export function localSurface(session: Session, program: Program): Surface {
  const following: Following[] = [];
  const call = callOpener(session, program, following);
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
      for (const follow of following.splice(0)) await follow(opened);
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

/** A job of what is under way, which runs once that is committed. */
type Following = (call: OperationCall) => Promise<void>;

function callOpener(session: Session, program: Program, following: Following[]) {
  let database: Promise<SessionDatabase> | undefined;
  return async (operation: Operation, { params, query, body }: OperationInput): Promise<OperationCall> => {
    database ??= session.database(operation.command?.inRealDatabase === true ? { usually: realDatabase } : {});
    const { db, clock } = await database;
    const enqueue = enqueuer(session, program);
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
      enqueue,
      async follow(_, job, args) {
        following.push(({ requestId: id, ...run }) =>
          job.run({
            ...run,
            id,
            arguments: args,
            attempt: 1,
            async enqueue(trx, next, rest) {
              await enqueue(trx, next, rest);
            },
          }),
        );
      },
    };
  };
}

/** The connection of the queue is opened when the first job is enqueued: most operations enqueue none. */
function enqueuer(session: Session, program: Program): OperationCall['enqueue'] {
  let jobs: Promise<Jobs> | undefined;
  return async (trx, job, args) => {
    jobs ??= openSessionJobs(session, program);
    return (await jobs).enqueue(trx, job, args);
  };
}
