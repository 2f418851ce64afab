import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { scriptEnvironment } from './processes.ts';

/** A process of gateway-process.ts that is killed (SIGKILL) and started again, as often as it is told. */
export interface Restarting {
  untilStarted(): Promise<unknown>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export function startRestarting(args: readonly string[], env: Readonly<Record<string, string>> = {}): Restarting {
  const script = fileURLToPath(new URL('gateway-process.ts', import.meta.url));
  const start = () => {
    const child = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: scriptEnvironment(env),
    });
    return { child, started: once(child.stdout, 'data'), ended: once(child, 'close') };
  };
  let running = start();
  const end = async () => {
    running.child.kill('SIGKILL');
    await running.ended;
  };
  return {
    untilStarted: () => running.started,
    async restart() {
      await end();
      running = start();
      await running.started;
    },
    close: end,
  };
}

export async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return String(port);
}
