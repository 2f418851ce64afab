import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApiDocument } from '../../src/http/document/openapi.ts';
import { program } from '../../src/modules.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { startTestApi, type TestApi } from './api-fixture.ts';

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const document = openApiDocument(program);
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);

/** The document itself, a page to read it with, and the way to it. */
const undocumented = /^GET \/(api\/v1\/(openapi\.json|docs(\/.*)?))?$/;

test('what is documented is served, and what is served is documented', () => {
  const served = api.served.filter((each) => !each.startsWith('HEAD ') && !undocumented.test(each));
  const documented = operations.map(({ method, path }) => `${method} /api/v1${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
  expect([...served].sort()).toEqual(documented.sort());
  expect(served.length).toBeGreaterThan(20);
});

test('the server gives the document that the command prints', async () => {
  const answer = await fetch(`${api.url}/api/v1/openapi.json`);
  expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(document)));
  const etag = answer.headers.get('etag') ?? '';
  expect((await fetch(`${api.url}/api/v1/openapi.json`, { headers: { 'if-none-match': etag } })).status).toBe(304);
});

test("Redocly's linter finds nothing to complain of", async () => {
  const problems = await lintFromString({
    source: JSON.stringify(document),
    absoluteRef: 'openapi.json',
    config: await createConfig({ extends: ['recommended'] }),
  });
  expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`)).toEqual(
    [],
  );
});

test('the linter would complain', async () => {
  const source = JSON.stringify(document).replaceAll(
    '"#/components/schemas/Customer"',
    '"#/components/schemas/Nobody"',
  );
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
  expect(problems.filter((problem) => problem.severity === 'error')).not.toEqual([]);
});

test('every operation has an id of its own, a heading that is explained, roles, and examples that are valid', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const known = new Set(program.tags.map(({ name }) => name));
  const ajv = new Ajv2020({ strict: false, allErrors: true, unicodeRegExp: true });
  formats.default(ajv);
  ajv.addSchema({ ...document, $id: 'arcadia' });
  for (const { method, path, operation } of operations) {
    const {
      tags: [tag] = [],
      summary,
      responses,
    } = operation as unknown as {
      tags?: string[];
      summary: string;
      responses: Record<string, { content?: Record<string, { schema: object; example?: unknown }> }>;
    };
    expect(known.has(tag ?? ''), `${method} ${path}: ${tag}`).toBe(true);
    expect(summary, `${method} ${path}`).toMatch(/^[A-Z].*[^.]$/);
    expect(operation['x-roles'], `${method} ${path}`).not.toEqual([]);
    for (const content of [...Object.values(responses).map((each) => each.content), operation.requestBody?.content]) {
      for (const [type, media] of Object.entries(content ?? {}) as [string, { schema: object; example?: unknown }][]) {
        if (!('example' in media)) continue;
        const schema = JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"arcadia#/')) as object;
        const valid = ajv.validate(schema, media.example);
        expect(valid, `${method} ${path} ${type}: ${ajv.errorsText()} in ${JSON.stringify(media.example)}`).toBe(true);
      }
    }
  }
});

test('what asks a provider may answer that the provider failed, and nothing else may', () => {
  const with502 = operations.filter(({ operation }) => '502' in operation.responses);
  expect(with502.map(({ operation }) => operation.operationId).toSorted()).toEqual([
    'approveProposal',
    'beginRollout',
    'checkAccount',
    'connectAccount',
    'grantAccount',
    'proposeChange',
    'proposeCreation',
    'proposeDestruction',
    'writeBlueprintFrom',
  ]);
});

test('what can be rolled up already may answer that it is gone', () => {
  const with410 = operations.filter(({ operation }) => '410' in operation.responses);
  expect(with410.map(({ operation }) => operation.operationId)).toEqual(['getUsageAsOf']);
});

test('whether an operation takes an If-Match, and whether it needs one', () => {
  const ifMatchOf = (operationId: string) => {
    const { parameters, responses } = operations.find((each) => each.operation.operationId === operationId)
      ?.operation ?? {
      parameters: [],
      responses: {},
    };
    const names = parameters.flatMap((each) => ('$ref' in each ? [each.$ref.split('/').at(-1)] : []));
    return [names.filter((name) => name?.startsWith('IfMatch')), '412' in responses, '428' in responses];
  };
  expect(ifMatchOf('updateDeployment')).toEqual([['IfMatch'], true, true]);
  expect(ifMatchOf('approveInvoice')).toEqual([['IfMatchIfWanted'], true, false]);
  expect(ifMatchOf('createCustomer')).toEqual([[], false, false]);
});

/** What engines of clients do not have: look-around and other groups, Unicode properties, escapes of JavaScript's own. */
const notPortable = /\(\?|\\[pPukc]/;

test('its patterns compile in the engines of all clients', () => {
  const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(
    (match) => JSON.parse(match[1] as string) as string,
  );
  expect(patterns.length).toBeGreaterThan(50);
  expect(patterns.filter((pattern) => notPortable.test(pattern))).toEqual([]);
  for (const pattern of ['^\\P{Cc}+$', '^(?=.*[1-9])\\d+$', '^[^\\u0000]$']) expect(pattern).toMatch(notPortable);
});
