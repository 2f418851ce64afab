import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const command = fileURLToPath(new URL('../../arcadia', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** On top of an environment in which nothing is set that arcadia reads. */
  readonly env?: Readonly<Record<string, string>>;
  /** What stdin says; nothing, and its end, unless given. */
  readonly input?: string;
  /** Where it is run. */
  readonly cwd?: string;
}

/** `./arcadia` of the clone as a process of its own. */
export class Arcadia {
  readonly child: ChildProcess;
  /** When it has ended and all that it said has been read. */
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], options: RunOptions = {}) {
    const { PATH, HOME, TMPDIR } = process.env;
    const env = { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), NO_COLOR: '1', ...options.env };
    this.child = spawn(command, args, { env, cwd: options.cwd ?? tmpdir(), stdio: 'pipe' });
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    // A command that does not read its stdin may be gone before it is written.
    this.child.stdin?.on('error', () => {});
    this.child.stdin?.end(options.input ?? '');
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Waits until a whole line on stdout or stderr says something; fails if the process ends before. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const lines = (text: string) => text.slice(0, text.lastIndexOf('\n') + 1);
    for (;;) {
      const found = pattern.exec(lines(this.stdout)) ?? pattern.exec(lines(this.stderr));
      if (found) return found;
      const more = new Promise((resolve) => {
        this.child.stdout?.once('data', resolve);
        this.child.stderr?.once('data', resolve);
      });
      const over = await Promise.race([more.then(() => null), this.ended]);
      if (over !== null && !pattern.test(over.stdout) && !pattern.test(over.stderr)) {
        throw new Error(`it ended (${over.code ?? over.signal}) without saying ${pattern}:\n${over.stderr}`);
      }
    }
  }
}

/** Runs a command to its end. */
export function arcadia(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Arcadia(args, options).ended;
}

/** The JSON value that a command printed; its error where it printed none. */
export function answerOf(ended: Ended): unknown {
  if (ended.code !== 0) throw new Error(`exit ${ended.code ?? ended.signal}: ${ended.stderr}`);
  return JSON.parse(ended.stdout);
}

/** The error that a command with --json put on the last line of stderr. */
export function failureOf(ended: Ended): { code: string; message: string; todo: string; exitCode: number } {
  const line = ended.stderr.trimEnd().split('\n').at(-1) ?? '';
  return (JSON.parse(line) as { error: { code: string; message: string; todo: string; exitCode: number } }).error;
}

/** A folder for an embedded database, which its server's user may enter when root runs the tests. */
export function makeFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'arcadia-test-'));
  chmodSync(path, 0o755);
  // A killed server's last processes may still be writing.
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
  return { path, remove };
}
