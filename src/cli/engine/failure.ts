import { commandLine } from './next.ts';
import type { BoundView } from './views.ts';
import { CommanderError } from 'commander';
import { ArcadiaError, toArcadiaError } from '../../platform/errors.ts';
import { type Logger, redactText } from '../../platform/log.ts';
import { printable } from '../../platform/printable.ts';

/**
 * Any error as one of the catalogue's. A command line that cannot be read is an invalid argument.
 * @param command `arcadia plan apply`: whose help says what can be given, where it is known
 */
export function failureOf(error: unknown, command?: string): ArcadiaError {
  if (error instanceof CommanderError) {
    // Its suggestion ("Did you mean ...?") stands on a line of its own.
    const message = error.message
      .replace(/^error: /, '')
      .replaceAll(/\s*\n\s*/g, ' ')
      .trim();
    return new ArcadiaError('invalid_argument', sentence(message), {
      cause: error,
      ...(command !== undefined && { todo: `${command} --help shows what it takes.` }),
    });
  }
  return toArcadiaError(error);
}

/** The block that a person reads: what and where, what to do, and the stable code. */
export function failureBlock(failure: ArcadiaError, views: ReadonlyMap<string, BoundView>): string {
  const next = failure.next === null ? null : commandLine(views, failure.next);
  const lines = [
    `error: ${readable(failure.message)}`,
    ...(failure.todo === '' ? [] : [`  to do: ${readable(failure.todo)}`]),
    ...(next === null ? [] : [`  next:  ${readable(next)}`]),
    `  code:  ${failure.code}`,
  ];
  if (failure.code === 'internal' && failure.cause instanceof Error && failure.cause.stack !== undefined) {
    lines.push(...failure.cause.stack.split('\n').map((line) => `  ${readable(line)}`));
  }
  return lines.join('\n');
}

/** What ended a process whose log has it already. */
export class LoggedFailure extends Error {
  override readonly name = 'LoggedFailure';
  readonly failure: ArcadiaError;
  constructor(failure: ArcadiaError) {
    super(failure.message, { cause: failure });
    this.failure = failure;
  }
}

/** The last line of the log of a process that an error ends. */
export function logFailure(log: Logger, error: unknown): LoggedFailure {
  const failure = failureOf(error);
  const { code, message, todo, next, exitCode } = failure;
  const isDefect = code === 'internal' && failure.cause instanceof Error;
  // Who stops a server is no fault of it.
  const level = code === 'cancelled' ? 'info' : 'fatal';
  log[level]({ code, todo, next, exit_code: exitCode, ...(isDefect && { err: failure.cause }) }, message);
  return new LoggedFailure(failure);
}

/** The same for a program: one line. */
export function failureJson(failure: ArcadiaError): string {
  const { code, message, todo, next, exitCode, details } = failure;
  return redactText(JSON.stringify({ error: { code, message, todo, next, exitCode, details } }));
}

/** Several mistakes stand on lines of their own; nothing else in a message may steer the terminal or give a secret away. */
function readable(text: string): string {
  return redactText(text).split('\n').map(printable).join('\n  ');
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!)]$/.test(capital) ? capital : `${capital}.`;
}
