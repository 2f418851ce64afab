import { toStorableJson } from '../platform/storable-json.ts';
import { selectNewestInsightDay, writeInsightDays } from './insights.store.ts';
import { firstMonth } from './bills.ts';
import type { BillingReading } from './payers.ts';

/** Days that are read again each time: the provider says that what it tells of them are estimates. */
const readAgainDays = 31;
/** Rows that one question should be answered with, more or less: they are held in memory. */
const rowsPerQuestion = 20_000;

/**
 * Reads the Insights of the days that are over: of those that are not known yet, from the first that there can be on, and
 * again of the last 31 days. Days that read otherwise get another revision. What was stored stays when it is cut off.
 *
 * Errors: those of BillingSource.
 */
export async function readInsights(
  reading: BillingReading,
  { monthsBefore }: { readonly monthsBefore: number },
): Promise<void> {
  const { db, payer, source, signal, now, report } = reading;
  const urn = payer.organizationId === null ? `do:team:${payer.externalId}` : `do:teamgroup:${payer.organizationId}`;
  const today = (await now()).toZonedDateTimeISO('UTC').toPlainDate();
  const newest = await selectNewestInsightDay(db, payer.payerId, urn);
  const first = later(source.insightsSince, firstMonth(reading.connectedAt, monthsBefore));
  let from = newest === null ? first : later(first, earlier(newest, today).subtract({ days: readAgainDays - 1 }));
  let days = 1;
  while (Temporal.PlainDate.compare(from, today) < 0) {
    signal.throwIfAborted();
    const to = earlier(from.add({ days: days - 1 }), today.subtract({ days: 1 }));
    const told = await source.insights(urn, from, to, signal);
    const rows = told.map((row) => ({
      day: row.day.toString(),
      team_urn: row.teamUrn,
      sku: row.sku,
      region: row.region,
      description: row.description,
      group_description: row.groupDescription,
      amount: row.amount,
    }));
    const window = { payerId: payer.payerId, urn, from, to, rows: toStorableJson(rows) };
    const at = await now();
    await db.transaction().execute((trx) => writeInsightDays(trx, window, at));
    report(`${payer.slug}: Insights through ${to}`);
    const perDay = Math.max(1, told.length / (from.until(to).days + 1));
    days = Math.min(source.insightDaysMax, Math.max(1, Math.floor(rowsPerQuestion / perDay)));
    from = to.add({ days: 1 });
  }
}

function later(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) >= 0 ? a : b;
}

function earlier(a: Temporal.PlainDate, b: Temporal.PlainDate): Temporal.PlainDate {
  return Temporal.PlainDate.compare(a, b) <= 0 ? a : b;
}
