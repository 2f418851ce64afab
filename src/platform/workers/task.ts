// Work on what people hand in, or that takes long, as the module that owns it declares it. It is done in a process of
// its own (pool.ts), which gets no environment, no network and no right to write files.

export interface Task<Input, Output> {
  /** snake_case, unique in the program. */
  readonly name: string;
  /** The module that does it, by `export const run: TaskWork<...>`. It is loaded by the process that does it, only. */
  readonly file: URL;
  /** Texts and bytes of the input, together: what has more is refused before anything is begun. */
  readonly inputBytesMax: number;
  /** What takes longer is ended, with the process that does it. */
  readonly msMax: number;
  /** Only types: what goes in and comes out, which structured clone must be able to copy. */
  readonly types?: (input: Input) => Output;
}

/** What the module of a task exports as `run`. What it throws as an ArcadiaError is thrown to whoever asked. */
export type TaskWork<Input, Output> = (input: Input) => Output | Promise<Output>;

/** Declares a task. */
export function declareTask<Input, Output>(task: Task<Input, Output>): Task<Input, Output> {
  return task;
}

/** How many bytes the texts and the bytes of a value take, as far as they have to be counted. */
export function sizeOf(value: unknown, most: number): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 0;
  let size = 0;
  for (const item of Object.values(value)) {
    size += sizeOf(item, most - size);
    if (size > most) return size;
  }
  return size;
}

// What the pool and its processes say to each other.

export interface Asked {
  readonly file: string;
  readonly input: unknown;
}

export type Answered =
  | { readonly kind: 'ready' }
  /** The module is loaded: from now on the time counts. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'done'; readonly output: unknown }
  /** By the task, in words of ours. */
  | { readonly kind: 'refused'; readonly error: PlainError }
  /** By an error that nobody foresaw; the process goes on. */
  | { readonly kind: 'failed'; readonly message: string };

/** An ArcadiaError, as it can be copied. */
export interface PlainError {
  readonly declaration: {
    readonly code: string;
    readonly exitCode: number;
    readonly status: number;
    readonly todo: string;
  };
  readonly message: string;
  readonly todo: string;
  readonly details: Readonly<Record<string, unknown>>;
}
