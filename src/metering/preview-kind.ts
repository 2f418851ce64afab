import { readLastChange } from '../platform/changes.ts';
import type { Database } from '../platform/database/database.ts';
import { nestedDatabase } from '../platform/database/nested-database.ts';
import { rolledBack } from '../platform/database/rolled-back.ts';
import { changeKind, getKind, type KindChange } from './kinds.ts';
import { dayOf } from './period.ts';
import { completeRange } from './meter-within.ts';
import { selectOutstandingDays } from './store.ts';

/** Days that a change has metered again. */
interface MeteredAgain {
  readonly days: number;
  /** The first and the last of them; null: there are none. */
  readonly from: Temporal.PlainDate | null;
  readonly to: Temporal.PlainDate | null;
  /** The months that they lie in, the oldest first. */
  readonly months: readonly Temporal.PlainYearMonth[];
}

/**
 * What a change of a kind would do: the kind as it would be, and which complete days that are up to date would be metered
 * again. It is the change itself, rolled back. Errors: those of changeKind.
 */
export function previewKindChange(
  db: Database,
  slug: string,
  fromDay: Temporal.PlainDate,
  change: KindChange,
  now: Temporal.Instant,
): Promise<{ readonly kind: Awaited<ReturnType<typeof getKind>>; readonly again: MeteredAgain }> {
  return rolledBack(db, async (trx) => {
    const range = await completeRange(trx, now);
    const upTo = await readLastChange(trx);
    const outstanding = async (): Promise<Temporal.PlainDate[]> =>
      range === null ? [] : selectOutstandingDays(trx, range, upTo);
    const before = new Set((await outstanding()).map(String));
    await changeKind(nestedDatabase(trx), slug, fromDay, change);
    const kind = await getKind(trx, slug, dayOf(now));
    const days = (await outstanding()).filter((day) => !before.has(day.toString()));
    const months = [...new Set(days.map((day) => day.toPlainYearMonth().toString()))];
    return {
      kind,
      again: {
        days: days.length,
        from: days[0] ?? null,
        to: days.at(-1) ?? null,
        months: months.map((month) => Temporal.PlainYearMonth.from(month)),
      },
    };
  });
}
