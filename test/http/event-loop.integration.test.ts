import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openApiDocument, type OpenApiOperation } from '../../src/http/document/openapi.ts';
import type { JsonSchema } from '../../src/http/document/openapi-schemas.ts';
import { importBytesMax, importRowsMax } from '../../src/deployments/index.ts';
import { program } from '../../src/modules.ts';
import { parseSecretKey, seal } from '../../src/platform/secrets/crypto.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { addDeployment, at, openBusiness } from '../fixtures/invoices.ts';
import { png } from '../fixtures/images.ts';
import { soaking, timeoutOf } from '../soak.ts';
import { startTestApi, type TestApi, testSecretKey } from './api-fixture.ts';

// No operation holds the event loop for longer than 50 ms, whatever it is sent: measured while each gets as large a body
// as its schema and the limits let it have. `npm run soak` measures; in `npm test` the same bodies only have to be
// answered. What counts is the processor time of this thread, so that what else the machine does holds nothing.

const holdMsMax = 50;
const jsonBytesMax = 1_048_576;

const document = openApiDocument(program);
const { schemas } = document.components as { schemas: Record<string, JsonSchema> };

/** As large a value as a schema allows, of at most about so many bytes. */
function largest(schema: JsonSchema, bytes: number, place = 0): unknown {
  if (schema.$ref !== undefined) return largest(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, bytes, place);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum.at(-1);
  const choices = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (choices !== undefined) {
    const made = choices.map((choice) => largest(choice, bytes, place));
    return made.toSorted((a, b) => JSON.stringify(b ?? null).length - JSON.stringify(a ?? null).length)[0];
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'array') return items(schema, bytes);
  if (type === 'object') {
    const fields = Object.entries(schema.properties ?? {});
    const each = Math.floor(bytes / Math.max(1, fields.length));
    return Object.fromEntries(fields.map(([name, field]) => [name, largest(field, each, place)]));
  }
  if (type === 'integer' || type === 'number') return Number(schema.maximum ?? 1_000);
  if (type === 'boolean') return true;
  if (type === 'null') return null;
  const [example] = (schema.examples ?? []) as string[];
  if (schema.pattern !== undefined || schema.format !== undefined) return example ?? `d${place}`;
  return 'x'.repeat(Math.min(Number(schema.maxLength ?? 40), Math.max(1, bytes)));
}

function items(schema: JsonSchema, bytes: number): unknown[] {
  const most = Number(schema.maxItems ?? 1);
  const item = (place: number) => largest(schema.items ?? {}, Math.floor(bytes / most), place);
  const found: unknown[] = [];
  for (let left = bytes; left > 0 && found.length < most; left -= JSON.stringify(found.at(-1) ?? null).length + 1)
    found.push(item(found.length));
  return found;
}

interface Request {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly body: string | Uint8Array;
}

function pathOf(path: string, { parameters }: OpenApiOperation): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'entity') return 'default';
    const found = parameters.find((parameter) => 'schema' in parameter && parameter.name === name);
    const [example] = ((found !== undefined && 'schema' in found ? found.schema.examples : undefined) ??
      []) as string[];
    return String(example ?? 1);
  });
}

const ofSchema: Request[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, operation]): Request[] => {
    const schema = operation.requestBody?.content['application/json']?.schema;
    if (schema === undefined) return [];
    // What escapes and names take beside: within the limit.
    const body = JSON.stringify(largest(schema, Math.floor(jsonBytesMax / 2)));
    const type = 'application/json';
    return [{ name: operation.operationId, method: method.toUpperCase(), path: pathOf(path, operation), type, body }];
  }),
);

const font = readFileSync(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'));
const json = (name: string, path: string, body: unknown): Request => ({
  name,
  method: 'POST',
  path,
  type: 'application/json',
  body: JSON.stringify(body),
});
const header = 'customer_external_id,customer_name,currency,deployment_slug,deployment_name,starts_at';
const rows = (count: number) =>
  Array.from({ length: count }, (_, row) => `c-${row},Customer ${row},USD,d-${row},Deployment ${row},2026-05-01`);
const list = `a: &a [${'1,'.repeat(90_000)}1]\n`;

const byHand: Request[] = [
  json('five plans of aliases', '/plans/preview', {
    files: Array.from({ length: 5 }, (_, place) => ({
      name: `${place}.yaml`,
      text: `${list}b: [${'*a,'.repeat(95)}]`,
    })),
  }),
  json('a plan of brackets', '/plans/preview', { files: [{ name: 'a.yaml', text: '['.repeat(190_000) }] }),
  json('two thousand rules', '/rules/preview', {
    rules: Array.from({ length: 2_000 }, (_, place) => ({ name: `web-${place}-*`, deployment: 'shop' })),
  }),
  json('very many values', '/rules/preview', { rules: Array.from({ length: 500_000 }, () => 0) }),
  ...['true', 'false'].map(
    (dryRun): Request => ({
      name: `a CSV of as many deployments as may be, dryRun=${dryRun}`,
      method: 'POST',
      path: `/customers/import?dryRun=${dryRun}`,
      type: 'text/csv',
      body: [header, ...rows(soaking ? importRowsMax : 500)].join('\n'),
    }),
  ),
  {
    name: 'a CSV of commas',
    method: 'POST',
    path: '/customers/import?dryRun=true',
    type: 'text/csv',
    body: `${header}\n${','.repeat(importBytesMax - header.length - 1)}`,
  },
  {
    name: 'a logo of four million pixels',
    method: 'PUT',
    path: '/legal-entities/default/logo',
    type: 'image/png',
    body: png({ width: 2_000, height: 2_000, pixels: Buffer.alloc(2_000 * 8_001) }),
  },
  { name: 'a font', method: 'PUT', path: '/legal-entities/default/font', type: 'font/ttf', body: font },
];

let database: TestDatabase;
let api: TestApi;
beforeAll(async () => {
  database = await openTestDatabase();
  await sql`INSERT INTO simulated_clock (instant) VALUES (${at('2026-02-05')})`.execute(database.db);
  await openBusiness(database.db);
  // What asks the provider is answered by the built-in simulator.
  const credentials = seal(parseSecretKey(testSecretKey)!, 'accounts.credentials', JSON.stringify({ token: 'any' }));
  await sql`UPDATE accounts SET credentials = ${credentials}, api_url = 'simulator:pilot?seed=1', simulated = true`.execute(
    database.db,
  );
  await addDeployment(database.db, { customer: 'acme', slug: 'shop' });
  api = await startTestApi(database);
});
afterAll(async () => {
  await api.close();
  await database.close();
});

/** The longest turn of the event loop, in ms of this thread's processor time, from `begin` until the function it returns. */
function watchTurns(): () => number {
  const spent = () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  };
  let longest = 0;
  let last = spent();
  const look = () => {
    const now = spent();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  return () => {
    clearInterval(timer);
    look();
    return longest;
  };
}

/** How long the event loop was held at most, in ms, from when the request was sent until it was answered. */
async function heldBy({ method, path, type, body }: Request): Promise<{ status: number; heldMs: number }> {
  const headers = { 'content-type': type, 'if-match': '*' };
  // What was made before this request is collected before it, as far as it can be.
  await sleep(20);
  const end = watchTurns();
  const response = await api.fetch(path, {
    method,
    headers,
    body: typeof body === 'string' ? body : Buffer.from(body),
  });
  await response.arrayBuffer();
  return { status: response.status, heldMs: end() };
}

test(`no body holds the event loop for longer than ${holdMsMax} ms`, { timeout: timeoutOf(900_000) }, async () => {
  expect(ofSchema.length).toBeGreaterThan(30);
  const held: string[] = [];
  const unanswered: string[] = [];
  for (const request of [...ofSchema, ...byHand]) {
    // The first of its kind compiles what it runs through, which later ones do not: only these are measured.
    if (soaking) await heldBy(request);
    const { status, heldMs } = await heldBy(request);
    // 502: no provider is there to be asked; 503: its time is up.
    if (status >= 500 && status !== 502 && status !== 503) unanswered.push(`${request.name}: ${status}`);
    if (heldMs > holdMsMax)
      held.push(`${request.name}: ${Math.round(heldMs)} ms, ${request.body.length} bytes, ${status}`);
  }
  expect(unanswered).toEqual([]);
  if (soaking) expect(held).toEqual([]);
});
