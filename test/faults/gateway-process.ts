import { flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

// A gateway's source in a process of its own: `act` does what its events say and ends, `work` interprets and acts until it is
// killed, `serve` answers those who send. At a commit whose number it is given, `act` kills itself (SIGKILL): before the commit
// is sent, once it is sent and not answered, or once it is answered. It prints how many commits there were.

const [connectionString = '', work = '', instant = '', at = '0', side = 'before', port = '0'] = process.argv.slice(2);
let commits = 0;

const die = () => process.kill(process.pid, 'SIGKILL');
const query = pg.Client.prototype.query as (this: pg.Client, ...asked: unknown[]) => unknown;
pg.Client.prototype.query = function (this: pg.Client, ...asked: unknown[]) {
  if (asked[0] !== 'commit') return query.apply(this, asked);
  commits += 1;
  const isIt = commits === Number(at);
  if (isIt && side === 'before') die();
  const answer = query.apply(this, asked) as Promise<unknown>;
  // Written to the connection within this turn: it is with the server, whatever becomes of who sent it.
  if (isIt && side === 'sent') setImmediate(die);
  if (isIt && side === 'after') return answer.then(die);
  return answer;
} as typeof pg.Client.prototype.query;

const { applyGatewayEffects } = await import('../../src/flows/gateway-effects.ts');
const { interpretSource } = await import('../../src/gateway/interpret.ts');
const { getSource } = await import('../../src/gateway/sources.ts');
const { connect } = await import('../../src/platform/database/database.ts');
flushCompileCache();

const db = connect({ connectionString, max: 4, applicationName: `gateway ${work}` });
const now = Temporal.Instant.from(instant);
const { signal } = new AbortController();

async function act(): Promise<void> {
  await interpretSource(db, await getSource(db, 'app'), { now });
  const { errors } = await applyGatewayEffects(db, 'app', { clock: { now: () => Promise.resolve(now) }, signal });
  if (errors.length > 0) throw errors[0];
}

if (work === 'act') {
  await act();
  process.stdout.write(`${commits}\n`);
  await db.destroy();
} else if (work === 'work') {
  process.stdout.write('started\n');
  for (;;) await act().catch(() => sleep(20));
} else {
  const { startTestApi } = await import('../http/api-fixture.ts');
  const { ARCADIA_GATEWAY_AMQP_URL: broker } = process.env;
  const database = { db, connectionString, superuserConnectionString: '', async close() {} };
  const env = broker === undefined ? {} : { ARCADIA_GATEWAY_AMQP_URL: broker };
  await startTestApi(database, { port: Number(port), env });
  process.stdout.write('started\n');
}
