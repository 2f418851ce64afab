import { openRating, type UnchargedUsage, type UsageSource } from '../pricing/index.ts';
import { listBillingKinds } from '../metering/index.ts';
import type { Queryable } from '../platform/database/database.ts';
import { formatMoney } from '../platform/money.ts';
import { Decimal } from '../platform/quantity.ts';
import { canonicalJson, type Json, sha256 } from './canonical-json.ts';
import * as store from './drafts.store.ts';
import { correctionLine, type Line, manualLine, ratedLines, sumAmounts } from './lines.ts';
import { type LineTax, lineTax, type TaxTotal, taxTotals } from './taxes.ts';

// What customers owe for a month: the one composition that previews, drafts, approvals and issued
// invoices have in common, so that they cannot differ.

export type TaxedLine = Line & { readonly tax: LineTax };

/** An invoice before it is anything: what follows from the facts. */
export interface Composed extends Omit<store.DraftContent, 'invoiceId' | 'lines'> {
  readonly lines: readonly TaxedLine[];
}

export interface ComposedCustomer {
  readonly customer: store.BilledCustomer;
  /** One per currency that anything is due in, by currency. */
  readonly invoices: readonly Composed[];
  /** Usage that no plan charges: paused, or on no plan. */
  readonly uncharged: readonly { readonly deployment: string; readonly usage: UnchargedUsage }[];
}

/** What customers owe for a month with all that it rests on but usage: read once, composed with one usage or another. */
interface Composition {
  /** What is metered of them, unless given. */
  compose(sums?: UsageSource): Promise<ComposedCustomer[]>;
}

/** What the customers owe for a calendar month, as far as the facts are known. A few statements, however many. */
export async function compose(
  db: Queryable,
  month: Temporal.PlainDate,
  customers: readonly store.BilledCustomer[],
  sums?: UsageSource,
): Promise<ComposedCustomer[]> {
  return (await openComposition(db, month, customers)).compose(sums);
}

/** See `compose`, for several usages of one month. */
export async function openComposition(
  db: Queryable,
  month: Temporal.PlainDate,
  customers: readonly store.BilledCustomer[],
): Promise<Composition> {
  const ids = customers.map((customer) => customer.customerId);
  const deployments = await store.selectDeployments(db, ids);
  const rating = await openRating(db, {
    deployments: deployments.map((deployment) => deployment.deploymentId),
    month: month.toPlainYearMonth(),
  });
  const kinds = new Map((await listBillingKinds(db, lastDay(month))).map((kind) => [kind.slug, kind]));
  const manual = await store.selectManualLines(db, month, ids);
  const decided = await store.selectDecidedCorrections(db, month, ids);
  const charged = await store.selectChargedTaxes(db, decided);
  const taxOf = await openTaxes(db, [
    ...ids.map((customerId) => ({ customerId, month })),
    ...decided.map(({ customerId, month: corrected }) => ({ customerId, month: corrected })),
  ]);

  const composeWith = async (sums: UsageSource): Promise<ComposedCustomer[]> => {
    const ratedById = new Map((await rating.rate(sums)).map((row) => [row.deploymentId, row.rated]));
    const byCustomer = new Map(customers.map(({ customerId }) => [customerId, new Map<string, Line[]>()]));
    const linesOf = (customerId: number, currency: string): Line[] => {
      const currencies = byCustomer.get(customerId) as Map<string, Line[]>;
      const lines = currencies.get(currency) ?? [];
      currencies.set(currency, lines);
      return lines;
    };
    for (const { deploymentId, customerId } of deployments) {
      const deployment = ratedById.get(deploymentId);
      for (const { currency } of deployment?.totals ?? []) {
        const own = ratedLines(deploymentId, deployment as NonNullable<typeof deployment>, currency, kinds);
        linesOf(customerId, currency).push(...own);
      }
    }
    for (const row of manual) linesOf(row.customerId, row.currency).push(manualLine(row, month, row.currency));
    for (const [index, row] of decided.entries()) {
      linesOf(row.customerId, row.currency).push(correctionLine(row, row.currency, charged[index] ?? null));
    }
    return customers.map((customer) => ({
      customer,
      invoices: [...(byCustomer.get(customer.customerId) ?? [])]
        .filter(([, lines]) => lines.length > 0)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([currency, lines]) => finish(customer, currency, lines, taxOf)),
      uncharged: deployments
        .filter((deployment) => deployment.customerId === customer.customerId)
        .flatMap(({ deploymentId, slug }) =>
          (ratedById.get(deploymentId)?.uncharged ?? []).map((usage) => ({ deployment: slug, usage })),
        ),
    }));
  };
  return { compose: (sums = rating.metered()) => composeWith(sums) };
}

/** The tax of lines of a customer's month: what holds for it on the month's last day. */
type TaxOf = (customerId: number, line: Pick<Line, 'serviceMonth' | 'taxCategory'>) => LineTax;

export async function openTaxes(db: Queryable, pairs: Parameters<typeof store.selectTaxProfiles>[1]): Promise<TaxOf> {
  const distinct = [...new Map(pairs.map((pair) => [`${pair.customerId} ${pair.month}`, pair])).values()];
  const rows = await store.selectTaxProfiles(db, distinct);
  const profiles = new Map(rows.map((row) => [`${row.customerId} ${row.month}`, row]));
  return (customerId, line) => {
    const profile = profiles.get(`${customerId} ${line.serviceMonth}`);
    if (profile === undefined) throw new RangeError(`no tax profile of ${customerId} for ${line.serviceMonth}`);
    return lineTax(profile, line.taxCategory ?? profile.taxCategory, (category) => profile.rates[category]);
  };
}

/** Adds taxes, totals and the digest to the lines of one document. `taxedBefore`: see `taxTotals`. */
export function finish(
  customer: Pick<store.BilledCustomer, 'customerId' | 'legalEntityId'>,
  currency: string,
  lines: readonly Line[],
  taxOf: TaxOf,
  taxedBefore: readonly TaxTotal[] = [],
): Composed {
  const taxed = lines.map((line) => ({ ...line, tax: line.charged ?? taxOf(customer.customerId, line) }));
  const taxes = taxTotals(taxed, currency, taxedBefore);
  const subtotal = sumAmounts(taxed, currency);
  const tax = sumAmounts(taxes, currency);
  const content = {
    customerId: customer.customerId,
    legalEntityId: customer.legalEntityId,
    currency,
    subtotal,
    tax,
    total: formatMoney(new Decimal(subtotal).plus(tax), currency),
    taxes,
  };
  const digested = { ...content, lines: taxed.map(storedLine) } as unknown as Json;
  return {
    ...content,
    lines: taxed,
    inputsDigest: sha256(canonicalJson(digested)),
  };
}

/** A line as it is written. */
export function storedLine({ taxCategory: _, charged: _charged, serviceMonth, ...line }: TaxedLine): store.DraftLine {
  return { ...line, serviceMonth: serviceMonth.toString() };
}

function lastDay(month: Temporal.PlainDate): Temporal.PlainDate {
  return month.add({ months: 1 }).subtract({ days: 1 });
}
