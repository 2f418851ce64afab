import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, bodyOf } from '../api/client.ts';
import { inPeriod } from '../app/address.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { ChosenBar } from '../lists/ChosenBar.tsx';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Csv, Listed, SearchField, SortHead } from '../lists/parts.tsx';
import { listQuery, type ListSearch } from '../lists/search.ts';
import { isNegative, money } from '../ui/decimal.ts';
import { Money } from '../ui/Figure.tsx';
import { Empty } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { type Correction, keyOf, wordsOf } from './correction.ts';
import { DecideSheet } from './DecideSheet.tsx';
import type { Sort } from './search.ts';

const own = { sort: 'deployment', order: 'asc' } as const;
const pageSize = 100;

/** What did we find out since months were issued, and what becomes of it? */
export function Corrections() {
  const { m: _month, why: _why, ...search } = useSearch({ from: '/corrections' });
  const { data: me } = useMe();
  const mayDecide = me?.may.includes('decideCorrection') === true;
  const page = useRead(
    ['listCorrections', search],
    (signal) =>
      bodyOf(
        api.GET('/corrections', {
          params: { query: { ...listQuery<Sort>(search), limit: pageSize } },
          headers: { accept: 'application/json' },
          signal,
        }),
      ),
    { keepsPrevious: true },
  );
  const [chosen, setChosen] = useState<ReadonlyMap<string, Correction>>(new Map());
  const [isDeciding, setDeciding] = useState(false);
  const { cursor: _cursor, ...query } = listQuery<Sort>(search);
  const choose = (some: readonly Correction[], isOn: boolean) => {
    const next = new Map(chosen);
    for (const one of some) {
      if (isOn) next.set(keyOf(one), one);
      else next.delete(keyOf(one));
    }
    setChosen(next);
  };
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{page.data === undefined ? 'Corrections' : sentenceOf(page.data.totals)}</h1>
          <p className={ui.note}>
            Before tax. What was issued stays as it is: a correction is a line or a credit note.
          </p>
        </div>
        <Csv path="/corrections" query={query} file="corrections" />
      </header>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Customer or deployment" />
      </div>
      <Listed
        query={page}
        cursor={search.cursor}
        rows={8}
        empty={<NoCorrections isFiltered={search.q !== undefined} />}
      >
        {({ items }) => (
          <CorrectionTable items={items} search={search} chosen={chosen} onChoose={mayDecide ? choose : null} />
        )}
      </Listed>
      <ChosenBar count={chosen.size} onClear={() => setChosen(new Map())}>
        <button type="button" className={`${ui.button} ${ui.primary}`} onClick={() => setDeciding(true)}>
          Decide
        </button>
      </ChosenBar>
      {isDeciding ? (
        <DecideSheet
          corrections={[...chosen.values()]}
          onClose={() => {
            setDeciding(false);
            setChosen(new Map());
          }}
        />
      ) : null}
    </div>
  );
}

interface CorrectionTableProps {
  readonly items: readonly Correction[];
  readonly search: ListSearch;
  readonly chosen: ReadonlyMap<string, Correction>;
  /** null: whoever looks may not decide. */
  readonly onChoose: ((some: readonly Correction[], isOn: boolean) => void) | null;
}

function CorrectionTable({ items, search, chosen, onChoose }: CorrectionTableProps) {
  return (
    <DataTable label="Corrections" isCards>
      <thead>
        <tr>
          <SortHead sort="customer" search={search} own={own}>
            Customer
          </SortHead>
          <SortHead sort="amount" first="desc" isFigure search={search} own={own}>
            Correction
          </SortHead>
          <SortHead sort="deployment" search={search} own={own}>
            Deployment
          </SortHead>
          <SortHead sort="month" search={search} own={own}>
            Month
          </SortHead>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <Row
            key={keyOf(item)}
            item={item}
            isChosen={chosen.has(keyOf(item))}
            onChoose={onChoose === null ? null : (isOn) => onChoose([item], isOn)}
          />
        ))}
      </tbody>
      {onChoose === null ? null : (
        <tfoot>
          <tr>
            <td colSpan={5}>
              <label className={styles.choice}>
                <input
                  type="checkbox"
                  checked={items.every((item) => chosen.has(keyOf(item)))}
                  onChange={({ target }) => onChoose(items, target.checked)}
                />
                Choose all {items.length} on this page
              </label>
            </td>
          </tr>
        </tfoot>
      )}
    </DataTable>
  );
}

interface Total {
  readonly currency: string;
  readonly corrections: number;
  readonly amount: string;
}

function sentenceOf(totals: readonly Total[]): string {
  if (totals.length === 0) return 'Nothing is to be corrected.';
  const parts = totals.map(({ currency, corrections, amount }) => {
    const what = corrections === 1 ? '1 correction' : `${corrections} corrections`;
    const way = isNegative(amount) ? 'to give back' : 'to bill';
    return `${what} to decide, ${money(amount.replace('-', ''))} ${currency} ${way} in all`;
  });
  return `${parts.join('; ')}.`;
}

interface RowProps {
  readonly item: Correction;
  readonly isChosen: boolean;
  readonly onChoose: ((isOn: boolean) => void) | null;
}

function Row({ item, isChosen, onChoose }: RowProps) {
  const { customer, deployment, month, amount, currency, lines } = item;
  return (
    <tr data-row="">
      <th scope="row">
        {onChoose === null ? null : (
          <input
            type="checkbox"
            aria-label={`Choose ${deployment}, ${monthName(month)}`}
            checked={isChosen}
            onChange={({ target }) => onChoose(target.checked)}
          />
        )}{' '}
        <Link to="/customers/$customer" params={{ customer }} className={styles.name}>
          {customer}
        </Link>
      </th>
      <td className={styles.figure}>
        <Money amount={amount} currency={currency} why={`quote:${deployment}/${month}`} />
      </td>
      <td>
        <Link to="/deployments/$deployment" params={{ deployment }} search={{ m: month }} className={styles.name}>
          {deployment}
        </Link>
      </td>
      <td>{monthName(month)}</td>
      <td className={styles.wide}>
        <details>
          <summary>{wordsOf(item)}</summary>
          <table className={styles.table} aria-label={`Lines of ${deployment}, ${monthName(month)}`}>
            <thead>
              <tr>
                <th scope="col">Line</th>
                <th scope="col" className={styles.figure}>
                  Issued
                </th>
                <th scope="col" className={styles.figure}>
                  Is now
                </th>
                <th scope="col" className={styles.figure}>
                  Correction
                </th>
              </tr>
            </thead>
            <tbody>
              {lines.map(({ component, description, issued, costs, amount: own }) => (
                <tr key={component}>
                  <th scope="row">{description}</th>
                  <td className={styles.figure}>{money(issued)}</td>
                  <td className={styles.figure}>{money(costs)}</td>
                  <td className={styles.figure}>{money(own)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      </td>
    </tr>
  );
}

function NoCorrections({ isFiltered }: { readonly isFiltered: boolean }) {
  if (!isFiltered)
    return (
      <Empty title="Every issued month costs what was issued for it.">
        <p>
          A job looks every day; <code>arcadia invoice correction check</code> looks now.
        </p>
      </Empty>
    );
  return (
    <Empty title="No correction matches.">
      <Link to="/corrections" search={inPeriod({})} className={ui.link}>
        Clear the filters
      </Link>
    </Empty>
  );
}
