import { Link, useSearch } from '@tanstack/react-router';
import { inPeriod } from '../app/address.ts';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { UseCurve } from '../charts/UseCurve.tsx';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Change, Chip, Csv, Listed } from '../lists/parts.tsx';
import { isZero, money } from '../ui/decimal.ts';
import { Money, Unknown } from '../ui/Figure.tsx';
import { Band, Empty, States } from '../ui/States.tsx';
import { moment, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './bills.module.css';
import { type BillRow, type Bills as Page, billsQuery, readBills, readUse, type Use } from './read.ts';
import type { BillsSearch } from './search.ts';
import { stateText } from './words.ts';

/** What does the provider charge, and does it agree with what was there? */
export function Bills() {
  const { m, why: _why, ...search } = useSearch({ from: '/bills' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const page = useRead(['listBills', search], (signal) => readBills(search, signal), { keepsPrevious: true });
  const use = useRead(['getBalanceMonth', m ?? null], (signal) => readUse(m, signal), { keepsPrevious: true });
  const { cursor: _cursor, ...csvQuery } = billsQuery(search);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 tabIndex={-1}>{page.data === undefined ? 'Provider billing' : sentenceOf(page.data)}</h1>
        <Csv path="/bills" query={csvQuery} file="bills" />
      </header>
      {page.data === undefined ? null : <NotRead reads={page.data.reads} now={now} />}
      <States query={use} rows={11}>
        {(data) => <UseCards use={data} now={now} />}
      </States>
      <Tools search={search} />
      <Listed query={page} cursor={search.cursor} rows={8} empty={<NoBills search={search} />}>
        {(data) => <BillTable items={data.items} />}
      </Listed>
    </div>
  );
}

/** The first line: the newest bill that is reconciled. */
function sentenceOf({ items }: Page): string {
  const bill = items.find(({ kind, review }) => kind === 'final' && review !== null);
  if (bill === undefined) return items.length === 0 ? 'No bill has been read.' : 'No final bill is reconciled yet.';
  const { month, amount, currency, difference, unexplained, missing } = bill;
  const parts = [
    difference === null || isZero(difference) ? '' : `${money(difference)} differs from what was expected`,
    unexplained === null || isZero(unexplained) ? '' : `${money(unexplained)} is unexplained`,
    missing === null || missing === 0 ? '' : `${missing} ${missing === 1 ? 'charge is' : 'charges are'} missing`,
  ].filter((part) => part !== '');
  const found = parts.length === 0 ? 'all of it is as expected' : parts.join(', ');
  return `${monthName(month)}: ${money(amount ?? '0')} ${currency}, ${found}.`;
}

/** What could not be read, and why. */
function NotRead({ reads, now }: { readonly reads: Page['reads']; readonly now: string }) {
  return reads
    .filter(({ outcome }) => outcome !== 'complete')
    .map(({ payer, part, reason, readAt, completedAt }) => (
      <Band key={`${payer} ${part}`}>
        {part} of {payer} could not be read {moment(readAt, now)}: {reason}
        {completedAt === null ? ' Never read yet.' : ` Last read ${moment(completedAt, now)}.`}
      </Band>
    ));
}

function UseCards({ use: { month, payers }, now }: { readonly use: Use; readonly now: string }) {
  if (payers.length === 0)
    return (
      <section className={ui.card} aria-label="Balance">
        <Empty title={`No balance of ${monthName(month)} has been read.`}>
          <p>
            It is read every hour: <code>arcadia bill sync</code> reads it now.
          </p>
        </Empty>
      </section>
    );
  return (
    <div className={own.payers}>
      {payers.map((payer) => (
        <UseCard key={payer.payer} month={month} payer={payer} now={now} />
      ))}
    </div>
  );
}

interface UseCardProps {
  readonly month: string;
  readonly payer: Use['payers'][number];
  readonly now: string;
}

const noRate = 'The price book was not asked for some balance of this month.';

function UseCard({
  month,
  payer: { payer, currency, used, expected, difference, hourlyRate, unpriced, forecast, points },
  now,
}: UseCardProps) {
  return (
    <section className={ui.card} aria-label={`Balance of ${payer}`}>
      <div className={ui.cardHead}>
        <h2>
          Balance over {monthName(month)} <span className={ui.note}>{payer}</span>
        </h2>
        <span className={ui.note}>beside the price of what was there</span>
      </div>
      <div className={`${ui.cardBody} ${own.use}`}>
        <dl className={styles.figures}>
          <div>
            <dt>Charged so far</dt>
            <dd>
              <Money amount={used} currency={currency} />
            </dd>
          </div>
          <div>
            <dt>By the run rate</dt>
            <dd>
              <Money amount={expected} reason={noRate} />
            </dd>
          </div>
          <div>
            <dt>Difference</dt>
            <dd>{difference === null ? <Unknown reason={noRate} /> : <Change change={difference} isRated />}</dd>
          </div>
          <div>
            <dt>An hour now</dt>
            <dd
              title={
                unpriced === null || unpriced === 0
                  ? undefined
                  : `${unpriced} resources of no known price are not in it`
              }
            >
              {hourlyRate === null ? <Unknown reason={noRate} /> : hourlyRate}
            </dd>
          </div>
          <div>
            <dt>By the month's end, about</dt>
            <dd>{forecast === null ? '–' : <Money amount={forecast} currency={currency} />}</dd>
          </div>
        </dl>
        <UseCurve month={month} now={now} currency={currency} points={points} forecast={forecast} />
      </div>
    </section>
  );
}

function Tools({ search }: { readonly search: BillsSearch }) {
  return (
    <div className={styles.tools} role="group" aria-label="Which bills">
      <Chip name="stage" value={undefined} chosen={search.stage}>
        All
      </Chip>
      <Chip name="stage" value="final" chosen={search.stage}>
        Final
      </Chip>
      <Chip name="stage" value="preview" chosen={search.stage}>
        Previews
      </Chip>
      {search.payer === undefined ? null : (
        <Chip name="payer" value={undefined} chosen="">
          Payer {search.payer} ×
        </Chip>
      )}
    </div>
  );
}

function NoBills({ search }: { readonly search: BillsSearch }) {
  if (search.stage === undefined && search.payer === undefined)
    return (
      <Empty title="No bill has been read yet.">
        <p>
          Bills are read every night. The token needs the scope billing:read: <code>arcadia bill sync</code>
        </p>
      </Empty>
    );
  return (
    <Empty title="No bill matches.">
      <Link to="/bills" search={inPeriod({})} className={ui.link}>
        Clear the filters
      </Link>
    </Empty>
  );
}

function BillTable({ items }: { readonly items: readonly BillRow[] }) {
  return (
    <DataTable label="Bills" isCards>
      <thead>
        <tr>
          <th scope="col">Month</th>
          <th scope="col">Payer</th>
          <th scope="col">Number</th>
          <th scope="col" className={styles.figure}>
            Amount
          </th>
          <th scope="col" className={styles.figure}>
            Difference
          </th>
          <th scope="col" className={styles.figure}>
            Unexplained
          </th>
          <th scope="col" className={styles.figure}>
            Missing
          </th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {items.map((bill) => (
          <Row key={bill.bill} bill={bill} />
        ))}
      </tbody>
    </DataTable>
  );
}

const notReconciled = 'It has not been reconciled.';

function Row({ bill }: { readonly bill: BillRow }) {
  const {
    payer,
    number,
    amount,
    currency,
    difference,
    unexplained,
    missing,
    versions,
    missingSince,
    review,
    changedSince,
  } = bill;
  return (
    <tr data-row="">
      <th scope="row">
        <Link to="/bills/$bill" params={{ bill: String(bill.bill) }} className={styles.name}>
          {monthName(bill.month)}
        </Link>
        {versions > 1 ? <span className={ui.note}> version {bill.version}</span> : null}
      </th>
      <td className={styles.spare}>
        <Link to="." search={(before) => ({ ...before, payer })} className={styles.name}>
          {payer}
        </Link>
      </td>
      <td className={`${styles.spare} ${ui.mono}`}>{number ?? '–'}</td>
      <td className={styles.figure}>
        <Money amount={amount} currency={currency} reason="It has not been read whole." />
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        {difference === null ? <Unknown reason={notReconciled} /> : <Change change={difference} isRated />}
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>
        {unexplained !== null && !isZero(unexplained) ? (
          <span className={styles.wrong}>
            <span aria-hidden="true">▲ </span>
            <Money amount={unexplained} />
          </span>
        ) : (
          <Money amount={unexplained} reason={notReconciled} />
        )}
      </td>
      <td className={`${styles.figure} ${styles.spare}`}>{missing ?? <Unknown reason={notReconciled} />}</td>
      <td>
        <span className={own.onPhone}>{payer}, </span>
        {stateText(bill)}
        {changedSince === null ? null : (
          <span className={ui.note}>
            {' '}
            {money(changedSince.amount)} {currency} now, {money(changedSince.difference)} differs
          </span>
        )}
        {missingSince === null ? null : <span className={styles.wrong}> no longer listed</span>}
        {review === 'open' && difference !== null && !isZero(difference) ? (
          <span className={own.onPhone}>, {money(difference)} differs</span>
        ) : null}
      </td>
    </tr>
  );
}
