import { Command } from 'commander';
import type { Program } from '../../platform/declare/program.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { openSession, type Session } from './session.ts';

interface CommandDescription {
  /** One line, as the list of commands shows it. */
  readonly summary: string;
  /** What it does, where the summary does not say it all: paragraphs, and indented lines that stay as they are. */
  readonly details?: string;
  /** A worked example: what to type, and what comes back. */
  readonly example?: string;
}

/** Adds a command under a noun, with what every command has: --json, where the data is, an example. */
export function addCommand(parent: Command, usage: string, description: CommandDescription): Command {
  return describeCommand(parent.command(usage), description);
}

/** Gives a command that stands alone (`arcadia start`) what every command has. */
export function describeCommand(command: Command, description: CommandDescription): Command {
  const { summary, details, example } = description;
  if (example !== undefined) command.addHelpText('after', `\nExample:\n${indent(example)}`);
  return command
    .summary(summary)
    .description(
      `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.${details === undefined ? '' : `\n\n${unwrap(details)}`}`,
    )
    .option('--json', 'print one JSON value instead of text, errors included')
    .option('--data-dir <folder>', 'where the embedded database lives (ARCADIA_DATA_DIR)')
    .option('--database <name>', 'another database of that server, such as demo_pilot')
    .option('--config <file>', 'settings file (ARCADIA_CONFIG; arcadia.yaml)');
}

/** Each paragraph as one line: the terminal's width decides where it breaks, not the source's. */
function unwrap(text: string): string {
  return text.replaceAll(/(?<=^\S.*)\n(?=\S)/gm, ' ');
}

/** The command that all others are under. It knows what the modules declare. */
export class RootCommand extends Command {
  readonly program: Program;
  constructor(name: string, program: Program) {
    super(name);
    this.program = program;
  }
}

function programOf(command: Command): Program {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    if (at instanceof RootCommand) return at.program;
  }
  throw new RangeError(`${command.name()} is under no root command`);
}

/** What every command's options hold. */
export interface CommonOptions {
  readonly json?: boolean;
  readonly dataDir?: string;
  readonly database?: string;
  readonly config?: string;
  /** Of those commands that talk to a provider for the first time. */
  readonly apiUrl?: string;
}

/**
 * A command's action: opens a session, runs the work, and closes what the session opened, however
 * the work ends. What the work returns is the exit code; nothing is 0.
 */
export function withSession<Args extends unknown[]>(
  work: (session: Session, ...args: Args) => Promise<number | undefined | void>,
) {
  return async function (this: Command, ...args: unknown[]): Promise<void> {
    const session = openSession(this.opts<CommonOptions>(), programOf(this));
    let exitCode: number | undefined | void;
    try {
      exitCode = await work(session, ...(args as Args));
    } catch (error) {
      // What went wrong comes first; that closing fails then too is its consequence.
      await session.close().catch(() => {});
      const told = toldOf(error, session.signal);
      if (session.output.log === null) throw told;
      const { logFailure } = await import('./failure.ts');
      throw logFailure(session.output.log, told);
    }
    await session.close();
    if (typeof exitCode === 'number') process.exitCode = exitCode;
  };
}

/** What the person is told of: of a cancellation the cancellation, whatever the work made of it. */
function toldOf(error: unknown, signal: AbortSignal): unknown {
  // What the work says of its own cancellation tells more.
  const isOwn = error instanceof ArcadiaError && error.code === 'cancelled' && error.cause === signal.reason;
  return isOwn || !signal.aborted ? error : signal.reason;
}

function indent(text: string): string {
  return text
    .trim()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}
