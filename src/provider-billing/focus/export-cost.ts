import { chooseFocusColumns, focusCsv, type FocusFormat, focusParquet, focusVersion } from '../../invoices/index.ts';
import type { Queryable } from '../../platform/database/database.ts';
import { ArcadiaError } from '../../platform/errors.ts';
import { Decimal } from '../../platform/quantity.ts';
import { selectCostBills, selectCostLines } from './cost.store.ts';
import { costColumns, type CostDataset, type CostRow } from './cost-columns.ts';
import { CostRows } from './cost-rows.ts';

export interface CostExportOptions {
  /** The first day of the month. */
  readonly month: Temporal.PlainDate;
  readonly format: FocusFormat;
  readonly dataset: CostDataset;
  /** Only these of its columns; all unless given. */
  readonly columns?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface CostExport {
  readonly filename: string;
  /** The file, as it is made: flat in memory, however large. To be read once. */
  readonly content: AsyncIterable<string | Uint8Array>;
}

const linesPerPage = 2_000;

/**
 * What the provider charged in a month, in FOCUS 1.4: of the bills that count, each line by who bears it (CostAndUsage) or
 * as it is on the bill (InvoiceDetail). The BilledCosts of an InvoiceId add up to the header's amount; where they did not,
 * the export would fail.
 * Errors: invalid_argument (a column); cancelled, while `content` is read.
 */
export async function exportCost(db: Queryable, options: CostExportOptions): Promise<CostExport> {
  const { month, format, dataset } = options;
  const choice = chooseFocusColumns(dataset, options.columns, costColumns[dataset]);
  const rows = rowsOf(db, options);
  const named = dataset === 'CostAndUsage' ? '' : `${dataset}-`;
  return {
    filename: `focus-${focusVersion}-cost-${named}${month.toPlainYearMonth()}.${format}`,
    content: format === 'csv' ? focusCsv(rows, choice.columns) : await focusParquet(rows, choice),
  };
}

async function* rowsOf(
  db: Queryable,
  { month, dataset, signal }: CostExportOptions,
): AsyncGenerator<readonly CostRow[]> {
  for (const bill of await selectCostBills(db, month)) {
    const made = new CostRows(bill, month);
    let sum = new Decimal(0);
    const counted = (rows: readonly CostRow[]) => {
      for (const { BilledCost: amount } of rows) if (typeof amount === 'string') sum = sum.plus(amount);
      return rows;
    };
    for (let after = 0; ; ) {
      if (signal?.aborted === true)
        throw new ArcadiaError(
          'cancelled',
          `The export of ${month.toPlainYearMonth()} stopped; its file is not whole.`,
        );
      const lines = await selectCostLines(db, bill, { after, limit: linesPerPage });
      yield counted(lines.flatMap((line) => (dataset === 'CostAndUsage' ? made.charges(line) : [made.detail(line)])));
      const last = lines.at(-1);
      if (last === undefined || lines.length < linesPerPage) break;
      after = last.position;
    }
    if (!new Decimal(bill.residual).isZero())
      yield counted([dataset === 'CostAndUsage' ? made.residual() : made.residualDetail()]);
    if (!sum.eq(bill.amount)) throw new RangeError(`bill ${bill.bill} of ${bill.amount} has rows of ${sum.toFixed()}`);
  }
}
