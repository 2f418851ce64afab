import { listProviderPrices, type ProviderPrice } from '../../inventory/index.ts';
import { readWatermark } from '../../platform/changes.ts';
import { inSnapshot } from '../../platform/database/in-snapshot.ts';
import { rolledBack } from '../../platform/database/rolled-back.ts';
import type { Database, UnitOfWork } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import { monthlyChange } from '../money.ts';
import {
  lockDrift,
  readConditions,
  readProgress,
  type Seen,
  selectAccounts,
  stageFacts,
  stageSight,
  writeProgress,
} from './actual.store.ts';
import { bindResources } from './bindings.store.ts';
import { findDifferences } from './differences.store.ts';
import { createFound, type FoundTable } from './found.store.ts';
import { findHygiene } from './hygiene.store.ts';
import { dateFound, keepFlapping, mergeExposed, selectPriced, stageIgnores, stageWanted } from './life.store.ts';
import { scopeInQuestion } from './question.store.ts';
import { changesAll, passOver, type Scope, scopeOfDeclaration, scopeSince } from './scope.store.ts';
import { unstageAll } from './stage.store.ts';
import { type Difference, sortFound, type SweepCounts, writeBaselines, writeFindings } from './write.store.ts';

interface Sweep extends SweepCounts {
  /** Nothing changed or became due since the last one: nothing was compared. */
  readonly skipped: boolean;
  /** All was compared, and not only what had changed. */
  readonly whole: boolean;
}

const nothing: SweepCounts = { found: 0, changed: 0, resolved: 0, first: null };

/**
 * Compares what is declared with what the inventory shows, applies the rules, and writes what is found or resolved. A
 * function of facts and of the instant: again, it writes nothing. Only what changed or became due since the last sweep
 * is compared, where that is enough; the first sweep of a day compares all. One process at a time does it.
 * @param options.full all, whatever changed
 */
export async function sweep(db: Database, now: Temporal.Instant, { full = false } = {}): Promise<Sweep> {
  // Before what is asked and before the snapshot, which so see all up to it.
  const upTo = await readWatermark(db);
  if (!full && (await passOver(db, now, upTo))) return { skipped: true, whole: false, ...nothing };
  return inSnapshot(db, async (trx) => {
    const seen = await beginSweep(trx, now);
    const { changeId: after, conditions, hidden, sweptAt } = await readProgress(trx);
    const isEarlier = sweptAt !== null && Temporal.Instant.compare(now, sweptAt) < 0;
    const whole =
      full ||
      after === null ||
      sweptAt === null ||
      isEarlier ||
      conditions !== seen.conditions ||
      hidden !== JSON.stringify(seen.hidden) ||
      (await changesAll(trx, { after, upTo }));
    // The first sweep binds all, so that all is in question.
    const everything = after === null || isEarlier;
    const scope = whole
      ? await (everything ? null : scopeInQuestion(trx, now, { bindings: true }))
      : await scopeSince(trx, { after, upTo, sweptAt }, now);
    const counts = await sweepScope(trx, seen, scope, now);
    await writeProgress(trx, { changeId: upTo, ...seen }, now);
    return { skipped: false, whole, ...counts };
  });
}

/** A declaration alone, with all that it has to do with: a part of a transaction that holds the lock, and may be rolled back. */
export async function sweepDeclaration(trx: UnitOfWork, declarationId: number, now: Temporal.Instant): Promise<void> {
  await sweepScope(trx, await beginSweep(trx, now), await scopeOfDeclaration(trx, declarationId), now);
}

/**
 * Brings findings up to date, and derives all of them again: what is then otherwise was not found by what had changed.
 * Writes nothing of the second. null: there is none.
 * @param options.everything what agrees at first sight too, as the first sweep does: it takes several times as long
 */
export async function verifyFindings(
  db: Database,
  now: Temporal.Instant,
  { everything = false } = {},
): Promise<Difference | null> {
  await sweep(db, now);
  return rolledBack(db, async (trx) => {
    const seen = await beginSweep(trx, now);
    const scope = everything ? null : await scopeInQuestion(trx, now, { bindings: false });
    return (await sweepScope(trx, seen, scope, now)).first;
  });
}

/** Waits for other sweeps, and reads what can be seen. */
async function beginSweep(trx: UnitOfWork, now: Temporal.Instant): Promise<Seen> {
  await lockDrift(trx);
  await unstageAll(trx);
  const sight = await stageSight(trx);
  return { sight, ...(await readConditions(trx, sight, now)) };
}

async function sweepScope(
  trx: UnitOfWork,
  seen: Seen,
  scope: Scope | null,
  now: Temporal.Instant,
): Promise<SweepCounts> {
  const tables = await bindResources(trx, await stageFacts(trx, seen, scope, now), now);
  const found = await createFound(trx);
  await findDifferences(trx, tables, found, now);
  await findHygiene(trx, tables, found, now);
  // Of what agreed and agrees there is nothing to say.
  const sorts = await sortFound(trx, found, tables);
  if (!sorts.any) {
    await writeBaselines(trx, tables, now);
    return nothing;
  }
  await statement('drift.sweepScope.analyze_found')`
    ANALYZE ${found} (subject, rule, category, field, declaration_id, deployment_id, resource_id, account_id, kind)`.execute(
    trx,
  );
  const ignores = sorts.ignored ? await stageIgnores(trx, found, tables, now) : null;
  if (sorts.exposed) await mergeExposed(trx, found, ignores, now);
  await dateFound(trx, found, tables, now);
  await keepFlapping(trx, found, tables, now);
  const wanted = await stageWanted(trx, found, await priceFound(trx, found, now), { ...tables, ignores }, now);
  return writeFindings(trx, wanted, tables, now);
}

type PricedRow = Parameters<typeof stageWanted>[2][number];

/**
 * By the price book of the day, of each account its own: at the list price, and at an own price only what has no other.
 * All staff see findings, and negotiated prices are for owner and finance alone.
 */
async function priceFound(trx: UnitOfWork, found: FoundTable, now: Temporal.Instant): Promise<PricedRow[]> {
  const day = now.toZonedDateTimeISO('UTC').toPlainDate();
  const slugs = new Map((await selectAccounts(trx)).map(({ accountId, slug }) => [accountId, slug]));
  const books = new Map<number | null, ReadonlyMap<string, ProviderPrice>>();
  const rows: PricedRow[] = [];
  for (const { accountId, text, priced } of await selectPriced(trx, found)) {
    let book = books.get(accountId);
    if (book === undefined) {
      const account = accountId === null ? undefined : slugs.get(accountId);
      const prices = await listProviderPrices(trx, day, { account });
      const listed = await listProviderPrices(trx, day, { account, own: false });
      book = new Map([...prices, ...listed].map((price) => [price.subject, price]));
      books.set(accountId, book);
    }
    const change = monthlyChange(priced, (subject) => book.get(subject));
    if (change !== null) rows.push({ account_id: accountId, text, ...change });
  }
  return rows;
}
