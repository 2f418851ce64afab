import { listProviderPrices, type ProviderPrice } from '../../inventory/index.ts';
import { inSnapshot } from '../../platform/database/in-snapshot.ts';
import type { Database, UnitOfWork } from '../../platform/database/database.ts';
import { monthlyChange } from '../money.ts';
import { lockDrift, readProgress, readSeen, selectAccounts, stageFacts, writeProgress } from './actual.store.ts';
import { bindResources } from './bindings.store.ts';
import { findDifferences } from './differences.store.ts';
import { createFound, type FoundTable } from './found.store.ts';
import { findHygiene } from './hygiene.store.ts';
import { dateFound, keepFlapping, mergeExposed, selectPriced, stageWanted } from './life.store.ts';
import { type SweepCounts, writeFindings } from './write.store.ts';

/** What time alone changes (a snapshot turns 90 days old, an ignore ends) is found within so long. */
const dueAfter = Temporal.Duration.from({ minutes: 55 });

interface Sweep extends SweepCounts {
  /** Nothing was new since the last one: nothing was compared. */
  readonly skipped: boolean;
}

/**
 * Compares all that is declared with what the inventory shows, applies the rules, and writes what is found or resolved.
 * A function of facts and of the instant: again, it writes nothing. One process at a time does it.
 * @param options.full also where nothing is new
 */
export async function sweep(db: Database, now: Temporal.Instant, { full = false } = {}): Promise<Sweep> {
  return inSnapshot(db, async (trx) => {
    await lockDrift(trx);
    const seen = await readSeen(trx);
    const last = await readProgress(trx);
    if (!full && last.seen === seen && last.sweptAt !== null && isFresh(last.sweptAt, now))
      return { skipped: true, found: 0, changed: 0, resolved: 0, findings: 0 };
    const counts = await sweepWithin(trx, now);
    await writeProgress(trx, seen, now);
    return { skipped: false, ...counts };
  });
}

/** The same as a part of a transaction that holds the lock, such as one that is rolled back. */
export async function sweepWithin(trx: UnitOfWork, now: Temporal.Instant): Promise<SweepCounts> {
  const tables = await bindResources(trx, await stageFacts(trx, now), now);
  const found = await createFound(trx);
  await findDifferences(trx, tables, found);
  await findHygiene(trx, tables, found, now);
  await mergeExposed(trx, found, now);
  await dateFound(trx, found, tables);
  await keepFlapping(trx, found, tables, now);
  const wanted = await stageWanted(trx, found, await priceFound(trx, found, now), now);
  return writeFindings(trx, wanted, tables, now);
}

function isFresh(sweptAt: Temporal.Instant, now: Temporal.Instant): boolean {
  return Temporal.Instant.compare(now, sweptAt.add(dueAfter)) < 0 && Temporal.Instant.compare(now, sweptAt) >= 0;
}

type PricedRow = Parameters<typeof stageWanted>[2][number];

/** By the price book of the day, of each account its own. */
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
      book = new Map(prices.map((price) => [price.subject, price]));
      books.set(accountId, book);
    }
    const change = monthlyChange(priced, (subject) => book.get(subject));
    if (change !== null) rows.push({ account_id: accountId, text, ...change });
  }
  return rows;
}
