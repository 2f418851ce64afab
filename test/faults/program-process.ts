import { flushCompileCache } from 'node:module';
import { startWorker } from '../../src/jobs/worker.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { connect } from '../../src/platform/database/database.ts';
import { createLog } from '../../src/platform/log.ts';
import { program } from '../../src/modules.ts';

// A worker of the program, with its own jobs, in a process of its own.

flushCompileCache();
const [connectionString = '', name = ''] = process.argv.slice(2);
const db = connect({ connectionString });
await startWorker({
  db,
  connectionString,
  config: loadConfig({ env: process.env }, program.settings),
  program,
  log: createLog({ level: 'info', format: 'json' }),
  name,
});
process.stdout.write('started\n');
