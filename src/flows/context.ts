import type { Role } from '../platform/declare/operation.ts';

/** Who asks for a flow, when, and how it says how far it has come. */
export interface FlowContext {
  /** The database's clock, read when the flow was asked for. */
  readonly now: Temporal.Instant;
  /** Who decides: for the record, and for what a role may not do. At a terminal the operator of the machine is an owner. */
  readonly principal: { readonly subject: string; readonly role: Role };
  readonly signal?: AbortSignal | undefined;
  readonly progress?: FlowProgress | undefined;
}

/** Says of long work how far it has come. */
interface FlowProgress {
  /** One step of the work. `report` replaces what was last said of it. */
  step<Result>(title: string, work: (report: (text: string) => void) => Promise<Result>): Promise<Result>;
}

/** For whoever does not ask for progress. */
export const silent: FlowProgress = { step: (_, work) => work(() => {}) };
