import { z } from 'zod';
import type { BillHeader, BillingEntry, BillItem, InsightRow, ProviderBalance } from '../../billing-source.ts';
import { instant, optionalInstant, reader } from './fields.ts';

// What the provider says about money, in our words. Numbers arrive as the text that was written, so that an amount is
// never a binary fraction. What is empty, null or left out is null.

const decimalPattern = /^-?\d{1,20}(\.\d{1,20})?$/;

const amount = z.string().regex(decimalPattern, { error: 'not a decimal' });

const optionalText = z
  .string()
  .nullish()
  .transform((text) => (text == null || text === '' ? null : text));

/** The first day of `2026-05`. */
const period = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/, { error: 'not a month' })
  .transform((text) => Temporal.PlainDate.from(`${text}-01`));

const day = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d/, { error: 'not a day' })
  .transform((text, context) => {
    try {
      return Temporal.PlainDate.from(text.slice(0, 10));
    } catch {
      context.addIssue({ code: 'custom', message: 'not a day' });
      return z.NEVER;
    }
  });

const balance = z.object({
  month_to_date_balance: amount,
  account_balance: amount,
  month_to_date_usage: amount,
  generated_at: instant,
});

export const readBalance = reader(
  balance,
  (said): ProviderBalance => ({
    generatedAt: said.generated_at,
    accountBalance: said.account_balance,
    monthToDateUsage: said.month_to_date_usage,
    monthToDateBalance: said.month_to_date_balance,
  }),
);

const entry = z.object({
  date: instant,
  type: z.string().min(1),
  amount,
  description: optionalText,
  invoice_id: optionalText,
  invoice_uuid: optionalText,
});

export const readEntry = reader(
  entry,
  (said): BillingEntry => ({
    at: said.date,
    type: said.type,
    amount: said.amount,
    description: said.description,
    invoiceUuid: said.invoice_uuid,
    invoiceNumber: said.invoice_id,
  }),
);

const invoice = z.object({
  invoice_uuid: z.string().min(1),
  invoice_id: optionalText,
  invoice_period: period,
  amount,
  updated_at: optionalInstant,
});

/** Of a final bill. Only a preview says when it was made. */
export const readInvoice = reader(
  invoice,
  (said): BillHeader => ({
    externalId: said.invoice_uuid,
    number: said.invoice_id,
    period: said.invoice_period,
    amount: said.amount,
    updatedAt: null,
  }),
);

export const readPreview = reader(
  invoice,
  (said): BillHeader => ({
    externalId: 'preview',
    number: said.invoice_id,
    period: said.invoice_period,
    amount: said.amount,
    updatedAt: said.updated_at,
  }),
);

const item = z.object({
  product: optionalText,
  category: optionalText,
  description: optionalText,
  group_description: optionalText,
  resource_uuid: optionalText,
  resource_id: optionalText,
  project_name: optionalText,
  amount,
  duration: optionalText.transform((text) => (text !== null && decimalPattern.test(text) ? text : null)),
  duration_unit: optionalText,
  start_time: optionalInstant,
  end_time: optionalInstant,
});

export const readItem = reader(
  item,
  (said): BillItem => ({
    product: said.product,
    category: said.category,
    description: said.description,
    groupDescription: said.group_description,
    resourceUuid: said.resource_uuid,
    resourceId: said.resource_id,
    projectName: said.project_name,
    amount: said.amount,
    duration: said.duration,
    durationUnit: said.duration_unit,
    startTime: said.start_time,
    endTime: said.end_time,
  }),
);

const text = z
  .string()
  .nullish()
  .transform((said) => said ?? '');

const dataPoint = z.object({
  usage_team_urn: text,
  start_date: day,
  total_amount: amount,
  region: text,
  sku: text,
  description: text,
  group_description: text,
});

export const readDataPoint = reader(
  dataPoint,
  (said): InsightRow => ({
    day: said.start_date,
    teamUrn: said.usage_team_urn,
    sku: said.sku,
    region: said.region,
    description: said.description,
    groupDescription: said.group_description,
    amount: said.total_amount,
  }),
);
