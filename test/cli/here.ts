import { tmpdir } from 'node:os';
import { Readable, Writable } from 'node:stream';
import { run } from '../../src/cli/engine/program.ts';
import { program as everything } from '../../src/modules.ts';
import type { Program } from '../../src/platform/declare/program.ts';
import type { Ended, RunOptions } from '../end-to-end/arcadia.ts';

// A command as `./arcadia` runs it, from its words to its exit code, without the second that a process takes to begin.
// What tests a process itself (signals, a terminal, that it ends) starts one: `arcadia` of end-to-end/arcadia.ts.

/** The command before; they share what is of this process, and so run one after another. */
let before: Promise<unknown> = Promise.resolve();

/** Runs a command to its end, in this process, and puts back what of it the command saw as its own. */
export function arcadiaHere(
  args: readonly string[],
  options: RunOptions = {},
  program: Program = everything,
): Promise<Ended> {
  const ended = before.then(() => runHere(args, options, program));
  before = ended.catch(() => {});
  return ended;
}

async function runHere(
  args: readonly string[],
  { env = {}, input = '', cwd = tmpdir() }: RunOptions,
  program: Program,
): Promise<Ended> {
  const stdout = new Said();
  const stderr = new Said();
  const putBack = beProcess({ stdin: Readable.from([Buffer.from(input)]), stdout, stderr }, env, cwd);
  try {
    await run(args, program);
    return { code: Number(process.exitCode ?? 0), signal: null, stdout: stdout.text, stderr: stderr.text };
  } finally {
    putBack();
  }
}

/** A stream that is no terminal, and all that was written to it. */
class Said extends Writable {
  readonly #chunks: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}

/** Until what it returns is called, this process has these streams, this environment and folder, and no exit code. */
function beProcess(
  streams: Readonly<Record<'stdin' | 'stdout' | 'stderr', Readable | Writable>>,
  env: Readonly<Record<string, string>>,
  cwd: string,
): () => void {
  const { env: ownEnv, exitCode: ownExitCode } = process;
  const ownCwd = process.cwd();
  const own = Object.getOwnPropertyDescriptors(process);
  const { PATH, HOME, TMPDIR } = ownEnv;
  process.chdir(cwd);
  process.env = { PATH, HOME, ...(TMPDIR !== undefined && { TMPDIR }), NO_COLOR: '1', ...env };
  process.exitCode = undefined;
  for (const [name, value] of Object.entries(streams))
    Object.defineProperty(process, name, { value, configurable: true });
  return () => {
    for (const name of Object.keys(streams) as (keyof typeof streams)[])
      Object.defineProperty(process, name, own[name]);
    process.exitCode = ownExitCode;
    process.env = ownEnv;
    process.chdir(ownCwd);
  };
}
