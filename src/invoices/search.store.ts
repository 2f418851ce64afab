import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';
import type { SearchHit, SearchText } from '../platform/search.ts';

/** Invoices and credit notes, by our id or by the beginning of their number. */
export async function searchInvoices(
  db: Queryable,
  { text, prefix, id }: SearchText,
  limit: number,
): Promise<SearchHit[]> {
  const { rows } = await statement<SearchHit>('invoices.searchInvoices')`
    WITH found AS (
      (SELECT i.invoice_id, 0 AS rank FROM invoices i WHERE i.invoice_id = ${id}::bigint)
      UNION ALL
      (SELECT i.invoice_id, CASE WHEN lower(i.number) = ${text} THEN 0 ELSE 1 END FROM invoices i
       WHERE lower(i.number) COLLATE "C" LIKE ${prefix}
       ORDER BY lower(i.number) COLLATE "C" LIMIT ${limit})
    ), best AS (
      SELECT invoice_id, min(rank) AS rank FROM found GROUP BY invoice_id
    )
    SELECT i.invoice_id::text AS id, coalesce(i.number, 'Invoice ' || i.invoice_id) AS title,
           concat_ws(', ', replace(i.kind, '_', ' ') || ' of ' || to_char(i.month, 'YYYY-MM'), c.name, i.state) AS detail,
           (ARRAY['exact', 'prefix'])[b.rank + 1] AS match
    FROM best b JOIN invoices i USING (invoice_id) JOIN deployments_customers c USING (customer_id)
    ORDER BY b.rank, lower(i.number) COLLATE "C", i.invoice_id LIMIT ${limit}`.execute(db);
  return rows;
}
