import type { Business, Customer, Deployment } from './business.ts';
import { cents, type Facts, money, percentOf } from './facts.ts';

/** A row of `invoice lines`. */
export type Row = Readonly<Record<string, string>>;

/** Cents by line: `usage basic@2026-01-01 droplet_hours`. */
type Amounts = Map<string, bigint>;

/** A correction that somebody decided on. */
interface Decided {
  readonly deployment: Deployment;
  /** What is corrected. */
  readonly month: string;
  /** On whose month's invoice it comes; null: it is a credit note. */
  readonly on: string | null;
  readonly amounts: Amounts;
}

/** What documents have to show, by the script's own facts: what was issued, and what has to be issued next. */
export class Ledger {
  readonly #business: Business;
  readonly #facts: Facts;
  /** What was issued, or decided to be, of each deployment and month: corrections with it. */
  readonly #settled = new Map<string, Amounts>();
  readonly #decided: Decided[] = [];

  constructor(business: Business, facts: Facts) {
    this.#business = business;
    this.#facts = facts;
  }

  /**
   * All documents of a month: cents by customer, kind of document and line, and their taxes. What comes to nothing is
   * left out, taxes excepted.
   */
  expected(month: string): Readonly<Record<string, string>> {
    const all: Record<string, string> = {};
    for (const customer of this.#business.customers) {
      const lines = this.#invoiceOf(customer, month);
      const credits = this.#creditsOf(customer, month);
      for (const [kind, own] of [['invoice', lines] as const, ['credit_note', credits] as const]) {
        for (const [key, amount] of own) if (amount !== 0n) all[`${customer.id} ${kind} ${key}`] = String(amount);
      }
      const base = sumOf(lines);
      const tax = percentOf(base, customer.vat);
      if (lines.size > 0) all[`${customer.id} invoice tax`] = String(tax);
      // What the invoice and its credit notes bear together, less what the invoice bears.
      if (credits.size > 0)
        all[`${customer.id} credit_note tax`] = String(percentOf(base + sumOf(credits), customer.vat) - tax);
    }
    return all;
  }

  /** Freezes what a month costs by what is known. */
  issue(month: string): void {
    for (const { slug } of this.#business.deployments) this.#settled.set(`${slug} ${month}`, this.#bill(slug, month));
  }

  /** What somebody has to decide of an issued month, in the currency; `0.00` where nothing is to be corrected. */
  correction(deployment: Deployment, month: string): string {
    return money(sumOf(this.#difference(deployment.slug, month)));
  }

  /** A correction of an issued month is decided: on the invoice of a month, or (null) as a credit note. */
  decide(deployment: Deployment, month: string, on: string | null): void {
    this.#decided.push({ deployment, month, on, amounts: this.#difference(deployment.slug, month) });
    this.#settled.set(`${deployment.slug} ${month}`, this.#bill(deployment.slug, month));
  }

  #difference(slug: string, month: string): Amounts {
    const difference: Amounts = new Map(this.#bill(slug, month));
    for (const [key, amount] of this.#settled.get(`${slug} ${month}`) ?? []) add(difference, key, -amount);
    return difference;
  }

  /** Its deployments' lines for the month itself as they were issued, or would be, and what is corrected on it. */
  #invoiceOf(customer: Customer, month: string): Amounts {
    const lines: Amounts = new Map();
    const key = (slug: string, of: string, line: string) => `${slug} ${of} ${line}`;
    for (const { slug } of this.#ofCustomer(customer)) {
      const settled = this.#settled.get(`${slug} ${month}`) ?? this.#bill(slug, month);
      for (const [line, amount] of settled) add(lines, key(slug, month, line), amount);
    }
    for (const { deployment, month: of, on, amounts } of this.#decided) {
      if (deployment.customer !== customer) continue;
      // What was decided since is in what is settled, and not on that month's own invoice.
      if (of === month) for (const [line, amount] of amounts) add(lines, key(deployment.slug, of, line), -amount);
      if (on === month) for (const [line, amount] of amounts) add(lines, key(deployment.slug, of, line), amount);
    }
    return lines;
  }

  #creditsOf(customer: Customer, month: string): Amounts {
    const lines: Amounts = new Map();
    for (const { deployment, month: of, on, amounts } of this.#decided) {
      if (deployment.customer !== customer || on !== null || of !== month) continue;
      for (const [line, amount] of amounts) add(lines, `${deployment.slug} ${of} ${line}`, amount);
    }
    return lines;
  }

  #ofCustomer(customer: Customer): readonly Deployment[] {
    return this.#business.deployments.filter((one) => one.customer === customer);
  }

  #bill(slug: string, month: string): Amounts {
    const amounts: Amounts = new Map();
    for (const { what, version, amount } of this.#facts.bill(slug, month)) {
      const [kind, meter] = what.split(' ');
      add(amounts, meter === undefined ? `${kind} ${version}` : `${kind} ${version} ${meter}`, cents(amount));
    }
    return amounts;
  }
}

function add(amounts: Amounts, key: string, amount: bigint): void {
  amounts.set(key, (amounts.get(key) ?? 0n) + amount);
}

function sumOf(amounts: Amounts): bigint {
  return [...amounts.values()].reduce((sum, amount) => sum + amount, 0n);
}

/** What the rows of `invoice lines` show, in the words of `Ledger.expected`. */
export function shown(rows: readonly Row[]): Readonly<Record<string, string>> {
  const all: Amounts = new Map();
  const taxes = new Set<string>();
  for (const { customer, kind, deployment, line_kind: of, service_month: month, component = '', amount = '' } of rows) {
    // A base fee's component ends with the instant at which its time begins.
    const line = component.startsWith('base_fee') ? component.split(' ').slice(0, 2).join(' ') : component;
    const key = of === 'tax' ? `${customer} ${kind} tax` : `${customer} ${kind} ${deployment} ${month} ${line}`;
    if (of === 'tax') taxes.add(key);
    add(all, key, cents(amount));
  }
  return Object.fromEntries(
    [...all].filter(([key, amount]) => amount !== 0n || taxes.has(key)).map(([key, amount]) => [key, String(amount)]),
  );
}
