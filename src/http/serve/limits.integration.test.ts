import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { json, startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';
import {
  declareDocument,
  declareList,
  declareOperation,
  type Operation,
  staff,
} from '../../platform/declare/operation.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
  await sql`CREATE TABLE notes (text text)`.execute(database.db);
  await sql`CALL protect_from_customers('notes')`.execute(database.db);
});
afterAll(() => database.close());

/** What a test holds up, and what became of it. */
class Gate {
  readonly entered = Promise.withResolvers<AbortSignal>();
  readonly opened = Promise.withResolvers<void>();
}
let gate = new Gate();

const common = { tag: 'jobs', roles: staff } as const;
const thing = z.object({ text: z.string() });

const operations: readonly Operation[] = [
  declareOperation({
    ...common,
    method: 'GET',
    path: '/held',
    name: 'test held',
    operationId: 'held',
    summary: 'Held',
    response: thing,
    async run({ signal }) {
      gate.entered.resolve(signal);
      await gate.opened.promise;
      return { text: 'done' };
    },
  }),
  declareOperation({
    ...common,
    method: 'POST',
    path: '/notes',
    name: 'test make-note',
    operationId: 'makeNote',
    summary: 'Written, then held',
    response: thing,
    async run({ db, signal }) {
      await db.transaction().execute((trx) => sql`INSERT INTO notes VALUES ('written')`.execute(trx));
      gate.entered.resolve(signal);
      await gate.opened.promise;
      return { text: 'done' };
    },
  }),
  declareOperation({
    ...common,
    method: 'GET',
    path: '/slow-statement',
    name: 'test slow-statement',
    operationId: 'slowStatement',
    summary: 'In the database',
    response: thing,
    async run({ db }) {
      await sql`SELECT pg_sleep(600)`.execute(db);
      return { text: 'done' };
    },
  }),
  declareOperation({
    ...common,
    method: 'GET',
    path: '/unfit',
    name: 'test unfit',
    operationId: 'unfit',
    summary: 'Unfit',
    response: thing,
    run: async () => ({ text: 7, password: 'hunter2' }) as never,
  }),
  declareOperation({
    ...common,
    method: 'GET',
    path: '/more',
    name: 'test more',
    operationId: 'more',
    summary: 'More than it may say',
    response: z.object({ inner: thing }),
    run: async () => ({ inner: { text: 'a', cost: '1' }, margin: '2' }) as never,
  }),
  declareList({
    ...common,
    path: '/more-items',
    name: 'test list-more',
    operationId: 'listMore',
    summary: 'More than it may say',
    row: thing,
    search: { none: 'a test' },
    sort: { none: 'a test' },
    total: { none: 'a test' },
    run: async () => ({ items: [{ text: 'a', cost: '1' } as never], nextCursor: null }),
  }),
  declareOperation({
    ...common,
    method: 'GET',
    path: '/broken',
    name: 'test broken',
    operationId: 'broken',
    summary: 'Broken',
    response: thing,
    async run({ db }) {
      await sql`SELECT secret_column FROM notes`.execute(db);
      return { text: '' };
    },
  }),
  declareDocument({
    ...common,
    path: '/endless',
    name: 'test endless',
    operationId: 'endless',
    summary: 'Endless',
    produces: ['text/event-stream'],
    endless: true,
    async run({ signal }) {
      async function* beats() {
        yield ': begin\n\n';
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        yield ': end\n\n';
      }
      return { type: 'text/event-stream', body: beats() };
    },
  }),
];

async function withApi(
  options: Omit<NonNullable<Parameters<typeof startTestApi>[1]>, 'operations'>,
  work: (api: TestApi) => Promise<void>,
): Promise<void> {
  gate = new Gate();
  const api = await startTestApi(database, { ...options, operations });
  try {
    await work(api);
  } finally {
    gate.opened.resolve();
    await api.close();
  }
}

const notes = async () => (await sql`SELECT text FROM notes`.execute(database.db)).rows.length;

describe('what went wrong here', () => {
  test('is told to the log and not to the caller', async () => {
    await withApi({}, async (api) => {
      for (const path of ['/broken', '/unfit']) {
        const answer = await api.fetch(path);
        const text = await answer.text();
        expect(answer.status).toBe(500);
        expect(JSON.parse(text)).toMatchObject({ code: 'internal', requestId: expect.any(String) });
        expect(text).not.toMatch(/secret_column|notes|hunter2|select|\.ts|node_modules/i);
      }
      await expect.poll(() => api.lines.filter((line) => line.status === 500)).toHaveLength(2);
      const said = JSON.stringify(api.lines);
      expect(said).toContain('secret_column');
      expect(said).toContain('unfit answered what its schema does not allow: text');
      expect(said).not.toContain('hunter2');
    });
  });

  test('does not come out by a field that an answer has and its schema has not', async () => {
    await withApi({}, async (api) => {
      expect(await (await api.fetch('/more')).json()).toEqual({ inner: { text: 'a' } });
      expect(await (await api.fetch('/more-items')).json()).toEqual({ items: [{ text: 'a' }], nextCursor: null });
      expect(await (await api.fetch('/more-items.csv')).text()).toBe('text\r\na\r\n');
    });
  });
});

describe('a request whose time is up', () => {
  test('is answered, told by its signal, and has changed nothing', async () => {
    await withApi({ limits: { requestMsMax: 2_000 } }, async (api) => {
      const answer = await api.fetch('/notes', { method: 'POST' });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
      expect(await answer.json()).toMatchObject({ code: 'timed_out' });
      expect((await gate.entered.promise).aborted).toBe(true);
      gate.opened.resolve();
    });
    expect(await notes()).toBe(0);
  });

  test('does not go on in the database', async () => {
    await withApi({ limits: { requestMsMax: 2_000 } }, async (api) => {
      const answer = await api.fetch('/slow-statement');
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ code: 'timed_out' });
      const sleeping = sql`SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                           AND state = 'active' AND query LIKE 'SELECT pg_sleep%'`;
      await expect.poll(async () => (await sleeping.execute(database.db)).rows).toEqual([]);
    });
  });

  test('is told that its client has gone', async () => {
    await withApi({}, async (api) => {
      const leaving = new AbortController();
      const request = api.fetch('/held', { signal: leaving.signal });
      const signal = await gate.entered.promise;
      expect(signal.aborted).toBe(false);
      leaving.abort();
      await expect(request).rejects.toThrow(/abort/);
      await expect.poll(() => signal.aborted).toBe(true);
      gate.opened.resolve();
      const line = () => api.lines.find((each) => each.path === '/api/v1/held');
      await expect.poll(line).toMatchObject({ status: 499, level: 'info' });
    });
  });
});

describe('too many requests', () => {
  test('of one token are refused until its minute is over, and of nobody else', async () => {
    await withApi({ env: { ARCADIA_REQUESTS_PER_MINUTE: '3' } }, async (api) => {
      for (const left of [2, 1, 0]) {
        const { status, headers } = await api.fetch('/more');
        expect([status, headers.get('ratelimit-policy')]).toEqual([200, '"default";q=3;w=60']);
        expect(headers.get('ratelimit')).toMatch(new RegExp(`^"default";r=${left};t=[1-9]\\d?$`));
      }
      const refused = await api.fetch('/more');
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ code: 'rate_limited' });
      expect((await api.fetch('/more', { as: 'viewer' })).status).toBe(200);
    });
  });

  test('without a valid token are refused by address, and who has one is not', async () => {
    await withApi({ limits: { anonymousPerMinute: 2 } }, async (api) => {
      const guess = async () => (await api.fetch('/more', { headers: { authorization: 'Bearer guess' } })).status;
      expect([await guess(), await guess(), await guess()]).toEqual([401, 401, 429]);
      expect((await api.fetch('/more')).status).toBe(200);
    });
  });

  test('at once are turned away before they cost anything', async () => {
    await withApi({ limits: { requestsMax: 1 } }, async (api) => {
      const held = api.fetch('/held');
      await gate.entered.promise;
      const second = await api.fetch('/more');
      expect([second.status, second.headers.get('retry-after')]).toEqual([503, '2']);
      expect(await second.json()).toMatchObject({ code: 'overloaded' });
      expect((await fetch(`${api.url}/livez`)).status).toBe(200);
      gate.opened.resolve();
      expect((await held).status).toBe(200);
      await expect.poll(async () => (await api.fetch('/more')).status).toBe(200);
    });
  });
});

describe('a server that stops', () => {
  test('answers what is under way, ends what is endless, and takes nothing new', async () => {
    gate = new Gate();
    const api = await startTestApi(database, { operations });
    const endless = await api.fetch('/endless');
    const reader = endless.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toBe(': begin\n\n');
    const held = api.fetch('/held');
    await gate.entered.promise;
    const closed = api.close();
    expect((await reader?.read())?.value).toBe(': end\n\n');
    expect((await reader?.read())?.done).toBe(true);
    await expect(api.fetch('/more')).rejects.toThrow('fetch failed');
    gate.opened.resolve();
    expect(await (await held).json()).toEqual({ text: 'done' });
    await closed;
  });

  test('gives up what does not end in its time', async () => {
    gate = new Gate();
    const api = await startTestApi(database, { operations, limits: { drainMsMax: 300 } });
    const held = api.fetch('/notes', json('POST', {})).then(
      (answer) => answer.status,
      () => 'cut off',
    );
    const signal = await gate.entered.promise;
    const closed = api.close();
    expect(await held).toSatisfy((end) => end === 503 || end === 'cut off');
    expect(signal.aborted).toBe(true);
    gate.opened.resolve();
    await closed;
    expect(await notes()).toBe(0);
  });
});
