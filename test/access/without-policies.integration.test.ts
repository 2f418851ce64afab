import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { z } from 'zod';
import { methodOf } from '../../src/http/serve/api.ts';
import { program } from '../../src/modules.ts';
import type { Operation } from '../../src/platform/declare/operation.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from '../http/api-fixture.ts';
import { insertTwoCustomers, plantedCost, type TwoCustomers } from './two-customers.ts';

// customers never meet, twice: once the row policies are lifted, each operation still answers what it answered with
// them, because it asks for the customer's own itself.

let database: TestDatabase;
let world: TwoCustomers;
let api: TestApi;
/** What each request was answered under the policies. */
const before = new Map<string, Answer>();

beforeAll(async () => {
  database = await openTestDatabase();
  world = await insertTwoCustomers(database.db);
  api = await startTestApi(database);
  for (const request of requests()) before.set(request.name, await ask(request));
  await liftPolicies();
});
afterAll(async () => {
  await api.close();
  await database.close();
});

async function liftPolicies(): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT oid::regclass::text AS name FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relrowsecurity`.execute(database.db);
  for (const { name } of rows)
    await sql`ALTER TABLE ${sql.table(name)} DISABLE ROW LEVEL SECURITY`.execute(database.db);
  // What a customer's request now reads of a table, past all queries: the test would otherwise show nothing.
  const seen = await database.db.transaction().execute(async (trx) => {
    await sql`SELECT set_config('role', 'arcadia_customer', true), set_config('arcadia.customer', ${String(world.alpha)}, true)`.execute(
      trx,
    );
    return sql<{ slug: string }>`SELECT slug FROM deployments`.execute(trx);
  });
  expect(seen.rows.map(({ slug }) => slug)).toContain('bravo-shop');
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Asked {
  readonly name: string;
  readonly route: Operation;
  readonly path: string;
  readonly body?: object;
}

async function ask({ route, path, body }: Asked): Promise<Answer> {
  const init = body === undefined ? { method: methodOf(route) } : json('POST', body);
  const response = await api.fetch(path, { ...init, as: 'customer', customer: 'alpha' });
  // Each refusal names the request that it was, and who is asking is told the time.
  const text = (await response.text()).replace(/"requestId":"[^"]+"/, '').replace(/"now":"[^"]+"/, '');
  return { status: response.status, text };
}

const forCustomers = program.operations.filter(
  (route) =>
    route.roles.includes('customer') &&
    !('endless' in route && route.endless === true) &&
    // What begins or ends a session asks nothing of the database.
    route.path !== '/session',
);

/** Parameters of paths and filters, alpha's and bravo's. */
function valuesOf(name: string): readonly (string | number)[] {
  const values: Readonly<Record<string, readonly (string | number)[]>> = {
    deployment: ['alpha-shop', 'bravo-shop', 'bravo-blog'],
    customer: ['alpha', 'bravo'],
    plan: ['alpha-plan', 'bravo-plan'],
    invoice: [world.alphasInvoice, world.bravosInvoice, world.alphasDraft, 'INV-000001', 'INV-000002'],
    line: [1, 2],
    webhook: ['alpha-hook', 'bravo-hook'],
    kind: ['droplet_hours'],
  };
  return values[name] ?? [];
}

const usual: Readonly<Record<string, string>> = { from: '2026-05-01', to: '2026-06-01', kind: 'droplet_hours' };

/** Queries besides none: filters that name what is another's, and other times. */
function queriesOf(route: Operation): URLSearchParams[] {
  const fields = Object.entries((route.query as { shape?: Record<string, z.ZodType> } | undefined)?.shape ?? {});
  const required = fields.filter(([, schema]) => !schema.safeParse(undefined).success).map(([name]) => name);
  const base = () =>
    new URLSearchParams(required.map((name) => [name, usual[name] ?? String(valuesOf(name)[0] ?? '')]));
  const names = fields.map(([name]) => name);
  const more: URLSearchParams[] = [base()];
  if (names.includes('from') && names.includes('to')) {
    const ranged = base();
    ranged.set('from', '2026-05-01');
    ranged.set('to', '2026-06-01');
    more.push(ranged);
  }
  for (const [name, values] of [
    ['month', ['2026-05', '2026-06']],
    ['on', ['2026-05-15']],
    ['at', ['2026-05-15T00:00:00Z']],
    ...names
      .filter((each) => ['customer', 'plan', 'deployment'].includes(each))
      .map((each) => [each, valuesOf(each)] as const),
  ] as const) {
    if (!names.includes(name)) continue;
    for (const value of values) {
      const query = base();
      query.set(name, String(value));
      more.push(query);
    }
  }
  return more;
}

/** Every way to fill a path. */
function pathsOf(path: string): string[] {
  const name = /:(\w+)/.exec(path)?.[1];
  if (name === undefined) return [path];
  const values = valuesOf(name);
  if (values.length === 0) throw new Error(`say in this test what :${name} is of each customer`);
  return values.flatMap((value) => pathsOf(path.replace(`:${name}`, encodeURIComponent(value))));
}

const period = (deployment: string) => ({ kind: 'period', deployment, from: '2026-05-01', to: '2026-05-18' });
const usage = { kind: 'usage', usage: { droplet_hours: '1000' } };
const bodiesOf: Readonly<Record<string, readonly object[]>> = {
  quotePlans: [
    { basis: period('alpha-shop'), plans: 'all' },
    { basis: period('alpha-shop'), plans: ['alpha-plan'] },
    { basis: period('alpha-shop'), plans: ['bravo-plan'] },
    { basis: period('bravo-shop'), plans: ['alpha-plan'] },
    { basis: { kind: 'average', deployment: 'bravo-shop', months: 1 }, plans: ['alpha-plan'] },
    { basis: usage, plans: 'all' },
    { basis: usage, plans: ['bravo-plan'] },
    { basis: { kind: 'resources', resources: [{ kind: 'droplet', attributes: { size_slug: 's-1' } }] }, plans: 'all' },
  ],
};

function requests(): Asked[] {
  return forCustomers.flatMap((route): Asked[] => {
    if (methodOf(route) !== 'GET') {
      const bodies = bodiesOf[route.operationId];
      if (bodies === undefined) throw new Error(`${route.operationId}: say in this test what its bodies are`);
      return bodies.map((body) => ({
        name: `${route.operationId} ${JSON.stringify(body)}`,
        route,
        path: route.path,
        body,
      }));
    }
    return pathsOf(route.path).flatMap((path) =>
      queriesOf(route).flatMap((query) =>
        (route.shape === 'list' ? ['', '.csv'] : ['']).map((form) => {
          const address = `${path}${form}?${query}`;
          return { name: address, route, path: address };
        }),
      ),
    );
  });
}

test.each(forCustomers.map((route) => [route.operationId, route] as const))(
  '%s answers without the policies what it answered under them',
  async (_, route) => {
    const mine = requests().filter((request) => request.route === route);
    let own = 0;
    for (const request of mine) {
      const answer = await ask(request);
      expect([request.name, answer]).toEqual([request.name, before.get(request.name)]);
      if (answer.status === 200) {
        own += 1;
        expect(answer.text).not.toMatch(/bravo/i);
      } else expect([request.name, answer.status]).toEqual([request.name, expect.toBeOneOf([400, 404, 409])]);
      expect(answer.text).not.toContain(plantedCost);
    }
    expect(own).toBeGreaterThan(0);
  },
);
