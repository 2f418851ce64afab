import styles from '../lists/lists.module.css';
import { MovedTable } from '../lists/parts.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import type { Preview } from './read.ts';

interface MovedMoneyProps {
  /** null: amounts cannot be tried. */
  readonly money: Preview['money'];
  /** How many change owner. */
  readonly resources: number;
}

/** What a change of owners comes to: money first, then what it touches. */
export function MovedMoney({ money: moved, resources }: MovedMoneyProps) {
  if (moved === null)
    return <p>{resources} would change owner. Amounts cannot be tried here: usage is in ClickHouse.</p>;
  const { customers, bills, billsTotal, corrections, months, leftOut } = moved;
  return (
    <>
      {customers.length === 0 ? (
        <p>No amount changes: what they use lies within allowances, or is on no plan.</p>
      ) : (
        <MovedTable
          caption="What customers pay, all months together, before tax"
          rows={customers.map(({ customer, customerName, ...row }) => ({ ...row, key: customer, name: customerName }))}
        />
      )}
      {bills.length === 0 ? null : (
        <MovedTable
          caption={`By month${billsTotal > bills.length ? `, ${bills.length} of ${billsTotal}` : ''}`}
          rows={bills.map(({ customer, customerName, month, state, ...row }) => ({
            ...row,
            key: `${customer} ${month}`,
            name: `${monthName(month)}, ${customerName}${state === 'open' ? '' : ` (${state})`}`,
          }))}
        />
      )}
      {corrections.invoices === 0 ? null : (
        <p className={styles.wrong}>
          ▲ {corrections.invoices} issued {corrections.invoices === 1 ? 'invoice' : 'invoices'} will have a correction
          to decide.
        </p>
      )}
      <p className={ui.note}>
        {resources} change owner, in {months.length === 1 ? '1 month' : `${months.length} months`}.
        {leftOut.months.length === 0 ? '' : ` Not in the figures: ${leftOut.months.map(monthName).join(', ')}.`}
        {leftOut.days === 0 ? '' : ` ${leftOut.days} days are still to be metered.`}
        {leftOut.notRated.length === 0
          ? ''
          : ` Not rated: ${leftOut.notRated.map(({ customer }) => customer).join(', ')}.`}
      </p>
    </>
  );
}
