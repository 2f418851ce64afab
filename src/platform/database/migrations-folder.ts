import { fileURLToPath } from 'node:url';

/** The numbered .sql files, forward only, and beside them what they make (guards.json). */
export const migrationsFolder = fileURLToPath(new URL('../../../migrations', import.meta.url));
