import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import type { Database, UnitOfWork } from '../database/database.ts';
import type { Logger } from '../log.ts';
import type { SecretKey } from '../secrets/crypto.ts';
import type { JobArguments, JobDeclaration } from './job.ts';

// Where machines send what happened: an address that takes a body as it is, in whatever media type, from senders that
// are no users. Who sends, how much they may and what the body means is the module's; it is no operation.

/** What a server opens an intake with. */
export interface IntakeServices {
  /** As staff may use it. */
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Config;
  readonly log: Logger;
  readonly secretKey: SecretKey;
  /** Enqueues in this transaction. */
  enqueue<Arguments extends JobArguments>(
    trx: UnitOfWork,
    job: JobDeclaration<Arguments>,
    args: Arguments,
  ): Promise<string | null>;
}

/** A request of which nothing but its headers is read. */
export interface IntakeHead {
  readonly params: Readonly<Record<string, string>>;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface IntakeAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; null: none. */
  readonly body: string | null;
}

/** A sender that may send. */
export interface Admitted {
  /** Unique among senders: by whom places of requests are counted. */
  readonly sender: string;
  receive(body: Uint8Array): Promise<IntakeAnswer>;
}

export interface Intake {
  /** Who sends, as far as the headers say it. Errors: what they are answered with; 401 counts against their address. */
  admit(head: IntakeHead): Promise<Admitted>;
  /** Answers OPTIONS. */
  options(head: IntakeHead): Promise<IntakeAnswer>;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

export interface IntakeDeclaration {
  /**
   * Under /api/v1, with `:name` for their parts; all of them are the same. They have no other methods than POST and OPTIONS, and
   * are no part of the API's document: how to send is said by the standards that senders speak.
   */
  readonly paths: readonly [string, ...string[]];
  readonly bodyBytesMax: number;
  open(services: IntakeServices): Intake;
}
