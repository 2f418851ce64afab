import { runInNewContext } from 'node:vm';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../../../test/database.ts';
import { json, startTestApi, type TestApi } from '../../../test/http/api-fixture.ts';
import { createCustomer } from '../../deployments/customers.ts';
import { createDeployment } from '../../deployments/deployments.ts';

let database: TestDatabase;
let api: TestApi;
const born = Temporal.Instant.from('2026-05-01T00:00:00Z');

beforeAll(async () => {
  database = await openTestDatabase();
  await createCustomer(database.db, { externalId: 'c-1', name: '=cmd|calc', currency: 'USD' }, born);
  await createCustomer(database.db, { externalId: 'c-2', name: 'Two, "quoted"', currency: 'EUR' }, born);
  for (const slug of ['a', 'b', 'c', 'd', 'e'])
    await createDeployment(database.db, { slug, name: `Shop ${slug}`, customer: 'c-1', startsAt: born }, born);
  await createDeployment(database.db, { slug: 'z', name: 'Z', customer: 'c-2', startsAt: born }, born);
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const slugs = (page: { items: { deployment: string }[] }) => page.items.map((item) => item.deployment);

async function problem(path: string, init?: Parameters<TestApi['fetch']>[1]) {
  const answer = await api.fetch(path, init);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  const body = (await answer.json()) as Record<string, unknown>;
  expect(body).toMatchObject({
    status: answer.status,
    type: `urn:arcadia-cloud:problem:${body.code}`,
    title: expect.any(String),
    detail: expect.any(String),
    todo: expect.any(String),
    requestId: answer.headers.get('x-request-id'),
  });
  return { ...body, headers: answer.headers } as typeof body & { headers: Headers };
}

describe('an answer', () => {
  test('is as its schema says, and carries the request id that came', async () => {
    const answer = await api.fetch('/deployments/a', { headers: { 'x-request-id': 'mine-1' } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    expect(await answer.json()).toEqual({
      deployment: 'a',
      name: 'Shop a',
      customer: 'c-1',
      customerName: '=cmd|calc',
      currency: 'USD',
      startsAt: '2026-05-01T00:00:00Z',
      endsAt: null,
    });
  });

  test('gets an id of its own where none came, or none that may stand in a log', async () => {
    for (const given of [undefined, 'two words', 'x'.repeat(200)]) {
      const answer = await api.fetch('/deployments/a', {
        headers: given === undefined ? {} : { 'x-request-id': given },
      });
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  test('tells browsers what they must not do with it, and nobody to keep it for others', async () => {
    const { headers } = await api.fetch('/deployments');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('vary')).toBe('authorization, cookie, accept, accept-encoding');
    expect((await api.fetch('/deployments/a')).headers.get('cache-control')).toBe('private, no-cache');
  });
});

describe('a refusal', () => {
  test('says that there is nothing, or that there is but not by this method', async () => {
    expect(await problem('/nothing')).toMatchObject({ status: 404, code: 'not_found' });
    expect(await problem('/deployments/none')).toMatchObject({
      status: 404,
      code: 'not_found',
      detail: 'There is no deployment none.',
    });
    const wrong = await problem('/deployments/a', { method: 'DELETE' });
    expect(wrong).toMatchObject({ status: 405, code: 'method_not_allowed' });
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, PATCH');
  });

  test('comes before anything is read where there is no token, or no right', async () => {
    const anonymous = await problem('/deployments', { headers: { authorization: 'Bearer nonsense' } });
    expect(anonymous).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(anonymous.headers.get('www-authenticate')).toMatch(/^Bearer /);
    const post = { method: 'POST', body: '{broken', headers: { 'content-type': 'application/json' } };
    expect(await problem('/deployments', { ...post, headers: { ...post.headers, authorization: 'x' } })).toMatchObject({
      status: 401,
    });
    expect(await problem('/deployments', { ...post, as: 'viewer' })).toMatchObject({ status: 403, code: 'forbidden' });
    expect(await problem('/deployments', post)).toMatchObject({ status: 400, detail: 'The body is not JSON.' });
  });

  test('names every parameter that is wrong', async () => {
    expect(await problem('/deployments?limit=0&custommer=c-1')).toMatchObject({
      status: 400,
      code: 'invalid_argument',
      field: 'custommer',
      errors: [
        { in: 'query', pointer: 'custommer', detail: 'is no parameter of this operation' },
        { in: 'query', pointer: 'limit' },
      ],
    });
    for (const query of ['limit=1001', 'limit=ten', 'limit=1e2', 'limit=1&limit=2', 'limit='])
      expect(await problem(`/deployments?${query}`)).toMatchObject({ status: 400, field: 'limit' });
    expect(await problem('/deployments?customer=%00')).toMatchObject({ status: 400, field: 'customer' });
    expect(await problem('/deployments/Not%20A%20Slug')).toMatchObject({
      status: 400,
      errors: [{ in: 'path', pointer: 'deployment' }],
    });
  });

  test('names every place in the body that is wrong, as a JSON pointer', async () => {
    const body = { customer: 'c-3', name: 7, currency: 'usd', 'a/b': 1 };
    expect(await problem('/customers', json('POST', body))).toMatchObject({
      status: 400,
      errors: [
        { in: 'body', pointer: '/name' },
        { in: 'body', pointer: '/currency', detail: 'is no currency such as USD' },
        { in: 'body', pointer: '/a~1b', detail: 'is not known here' },
      ],
    });
    const rules = {
      rules: [
        { name: 'a-*', deployment: 'a' },
        { tag: 'x', deployment: 'nobody' },
      ],
    };
    expect(await problem('/rules/apply', json('POST', rules))).toMatchObject({
      status: 400,
      errors: [{ in: 'body', pointer: '/rules/1/deployment', detail: 'There is no deployment nobody.' }],
    });
    expect(await problem('/customers', json('POST', { customer: 'c-3', name: 'a\0b', currency: 'USD' }))).toMatchObject(
      {
        status: 400,
        field: '/name',
      },
    );
  });

  test('tells a body that is too large, of another kind, empty, or not wanted', async () => {
    const large = json('POST', { customer: 'c-3', name: 'x'.repeat(1_100_000), currency: 'USD' });
    expect(await problem('/customers', large)).toMatchObject({ status: 413, code: 'body_too_large' });
    for (const type of ['text/plain', 'text/csv', 'application/x-www-form-urlencoded']) {
      const other = { method: 'POST', body: 'a=b', headers: { 'content-type': type } };
      expect(await problem('/customers', other)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    }
    expect(await problem('/customers', { method: 'POST' })).toMatchObject({ status: 400, code: 'invalid_argument' });
    expect(await problem('/alerts/check', json('POST', { kinds: [] }))).toMatchObject({ status: 400 });
  });

  test('tells what can be accepted', async () => {
    expect(await problem('/deployments/a', { headers: { accept: 'text/csv' } })).toMatchObject({
      status: 406,
      code: 'not_acceptable',
    });
    for (const accept of ['*/*', 'application/*;q=0.1', 'text/html, application/json;q=0.9', 'application/json'])
      expect((await api.fetch('/deployments/a', { headers: { accept } })).status).toBe(200);
  });
});

describe('a list', () => {
  test('is read page by page, in one order, to its end', async () => {
    const read: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const page = (await (await api.fetch(`/deployments?limit=2${query}`)).json()) as {
        items: { deployment: string }[];
        nextCursor: string | null;
      };
      expect(page.items.length).toBeLessThanOrEqual(2);
      read.push(...slugs(page));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(read).toEqual(['a', 'b', 'c', 'd', 'e', 'unattributed', 'z']);
  });

  test('takes no cursor but its own, for the same question by the same sort of caller', async () => {
    const cursorOf = async (path: string, init?: Parameters<TestApi['fetch']>[1]) => {
      const { nextCursor } = (await (await api.fetch(path, init)).json()) as { nextCursor: string };
      expect(nextCursor).toMatch(/^[\w-]{20,}$/);
      return nextCursor;
    };
    const cursor = await cursorOf('/deployments?limit=1');
    expect((await api.fetch(`/deployments?limit=3&cursor=${cursor}`)).status).toBe(200);
    const middle = Math.floor(cursor.length / 2);
    const altered = `${cursor.slice(0, middle)}${cursor[middle] === 'A' ? 'B' : 'A'}${cursor.slice(middle + 1)}`;
    for (const path of [
      `/deployments?cursor=${altered}`,
      `/deployments?cursor=b`,
      `/deployments?customer=c-1&cursor=${cursor}`,
      `/customers?cursor=${cursor}`,
    ])
      expect(await problem(path)).toMatchObject({ status: 400, field: 'cursor' });
    const theirs = { as: 'customer', customer: 'c-1' } as const;
    expect(await problem(`/deployments?cursor=${cursor}`, theirs)).toMatchObject({ status: 400, field: 'cursor' });
    const own = await cursorOf('/deployments?limit=1', theirs);
    expect(slugs((await (await api.fetch(`/deployments?limit=1&cursor=${own}`, theirs)).json()) as never)).toEqual([
      'b',
    ]);
  });

  test('shows a customer what is theirs and nothing else', async () => {
    const two = { as: 'customer', customer: 'c-2' } as const;
    expect(slugs((await (await api.fetch('/deployments', two)).json()) as never)).toEqual(['z']);
    expect(slugs((await (await api.fetch('/deployments?customer=c-1', two)).json()) as never)).toEqual([]);
    expect(await problem('/deployments/a', two)).toMatchObject({ status: 404, detail: 'There is no deployment a.' });
    expect(await problem('/deployments/a/ownership', two)).toMatchObject({ status: 404 });
    expect((await api.fetch('/deployments/z/ownership', two)).status).toBe(200);
    expect(await problem('/customers', two)).toMatchObject({ status: 403 });
  });
});

describe('CSV', () => {
  test('is the whole list, by its media type or by the end of the path', async () => {
    const byType = await api.fetch('/customers', { headers: { accept: 'text/csv' } });
    expect(byType.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(byType.headers.get('content-disposition')).toBe('attachment; filename="customers.csv"');
    const text = await byType.text();
    expect(text).toBe(
      'customer,name,currency,deployments,closedAt\r\nc-1,\'=cmd|calc,USD,5,\r\nc-2,"Two, ""quoted""",EUR,1,\r\n',
    );
    expect(await (await api.fetch('/customers.csv')).text()).toBe(text);
    expect(await (await api.fetch('/customers.csv?limit=1')).text()).toBe(
      text.split('\r\n').slice(0, 2).join('\r\n') + '\r\n',
    );
  });

  test('of more than one page is read to its end, and one that is too long breaks off', async () => {
    await sql`INSERT INTO customers (external_id, name, currency, created_at)
              SELECT 'many-' || n, 'Many', 'USD', ${born} FROM generate_series(1, 2500) n`.execute(database.db);
    const all = await (await api.fetch('/customers.csv')).text();
    expect(all.trimEnd().split('\r\n')).toHaveLength(2503);
    const short = await startTestApi(database, { limits: { csvRowsMax: 1_500 } });
    try {
      const answer = await short.fetch('/customers.csv');
      expect(answer.status).toBe(200);
      await expect(answer.text()).rejects.toThrow('terminated');
      expect((await (await short.fetch('/customers.csv?limit=1000')).text()).trimEnd().split('\r\n')).toHaveLength(
        1001,
      );
    } finally {
      await short.close();
      await sql`DELETE FROM customers WHERE external_id LIKE 'many-%'`.execute(database.db);
    }
  });
});

describe('the log', () => {
  test('has a line for each request: who, what, how long; the id and the trace, and no token', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await api.fetch('/deployments/a?secretish=1', {
      headers: { 'x-request-id': 'logged-1', traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    });
    expect(answer.status).toBe(400);
    await expect
      .poll(() => api.lines.filter((line) => line.request_id === 'logged-1'))
      .toEqual([
        expect.objectContaining({
          msg: 'request',
          method: 'GET',
          route: '/api/v1/deployments/:deployment',
          path: '/api/v1/deployments/a',
          status: 400,
          ms: expect.any(Number),
          subject: 'test owner null',
          role: 'owner',
          trace_id: trace,
        }),
      ]);
    expect(JSON.stringify(api.lines)).not.toContain(await api.token('owner'));
  });

  test('says how long it really took, as the metrics do', async () => {
    const heldMs = 300;
    const measured = await startTestApi(database);
    try {
      await database.db.transaction().execute(async (trx) => {
        await sql`LOCK TABLE customers IN ACCESS EXCLUSIVE MODE`.execute(trx);
        const answer = measured.fetch('/customers', { headers: { 'x-request-id': 'slow-1' } });
        await sql`SELECT pg_sleep(${heldMs / 1000})`.execute(trx);
        return { answer };
      });
      const logged = () => measured.lines.find((line) => line.request_id === 'slow-1');
      await expect.poll(logged).toBeDefined();
      expect(logged()?.ms).toBeGreaterThan(heldMs / 2);
      expect(logged()?.ms).toBeLessThan(120_000);
      const [, seconds = '0'] =
        /arcadia_http_request_seconds_sum\{method="GET",route="[^"]*customers",status="200"\} (\S+)/.exec(
          await measured.registry.metrics(),
        ) ?? [];
      expect(Number(seconds)).toBeCloseTo(Number(logged()?.ms) / 1000, 2);
    } finally {
      await measured.close();
    }
  });
});

describe('what would cost more than it gives', () => {
  test('a body that goes too deep is refused, not walked', async () => {
    const deep = await problem('/quotes', {
      method: 'POST',
      body: `{"usage":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      headers: { 'content-type': 'application/json' },
    });
    expect(deep).toMatchObject({ status: 400, code: 'invalid_argument' });
  });

  test('a HEAD of a list as CSV has its headers and reads no further', async () => {
    const answer = await api.fetch('/deployments.csv', { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      expect.stringContaining('text/csv'),
      '',
    ]);
  });
});

describe('the reference', () => {
  test('is a page whose parts all come from here, for anybody', async () => {
    const page = await fetch(`${api.url}/api/v1/docs`);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const html = await page.text();
    expect(html).not.toMatch(/https?:\/\//);
    const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(parts).toHaveLength(5);
    for (const part of parts) {
      const answer = await fetch(new URL(part, `${api.url}/api/v1/docs`));
      expect([part, answer.status]).toEqual([part, 200]);
    }
    expect(await (await fetch(`${api.url}/api/v1/openapi.json`)).json()).toMatchObject({ openapi: '3.1.0' });
  });

  test('is dark for whoever wants it dark, as soon as they do', async () => {
    const script = await (await fetch(`${api.url}/api/v1/docs/reference.js`)).text();
    const classes = new Set<string>();
    const dark = Object.assign(new EventTarget(), { matches: true });
    const toggle = (name: string, on: boolean) => (on ? classes.add(name) : classes.delete(name));
    runInNewContext(script, {
      matchMedia: (query: string) => (query === '(prefers-color-scheme: dark)' ? dark : null),
      document: { documentElement: { classList: { toggle } } },
      location: { hash: '', pathname: '/' },
      URLSearchParams,
      SwaggerUIBundle: () => ({}),
    });
    expect([...classes]).toEqual(['dark-mode']);
    dark.matches = false;
    dark.dispatchEvent(new Event('change'));
    expect([...classes]).toEqual([]);
    // What that class does is in the page's own sheet.
    expect(await (await fetch(`${api.url}/api/v1/docs/swagger-ui.css`)).text()).toContain(
      'html.dark-mode .swagger-ui{',
    );
  });

  test('is where a visitor of the server arrives', async () => {
    expect((await fetch(`${api.url}/`)).url).toBe(`${api.url}/api/v1/docs`);
  });
});
