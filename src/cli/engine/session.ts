import { meteringSettings, useClickHouse } from '../../metering/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Config } from '../../platform/config.ts';
import type { Logger } from '../../platform/log.ts';
import type { Program } from '../../platform/declare/program.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { OpenDatabaseOptions, OpenedDatabase } from '../../platform/database/open-database.ts';
import { Pools } from '../../platform/database/pools.ts';
import type { CommonOptions } from './command.ts';
import { operator } from './operator.ts';
import { openStatusLine, Output, type StatusLine } from './output.ts';
import { openProgress, type Progress } from './progress.ts';

/** A database as a command uses it. */
export interface SessionDatabase extends OpenedDatabase {
  readonly clock: Clock;
}

/** One run of one command: what it reads from, prints to and is stopped by, opened when first asked for. */
export interface Session {
  readonly output: Output;
  readonly progress: Progress;
  /** Aborted by the first Ctrl-C or SIGTERM, with an ArcadiaError `cancelled`. The second ends the process. */
  readonly signal: AbortSignal;
  /** The pools that it has open, and what it starts. */
  readonly pools: Pools;
  config(): Promise<Config>;
  /** The log of this run. A command's is readable, unless JSON is asked for, and says only what is worth a warning. */
  log(): Promise<Logger>;
  /**
   * This process stays up: its log is as the settings say, and where that is for programs, all else that goes to stderr
   * is a line of it as well: remarks, how far work has come, and the error that ends it.
   */
  serve(): Promise<void>;
  /**
   * Opens a database, by default the one that --database or the configuration says; closed with the session.
   * `usually`: one of the embedded server, where neither --database nor DATABASE_URL says otherwise.
   */
  database(options?: OpenDatabaseOptions & { readonly usually?: string }): Promise<SessionDatabase>;
  /** Runs before what was opened earlier closes. */
  onClose(close: () => Promise<void>): void;
  close(): Promise<void>;
}

export function openSession(options: CommonOptions, program: Program): Session {
  const controller = new AbortController();
  const closing: (() => Promise<void>)[] = [];
  const output = new Output({ json: options.json === true });
  let config: Promise<Config> | undefined;

  const unwatch = watchSignals(controller, output);

  /** Once per session: where usage is in a ClickHouse, this is how to reach it. */
  let reached = false;
  async function reachUsageStore(): Promise<void> {
    const { usageStoreUrl, usageStoreCluster } = meteringSettings.of(await session.config());
    if (reached || usageStoreUrl === null) return;
    reached = true;
    session.onClose((await useClickHouse(usageStoreUrl, usageStoreCluster)).close);
  }

  const session: Session = {
    output,
    get progress() {
      return openProgress(output.log === null ? openStatusLine() : logLine(output));
    },
    signal: controller.signal,
    pools: new Pools(),
    config: () => (config ??= readConfig(options, program)),
    ...logOf(output, () => session.config()),
    async database({ usually, ...asked } = {}) {
      const { openDatabase } = await import('../../platform/database/open-database.ts');
      const { databaseClock } = await import('../../platform/clock.ts');
      const settings = await session.config();
      const database = options.database ?? (settings.databaseUrl === null ? usually : undefined);
      const opened = await openDatabase(settings, {
        ...(database !== undefined && { database }),
        signal: controller.signal,
        pools: session.pools,
        ...asked,
        // For the audit log.
        settings: { 'arcadia.actor': operator(), 'arcadia.origin': 'cli', ...asked.settings },
      });
      session.onClose(() => opened.close());
      await reachUsageStore();
      return { ...opened, clock: databaseClock(opened.db) };
    },
    onClose(close) {
      closing.unshift(close);
    },
    async close() {
      const failures: unknown[] = [];
      // One that fails must not keep the others open.
      for (const close of closing) await close().catch((error: unknown) => failures.push(error));
      unwatch();
      if (failures.length > 0) throw failures[0];
    },
  };
  return session;
}

/** The first Ctrl-C or SIGTERM aborts, the second ends the process. Call what it returns to look no longer. */
function watchSignals(controller: AbortController, output: Output): () => void {
  let firstSignalAt = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    const stopped = new ArcadiaError('cancelled', 'Stopped on request; what was done so far is kept.');
    if (controller.signal.aborted) {
      // A terminal sends Ctrl-C to all in the foreground, and npm and the launcher pass it on as well.
      if (performance.now() - firstSignalAt < 500) return;
      process.exit(stopped.exitCode);
    }
    firstSignalAt = performance.now();
    output.note(
      `\n${signal === 'SIGINT' ? 'Ctrl-C' : signal}: stopping after the step under way; once more stops at once.`,
    );
    controller.abort(stopped);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return () => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
}

/** Where the settings cannot be read, which is said by the log too. */
const logOfEnvironment = {
  logLevel: 'info' as const,
  logFormat: process.env.ARCADIA_LOG_FORMAT === 'pretty' ? ('pretty' as const) : ('auto' as const),
};

function logOf(output: Output, config: () => Promise<Config>): Pick<Session, 'log' | 'serve'> {
  let log: Promise<Logger> | undefined;
  return {
    log() {
      log ??= config().then(commandLog);
      return log;
    },
    async serve() {
      const { createLog, isReadable } = await import('../../platform/log.ts');
      const { logLevel: level, logFormat: format } = await config().catch(() => logOfEnvironment);
      const opened = createLog({ level, format });
      log = Promise.resolve(opened);
      // Of a silent log the remarks are all that is said.
      if (!isReadable(format) && level !== 'silent') output.remarkTo(opened);
    },
  };
}

async function commandLog({ logLevel, logFormat }: Config): Promise<Logger> {
  const { createLog } = await import('../../platform/log.ts');
  return createLog({
    level: logLevel === 'info' ? 'warn' : logLevel,
    format: logFormat === 'auto' ? 'pretty' : logFormat,
  });
}

/** How far work has come, as lines of the log. */
function logLine(output: Output): StatusLine {
  return { isLive: false, show() {}, end: (text = '') => output.note(text) };
}

async function readConfig(options: CommonOptions, program: Program): Promise<Config> {
  const { loadConfig } = await import('../../platform/config.ts');
  const { apiUrl, ...flags } = options;
  return loadConfig({ flags: { ...flags, digitaloceanApiUrl: apiUrl }, env: process.env }, program.settings);
}
