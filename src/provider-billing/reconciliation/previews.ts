import type { Database } from '../../platform/database/database.ts';
import { Decimal } from '../../platform/quantity.ts';
import { type BearerSum, selectBearers, selectSums, type Sums } from './previews.store.ts';
import { reckon, type Supposed } from './reconcile.ts';
import { temporaryTables } from './result-tables.store.ts';
import { selectBillMonth, selectBillMonths } from './stage-lines.store.ts';

/** So many months of a payer are reckoned for a preview at most, the latest ones. */
const monthsMax = 12;

interface MonthPreview {
  readonly payer: string;
  readonly month: Temporal.PlainDate;
  readonly before: Sums;
  readonly after: Sums;
}

interface BearerPreview {
  readonly target: BearerSum['target'];
  readonly deployment: string | null;
  readonly before: string;
  readonly after: string;
  /** after less before. */
  readonly difference: string;
}

/**
 * What months from one on, or up to another, would come to if something else were believed, beside what they come to now, and who would
 * bear how much otherwise. Nothing is written.
 */
export async function previewMonths(
  db: Database,
  payers: readonly { readonly payerId: number; readonly slug: string }[],
  { from, to }: { readonly from: Temporal.PlainDate; readonly to?: Temporal.PlainDate },
  supposed: Supposed,
): Promise<{ readonly months: readonly MonthPreview[]; readonly bearers: readonly BearerPreview[] }> {
  return db.transaction().execute(async (trx) => {
    const months: MonthPreview[] = [];
    const bearers = new Map<string, { bearer: BearerSum; before: Decimal; after: Decimal }>();
    for (const { payerId, slug } of payers) {
      const all = (await selectBillMonths(trx, payerId)).filter(
        (month) =>
          Temporal.PlainDate.compare(month, from) >= 0 &&
          (to === undefined || Temporal.PlainDate.compare(month, to) <= 0),
      );
      for (const month of all.slice(-monthsMax)) {
        const bills = await selectBillMonth(trx, payerId, month);
        if (bills === null) continue;
        const now = await reckon(trx, bills, await temporaryTables(trx, bills.bills));
        const before = await selectSums(trx, now);
        addBearers(bearers, 'before', await selectBearers(trx, now));
        const then = await reckon(trx, bills, await temporaryTables(trx, bills.bills), supposed);
        months.push({ payer: slug, month, before, after: await selectSums(trx, then) });
        addBearers(bearers, 'after', await selectBearers(trx, then));
      }
    }
    const changed = [...bearers.values()].filter(({ before, after }) => !before.eq(after));
    return {
      months,
      bearers: changed.map(({ bearer: { target, deployment }, before, after }) => ({
        target,
        deployment,
        before: moneyText(before),
        after: moneyText(after),
        difference: moneyText(after.minus(before)),
      })),
    };
  });
}

/** In hundredths, or finer where the amount is. */
function moneyText(amount: Decimal): string {
  return amount.toFixed(Math.max(2, amount.decimalPlaces()));
}

function addBearers(
  all: Map<string, { bearer: BearerSum; before: Decimal; after: Decimal }>,
  when: 'before' | 'after',
  sums: readonly BearerSum[],
): void {
  for (const bearer of sums) {
    const key = `${bearer.target} ${bearer.deployment ?? ''}`;
    const known = all.get(key) ?? { bearer, before: new Decimal(0), after: new Decimal(0) };
    all.set(key, { ...known, [when]: known[when].plus(bearer.amount) });
  }
}
