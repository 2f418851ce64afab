import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ArcadiaError } from '../errors.ts';
import { type Answered, type Asked, type PlainError, sizeOf, type Task } from './task.ts';

// Whatever parses or draws what people give is done in processes of its own, so that the event loop answers everybody
// meanwhile, and that nothing a file can do ends the program. Threads would not hold that: of eighteen ways to run
// out of memory, out of time or away, five ended the whole process although the thread had its own limits (a map, a list
// or a text that grows beyond the heap in one step is fatal for V8).
//
// A process: starting -> idle -> busy -> idle -> ... -> gone. Only an idle one is given a task. What ends while it is
// busy fails that task alone, and the next task gets a new one.

interface PoolLimits {
  /** Processes at a time. */
  readonly processesMax: number;
  /** Of these, for one kind of task, so that slow fonts hold up no invoice. */
  readonly processesOfOneMax: number;
  /** Tasks of a kind that wait for a process; one more is turned away. */
  readonly waitingMax: number;
  /** Of V8's heap, and of all that the process holds. */
  readonly heapMbMax: number;
  readonly bytesMax: number;
  /** For a process to be there, and for a task's module to be loaded. */
  readonly startMsMax: number;
  /** A process that has nothing to do is ended. */
  readonly idleMsMax: number;
  /** After so many tasks a process is replaced, whatever they left behind in it. */
  readonly tasksMax: number;
}

const mebibyte = 1_048_576;

const defaultPoolLimits: PoolLimits = {
  processesMax: Math.min(4, Math.max(2, availableParallelism() - 1)),
  processesOfOneMax: Math.min(3, Math.max(1, availableParallelism() - 2)),
  waitingMax: 256,
  heapMbMax: 512,
  bytesMax: 1_024 * mebibyte,
  startMsMax: 60_000,
  idleMsMax: 60_000,
  tasksMax: 1_000,
};

export interface RunOptions {
  /** What the task is about, as a sentence begins with it: `The logo`. */
  readonly what: string;
  /** Whoever waits has gone: what has not begun does not begin. */
  readonly signal?: AbortSignal | undefined;
  /** Whoever asks for the same task by the same name meanwhile gets the same output. Not with a signal. */
  readonly sharedBy?: string | undefined;
}

interface Waiting {
  readonly task: Task<unknown, unknown>;
  readonly input: unknown;
  readonly what: string;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

export class TaskPool {
  readonly #limits: PoolLimits;
  readonly #waiting: Waiting[] = [];
  readonly #processes = new Set<TaskProcess>();
  readonly #shared = new Map<string, Promise<unknown>>();

  constructor(limits: Partial<PoolLimits> = {}) {
    this.#limits = { ...defaultPoolLimits, ...limits };
  }

  /**
   * Does a task in a process of the pool.
   * @throws ArcadiaError what the task throws; too_costly (more memory or time than it may have, too large an input);
   *   file_unreadable (an error that nobody foresaw, or its process ended); overloaded; the signal's reason
   */
  async run<Input, Output>(task: Task<Input, Output>, input: Input, options: RunOptions): Promise<Output> {
    if (options.sharedBy === undefined) return this.#run(task, input, options);
    const key = `${task.name} ${options.sharedBy}`;
    const begun = this.#shared.get(key) ?? this.#run(task, input, options).finally(() => this.#shared.delete(key));
    this.#shared.set(key, begun);
    return (await begun) as Output;
  }

  async #run<Input, Output>(task: Task<Input, Output>, input: Input, { what, signal }: RunOptions): Promise<Output> {
    signal?.throwIfAborted();
    const size = sizeOf(input, task.inputBytesMax);
    if (size > task.inputBytesMax) {
      throw new ArcadiaError('too_costly', `${what} has more than the ${task.inputBytesMax} bytes that are taken.`);
    }
    if (this.#waiting.filter((waiting) => waiting.task.name === task.name).length >= this.#limits.waitingMax) {
      throw new ArcadiaError('overloaded', `${what} has to wait: too many others are being read or drawn.`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const waiting: Waiting = { task: task as unknown as Task<unknown, unknown>, input, what, resolve, reject };
    this.#waiting.push(waiting);
    const giveUp = () => {
      const place = this.#waiting.indexOf(waiting);
      if (place >= 0) this.#waiting.splice(place, 1);
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', giveUp, { once: true });
    this.#dispatch();
    try {
      return (await promise) as Output;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** Ends all processes; what is under way fails. */
  async close(): Promise<void> {
    await Promise.all([...this.#processes].map((each) => each.end()));
  }

  #dispatch(): void {
    const { processesMax, processesOfOneMax } = this.#limits;
    const all = [...this.#processes];
    const next = this.#waiting.findIndex(
      ({ task }) => all.filter((each) => each.taskName === task.name).length < processesOfOneMax,
    );
    if (next < 0) return;
    const idle = all.find((each) => each.isIdle) ?? (all.length < processesMax ? this.#begin() : undefined);
    if (idle === undefined) return;
    const [waiting] = this.#waiting.splice(next, 1);
    if (waiting === undefined) return;
    void idle.work(waiting).then(() => this.#dispatch());
    this.#dispatch();
  }

  #begin(): TaskProcess {
    const process = new TaskProcess(this.#limits);
    this.#processes.add(process);
    process.onGone = () => this.#processes.delete(process);
    return process;
  }
}

class TaskProcess {
  readonly #limits: PoolLimits;
  readonly #child: ChildProcess;
  #task: string | null = null;
  #tasks = 0;
  #isEnding = false;
  #idle: NodeJS.Timeout | undefined;
  onGone: () => void = () => {};

  constructor(limits: PoolLimits) {
    this.#limits = limits;
    this.#child = fork(fileURLToPath(new URL('./child.ts', import.meta.url)), [String(limits.bytesMax)], {
      // Nothing of the environment: it holds secrets, and what is parsed needs none of it.
      env: {},
      execArgv: [
        `--max-old-space-size=${limits.heapMbMax}`,
        '--permission',
        '--allow-fs-read=*',
        '--allow-worker',
        '--disable-warning=SecurityWarning',
      ],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    // A program that has nothing else to do ends, and its processes with it.
    this.#child.unref();
    this.#child.channel?.unref();
    this.#child.once('error', () => this.onGone());
    this.#child.once('exit', () => {
      clearTimeout(this.#idle);
      this.onGone();
    });
  }

  /** The task that it is at. */
  get taskName(): string | null {
    return this.#task;
  }

  get isIdle(): boolean {
    return this.#task === null && !this.#isEnding && this.#child.connected;
  }

  /** Settles when it can be given another task, or is gone; never fails. */
  async work({ task, input, what, resolve, reject }: Waiting): Promise<void> {
    clearTimeout(this.#idle);
    this.#task = task.name;
    this.#tasks += 1;
    // What somebody waits for keeps the program.
    this.#child.ref();
    this.#child.channel?.ref();
    let isWhole = this.#tasks < this.#limits.tasksMax;
    try {
      resolve(await this.#ask(task, input, what));
    } catch (error) {
      // After anything else than a refusal it is not known what is left of it.
      isWhole &&= error instanceof Refusal;
      reject(error instanceof Refusal ? errorOf(error.plain) : error);
    }
    if (!isWhole) await this.end();
    this.#child.unref();
    this.#child.channel?.unref();
    this.#task = null;
    this.#idle = setTimeout(() => void this.end(), this.#limits.idleMsMax).unref();
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async #ask(task: Task<unknown, unknown>, input: unknown, what: string): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    let timedOut = false;
    let begun = false;
    const expire = () => {
      timedOut = true;
      this.#child.kill('SIGKILL');
    };
    let timer = setTimeout(expire, this.#limits.startMsMax);
    const onMessage = (answered: Answered) => {
      if (answered.kind === 'begun') {
        begun = true;
        clearTimeout(timer);
        timer = setTimeout(expire, task.msMax);
      } else if (answered.kind === 'done') resolve(answered.output);
      else if (answered.kind === 'refused') reject(new Refusal(answered.error));
      else if (answered.kind === 'failed') reject(unreadable(what, answered.message));
    };
    const onExit = (code: number | null, signal: string | null) => {
      if (timedOut && begun) reject(tooCostly(what, `longer than ${task.msMax / 1_000} s`));
      else if (timedOut) reject(new ArcadiaError('overloaded', `${what} has to wait: this machine is too busy.`));
      // V8 aborts where its heap is full. Nobody but the watch, or the system where memory is short, kills.
      else if (
        signal === 'SIGABRT' ||
        signal === 'SIGKILL' ||
        signal === 'SIGTRAP' ||
        signal === 'SIGILL' ||
        code === 134
      )
        reject(tooCostly(what, `more memory than the ${this.#limits.heapMbMax} MiB`));
      else reject(unreadable(what, `its process ended with ${signal ?? code}`));
    };
    const onError = (cause: Error) => reject(unreadable(what, cause.message));
    this.#child.on('message', onMessage).once('exit', onExit).once('error', onError);
    try {
      const asked: Asked = { file: task.file.href, input };
      this.#child.send(asked, (cause) => cause !== null && onError(cause));
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#child.off('message', onMessage).off('exit', onExit).off('error', onError);
    }
  }
}

/** What a task threw as an error of ours. */
class Refusal extends Error {
  readonly plain: PlainError;
  constructor(plain: PlainError) {
    super(plain.message);
    this.plain = plain;
  }
}

function tooCostly(what: string, limit: string): ArcadiaError {
  return new ArcadiaError('too_costly', `${what} takes ${limit} that it may.`);
}

function unreadable(what: string, reason: string): ArcadiaError {
  return new ArcadiaError('file_unreadable', `${what} cannot be read.`, { cause: new Error(reason) });
}

function errorOf({ declaration, message, todo, details }: PlainError): ArcadiaError {
  return new ArcadiaError(declaration, message, { todo, details });
}

/** One of a process: all who ask share its limits. Its processes begin when they are needed, and end with the program. */
const shared = new TaskPool();

/** Does a task in the process's pool, as `TaskPool.run`. */
export async function runTask<Input, Output>(
  task: Task<Input, Output>,
  input: Input,
  options: RunOptions,
): Promise<Output> {
  return shared.run(task, input, options);
}
