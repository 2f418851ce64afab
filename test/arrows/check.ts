import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { findViolations } from './arrows.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const sources = new Map<string, string>();
for await (const path of glob('src/**/*.ts', { cwd: root })) sources.set(path, readFileSync(`${root}/${path}`, 'utf8'));

const violations = findViolations(sources);
for (const violation of violations) console.error(violation);
console.error(`arrows: ${sources.size} files, ${violations.length} wrong`);
process.exitCode = violations.length === 0 ? 0 : 1;
