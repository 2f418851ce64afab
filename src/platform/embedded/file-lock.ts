import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArcadiaError } from '../errors.ts';

/**
 * Locks between processes that the kernel lets go of when a process dies, however it dies: no
 * pid to compare and none to mistake for another. Node has no flock; SQLite, which it brings,
 * keeps the same promise with the transactions of an empty file. Works on local file systems.
 */
interface FileLock {
  release(): void;
}

const SQLITE_BUSY = 5;

/** Who drops the object without releasing it still holds the lock: the garbage collector must not let go of it. */
const held = new Set<DatabaseSync>();

function begin(path: string, statement: string): FileLock | null {
  const handle = new DatabaseSync(path, { timeout: 0 });
  try {
    // Nothing is ever written, so a full disk is no matter; the default would write a journal.
    handle.exec('PRAGMA journal_mode = MEMORY');
    handle.exec(statement);
  } catch (error) {
    handle.close();
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null;
    throw error;
  }
  held.add(handle);
  return {
    release() {
      held.delete(handle);
      if (handle.isOpen) handle.close();
    },
  };
}

/** Takes the lock for itself alone, or returns null where anybody holds it in either way. */
export function tryExclusiveLock(path: string): FileLock | null {
  return begin(path, 'BEGIN EXCLUSIVE');
}

/** Takes the lock together with others, or returns null where one holds it for itself alone. */
export function trySharedLock(path: string): FileLock | null {
  return begin(path, 'BEGIN; SELECT count(*) FROM sqlite_schema');
}

/** Waits until nobody else holds the lock. */
export async function exclusiveLock(path: string, signal?: AbortSignal): Promise<FileLock> {
  for (;;) {
    if (signal?.aborted) throw new ArcadiaError('cancelled', 'Cancelled while waiting for another process.');
    const lock = tryExclusiveLock(path);
    if (lock) return lock;
    await sleep(20);
  }
}
