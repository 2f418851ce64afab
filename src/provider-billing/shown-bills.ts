import type { Queryable } from '../platform/database/database.ts';
import { notFound } from '../platform/errors.ts';
import {
  type BillRow,
  type LineRow,
  type ProductRow,
  selectBills,
  selectLines,
  selectProducts,
  selectSummary,
  selectVersions,
  type VersionRow,
} from './shown-bills.store.ts';

export { selectBills as listBills } from './shown-bills.store.ts';

/** An amount that the provider's summary names. */
export interface SummaryPart {
  readonly name: string;
  readonly amount: string;
}

export interface ShownBill {
  readonly bill: BillRow;
  /** The newest first. */
  readonly versions: readonly VersionRow[];
  /** The version that the rest is about: the bill's own unless asked for; null: none is sealed yet. */
  readonly shown: VersionRow | null;
  /** What its lines come to, by product. */
  readonly products: readonly ProductRow[];
  /** What the provider's summary says that its amount is made of: it names what no line has. */
  readonly summary: readonly SummaryPart[];
}

/** One bill, as one of its versions has it: unless one is given, the one that was signed, or else the current one. Errors: not_found. */
export async function getBill(db: Queryable, billId: number, version: number | null): Promise<ShownBill> {
  const [bill] = await selectBills(db, { bill: billId, limit: 1, after: null });
  if (bill === undefined) throw notFound('bill', String(billId));
  const versions = await selectVersions(db, billId);
  const shown = pickVersion(bill, versions, version);
  if (shown === null) return { bill, versions, shown, products: [], summary: [] };
  const [products, summary] = await Promise.all([
    selectProducts(db, shown.versionId),
    selectSummary(db, shown.versionId),
  ]);
  return { bill, versions, shown, products, summary: partsOf(summary) };
}

function pickVersion(bill: BillRow, versions: readonly VersionRow[], wanted: number | null): VersionRow | null {
  const found = versions.find(({ version }) => version === (wanted ?? bill.version));
  if (wanted !== null && found === undefined) throw notFound(`version of bill ${bill.bill}`, String(wanted));
  return found ?? null;
}

/** Lines of a bill's version, in its own order. Errors: not_found. */
export async function listLines(
  db: Queryable,
  billId: number,
  version: number | null,
  filters: Parameters<typeof selectLines>[2],
): Promise<readonly LineRow[]> {
  const [bill] = await selectBills(db, { bill: billId, limit: 1, after: null });
  if (bill === undefined) throw notFound('bill', String(billId));
  const shown = pickVersion(bill, await selectVersions(db, billId), version);
  return shown === null ? [] : selectLines(db, shown.versionId, filters);
}

const parts = ['product_charges', 'overages', 'taxes', 'credits_and_adjustments'];

/** The parts of a summary, as far as it has them and they are understood. */
function partsOf(summary: string | null): readonly SummaryPart[] {
  const said = summary === null ? null : parseObject(summary);
  return parts.flatMap((part) => {
    const { name, amount } = (said?.[part] ?? {}) as { name?: unknown; amount?: unknown };
    if (typeof amount !== 'string' || !/^-?\d{1,20}(\.\d{1,20})?$/.test(amount)) return [];
    return [{ name: typeof name === 'string' && name !== '' ? name : part, amount }];
  });
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
