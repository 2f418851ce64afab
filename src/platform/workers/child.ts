import { Worker } from 'node:worker_threads';
import { ArcadiaError } from '../errors.ts';
import type { Answered, Asked, TaskWork } from './task.ts';

// The program of a process of the pool: one task after the other, each by the module that it names.

const [, , bytesMax = '0'] = process.argv;

// Beside the work, which may never give way. Buffers are not a part of the heap that V8 limits; and whoever began
// this process may be gone, without having been able to end it.
const watching = `
  const { workerData: { bytesMax, parent } } = require('node:worker_threads');
  setInterval(() => {
    if (process.memoryUsage.rss() > bytesMax || process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
  }, 50);
`;
new Worker(watching, {
  eval: true,
  workerData: { bytesMax: Number(bytesMax), parent: process.ppid },
  resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
}).unref();

function say(answered: Answered, then?: () => void): void {
  process.send?.(answered, undefined, undefined, then);
}

/** An error that none of the task's own functions caught: what it leaves behind is not known, so that this is the end. */
function end(error: unknown): void {
  say({ kind: 'failed', message: messageOf(error) }, () => process.exit(1));
}
process.on('uncaughtException', end);
process.on('unhandledRejection', end);

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
}

async function answer({ file, input }: Asked): Promise<Answered> {
  try {
    const { run } = (await import(file)) as { readonly run: TaskWork<unknown, unknown> };
    say({ kind: 'begun' });
    return { kind: 'done', output: await run(input) };
  } catch (error) {
    if (!(error instanceof ArcadiaError)) return { kind: 'failed', message: messageOf(error) };
    const { declaration, message, todo, details } = error;
    return { kind: 'refused', error: { declaration, message, todo, details } };
  }
}

process.on('message', (asked: Asked) => {
  void answer(asked).then((answered) => say(answered));
});
process.on('disconnect', () => process.exit());
say({ kind: 'ready' });
