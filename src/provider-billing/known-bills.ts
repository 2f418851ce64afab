import type { BillHeader } from '../cloud/index.ts';
import type { UnitOfWork } from '../platform/database/database.ts';
import { insertBill, type KnownBill, lockBills, selectKnownBills, updateBillId, updateMissing } from './bills.store.ts';

/**
 * Which bill of ours each listed one is. An invoice is known by its uuid. One that is new takes the place of a bill of
 * the same month that the list does not show any more, or that came from a file: it was issued again. Where there are
 * several of these, it is the one of the same amount; else it is a bill of its own, such as a supplement.
 */
export function pairBills(
  listed: readonly BillHeader[],
  known: readonly KnownBill[],
): ReadonlyMap<BillHeader, KnownBill | null> {
  const shown = new Set(listed.map(({ externalId }) => externalId));
  const finals = known.filter(({ kind }) => kind === 'final');
  const byId = new Map(finals.map((bill) => [bill.externalId, bill]));
  const pairs = new Map<BillHeader, KnownBill | null>(
    listed.map((header) => [header, byId.get(header.externalId) ?? null]),
  );
  const unknown = Map.groupBy(
    listed.filter((header) => !byId.has(header.externalId)),
    ({ period }) => period.toString(),
  );
  for (const [period, headers] of unknown) {
    const gone = finals.filter((bill) => bill.period.toString() === period && !shown.has(bill.externalId));
    const [header, bill] = [headers[0] as BillHeader, gone[0]];
    if (headers.length === 1 && gone.length === 1 && bill !== undefined) pairs.set(header, bill);
    else for (const one of headers) pairs.set(one, soleOf(gone, headers, one.amount));
  }
  return pairs;
}

/** The only bill of an amount that only one of the headers has. */
function soleOf(gone: readonly KnownBill[], headers: readonly BillHeader[], amount: string): KnownBill | null {
  const same = gone.filter((bill) => bill.amount !== null && isSameAmount(bill.amount, amount));
  const rivals = headers.filter((header) => isSameAmount(header.amount, amount));
  return same.length === 1 && rivals.length === 1 ? (same[0] ?? null) : null;
}

/** Whether two decimals are the same, whatever zeros they end with. */
export function isSameAmount(a: string, b: string): boolean {
  return withoutZeros(a) === withoutZeros(b);
}

function withoutZeros(amount: string): string {
  const short = amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount;
  return short === '-0' ? '0' : short;
}

/**
 * Brings a payer's bills in line with the provider's list, and answers the listed ones from a month on with the bill
 * that each is. Those that the list does not show any more are marked.
 */
export async function noteListed(
  trx: UnitOfWork,
  payerId: number,
  listed: readonly BillHeader[],
  since: Temporal.PlainDate,
  now: Temporal.Instant,
): Promise<readonly { readonly header: BillHeader; readonly billId: number }[]> {
  await lockBills(trx, payerId);
  const known = await selectKnownBills(trx, payerId);
  const noted: { header: BillHeader; billId: number }[] = [];
  for (const [header, bill] of pairBills(listed, known)) {
    const { externalId, period } = header;
    if (bill === null && Temporal.PlainDate.compare(period, since) < 0) continue;
    if (bill !== null && bill.externalId !== externalId) await updateBillId(trx, bill.billId, externalId);
    const billId = bill?.billId ?? (await insertBill(trx, { payerId, kind: 'final', externalId, period }));
    noted.push({ header, billId });
  }
  await updateMissing(
    trx,
    payerId,
    listed.map(({ externalId }) => externalId),
    now,
  );
  return noted;
}

/** The bill of a month's preview. */
export async function notePreview(trx: UnitOfWork, payerId: number, { period }: BillHeader): Promise<number> {
  await lockBills(trx, payerId);
  const known = (await selectKnownBills(trx, payerId)).find(
    (bill) => bill.kind === 'preview' && bill.period.equals(period),
  );
  return known?.billId ?? insertBill(trx, { payerId, kind: 'preview', externalId: 'preview', period });
}
