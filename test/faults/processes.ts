import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '../jobs/worker-fixture.ts';

const compiled = fileURLToPath(new URL('../../.arcadia/compile-cache', import.meta.url));

/**
 * The environment of a script of this folder. To load the program takes seconds: each process reads what one before it
 * has compiled, which those that are killed write down once they have loaded (flushCompileCache).
 */
export function scriptEnvironment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: compiled, ...env };
}

export interface WorkerProcess {
  readonly pid: number;
  /** The lines that it said so far on stdout and stderr; all of them once it has ended. */
  readonly said: string[];
  signal(signal: NodeJS.Signals): void;
  /** Ends it, if it has not ended, and waits. */
  end(signal?: NodeJS.Signals): Promise<void>;
}

/** Runs a script of this folder; the number that it says, or null: it was killed. Errors: it ended in another way. */
export async function runToNumber(
  script: 'gateway-process.ts' | 'usage-process.ts',
  args: readonly string[],
): Promise<number | null> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: scriptEnvironment({}),
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (signal === 'SIGKILL') return null;
  if (code !== 0) throw new Error(`the process ended with ${code}`);
  return Number(said);
}

/** Starts a worker process and waits until it works. */
export async function startWorkerProcess(
  connectionString: string,
  name: string,
  script: 'worker-process.ts' | 'program-process.ts' | 'webhook-process.ts' = 'worker-process.ts',
  env: Readonly<Record<string, string>> = {},
): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), connectionString, name], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: scriptEnvironment(env),
  });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => said.push(line));
  }
  const ended = once(child, 'close');
  const worker: WorkerProcess = {
    pid: child.pid ?? 0,
    said,
    signal: (signal) => void child.kill(signal),
    async end(signal = 'SIGKILL') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
    },
  };
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the worker ended: ${said.join('\n')}`);
    return said.includes('started');
  }, 'the worker process has started');
  return worker;
}
