import type { Json } from '../canonical-json.ts';

// The Cost and Usage dataset of FOCUS 1.4 as this export has it: every mandatory column, every
// conditional one whose condition is met here, and behind them columns of our own, which FOCUS
// wants to begin with x_. docs/focus.md says what each holds, and which are left out and why.

export const focusVersion = '1.4';

export const chargeCategories = ['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment'] as const;
export type ChargeCategory = (typeof chargeCategories)[number];

const chargeFrequencies = ['One-Time', 'Recurring', 'Usage-Based'] as const;
export type ChargeFrequency = (typeof chargeFrequencies)[number];

export interface Column {
  readonly name: string;
  readonly type: 'Decimal' | 'String' | 'Date/Time' | 'JSON';
  readonly nullable: boolean;
  /** The only values that it may have. */
  readonly allowed?: readonly string[];
}

/** In their order in a file. */
export const columns = [
  { name: 'BilledCost', type: 'Decimal', nullable: false },
  { name: 'BillingAccountId', type: 'String', nullable: false },
  { name: 'BillingAccountName', type: 'String', nullable: true },
  { name: 'BillingCurrency', type: 'String', nullable: false },
  { name: 'BillingPeriodEnd', type: 'Date/Time', nullable: false },
  { name: 'BillingPeriodStart', type: 'Date/Time', nullable: false },
  { name: 'ChargeCategory', type: 'String', nullable: false, allowed: chargeCategories },
  { name: 'ChargeClass', type: 'String', nullable: true, allowed: ['Correction'] },
  { name: 'ChargeDescription', type: 'String', nullable: true },
  { name: 'ChargeFrequency', type: 'String', nullable: false, allowed: chargeFrequencies },
  { name: 'ChargePeriodEnd', type: 'Date/Time', nullable: false },
  { name: 'ChargePeriodStart', type: 'Date/Time', nullable: false },
  { name: 'ConsumedQuantity', type: 'Decimal', nullable: true },
  { name: 'ConsumedUnit', type: 'String', nullable: true },
  { name: 'ContractedCost', type: 'Decimal', nullable: false },
  { name: 'ContractedUnitPrice', type: 'Decimal', nullable: true },
  { name: 'EffectiveCost', type: 'Decimal', nullable: false },
  { name: 'HostProviderName', type: 'String', nullable: false },
  { name: 'InvoiceDetailId', type: 'String', nullable: true },
  { name: 'InvoiceId', type: 'String', nullable: true },
  { name: 'InvoiceIssuerName', type: 'String', nullable: false },
  { name: 'ListCost', type: 'Decimal', nullable: false },
  { name: 'ListUnitPrice', type: 'Decimal', nullable: true },
  { name: 'PricingQuantity', type: 'Decimal', nullable: true },
  { name: 'PricingUnit', type: 'String', nullable: true },
  { name: 'RegionId', type: 'String', nullable: true },
  { name: 'RegionName', type: 'String', nullable: true },
  { name: 'ResourceId', type: 'String', nullable: true },
  { name: 'ResourceName', type: 'String', nullable: true },
  { name: 'ResourceType', type: 'String', nullable: true },
  { name: 'ServiceCategory', type: 'String', nullable: false },
  { name: 'ServiceName', type: 'String', nullable: false },
  { name: 'ServiceProviderName', type: 'String', nullable: false },
  { name: 'ServiceSubcategory', type: 'String', nullable: false },
  { name: 'SkuId', type: 'String', nullable: true },
  { name: 'SkuMeter', type: 'String', nullable: true },
  { name: 'SkuPriceDetails', type: 'JSON', nullable: true },
  { name: 'SkuPriceId', type: 'String', nullable: true },
  { name: 'SubAccountId', type: 'String', nullable: true },
  { name: 'SubAccountName', type: 'String', nullable: true },
  { name: 'Tags', type: 'JSON', nullable: true },
  { name: 'x_CreditedInvoiceId', type: 'String', nullable: true },
  { name: 'x_IncludedQuantity', type: 'Decimal', nullable: true },
  { name: 'x_InvoiceKind', type: 'String', nullable: false, allowed: ['invoice', 'credit_note'] },
  {
    name: 'x_LineKind',
    type: 'String',
    nullable: false,
    allowed: ['base', 'usage', 'adjustment', 'manual', 'correction', 'tax'],
  },
  { name: 'x_PlanId', type: 'String', nullable: true },
  { name: 'x_TaxCategory', type: 'String', nullable: true },
  { name: 'x_TaxName', type: 'String', nullable: true },
  { name: 'x_TaxPercent', type: 'Decimal', nullable: true },
] as const satisfies readonly Column[];

type Columns = (typeof columns)[number];

type ValueOf<C> = C extends { readonly allowed: readonly (infer Allowed)[] }
  ? Allowed
  : C extends { readonly type: 'Date/Time' }
    ? Temporal.Instant
    : C extends { readonly type: 'JSON' }
      ? JsonObject
      : string;

export type JsonObject = { readonly [key: string]: Json };

/** What any column may hold: a decimal or a text, a moment, an object. */
export type FocusValue = string | Temporal.Instant | JsonObject | null;

/** One charge. A Decimal is a decimal string, a Date/Time a whole second. */
export type FocusRow = {
  readonly [C in Columns as C['name']]: C['nullable'] extends true ? ValueOf<C> | null : ValueOf<C>;
};

/** Of what runs on nobody's infrastructure. */
export const noHost = 'Not Applicable';

/** The precision of every Decimal where a format must state one: 20 digits before the point, 18 after. */
export const decimalPrecision = 38;
export const decimalScale = 18;
