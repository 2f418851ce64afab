import { type RawBuilder, sql } from 'kysely';
import type { UnitOfWork } from '../../platform/database/database.ts';
import { createTemporaryTable, type TemporaryTable } from '../../platform/database/temporary-table.ts';

/**
 * Every line of the bills, and what of the whole month has none: of which resource it is and, of a plain line, what is due for it
 * and who bears it alone. `due` is null where a line is not plain, `position` where there is no line.
 */
export type StagedJudged = TemporaryTable<'staged_bill_judged'>;

/** None yet. */
export function createJudged(trx: UnitOfWork): Promise<StagedJudged> {
  return createTemporaryTable(
    trx,
    { statement: 'providerBilling.createJudged', table: 'staged_bill_judged' },
    sql`bill_version_id bigint, reconciliation_id bigint, position int, amount amount, time int, rule text, resource_id bigint, due int, owner bigint`,
  );
}

/** The plain lines. */
export function plainOf(judged: StagedJudged): RawBuilder<unknown> {
  return sql`(SELECT bill_version_id, reconciliation_id, position, amount AS expected, time, rule, resource_id, due, owner FROM ${judged} WHERE due IS NOT NULL)`;
}
