import { createHash } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';

/**
 * A statement under a name, `module.function`: it stands before the statement as a comment, so that the log of
 * slow statements, pg_stat_statements and spans show whose it is. Parts of a statement are written with `sql`.
 */
export function statement<Row = unknown>(name: string) {
  return ([first, ...rest]: TemplateStringsArray, ...parameters: readonly unknown[]): RawBuilder<Row> =>
    sql<Row>(Object.assign([`/* ${name} */ ${first}`, ...rest], { raw: [] }), ...parameters);
}

const preparedMark = ' (prepared)';

/**
 * A statement that each connection has the server parse, and after some runs plan, only once: for what runs often,
 * is costly to plan, and has the same best plan whatever its parameters. Its text must not vary, because a connection
 * keeps every text until it ends.
 */
export function preparedStatement<Row = unknown>(name: string) {
  return statement<Row>(`${name}${preparedMark}`);
}

/**
 * A parameter of a prepared statement on whose value no plan rests. With values in sight each would seem to deserve a plan of
 * its own, and the statement be planned in every run, which takes longer than it does.
 */
export function unplanned(
  value: unknown,
  type: 'int' | 'text' | 'text[]' | 'jsonb' | 'date' | 'timestamptz',
): RawBuilder<unknown> {
  return sql`(SELECT ${value}::${sql.raw(type)})`;
}

/** The name that a statement begins with; null: none. */
export function nameOfStatement(text: string): string | null {
  return text.startsWith('/* ') ? text.slice(3, text.indexOf(' */')).replace(preparedMark, '') : null;
}

/**
 * What the server is to know the text by, which differs where texts differ; null: it is not to be kept.
 * @param names of the texts that were asked about before
 */
export function keptStatementName(text: string, names: Map<string, string>): string | null {
  if (!text.startsWith('/* ') || !text.slice(0, text.indexOf(' */')).endsWith(preparedMark)) return null;
  const known = names.get(text);
  if (known !== undefined) return known;
  const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
  names.set(text, name);
  return name;
}
