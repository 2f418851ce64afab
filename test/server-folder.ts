import { existsSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run's databases take at most, several times over. */
const memoryBytesMin = 4 * 2 ** 30;

/**
 * Where the embedded server keeps its files: in memory where there is plenty, which makes and drops a database, and a
 * temporary table, four times as fast as a disk. A folder that TMPDIR names is taken.
 */
export function serverFolder(): string {
  return join(placeOfServers(), `arcadia-cloud-tests-${process.getuid?.() ?? 0}`);
}

function placeOfServers(): string {
  const memory = '/dev/shm';
  if (process.env.TMPDIR !== undefined || process.platform !== 'linux' || !existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  const free = Math.min(bavail * bsize, process.availableMemory());
  return free >= memoryBytesMin ? memory : tmpdir();
}
