import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

/** What workers tell each other, on one channel. Each is a hint: whatever is missed is found by polling. */
export type Message =
  | { readonly wake: string }
  | { readonly control: string }
  | { readonly cancel: readonly string[]; readonly reason: string };

export interface Channel {
  close(): Promise<void>;
}

/**
 * Listens on a connection of its own, and again after it broke. `onReconnect` runs after each
 * (re)connection, for what may have been said meanwhile.
 */
export function listen(
  connectionString: string,
  onMessage: (message: Message) => void,
  onReconnect: () => void,
): Channel {
  const closing = new AbortController();
  let client: pg.Client | null = null;

  async function connectOnce(): Promise<void> {
    const next = new pg.Client({ connectionString, application_name: 'arcadia jobs listener', keepAlive: true });
    const ended = new Promise<void>((resolve) => {
      next.on('end', resolve);
      next.on('error', () => resolve());
    });
    next.on('notification', ({ payload }) => {
      if (payload !== undefined) onMessage(JSON.parse(payload) as Message);
    });
    client = next;
    try {
      await next.connect();
      await next.query('LISTEN arcadia_jobs');
      onReconnect();
      await ended;
    } finally {
      await next.end().catch(() => {});
    }
  }

  const listening = (async () => {
    while (!closing.signal.aborted) {
      await connectOnce().catch(() => {});
      await sleep(500, undefined, { signal: closing.signal }).catch(() => {});
    }
  })();

  return {
    async close() {
      closing.abort();
      await client?.end().catch(() => {});
      await listening;
    },
  };
}
