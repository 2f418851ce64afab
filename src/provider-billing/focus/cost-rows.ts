import { describeCharge, focusServiceOf, monthSpan, taxService } from '../../invoices/index.ts';
import { Decimal, formatQuantity, roundHalfAwayFromZero } from '../../platform/quantity.ts';
import type { CostBill, CostLine } from './cost.store.ts';
import type { CostRow } from './cost-columns.ts';

// Which line of a bill becomes which rows: one for each share of it in CostAndUsage, one in InvoiceDetail.

const provider = 'DigitalOcean';
/** Of a Decimal in any format. */
const scale = 18;

const fitting = (value: Decimal) => formatQuantity(roundHalfAwayFromZero(value, scale));

/** Classes whose units are GiB that are stored. */
const stored: ReadonlySet<string> = new Set(['volume', 'snapshot', 'custom_image']);

type Category = 'Usage' | 'Purchase' | 'Tax' | 'Credit' | 'Adjustment';
const noPrice = {
  ContractedUnitPrice: null,
  ListUnitPrice: null,
  PricingQuantity: null,
  PricingUnit: null,
  ConsumedQuantity: null,
  ConsumedUnit: null,
  SkuId: null,
  SkuMeter: null,
  SkuPriceDetails: null,
  SkuPriceId: null,
} as const;

/** The rows of one bill. */
export class CostRows {
  readonly #bill: CostBill;
  readonly #month: Temporal.PlainDate;
  readonly #common: ReturnType<typeof commonOf>;

  constructor(bill: CostBill, month: Temporal.PlainDate) {
    this.#bill = bill;
    this.#month = month;
    this.#common = commonOf(bill, month);
  }

  /** A row for each share of a line; one where nobody bears it. Their BilledCosts are its amount. */
  charges(line: CostLine): CostRow[] {
    const shares = line.shares.length === 0 ? [null] : line.shares;
    return shares.map((share) => this.#charge(line, share));
  }

  /** What the header has and no line. */
  residual(): CostRow {
    const { residual } = this.#bill;
    return {
      ...this.#common,
      ...noPrice,
      ...periodOf(null, this.#month),
      ...ownColumns(this.#bill, null),
      ...serviceColumns(null),
      ...noResource,
      ...noAllocation,
      ...amountsOf(residual),
      ChargeCategory: 'Adjustment',
      ChargeClass: null,
      ChargeDescription: 'In the header of the invoice alone',
      ChargeFrequency: 'One-Time',
      InvoiceDetailId: 'residual',
    };
  }

  /** A line as it is on the bill. */
  detail(line: CostLine): CostRow {
    return {
      ...detailCommon(this.#bill, this.#month),
      ...ownColumns(this.#bill, line),
      BilledCost: line.amount,
      ChargeCategory: categoryOf(line, this.#isEarlier(line)),
      InvoiceDetailDescription: describeCharge(line.description ?? line.product ?? `Line ${line.position}`),
      InvoiceDetailGrain: {
        ServiceName: serviceColumns(line).ServiceName,
        ...(line.externalId === null ? {} : { ResourceId: line.externalId }),
        ...(line.account === null ? {} : { SubAccountId: line.account }),
      },
      InvoiceDetailId: String(line.position),
    };
  }

  residualDetail(): CostRow {
    return {
      ...detailCommon(this.#bill, this.#month),
      ...ownColumns(this.#bill, null),
      BilledCost: this.#bill.residual,
      ChargeCategory: 'Adjustment',
      InvoiceDetailDescription: 'In the header of the invoice alone',
      InvoiceDetailGrain: null,
      InvoiceDetailId: 'residual',
    };
  }

  /** Charged for a month before the bill's. */
  #isEarlier({ endTime }: CostLine): boolean {
    return endTime !== null && Temporal.Instant.compare(endTime, monthSpan(this.#month).from) <= 0;
  }

  #charge(line: CostLine, share: CostLine['shares'][number] | null): CostRow {
    const amount = share?.amount ?? line.amount;
    const ratio = new Decimal(line.amount).isZero() ? new Decimal(1) : new Decimal(amount).div(line.amount);
    const isEarlier = this.#isEarlier(line);
    const category = categoryOf(line, isEarlier);
    return {
      ...this.#common,
      ...periodOf(line, this.#month),
      ...ownColumns(this.#bill, line, ratio),
      ...serviceColumns(line),
      ...resourceOf(line),
      ...allocationOf(line, share, ratio),
      ...amountsOf(amount),
      ...(isPriced(category) ? priceOf(line, category, amount, ratio) : noPrice),
      ChargeCategory: category,
      ChargeClass: isEarlier ? 'Correction' : null,
      ChargeDescription: describeCharge(line.description ?? line.product ?? `Line ${line.position}`),
      ChargeFrequency: category === 'Usage' ? 'Usage-Based' : category === 'Purchase' ? 'Recurring' : 'One-Time',
      InvoiceDetailId: String(line.position),
      x_CustomerId: share?.customer ?? null,
      x_DeploymentId: share?.deployment ?? null,
      x_Target: share?.target ?? null,
    };
  }
}

function isPriced(category: Category): category is 'Usage' | 'Purchase' {
  return category === 'Usage' || category === 'Purchase';
}

/** FOCUS knows no negative price: what is given back is a credit, or corrects a month before. */
function categoryOf({ product, amount }: CostLine, isEarlier: boolean): Category {
  if (product === 'Taxes') return 'Tax';
  if (product === 'Credits') return 'Credit';
  if (new Decimal(amount).isNegative()) return isEarlier ? 'Adjustment' : 'Credit';
  return product?.endsWith(' Subscription') === true ? 'Purchase' : 'Usage';
}

const amountsOf = (amount: string) => ({
  BilledCost: amount,
  EffectiveCost: amount,
  ContractedCost: amount,
  ListCost: amount,
});

/** What a line is priced by: the price book's price where one was used, else the line as one unit. */
function priceOf(line: CostLine, category: 'Usage' | 'Purchase', amount: string, ratio: Decimal) {
  const { subject, product, monthly, listMonthly, listLimitHours, units } = line;
  const measured = measure(line);
  const sku = subject ?? product ?? 'line';
  const common = {
    SkuId: sku,
    SkuMeter: product,
    SkuPriceId: sku,
    SkuPriceDetails: monthly === null ? null : { x_Monthly: monthly, x_Units: units },
  };
  if (measured === null || monthly === null) {
    return {
      ...common,
      ContractedUnitPrice: amount,
      ListUnitPrice: amount,
      PricingQuantity: '1',
      PricingUnit: 'Units',
      ConsumedQuantity: category === 'Usage' ? '1' : null,
      ConsumedUnit: category === 'Usage' ? 'Units' : null,
    };
  }
  const quantity = fitting(measured.charged.times(ratio));
  const unitPrice = (perMonth: string, hours: string) =>
    fitting(new Decimal(perMonth).div(measured.unit === 'Hours' ? hours : 1));
  const contracted = unitPrice(monthly, line.limitHours);
  const list = listMonthly === null ? contracted : unitPrice(listMonthly, listLimitHours ?? line.limitHours);
  return {
    ...common,
    ContractedUnitPrice: contracted,
    ContractedCost: fitting(new Decimal(contracted).times(quantity)),
    ListUnitPrice: list,
    ListCost: fitting(new Decimal(list).times(quantity)),
    PricingQuantity: quantity,
    PricingUnit: measured.unit,
    ConsumedQuantity: category === 'Usage' ? fitting(measured.used.times(ratio)) : null,
    ConsumedUnit: category === 'Usage' ? measured.unit : null,
  };
}

/** How much was charged, up to the limit of a month, and how much was there; null: our interval is not known. */
function measure({ class: of, from, to, units, expected, monthly, limitHours }: CostLine) {
  if (from === null || to === null || units === null) return null;
  const hours = new Decimal(from.until(to).total('seconds').toFixed(6)).div(3600);
  // A pool is charged by its nodes' hours together, which its amount tells.
  const isPool = of === 'pool' && expected !== null && monthly !== null && !new Decimal(monthly).isZero();
  const counted = isPool ? new Decimal(expected).times(limitHours).div(monthly) : Decimal.min(hours, limitHours);
  const used = isPool ? counted : hours;
  if (of === null || !stored.has(of))
    return { unit: 'Hours', charged: counted.times(units), used: used.times(units) } as const;
  const perMonth = (time: Decimal) => time.times(units).div(limitHours);
  return { unit: 'GiB-Months', charged: perMonth(counted), used: perMonth(used) } as const;
}

const noAllocation = {
  AllocatedMethodDetails: null,
  AllocatedMethodId: null,
  AllocatedResourceId: null,
  AllocatedResourceName: null,
  x_CustomerId: null,
  x_DeploymentId: null,
  x_Target: null,
} as const;

/** By what a cost is split, or allocated: that of what one deployment owns is neither. */
function allocationOf({ outcome, rule, shares }: CostLine, share: CostLine['shares'][number] | null, ratio: Decimal) {
  if (share === null || (outcome !== 'allocated' && shares.length < 2)) return noAllocation;
  const method = outcome === 'allocated' ? rule.replaceAll('_', '-') : 'owner-time';
  return {
    AllocatedMethodDetails: { Elements: [{ AllocatedRatio: fitting(ratio) }] },
    AllocatedMethodId: method,
    AllocatedResourceId: share.deployment,
    AllocatedResourceName: share.deployment === null ? null : (share.name ?? share.deployment),
  };
}

const noResource = {
  RegionId: null,
  RegionName: null,
  ResourceId: null,
  ResourceName: null,
  ResourceType: null,
  SubAccountId: null,
  SubAccountName: null,
  Tags: null,
} as const;

function resourceOf({ externalId, kind, account, resourceName, region, tags }: CostLine) {
  return {
    RegionId: nonEmpty(region),
    RegionName: nonEmpty(region),
    ResourceId: externalId,
    ResourceName: nonEmpty(resourceName),
    ResourceType: kind,
    SubAccountId: account,
    SubAccountName: account,
    // A tag of the provider's is a word without a value.
    Tags: tags === null ? null : Object.fromEntries(tags.map((tag) => [tag, true])),
  };
}

function nonEmpty(text: string | null): string | null {
  return text === null || text.trim() === '' ? null : text;
}

function serviceColumns(line: Pick<CostLine, 'product' | 'resourceKind'> | null) {
  const named = line?.product ?? 'Other';
  const { category, subcategory, name } =
    line?.product === 'Taxes'
      ? taxService
      : focusServiceOf(
          line === null || line.resourceKind === null ? undefined : { title: named, resourceKind: line.resourceKind },
          named,
        );
  return { ServiceCategory: category, ServiceSubcategory: subcategory, ServiceName: name };
}

/** The time that a line says it is for, in whole seconds; else the month. */
function periodOf(line: CostLine | null, month: Temporal.PlainDate) {
  const { from, to } = monthSpan(month);
  const whole = (at: Temporal.Instant) => at.round({ smallestUnit: 'second', roundingMode: 'floor' });
  const start = line?.startTime == null ? from : whole(line.startTime);
  const end = line?.endTime == null ? to : whole(line.endTime);
  const isEmpty = Temporal.Instant.compare(start, end) >= 0;
  return { ChargePeriodStart: start, ChargePeriodEnd: isEmpty ? start.add({ seconds: 1 }) : end };
}

function ownColumns({ state, version }: CostBill, line: CostLine | null, ratio = new Decimal(1)) {
  const part = (amount: string | null) => (amount === null ? null : fitting(new Decimal(amount).times(ratio)));
  return {
    x_BillState: state,
    x_BillVersion: String(version),
    x_Cause: line?.cause ?? null,
    x_Difference: line === null ? null : part(line.difference),
    x_ExpectedCost: line === null ? null : part(line.expected),
    x_MatchRule: line?.rule ?? null,
    x_Outcome: line?.outcome ?? 'residual',
    x_ProjectName: nonEmpty(line?.projectName ?? null),
  };
}

function commonOf({ payer, currency, invoice }: CostBill, month: Temporal.PlainDate) {
  const { from, to } = monthSpan(month);
  return {
    BillingAccountId: payer,
    BillingAccountName: payer,
    BillingCurrency: currency,
    BillingPeriodEnd: to,
    BillingPeriodStart: from,
    HostProviderName: provider,
    InvoiceId: invoice,
    InvoiceIssuerName: provider,
    ServiceProviderName: provider,
  } as const;
}

function detailCommon(bill: CostBill, month: Temporal.PlainDate) {
  const { payer, currency, invoice, kind, sealedAt, issuedAt } = bill;
  const { from, to } = monthSpan(month);
  const whole = (at: Temporal.Instant) => at.round({ smallestUnit: 'second', roundingMode: 'floor' });
  return {
    BillingAccountId: payer,
    BillingCurrency: currency,
    BillingPeriodEnd: to,
    BillingPeriodStart: from,
    InvoiceDetailCreated: whole(sealedAt),
    InvoiceDetailLastUpdated: whole(sealedAt),
    InvoiceId: invoice,
    InvoiceIssueDate: issuedAt === null ? null : whole(issuedAt),
    InvoiceIssueStatus: kind === 'preview' ? 'Open' : 'Issued',
    InvoiceIssuerName: provider,
    PaymentDueDate: null,
    PaymentTerms: 'Due on receipt',
    PurchaseOrderNumber: null,
    ReferenceInvoiceId: invoice,
  } as const;
}
