import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { modules } from '../../src/modules.ts';
import { collectProgram } from '../../src/platform/declare/program.ts';
import { openApiDocument } from '../../src/http/document/openapi.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { createLog } from '../../src/platform/log.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { openTestDatabase, type TestDatabase } from '../database.ts';
import { operationsPage } from '../docs/operations-page.ts';
import { arcadiaHere } from '../cli/here.ts';
import { type Ended, makeFolder, type RunOptions } from '../end-to-end/arcadia.ts';
import { startTestApi, type TestApi } from '../http/api-fixture.ts';
import { until } from '../jobs/worker-fixture.ts';
import { bellsModule, bellsSettings } from './throwaway/module.ts';

// One folder and one line: a module that nothing else knows of is reachable from every surface.

const program = collectProgram([...modules, bellsModule]);
const main = fileURLToPath(new URL('throwaway/main.ts', import.meta.url));
let database: TestDatabase;
let api: TestApi;
const folder = makeFolder();

beforeAll(async () => {
  database = await openTestDatabase();
  api = await startTestApi(database, { program });
  writeFileSync(join(folder.path, 'token'), await api.token('owner'), { mode: 0o600 });
});
afterAll(async () => {
  await api.close();
  await database.close();
  folder.remove();
});

const options = (): RunOptions => ({
  env: { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path },
  cwd: folder.path,
});
const arcadia = (...args: readonly string[]) => arcadiaHere(args, options(), program);

/** The same as a process of its own. */
function arcadiaProcess(...args: readonly string[]): Promise<Pick<Ended, 'code' | 'stdout' | 'stderr'>> {
  const { env, cwd } = options();
  return new Promise((resolve) => {
    const own = { PATH: process.env.PATH, NO_COLOR: '1', ...env };
    execFile(process.execPath, [main, ...args], { env: own, cwd }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

test('its operation is a command, on the database and on a server, and says the same', async () => {
  const here = await arcadia('bell', 'ring', 'great', '--times', '2', '--json');
  expect(here).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(here.stdout)).toEqual({ bell: 'great', times: 2, tone: 'c' });
  const remote = ['--url', api.url, '--token-file', 'token'];
  expect(await arcadia('bell', 'ring', 'great', '--times', '2', '--json', ...remote)).toEqual(here);
  expect(here).toMatchObject(await arcadiaProcess('bell', 'ring', 'great', '--times', '2', '--json'));
  expect((await arcadia('bell', '--help')).stdout).toContain('ring a bell');
});

test('its setting is read with all others, and refused where it is not allowed', async () => {
  const env = { ARCADIA_BELL_TONE: 'h' };
  expect(bellsSettings.of(loadConfig({ env: {} }, program.settings)).bellTone).toBe('c');
  expect(() => loadConfig({ env }, program.settings)).toThrow('a tone from a to g');
  expect(() => loadConfig({ env }, [])).toThrow('ARCADIA_BELL_TONE is not a setting');
});

test('its error code is refused alike, with what to do next in the words of each surface', async () => {
  for (const where of [[], ['--url', api.url, '--token-file', 'token']]) {
    const refused = await arcadia('bell', 'ring', 'broken', ...where);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('Mend the bell.');
    expect(refused.stderr).toContain('next:  arcadia bell ring good --times 1');
    expect(refused.stderr).toContain('code:  bell_broken');
  }
  const response = await api.fetch('/bells/broken/ring', {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  expect(response.status).toBe(409);
  expect(await response.json()).toMatchObject({
    code: 'bell_broken',
    next: {
      operationId: 'ringBell',
      method: 'POST',
      path: '/api/v1/bells/good/ring',
      arguments: { bell: 'good', times: 1 },
    },
  });
});

test('its job runs from its queue, stands on the schedule, and its event reaches the stream', async () => {
  const stopping = new AbortController();
  const stream = await api.fetch('/events', { signal: stopping.signal });
  let heard = '';
  const reading = (async () => {
    for await (const chunk of stream.body as unknown as AsyncIterable<Uint8Array>)
      heard += Buffer.from(chunk).toString();
  })().catch(() => {});
  const worker = await startWorker({
    db: database.db,
    connectionString: database.connectionString,
    config: loadConfig(
      { env: { DATABASE_URL: database.connectionString, ARCADIA_DATA_DIR: folder.path } },
      program.settings,
    ),
    log: createLog({ level: 'silent', format: 'json' }),
    program,
    queues: ['bells'],
  });
  try {
    await api.fetch('/bells/small/ring', {
      method: 'POST',
      body: '{"times":7}',
      headers: { 'content-type': 'application/json' },
    });
    await until(() => heard.includes('bell.rang') && heard.includes('"7"'), 'the bell is heard');
    const schedule = (await (await api.fetch('/schedule')).json()) as { items: { name: string; job: string }[] };
    expect(schedule.items).toContainEqual(expect.objectContaining({ name: 'bells', job: 'ring_bell', queue: 'bells' }));
    const queues = (await (await api.fetch('/queues')).json()) as { items: { queue: string }[] };
    expect(queues.items).toContainEqual(expect.objectContaining({ queue: 'bells' }));
  } finally {
    await worker.stop();
    stopping.abort();
    await reading;
  }
});

test('the document and the page of operations list it', () => {
  const document = openApiDocument(program);
  expect(document.paths['/bells/{bell}/ring']?.post).toMatchObject({ operationId: 'ringBell', tags: ['bells'] });
  expect(JSON.stringify(document)).toContain('bell_broken');
  expect(operationsPage(program)).toContain('| `arcadia bell ring` | POST `/bells/{bell}/ring` | owner |');
});

test('a second module of the same name, operation or code is refused', () => {
  expect(() => collectProgram([...modules, bellsModule, bellsModule])).toThrow('"bells"');
  expect(() => collectProgram([...modules, bellsModule, { ...bellsModule, name: 'chimes' }])).toThrow('bell ring');
});
