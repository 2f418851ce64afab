import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bringAttributionsUpToDate } from '../../src/deployments/attribution.ts';
import { createCustomer } from '../../src/deployments/customers.ts';
import { createDeployment } from '../../src/deployments/deployments.ts';
import { insertAccount, insertLiving } from '../fixtures/inventory.ts';
import { openApiDocument } from '../../src/http/document/openapi.ts';
import { program } from '../../src/modules.ts';
import { meterRange } from '../../src/metering/meter.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { startTestApi, type TestApi } from './api-fixture.ts';

// A client whose types are generated from the document by openapi-typescript, as somebody else
// would: it must compile, refuse what the API has not, and read what is there.

// The generator needs the compiler's programming interface, which TypeScript 7 has not.
registerHooks({
  resolve: (specifier, context, next) =>
    next(
      specifier === 'typescript' && context.parentURL?.includes('/openapi-typescript/') ? 'typescript5' : specifier,
      context,
    ),
});

let database: TestDatabase;
let api: TestApi;
let folder: string;
beforeAll(async () => {
  database = await openTestDatabase();
  const born = Temporal.Instant.from('2026-05-01T00:00:00Z');
  await createCustomer(database.db, { externalId: 'c-1', name: 'One', currency: 'USD' }, born);
  await createDeployment(database.db, { slug: 'acme', name: 'Acme', customer: 'c-1', startsAt: born }, born);
  const account = await insertAccount(database.db);
  await insertLiving(database.db, account, 'droplet', '1', { name: 'acme-1', tags: ['deployment:acme'] }, born);
  const now = Temporal.Instant.from('2026-05-03T06:00:00Z');
  await bringAttributionsUpToDate(database.db, now);
  const days = { from: Temporal.PlainDate.from('2026-05-01'), to: Temporal.PlainDate.from('2026-05-03') };
  await meterRange(database.db, { ...days, now });
  api = await startTestApi(database);
  folder = mkdtempSync(join(import.meta.dirname, 'generated-'));
  const { default: generate, astToString } = await import('openapi-typescript');
  writeFileSync(join(folder, 'arcadia.d.ts'), astToString(await generate(openApiDocument(program) as never)));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await api.close();
  await database.close();
});

const client = `
import createClient from 'openapi-fetch';
import type { paths } from './arcadia.d.ts';

export async function read(baseUrl: string, token: string) {
  const client = createClient<paths, 'application/json' | 'application/problem+json'>({ baseUrl, headers: { authorization: \`Bearer \${token}\` } });
  const list = await client.GET('/deployments', { params: { query: { customer: 'c-1', limit: 10 } } });
  const names: string[] = list.data?.items.map((item) => item.deployment) ?? [];
  const used = await client.GET('/deployments/{deployment}/usage', {
    params: { path: { deployment: 'acme' }, query: { from: '2026-05-01', to: '2026-05-03' } },
  });
  const hours: string | undefined = used.data?.usage.droplet_hours;
  const days = await client.GET('/deployments/{deployment}/usage/days', {
    params: { path: { deployment: 'acme' }, query: { from: '2026-05-01', to: '2026-05-03' } },
  });
  const byDay = days.data?.items.map(({ day, kind, quantity }) => [day, kind, quantity]);
  const missing = await client.GET('/deployments/{deployment}', { params: { path: { deployment: 'nobody' } } });
  const code: string | undefined = missing.error?.code;
  return { names, code, hours, byDay };
}
`;

const wrong = `
import createClient from 'openapi-fetch';
import type { paths } from './arcadia.d.ts';
const client = createClient<paths, 'application/json' | 'application/problem+json'>({ baseUrl: '' });
export const a = client.GET('/deploymentz');
export const b = client.GET('/deployments', { params: { query: { limit: 'ten' } } });
export const c = client.GET('/deployments').then(({ data }) => data?.items[0]?.margin);
export const d = client.POST('/customers', { body: { name: 'x', currency: 'USD' } });
`;

/** What the compiler says of a file, by line. */
async function compile(name: string, source: string): Promise<{ line: number; message: string }[]> {
  const path = join(folder, name);
  writeFileSync(path, source);
  const { default: ts } = await import('typescript5');
  const program = ts.createProgram([path], {
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    skipLibCheck: true,
  });
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => ({
    line: (diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? -1) + 1,
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '),
  }));
}

test('a client with generated types compiles and reads', async () => {
  expect(await compile('client.ts', client)).toEqual([]);
  const { read } = (await import(join(folder, 'client.ts'))) as {
    read(baseUrl: string, token: string): Promise<unknown>;
  };
  // Compiling has kept this process's server from answering: it takes nothing until it has caught up.
  while ((await api.fetch('/deployments')).status === 503) await sleep(100);
  expect(await read(`${api.url}/api/v1`, await api.token('viewer'))).toEqual({
    names: ['acme'],
    code: 'not_found',
    hours: '48',
    byDay: [
      ['2026-05-01', 'droplet_hours', '24'],
      ['2026-05-02', 'droplet_hours', '24'],
    ],
  });
});

test('the types refuse what the API has not', async () => {
  const errors = await compile('wrong.ts', wrong);
  expect([...new Set(errors.map((error) => error.line))]).toEqual([5, 6, 7, 8]);
});
