import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

const connectMsMax = 10_000;
const retryMs = 500;

export interface Listener {
  close(): Promise<void>;
}

/**
 * Listens to one of PostgreSQL's channels on a connection of its own, and again after it broke.
 * `onReconnect` runs after each (re)connection, for what may have been said meanwhile: a
 * notification is a hint, whatever is missed must be found otherwise.
 */
export function listen(
  connectionString: string,
  channel: string,
  onPayload: (payload: string) => void,
  onReconnect: () => void,
): Listener {
  const closing = new AbortController();
  const { signal } = closing;
  const closed = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

  async function connectOnce(): Promise<void> {
    const client = new pg.Client({
      connectionString,
      application_name: `arcadia listener ${channel}`,
      keepAlive: true,
      // A client that is ended while it connects may never say so: closing waits for this instead.
      connectionTimeoutMillis: connectMsMax,
    });
    const ended = new Promise<void>((resolve) => {
      client.on('end', resolve);
      client.on('error', () => resolve());
    });
    client.on('notification', ({ payload }) => onPayload(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      onReconnect();
      await Promise.race([ended, closed]);
    } finally {
      await client.end().catch(() => {});
    }
  }

  const listening = (async () => {
    while (!signal.aborted) {
      await connectOnce().catch(() => {});
      await sleep(retryMs, undefined, { signal }).catch(() => {});
    }
  })();

  return {
    async close() {
      closing.abort();
      await listening;
    },
  };
}
