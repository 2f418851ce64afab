import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { MonthCurve } from '../charts/MonthCurve.tsx';
import { inPeriod } from '../app/address.ts';
import { useRead } from '../app/reads.ts';
import { Figure, Money } from '../ui/Figure.tsx';
import { isNegative, isZero, money as moneyText, sum } from '../ui/decimal.ts';
import { Band, Empty, States } from '../ui/States.tsx';
import { age, day, dayBefore, minutesBetween, month as monthName, moment, monthOf } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { linesOf, readHappened } from './happened.ts';
import { needsOf, sentenceOf, type Need } from './needs.ts';
import styles from './overview.module.css';
import { type CurrencyMonth, type OverviewDocument, readOverview } from './read.ts';

/** Is anything wrong, and how does the month stand? */
export function Overview() {
  const { m } = useSearch({ from: '__root__' });
  const overview = useRead(['getOverview', m ?? null], (signal) => readOverview(m, signal), { keepsPrevious: true });
  return (
    <States query={overview} rows={12} title="Overview">
      {(data) => <Loaded overview={data} month={data.month} />}
    </States>
  );
}

function Loaded({ overview, month }: { readonly overview: OverviewDocument; readonly month: string }) {
  const needs = needsOf(overview);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 tabIndex={-1}>{sentenceOf(needs)}</h1>
        <p className={ui.note}>
          {monthName(month)}
          {meteredText(overview)}
        </p>
      </header>
      <HistoryBand clock={overview.clock} />
      <MonthCard overview={overview} month={month} />
      <NeedsCard needs={needs} />
      <MoversCard overview={overview} month={month} />
      <FreshnessCard overview={overview} />
      <HappenedCard now={overview.clock.now} />
    </div>
  );
}

/** While a demonstration creates its history, figures are those of a day in the past. */
function HistoryBand({ clock: { now, runsTo } }: { readonly clock: OverviewDocument['clock'] }) {
  if (runsTo === null) return null;
  return (
    <div className={styles.across}>
      <Band>
        This demonstration creates its history now: {day(now, runsTo)} of {day(runsTo, runsTo)}. Figures grow as its
        days are read and metered.
      </Band>
    </div>
  );
}

function meteredText({ metering, clock }: OverviewDocument): string {
  const { meteredThrough, complete, final, confirmed, obstacles } = metering;
  if (meteredThrough === null) return ', not metered yet';
  const through = `, metered through ${day(dayBefore(meteredThrough), clock.now)}`;
  if (final) return `${through}, final`;
  if (confirmed) return `${through}, confirmed`;
  // Of a month that goes on, that is the only thing that would be said.
  return complete && obstacles[0] !== undefined ? `${through}, not final: ${obstacles[0].message}` : through;
}

function MonthCard({ overview, month }: { readonly overview: OverviewDocument; readonly month: string }) {
  const [chosen, setChosen] = useState(0);
  const {
    money: { currencies, state, reason, asOf, failures, failuresTotal },
    clock,
  } = overview;
  const shown = currencies[Math.min(chosen, currencies.length - 1)];
  const stale = staleSince(overview, month);
  return (
    <section className={`${ui.card} ${styles.month}`} aria-label="The month in money">
      <div className={ui.cardHead}>
        <h2>Due to us</h2>
        {currencies.length < 2 ? null : (
          <div className={styles.currencies} role="group" aria-label="Currency">
            {currencies.map(({ currency }, at) => (
              <button key={currency} type="button" aria-pressed={at === chosen} onClick={() => setChosen(at)}>
                {currency}
              </button>
            ))}
          </div>
        )}
      </div>
      <div className={ui.cardBody}>
        {failuresTotal === 0 ? null : (
          <Band>
            {failuresTotal} customers could not be rated and are in no figure: {failures[0]?.customer} (
            {failures[0]?.reason})
          </Band>
        )}
        {shown === undefined ? (
          <Empty title={state === 'ok' ? 'Nothing is due in this month.' : 'Not known yet.'}>
            <p>{reason ?? 'Amounts appear once a deployment is on a plan and a day is metered.'}</p>
          </Empty>
        ) : (
          <>
            {stale === null ? (
              <Figures money={shown} month={month} cost={overview.cost} />
            ) : (
              <Stale money={shown} since={stale} now={clock.now} />
            )}
            <MonthCurve
              month={month}
              now={clock.now}
              currency={shown.currency}
              days={shown.days}
              forecast={shown.revenueForecast}
              lastMonth={shown.lastMonth}
              lastMonthSameDay={shown.lastMonthSameDay}
            />
            {asOf === null ? null : <p className={ui.note}>Rated {moment(asOf, clock.now)} UTC, before tax.</p>}
            {stale === null ? <Rates money={shown} now={clock.now} /> : null}
          </>
        )}
      </div>
    </section>
  );
}

const staleAfterMinutes = 72 * 60;

/** Since when nothing has been read, where that is too long ago for the present month's figures to stand; else null. */
function staleSince(
  { accounts: { newestAt }, clock: { now, runsTo } }: OverviewDocument,
  month: string,
): string | null {
  if (newestAt === null || month !== monthOf(now) || runsTo !== null) return null;
  return minutesBetween(newestAt, now) > staleAfterMinutes ? newestAt : null;
}

/** An old figure large, with its age small beside it, would be read as if it were of now. */
function Stale({ money: { currency, revenueToDate }, since, now }: StaleProps) {
  return (
    <div className={styles.stale} role="status">
      <p className={styles.big}>–</p>
      <p>
        Nothing has been read for {age(since, now)}. Due so far was {moneyText(revenueToDate)} {currency}, as of{' '}
        {moment(since, now)}.
      </p>
      <Link to="/accounts" search={inPeriod({})} className={ui.link}>
        Show accounts
      </Link>
    </div>
  );
}

interface StaleProps {
  readonly money: CurrencyMonth;
  readonly since: string;
  readonly now: string;
}

interface FiguresProps {
  readonly money: CurrencyMonth;
  readonly month: string;
  readonly cost: OverviewDocument['cost'];
}

function Figures({ money: shown, month, cost: { bills } }: FiguresProps) {
  const { currency, revenueToDate, revenueForecast, lastMonthSameDay, costToDate, marginToDate, notKnown } = shown;
  const why = `month:${month}/${currency}`;
  return (
    <dl className={styles.figures}>
      <div>
        <dt>Due so far</dt>
        <dd className={styles.big}>
          <Money amount={revenueToDate} currency={currency} why={`${why}/amountToDate`} />
        </dd>
      </div>
      <div>
        <dt>Forecast</dt>
        <dd className={styles.big}>
          <Money
            amount={revenueForecast}
            currency={currency}
            why={`${why}/forecast`}
            reason="There is no forecast for this month."
          />
        </dd>
      </div>
      <div>
        <dt>Last month by now</dt>
        <dd className={styles.big}>
          <Money
            amount={lastMonthSameDay}
            currency={currency}
            why={`${why}/lastMonthSameDay`}
            reason="The month before is not metered."
          />
          {lastMonthSameDay === null ? null : <Direction before={lastMonthSameDay} after={revenueToDate} />}
        </dd>
      </div>
      <div className={styles.small}>
        <dt>Cost{bills === null ? '' : `, ${bills}`}</dt>
        <dd>
          <Money amount={costToDate} currency={currency} reason={notKnown} />
        </dd>
        <dt>Margin</dt>
        <dd>
          <Money amount={marginToDate} currency={currency} reason={notKnown} />
          {bills === null ? null : (
            <>
              {' '}
              <Link to="/margin" search={{ m: month }} className={ui.link}>
                Whose
              </Link>
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}

/** That cost and margin are of all currencies, and by which rates. */
function Rates({ money: { currency, rates }, now }: { readonly money: CurrencyMonth; readonly now: string }) {
  if (rates.length === 0) return null;
  const each = rates.map(
    ({ base, day: of, rate, source }) => `1 ${base} = ${rate} ${currency} (${source}, ${day(of, now)})`,
  );
  return <p className={ui.note}>Cost and margin are of all customers, converted at {each.join(' and ')}.</p>;
}

/** Whether it is more now, or less: a shape and a word, no arithmetic. */
function Direction({ before, after }: { readonly before: string; readonly after: string }) {
  const difference = sum([after, before.startsWith('-') ? before.slice(1) : `-${before}`]);
  if (isZero(difference)) return <span className={styles.direction}>the same now</span>;
  const isLess = isNegative(difference);
  return (
    <span className={styles.direction}>
      {isLess ? '▼' : '▲'} {isLess ? 'less' : 'more'} now
    </span>
  );
}

function NeedsCard({ needs }: { readonly needs: readonly Need[] }) {
  return (
    <section className={`${ui.card} ${styles.needs}`} aria-labelledby="needs">
      <div className={ui.cardHead}>
        <h2 id="needs">Needs somebody</h2>
      </div>
      {needs.length === 0 ? (
        <Empty title="Nothing waits.">
          <p>Unassigned resources, corrections, drafts, dead jobs and broken accounts appear here.</p>
        </Empty>
      ) : (
        <ul className={styles.needList}>
          {needs.map((need) => (
            <NeedRow key={need.id} need={need} />
          ))}
        </ul>
      )}
    </section>
  );
}

function NeedRow({ need: { count, text, detail, link, isWrong } }: { readonly need: Need }) {
  return (
    <li className={styles.need} data-row="">
      <span className={isWrong ? styles.wrong : styles.count}>
        {isWrong ? (
          <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
            <path d="M5 0.500 10 9.500H0z" fill="currentColor" />
          </svg>
        ) : null}
        <Figure why={null} exact={String(count)}>
          {count}
        </Figure>
      </span>
      <span className={styles.needText}>
        {text}
        {detail === null || detail === '' ? null : <span className={ui.note}> {detail}</span>}
      </span>
      <Link to={link.to} search={inPeriod(link.search)} className={ui.link}>
        {link.verb}
      </Link>
    </li>
  );
}

function MoversCard({ overview, month }: { readonly overview: OverviewDocument; readonly month: string }) {
  const { deployments, state, reason } = overview.movers;
  return (
    <section className={`${ui.card} ${styles.movers}`} aria-labelledby="movers">
      <div className={ui.cardHead}>
        <h2 id="movers">Moved most</h2>
        <span className={ui.note}>on the same day of last month</span>
      </div>
      {deployments.length === 0 ? (
        <Empty title={state === 'ok' ? 'No deployment moved.' : 'Not known yet.'}>
          {reason === null ? null : <p>{reason}</p>}
        </Empty>
      ) : (
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">Deployment</th>
                <th scope="col">So far</th>
                <th scope="col">Change</th>
              </tr>
            </thead>
            <tbody>
              {deployments.map(({ deployment, name, currency, amount, change }) => (
                <tr key={deployment} data-row="">
                  <th scope="row">
                    <Link
                      to="/deployments/$deployment"
                      params={{ deployment }}
                      search={{ m: month }}
                      className={styles.name}
                    >
                      {name}
                    </Link>
                  </th>
                  <td>
                    <Money amount={amount} currency={currency} why={`quote:${deployment}/${month}`} />
                  </td>
                  <td>
                    {isNegative(change) ? '▼' : '▲'} <Money amount={change} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const readsMax = 8;

function FreshnessCard({ overview: { accounts, clock } }: { readonly overview: OverviewDocument }) {
  return (
    <section className={`${ui.card} ${styles.freshness}`} aria-labelledby="freshness">
      <div className={ui.cardHead}>
        <h2 id="freshness">Read last</h2>
        <span className={ui.note}>the worst first</span>
      </div>
      {accounts.kinds.length === 0 ? (
        <Empty title="No account is connected.">
          <p>
            <code>arcadia account connect</code>
          </p>
        </Empty>
      ) : (
        <ul className={styles.reads}>
          {accounts.kinds.slice(0, readsMax).map(({ account, kind, syncedAt, state, reason }) => (
            <li key={`${account} ${kind}`} data-state={state} data-row="">
              <span>
                <Link to="/accounts/$account" params={{ account }} search={inPeriod({})} className={styles.name}>
                  {kind.replaceAll('_', ' ')}
                </Link>{' '}
                <span className={ui.note}>{account}</span>
                {state === 'complete' ? null : (
                  <span className={styles.bad}>
                    {' '}
                    ▲ {state}
                    {reason === null ? '' : `: ${reason}`}
                  </span>
                )}
              </span>
              <span title={syncedAt === null ? undefined : moment(syncedAt, clock.now)}>
                {syncedAt === null ? 'never' : age(syncedAt, clock.now)}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const linesShown = 8;

function HappenedCard({ now }: { readonly now: string }) {
  const happened = useRead(['listHappened'], readHappened);
  return (
    <section className={`${ui.card} ${styles.happened}`} aria-labelledby="happened">
      <div className={ui.cardHead}>
        <h2 id="happened">What just happened</h2>
      </div>
      <States query={happened} rows={6}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title="Nothing has happened yet.">
              <p>What is read, metered, assigned or billed appears here as it happens.</p>
            </Empty>
          ) : (
            <ol className={styles.reads}>
              {linesOf(items, linesShown).map(({ id, at, text }) => (
                <li key={id}>
                  <span>{text}</span>
                  <time dateTime={at} title={moment(at, now)}>
                    {moment(at, now)}
                  </time>
                </li>
              ))}
            </ol>
          )
        }
      </States>
    </section>
  );
}
