import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApiDocument } from '../../src/http/document/openapi.ts';
import { program } from '../../src/modules.ts';
import { connectAccount } from '../../src/inventory/accounts.ts';
import { openSecretKey } from '../../src/inventory/secret-key.ts';
import { at, insertLiving } from '../fixtures/inventory.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { json, startTestApi, type TestApi } from './api-fixture.ts';

// The reference shows a request for every operation. Somebody copies it, and it must be one.

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  api = await startTestApi(database);
  const secretKey = await openSecretKey(database.db, api.config);
  const credentials = { token: 'dop_v1_nobody' };
  const request = { provider: 'digitalocean', apiUrl: 'http://127.0.0.1:9', credentials, slug: 'acme', secretKey };
  const identity = { accountId: 'acme', name: 'Acme', simulatedAt: null, answeredAt: null };
  const { accountId: account } = await connectAccount(database.db, request, identity, at('2026-05-01'));
  await insertLiving(database.db, account, 'droplet', '3164494', { name: 'acme-web' }, at('2026-05-01'));
  await insertLiving(database.db, account, 'project', projectId, { name: 'Acme' }, at('2026-05-01'));
  await api.fetch('/customers', json('POST', { customer: 'c-17', name: 'Acme Ltd', currency: 'USD' }));
  for (const deployment of ['acme', 'beta'])
    await api.fetch('/deployments', json('POST', { deployment, customer: 'c-17', startsAt: '2026-05-01T00:00:00Z' }));
});
afterAll(async () => {
  await api.close();
  await database.close();
});

const projectId = '4de7ac8b-495b-4884-9a69-1050c6793cd6';

type Scalar = string | number | boolean;

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema: { readonly examples?: readonly Scalar[]; readonly enum?: readonly Scalar[] };
}

interface Described {
  readonly parameters: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Record<string, { readonly example?: unknown }> };
}

const document = openApiDocument(program);
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path,
    operation: operation as unknown as Described,
    id: operation.operationId,
  })),
);

/** What asks a provider, far away, and what goes on for as long as somebody listens. */
const passedOver = new Set(
  program.operations
    .filter((one) => (one.shape === 'action' && one.asksProvider) || (one.shape === 'document' && one.endless))
    .map(({ operationId }) => operationId),
);

/** The request that the reference shows, as somebody copies it. */
function requestOf({ method, path, operation: { parameters, requestBody } }: (typeof operations)[number]) {
  const own = parameters.flatMap((parameter) => ('$ref' in parameter ? [] : [parameter]));
  const valueOf = ({ schema }: Parameter) => String(schema.examples?.[0] ?? schema.enum?.[0] ?? 1);
  const address = own
    .filter((one) => one.in === 'path')
    .reduce((text, one) => text.replace(`{${one.name}}`, encodeURIComponent(valueOf(one))), path);
  const query = own.filter((one) => one.in === 'query' && one.required === true).map((one) => [one.name, valueOf(one)]);
  const [media] = Object.entries(requestBody?.content ?? {});
  const headers = { 'if-match': '*' };
  const init =
    media === undefined
      ? { method, headers }
      : media[0] === 'application/json'
        ? json(method as 'POST', media[1].example, headers)
        : { method, body: media[1].example as string, headers: { ...headers, 'content-type': media[0] } };
  return { address: `${address}?${new URLSearchParams(query)}`, init };
}

test('no example of the reference is refused as a request that means nothing', async () => {
  const refused: string[] = [];
  // What is removed goes last: the others are about it.
  const ordered = operations.toSorted((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'));
  for (const operation of ordered) {
    const [media] = Object.keys(operation.operation.requestBody?.content ?? {});
    if (passedOver.has(operation.id) || /^(image|font)\//.test(media ?? '')) continue;
    const { address, init } = requestOf(operation);
    const answer = await api.fetch(address, init);
    if (answer.status === 400 || answer.status >= 500) {
      const { detail } = (await answer.json()) as { detail: string };
      refused.push(`${operation.method} ${operation.path}: ${answer.status} ${detail}`);
    } else await answer.body?.cancel();
  }
  expect(refused.join('\n')).toBe('');
});
