import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrationsFolder } from '../database/migrations-folder.ts';
import type { GuardRow } from './guards.store.ts';

// What a database that these migrations have made has to have, kept beside them and not in the database, where whoever
// takes a trigger away could take away as well that it was ever there. `npm run guards` writes the file, and a test
// compares it with a database that was just made.

const file = join(migrationsFolder, 'guards.json');

/** Each guard by its kind, its relation and its name, to what it does. */
type Guards = ReadonlyMap<string, string>;

/** Names of relations hold no space, and what holds one stands last. */
export function guardKey({ kind, relation, name }: Pick<GuardRow, 'kind' | 'relation' | 'name'>): string {
  return `${kind} ${relation} ${name}`;
}

/** What a key names. */
export function guardOf(key: string): { kind: string; relation: string; name: string } {
  const [kind = '', relation = '', ...name] = key.split(' ');
  return { kind, relation, name: name.join(' ') };
}

/** The text of the file for what a database has. */
export function guardsFile(rows: readonly GuardRow[]): string {
  return `${JSON.stringify(Object.fromEntries(rows.map((row) => [guardKey(row), row.definition])), null, 2)}\n`;
}

/** What this version demands. */
export async function readExpectedGuards(): Promise<Guards> {
  return new Map(Object.entries(JSON.parse(await readFile(file, 'utf8')) as Record<string, string>));
}
