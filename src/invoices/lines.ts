import { formatMoney } from '../platform/money.ts';
import { Decimal, formatQuantity, parseQuantity } from '../platform/quantity.ts';
import type { RatedLine, RatedMonth } from '../pricing/index.ts';
import type { Json } from './canonical-json.ts';
import type { LineTax } from './taxes.ts';

type LineKind = 'base' | 'usage' | 'adjustment' | 'manual' | 'correction';

/** What a line says before its tax is known. Money has its currency's digits. */
export interface Line {
  readonly kind: LineKind;
  /** Null: by hand, for the customer as a whole. */
  readonly deploymentId: number | null;
  /** The first day of the month in which it was used; of a correction, of the month that is corrected. */
  readonly serviceMonth: Temporal.PlainDate;
  /** What is billed: two ratings of one month name the same thing alike. */
  readonly component: string;
  readonly description: string;
  /** What is charged, of usage what lies beyond the allowance. Null where the amount is no product. */
  readonly quantity: string | null;
  readonly unit: string | null;
  readonly unitPrice: string | null;
  readonly amount: string;
  /** Null: the customer's own category. */
  readonly taxCategory: string | null;
  /** Of a correction: how what it corrects was taxed. Else it is taxed as is believed now. */
  readonly charged?: LineTax | null;
  /** How the amount comes about. */
  readonly details: { readonly [key: string]: Json };
}

/** What a billing kind is called and counted in. */
interface KindTitle {
  readonly title: string;
  readonly unit: string;
}

/**
 * The lines of one deployment's rated month in one currency, in the order of the rating: what has
 * neither usage nor an amount is left out, for a customer need not read what was not used, nor that a
 * plan has no base fee. A month without a line is no invoice.
 */
export function ratedLines(
  deploymentId: number,
  rated: RatedMonth,
  currency: string,
  kinds: ReadonlyMap<string, KindTitle>,
): Line[] {
  const serviceMonth = rated.month.toPlainDate({ day: 1 });
  const lines: Line[] = [];
  for (const line of rated.lines) {
    if (line.currency !== currency) continue;
    // A price of 0 that is not final yet is shown: it says that one is to come.
    const isUsed = (line.kind === 'usage' && line.quantity !== '0') || (line.kind === 'pass_through' && !line.isFinal);
    if (!isUsed && new Decimal(line.amount).isZero()) continue;
    lines.push({
      deploymentId,
      serviceMonth,
      component: line.key,
      amount: line.amount,
      taxCategory: null,
      ...described(line, kinds),
    });
  }
  return lines;
}

type Described = Pick<Line, 'kind' | 'description' | 'quantity' | 'unit' | 'unitPrice' | 'details'>;

function described(line: RatedLine, kinds: ReadonlyMap<string, KindTitle>): Described {
  const details = {
    plan: line.plan,
    planName: line.planName,
    planFrom: line.planFrom.toString(),
    from: line.from.toString(),
    to: line.to.toString(),
  };
  if (line.kind === 'base_fee') {
    const named = { month: 'monthly fee', quarter: 'quarterly fee', year: 'yearly fee' }[line.every];
    const every = named ?? `fee for ${line.every}`;
    return {
      kind: 'base',
      description: `${line.planName}, ${every}`,
      quantity: '1',
      unit: null,
      unitPrice: line.amount,
      details: { ...details, every: line.every, due: line.due, fee: line.fee, part: line.part },
    };
  }
  if (line.kind === 'usage') {
    const { title, unit } = kinds.get(line.billingKind) ?? { title: line.billingKind, unit: '' };
    return {
      kind: 'usage',
      description: title,
      quantity: line.billable,
      unit,
      unitPrice: line.unitPrice,
      details: {
        ...details,
        billingKind: line.billingKind,
        used: line.quantity,
        allowance: line.allowance,
        ...(line.fromEarlierPhase !== null && { fromEarlierPhase: line.fromEarlierPhase }),
        carriedIn: line.carriedIn,
        included: line.allowanceUsed,
        model: line.model,
        tiers: line.tiers.map((tier) => ({ ...tier })),
        per: line.per,
        ...(line.linePerTier && { linePerTier: true }),
        limitedBy: line.limitedBy,
      },
    };
  }
  if (line.kind === 'pass_through') {
    return {
      kind: 'usage',
      description: line.product,
      quantity: '1',
      unit: null,
      unitPrice: line.amount,
      details: { ...details, product: line.product, bill: line.isFinal ? 'final' : 'preview' },
    };
  }
  const what = { minimum: 'minimum commitment', cap: 'cap', discount: 'discount' }[line.kind];
  return {
    kind: 'adjustment',
    description: `${line.planName}, ${what}`,
    quantity: null,
    unit: null,
    unitPrice: null,
    details: { ...details, cause: line.kind },
  };
}

export interface ManualLine {
  readonly manualLineId: number;
  readonly deploymentId: number | null;
  readonly description: string;
  readonly quantity: string;
  readonly unit: string | null;
  readonly unitPrice: string;
  readonly taxCategory: string | null;
}

/** A manual line: quantity times unit price, rounded once. */
export function manualLine(line: ManualLine, month: Temporal.PlainDate, currency: string): Line {
  return {
    kind: 'manual',
    deploymentId: line.deploymentId,
    serviceMonth: month,
    component: `manual ${line.manualLineId}`,
    description: line.description,
    quantity: formatQuantity(parseQuantity(line.quantity)),
    unit: line.unit,
    unitPrice: line.unitPrice,
    amount: formatMoney(parseQuantity(line.quantity).times(parseQuantity(line.unitPrice)), currency),
    taxCategory: line.taxCategory,
    details: {},
  };
}

/** A correction that somebody decided on: its amount is what was decided, to the digit. */
export interface DecidedCorrection {
  readonly correctionId: number;
  readonly deploymentId: number;
  readonly month: Temporal.PlainDate;
  readonly component: string;
  readonly description: string;
  readonly amount: string;
  /** The time of the service that it corrects, half-open, as far as the deployment was there. */
  readonly from: Temporal.Instant;
  readonly to: Temporal.Instant;
  /** The number of the invoice that it corrects; null: it is not issued any more. */
  readonly corrects: string | null;
}

/** `charged`: how the corrected invoice taxed it, or other lines of the deployment; null: it has none. */
export function correctionLine(correction: DecidedCorrection, currency: string, charged: LineTax | null): Line {
  return {
    kind: 'correction',
    deploymentId: correction.deploymentId,
    serviceMonth: correction.month,
    component: correction.component,
    description: correction.description,
    quantity: null,
    unit: null,
    unitPrice: null,
    amount: formatMoney(parseQuantity(correction.amount), currency),
    taxCategory: null,
    charged,
    details: {
      correctionId: correction.correctionId,
      ...(correction.corrects !== null && { corrects: correction.corrects }),
      from: correction.from.toString(),
      to: correction.to.toString(),
    },
  };
}

/** The sum of amounts as they are shown. */
export function sumAmounts(lines: readonly { readonly amount: string }[], currency: string): string {
  return formatMoney(
    lines.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0)),
    currency,
  );
}
