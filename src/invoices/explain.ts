import { explainUsage, type UsageExplanation, dayOf } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { ArcadiaError } from '../platform/errors.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { selectDecision } from './corrections.store.ts';
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
  /** Of a correction: what it corrects, and who decided it when; null for every other line. */
  readonly correction: ExplainedCorrection | null;
  /** Usage has changed since: what the line says, and what is known now, differ. */
  readonly changedSince: boolean;
}

/** Why a line corrects another month. */
interface ExplainedCorrection {
  /** `2026-05` */
  readonly month: string;
  /** The number of the invoice; null: it is void. */
  readonly invoice: string | null;
  /** What was issued for the same line on other documents, before tax; what the month costs is that and this amount. */
  readonly issued: string;
  readonly decidedAt: string;
  /** Null for a customer. */
  readonly decidedBy: string | null;
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
    correction: await correctionOf(db, document.currency, line, reader),
    changedSince: line.kind === 'usage' && usage !== null && usage.quantity !== line.details.used,
  };
}

/** `usage studio@2026-01-01 droplet_hours`: the key of the line that is corrected names its billing kind, or a product. */
function correctedKind(component: string): string | undefined {
  const [kind, , billingKind] = component.split(' ');
  return kind === 'usage' && billingKind?.includes(':') !== true ? billingKind : undefined;
}

async function correctionOf(
  db: Queryable,
  currency: string,
  { kind, details: { correctionId, corrects }, serviceMonth }: DocumentLine,
  reader: Audience,
): Promise<ExplainedCorrection | null> {
  if (kind !== 'correction' || typeof correctionId !== 'number') return null;
  // Decisions are ours alone: a customer's rows are none of them.
  const decision = reader === 'customer' ? undefined : await selectDecision(db, correctionId);
  if (decision === undefined) return null;
  return {
    month: serviceMonth,
    invoice: typeof corrects === 'string' ? corrects : null,
    issued: formatMoney(new Decimal(decision.issued), currency),
    decidedAt: decision.decidedAt.toString(),
    decidedBy: decision.decidedBy,
  };
}

async function usageOf(
  db: Queryable,
  deployment: string,
  { kind, component, details }: DocumentLine,
  { limit, cursor }: ExplainOptions,
  reader: Audience,
): Promise<UsageExplanation | null> {
  const { from, to } = details;
  const billingKind = kind === 'correction' ? correctedKind(component) : details.billingKind;
  if (
    (kind !== 'usage' && kind !== 'correction') ||
    typeof billingKind !== 'string' ||
    typeof from !== 'string' ||
    typeof to !== 'string'
  )
    return null;
  // The days of the line's plan; the last of them ends with it.
  const range = { from: dayOf(Temporal.Instant.from(from)), to: dayOf(Temporal.Instant.from(to)) };
  if (Temporal.PlainDate.compare(range.from, range.to) >= 0) return null;
  return explainUsage(db, { deployment, kind: billingKind, ...range, audience: reader, limit, cursor });
}
