import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openTestDatabase } from '../../../test/database.ts';
import { boundDatabase } from './bound-database.ts';
import { openPool } from './database.ts';

test('a connection that breaks while a statement is cancelled over it harms nobody', async () => {
  const database = await openTestDatabase();
  const server = new URL(database.connectionString);
  let broken = 0;
  const proxy = createServer((near) => {
    const far = connect(Number(server.port), server.hostname);
    const part = () => {
      near.destroy();
      far.destroy();
    };
    for (const end of [near, far]) end.on('error', part).on('close', part);
    far.pipe(near);
    near.on('data', (data) => {
      if (!data.includes('pg_cancel_backend')) return void far.write(data);
      broken += 1;
      part();
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const through = new URL(database.connectionString);
  through.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  // The statement that could not be cancelled ends by its time limit.
  const pool = openPool({ connectionString: through.href, max: 1, settings: { statement_timeout: '2s' } });
  try {
    const leaving = new AbortController();
    const { signal } = leaving;
    const db = boundDatabase(pool, { signal, binds: () => false, begin: async () => {} });
    const asked = sql`SELECT pg_sleep(60)`.execute(db);
    const ended = asked.catch((error: unknown) => error);
    const asleep = sql`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'`;
    await expect.poll(async () => (await asleep.execute(database.db)).rows).toHaveLength(1);
    leaving.abort(new Error('gone'));
    expect(await ended).toMatchObject({ message: 'gone' });
    // An error that nobody listens for would have failed this run.
    expect(broken).toBe(1);
  } finally {
    await pool.end();
    proxy.close();
    await database.close();
  }
});
