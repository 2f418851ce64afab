import { meteringSettings, useClickHouse } from '../../metering/index.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Config } from '../../platform/config.ts';
import type { Program } from '../../platform/declare/program.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { OpenDatabaseOptions, OpenedDatabase } from '../../platform/database/open-database.ts';
import type { CommonOptions } from './command.ts';
import { operator } from './operator.ts';
import { Output } from './output.ts';
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
  config(): Promise<Config>;
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
  let config: Promise<Config> | undefined;

  let firstSignalAt = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    const stopped = new ArcadiaError('cancelled', 'Stopped on request; what was done so far is kept.');
    if (controller.signal.aborted) {
      // A terminal sends Ctrl-C to all in the foreground, and npm and the launcher pass it on as well.
      if (performance.now() - firstSignalAt < 500) return;
      process.exit(stopped.exitCode);
    }
    firstSignalAt = performance.now();
    session.output.note(
      `\n${signal === 'SIGINT' ? 'Ctrl-C' : signal}: stopping after the step under way; once more stops at once.`,
    );
    controller.abort(stopped);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  /** Once per session: where usage is in a ClickHouse, this is how to reach it. */
  let reached = false;
  async function reachUsageStore(): Promise<void> {
    const { usageStoreUrl } = meteringSettings.of(await session.config());
    if (reached || usageStoreUrl === null) return;
    reached = true;
    session.onClose((await useClickHouse(usageStoreUrl)).close);
  }

  const session: Session = {
    output: new Output({ json: options.json === true }),
    progress: openProgress(),
    signal: controller.signal,
    config() {
      config ??= readConfig(options, program);
      return config;
    },
    async database({ usually, ...asked } = {}) {
      const { openDatabase } = await import('../../platform/database/open-database.ts');
      const { databaseClock } = await import('../../platform/clock.ts');
      const settings = await session.config();
      const database = options.database ?? (settings.databaseUrl === null ? usually : undefined);
      const opened = await openDatabase(settings, {
        ...(database !== undefined && { database }),
        signal: controller.signal,
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
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      if (failures.length > 0) throw failures[0];
    },
  };
  return session;
}

async function readConfig(options: CommonOptions, program: Program): Promise<Config> {
  const { loadConfig } = await import('../../platform/config.ts');
  const { apiUrl, ...flags } = options;
  return loadConfig({ flags: { ...flags, digitaloceanApiUrl: apiUrl }, env: process.env }, program.settings);
}
