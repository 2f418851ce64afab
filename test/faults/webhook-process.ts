import { flushCompileCache } from 'node:module';
import { Registry } from 'prom-client';
import { startWorker } from '../../src/jobs/worker.ts';
import { program } from '../../src/modules.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { connect } from '../../src/platform/database/database.ts';
import { createLog } from '../../src/platform/log.ts';
import { deliverWebhooksJob } from '../../src/webhooks/jobs.ts';

// A worker that sends webhooks, in a process of its own. Its settings come from the environment.

flushCompileCache();
const [connectionString = '', name = 'worker'] = process.argv.slice(2);
const db = connect({ connectionString, applicationName: name });
const { ARCADIA_SECRET_KEY, ARCADIA_WEBHOOK_NETWORKS } = process.env;
const env = { ARCADIA_DATA_DIR: '/tmp/arcadia-test-unused', ARCADIA_SECRET_KEY, ARCADIA_WEBHOOK_NETWORKS };
const config = loadConfig({ flags: {}, env }, program.settings);
const log = createLog({ level: 'warn', format: 'json' });
const only = { ...program, jobs: [deliverWebhooksJob], schedule: [] };
await startWorker({ db, connectionString, config, log, program: only, registry: new Registry(), name });
process.stdout.write('started\n');
