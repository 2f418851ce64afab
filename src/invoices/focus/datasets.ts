import { ArcadiaError } from '../../platform/errors.ts';
import {
  type Column,
  chargeCategories,
  columns,
  decimalPrecision,
  decimalScale,
  type FocusValue,
  focusVersion,
} from './columns.ts';

// The datasets of FOCUS 1.4 that an issuer of invoices has to give: what was charged, the lines as they
// are on the documents, and how far each month is. docs/focus.md says what each column holds.

export const datasetNames = ['CostAndUsage', 'InvoiceDetail', 'BillingPeriod'] as const;
export type DatasetName = (typeof datasetNames)[number];

/** A row of any dataset, by column. */
export type DatasetRow = Readonly<Record<string, FocusValue>>;

const invoiceDetail = [
  { name: 'BilledCost', type: 'Decimal', nullable: false },
  { name: 'BillingAccountId', type: 'String', nullable: false },
  { name: 'BillingCurrency', type: 'String', nullable: false },
  { name: 'BillingPeriodEnd', type: 'Date/Time', nullable: false },
  { name: 'BillingPeriodStart', type: 'Date/Time', nullable: false },
  { name: 'ChargeCategory', type: 'String', nullable: false, allowed: chargeCategories },
  { name: 'InvoiceDetailCreated', type: 'Date/Time', nullable: false },
  { name: 'InvoiceDetailDescription', type: 'String', nullable: true },
  { name: 'InvoiceDetailGrain', type: 'JSON', nullable: true },
  { name: 'InvoiceDetailId', type: 'String', nullable: false },
  { name: 'InvoiceDetailLastUpdated', type: 'Date/Time', nullable: false },
  { name: 'InvoiceId', type: 'String', nullable: false },
  { name: 'InvoiceIssueDate', type: 'Date/Time', nullable: true },
  { name: 'InvoiceIssueStatus', type: 'String', nullable: false, allowed: ['Open', 'Issued', 'Voided'] },
  { name: 'InvoiceIssuerName', type: 'String', nullable: false },
  { name: 'PaymentDueDate', type: 'Date/Time', nullable: true },
  { name: 'PaymentTerms', type: 'String', nullable: false },
  { name: 'PurchaseOrderNumber', type: 'String', nullable: true },
  { name: 'ReferenceInvoiceId', type: 'String', nullable: false },
  { name: 'x_InvoiceKind', type: 'String', nullable: false, allowed: ['invoice', 'credit_note'] },
  { name: 'x_Quantity', type: 'Decimal', nullable: true },
  { name: 'x_Unit', type: 'String', nullable: true },
  { name: 'x_UnitPrice', type: 'Decimal', nullable: true },
] as const satisfies readonly Column[];

const billingPeriod = [
  { name: 'BillingPeriodCreated', type: 'Date/Time', nullable: false },
  { name: 'BillingPeriodEnd', type: 'Date/Time', nullable: false },
  { name: 'BillingPeriodLastUpdated', type: 'Date/Time', nullable: false },
  { name: 'BillingPeriodStart', type: 'Date/Time', nullable: false },
  { name: 'BillingPeriodStatus', type: 'String', nullable: false, allowed: ['Open', 'Closed'] },
  { name: 'InvoiceIssuerName', type: 'String', nullable: false },
] as const satisfies readonly Column[];

/** All columns of each, in their order in a file. */
export const datasets: Readonly<Record<DatasetName, readonly Column[]>> = {
  CostAndUsage: columns,
  InvoiceDetail: invoiceDetail,
  BillingPeriod: billingPeriod,
};

export type InvoiceDetailRow = { readonly [C in (typeof invoiceDetail)[number]['name']]: FocusValue };
export type BillingPeriodRow = { readonly [C in (typeof billingPeriod)[number]['name']]: FocusValue };

/** What a file holds: a dataset, and those of its columns that were chosen. */
export interface DatasetChoice {
  readonly dataset: DatasetName;
  readonly columns: readonly Column[];
  readonly isEveryColumn: boolean;
}

/**
 * Some columns of a dataset, in the dataset's order; all unless named. `all`: those that the dataset has on this side.
 * @throws ArcadiaError invalid_argument: no column, or one that the dataset does not have
 */
export function chooseColumns(
  dataset: DatasetName,
  names?: readonly string[],
  all: readonly Column[] = datasets[dataset],
): DatasetChoice {
  if (names === undefined) return { dataset, columns: all, isEveryColumn: true };
  const unknown = names.find((name) => !all.some((column) => column.name === name));
  if (unknown !== undefined) {
    throw new ArcadiaError(
      'invalid_argument',
      `${dataset} has no column "${unknown}"; it has ${all.map(({ name }) => name).join(', ')}.`,
    );
  }
  if (names.length === 0) throw new ArcadiaError('invalid_argument', 'An export has at least one column.');
  const columns = all.filter(({ name }) => names.includes(name));
  return { dataset, columns, isEveryColumn: columns.length === all.length };
}

/** What FOCUS wants to be known of a file: its schema, and how it was configured. */
export interface FocusMetadata {
  readonly DataGenerator: string;
  readonly FocusVersion: string;
  readonly DatasetId: DatasetName;
  readonly DeliveryMechanism: string;
  readonly CorrectionStyle: string;
  readonly IsEveryColumn: boolean;
  readonly ColumnDefinition: readonly {
    readonly ColumnName: string;
    readonly DataType: string;
    readonly NumericPrecision?: number;
    readonly NumberScale?: number;
  }[];
}

export function metadataOf({ dataset, columns: chosen, isEveryColumn }: DatasetChoice): FocusMetadata {
  return {
    DataGenerator: 'arcadia-cloud',
    FocusVersion: focusVersion,
    DatasetId: dataset,
    DeliveryMechanism: 'Replacement',
    CorrectionStyle: 'Delta',
    IsEveryColumn: isEveryColumn,
    ColumnDefinition: chosen.map(({ name, type }) => ({
      ColumnName: name,
      DataType: type,
      ...(type === 'Decimal' && { NumericPrecision: decimalPrecision, NumberScale: decimalScale }),
    })),
  };
}
