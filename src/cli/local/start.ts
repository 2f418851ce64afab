import { inventorySettings, listAccounts, openSecretKey } from '../../inventory/index.ts';
import { agencyDemonstration, fleetAddress, demonstrate, bringUpToDate, keepClockGoing } from '../../flows/index.ts';
import { startWorker } from '../../jobs/index.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Readiness, HttpServer } from '../../http/index.ts';
import { setPace } from '../../platform/clock.ts';
import { ArcadiaError, toArcadiaError } from '../../platform/errors.ts';
import { several } from '../engine/arguments.ts';
import { addCommand, type CommonOptions, withSession } from '../engine/command.ts';
import { flowContext } from '../engine/flow.ts';
import { plural } from '../engine/output.ts';
import { printSummary } from '../nouns/overview-summary.ts';
import { connectConfigured } from './provider.ts';
import type { Session, SessionDatabase } from '../engine/session.ts';
import { signInLink } from '../engine/sign-in.ts';

const roles = ['all', 'api', 'worker'] as const;

interface StartOptions extends CommonOptions {
  readonly demo?: boolean;
  readonly role: (typeof roles)[number];
  readonly queues?: readonly string[];
  readonly clock: keyof typeof paces;
}

/** Simulated seconds in a second, by what --clock takes. */
const paces = { still: 0, '60x': 60, '360x': 360 } as const;

export function addStartCommand(program: Command): void {
  addCommand(program, 'start', {
    summary: 'bring everything up to date, say what the month comes to, and stay up',
    details: `With DIGITALOCEAN_TOKEN: connects that account. Without, and with no account connected: a demonstration
on the built-in fleet "agency", in a database of its own. What an interrupted start has done is kept.
Then it runs the schedule and stays up with GET /livez and GET /readyz until Ctrl-C or SIGTERM.
With --role api it only answers, with --role worker it only works, as many of either as are wanted.
It migrates the database first. Where standard error is no terminal, or ARCADIA_LOG_FORMAT is json, all that it says
there is a line of its log, in JSON.`,
    example: `
$ arcadia start
...
May 2026 (UTC): 26 customers, 30 deployments. Invoices as they are now: 1200.00 USD, tax 0.00 USD, total 1200.00 USD.
Needs attention:
  7 resources unassigned, not billed: arcadia rule suggest
Next: arcadia rule suggest   The table: arcadia overview   (in the clone: ./arcadia)
arcadia is up at http://127.0.0.1:4000

$ DIGITALOCEAN_TOKEN=dop_v1_... arcadia start --port 8080
$ arcadia start --role worker --queues metering,cloud_sync_fast`,
  })
    .addOption(new Option('--role <role>', 'what this process is for').choices(roles).default('all'))
    .option('--queues <names>', 'work these queues only, separated by commas', several)
    .option('--port <n>', 'where to listen; 0 takes any free port (ARCADIA_PORT)')
    .option('--host <host>', 'the address to listen on (ARCADIA_HOST)')
    .option('--metrics-port <n>', 'where Prometheus asks; 0 takes any free port, off none (ARCADIA_METRICS_PORT)')
    .option('--api-url <url>', 'where the API answers (DIGITALOCEAN_API_URL)')
    .addOption(
      new Option(
        '--clock <pace>',
        "how fast a demonstration's clock goes while somebody has the dashboard open or a rollout goes on",
      )
        .choices(Object.keys(paces))
        .default('360x'),
    )
    .option('--demo', 'fill the database of DATABASE_URL with the demonstration, if no account is connected')
    .action(withSession(start));
}

async function start(session: Session, options: StartOptions): Promise<void> {
  await session.serve();
  if (options.role === 'api' && options.queues !== undefined)
    throw new ArcadiaError('invalid_argument', '--queues is for workers, and --role api is none.');
  if (options.role !== 'worker') await refuseSecondHere(session);
  await trace(session);
  if (options.role === 'all') await startAll(session, options);
  else if (options.role === 'api') {
    const database = await session.database({ schema: 'migrate' });
    await keepAlive(session, database);
    const readiness = await openReadiness(session, database);
    const { url } = await listen(session, database, readiness);
    await serveMetrics(session, database, readiness);
    session.output.note(`arcadia is up at ${url} (/livez, /readyz); it runs no jobs. Ctrl-C stops it.`, { url });
    await noteSignIn(session, url);
  } else {
    const database = await session.database({ schema: 'migrate' });
    await keepAlive(session, database);
    // First opened, last closed: how it drains can be watched.
    await serveMetrics(session, database, await openReadiness(session, database, await knownQueues(options.queues)));
    const queues = await work(session, database, options);
    session.output.note(`A worker is up, on ${queues}. Ctrl-C stops it.`);
  }
  if (!session.signal.aborted)
    await new Promise((resolve) => session.signal.addEventListener('abort', resolve, { once: true }));
  if (options.role !== 'worker') await sleep(1000 * (await stopDelaySeconds(session)));
}

/** Before anything is opened or migrated: who starts it twice by mistake changes nothing. */
async function refuseSecondHere(session: Session): Promise<void> {
  const { httpSettings, refuseSecond } = await import('../../http/index.ts');
  const { host, port } = httpSettings.of(await session.config());
  await refuseSecond(host, port);
}

/** The embedded server may be killed, or stop for want of disk: whoever stays up starts it again, and says so. */
async function keepAlive(session: Session, database: SessionDatabase): Promise<void> {
  const log = await session.log();
  database.keepAlive((error) => {
    if (error === null) log.warn('the embedded database had stopped; it is up again');
    else log.error({ err: error }, 'the embedded database has stopped and does not start');
  });
}

/** For whoever balances load to see that /readyz says no; on loopback nobody does. */
async function stopDelaySeconds(session: Session): Promise<number> {
  const { httpSettings } = await import('../../http/index.ts');
  const { host, stopDelaySeconds: asked } = httpSettings.of(await session.config());
  if (asked !== null) return asked;
  return /^(127\.|localhost$|\[?::1\]?$)/.test(host) ? 0 : 3;
}

/** Sends spans where OpenTelemetry's environment variables say; the last of them when all else has closed. */
async function trace(session: Session): Promise<void> {
  const { isTracingAsked, startTracing } = await import('../../platform/tracing.ts');
  if (!isTracingAsked(process.env)) return;
  const tracing = await startTracing(process.env, await session.log());
  if (tracing !== null) session.onClose(() => tracing.close());
}

/** Everything in one process: what is outstanding first, then the table, then the schedule. */
async function startAll(session: Session, options: StartOptions): Promise<void> {
  const { digitaloceanToken } = inventorySettings.of(await session.config());
  const database =
    digitaloceanToken === null
      ? await session.database({ schema: 'migrate' })
      : await connectConfigured(session, digitaloceanToken);
  await keepAlive(session, database);
  // Before the long work: a port that is taken should be known at once.
  const readiness = await openReadiness(session, database);
  const server = await listen(session, database, readiness);
  await serveMetrics(session, database, readiness);
  await noteSignIn(session, server.url);

  const found = await chooseWork(database, options);
  if (found === 'demonstration') await makeDemonstration(session, database);
  if (found === 'accounts') await readAccounts(session, database);
  if (found === 'nothing') session.output.note(howToBegin);
  else await printSummary(session, database);

  if (session.signal.aborted) return;
  await work(session, database, options);
  if (found === 'demonstration') {
    await askTooEarly(session, database);
    await letClockGo(session, database, server, options);
  }
  session.output.note(`arcadia is up at ${server.url} (/livez, /readyz). Ctrl-C stops it.`, { url: server.url });
  await noteSignIn(session, server.url);
}

/**
 * Where the history has just been created, somebody has asked for the usage of a day that is not over: a job that fails
 * until it is dead, and that can run again once the day is over.
 */
async function askTooEarly(session: Session, database: SessionDatabase): Promise<void> {
  const { program } = await import('../../modules.ts');
  const { openSessionJobs } = await import('../engine/jobs-session.ts');
  const jobs = await openSessionJobs(session, program, database);
  const job = 'meter_day';
  const args = { day: (await database.clock.now()).toZonedDateTimeISO('UTC').toPlainDate().toString() };
  const asked = await jobs.list({ job }, 1);
  if (asked.length === 0) await jobs.runNow(job, args);
}

/** The demonstration goes on while somebody looks at it, or has it create something. */
async function letClockGo(
  session: Session,
  { db }: SessionDatabase,
  { watchers }: HttpServer,
  { clock }: StartOptions,
): Promise<void> {
  await setPace(db, paces[clock]);
  const log = await session.log();
  const going = keepClockGoing(db, {
    watchers,
    signal: session.signal,
    onError: (error) => log.warn({ err: error }, 'the simulated clock could not be moved on; it is tried again'),
  });
  session.onClose(() => going);
  if (clock !== 'still')
    session.output.note(
      'While the dashboard is open or a rollout goes on, its clock goes on: an hour in ' +
        `${3_600 / paces[clock]} seconds. To have it stand still: arcadia clock set --pace 0`,
    );
}

async function noteSignIn(session: Session, url: string): Promise<void> {
  // The link holds an owner's token: a file or a journal would keep it.
  if (!session.output.isNoteSeen) {
    const { hasDevelopmentSecret } = await import('../../platform/secrets/token-secret.ts');
    if (hasDevelopmentSecret(await session.config()))
      session.output.note(`To sign in at ${url}: arcadia token issue --role owner`);
    return;
  }
  const link = await signInLink(await session.config(), url);
  if (link !== null) session.output.note(`To sign in, within an hour: ${link}`);
}

/** Runs jobs until the session closes: then what runs may end, and what does not is handed back. Says on which queues. */
async function work(session: Session, database: SessionDatabase, options: StartOptions): Promise<string> {
  const { program } = await import('../../modules.ts');
  const { db, connectionString } = database;
  const config = await session.config();
  const queues = await knownQueues(options.queues);
  const worker = await startWorker({
    db,
    connectionString,
    config,
    log: await session.log(),
    program,
    queues,
    pools: session.pools,
  });
  session.onClose(() => worker.stop());
  return options.queues === undefined ? 'every queue' : queues.join(', ');
}

/** None named: all of them. */
async function knownQueues(names?: readonly string[]): Promise<string[]> {
  const { queues } = (await import('../../modules.ts')).program;
  if (names === undefined) return queues.map((queue) => queue.name);
  return names.map((name) => {
    const queue = queues.find((each) => each.name === name);
    if (queue !== undefined) return queue.name;
    const known = queues.map((each) => each.name).join(', ');
    throw new ArcadiaError('invalid_argument', `--queues: there is no queue "${name}"; there are ${known}.`);
  });
}

const howToBegin = `No account is connected to this database, and nothing was written to it.
To connect one:             arcadia account connect --help
To see a demonstration in it: arcadia start --demo`;

/** A database that somebody named is not filled with a demonstration unless they ask for it. */
async function chooseWork(
  database: SessionDatabase,
  options: StartOptions,
): Promise<'demonstration' | 'accounts' | 'nothing'> {
  const { sandboxDatabase } = await import('../../platform/database/open-database.ts');
  const accounts = await listAccounts(database.db);
  const { fleet, seed } = agencyDemonstration();
  if (accounts.some((account) => account.apiUrl === fleetAddress(fleet, seed))) return 'demonstration';
  if (accounts.length > 0) return 'accounts';
  return options.demo === true || (database.kind === 'embedded' && database.database === sandboxDatabase)
    ? 'demonstration'
    : 'nothing';
}

async function makeDemonstration(session: Session, database: SessionDatabase): Promise<void> {
  const { output } = session;
  output.note(
    `This is a demonstration, on the simulated fleet "${agencyDemonstration().fleet}" in database ${database.database}: no account is connected.`,
  );
  const { from, to, syncs } = await demonstrate(
    database.db,
    { ...agencyDemonstration(), secretKey: await openSecretKey(database.db, await session.config()) },
    await flowContext(session, database),
  );
  const cadence = agencyDemonstration().cadence.toLocaleString('en', { style: 'long' });
  output.note(
    `Its history runs from ${from} to ${to}; everything was synced every ${cadence} of it (${plural(syncs, 'sync')} now).`,
  );
}

/** Brings the connected accounts up to date. What cannot be read now is noted; what is known is shown all the same. */
async function readAccounts(session: Session, database: SessionDatabase): Promise<void> {
  const secretKey = await openSecretKey(database.db, await session.config());
  const { synced, drafts } = await bringUpToDate(database.db, { secretKey }, await flowContext(session, database));
  for (const { account, error } of synced.failures) {
    const { message, todo } = toArcadiaError(error, `Reading ${account}`);
    session.output.note(`${message} ${todo}`);
  }
  for (const { account, kind, outcome, reason } of synced.results) {
    if (outcome !== 'complete') session.output.note(`${account}: ${kind} is ${outcome} (${reason}).`);
  }
  for (const { message } of drafts.failures) session.output.note(message);
}

async function openReadiness(
  session: Session,
  { db }: SessionDatabase,
  queues?: readonly string[],
): Promise<Readiness> {
  const { openReadiness: open } = await import('../../http/index.ts');
  const { program } = await import('../../modules.ts');
  return open({
    db,
    program,
    stopping: session.signal,
    ...(queues === undefined ? {} : { queues }),
  });
}

async function listen(session: Session, database: SessionDatabase, readiness: Readiness): Promise<HttpServer> {
  const { httpSettings, startApi } = await import('../../http/index.ts');
  const { program } = await import('../../modules.ts');
  const config = await session.config();
  const { host, port } = httpSettings.of(config);
  const { db, connectionString } = database;
  const server = await startApi({
    host,
    port,
    db,
    connectionString,
    config,
    log: await session.log(),
    program,
    readiness,
    withPage: true,
    pools: session.pools,
  });
  session.onClose(() => server.close());
  return server;
}

/**
 * Serves metrics and health on a port of their own. Where nobody has chosen one and the usual one
 * is taken, the process goes on without: two of them on a laptop are no mistake.
 */
async function serveMetrics(session: Session, { db, clock }: SessionDatabase, readiness: Readiness): Promise<void> {
  const { httpSettings, openMetrics, startMetricsServer, usualMetricsPort } = await import('../../http/index.ts');
  const { metricsPort, metricsHost: host } = httpSettings.of(await session.config());
  if (metricsPort === 'off') return;
  const { register } = await import('prom-client');
  const { program } = await import('../../modules.ts');
  const metrics = openMetrics({ db, clock, program, registry: register, pools: session.pools });
  try {
    const server = await startMetricsServer({ port: metricsPort ?? usualMetricsPort, host, metrics, readiness });
    session.onClose(() => server.close());
    session.output.note(`Metrics are at ${server.url}`, { url: server.url });
  } catch (error) {
    if (!(error instanceof ArcadiaError && error.code === 'port_in_use')) throw error;
    const asked = '--metrics-port or ARCADIA_METRICS_PORT; 0 takes any free one, off goes without';
    if (metricsPort !== null) throw new ArcadiaError('port_in_use', `${error.message} It is for metrics (${asked}).`);
    session.output.note(`${error.message} Metrics are not served (${asked}).`);
  }
}
