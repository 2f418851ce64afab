import type { Database } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { ratedMonth, type UsageSource } from '../pricing/index.ts';
import { selectDeployments } from './drafts.store.ts';
import type { RevenueRow } from './month-figures.store.ts';
import { previewMonth } from './preview.ts';

/**
 * What a month earns by its own service, before tax: usage, adjustments and the fees of the month itself, of a year's fee
 * the part that falls into it, and manual lines. Corrections of other months are theirs. Customers that cannot be rated
 * are left out, as they are from all figures of the month.
 * @throws ArcadiaError cancelled; what the database says
 */
export async function composeRevenue(
  db: Database,
  month: Temporal.PlainDate,
  now: Temporal.Instant,
  sums: UsageSource,
  signal?: AbortSignal,
): Promise<RevenueRow[]> {
  const rows = new Map<string, RevenueRow>();
  const add = (row: RevenueRow) => {
    const key = JSON.stringify([
      row.deploymentId ?? -row.customerId,
      row.currency,
      row.kind,
      row.plan,
      row.billingKind,
      row.product,
    ]);
    const amount = new Decimal(rows.get(key)?.amount ?? 0).plus(row.amount);
    rows.set(key, { ...row, amount: formatMoney(amount, row.currency) });
  };
  for await (const { customers } of previewMonth(db, month, now, sums)) {
    signal?.throwIfAborted();
    const ids = (
      await selectDeployments(
        db,
        customers.map(({ customer }) => customer.customerId),
      )
    ).map(({ deploymentId }) => deploymentId);
    const rated = await ratedMonth(db, { deployments: ids, month: month.toPlainYearMonth(), fees: 'own', sums });
    for (const { deploymentId, customerId, rated: own } of rated) {
      for (const line of own.lines) {
        const { currency, plan, amount } = line;
        if (new Decimal(amount).isZero()) continue;
        const billingKind = line.kind === 'usage' ? line.billingKind : null;
        const product = line.kind === 'pass_through' ? line.product : null;
        add({ customerId, deploymentId, currency, kind: kindOf(line.kind), plan, billingKind, product, amount });
      }
    }
    for (const { customer, invoices } of customers) {
      for (const { currency, lines } of invoices) {
        for (const { kind, deploymentId, amount } of lines) {
          if (kind !== 'manual') continue;
          const none = { plan: null, billingKind: null, product: null };
          add({ customerId: customer.customerId, deploymentId, currency, kind, ...none, amount });
        }
      }
    }
  }
  return [...rows.values()];
}

function kindOf(kind: string): RevenueRow['kind'] {
  if (kind === 'base_fee') return 'base';
  return kind === 'usage' || kind === 'pass_through' ? 'usage' : 'adjustment';
}
