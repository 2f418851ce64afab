import type { ErrorKind } from '../errors.ts';
import type { IntakeDeclaration } from './intake.ts';
import type { JobArguments, JobDeclaration } from './job.ts';
import type { Operation } from './operation.ts';
import type { ModuleSettings } from './settings.ts';

// What a module adds to the program. `src/modules.ts` lists the modules; every surface reads from
// there, and nothing else names operations, jobs, queues, schedules, events, tags, error codes or
// settings.

/** A heading of the API's reference. */
export interface Tag {
  readonly name: string;
  /** What its words mean, in one sentence. */
  readonly description: string;
}

export interface QueueDeclaration {
  /** snake_case, unique in the program. */
  readonly name: string;
  /** Jobs that one process runs at a time, until an operator says otherwise. */
  readonly limit: number;
  /** Runs one job at a time over all processes. */
  readonly exclusive?: boolean;
  /** Where it stands among the queues: low first. Unique in the program. */
  readonly position: number;
}

/** A job that runs by itself. Each tick means "bring this up to date", never "do that hour". */
export interface ScheduleDeclaration {
  /** Unique in the program; an operator's own time is set by it. */
  readonly name: string;
  /** Five fields, UTC. */
  readonly cron: string;
  readonly job: JobDeclaration;
  readonly arguments: JobArguments;
}

/** A type of event of the live stream: `invoice.changed`. */
export interface EventDeclaration {
  readonly type: string;
  /** What its subject names. */
  readonly subject: string;
  /** What happened, and so what to ask for again. */
  readonly describes: string;
  /**
   * The GETs whose answers it makes old, by operationId: whoever of our own people may ask one of them receives it.
   * Customers receive what is theirs, or everybody's.
   */
  readonly reads: readonly string[];
}

export interface Module {
  /** The folder under src/. */
  readonly name: string;
  readonly tags?: readonly Tag[];
  readonly operations?: readonly Operation[];
  readonly intakes?: readonly IntakeDeclaration[];
  readonly jobs?: readonly JobDeclaration[];
  readonly queues?: readonly QueueDeclaration[];
  readonly schedule?: readonly ScheduleDeclaration[];
  readonly events?: readonly EventDeclaration[];
  readonly errors?: readonly ErrorKind[];
  readonly settings?: ModuleSettings;
}

/** Declares a module. */
export function declareModule(module: Module): Module {
  return module;
}
