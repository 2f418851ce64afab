import { connect } from 'node:net';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { json, startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';
import { declareOperation, type Operation, staff } from '../../platform/declare/operation.ts';

// What a request that is given up leaves behind: in the database, of its answer, and of its place.

const commitLock = 71;
const statementLock = 72;
const generous = { timeout: 20_000 };

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
  await sql`CREATE TABLE notes (text text)`.execute(database.db);
  await sql`CALL protect_from_customers('notes')`.execute(database.db);
  // What is written here is committed only while nobody else holds the lock.
  await sql`
    CREATE FUNCTION wait_to_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock_shared(${sql.lit(commitLock)}); RETURN NULL; END $$`.execute(database.db);
  await sql`
    CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait_to_commit()`.execute(database.db);
});
afterAll(() => database.close());

const common = { tag: 'jobs', roles: staff } as const;
const thing = z.object({ text: z.string() });
let entered = Promise.withResolvers<void>();
let opened = Promise.withResolvers<void>();
let deafRuns = 0;

const operations: readonly Operation[] = [
  declareOperation({
    ...common,
    method: 'POST',
    path: '/notes',
    name: 'test make-note',
    operationId: 'makeNote',
    summary: 'Written',
    body: thing,
    response: thing,
    async run({ db, body }) {
      await db.transaction().execute(async (trx) => {
        // So that how long the commit may take is not the database's affair here.
        await sql`SET LOCAL statement_timeout = 0`.execute(trx);
        await sql`INSERT INTO notes VALUES (${body.text})`.execute(trx);
      });
      entered.resolve();
      await opened.promise;
      return body;
    },
  }),
  declareOperation({
    ...common,
    method: 'GET',
    path: '/deaf',
    name: 'test deaf',
    operationId: 'deaf',
    summary: 'Never looks at its signal',
    response: thing,
    async run() {
      deafRuns += 1;
      entered.resolve();
      await opened.promise;
      return { text: 'done' };
    },
  }),
  declareOperation({
    ...common,
    method: 'GET',
    path: '/waits',
    name: 'test waits',
    operationId: 'waits',
    summary: 'In the database',
    response: thing,
    async run({ db }) {
      await sql`SELECT pg_advisory_xact_lock_shared(${statementLock})`.execute(db);
      return { text: 'done' };
    },
  }),
  declareOperation({
    ...common,
    method: 'GET',
    path: '/quick',
    name: 'test quick',
    operationId: 'quick',
    summary: 'At once',
    response: thing,
    run: async ({ db }) => (await sql<{ text: string }>`SELECT 'done' AS text`.execute(db)).rows[0] ?? { text: '' },
  }),
];

type Limits = NonNullable<NonNullable<Parameters<typeof startTestApi>[1]>['limits']>;

async function withApi(limits: Limits, work: (api: TestApi) => Promise<void>): Promise<void> {
  entered = Promise.withResolvers();
  opened = Promise.withResolvers();
  await sql`TRUNCATE notes, idempotency_keys`.execute(database.db);
  const api = await startTestApi(database, { limits, operations });
  try {
    await work(api);
  } finally {
    opened.resolve();
    await api.close();
  }
}

/** Runs `work` while a transaction of its own has done this. */
async function holding(statement: ReturnType<typeof sql>, work: (letGo: () => Promise<void>) => Promise<void>) {
  const held = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const transaction = database.db.transaction().execute(async (trx) => {
    await statement.execute(trx);
    held.resolve();
    await end.promise;
  });
  await held.promise;
  const letGo = async () => {
    end.resolve();
    await transaction;
  };
  try {
    await work(letGo);
  } finally {
    await letGo();
  }
}

const lock = (key: number) => sql`SELECT pg_advisory_xact_lock(${key})`;
const note = (api: TestApi, text: string, headers: Record<string, string> = {}) =>
  api.fetch('/notes', json('POST', { text }, headers));
const kept = async () => (await sql<{ text: string }>`SELECT text FROM notes`.execute(database.db)).rows;
/** Sessions of requests that wait for a lock. */
const waiting = async () =>
  (
    await sql<{ pid: number; query: string }>`
      SELECT pid, query FROM pg_stat_activity
      WHERE application_name = 'arcadia api' AND datname = current_database() AND wait_event_type = 'Lock'`.execute(
      database.db,
    )
  ).rows;
const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code;

describe('a change whose time is up', () => {
  test('while it is committed is answered as it ended', async () => {
    await withApi({ requestMsMax: 700 }, async (api) => {
      opened.resolve();
      await holding(lock(commitLock), async (letGo) => {
        const answer = note(api, 'committed', { 'idempotency-key': 'k-1' });
        await expect.poll(waiting, generous).toEqual([expect.objectContaining({ query: 'commit' })]);
        expect(await codeOf(await note(api, 'committed', { 'idempotency-key': 'k-1' }))).toBe('idempotency_key_in_use');
        // Begun later, and given up before the other's answer: its time is long over.
        opened = Promise.withResolvers();
        expect((await api.fetch('/deaf')).status).toBe(503);
        await letGo();
        expect([(await answer).status, await (await answer).json()]).toEqual([200, { text: 'committed' }]);
      });
      expect(await kept()).toEqual([{ text: 'committed' }]);
      const again = await note(api, 'committed', { 'idempotency-key': 'k-1' });
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    });
  });

  test('before it is committed has done nothing, and its key is free', async () => {
    await withApi({ requestMsMax: 700 }, async (api) => {
      await holding(sql`LOCK TABLE idempotency_keys IN SHARE MODE`, async (letGo) => {
        opened.resolve();
        const answer = await note(api, 'late', { 'idempotency-key': 'k-2' });
        expect([answer.status, await codeOf(answer)]).toEqual([503, 'timed_out']);
        await letGo();
      });
      await expect
        .poll(async () => (await note(api, 'again', { 'idempotency-key': 'k-2' })).status, generous)
        .toBe(200);
      expect(await kept()).toEqual([{ text: 'again' }]);
    });
  });

  test('of which the database did not say whether it is kept is said to be so, and can be sent again', async () => {
    await withApi({}, async (api) => {
      opened.resolve();
      await holding(lock(commitLock), async () => {
        const answer = note(api, 'cut', { 'idempotency-key': 'k-3' });
        await expect.poll(waiting, generous).toHaveLength(1);
        for (const { pid } of await waiting()) await sql`SELECT pg_terminate_backend(${pid})`.execute(database.db);
        expect([(await answer).status, await codeOf(await answer)]).toEqual([503, 'outcome_unknown']);
      });
      expect((await note(api, 'cut', { 'idempotency-key': 'k-3' })).status).toBe(200);
      expect(await kept()).toEqual([{ text: 'cut' }]);
    });
  });

  test('is not waited for for ever while it is committed', async () => {
    await withApi({ commitMsMax: 300 }, async (api) => {
      opened.resolve();
      await holding(lock(commitLock), async () => {
        const answer = await note(api, 'slow', { 'idempotency-key': 'k-4' });
        expect([answer.status, await codeOf(answer)]).toEqual([503, 'outcome_unknown']);
      });
      const again = async () => (await note(api, 'slow', { 'idempotency-key': 'k-4' })).headers;
      await expect.poll(async () => (await again()).get('idempotency-replayed'), generous).toBe('true');
      expect(await kept()).toEqual([{ text: 'slow' }]);
    });
  });
});

describe('a request that nobody waits for', () => {
  test('has its statement cancelled when its client leaves', async () => {
    await withApi({}, async (api) => {
      await holding(lock(statementLock), async () => {
        const leaving = new AbortController();
        const left = api.fetch('/waits', { signal: leaving.signal });
        await expect.poll(waiting, generous).toHaveLength(1);
        leaving.abort();
        await expect(left).rejects.toThrow(/abort/);
        await expect.poll(waiting, generous).toEqual([]);
      });
      expect((await api.fetch('/quick')).status).toBe(200);
    });
  });

  test('keeps its place until its work has ended', async () => {
    await withApi({ requestsMax: 1 }, async (api) => {
      const leaving = new AbortController();
      const left = api.fetch('/deaf', { signal: leaving.signal });
      await entered.promise;
      leaving.abort();
      await expect(left).rejects.toThrow(/abort/);
      const line = () => api.lines.find((each) => each.path === '/api/v1/deaf');
      await expect.poll(line, generous).toMatchObject({ status: 499 });
      expect(await codeOf(await api.fetch('/quick'))).toBe('overloaded');
      opened.resolve();
      await expect.poll(async () => (await api.fetch('/quick')).status, generous).toBe(200);
    });
  });

  test('gives its place back even if it waited behind another one of its connection', async () => {
    await withApi({ requestsMax: 2 }, async (api) => {
      const request = `GET /api/v1/deaf HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${await api.token('owner')}\r\n\r\n`;
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      deafRuns = 0;
      socket.write(request.repeat(2));
      // Not asked for a place before both have theirs: it would take that of the second.
      await expect.poll(() => deafRuns, generous).toBe(2);
      expect((await api.fetch('/quick')).status).toBe(503);
      socket.destroy();
      opened.resolve();
      const quick = async () => (await api.fetch('/quick')).status;
      await expect.poll(quick, generous).toBe(200);
      // Both places are free: one is taken again, and there is another.
      entered = Promise.withResolvers();
      opened = Promise.withResolvers();
      const held = api.fetch('/deaf');
      await entered.promise;
      await expect.poll(quick, generous).toBe(200);
      opened.resolve();
      expect((await held).status).toBe(200);
    });
  });
});

test('one caller gets a part of the places, and the others the rest', async () => {
  await withApi({ requestsMax: 3, requestsOfOneMax: 2 }, async (api) => {
    const held = [api.fetch('/deaf'), api.fetch('/deaf')];
    const refused = async () => {
      const answer = await api.fetch('/quick');
      return [answer.status, answer.headers.get('retry-after'), await codeOf(answer)];
    };
    await expect.poll(refused, generous).toEqual([429, '2', 'rate_limited']);
    expect((await api.fetch('/quick', { as: 'viewer' })).status).toBe(200);
    opened.resolve();
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    await expect.poll(async () => (await api.fetch('/quick')).status, generous).toBe(200);
  });
});
