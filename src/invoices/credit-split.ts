import { Decimal } from '../platform/quantity.ts';
import type { ChargedRow, ProposalRow } from './corrections.store.ts';
import type { LineTax } from './taxes.ts';

/** One line of a credit note: a proposal, or the part of it that the credited invoice charged. */
export interface CreditLine {
  readonly proposal: ProposalRow;
  /** Signed. */
  readonly amount: Decimal;
  /** As the credited invoice taxed it; null: it charged nothing of the kind. */
  readonly tax: LineTax | null;
}

/**
 * Divides what is to be given back of a deployment's month among the invoices that charged it: its own,
 * and later ones that carried corrections of it. What was charged last is given back first, line by line,
 * at the tax at which it was charged. What none of them charged as such, a discount for instance, comes on the
 * month's own invoice. A part that alone would give nothing back comes with the greatest.
 * @param charged what invoices charge of the month, the newest first
 * @returns each credited invoice's lines, by its id; the sum of each is negative
 */
export function splitCredit(
  proposals: readonly ProposalRow[],
  charged: readonly ChargedRow[],
  ownInvoiceId: number,
): Map<number, CreditLine[]> {
  const notes = new Map<number, CreditLine[]>();
  const add = (invoiceId: number, line: CreditLine) => notes.set(invoiceId, [...(notes.get(invoiceId) ?? []), line]);
  for (const proposal of proposals) {
    let rest = new Decimal(proposal.amount);
    for (const { invoiceId, component, tax, amount: chargedAmount } of charged) {
      const amount = new Decimal(chargedAmount);
      if (component !== proposal.component || rest.isZero() || amount.isNegative() === rest.isNegative()) continue;
      const part = Decimal.min(amount.abs(), rest.abs()).times(rest.isNegative() ? -1 : 1);
      add(invoiceId, { proposal, amount: part, tax });
      rest = rest.minus(part);
    }
    if (!rest.isZero()) add(ownInvoiceId, { proposal, amount: rest, tax: null });
  }
  return withoutCharges(notes);
}

/** The whole gives back; so do all parts, once those that do not are put to the greatest that does. */
function withoutCharges(notes: Map<number, CreditLine[]>): Map<number, CreditLine[]> {
  for (;;) {
    const sums = [...notes].map(([invoiceId, lines]) => ({ invoiceId, sum: sumOf(lines) }));
    const charge = sums.find(({ sum }) => !sum.isNegative() || sum.isZero());
    if (charge === undefined) return notes;
    const [greatest] = sums.filter((one) => one !== charge).sort((a, b) => a.sum.cmp(b.sum));
    if (greatest === undefined) throw new RangeError('a credit that gives nothing back');
    const moved = notes.get(charge.invoiceId) as CreditLine[];
    notes.set(greatest.invoiceId, [...(notes.get(greatest.invoiceId) as CreditLine[]), ...moved]);
    notes.delete(charge.invoiceId);
  }
}

function sumOf(lines: readonly CreditLine[]): Decimal {
  return lines.reduce((sum, line) => sum.plus(line.amount), new Decimal(0));
}
