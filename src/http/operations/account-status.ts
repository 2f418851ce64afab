import { z } from 'zod';
import { syncPassOf } from '../../cloud/index.ts';
import { type AccountStatus, readAccountsStatus } from '../../inventory/index.ts';
import { readSchedule } from '../../jobs/index.ts';
import { openGaps } from '../../metering/index.ts';
import { declareOperation, type Operation, type OperationCall, staff } from '../../platform/declare/operation.ts';
import { decimalOut, instantOut, slug } from '../../platform/declare/schemas.ts';

// Whether everything can be seen, as one document: what syncs read, what metering goes without, and when the schedule
// reads next.

const kindStatus = z.object({
  kind: z.string().meta({ examples: ['droplet'] }),
  lastComplete: instantOut.nullable().meta({ description: 'When the last whole listing began; null: none has' }),
  ageSeconds: z.int().nullable().meta({ description: 'Since then' }),
  listed: z.int().nullable().meta({ description: 'How many that listing showed' }),
  lastRun: z
    .object({
      syncRunId: z.int(),
      outcome: z.enum(['complete', 'partial', 'failed', 'reverted']),
      reason: z.string().nullable(),
      requests: z.int(),
      seconds: decimalOut,
      startedAt: instantOut,
    })
    .nullable()
    .meta({ description: 'The last that ended; null: none has' }),
  running: z
    .object({ syncRunId: z.int(), startedAt: instantOut, seen: z.int() })
    .nullable()
    .meta({ description: 'null: nothing reads it now' }),
  gapSince: instantOut
    .nullable()
    .meta({ description: 'Since when usage is metered without having been seen; null: there is no gap' }),
  estimatedUntil: instantOut.nullable().meta({ description: 'Up to when usage may be estimated over the gap' }),
  nextRun: instantOut.nullable().meta({ description: 'By the schedule; null: the schedule does not read it' }),
});

const missingScope = z.object({
  scope: z.string().meta({ examples: ['volume:read'] }),
  kinds: z.array(z.string()).readonly(),
  fields: z
    .array(z.string())
    .readonly()
    .meta({ examples: [['droplet.tags']] }),
  others: z.array(z.string()).readonly().meta({ description: 'What else it would show, in words' }),
  money: z
    .array(
      z.object({
        kind: z.string(),
        field: z.string().nullable().meta({ description: 'null: the resources themselves' }),
        resources: z.int().meta({ description: 'How many are known' }),
        unknown: z.int().meta({ description: 'How many of them have no known price' }),
        monthly: z.array(z.object({ currency: z.string(), amount: decimalOut })).readonly(),
      }),
    )
    .readonly()
    .meta({ description: 'What hangs on each kind and field that it hides, in a month' }),
});

const getAccountsStatus = declareOperation({
  method: 'GET',
  path: '/account-status',
  name: 'account status',
  operationId: 'getAccountsStatus',
  tag: 'accounts',
  summary: 'How well each account and kind of resource can be seen',
  description:
    'When it was last read whole, how that ended, since when there is a gap, when it is read next, how many requests the token has left, and what a missing scope hides. Nothing is asked of the provider.',
  roles: staff,
  response: z
    .object({
      asOf: instantOut,
      accounts: z
        .array(
          z.object({
            account: slug,
            name: z.string(),
            provider: z.string(),
            connectedAt: instantOut,
            meteredFrom: instantOut,
            disconnectedAt: instantOut.nullable(),
            requests: z
              .object({
                remaining: z.int(),
                limit: z.int().nullable().meta({ description: 'In an hour' }),
                resetAt: instantOut.nullable(),
                saidAt: instantOut.meta({ description: 'When the provider said so' }),
              })
              .nullable()
              .meta({ description: 'What the token may still send; null: the provider has not said' }),
            token: z
              .object({
                checkedAt: instantOut,
                missing: z.array(missingScope).readonly().meta({ description: 'Scopes that are not granted' }),
              })
              .nullable()
              .meta({ description: 'Of the daily check; null: there was none yet. checkAccount asks now' }),
            kinds: z.array(kindStatus).readonly(),
          }),
        )
        .readonly(),
      incomplete: z.int().meta({ description: 'How many kinds of how many accounts did not end whole last' }),
      gaps: z.int().meta({ description: 'How many have a gap' }),
      kinds: z.int().meta({ description: 'How many are read at all' }),
    })
    .meta({ id: 'AccountsStatus' }),
  async run({ db, now, clock, program }) {
    const status = await readAccountsStatus(db, now.toZonedDateTimeISO('UTC').toPlainDate());
    const gaps = await openGaps(db, now);
    const next = await nextReads({ db, clock, program });
    const accounts = status.map((each) => accountOf(each, { now, gaps, next }));
    const kinds = accounts.flatMap((each) => each.kinds);
    return {
      asOf: now,
      accounts,
      incomplete: kinds.filter(({ lastRun }) => lastRun !== null && lastRun.outcome !== 'complete').length,
      gaps: kinds.filter(({ gapSince }) => gapSince !== null).length,
      kinds: kinds.length,
    };
  },
});

type Known = {
  readonly now: Temporal.Instant;
  readonly gaps: Awaited<ReturnType<typeof openGaps>>;
  readonly next: ReadonlyMap<string, Temporal.Instant>;
};

function accountOf({ account, kinds, budget, token }: AccountStatus, { now, gaps, next }: Known) {
  const { slug: name, name: title, provider, connectedAt, meteredFrom, disconnectedAt } = account;
  return {
    account: name,
    name: title,
    provider,
    connectedAt,
    meteredFrom,
    disconnectedAt,
    requests: budget,
    token,
    kinds: kinds.map(({ account: _, ...kind }) => {
      const gap = gaps.find((each) => each.account === name && each.resourceKind === kind.kind);
      const age = kind.lastComplete === null ? null : now.since(kind.lastComplete).total('seconds');
      return {
        ...kind,
        ageSeconds: age === null ? null : Math.max(0, Math.round(age)),
        gapSince: gap?.from ?? null,
        estimatedUntil: gap?.limit ?? null,
        nextRun: next.get(syncPassOf(kind.kind)) ?? null,
      };
    }),
  };
}

/** When the schedule reads each part of an account next. The resources follow the projects. */
async function nextReads({
  db,
  clock,
  program,
}: Pick<OperationCall, 'db' | 'clock' | 'program'>): Promise<ReadonlyMap<string, Temporal.Instant>> {
  const next = new Map<string, Temporal.Instant>();
  for (const entry of await readSchedule(db, clock, program.schedule)) {
    const { part } = entry.arguments;
    if (entry.job !== 'sync_accounts' || typeof part !== 'string') continue;
    next.set(part.replace(/^sync_/, ''), entry.next);
  }
  const projects = next.get('projects');
  if (projects !== undefined && !next.has('resources')) next.set('resources', projects);
  return next;
}

export const accountStatusOperations: readonly Operation[] = [getAccountsStatus];
