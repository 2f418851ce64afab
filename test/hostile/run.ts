import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sql } from 'kysely';
import { connect } from '../../src/platform/database/database.ts';
import { dropDatabase, ensureDatabase } from '../../src/platform/database/databases.ts';
import { migrate } from '../../src/platform/database/migrate.ts';
import { embeddedOwner, openEmbeddedDatabase } from '../../src/platform/embedded/embedded.ts';
import { insertTwoCustomers } from '../access/two-customers.ts';
import { serverFolder } from '../server-folder.ts';
import { configOf, tokensOf } from './business.ts';
import { HonestCaller } from './honest.ts';

// npm run soak -- hostile [--minutes 60] [--seed 1]: all attacks at once on a server of its own, beside an honest caller,
// who has to have an answer within a second (p99) and to lose nothing. Ends with 1 where that does not hold, where the
// server has ended, or where an attack was answered as it may not be.

const p99MsMax = 1_000;

interface Report {
  readonly minutes: number;
  readonly seed: string;
  readonly honest: HonestCaller;
  readonly attacks: readonly (readonly [name: string, outcomes: Readonly<Record<string, number>>])[];
  readonly serverRssMb: number | null;
}

/** Starts a program of this folder and waits for what it says first. */
function start(script: string, args: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(script, import.meta.url)), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function askChild<Answer>(child: ChildProcess, message: string): Promise<Answer | null> {
  if (!child.connected) return null;
  const answered = Promise.race([once(child, 'message'), once(child, 'exit').then(() => [null])]);
  child.send(message);
  return ((await answered) as [Answer | null])[0];
}

async function attacked(connectionString: string, minutes: number, seed: string): Promise<Report> {
  const server = start('server-process.ts', [connectionString]);
  const [{ url }] = (await once(server, 'message')) as [{ url: string }];
  const honest = new HonestCaller(url, tokensOf(configOf(connectionString)));
  await honest.warmUp();
  const attackers = start('attack-process.ts', [url, connectionString, seed]);
  await honest.work(minutes * 60_000);
  const attacks = (await askChild<Report['attacks']>(attackers, 'stop')) ?? [];
  const memory = await askChild<{ rssMb: number }>(server, 'memory');
  if (memory !== null) await honest.lookAgain();
  if (server.connected) {
    server.send('stop');
    await once(server, 'exit');
  }
  return { minutes, seed, honest, attacks, serverRssMb: memory?.rssMb ?? null };
}

/** What the run found, line by line, and what of it is wrong. */
function findings({ minutes, seed, honest, attacks, serverRssMb }: Report): { lines: string[]; wrong: string[] } {
  const { count, lost, p50Ms, p99Ms, longestMs } = honest.figures();
  const lines = attacks.map(([name, outcomes]) => {
    const counts = Object.entries(outcomes).map(([outcome, times]) => `${outcome}: ${times}`);
    return `  ${name.padEnd(26)} ${counts.join(', ')}`;
  });
  const wrong = attacks.flatMap(([name, outcomes]) =>
    Object.keys(outcomes).flatMap((outcome) => (outcome.includes('fault') ? [`${name} got ${outcome}`] : [])),
  );
  if (attacks.length === 0) wrong.push('The attackers have ended by themselves.');
  if (serverRssMb === null) wrong.push('The server has ended.');
  if (p99Ms >= p99MsMax) wrong.push(`The honest caller waited ${p99Ms} ms (p99); ${p99MsMax} at most.`);
  if (lost.length > 0) wrong.push(`The honest caller lost ${lost.length}: ${lost.slice(0, 10).join('; ')}`);
  lines.push(`${minutes} minutes, seed ${seed}; the server has ${serverRssMb} MiB.`);
  lines.push(
    `honest caller: p50 ${p50Ms} ms, p99 ${p99Ms} ms, longest ${longestMs} ms, count ${count}, lost ${lost.length}`,
  );
  return { lines, wrong };
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new RangeError('--minutes is a number above 0');
const embedded = await openEmbeddedDatabase({
  dataDir: serverFolder(),
  database: 'postgres',
  settings: { fsync: 'off', max_connections: '400' },
});
const admin = embedded.superuserConnectionString('postgres');
const name = `test_${process.pid}_hostile`;
try {
  await ensureDatabase(admin, name, { owner: embeddedOwner });
  const connectionString = embedded.connectionString(name);
  const db = connect({ connectionString, max: 2 });
  await migrate(db);
  await sql`INSERT INTO simulated_clock (instant) VALUES ('2026-06-10')`.execute(db);
  await insertTwoCustomers(db);
  await db.destroy();
  const { lines, wrong } = findings(await attacked(connectionString, minutes, values.seed));
  process.stdout.write(`${[...lines, ...wrong.map((each) => `WRONG: ${each}`)].join('\n')}\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
} finally {
  await dropDatabase(admin, name);
  await embedded.release();
}
