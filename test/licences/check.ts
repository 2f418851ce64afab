import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findLicenceFaults, type LockedPackage } from './licences.ts';

// npm run check: under which licences everything is that the lockfile names, what only tests and tools need included.

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => JSON.parse(readFileSync(`${root}${path}`, 'utf8')) as unknown;
const lock = read('package-lock.json') as {
  packages: Readonly<Record<string, Omit<LockedPackage, 'path' | 'installed'>>>;
};
const packages = Object.entries(lock.packages)
  .filter(([path]) => path.includes('node_modules/'))
  .map(([path, locked]): LockedPackage => {
    const file = `${path}/package.json`;
    return existsSync(`${root}${file}`) ? { ...locked, path, installed: read(file) as object } : { ...locked, path };
  });

const faults = findLicenceFaults(packages);
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.stdout.write(`licences: ${packages.length} packages, ${faults.length} wrong\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
