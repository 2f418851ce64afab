import { soakRuns, timeoutOf } from '../../soak.ts';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bringAttributionsUpToDate } from '../../../src/deployments/attribution.ts';
import { createCustomer } from '../../../src/deployments/customers.ts';
import { createDeployment } from '../../../src/deployments/deployments.ts';
import { applyRules } from '../../../src/deployments/rules.ts';
import { openApiDocument, type OpenApiOperation } from '../../../src/http/document/openapi.ts';
import { program } from '../../../src/modules.ts';
import { meterRange } from '../../../src/metering/meter.ts';
import { databaseClock } from '../../../src/platform/clock.ts';
import type { Database } from '../../../src/platform/database/database.ts';
import type { Role } from '../../../src/platform/declare/operation.ts';
import { subscribe } from '../../../src/pricing/subscriptions.ts';
import { openTestDatabase, type TestDatabase } from '../../database.ts';
import { makeMeters, makeSource, requests as requestMeter } from '../../fixtures/gateway.ts';
import { openSimulatedAccount, secretKey, type SimulatedAccount } from '../../scenarios/simulated-account.ts';
import { add as addHook } from '../../webhooks/webhooks-fixture.ts';
import { startTestApi, type TestApi } from '../api-fixture.ts';
import { type FuzzRequest, type Known, requests } from './requests.ts';

// Ten thousand requests made from the document of the API, as it wants them and otherwise, to a
// real server with a small fleet behind it. Whatever comes: no 500, no request without an answer,
// nothing of our insides in it, and each answer is one that the document allows.

const requestsInAll = 5_000;
const atOnce = 20;
const answerMsMax = 60_000;

/** What an answer must never hold: stacks, statements, names of tables, places on the disk, addresses of the database. */
const insides =
  /\bat (async )?[a-z_$<][\w.$<>]* \(|node_modules|file:\/\/|\.ts:\d|\/src\/|postgres(ql)?:\/\/|syntax error|relation "|column "|violates|pg_\w|usage_records|kysely|ECONN|\bSELECT\b.*\bFROM\b/gi;

/** What the caller wrote themselves may be said back to them. */
function tellsOfInsides(request: FuzzRequest, text: string): boolean {
  const said = JSON.stringify(request).toLowerCase();
  return [...text.matchAll(insides)].some(([found]) => !said.includes(found.toLowerCase()));
}

let database: TestDatabase;
let simulated: SimulatedAccount;
let api: TestApi;
let known: Known;

beforeAll(async () => {
  database = await openTestDatabase();
  simulated = await openSimulatedAccount(database.db, { fleet: 'pilot' });
  await fill(database.db);
  api = await startTestApi(database, {
    env: {
      ARCADIA_SECRET_KEY: secretKey.key.toString('base64'),
      DIGITALOCEAN_API_URL: simulated.simulator.url,
    },
    limits: { anonymousPerMinute: 1_000_000 },
  });
  known = { ...(await knownNames(database.db)), ...(await someJobs()), ...(await someProposals()) };
}, 120_000);
afterAll(async () => {
  await api.close();
  await simulated.close();
  await database.close();
});

/** Ten days of a small fleet, owned, metered and on a plan. */
async function fill(db: Database): Promise<void> {
  await simulated.sync();
  const born = await databaseClock(db).now();
  for (const customer of ['c-1', 'c-2'])
    await createCustomer(db, { externalId: customer, name: `Customer ${customer}`, currency: 'USD' }, born);
  for (const [slug, customer] of [
    ['acme', 'c-1'],
    ['beta', 'c-2'],
  ] as const)
    await createDeployment(db, { slug, name: slug, customer, startsAt: born }, born);
  await applyRules(
    db,
    {
      rules: [
        { name: '*web*', deployment: 'acme' },
        { name: '*', deployment: 'beta' },
      ],
    },
    'test',
    born,
  );
  await simulated.advance({ days: 10 });
  await simulated.sync();
  const now = await databaseClock(db).now();
  await bringAttributionsUpToDate(db, now);
  const from = born.toZonedDateTimeISO('UTC').toPlainDate();
  await meterRange(db, { from, to: now.toZonedDateTimeISO('UTC').toPlainDate(), now });
  const { rows } = await sql<{ slug: string }>`SELECT slug FROM plans ORDER BY slug LIMIT 1`.execute(db);
  for (const deployment of ['acme', 'beta'])
    await subscribe(db, { deployment, plan: rows[0]?.slug ?? '', from }, 'test', now);
  await makeSource(db, 'edge', { now, secretKey });
  await makeMeters(db, [requestMeter], now);
  await addHook(db, now, { webhook: 'books', url: 'https://127.0.0.1:1/' });
}

/** Jobs that are there, and names of jobs. */
async function someJobs(): Promise<Known> {
  const { items: accounts } = (await (await api.fetch('/accounts')).json()) as { items: { account: string }[] };
  await api.fetch('/sync-runs', {
    method: 'POST',
    body: JSON.stringify({ account: accounts[0]?.account }),
    headers: { 'content-type': 'application/json' },
  });
  const { items } = (await (await api.fetch('/jobs')).json()) as { items: { jobId: string; job: string }[] };
  const ids = items.map((item) => item.jobId);
  return { jobId: ids, ids, job: [...ids, 'attribute', 'meter'], name: ['attribute', 'meter'] };
}

/** A blueprint, and proposals of it. */
async function someProposals(): Promise<Known> {
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await api.fetch(path, { method: 'POST', body: JSON.stringify(body), headers });
    return (await answer.json()) as Record<string, string>;
  };
  const text = JSON.stringify({ blueprint: 'shop', schema: 1, region: 'fra1', project: {} });
  await post('/blueprints', { files: [{ name: 'shop.yaml', text }] });
  const hashes: string[] = [];
  for (const deployment of ['gamma', 'delta', 'epsilon']) {
    const { hash } = await post('/proposals/creations', { deployment, customer: 'c-1', blueprint: 'shop' });
    if (hash === undefined) throw new Error('nothing was proposed');
    hashes.push(hash);
  }
  return { blueprint: ['shop'], hash: hashes };
}

async function knownNames(db: Database): Promise<Known> {
  const names = async (query: ReturnType<typeof sql<{ name: string }>>) =>
    (await query.execute(db)).rows.map(({ name }) => name);
  const resources = await names(sql<{ name: string }>`SELECT resource_id::text AS name FROM resources LIMIT 20`);
  return {
    deployment: ['acme', 'beta', 'unattributed'],
    deployments: ['acme', 'beta'],
    slug: ['acme', 'beta'],
    customer: ['c-1', 'c-2'],
    entity: ['default'],
    account: await names(sql<{ name: string }>`SELECT slug AS name FROM accounts`),
    plan: await names(sql<{ name: string }>`SELECT slug AS name FROM plans`),
    source: ['edge'],
    meter: ['gateway_requests'],
    webhook: ['books'],
    kind: ['droplet', 'volume', 'droplet_hours', 'volume_gb_month'],
    resource: resources,
    resources,
  };
}

const document = openApiDocument(program);
const operations = new Map(
  Object.values(document.paths).flatMap((item) => Object.values(item).map((each) => [each.operationId, each] as const)),
);
const ajv = new Ajv2020({ strict: false, unicodeRegExp: true });
formats.default(ajv);
ajv.addSchema({ ...document, $id: 'arcadia' });
const validators = new Map<object, ValidateFunction>();

function isValid(schema: object, value: unknown): string | null {
  let validate = validators.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"arcadia#/')) as object);
    validators.set(schema, validate);
  }
  return validate(value) ? null : ajv.errorsText(validate.errors);
}

async function authorization(as: string): Promise<Record<string, string>> {
  if (as === 'nobody') return {};
  if (as === 'broken') return { authorization: 'Bearer a.b.c' };
  return { authorization: `Bearer ${await api.token(as as Role, as === 'customer' ? 'c-1' : undefined)}` };
}

interface Media {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

/** How often each operation was answered with a success. */
const successes = new Map<string, number>();

function count({ operationId }: FuzzRequest): void {
  if (operationId !== null) successes.set(operationId, (successes.get(operationId) ?? 0) + 1);
}

/** Why it was, for whoever mends it. */
async function logged({ headers }: Response): Promise<string> {
  const line = () => api.lines.find((each) => each.request_id === headers.get('x-request-id'));
  await vi.waitUntil(line, { timeout: 5_000 }).catch(() => {});
  return JSON.stringify(line()?.err);
}

/** What is wrong with the answer to a request; null: nothing. */
async function complaint(request: FuzzRequest): Promise<string | null> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(`${api.url}/api/v1${request.path}`, {
      method: request.method,
      headers: { ...request.headers, ...(await authorization(request.as)) },
      body: request.body === null ? null : request.body.toWellFormed(),
      signal: AbortSignal.timeout(answerMsMax),
      redirect: 'manual',
    });
    if (answer.headers.get('content-type')?.startsWith('text/event-stream')) {
      count(request);
      await answer.body?.cancel();
      return null;
    }
    text = await answer.text();
  } catch (error) {
    // What fetch itself refuses to send.
    if (error instanceof TypeError && !(error.cause instanceof Error)) return null;
    return `no answer: ${(error as Error).message} ${String((error as Error).cause)}`;
  }
  const { status } = answer;
  if (answer.ok) count(request);
  if (status >= 500 && status !== 502) return `${status} ${text} ${await logged(answer)} for ${request.body}`;
  if (tellsOfInsides(request, text)) return `it tells of our insides: ${text.slice(0, 500)}`;
  // Longer than headers may be: the parser answers, and nobody has read a request.
  if (status === 431) return null;
  if (!answer.headers.has('x-request-id')) return 'it has no request id';
  const operation = request.operationId === null ? undefined : operations.get(request.operationId);
  return judge(operation, status, answer.headers.get('content-type') ?? '', text);
}

function judge(operation: OpenApiOperation | undefined, status: number, type: string, text: string): string | null {
  const media = type.split(';', 1)[0] ?? '';
  if (status >= 400) {
    if (media !== 'application/problem+json') return `${status} is no problem but ${media}: ${text.slice(0, 200)}`;
    const { schemas } = document.components as { schemas: Record<string, object> };
    const wrong = isValid(schemas.Problem as object, JSON.parse(text));
    if (wrong !== null) return `${status} is no problem: ${wrong}`;
    // An odd value may make another path of it.
    const isDocumented =
      operation === undefined || status === 404 || status === 405 || String(status) in operation.responses;
    return isDocumented ? null : `${status} is not documented: ${text}`;
  }
  if (operation === undefined || status === 304) return null;
  const response = operation.responses[status] as Media | undefined;
  if (response === undefined) return `${status} is not documented`;
  if (text === '' && response.content === undefined) return null;
  const schema = response.content?.[media]?.schema;
  if (schema === undefined) return `${status} with ${media} is not documented`;
  if (media !== 'application/json') return null;
  const wrong = isValid(schema, JSON.parse(text));
  return wrong === null ? null : `its answer does not fit: ${wrong} in ${text.slice(0, 500)}`;
}

test(`${requestsInAll} requests are each answered as the document says`, {
  timeout: timeoutOf(1_800_000),
}, async () => {
  const batches = fc.array(requests(document, known), { minLength: atOnce, maxLength: atOnce });
  const numRuns = requestsInAll / atOnce;
  await fc.assert(
    fc.asyncProperty(batches, async (batch) => {
      const complaints = await Promise.all(batch.map(complaint));
      const wrong = batch.flatMap((request, place) =>
        complaints[place] === null ? [] : [`${request.method} ${request.path} as ${request.as}: ${complaints[place]}`],
      );
      expect(wrong).toEqual([]);
    }),
    // Nothing to shrink: what is there has changed since.
    { numRuns: soakRuns(numRuns), endOnFailure: true },
  );
  // Else it would have tried refusals only. Each has some seventeen tries.
  expect(successes.size / operations.size).toBeGreaterThan(0.5);
});
