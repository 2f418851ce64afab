import { ArcadiaError } from '../platform/errors.ts';

/** A customer's month that could not be rated, and why. */
export interface Failure {
  /** The customer's external id. */
  readonly customer: string;
  readonly month: Temporal.PlainDate;
  readonly error: ArcadiaError;
}

const namedMax = 20;

/** Whether an error is about what was worked on, and says nothing of what comes next. */
export function isOfOne(error: unknown): error is ArcadiaError {
  return error instanceof ArcadiaError && !/^(cancelled$|database_|usage_store_)/.test(error.code);
}

/** One error for all that failed, after all else was done. */
export function failed(what: string, failures: readonly Failure[]): ArcadiaError {
  const named = failures
    .slice(0, namedMax)
    .map(({ customer, month, error }) => `"${customer}" for ${month.toPlainYearMonth()}: ${error.message}`);
  const more = failures.length > namedMax ? [`And ${failures.length - namedMax} more.`] : [];
  const head = `Not ${what} (all others were): ${failures.length}.`;
  const code = (failures[0] as Failure).error.declaration;
  return new ArcadiaError(code, [head, ...named, ...more].join(' '));
}
