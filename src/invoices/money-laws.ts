// For tests: the laws of DESIGN.md that are about money, held against the tables by a second, plain way.
import { sql } from 'kysely';
import { expect } from 'vitest';
import type { Database } from '../platform/database.ts';
import { currencyDigits } from '../platform/money.ts';
import { Exact } from '../platform/quantity.ts';
import { ratedMonth } from '../pricing/rated-months.ts';
import { sha256 } from './canonical-json.ts';
import { checkCorrections, listProposals } from './corrections.ts';
import type { InvoiceDocument } from './document.ts';

/** What must be true after every step. Keeps the digests that it has seen: they never change. */
export class MoneyLaws {
  readonly #db: Database;
  readonly #digests = new Map<number, string>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** @param months which issued months are rated again to be compared; all unless given */
  async hold(months?: readonly string[]): Promise<void> {
    await this.#issuedIsFrozen();
    await this.#whatYouSeeIsWhatYouOwe();
    await this.#numbersHaveNoGap();
    await this.#everyMonthIsAccountedFor(months);
  }

  /** The text of what was issued has the digest that it had, and the lines still say the same. */
  async #issuedIsFrozen(): Promise<void> {
    const { rows } = await sql<{ id: number; document: string; digest: string; lines: string }>`
      SELECT invoice_id AS id, document, encode(document_digest, 'hex') AS digest,
             (SELECT sum(amount)::text FROM invoice_lines l WHERE l.invoice_id = i.invoice_id) AS lines
      FROM invoices i WHERE issued_at IS NOT NULL`.execute(this.#db);
    for (const { id, document, digest, lines } of rows) {
      expect(sha256(document)).toBe(digest);
      expect(this.#digests.get(id) ?? digest).toBe(digest);
      this.#digests.set(id, digest);
      expect(new Exact((JSON.parse(document) as InvoiceDocument).subtotal).eq(lines)).toBe(true);
    }
    expect(rows.map((row) => row.id)).toEqual(expect.arrayContaining([...this.#digests.keys()]));
  }

  /** Every amount has its currency's digits; sections, taxes and totals are sums of what is shown. */
  async #whatYouSeeIsWhatYouOwe(): Promise<void> {
    const { rows } = await sql<{ document: string }>`SELECT document FROM invoices WHERE issued_at IS NOT NULL`.execute(
      this.#db,
    );
    for (const { document: text } of rows) {
      const document = JSON.parse(text) as InvoiceDocument;
      const lines = document.sections.flatMap((section) => section.lines);
      const sum = (amounts: readonly { amount: string }[]) =>
        amounts
          .reduce((total, { amount }) => total.plus(amount), new Exact(0))
          .toFixed(currencyDigits(document.currency));
      for (const { amount } of lines) expect(amount).toBe(sum([{ amount }]));
      expect(document.subtotal).toBe(sum(lines));
      expect(document.tax).toBe(sum(document.taxes));
      expect(document.total).toBe(sum([{ amount: document.subtotal }, { amount: document.tax }]));
      for (const section of document.sections) expect(section.subtotal).toBe(sum(section.lines));
    }
  }

  async #numbersHaveNoGap(): Promise<void> {
    const { rows } = await sql<{ numbers: number; last: number }>`
      SELECT count(*) AS numbers, max(sequence_number) AS last FROM invoices WHERE sequence_number IS NOT NULL
      GROUP BY legal_entity_id, kind`.execute(this.#db);
    for (const { numbers, last } of rows) expect(numbers).toBe(last);
  }

  /** All that was issued for a month, with what was decided and what is proposed, is what it costs now. */
  async #everyMonthIsAccountedFor(months?: readonly string[]): Promise<void> {
    await checkCorrections(this.#db);
    const accounted = await this.#accounted();
    const keys = await sql<{ id: number; slug: string; month: Temporal.PlainDate; currencies: string[] }>`
      SELECT d.deployment_id AS id, d.slug, i.month, array_agg(DISTINCT i.currency) AS currencies
      FROM invoices i JOIN deployments d USING (customer_id) WHERE i.state = 'issued' AND i.kind = 'invoice'
      GROUP BY d.deployment_id, d.slug, i.month ORDER BY i.month, d.slug`.execute(this.#db);
    const byMonth = Map.groupBy(keys.rows, (row) => row.month.toPlainYearMonth().toString());
    for (const [month, rows] of byMonth) {
      if (months && !months.includes(month)) continue;
      const ids = rows.map((row) => row.id);
      const rated = await ratedMonth(this.#db, { deployments: ids, month: Temporal.PlainYearMonth.from(month) });
      for (const { id, slug, currencies } of rows) {
        const totals = rated.find((one) => one.deploymentId === id)?.rated.totals ?? [];
        for (const currency of currencies) {
          const key = `${slug} ${month} ${currency}`;
          const costs = totals.find((one) => one.currency === currency)?.total ?? '0';
          const sum = accounted.get(key) ?? new Exact(0);
          expect(`${key} ${sum.toFixed(3)}`).toBe(`${key} ${new Exact(costs).toFixed(3)}`);
        }
      }
    }
  }

  async #accounted(): Promise<Map<string, Exact>> {
    const { rows } = await sql<{ key: string; amount: string }>`
      SELECT d.slug || ' ' || to_char(month, 'YYYY-MM') || ' ' || currency AS key, sum(amount)::text AS amount
      FROM (
        SELECT l.deployment_id, l.service_month AS month, i.currency, l.amount
        FROM invoice_lines l JOIN invoices i USING (invoice_id) WHERE i.state = 'issued' AND l.kind <> 'manual'
        UNION ALL
        SELECT c.deployment_id, c.month, c.currency, c.amount FROM corrections c
        WHERE c.withdrawn_at IS NULL AND (c.decision = 'waive' OR (c.decision = 'invoice' AND NOT EXISTS (
          SELECT FROM invoices i WHERE i.customer_id = c.customer_id AND i.currency = c.currency AND i.month = c.target_month
            AND i.state = 'issued' AND i.kind = 'invoice')))
      ) AS all_of_it JOIN deployments d USING (deployment_id) GROUP BY 1`.execute(this.#db);
    const sums = new Map(rows.map((row) => [row.key, new Exact(row.amount)]));
    for (const { deployment, month, currency, amount } of await listProposals(this.#db)) {
      const key = `${deployment} ${month} ${currency}`;
      sums.set(key, (sums.get(key) ?? new Exact(0)).plus(amount));
    }
    return sums;
  }
}
