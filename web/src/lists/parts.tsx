import type { UseQueryResult } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useRef } from 'react';
import { Problem } from '../api/client.ts';
import { grouped, isNegative, isZero, money } from '../ui/decimal.ts';
import { Figure, Money, Unknown } from '../ui/Figure.tsx';
import { Icon } from '../ui/icons.tsx';
import { Band, States } from '../ui/States.tsx';
import ui from '../ui/ui.module.css';
import { Held } from './Held.tsx';
import styles from './lists.module.css';
import { type Before, changed, type ListSearch } from './search.ts';

// What lists have in common: a field to search by, heads to sort by, pages, what a change moves, and what is on screen as a file.

interface SearchFieldProps {
  readonly q: string | undefined;
  readonly label: string;
}

export function SearchField({ q, label }: SearchFieldProps) {
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = field.current?.value.trim() ?? '';
    void navigate({ to: '.', search: changed({ q: text === '' ? undefined : text }) as never });
  };
  return (
    <form className={styles.field} role="search" onSubmit={submit}>
      <Icon name="search" />
      <input
        key={q ?? ''}
        ref={field}
        type="search"
        aria-label={label}
        placeholder={label}
        defaultValue={q ?? ''}
        maxLength={200}
      />
    </form>
  );
}

interface SortHeadProps {
  readonly sort: string;
  readonly search: ListSearch;
  /** The order that a first click gives. */
  readonly first?: 'asc' | 'desc';
  /** What the list is sorted by unless the address says. */
  readonly own: { readonly sort: string; readonly order: 'asc' | 'desc' };
  readonly isFigure?: boolean;
  readonly children: ReactNode;
}

/** A column's head, by which the list is sorted. */
export function SortHead({ sort, search, own, first = 'asc', isFigure = false, children }: SortHeadProps) {
  const by = search.sorted ?? own.sort;
  const order = search.direction ?? (search.sorted === undefined ? own.order : 'asc');
  const isSorted = by === sort;
  const next = isSorted ? (order === 'asc' ? 'desc' : 'asc') : first;
  return (
    <th
      scope="col"
      className={isFigure ? styles.figure : undefined}
      aria-sort={isSorted ? (order === 'asc' ? 'ascending' : 'descending') : 'none'}
    >
      <Link to="." search={changed({ sorted: sort, direction: next }) as never}>
        {children} <span aria-hidden="true">{isSorted ? (order === 'asc' ? '↑' : '↓') : ''}</span>
      </Link>
    </th>
  );
}

interface ChipProps {
  readonly name: string;
  /** undefined: all. */
  readonly value: string | undefined;
  readonly chosen: string | undefined;
  readonly children: ReactNode;
}

/** One of a few values to filter by. */
export function Chip({ name, value, chosen, children }: ChipProps) {
  return (
    <Link
      to="."
      search={changed({ [name]: value }) as never}
      className={styles.chip}
      data-chosen={chosen === value}
      aria-current={chosen === value ? 'true' : 'false'}
    >
      {children}
    </Link>
  );
}

interface FilterSelectProps {
  readonly label: string;
  /** In the address. */
  readonly name: string;
  /** undefined: all. */
  readonly value: string | undefined;
  readonly values: readonly (readonly [value: string, text: string])[];
}

/** One of many values to filter by. */
export function FilterSelect({ label, name, value, values }: FilterSelectProps) {
  const navigate = useNavigate();
  // What the address names is there while the others are still read.
  const isKnown = value === undefined || values.some(([each]) => each === value);
  const choose = (chosen: string) =>
    void navigate({ to: '.', search: changed({ [name]: chosen === '' ? undefined : chosen }) as never });
  return (
    <label className={styles.filter}>
      {label}
      <select value={value ?? ''} onChange={({ target }) => choose(target.value)}>
        <option value="">all</option>
        {(isKnown ? values : [[value, value] as const, ...values]).map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

interface ListedProps<Page extends ListPage> {
  readonly query: UseQueryResult<Page, Error>;
  /** Of the page that is shown; undefined: it is the first. */
  readonly cursor: string | undefined;
  /** On all pages, where the page itself does not say; undefined: nobody counts. */
  readonly total?: number | undefined;
  /** How many rows the list has while it loads. */
  readonly rows: number;
  /** What is shown where nothing matches. */
  readonly empty: ReactNode;
  /** Of a list that changes while one looks: which row is which, and which list it is. */
  readonly held?: { readonly keyOf: (row: Page['items'][number]) => string; readonly list: string };
  /** Of a list that is held also which of its rows have left it. */
  readonly children: (page: Page, left: ReadonlySet<string>) => ReactNode;
}

const none: ReadonlySet<string> = new Set();

interface ListPage {
  readonly items: readonly unknown[];
  readonly total?: number;
  readonly nextCursor: string | null;
}

/** A page of a list: its rows and the way to the next; or that there are none, or that the page is gone. */
export function Listed<Page extends ListPage>({
  query,
  cursor,
  total,
  rows,
  empty,
  held,
  children,
}: ListedProps<Page>) {
  if (isForeignCursor(query.error)) return <StaleCursor />;
  return (
    <States query={query} rows={rows}>
      {(page) =>
        page.items.length === 0 ? (
          empty
        ) : (
          <>
            {held === undefined ? (
              children(page, none)
            ) : (
              <Held {...held} items={page.items} isBefore={query.isPlaceholderData} hasNext={page.nextCursor !== null}>
                {(items, left) => children({ ...page, items }, left)}
              </Held>
            )}
            <Pager
              count={page.items.length}
              total={page.total ?? total}
              cursor={cursor}
              nextCursor={page.nextCursor}
              isBefore={query.isPlaceholderData}
            />
          </>
        )
      }
    </States>
  );
}

interface PagerProps {
  readonly count: number;
  readonly total: number | undefined;
  readonly cursor: string | undefined;
  readonly nextCursor: string | null;
  /** What is shown is still of the list before: its next page is none of this one. */
  readonly isBefore: boolean;
}

function Pager({ count, total, cursor, nextCursor, isBefore }: PagerProps) {
  return (
    <footer className={styles.foot}>
      <span>{total === undefined || count === total ? '' : `${count} of ${total}`}</span>
      {cursor === undefined ? null : (
        <Link to="." search={changed({}) as never} className={ui.button}>
          First page
        </Link>
      )}
      {nextCursor === null ? null : (
        <Link
          to="."
          search={((before: Before) => ({ ...before, cursor: nextCursor })) as never}
          className={ui.button}
          disabled={isBefore}
        >
          Next page
        </Link>
      )}
    </footer>
  );
}

/** A page of a list that is no longer there: the cursor is of another list, or of somebody who sees other rows. */
export function isForeignCursor(error: Error | null): boolean {
  return error instanceof Problem && error.status === 400 && /cursor/i.test(error.message);
}

export function StaleCursor() {
  return (
    <Band>
      This page of the list is no longer there.
      <Link to="." search={changed({}) as never} className={ui.link}>
        To the first page
      </Link>
    </Band>
  );
}

interface CsvProps {
  /** Under /api/v1, without `.csv`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly file: string;
}

/** All of the list as it is filtered and sorted, by a plain link: the browser writes it to a file as it comes. */
export function Csv({ path, query, file }: CsvProps) {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) text.append(name, value);
  const asked = text.toString();
  return (
    <a className={ui.button} href={`/api/v1${path}.csv${asked === '' ? '' : `?${asked}`}`} download={`${file}.csv`}>
      CSV
    </a>
  );
}

interface DueProps {
  readonly amount: string | null;
  readonly currency?: string | null;
  readonly why?: string | null;
  /** Whether the month is rated: else nothing is known of any amount. */
  readonly isRated: boolean;
}

/** An amount that is due; a dash where nothing is, a question mark where nobody knows yet. */
export function Due({ amount, currency, why = null, isRated }: DueProps) {
  if (amount !== null) return <Money amount={amount} why={why} {...(currency == null ? {} : { currency })} />;
  return isRated ? <>–</> : <Unknown reason="This month has not been rated yet." />;
}

/** How much more or less, by a shape and a word besides the sign. */
export function Change({ change, isRated }: { readonly change: string | null; readonly isRated: boolean }) {
  if (change === null) return <Due amount={null} isRated={isRated} />;
  if (isZero(change)) return <Figure why={null}>0</Figure>;
  const isLess = isNegative(change);
  return (
    <>
      <span aria-hidden="true">{isLess ? '▼' : '▲'}</span>
      <span className="visually-hidden">{isLess ? 'less by' : 'more by'}</span>{' '}
      <Figure why={null} exact={change}>
        {money(change)}
      </Figure>
    </>
  );
}

interface Total {
  readonly currency: string;
  readonly amountToDate: string;
  readonly forecast: string;
}

/** `76.88 USD so far, 90.00 USD by the month's end`; currencies are never added up. */
export function totalsText(totals: readonly Total[]): string {
  const list = (of: (total: Total) => string) =>
    totals.map((total) => `${money(of(total))} ${total.currency}`).join(' and ');
  return `${list(({ amountToDate }) => amountToDate)} due so far, ${list(({ forecast }) => forecast)} by the month's end`;
}

interface MovedRow {
  readonly key: string;
  readonly name: ReactNode;
  readonly currency: string;
  readonly before: string;
  readonly after: string;
  readonly difference: string;
}

/** What amounts are before and after a change that is previewed. */
export function MovedTable({ caption, rows }: { readonly caption: string; readonly rows: readonly MovedRow[] }) {
  return (
    <div className={styles.scroll} role="region" aria-label={caption} tabIndex={0}>
      <table className={styles.table}>
        <caption className={styles.caption}>{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Whose</th>
            <th scope="col" className={styles.figure}>
              Before
            </th>
            <th scope="col" className={styles.figure}>
              After
            </th>
            <th scope="col" className={styles.figure}>
              Difference
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ key, name, currency, before, after, difference }) => (
            <tr key={`${key} ${currency}`}>
              <th scope="row">{name}</th>
              <td className={styles.figure}>{money(before)}</td>
              <td className={styles.figure}>
                {money(after)} <span className={ui.unit}>{currency}</span>
              </td>
              <td className={styles.figure}>
                {isZero(difference) ? '' : isNegative(difference) ? '▼ ' : '▲ '}
                {grouped(difference)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
