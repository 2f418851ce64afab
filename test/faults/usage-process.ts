import { flushCompileCache } from 'node:module';
import { meterOutstanding } from '../../src/metering/meter.ts';
import { applyRetention } from '../../src/metering/retention/retention.ts';
import { moveUsage } from '../../src/metering/records/move/move.ts';
import { useClickHouse } from '../../src/metering/records/open.ts';
import { connect, type Database } from '../../src/platform/database/database.ts';

// Meters, retires or moves in a process of its own, which kills itself (SIGKILL) at one step: just
// before or just after one of its statements, in whichever database. Without a step it runs to its
// end and says how many statements there were.

flushCompileCache();
const [connectionString = '', work = '', instant = '', step = '0', side = 'before', clickHouseUrl = ''] =
  process.argv.slice(2);
const killAt = Number(step);
let statements = 0;

function before(): void {
  statements += 1;
  if (statements === killAt && side === 'before') process.kill(process.pid, 'SIGKILL');
}

function after(): void {
  if (statements === killAt && side === 'after') process.kill(process.pid, 'SIGKILL');
}

const pool = connect({ connectionString, max: 2, applicationName: 'usage-process' });
const db = pool.withPlugin({
  transformQuery({ node }) {
    before();
    return node;
  },
  async transformResult({ result }) {
    after();
    return result;
  },
}) as Database;

const clickHouse = clickHouseUrl === '' ? null : (await useClickHouse(clickHouseUrl)).clickHouse;
if (clickHouse !== null) {
  for (const name of ['rows', 'run', 'insertLines'] as const) {
    const original = clickHouse[name] as (...args: unknown[]) => Promise<unknown>;
    Object.assign(clickHouse, {
      async [name](...args: unknown[]) {
        before();
        const result = await original(...args);
        after();
        return result;
      },
    });
  }
  const { lines } = clickHouse;
  Object.assign(clickHouse, {
    async *lines(statement: string) {
      before();
      yield* lines(statement);
      after();
    },
  });
}

const now = Temporal.Instant.from(instant);
if (work === 'meter') await meterOutstanding(db, { now });
else if (work === 'retain') await applyRetention(db, { now });
else if (work === 'move' && clickHouse !== null) await moveUsage(db, clickHouse, { now });
else if (work === 'move-back') await moveUsage(db, 'postgresql', { now });
else throw new Error(`there is no work "${work}"`);
process.stdout.write(`${statements}\n`);
await pool.destroy();
process.exit(0);
