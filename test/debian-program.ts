import { spawnSync } from 'node:child_process';

const isThere = (program: string) => spawnSync('which', [program]).status === 0;

/** Whether a program of Debian's is there; installs it where that can be done. False is said aloud. */
export function ensureProgram(program: string, debianPackage = program): boolean {
  if (isThere(program)) return true;
  if (process.getuid?.() === 0 && isThere('apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const options = { env, timeout: 120_000, stdio: 'ignore' as const };
    spawnSync('apt-get', ['-o', 'Acquire::http::Timeout=20', 'update', '-qq'], options);
    spawnSync('apt-get', ['-o', 'Acquire::http::Timeout=20', 'install', '-qq', '-y', debianPackage], options);
    if (isThere(program)) return true;
  }
  console.warn(`${program} is not here and cannot be installed: what needs it is NOT tested here.`);
  return false;
}
