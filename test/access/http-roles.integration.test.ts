import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { methodOf } from '../../src/http/serve/api.ts';
import { program } from '../../src/modules.ts';
import { type Operation, roleNames } from '../../src/platform/declare/operation.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from '../http/api-fixture.ts';
import { insertTwoCustomers, plantedCost, type TwoCustomers } from './two-customers.ts';

// customers never meet, over HTTP: every route of the program, asked by every role, and by one
// customer for what is another's.

let database: TestDatabase;
let world: TwoCustomers;
let api: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  world = await insertTwoCustomers(database.db);
  api = await startTestApi(database, { limits: { anonymousPerMinute: 1_000_000 } });
});
afterAll(async () => {
  await api.close();
  await database.close();
});

/** What stands for a parameter: alpha's and bravo's, by its name. */
function valuesOf(name: string): { alpha: string; bravo: string } | null {
  const values: Readonly<Record<string, readonly [string | number, string | number]>> = {
    deployment: ['alpha-shop', 'bravo-shop'],
    customer: ['alpha', 'bravo'],
    resource: [world.alphasDroplet, world.bravosDroplet],
    plan: ['alpha-plan', 'bravo-plan'],
    invoice: [world.alphasInvoice, world.bravosInvoice],
    line: [1, 1],
    webhook: ['alpha-hook', 'bravo-hook'],
  };
  const found = values[name] ?? (common[name] === undefined ? undefined : [common[name], common[name]]);
  return found === undefined ? null : { alpha: String(found[0]), bravo: String(found[1]) };
}

/** Parameters that are the same to all. */
const common: Readonly<Record<string, string>> = { kind: 'droplet_hours' };

/** What a query or a body must hold, whoever asks. */
const usual: Readonly<Record<string, string>> = {
  from: '2026-05-01',
  to: '2026-05-18',
  month: '2026-05',
  day: '2026-05-02',
  q: 'bravo',
};

/** Of what customers POST: the status of the answer, and the body, own and others'. */
const period = (deployment: string) => ({ kind: 'period', deployment, from: '2026-05-01', to: '2026-05-18' });
const bodiesOf: Readonly<Record<string, readonly (readonly [status: number, body: object])[]>> = {
  quotePlans: [
    [200, { basis: period('alpha-shop'), plans: ['alpha-plan'] }],
    [200, { basis: period('alpha-shop'), plans: 'all' }],
    [404, { basis: period('bravo-shop'), plans: ['alpha-plan'] }],
    [404, { basis: { kind: 'average', deployment: 'bravo-shop', months: 1 }, plans: ['alpha-plan'] }],
    [404, { basis: period('alpha-shop'), plans: ['bravo-plan'] }],
    [404, { basis: { kind: 'usage', usage: { droplet_hours: '1' } }, plans: ['bravo-plan'] }],
  ],
};

const parametersOf = ({ path }: Operation) => [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
const fill = (path: string, value: (name: string) => string) =>
  path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(value(name)));
/** Of a role that may, it is done: what would be gone for the tests behind is not named. */
const askedOf = (route: Operation) => (name: string) =>
  (methodOf(route) === 'DELETE' ? null : valuesOf(name))?.alpha ?? '1';
const labelOf = (route: Operation) => `${methodOf(route)} ${route.path}`;

function fieldsOf(schema: z.ZodType | undefined): Record<string, z.ZodType> {
  return (schema as { shape?: Record<string, z.ZodType> } | undefined)?.shape ?? {};
}

/** The query with what is required of it, and nothing else. */
function queryOf(route: Operation): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, schema] of Object.entries(fieldsOf(route.query))) {
    if (schema.safeParse(undefined).success) continue;
    const value = usual[name] ?? valuesOf(name)?.alpha;
    if (value === undefined) throw new Error(`${labelOf(route)}: say in this test what its query ${name} may be`);
    query.set(name, value);
  }
  return query;
}

/** Only the head of the answer, of streams without an end too. */
async function statusOf(response: Response): Promise<number> {
  await response.body?.cancel();
  return response.status;
}

function ask(route: Operation, path: string, init: Parameters<TestApi['fetch']>[1]): Promise<Response> {
  return api.fetch(path, { method: methodOf(route), ...init });
}

describe('every role on every route', () => {
  test.each(program.operations.map((route) => [labelOf(route), route] as const))('%s', async (_, route) => {
    const path = fill(route.path, askedOf(route));
    for (const role of roleNames) {
      const response = await ask(route, path, { as: role, ...(role === 'customer' ? { customer: 'alpha' } : {}) });
      const status = await statusOf(response);
      if (route.roles.includes(role)) expect([role, status]).toEqual([role, expect.not.toBeOneOf([401, 403, 500])]);
      else expect([role, status]).toEqual([role, 403]);
    }
    for (const authorization of ['', 'Bearer no.such.token', 'Basic dTpw']) {
      const response = await ask(route, path, { headers: { authorization } });
      expect(await statusOf(response)).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="arcadia"/);
    }
  });
});

describe('with a cookie', () => {
  let cookie: string;
  beforeAll(async () => {
    const response = await api.fetch('/session', { method: 'POST' });
    cookie = response.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  });

  test.each(program.operations.map((route) => [labelOf(route), route] as const))(
    '%s is refused to other sites',
    async (_, route) => {
      const url = `${api.url}/api/v1${fill(route.path, askedOf(route))}`;
      const method = methodOf(route);
      const asked = async (headers: Record<string, string>) =>
        statusOf(await fetch(url, { method, headers: { cookie, ...headers } }));
      const own = { 'sec-fetch-site': 'same-origin', origin: api.url };
      for (const site of ['cross-site', 'same-site', 'same-origin, cross-site', ''])
        expect([site, await asked({ ...own, 'sec-fetch-site': site })]).toEqual([site, 403]);
      expect(await asked({})).toBe(403);
      const isRead = method === 'GET';
      expect([401, 403].includes(await asked({ ...own, 'sec-fetch-site': 'none' }))).toBe(!isRead);
      if (!isRead) {
        for (const origin of ['http://127.0.0.1:1', 'https://elsewhere.example', 'null'])
          expect([origin, await asked({ ...own, origin })]).toEqual([origin, 403]);
        expect(await asked({ 'sec-fetch-site': 'same-origin' })).toBe(403);
      }
      expect(await asked(own)).not.toBeOneOf([401, 403, 500]);
    },
  );
});

const forCustomers = program.operations.filter((route) => route.roles.includes('customer'));
const withIds = forCustomers.filter((route) => parametersOf(route).some((name) => common[name] === undefined));

describe('a customer asks', () => {
  test.each(withIds.map((route) => [labelOf(route), route] as const))(
    "%s of another's is not there",
    async (_, route) => {
      for (const name of parametersOf(route)) {
        if (valuesOf(name) === null) throw new Error(`say in this test what :${name} is of each customer`);
      }
      const query = queryOf(route);
      const request = (whose: 'alpha' | 'bravo') =>
        ask(route, `${fill(route.path, (name) => valuesOf(name)?.[whose] ?? '')}?${query}`, {
          as: 'customer',
          customer: 'alpha',
        });
      expect(await statusOf(await request('bravo'))).toBe(404);
      if (methodOf(route) === 'GET') expect(await statusOf(await request('alpha'))).toBe(200);
    },
  );

  const reads = forCustomers.filter(
    (route) => methodOf(route) === 'GET' && !('endless' in route && route.endless === true),
  );
  test.each(reads.map((route) => [labelOf(route), route] as const))(
    "%s tells nothing of another's, and no cost",
    async (_, route) => {
      const path = fill(route.path, (name) => valuesOf(name)?.alpha ?? '');
      const filters = Object.keys(fieldsOf(route.query)).filter(
        (name) => valuesOf(name) !== null && common[name] === undefined,
      );
      const queries = [
        queryOf(route),
        ...filters.map((name) => {
          const query = queryOf(route);
          query.set(name, valuesOf(name)?.bravo ?? '');
          return query;
        }),
      ];
      for (const [i, query] of queries.entries()) {
        for (const form of route.shape === 'list' ? ['', '.csv'] : ['']) {
          const response = await ask(route, `${path}${form}?${query}`, { as: 'customer', customer: 'alpha' });
          const text = await response.text();
          // What is not found is named in the words of whoever asked for it.
          expect([200, 404], `${query}: ${text}`).toContain(response.status);
          if (i === 0) expect(response.status, `answer: ${text}`).toBe(200);
          if (response.status === 200) expect(text).not.toMatch(/bravo/i);
          expect(text).not.toContain(plantedCost);
          expect(text).not.toMatch(/unitCost|markup|margin/i);
        }
      }
    },
  );

  // What has no body names nothing of anybody's.
  const asking = forCustomers.filter((route) => route.shape === 'action' && route.body !== undefined);
  test.each(asking.map((route) => [labelOf(route), route] as const))(
    "%s with another's names is not there either",
    async (_, route) => {
      const bodies = bodiesOf[route.operationId];
      if (bodies === undefined) throw new Error('say in this test what its bodies are, own and others');
      for (const [expected, body] of bodies) {
        const response = await ask(route, route.path, { as: 'customer', customer: 'alpha', ...json('POST', body) });
        const text = await response.text();
        expect(response.status, `answer: ${text}`).toBe(expected);
        if (response.status === 200) expect(text).not.toMatch(/bravo/i);
        expect(text).not.toContain(plantedCost);
        expect(text).not.toMatch(/unitCost|markup|margin/i);
      }
    },
  );

  test("a draft is nobody's but ours", async () => {
    const asked = (invoice: number) => api.fetch(`/invoices/${invoice}`, { as: 'customer', customer: 'alpha' });
    expect(await statusOf(await asked(world.alphasDraft))).toBe(404);
    expect(await statusOf(await asked(world.alphasInvoice))).toBe(200);
  });

  test("what is not a customer's at all is the same as what is not there", async () => {
    const asked = async (slug: string) => {
      const response = await api.fetch(`/deployments/${slug}`, { as: 'customer', customer: 'alpha' });
      const { detail, ...problem } = (await response.json()) as Record<string, unknown>;
      return { ...problem, detail: String(detail).replaceAll(slug, '...'), requestId: null, instance: null };
    };
    expect(await asked('bravo-shop')).toEqual(await asked('no-such-shop'));
  });
});
