import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run's databases and files take at most, several times over. */
const memoryBytesMin = 4 * 2 ** 30;

/**
 * Where the embedded server keeps its files: in memory where there is plenty, which makes and drops a database, and a
 * temporary table, four times as fast as a disk. A folder that TMPDIR names is taken.
 */
export function serverFolder(): string {
  return join(placeOfServers(), `arcadia-cloud-tests-${process.getuid?.() ?? 0}`);
}

/**
 * Lets the tests and the processes that they start keep temporary files there as well: several make clusters of their
 * own. Returns what removes them.
 */
export function keepTemporaryFilesThere(): () => void {
  const place = placeOfServers();
  if (place === tmpdir() || forbidsPrograms(place)) return () => {};
  const before = process.env.TMPDIR;
  const folder = mkdtempSync(join(place, 'arcadia-cloud-files-'));
  // Embedded servers run as another user where the tests run as root.
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
  return () => {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
    rmSync(folder, { recursive: true, force: true });
  };
}

function placeOfServers(): string {
  const memory = '/dev/shm';
  if (process.env.TMPDIR !== undefined || process.platform !== 'linux' || !existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  const free = Math.min(bavail * bsize, process.availableMemory());
  return free >= memoryBytesMin ? memory : tmpdir();
}

/** Whether a file of it cannot be run, as containers often have it. */
function forbidsPrograms(place: string): boolean {
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .findLast((line) => line.split(' ')[1] === place);
  return mount?.split(' ')[3]?.split(',').includes('noexec') ?? false;
}
