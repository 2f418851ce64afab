import { Registry } from 'prom-client';
import { openReadiness } from '../../src/http/health/readiness.ts';
import { startApi } from '../../src/http/start.ts';
import { program } from '../../src/modules.ts';
import { connect } from '../../src/platform/database/database.ts';
import { createLog } from '../../src/platform/log.ts';
import { configOf } from './business.ts';

// The API of the program, as it is attacked: in a process of its own, which is to be there at the end. What it logs as an
// error is shown, but for requests that it turned away.

const [connectionString = ''] = process.argv.slice(2);
const db = connect({ connectionString, applicationName: 'attacked' });
const stopping = new AbortController();
const server = await startApi({
  host: '127.0.0.1',
  port: 0,
  db,
  connectionString,
  config: configOf(connectionString),
  log: createLog({
    level: 'error',
    format: 'json',
    stream: { write: (line) => !line.includes('"status":503') && process.stderr.write(line) },
  }),
  program,
  readiness: openReadiness({ db, program, stopping: stopping.signal }),
  registry: new Registry(),
});
process.on('message', (message) => {
  if (message === 'memory') process.send?.({ rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20) });
  if (message !== 'stop') return;
  stopping.abort();
  void server.close().then(async () => {
    await db.destroy();
    process.exit();
  });
});
process.send?.({ url: server.url });
