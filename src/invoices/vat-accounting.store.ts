import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { TaxTotal } from './taxes.ts';
import type { VatAccounting } from './vat-accounting.ts';

/**
 * The invoice that a credit note credits and that invoice's other issued notes, the invoice first, as their documents say
 * their VAT in the seller's currency. None: the invoice does not say it.
 */
export async function selectAccountedOf(
  db: Queryable,
  creditNoteId: number,
): Promise<{ readonly taxes: readonly TaxTotal[]; readonly accounting: VatAccounting }[]> {
  const { rows } = await statement<{ taxes: TaxTotal[]; accounting: VatAccounting }>('invoices.selectAccountedOf')`
    SELECT i.taxes, i.document::jsonb -> 'vatAccounting' AS accounting
    FROM invoices n JOIN invoices i ON i.invoice_id = n.credits_invoice_id OR i.credits_invoice_id = n.credits_invoice_id
    WHERE n.invoice_id = ${creditNoteId} AND i.state = 'issued' AND i.document::jsonb ? 'vatAccounting'
    ORDER BY i.kind = 'credit_note', i.invoice_id`.execute(db);
  return rows;
}
