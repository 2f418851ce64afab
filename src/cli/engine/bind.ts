import type { Command } from 'commander';
import type { Action } from '../../platform/declare/answer.ts';
import { InvalidRequest } from '../../platform/declare/invalid-input.ts';
import type { RawInput } from '../../platform/declare/input.ts';
import type { Program } from '../../platform/declare/program.ts';
import { ArcadiaError, type NextOperation } from '../../platform/errors.ts';
import {
  addArguments,
  addOwnArguments,
  agreedInput,
  argumentsOf,
  type BoundArguments,
  labelOf,
  readArguments,
} from './arguments-of.ts';
import { describeCommand, withSession } from './command.ts';
import { confirm } from './confirm.ts';
import { fieldsOf } from './fields.ts';
import { commandLine } from './next.ts';
import { printAnswer, printCsv, printDocument, printList } from './print.ts';
import type { Session } from './session.ts';
import type { Surface } from './surface.ts';
import type { BoundView, Question, ViewTools } from './views.ts';

// An operation as a command: its arguments, where it runs, what is asked first, and what is printed.

interface RunOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly yes?: boolean;
  readonly exitCode?: boolean;
  readonly all?: boolean;
  readonly csv?: boolean;
  readonly out?: string;
  readonly force?: boolean;
  /** False with --no-wait. */
  readonly wait?: boolean;
  readonly [option: string]: unknown;
}

/** What follows from a change: jobs of the server that have yet to end, or what failed of those that ran here. */
interface Following {
  /** What the operation answered. */
  answer?: unknown;
  readonly ids: string[];
  readonly failures: unknown[];
}

/** One line, as the list of commands shows it. */
export function summaryOf(view: BoundView): string {
  return view.summary ?? lowerFirst(view.operation.summary);
}

/** Gives a command the arguments, help and action of an operation. `views`: all commands, by their words. */
export function bindCommand(
  command: Command,
  view: BoundView,
  program: Program,
  views: ReadonlyMap<string, BoundView>,
): Command {
  const { operation } = view;
  const bound = argumentsOf(view);
  const summary = summaryOf(view);
  describeCommand(command, {
    summary,
    ...(view.details === undefined ? {} : { details: view.details }),
    example: view.example ?? plainExample(view, bound),
  });
  addArguments(command, bound, view.help ?? {});
  if (view.own !== undefined) addOwnArguments(command, view.own);
  const count = view.own?.positional.length ?? bound.positional.length;
  if (operation.shape === 'list')
    command.option('--all', 'every page, as it comes').option('--csv', 'every row as CSV, with a header line');
  if (operation.shape === 'document')
    command.option('--out <file>', 'write to this file instead of standard output').option('--force', 'replace a file');
  if (isFollowed(view)) command.option('--no-wait', 'leave to a worker what follows by jobs, and return at once');
  if (asks(view)) command.option('--yes', 'do not ask');
  if (view.differs !== undefined) command.option('--exit-code', 'exit with 3 where there are differences');
  command
    .option('--url <address>', 'run it on this server (ARCADIA_URL) in place of the local database')
    .option('--token-file <file>', 'a file with the token for that server (ARCADIA_TOKEN)');
  return command.action(
    withSession(async (session, ...rest: unknown[]) => {
      const args = rest.slice(0, count);
      const options = rest[count] as RunOptions;
      const input = await readInputOf(session, view, bound, { args, options });
      refuseEmptyChange(view, input);
      const followed: Following = { ids: [], failures: [] };
      const surface = await openSurface(session, view, options, program, followed);
      try {
        const waiting = { surface, input, followed, commandOf: (next: NextOperation) => commandLine(views, next) };
        const exitCode = await run(session, view, waiting, options);
        if (options.wait !== false) await waitForJobs(session, view, program, waiting);
        return exitCode;
      } catch (error) {
        throw error instanceof InvalidRequest ? reworded(error, view, bound, input) : error;
      }
    }),
  );
}

function readInputOf(
  session: Session,
  view: BoundView,
  bound: BoundArguments,
  { args, options }: { args: readonly unknown[]; options: RunOptions },
): Promise<RawInput> {
  if (view.own === undefined) return readArguments(view, bound, args, options);
  return view.own.read({ positional: args as readonly string[], options }, (text) => session.output.note(text));
}

/** A change of nothing is somebody who has not found the flag. */
function refuseEmptyChange({ name, operation }: BoundView, { body }: RawInput): void {
  if (operation.shape !== 'action' || operation.method !== 'PATCH') return;
  if (Object.keys(body ?? {}).some((key) => key !== 'from')) return;
  throw new ArcadiaError('invalid_argument', 'Nothing to change is given.', {
    todo: `What there is to change: arcadia ${name ?? operation.name} --help`,
  });
}

interface Waiting extends ViewTools {
  readonly followed: Following;
}

/** Waits for what follows, shows what came of it, and throws what failed: the finer error of the two that say so. */
async function waitForJobs(
  session: Session,
  view: BoundView,
  program: Program,
  { followed, ...tools }: Waiting,
): Promise<void> {
  let failed: unknown = null;
  if (followed.ids.length > 0) {
    const { followJobs } = await import('./follow-jobs.ts');
    await followJobs(session, tools.surface, program, followed.ids).catch((error: unknown) => (failed = error));
  }
  failed ??= followed.failures[0] ?? null;
  session.signal.throwIfAborted();
  const shown = (await view.afterJobs?.(followed.answer as never, { ...tools, output: session.output })) ?? null;
  const isPlain = failed === null || (failed instanceof ArcadiaError && failed.code === 'job_failed');
  if (isPlain && shown !== null) throw shown;
  if (failed !== null) throw failed;
}

function isFollowed({ operation }: BoundView): boolean {
  return operation.shape === 'action' && operation.followedBy !== undefined;
}

function asks({ operation, confirm: question, run: own }: BoundView): boolean {
  return question !== undefined || own !== undefined || operation.command?.confirm !== undefined;
}

async function openSurface(
  session: Session,
  { operation }: BoundView,
  options: RunOptions,
  program: Program,
  followed: Following,
): Promise<Surface> {
  const url = options.url ?? process.env.ARCADIA_URL;
  if (url !== undefined && url !== '') {
    const { readToken, remoteSurface } = await import('./remote-surface.ts');
    const token = await readToken(options.tokenFile);
    const onFollowed = (id: string) => followed.ids.push(id);
    return remoteSurface({ url, token, signal: session.signal, program, onFollowed });
  }
  const why = operation.command?.remoteOnly;
  if (why !== undefined)
    throw new ArcadiaError('invalid_argument', `arcadia ${operation.name} needs a running server. ${why}`, {
      todo: 'Give its address with --url.',
    });
  const { localSurface } = await import('./local-surface.ts');
  const onFailure = (error: unknown) => followed.failures.push(error);
  return localSurface(session, program, { leavesJobs: options.wait === false, onFailure });
}

async function run(
  session: Session,
  view: BoundView,
  { followed, ...tools }: Waiting,
  options: RunOptions,
): Promise<number | undefined> {
  const { operation } = view;
  const { surface, input } = tools;
  if (operation.shape === 'list') {
    const { all: isAll = false, csv: isCsv = false } = options;
    if (isCsv) return printCsv(session, operation, tools);
    const page = await printList(session, operation, view, tools, isAll);
    return options.exitCode === true && view.differs?.(page as never) === true ? 3 : undefined;
  }
  if (operation.shape === 'document') {
    await printDocument(session, await surface.document(operation, input), options);
    for (const note of (await view.notes?.(undefined as never, tools)) ?? []) session.output.note(note);
    return undefined;
  }
  const answer = await actOn(session, view, tools, options.yes === true);
  followed.answer = answer;
  const isShownLater = view.afterJobs !== undefined && options.wait !== false && !session.output.json;
  if (!isShownLater) await printAnswer(session, view, answer, tools);
  const failure = view.failure?.(answer as never) ?? null;
  if (failure !== null) throw failure;
  return options.exitCode === true && view.differs?.(answer as never) === true ? 3 : undefined;
}

async function actOn(session: Session, view: BoundView, tools: ViewTools, isSure: boolean): Promise<unknown> {
  const { surface, input } = tools;
  if (view.run !== undefined) {
    const note = (text: string) => session.output.note(text);
    const ask = async (question: string, untouched?: string) => {
      if (!isSure) await agreed(session, question, untouched);
    };
    return view.run({ ...tools, note, ask, isSure });
  }
  const { isAgreed, seen } = isSure ? { isAgreed: true, seen: {} } : await askFirst(session, view, tools);
  const given = isAgreed ? agreedInput(view, input) : input;
  return surface.act(view.operation as Action, { ...given, query: { ...seen, ...given.query } });
}

/** Whether somebody has agreed (not: there was nothing to agree to), and what goes with the request by what they saw. */
async function askFirst(
  session: Session,
  view: BoundView,
  tools: ViewTools,
): Promise<Pick<Question, 'seen'> & { readonly isAgreed: boolean }> {
  const { input } = tools;
  const template = view.operation.command?.confirm;
  const note = (text: string) => session.output.note(text);
  const found = view.confirm
    ? await view.confirm({ ...tools, note })
    : template && filled(template, { ...(input.body as object), ...input.query, ...input.params });
  const { question, seen } =
    typeof found === 'object' && found !== null ? found : { question: found ?? null, seen: {} };
  if (question !== null) await agreed(session, question);
  return { isAgreed: question !== null, seen };
}

/** Errors: cancelled, where a person says no. */
async function agreed(session: Session, question: string, untouched = 'Nothing was changed.'): Promise<void> {
  if (!(await confirm(question, session.signal)))
    throw new ArcadiaError('cancelled', untouched, { todo: 'Run it again to decide otherwise.' });
}

function filled(template: string, values: Readonly<Record<string, unknown>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => asText(values[name]));
}

/** What a schema refused, by the arguments that it came from, one line each. */
function reworded(error: InvalidRequest, view: BoundView, bound: BoundArguments, input: RawInput): ArcadiaError {
  const fields = fieldsOf(view.operation, view.fixed);
  const lines = error.errors.map(({ in: place, pointer, detail }) => {
    const steps = place === 'body' ? pointer.split('/').slice(1) : [pointer];
    const field = fields.find(
      (one) => one.place === place && one.path.length > 0 && one.path.every((step, index) => steps[index] === step),
    );
    if (field === undefined) return `${steps.length === 0 ? 'The file' : placeOf(steps)}: ${detail}.`;
    const rest = steps.slice(field.path.length).join('.');
    const given = valueAt({ path: input.params, query: input.query, body: input.body }[field.place], field.path);
    const shown = typeof given === 'string' ? ` ${quoted(given)}` : '';
    return `${labelOf(bound, field)}${shown}${rest === '' ? '' : ` (${rest})`} ${detail}.`;
  });
  return new ArcadiaError('invalid_argument', lines.join('\n'), { details: { errors: error.errors } });
}

/** `rules[0].name`, of the steps to it. */
function placeOf(steps: readonly string[]): string {
  return steps.map((step, index) => (/^\d+$/.test(step) ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z' ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** What to type, made of the examples of the schemas. */
function plainExample(view: BoundView, { positional }: BoundArguments): string {
  const words = positional.map((field) => (field.isRequired ? `<${field.flag}>` : ''));
  return ['$ arcadia', view.name ?? view.operation.name, ...words.filter((word) => word !== '')].join(' ');
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], value);
}

function asText(value: unknown): string {
  if (Array.isArray(value)) return value.map(asText).join(', ');
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
