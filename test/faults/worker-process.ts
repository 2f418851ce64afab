import { flushCompileCache } from 'node:module';
import { startWorker } from '../../src/jobs/worker.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { connect } from '../../src/platform/database/database.ts';
import { createLog } from '../../src/platform/log.ts';
import { faultProgram } from './fault-jobs.ts';
import { program } from '../../src/modules.ts';

// A worker in a process of its own, to be killed, paused and cut off. Says "started" and "stopped"
// on stdout; its log goes to stderr.

flushCompileCache();
const [connectionString = '', name = ''] = process.argv.slice(2);
const db = connect({ connectionString });
const worker = await startWorker({
  db,
  connectionString,
  config: loadConfig({ flags: {}, env: { ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused' } }, program.settings),
  log: createLog({ level: 'info', format: 'json' }),
  program: faultProgram,
  name,
});
process.stdout.write('started\n');
process.once('SIGTERM', () => {
  void worker
    .stop({ deadlineSeconds: 5 })
    .then(() => db.destroy())
    .then(() => process.stdout.write('stopped\n'));
});
