import { Link } from '@tanstack/react-router';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { SortHead } from '../lists/parts.tsx';
import { isNegative, isZero, money, quantity } from '../ui/decimal.ts';
import { Figure, Money } from '../ui/Figure.tsx';
import { day } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { holdWords, type InvoiceRow, paymentWords, stateWords } from './read.ts';
import type { InvoicesSearch } from './search.ts';

type Chosen = ReadonlyMap<number, InvoiceRow['state']>;

interface InvoiceTableProps {
  readonly items: readonly InvoiceRow[];
  readonly search: InvoicesSearch;
  readonly now: string;
  readonly chosen: Chosen;
  /** null: whoever looks may not approve. */
  readonly onChoose: ((chosen: Chosen) => void) | null;
}

const own = { sort: 'change', order: 'desc' } as const;

const isOpen = ({ kind, state }: InvoiceRow) => kind === 'invoice' && (state === 'draft' || state === 'approved');

/** In rows, to be chosen; a choice is of ids, and no update changes it. */
export function InvoiceTable({ items, search, now, chosen, onChoose }: InvoiceTableProps) {
  const open = items.filter(isOpen);
  const isAll = open.length > 0 && open.every(({ invoiceId }) => chosen.has(invoiceId));
  const choose = (rows: readonly InvoiceRow[], isOn: boolean) => {
    const next = new Map(chosen);
    for (const { invoiceId, state } of rows) {
      if (isOn) next.set(invoiceId, state);
      else next.delete(invoiceId);
    }
    onChoose?.(next);
  };
  return (
    <DataTable label="Invoices" isCards>
      <thead>
        <tr>
          <SortHead sort="customerName" search={search} own={own}>
            Customer
          </SortHead>
          <th scope="col">State</th>
          <SortHead sort="total" first="desc" isFigure search={search} own={own}>
            Total, with tax
          </SortHead>
          <SortHead sort="change" first="desc" isFigure search={search} own={own}>
            Change on last month
          </SortHead>
          <th scope="col">To look at</th>
          <SortHead sort="dueOn" search={search} own={own}>
            Due
          </SortHead>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <Row
            key={item.invoiceId}
            item={item}
            now={now}
            isChosen={chosen.has(item.invoiceId)}
            onChoose={onChoose === null ? null : (isOn) => choose([item], isOn)}
          />
        ))}
      </tbody>
      {onChoose === null || open.length === 0 ? null : (
        <tfoot>
          <tr>
            <td colSpan={6}>
              <label className={styles.choice}>
                <input type="checkbox" checked={isAll} onChange={() => choose(open, !isAll)} />
                Choose all {open.length} on this page that are not issued
              </label>
            </td>
          </tr>
        </tfoot>
      )}
    </DataTable>
  );
}

interface RowProps {
  readonly item: InvoiceRow;
  readonly now: string;
  readonly isChosen: boolean;
  readonly onChoose: ((isOn: boolean) => void) | null;
}

function Row({ item, now, isChosen, onChoose }: RowProps) {
  const { invoiceId, number, kind, state, customerName, total, currency, dueOn } = item;
  return (
    <tr data-row="">
      <th scope="row">
        {onChoose === null ? null : (
          <input
            type="checkbox"
            aria-label={`Choose ${customerName}`}
            checked={isChosen}
            disabled={!isOpen(item)}
            onChange={({ target }) => onChoose(target.checked)}
          />
        )}{' '}
        <Link
          to="/invoices/$invoice"
          params={{ invoice: number ?? String(invoiceId) }}
          search={({ m }) => (m === undefined ? {} : { m })}
          className={styles.name}
        >
          {customerName}
        </Link>
      </th>
      <td className={styles.aside}>
        {kind === 'credit_note' ? 'Credit note' : stateWords[state]}
        {number === null ? null : <span className={ui.note}> {number}</span>}
        <PaymentMark state={item.paymentState} />
      </td>
      <td className={styles.figure}>
        <Money amount={total} currency={currency} />
      </td>
      <td className={styles.figure}>
        <PercentChange item={item} />
      </td>
      <td>
        <ToLookAt item={item} />
      </td>
      <td className={styles.spare}>{dueOn === null ? '–' : day(dueOn, now)}</td>
    </tr>
  );
}

/** How its payment stands, where there is something to say; overdue by a shape besides the word. */
export function PaymentMark({ state }: { readonly state: InvoiceRow['paymentState'] }) {
  if (state === null) return null;
  return (
    <span className={state === 'overdue' ? styles.wrong : ui.note}>
      {state === 'overdue' ? <span aria-hidden="true"> ▲</span> : null} {paymentWords[state].toLowerCase()}
    </span>
  );
}

/** In percent with the amount, by a shape and a word besides the sign. */
export function PercentChange({ item: { change, changePercent } }: { readonly item: InvoiceRow }) {
  if (change === null) return <span className={styles.muted}>–</span>;
  if (isZero(change)) return <Figure why={null}>0</Figure>;
  const isLess = isNegative(change);
  return (
    <Figure why={null} exact={change}>
      <span aria-hidden="true">{isLess ? '▼' : '▲'}</span>
      <span className="visually-hidden">{isLess ? 'less by' : 'more by'}</span>{' '}
      {changePercent === null ? '' : `${quantity(changePercent.replace('-', ''))} % `}
      <span className={ui.unit}>{money(change)}</span>
    </Figure>
  );
}

function ToLookAt({ item: { holds, manualLines, corrections } }: { readonly item: InvoiceRow }) {
  const counted = [
    corrections === 0 ? '' : `${corrections} ${corrections === 1 ? 'correction' : 'corrections'}`,
    manualLines === 0 ? '' : `${manualLines} ${manualLines === 1 ? 'manual line' : 'manual lines'}`,
  ].filter((text) => text !== '');
  if (holds.length + counted.length === 0) return null;
  return (
    <>
      {holds.map((hold) => (
        <span key={hold} className={styles.mark}>
          <span aria-hidden="true">▲ </span>
          {holdWords[hold]}
        </span>
      ))}
      {counted.length === 0 ? null : <span className={styles.muted}>{counted.join(', ')}</span>}
    </>
  );
}
