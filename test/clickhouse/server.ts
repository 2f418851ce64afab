import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A ClickHouse for tests and benches: the real engine in a process of its own, with its data in a folder of its own. */
export interface ClickHouseServer {
  /** Makes an empty database and returns the URL that usage can be moved to. */
  createDatabase(): Promise<string>;
  /** Runs a statement, for looking at what is stored; the answer is tab-separated. */
  ask(url: string, statement: string): Promise<string>;
  close(): Promise<void>;
}

export async function startClickHouse(): Promise<ClickHouseServer> {
  const folder = await mkdtemp(join(tmpdir(), 'arcadia-clickhouse-'));
  const child = spawn(process.execPath, [fileURLToPath(new URL('server-process.ts', import.meta.url)), folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const [address] = (await Promise.race([
    once(lines, 'line'),
    ended.then(([code]) => Promise.reject(new Error(`ClickHouse ended with ${code} before it listened`))),
  ])) as [string];

  async function ask(url: string, statement: string): Promise<string> {
    const { origin, pathname } = new URL(url);
    const response = await fetch(`${origin}/?database=${pathname.slice(1) || 'default'}`, {
      method: 'POST',
      body: statement,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text.trimEnd();
  }

  return {
    async createDatabase() {
      const name = `usage_${randomBytes(4).toString('hex')}`;
      await ask(address, `CREATE DATABASE ${name}`);
      return `${address}/${name}`;
    },
    ask,
    async close() {
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
