import type { UnitOfWork, Queryable, Database } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import type { DayRange, Granularity } from '../period.ts';
import type { Differences } from '../diff.store.ts';
import type { KindOfDay, RunCause, Scopes } from '../store.ts';

// Where usage records are kept, and all that the rest of the program may do with them. Each store
// passes usage-store.conformance.ts. What must be true of any of them:
//
// - A replaced day and the row in PostgreSQL that says it is metered appear together, or not at all.
// - Replacing a day twice, from the same facts, writes nothing the second time.
// - Sums are exact, and as of any earlier revision they are what they were.

/** Whose records a reader may see: everyone's, those of one customer's deployments, one deployment's, or some. */
export type UsageScope =
  | 'all'
  | { readonly customerId: number }
  | { readonly deploymentId: number }
  | { readonly deploymentIds: readonly number[] };

export interface UsageQuery {
  readonly scope: UsageScope;
  readonly range: DayRange;
  /** Only this kind's; every kind's, unless given. */
  readonly kind?: string | undefined;
  /** Usage as it stood once this revision was written; what is stored now, unless given. */
  readonly asOfRevision?: number | undefined;
  /** By kind: records of days before are left out, because retention is removing them. */
  readonly floors?: ReadonlyMap<string, Temporal.PlainDate> | undefined;
}

/** One kind's records of one UTC calendar month. */
export interface KindMonth {
  readonly billingKindId: number;
  readonly kind: string;
  /** Its first day. */
  readonly month: Temporal.PlainDate;
}

/** What a day's replacement is about. */
export interface DayReplacement {
  readonly day: Temporal.PlainDate;
  /** Kinds of which every record is compared. One that is not enabled loses its records. */
  readonly whole: readonly KindOfDay[];
  /** Kinds of which the records of the scopes' resources are: of the day's, or, of a peak or a percentile, of the month's. */
  readonly touched: readonly KindOfDay[];
  readonly scopes: Scopes;
  readonly cause: RunCause;
  readonly now: Temporal.Instant;
  /** The position in changes that the metering has seen. */
  readonly upTo: number;
  /** Begins the run; called once, at the first difference. Its revision marks all that is written. */
  begin(): Promise<number>;
}

/** The same, to be looked at only. */
export type DayComparison = Omit<DayReplacement, 'cause' | 'now' | 'begin'>;

export interface Written {
  readonly inserted: number;
  readonly changed: number;
  readonly deleted: number;
}

export interface Replaced extends Written {
  /** null: nothing differed, and nothing was written. */
  readonly revision: number | null;
}

/** Whether what a run writes is of all deployments: it says nothing of whose it was. */
export const concernsAll = (cause: RunCause): boolean => cause === 'first' || cause === 'config';

export const nothingReplaced: Replaced = { revision: null, inserted: 0, changed: 0, deleted: 0 };

/** Quantities are decimal strings without trailing zeros, throughout. */
export interface KindSum {
  readonly kind: string;
  readonly quantity: string;
}

export interface KindDaySum extends KindSum {
  readonly day: Temporal.PlainDate;
  readonly records: number;
}

export interface DeploymentSum extends KindSum {
  readonly deploymentId: number;
}

export interface DeploymentDaySum extends DeploymentSum {
  readonly day: Temporal.PlainDate;
}

export interface UsageRecord {
  readonly deploymentId: number;
  readonly resourceId: number;
  readonly kind: string;
  readonly granularity: Granularity;
  readonly periodStart: Temporal.Instant;
  readonly quantity: string;
  /** Of the run that wrote it. */
  readonly revision: number;
}

/** Which records of a query to list. */
export interface RecordFilter {
  readonly kind?: string | undefined;
  readonly resourceId?: number | undefined;
}

/** A page in the order of deployment, kind, resource, period: up to `limit` records after one. */
export interface RecordPage {
  readonly after?: UsageRecord | undefined;
  readonly limit: number;
}

/** The most records on a page, and the most sums in an answer. */
export const recordsMax = 10_000;
export const sumsMax = 1_000_000;

/**
 * Sums read with a limit of one more than may be answered, so that too many are refused, never cut.
 * @throws ArcadiaError range_too_large
 */
export function wholeSums<T>(sums: T[], max = sumsMax): T[] {
  if (sums.length > max)
    throw new ArcadiaError('range_too_large', `Usage has more than ${max} sums of deployments and meters.`);
  return sums;
}

/** What the store meters from was changed between `prepare` and the replacement: do both again. */
export class LevelsMoved extends Error {
  override readonly name = 'LevelsMoved';
}

export interface UsageStore {
  readonly engine: 'postgresql' | 'clickhouse';

  /** Brings up to date what the store meters from. Before the transactions that replace days. */
  prepare(db: Database): Promise<void>;
  /**
   * Replaces what differs from what the levels say, and appends whose usage that is to the log of
   * changes (`appendUsageChanges`); becomes visible when the transaction commits. The first metering of
   * a day or a kind, and a change of how it is metered, are of all deployments.
   * Throws LevelsMoved.
   */
  replaceDay(trx: UnitOfWork, replacement: DayReplacement): Promise<Replaced>;

  /**
   * Adds to the differences what replacing the day would change. Writes nothing else.
   */
  compareDay(trx: UnitOfWork, comparison: DayComparison, differences: Differences): Promise<void>;

  /** By kind, in its slug's order; a kind without any record is left out. */
  sumByKind(db: Queryable, query: UsageQuery): Promise<KindSum[]>;
  /** By kind and UTC day. */
  sumByKindAndDay(db: Queryable, query: UsageQuery): Promise<KindDaySum[]>;
  /** By deployment and kind. */
  sumByDeployment(db: Queryable, query: UsageQuery): Promise<DeploymentSum[]>;
  /** By deployment, kind and UTC day. */
  sumByDeploymentAndDay(db: Queryable, query: UsageQuery): Promise<DeploymentDaySum[]>;
  listRecords(db: Queryable, query: UsageQuery, filter: RecordFilter, page: RecordPage): Promise<UsageRecord[]>;
  countRecords(db: Queryable, query: UsageQuery): Promise<number>;

  /** Writes what is left of a month into usage_months; returns how many records it was. */
  rollUp(trx: UnitOfWork, month: KindMonth): Promise<number>;
  /**
   * Removes a month's records, in batches: whole days at once where no other kind is metered. Stops
   * between batches when `signal` aborts; run again, it goes on.
   */
  drop(db: Database, month: KindMonth, signal?: AbortSignal): Promise<void>;
}
