import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '../../platform/database/database.ts';
import { statement } from '../../platform/database/statement.ts';
import type { BillState } from '../bill-state.store.ts';
import type { Outcome } from './shown.store.ts';

// Lines across bills, of those that count of each month: those of a resource, and those that a deployment bears.

interface LineOfBills {
  readonly month: Temporal.PlainDate;
  readonly bill: number;
  readonly payer: string;
  readonly state: BillState;
  readonly position: number;
  readonly product: string | null;
  readonly description: string | null;
  readonly currency: string;
  readonly amount: string;
  /** Of the deployment that is asked about; else all of it. */
  readonly share: string;
  readonly outcome: Outcome;
  readonly resource: number | null;
  readonly expected: string | null;
  readonly difference: string;
  readonly cause: string;
  readonly startTime: Temporal.Instant | null;
  readonly endTime: Temporal.Instant | null;
}

interface LinesFilters {
  readonly month?: Temporal.PlainDate | undefined;
  readonly resource?: number | undefined;
  /** Lines that it bears, or a share of. */
  readonly deployment?: string | undefined;
  /** The billing kind by which customers pay for the product. */
  readonly kind?: string | undefined;
}

function found({ month, resource, deployment, kind }: LinesFilters): RawBuilder<unknown> {
  const borne =
    deployment === undefined
      ? sql`CROSS JOIN LATERAL (SELECT l.amount) s`
      : sql`JOIN bill_line_shares s ON s.reconciliation_id = o.reconciliation_id AND s.position = o.position
            AND s.deployment_id = (SELECT d.deployment_id FROM deployments_list d WHERE d.slug = ${deployment})`;
  return sql`
    FROM provider_billing_counting r JOIN bill_line_outcomes o USING (reconciliation_id)
    JOIN provider_bill_lines l ON l.bill_version_id = r.bill_version_id AND l.position = o.position
    JOIN bill_payers p ON p.payer_id = r.payer_id ${borne}
    WHERE true ${month === undefined ? sql`` : sql`AND r.month = ${month}::date`}
      ${resource === undefined ? sql`` : sql`AND o.resource_id = ${resource}`}
      ${kind === undefined ? sql`` : sql`AND l.product IN (SELECT b.product FROM bill_products b WHERE b.billing_kind = ${kind})`}`;
}

interface Place {
  readonly month: Temporal.PlainDate;
  readonly bill: number;
  readonly position: number;
}

/** The newest month first. */
export async function selectLinesOfBills(
  db: Queryable,
  filters: LinesFilters,
  { limit, after }: { readonly limit: number; readonly after: Place | null },
): Promise<LineOfBills[]> {
  const { month = null, bill = 0, position = 0 } = after ?? {};
  const { rows } = await statement<LineOfBills>('providerBilling.selectLinesOfBills')`
    WITH found AS (
      SELECT r.month, r.bill_id AS bill, p.slug AS payer,
             r.state,
             o.position, l.product, l.description, r.currency, l.amount, s.amount AS share, o.outcome, o.resource_id AS resource, o.expected,
             o.difference, o.cause, l.start_time AS "startTime", l.end_time AS "endTime"
      ${found(filters)}
    )
    SELECT * FROM found
    WHERE ${month === null} OR month < ${month}::date OR month = ${month}::date AND (bill, position) > (${bill}::bigint, ${position}::int)
    ORDER BY month DESC, bill, position LIMIT ${limit}`.execute(db);
  return rows;
}

/** What all of them come to, by currency. */
export async function sumLinesOfBills(
  db: Queryable,
  filters: LinesFilters,
): Promise<{ readonly currency: string; readonly amount: string; readonly lines: number }[]> {
  const { rows } = await statement<{ currency: string; amount: string; lines: number }>(
    'providerBilling.sumLinesOfBills',
  )`
    SELECT r.currency, sum(s.amount) AS amount, count(*) AS lines ${found(filters)} GROUP BY r.currency ORDER BY r.currency COLLATE "C"`.execute(
    db,
  );
  return rows;
}
