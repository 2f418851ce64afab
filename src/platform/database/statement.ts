import { type RawBuilder, sql } from 'kysely';

/**
 * A statement under a name, `module.function`: it stands before the statement as a comment, so that the log of
 * slow statements, pg_stat_statements and spans show whose it is. Parts of a statement are written with `sql`.
 */
export function statement<Row = unknown>(name: string) {
  return ([first, ...rest]: TemplateStringsArray, ...parameters: readonly unknown[]): RawBuilder<Row> =>
    sql<Row>(Object.assign([`/* ${name} */ ${first}`, ...rest], { raw: [] }), ...parameters);
}

/** The name that a statement begins with; null: none. */
export function nameOfStatement(text: string): string | null {
  return text.startsWith('/* ') ? text.slice(3, text.indexOf(' */')) : null;
}
