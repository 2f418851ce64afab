import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useRef } from 'react';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { Chip, Csv, Listed } from '../lists/parts.tsx';
import { changed } from '../lists/search.ts';
import { isNegative, money } from '../ui/decimal.ts';
import { Empty } from '../ui/States.tsx';
import { day, dayBefore, month as monthName, monthOf, presentInstant } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './margin.module.css';
import { MarginTable } from './MarginTable.tsx';
import { type Margins, marginQuery, readMargins } from './read.ts';
import { filters, type Grouping, groupings, type MarginSearch } from './search.ts';

const byWords: Readonly<Record<Grouping, string>> = {
  deployment: 'Deployments',
  customer: 'Customers',
  plan: 'Plans',
  kind: 'Meters',
  product: 'Products',
};

/** What does each of them earn, less what it costs? */
export function Margin() {
  const { m, why: _why, ...search } = useSearch({ from: '/margin' });
  const { data: me } = useMe();
  const now = me?.now ?? presentInstant();
  // Of the month of the last complete day, as everywhere.
  const month = m ?? monthOf(dayBefore(now));
  const page = useRead(['listMargins', month, search], (signal) => readMargins(month, search, signal), {
    keepsPrevious: true,
  });
  const { cursor: _cursor, ...query } = marginQuery(month, search);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{page.data === undefined ? 'Margin' : sentenceOf(page.data, month)}</h1>
          <p className={ui.note}>
            {search.basis === 'billed'
              ? 'By the documents that were issued for the month'
              : 'What accrues in the month'}
            , before tax, less what the provider's bills say{stateText(page.data)}
            {ratesText(page.data, search.currency, now)}
          </p>
        </div>
        <Csv path="/margins" query={query} file={`margin-${month}`} />
      </header>
      <div className={styles.tools}>
        <div className={own.chips} role="group" aria-label="Grouped by">
          {groupings.map((by) => (
            <Chip key={by} name="by" value={by === 'deployment' ? undefined : by} chosen={search.by}>
              {byWords[by]}
            </Chip>
          ))}
        </div>
        <div className={own.chips} role="group" aria-label="Revenue">
          <Chip name="basis" value={undefined} chosen={search.basis}>
            Accrued
          </Chip>
          <Chip name="basis" value="billed" chosen={search.basis}>
            Billed
          </Chip>
        </div>
        <Currencies page={page.data} chosen={search.currency} />
        <Target target={search.target} />
        {filters.map((name) =>
          search[name] === undefined ? null : (
            <Chip key={name} name={name} value={undefined} chosen="">
              {name} {search[name]} ×
            </Chip>
          ),
        )}
      </div>
      <Listed query={page} cursor={search.cursor} rows={14} empty={<NoMargin month={month} search={search} />}>
        {(data) => <MarginTable page={data} search={search} month={month} />}
      </Listed>
    </div>
  );
}

/** The first line: what all of it comes to, by currency. */
function sentenceOf({ totals }: Margins, month: string): string {
  if (totals.length === 0) return `${monthName(month)}: nothing earned, and no bill.`;
  const parts = totals.map(({ currency, revenue, cost, margin, notKnown }) => {
    if (margin !== null)
      return `${money(revenue ?? '0')} earned less ${money(cost ?? '0')} cost ${isNegative(margin) ? 'loses' : 'leaves'} ${money(margin.replace(/^-/, ''))} ${currency}`;
    if (notKnown === 'no_bill') return `${money(revenue ?? '0')} ${currency} earned, no bill of it is reconciled`;
    if (notKnown === 'not_rated') return `${money(cost ?? '0')} ${currency} cost, not rated yet`;
    return `${money(revenue ?? '0')} earned and ${money(cost ?? '0')} cost in ${currency}`;
  });
  return `${monthName(month)}: ${parts.join('; ')}.`;
}

function stateText(page: Margins | undefined): string {
  const state = page?.totals.find((total) => total.state !== null)?.state ?? null;
  return state === null
    ? ''
    : {
        signed: ', which are signed',
        final: ', which are final',
        doubtful: ', of which one may stand for a signed one that counts too',
        preview: ', of which some are previews',
      }[state];
}

/** By what amounts in other currencies were converted. */
function ratesText(page: Margins | undefined, currency: string | undefined, now: string): string {
  const rates = page?.rates.map(
    ({ base, day: of, rate, source }) => `1 ${base} = ${rate} ${currency} (${source}, ${day(of, now)})`,
  );
  return rates === undefined || rates.length === 0 ? '' : `; converted at ${[...new Set(rates)].join(' and ')}`;
}

/** Of a month in several currencies: each amount in its own, or all of them in one. */
function Currencies({ page, chosen }: { readonly page: Margins | undefined; readonly chosen: string | undefined }) {
  const there = [
    ...(page?.totals ?? []).map((total) => total.currency),
    ...(page?.rates ?? []).map(({ base }) => base),
  ];
  const all = [...new Set(chosen === undefined ? there : [...there, chosen])].toSorted();
  if (all.length < 2) return null;
  return (
    <div className={own.chips} role="group" aria-label="Currency">
      <Chip name="currency" value={undefined} chosen={chosen}>
        Each its own
      </Chip>
      {all.map((currency) => (
        <Chip key={currency} name="currency" value={currency} chosen={chosen}>
          in {currency}
        </Chip>
      ))}
    </div>
  );
}

/** The margin that is wanted: each row says what its base fee would have to be. */
function Target({ target }: { readonly target: string | undefined }) {
  const navigate = useNavigate();
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = field.current?.value.trim().replace(/ ?%$/, '') ?? '';
    void navigate({ to: '.', search: changed({ target: text === '' ? undefined : text }) as never });
  };
  return (
    <form className={`${styles.field} ${own.target}`} onSubmit={submit}>
      <label>
        Wanted margin, %
        <input
          key={target ?? ''}
          ref={field}
          inputMode="decimal"
          pattern="\d{1,2}(\.\d{1,3})?( ?%)?"
          title="A percentage below 100, such as 40"
          defaultValue={target ?? ''}
          maxLength={8}
        />
      </label>
    </form>
  );
}

function NoMargin({ month, search }: { readonly month: string; readonly search: MarginSearch }) {
  if (filters.some((name) => search[name] !== undefined))
    return (
      <Empty title="Nothing matches.">
        <Link to="/margin" search={({ m }) => (m === undefined ? {} : { m })} className={ui.link}>
          Clear the filters
        </Link>
      </Empty>
    );
  return (
    <Empty title={`Nothing was earned in ${monthName(month)}, and no bill of it is reconciled.`}>
      <p>
        <code>arcadia bill sync</code> reads the bills and reconciles them.
      </p>
    </Empty>
  );
}
