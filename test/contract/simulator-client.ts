import { Agent, request } from 'node:http';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  readonly body: any;
}

/** A simulator and the least that it takes to speak to it: nothing is retried, nothing is hidden. */
export interface Opened {
  readonly simulator: Simulator;
  /** One request; `host` is fixed so that the same answer is the same bytes on any port. */
  send(path: string, options?: { method?: string; token?: string | null; body?: unknown }): Promise<Reply>;
  /** POST /_simulator/<what>; throws unless it succeeds. */
  control(what: string, body: unknown): Promise<unknown>;
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire
  all(path: string, key: string, perPage?: number): Promise<any[]>;
  close(): Promise<void>;
}

export async function open(options: SimulatorOptions): Promise<Opened> {
  const simulator = await startSimulator(options);
  const agent = new Agent({ keepAlive: true });
  const { port, hostname } = new URL(simulator.url);

  const send: Opened['send'] = (path, { method = 'GET', token = 'any', body } = {}) =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? '' : JSON.stringify(body);
      const headers = {
        host: 'simulator.example',
        ...(token !== null && { authorization: `Bearer ${token}` }),
        // Without it, a DELETE has no body.
        ...(text !== '' && { 'content-length': Buffer.byteLength(text) }),
      };
      const outgoing = request({ agent, hostname, port, path, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers as Record<string, string>,
            text,
            body: isJson(text) ? JSON.parse(text) : undefined,
          });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(text);
    });

  return {
    simulator,
    send,
    async control(what, body) {
      const reply = await send(`/_simulator/${what}`, { method: 'POST', body });
      if (reply.status >= 300) throw new Error(`${what}: ${reply.text}`);
      return reply.body;
    },
    async all(path, key, perPage = 200) {
      const items: unknown[] = [];
      for (let page = 1; ; page++) {
        const { body } = await send(`${path}${path.includes('?') ? '&' : '?'}page=${page}&per_page=${perPage}`);
        items.push(...body[key]);
        if (body.links?.pages?.next === undefined) return items;
      }
    },
    async close() {
      agent.destroy();
      await simulator.close();
    },
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** An order for names, and for numbers. */
export function ascending<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
