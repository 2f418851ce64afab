import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Arcadia, answerOf, arcadia, type Ended, makeFolder } from '../../end-to-end/arcadia.ts';

/** One command as it was typed, and what came of it. */
export interface Typed {
  readonly line: string;
  readonly ended: Ended;
}

/**
 * Somebody at a terminal: runs `./arcadia`, reads what it says, and has nothing else of the program. The database is the
 * embedded one in a folder of their own; a server that answers the API keeps it up from one command to the next.
 */
export class Operator {
  readonly typed: Typed[] = [];
  readonly #folder = makeFolder();
  readonly #env: Readonly<Record<string, string>>;
  #server: Arcadia | null = null;

  constructor(apiUrl: string) {
    this.#env = {
      ARCADIA_DATA_DIR: this.#folder.path,
      ARCADIA_METRICS_PORT: 'off',
      DIGITALOCEAN_API_URL: apiUrl,
      DIGITALOCEAN_TOKEN: 'any',
    };
  }

  /** Starts the server that stays up. */
  async begin(): Promise<void> {
    this.#server = new Arcadia(['start', '--role', 'api', '--port', '0'], { env: this.#env });
    await this.#server.says(/arcadia is up at/);
  }

  /** Writes a file into the folder in which commands are run. */
  write(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, text);
    return path;
  }

  /** Where a file is that a command wrote. */
  path(name: string): string {
    return join(this.#folder.path, name);
  }

  /** Runs a command and expects that it succeeds; what it printed. */
  async run(...args: readonly string[]): Promise<string> {
    const ended = await this.try(...args);
    if (ended.code !== 0) throw new Error(`arcadia ${args.join(' ')} ended with ${ended.code}:\n${ended.stderr}`);
    return ended.stdout;
  }

  /** Runs a command, whatever comes of it. */
  async try(...args: readonly string[]): Promise<Ended> {
    const ended = await arcadia(args, { env: this.#env, cwd: this.#folder.path });
    this.typed.push({ line: `arcadia ${args.join(' ')}`, ended });
    return ended;
  }

  /** What a command prints for programs: for the test's own comparisons, and counted as nobody's command. */
  async read(...args: readonly string[]): Promise<unknown> {
    return answerOf(await arcadia([...args, '--json'], { env: this.#env, cwd: this.#folder.path }));
  }

  async end(): Promise<void> {
    this.#server?.child.kill('SIGTERM');
    await this.#server?.ended;
    this.#folder.remove();
  }
}
