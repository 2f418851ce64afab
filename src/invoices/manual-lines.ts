import type { UnitOfWork, Database } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { Decimal, parseQuantity } from '../platform/quantity.ts';
import { assertBegun, draftCustomer } from './drafts.ts';
import { lockMonth } from './drafts.store.ts';
import { invoiceNotDraft } from './errors.ts';
import * as store from './invoices.store.ts';
import { inTransaction } from './issue.ts';
import { taxCategoryPattern } from './tax-rates.ts';

interface NewLine {
  readonly description: string;
  /** Decimal; negative gives back. */
  readonly quantity: string;
  readonly unit?: string | null | undefined;
  /** Decimal, in the invoice's currency, without tax. */
  readonly unitPrice: string;
  /** Null: the customer's. */
  readonly taxCategory?: string | null | undefined;
  /** A deployment's slug: the line comes in its section. */
  readonly deployment?: string | null | undefined;
}

/** Whole digits of a quantity, a price and an amount at most, and decimals of a price: exports hold 20 and 18. */
const wholeDigitsMax = 15;
const priceDecimalsMax = 18;

function assertExportable(quantity: Decimal, unitPrice: Decimal): void {
  if (unitPrice.decimalPlaces() > priceDecimalsMax) {
    throw new ArcadiaError('invalid_argument', `A price has up to ${priceDecimalsMax} decimals.`);
  }
  for (const [what, value] of [
    ['quantity', quantity],
    ['unit price', unitPrice],
    ['amount', quantity.times(unitPrice)],
  ] as const) {
    if (value.abs().lt(new Decimal(10).pow(wholeDigitsMax))) continue;
    throw new ArcadiaError(
      'invalid_argument',
      `Its ${what}, ${value.toFixed()}, has more than ${wholeDigitsMax} digits.`,
    );
  }
}

/**
 * Adds a line to a draft: quantity times unit price, rounded once. It is a fact of the customer's
 * month, and stays when the draft is made anew.
 * @throws ArcadiaError not_found (deployment), conflict (no draft), invalid_argument
 */
export async function addLine(
  db: Database,
  invoiceId: number,
  line: NewLine,
  by: string,
  now: Temporal.Instant,
): Promise<{ lineId: number }> {
  const description = line.description.trim();
  if (description === '') throw new ArcadiaError('invalid_argument', 'A line needs a description.');
  const quantity = parseQuantity(line.quantity);
  if (quantity.isZero()) throw new ArcadiaError('invalid_argument', 'A line of nothing need not be added.');
  if (quantity.decimalPlaces() > 9) throw new ArcadiaError('invalid_argument', 'A quantity has up to 9 decimals.');
  assertExportable(quantity, parseQuantity(line.unitPrice));
  if (line.taxCategory != null && !taxCategoryPattern.test(line.taxCategory)) {
    throw new ArcadiaError('invalid_argument', `"${line.taxCategory}" is no tax category; write it as standard.`);
  }
  return inTransaction(db, invoiceId, async (trx, invoice) => {
    if (invoice.state !== 'draft') {
      throw invoiceNotDraft(`Invoice ${invoice.number ?? invoiceId} is ${invoice.state}; lines are added to drafts.`);
    }
    const deployment = line.deployment ?? null;
    const deploymentId = deployment === null ? null : await deploymentOf(trx, invoice, deployment);
    const lineId = await store.insertManualLine(
      trx,
      {
        customerId: invoice.customerId,
        deploymentId,
        currency: invoice.currency,
        month: invoice.month,
        description,
        quantity: line.quantity,
        unit: line.unit ?? null,
        unitPrice: line.unitPrice,
        taxCategory: line.taxCategory ?? null,
      },
      by,
      now,
    );
    await draftCustomer(trx, invoice.customerId, invoice.month, now);
    return { lineId };
  });
}

/**
 * Takes a manual line away; the draft that it was on follows.
 * @throws ArcadiaError not_found; conflict (removed before, or its invoice is approved or issued)
 */
export async function removeLine(db: Database, lineId: number, by: string, now: Temporal.Instant): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const owner = await store.selectManualLineOwner(trx, lineId);
    if (!owner) throw new ArcadiaError('not_found', `There is no manual line ${lineId}.`);
    await store.lockCustomer(trx, owner.customerId);
    await lockMonth(trx, owner.month);
    if (owner.removed) throw new ArcadiaError('conflict', `Line ${lineId} was removed before.`);
    const invoice = await store.lockInvoiceOfMonth(trx, owner.customerId, owner.currency, owner.month);
    if (invoice && invoice.state !== 'draft') {
      throw invoiceNotDraft(`Line ${lineId} is on invoice ${invoice.invoiceId}, which is ${invoice.state}.`);
    }
    await store.updateManualLineRemoved(trx, lineId, by, now);
    assertBegun(owner.month, now);
    await draftCustomer(trx, owner.customerId, owner.month, now);
  });
}

async function deploymentOf(trx: UnitOfWork, invoice: store.LockedInvoice, slug: string): Promise<number> {
  const row = await store.selectDeploymentOfCustomer(trx, slug, invoice.customerId);
  if (row === undefined)
    throw new ArcadiaError('not_found', `Customer "${invoice.customer}" has no deployment "${slug}".`);
  return row;
}
