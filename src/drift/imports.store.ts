import type { Queryable } from '../platform/database/database.ts';
import { statement } from '../platform/database/statement.ts';

// What is known of the resources that a file declares.

export interface DeclaredPlace {
  readonly address: string;
  readonly kind: string;
  readonly account_id: number | null;
  readonly external_id: string | null;
}

interface Misplaced {
  readonly address: string;
  /** The account that it is in. */
  readonly account: string;
}

/** Those that live in another account than the one that they are declared in, and not in that one; the first ones. */
export async function selectMisplaced(
  db: Queryable,
  resources: readonly DeclaredPlace[],
  now: Temporal.Instant,
  limit: number,
): Promise<readonly Misplaced[]> {
  const declared = JSON.stringify(
    resources.map(({ address, kind, account_id, external_id }) => ({ address, kind, account_id, external_id })),
  );
  const { rows } = await statement<Misplaced>('drift.selectMisplaced')`
    WITH declared AS (
      SELECT * FROM jsonb_to_recordset(${declared}::jsonb) AS d(address text, kind text, account_id int, external_id text)
      WHERE account_id IS NOT NULL AND external_id IS NOT NULL
    ), living AS (
      SELECT d.address, d.account_id AS declared_in, r.account_id
      FROM declared d
      JOIN inventory_resources r ON r.kind = d.kind AND r.external_id = d.external_id
      JOIN inventory_states s ON s.resource_id = r.resource_id AND s.valid_from <= ${now} AND s.valid_to > ${now}
    )
    SELECT l.address, a.slug AS account FROM living l JOIN inventory_accounts a USING (account_id)
    WHERE NOT EXISTS (SELECT FROM living h WHERE h.address = l.address AND h.account_id = h.declared_in)
    ORDER BY l.address, a.slug LIMIT ${limit}`.execute(db);
  return rows;
}
