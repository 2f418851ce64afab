import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';

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
  let client: pg.Client | null = null;

  async function connectOnce(): Promise<void> {
    const next = new pg.Client({ connectionString, application_name: `arcadia listener ${channel}`, keepAlive: true });
    const ended = new Promise<void>((resolve) => {
      next.on('end', resolve);
      next.on('error', () => resolve());
    });
    next.on('notification', ({ payload }) => onPayload(payload ?? ''));
    client = next;
    try {
      await next.connect();
      await next.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
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
