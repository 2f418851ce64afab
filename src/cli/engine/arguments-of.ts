import { Argument, type Command, Option } from 'commander';
import type { RawInput } from '../../platform/declare/input.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { type Field, fieldsOf } from './fields.ts';
import { readSecret } from './secret.ts';
import { readValue } from './values.ts';
import type { BoundView, OwnArguments } from './views.ts';

// The arguments of an operation's command, and the input that somebody's arguments are.

export interface BoundArguments {
  readonly positional: readonly Field[];
  readonly flags: readonly Field[];
  /** Fields that never stand in a command line, each with its environment variable. */
  readonly secrets: readonly { readonly field: Field; readonly variable: string }[];
  /** The first day of the range that --month stands for; null: it is no flag. */
  readonly month: Field | null;
}

/** Which fields of the operation stand where. What the view fixes is no argument. */
export function argumentsOf({ operation, ...view }: BoundView): BoundArguments {
  if (view.own !== undefined) return { positional: [], flags: [], secrets: [], month: null };
  const { positional: hinted, secrets = {} } = operation.command ?? {};
  const given = { ...view.fixed, ...view.agreed };
  const fields = fieldsOf(operation, view.fixed).filter((field) => !(nameOf(field) in given));
  const wanted = view.positional ?? hinted;
  const isPositional = (field: Field) =>
    field.path.length === 0 || (wanted === undefined ? field.place === 'path' : wanted.includes(nameOf(field)));
  const order = (field: Field) => (field.path.length === 0 ? -1 : (wanted ?? []).indexOf(nameOf(field)));
  const open = fields.filter((field) => secrets[nameOf(field)] === undefined);
  const positional = open.filter(isPositional);
  const flags = open.filter((field) => !isPositional(field));
  const from = flags.find(({ flag, kind }) => flag === 'from' && kind === 'day');
  const to = flags.find(({ flag, kind }) => flag === 'to' && kind === 'day');
  const isRange = from !== undefined && from.place === to?.place;
  return {
    positional: wanted === undefined ? positional : positional.toSorted((a, b) => order(a) - order(b)),
    flags,
    secrets: fields.flatMap((field) => {
      const variable = secrets[nameOf(field)];
      return variable === undefined ? [] : [{ field, variable }];
    }),
    month: isRange && !flags.some(({ flag }) => flag === 'month') ? from : null,
  };
}

function nameOf(field: Field): string {
  return field.path.join('.');
}

/** Gives a command its arguments. */
export function addArguments(command: Command, bound: BoundArguments, help: Readonly<Record<string, string>>): void {
  for (const [index, field] of bound.positional.entries()) {
    const isLast = index === bound.positional.length - 1;
    const dots = field.isList && isLast ? '...' : '';
    const word = `${field.kind === 'named-file' ? 'file' : field.flag}${dots}`;
    command.addArgument(new Argument(field.isRequired ? `<${word}>` : `[${word}]`, helpOf(field, help)));
  }
  for (const field of bound.flags)
    for (const option of optionsOf(field, help, bound.month !== null)) command.addOption(option);
  if (bound.month !== null) command.option('--month <month>', 'a UTC calendar month, in place of --from and --to');
  for (const { field, variable } of bound.secrets)
    command.addHelpText(
      'after',
      `\n${variable}: ${helpOf(field, help)}${field.isRequired ? '; where it is not set, standard input holds it' : ''}`,
    );
}

/** Gives a command arguments of its own. */
export function addOwnArguments(command: Command, { positional, options }: OwnArguments): void {
  for (const { name, description } of positional) command.addArgument(new Argument(`<${name}>`, description));
  for (const { flags, description, isRequired, isList } of options) {
    const option = new Option(flags, isList === true ? `${description}; can be repeated` : description);
    if (isList === true) option.argParser(collect);
    command.addOption(isRequired === true ? option.makeOptionMandatory() : option);
  }
}

function helpOf(field: Field, help: Readonly<Record<string, string>>): string {
  const own = help[nameOf(field)] ?? lowerFirst(field.description);
  const choices = field.choices === null ? '' : `: ${field.choices.join(', ')}`;
  const form =
    typeof field.kind === 'object' && 'compact' in field.kind
      ? ` (${field.kind.compact.map(({ name }) => name).join(':')})`
      : '';
  const isPair = field.kind === 'pair' || field.kind === 'scalar-pair';
  const pair = isPair ? ' (name=value)' : '';
  const word = field.word === null ? '' : `, or ${field.word}`;
  const repeated = field.isList || isPair ? '; can be repeated' : '';
  const none = field.isNullable && field.isRequired === false ? '; "" for none' : '';
  const preset =
    field.defaultValue === undefined || field.defaultValue === null || field.defaultValue === false
      ? ''
      : `; ${JSON.stringify(field.defaultValue)} unless given`;
  return `${own}${choices}${word}${form}${pair}${repeated}${none}${preset}`.replace(/^[:;] ?/, '').trim();
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

function optionsOf(field: Field, help: Readonly<Record<string, string>>, hasMonth: boolean): Option[] {
  const text = helpOf(field, help);
  if (field.kind === 'boolean' && !field.isList) {
    const yes = new Option(`--${field.flag}`, text);
    // What is false anyhow needs no flag that says so.
    return field.defaultValue === false ? [yes] : [yes, new Option(`--no-${field.flag}`, '').hideHelp()];
  }
  const option = new Option(`--${field.flag} <${wordOf(field)}>`, text).argParser(collect);
  const isOfMonth = hasMonth && (field.flag === 'from' || field.flag === 'to');
  return [field.isRequired && field.defaultValue === undefined && !isOfMonth ? option.makeOptionMandatory() : option];
}

function wordOf({ kind, choices, flag }: Field): string {
  if (choices !== null) return flag;
  if (kind === 'moment' || kind === 'day' || kind === 'json') return kind;
  if (kind === 'integer' || kind === 'number') return 'n';
  if (kind === 'pair' || kind === 'scalar-pair') return 'name=value';
  if (kind === 'named-file') return 'file';
  if (typeof kind === 'object') return 'yaml' in kind ? 'file' : kind.compact.map(({ name }) => name).join(':');
  return flag;
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

/** How a field is called where something is wrong with it. */
export function labelOf(bound: BoundArguments, field: Field): string {
  const isIt = (one: Field) => one.place === field.place && nameOf(one) === nameOf(field);
  const secret = bound.secrets.find((one) => isIt(one.field));
  if (secret !== undefined) return secret.variable;
  return bound.positional.some(isIt) ? `<${field.flag}>` : `--${field.flag}`;
}

/** What was typed, as the input of the operation. Errors: invalid_argument. */
export async function readArguments(
  view: BoundView,
  bound: BoundArguments,
  args: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
): Promise<RawInput> {
  const input: Parts = { path: {}, query: {}, body: {} };
  let body: unknown;
  for (const [index, field] of bound.positional.entries()) {
    const given = args[index];
    const texts = [given ?? []].flat() as string[];
    if (texts.length === 0) continue;
    if (field.path.length === 0) body = await readValue(field, texts);
    else put(input[field.place], field.path, await readValue(field, texts));
  }
  for (const field of bound.flags) {
    const given = options[camel(field.flag)];
    if (given === undefined) continue;
    put(
      input[field.place],
      field.path,
      typeof given === 'boolean' ? given : await readValue(field, [given].flat() as string[]),
    );
  }
  if (bound.month !== null) readMonth(input, bound.month, options);
  for (const { field, variable } of bound.secrets) {
    const value = process.env[variable]?.trim() || (field.isRequired ? await readSecret(field, variable) : '');
    if (value !== '') put(input[field.place], field.path, await readValue(field, [value]));
  }
  fix(view, input);
  return { params: input.path, query: input.query, body: body ?? (hasBody(view) ? input.body : undefined) };
}

type Parts = Record<Field['place'], Record<string, unknown>>;

function hasBody({ operation }: BoundView): boolean {
  return operation.shape === 'action' && operation.body !== undefined;
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) target[name] = value;
  else put((target[name] ??= {}) as Record<string, unknown>, rest, value);
}

function fix({ operation, fixed = {} }: BoundView, input: Parts): void {
  if (Object.keys(fixed).length === 0) return;
  for (const field of fieldsOf(operation, fixed)) {
    const value = fixed[nameOf(field)];
    if (value !== undefined) put(input[field.place], field.path, value);
  }
}

/** The input with the values that the view gives once somebody has agreed. */
export function agreedInput({ operation, fixed, agreed = {} }: BoundView, input: RawInput): RawInput {
  const parts: Parts = { path: { ...input.params }, query: { ...input.query }, body: {} };
  const body = typeof input.body === 'object' && input.body !== null ? structuredClone(input.body) : {};
  for (const field of fieldsOf(operation, fixed)) {
    const value = agreed[nameOf(field)];
    if (value === undefined) continue;
    put(field.place === 'body' ? (body as Record<string, unknown>) : parts[field.place], field.path, value);
  }
  const changesBody = typeof input.body === 'object' && input.body !== null;
  return { params: parts.path, query: parts.query, body: changesBody ? body : input.body };
}

function readMonth(input: Parts, { place, path }: Field, { month, from, to }: Readonly<Record<string, unknown>>): void {
  if (typeof month !== 'string') return;
  if (from !== undefined || to !== undefined)
    throw new ArcadiaError('invalid_argument', 'Give either --month or --from and --to, not both.');
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    throw new ArcadiaError('invalid_argument', `--month ${JSON.stringify(month)} is not a month; write it as 2026-05.`);
  const first = Temporal.PlainDate.from(`${month}-01`);
  put(input[place], path, first.toString());
  put(input[place], path.with(-1, 'to'), first.add({ months: 1 }).toString());
}

/** As commander names the value of a flag. */
function camel(flag: string): string {
  return flag.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
