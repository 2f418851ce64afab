import { afterAll, describe, expect, it } from 'vitest';
import { ArcadiaError } from '../errors.ts';
import { TaskPool } from './pool.ts';
import { declareTask } from './task.ts';

const mebibyte = 1_048_576;
const pool = new TaskPool({ processesMax: 2, processesOfOneMax: 1, heapMbMax: 64, bytesMax: 400 * mebibyte });
afterAll(async () => pool.close());

const hostile = (name: string, msMax = 20_000) =>
  declareTask<string, unknown>({
    name,
    file: new URL('../../../test/fixtures/hostile-task.ts', import.meta.url),
    inputBytesMax: 100,
    msMax,
  });

const run = (way: string, msMax?: number) => pool.run(hostile('hostile', msMax), way, { what: 'The file' });

/** Code and message of what a task fails with. */
async function failureOf(working: Promise<unknown>): Promise<string> {
  const error: unknown = await working.then(
    (output) => `answered ${JSON.stringify(output)}`,
    (caught: unknown) => caught,
  );
  return error instanceof ArcadiaError ? `${error.code}: ${error.message}` : String(error);
}

const unreadable = 'file_unreadable: The file cannot be read.';
const memory = 'too_costly: The file takes more memory than the 64 MiB that it may.';

describe('whatever a task does, its caller is told, and the next task is done', () => {
  it.each([
    ['throw', unreadable],
    ['throw what is no error', unreadable],
    ['throw in a callback', unreadable],
    ['reject unseen', unreadable],
    ['exit', unreadable],
    ['exit later', unreadable],
    ['recurse without end', unreadable],
    ['answer what cannot be copied', unreadable],
    ['grow a list', memory],
    ['grow a map', memory],
    ['split a text', memory],
    ['replace in a text', memory],
    ['parse a text', memory],
    ['fill buffers', memory],
    ['abort', memory],
    ['loop', 'too_costly: The file takes longer than 1 s that it may.'],
    ['wait', 'too_costly: The file takes longer than 1 s that it may.'],
  ])('%s', async (way, failure) => {
    const msMax = way === 'loop' || way === 'wait' ? 1_000 : undefined;
    expect(await failureOf(run(way, msMax))).toBe(failure);
    expect(await run('answer')).toBe('answer');
  });
});

it('throws what a task refuses with, word for word', async () => {
  const error = await run('refuse').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(ArcadiaError);
  expect(error).toMatchObject({ code: 'invalid_argument', message: 'Refused.', details: { why: 1 }, todo: 'Do.' });
});

it('has nothing of the environment', async () => {
  expect(await run('read the environment')).toEqual([]);
});

it.each(['write a file', 'begin a process', 'ask the network'])('may not %s', async (way) => {
  expect(await run(way)).toBe('ERR_ACCESS_DENIED');
});

it('refuses an input that is larger than its task takes, undone', async () => {
  expect(await failureOf(run('x'.repeat(101)))).toBe(
    'too_costly: The file has more than the 100 bytes that are taken.',
  );
});

it('lets no kind of task take all processes, and turns away whoever would wait behind too many', async () => {
  const small = new TaskPool({ processesMax: 2, processesOfOneMax: 1, waitingMax: 1 });
  const other = hostile('other');
  const slow = hostile('slow', 2_000);
  const ask = (task: typeof slow, way: string) => failureOf(small.run(task, way, { what: 'The file' }));
  const looping = ask(slow, 'loop');
  const waiting = ask(slow, 'answer');
  expect(await ask(slow, 'answer')).toMatch(/^overloaded: The file has to wait/);
  expect(await ask(other, 'answer')).toBe('answered "answer"');
  expect(await looping).toMatch(/^too_costly/);
  expect(await waiting).toBe('answered "answer"');
  await small.close();
});

it('does not begin what nobody waits for any more', async () => {
  const leaving = new AbortController();
  const looping = failureOf(run('loop', 1_000));
  const left = failureOf(pool.run(hostile('hostile'), 'answer', { what: 'The file', signal: leaving.signal }));
  leaving.abort(new ArcadiaError('cancelled', 'Gone.'));
  expect(await left).toBe('cancelled: Gone.');
  expect(await looping).toMatch(/^too_costly/);
});
