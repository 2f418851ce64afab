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
import { inputReader, type OperationInput, pageRequestOf, type RawInput } from '../../platform/declare/input.ts';
import { assertFollowedBy, type Operation, type OperationCall } from '../../platform/declare/operation.ts';
import { nestedDatabase } from '../../platform/database/nested-database.ts';
import { realDatabase } from '../../platform/database/open-database.ts';
import type { Jobs } from '../../jobs/index.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { JobDeclaration } from '../../platform/declare/job.ts';
import { type Followed, runFollowing } from './run-following.ts';
import { openSessionJobs } from './jobs-session.ts';
import { operator } from './operator.ts';
import type { Session, SessionDatabase } from './session.ts';
import type { FetchedDocument, ListPage, Surface } from './surface.ts';

interface LocalOptions {
  /** One that the session has opened already; unless given, the one that the operation says is opened. */
  readonly database?: SessionDatabase;
  /** What follows from a change is left to a worker. */
  readonly leavesJobs?: boolean;
  /** Told of what follows and fails: the change itself is committed. Unless given, it is thrown. */
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Runs operations in this process, on the session's database, as the owner of the business. What follows from a change
 * runs here too, once it is committed, because no worker need be there.
 */
export function localSurface(session: Session, program: Program, options: LocalOptions = {}): Surface {
  const { leavesJobs = false, onFailure = raise, database } = options;
  const following: Followed[] = [];
  const call = callOpener(session, program, { database, following: leavesJobs ? null : following });
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
      if (following.length > 0) await runFollowing(session, opened, action, following.splice(0)).catch(onFailure);
      return body === '' ? undefined : (JSON.parse(body) as unknown);
    },

    async page(list: List, raw: RawInput): Promise<ListPage> {
      const input = inputReader(list)(raw);
      const opened = await call(list, input);
      const { openSecretKey } = await import('../../inventory/index.ts');
      const key = await openSecretKey(opened.db, opened.config);
      const scope = { operationId: list.operationId, principal: opened.principal, filters: input.filters };
      const { cursor } = input.page;
      const at = cursor === undefined ? null : unsealCursor(key, scope, cursor);
      return pageBody(
        await pageOfList(list, opened, pageRequestOf(list, input.page, at)),
        key,
        scope,
      ) as unknown as ListPage;
    },

    async document(operation: DocumentOperation, raw: RawInput): Promise<FetchedDocument> {
      const opened = await call(operation, inputReader(operation)(raw));
      const { type, body, filename } = await operation.run(opened as OperationCall<never, never, never>);
      const whole = typeof body === 'string' || body instanceof Uint8Array;
      return { type, filename: filename ?? null, body: whole ? once(body) : body };
    },
  };
}

function needsServer({ name }: Operation): () => never {
  return () => raise(new ArcadiaError('invalid_argument', `${name} needs a running server: give its --url.`));
}

function raise(error: unknown): never {
  throw error;
}

async function* once(content: string | Uint8Array): AsyncGenerator<string | Uint8Array> {
  yield content;
}

interface Opening {
  readonly database: SessionDatabase | undefined;
  /** What follows, to be run here; null: it is left to a worker. */
  readonly following: Followed[] | null;
}

function callOpener(session: Session, program: Program, { database: given, following }: Opening) {
  let database = given && Promise.resolve(given);
  return async (operation: Operation, { params, query, body }: OperationInput): Promise<OperationCall> => {
    const { inRealDatabase, asItIs } = operation.command ?? {};
    database ??= session.database({
      ...(inRealDatabase === true && { usually: realDatabase }),
      ...(asItIs === true && { restoreAccess: false }),
    });
    const opened = await database;
    const { db, clock } = opened;
    const enqueue = enqueuer(session, program, opened);
    const config = await session.config();
    return {
      params,
      query,
      body,
      principal: { subject: operator(), role: 'owner', customerId: null },
      db,
      now: await clock.now(),
      clock,
      config,
      log: await session.log(),
      program,
      signal: session.signal,
      requestId: `cli-${process.pid}`,
      openEvents: needsServer(operation),
      session: { start: needsServer(operation), end: needsServer(operation) },
      enqueue,
      async follow(trx, job, args) {
        assertFollowedBy(operation, job);
        if (following === null) await enqueue(trx, job, args);
        else following.push({ job: job as JobDeclaration<never>, args });
      },
    };
  };
}

/** The connection of the queue is opened when the first job is enqueued: most operations enqueue none. */
function enqueuer(session: Session, program: Program, database: SessionDatabase): OperationCall['enqueue'] {
  let jobs: Promise<Jobs> | undefined;
  return async (trx, job, args) => {
    jobs ??= openSessionJobs(session, program, database);
    return (await jobs).enqueue(trx, job, args);
  };
}
