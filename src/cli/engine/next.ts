import type { Operation } from '../../platform/declare/operation.ts';
import type { NextOperation } from '../../platform/errors.ts';
import { fieldsOf } from './fields.ts';

/** The command line of an operation that an error or a hint names; null where it has no command. */
export function commandLine(operations: readonly Operation[], next: NextOperation): string | null {
  const operation = operations.find((one) => one.name === next.operation);
  if (operation === undefined || operation.command?.none !== undefined) return null;
  const given = next.arguments ?? {};
  const wanted = operation.command?.positional;
  const fields = fieldsOf(operation);
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
    .map(({ path, flag, kind }) => {
      const value = given[path.join('.')];
      if (value === undefined) return '';
      if (kind === 'boolean') return value === false ? `--no-${flag}` : `--${flag}`;
      return `--${flag} ${quoted(String(value))}`;
    });
  return ['arcadia', next.operation, ...positional, ...flags].filter((part) => part !== '').join(' ');
}

/** As a shell reads it back. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
