import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exclusiveLock, tryExclusiveLock, trySharedLock } from './file-lock.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'arcadia-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('one alone, or many together, never both', () => {
  const first = trySharedLock(path);
  const second = trySharedLock(path);
  expect(first).not.toBeNull();
  expect(second).not.toBeNull();
  expect(tryExclusiveLock(path)).toBeNull();
  first?.release();
  expect(tryExclusiveLock(path)).toBeNull();
  second?.release();
  const alone = tryExclusiveLock(path);
  expect(alone).not.toBeNull();
  expect(trySharedLock(path)).toBeNull();
  expect(tryExclusiveLock(path)).toBeNull();
  alone?.release();
  alone?.release();
  trySharedLock(path)?.release();
});

test('whoever waits gets it when it is free, or gives up when told to', async () => {
  const holder = tryExclusiveLock(path);
  const giveUp = AbortSignal.timeout(50);
  await expect(exclusiveLock(path, giveUp)).rejects.toMatchObject({ code: 'cancelled' });
  const waiting = exclusiveLock(path);
  holder?.release();
  (await waiting).release();
});

test.each(['SIGKILL', 'SIGTERM'] as const)('a process that dies of %s holds it no longer', async (signal) => {
  const script = `
    const { trySharedLock } = await import(${JSON.stringify(new URL('./file-lock.ts', import.meta.url).href)});
    const taken = (() => trySharedLock(${JSON.stringify(path)}) !== null)();
    await new Promise(setImmediate);
    globalThis.gc();
    console.log(taken);
    setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(other, 'exit');
  try {
    const [said] = await once(other.stdout, 'data');
    expect(String(said).trim()).toBe('true');
    expect(tryExclusiveLock(path)).toBeNull();
  } finally {
    other.kill(signal);
    await ended;
  }
  const freed = tryExclusiveLock(path);
  expect(freed).not.toBeNull();
  freed?.release();
});
