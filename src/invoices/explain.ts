import { explainUsage, type UsageExplanation, dayOf } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import type { DocumentLine } from './document.ts';
import { type Invoice, type Audience, readDocument } from './invoices.ts';

/** A line of an invoice opened: how its amount comes about, and for usage what was there when. Never our cost. */
interface LineExplanation {
  /** Number, or id of a draft. */
  readonly invoice: string;
  readonly currency: string;
  readonly deployment: string | null;
  readonly line: DocumentLine;
  /** The newest metering that the invoice was made from. */
  readonly usageRevision: number;
  /** Days, records, resources and intervals, as they are known now; null for what is not usage. */
  readonly usage: UsageExplanation | null;
  /** Usage has changed since: what the line says, and what is known now, differ. */
  readonly changedSince: boolean;
}

interface ExplainOptions {
  readonly line: number;
  /** Resources on a page. */
  readonly limit?: number | undefined;
  readonly cursor?: string | null | undefined;
}

/**
 * Explains a line by its number on the document.
 * @throws ArcadiaError not_found
 */
export async function explainLine(
  db: Queryable,
  invoice: Invoice,
  options: ExplainOptions,
  reader: Audience = 'staff',
): Promise<LineExplanation> {
  const { document } = await readDocument(db, invoice);
  const section = document.sections.find((one) => one.lines.some((line) => line.position === options.line));
  const line = section?.lines.find((one) => one.position === options.line);
  const name = invoice.number ?? String(invoice.invoiceId);
  if (!section || !line) {
    const count = document.sections.reduce((sum, one) => sum + one.lines.length, 0);
    throw new ArcadiaError('not_found', `Invoice ${name} has no line ${options.line}; it has ${count}.`);
  }
  const usage = section.deployment === null ? null : await usageOf(db, section.deployment, line, options, reader);
  return {
    invoice: name,
    currency: document.currency,
    deployment: section.deployment,
    line,
    usageRevision: document.usageRevision,
    usage,
    changedSince: usage !== null && usage.quantity !== line.details.used,
  };
}

async function usageOf(
  db: Queryable,
  deployment: string,
  { kind, details }: DocumentLine,
  { limit, cursor }: ExplainOptions,
  reader: Audience,
): Promise<UsageExplanation | null> {
  const { billingKind, from, to } = details;
  if (kind !== 'usage' || typeof billingKind !== 'string' || typeof from !== 'string' || typeof to !== 'string')
    return null;
  // The days of the line's plan; the last of them ends with it.
  const range = { from: dayOf(Temporal.Instant.from(from)), to: dayOf(Temporal.Instant.from(to)) };
  if (Temporal.PlainDate.compare(range.from, range.to) >= 0) return null;
  return explainUsage(db, { deployment, kind: billingKind, ...range, audience: reader, limit, cursor });
}
