import type { NextOperation } from '../../platform/errors.ts';
import { fieldsOf } from './fields.ts';
import type { BoundView } from './views.ts';

/**
 * The command line of an operation that an error or a hint names; null where it has no command. Of
 * several commands of one operation it is the one whose fixed values are among the arguments.
 * @param views all commands, by their words
 */
export function commandLine(views: ReadonlyMap<string, BoundView>, next: NextOperation): string | null {
  const given = next.arguments ?? {};
  const found = [...views].find(
    ([, { operation, fixed = {}, own }]) =>
      own === undefined &&
      operation.name === next.operation &&
      Object.entries(fixed).every(([name, value]) => given[name] === value),
  );
  if (found === undefined) return null;
  const [words, { operation, fixed = {}, agreed = {}, positional: own }] = found;
  const wanted = own ?? operation.command?.positional;
  const fields = fieldsOf(operation, fixed).filter(
    ({ path }) => !(path.join('.') in fixed) && !(path.join('.') in agreed),
  );
  const isPositional = (name: string, place: string) =>
    wanted === undefined ? place === 'path' : wanted.includes(name);
  const positional = fields
    .filter(({ path, place }) => isPositional(path.join('.'), place))
    .map(({ path, flag, isRequired }) => {
      const value = given[path.join('.')];
      return value === undefined ? (isRequired ? `<${flag}>` : '') : quoted(String(value));
    });
  const flags = fields
    .filter(({ path, place }) => !isPositional(path.join('.'), place))
    .map(({ path, flag, kind, isRequired, defaultValue }) => {
      const value = given[path.join('.')];
      if (value === undefined) return isRequired && defaultValue === undefined ? `--${flag} <${flag}>` : '';
      if (kind === 'boolean') return value === false ? `--no-${flag}` : `--${flag}`;
      return `--${flag} ${quoted(String(value))}`;
    });
  // Alone, or with the day alone from which it counts, it would change nothing: what there is to change is in its help.
  const isEmptyChange =
    Object.keys(fixed).length === 0 &&
    operation.shape === 'action' &&
    operation.method === 'PATCH' &&
    flags.every((flag) => flag === '' || flag.startsWith('--from '));
  return ['arcadia', words, ...positional, ...flags, isEmptyChange ? '--help' : '']
    .filter((part) => part !== '')
    .join(' ');
}

/** As a shell reads it back. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
