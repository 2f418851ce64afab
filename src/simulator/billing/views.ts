import { rfc3339 } from '../time.ts';
import type { View } from '../views.ts';
import type { Entry } from './bills.ts';
import { dollars } from './cost.ts';
import { type Invoice, sum } from './documents.ts';
import type { Line } from './lines.ts';

/** How bills look in the provider's API. What is not there is left out. */

export function itemView(line: Line): View {
  return {
    product: line.product,
    ...(line.resourceUuid !== null && { resource_uuid: line.resourceUuid }),
    ...(line.resourceId !== null && { resource_id: line.resourceId }),
    ...(line.group !== '' && { group_description: line.group }),
    description: line.description,
    amount: dollars(line.cents),
    ...(line.seconds !== null && { duration: durationOf(line), duration_unit: line.unit }),
    start_time: rfc3339(line.from),
    end_time: rfc3339(line.to),
    ...(line.project !== '' && { project_name: line.project }),
  };
}

/** Hours with four digits after the point at most, or seconds; empty where none is told. */
export function durationOf({ seconds, unit }: Line): string {
  if (seconds === null) return '';
  return unit === 'Seconds' ? String(seconds) : String(Math.round((seconds * 10_000) / 3_600) / 10_000);
}

export function invoiceView(uuid: string, number: string, period: string, cents: number): View {
  return { invoice_uuid: uuid, invoice_id: number, amount: dollars(cents), invoice_period: period };
}

export function previewView({ uuid, number, month, amount, updatedAt }: Invoice): View {
  return { ...invoiceView(uuid, number, month.name, amount), updated_at: rfc3339(updatedAt ?? month.start) };
}

export function entryView({ at, type, description, amount, invoice }: Entry): View {
  return {
    description,
    amount: dollars(amount),
    ...(invoice !== null && { invoice_id: invoice.number, invoice_uuid: invoice.uuid }),
    date: rfc3339(at),
    type,
  };
}

export function balanceView({ account, usage, at }: { account: number; usage: number; at: number }): View {
  return {
    month_to_date_balance: dollars(account + usage),
    account_balance: dollars(account),
    month_to_date_usage: dollars(usage),
    generated_at: rfc3339(at),
  };
}

/** The parts of an invoice, which add up to its amount unless a mistake says otherwise. */
export function partsOf({ lines, header }: Invoice) {
  const of = (section: Line['section']) => lines.filter((line) => line.section === section);
  return {
    usage: of('usage'),
    charges: sum(of('usage')),
    overages: sum(of('overage')),
    taxes: sum(of('tax')) + header.taxes,
    credits: sum(of('credit')) + header.credits,
  };
}

export function summaryView(invoice: Invoice, customer: string): View {
  const { uuid, number, month, amount } = invoice;
  const { usage, charges, overages, taxes, credits } = partsOf(invoice);
  const products = Map.groupBy(usage, ({ product }) => product);
  return {
    invoice_uuid: uuid,
    invoice_id: number,
    billing_period: month.name,
    amount: dollars(amount),
    user_name: `Simulated ${customer}`,
    user_billing_address: {
      address_line1: '1 Simulated Street',
      city: 'Frankfurt',
      region: 'HE',
      postal_code: '60311',
      country_iso2_code: 'DE',
      created_at: '2020-01-01T00:00:00.000+00:00',
      updated_at: '2020-01-01T00:00:00.000+00:00',
    },
    user_company: `Simulated ${customer}`,
    user_email: `${customer.toLowerCase()}@simulator.example`,
    product_charges: {
      name: 'Product usage charges',
      amount: dollars(charges),
      items: [...products].map(([name, lines]) => ({ amount: dollars(sum(lines)), name, count: String(lines.length) })),
    },
    overages: { name: 'Overages', amount: dollars(overages) },
    taxes: { name: 'Taxes', amount: dollars(taxes) },
    credits_and_adjustments: { name: 'Credits & adjustments', amount: dollars(credits) },
  };
}
