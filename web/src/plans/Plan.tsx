import { Link, useParams, useSearch } from '@tanstack/react-router';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { DataTable } from '../lists/DataTable.tsx';
import styles from '../lists/lists.module.css';
import { Listed } from '../lists/parts.tsx';
import { isNegative, isZero, quantity } from '../ui/decimal.ts';
import { Money } from '../ui/Figure.tsx';
import { Empty, States } from '../ui/States.tsx';
import { day, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { Curve } from './Curve.tsx';
import { readPlanDeployments, readSheet, type Sheet } from './read.ts';
import { feeOf, includedOf, limitsOf, passedOf, priceOf } from './words.ts';

/** What does it cost, since when, and how near are its deployments to what is included? */
export function Plan() {
  const { plan } = useParams({ from: '/plans/$plan' });
  const { m, at, cursor } = useSearch({ from: '/plans/$plan' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const sheet = useRead(['getPlanSheet', plan, at ?? null], (signal) => readSheet(plan, at, signal), {
    keepsPrevious: true,
  });
  return (
    <States query={sheet} rows={14} title="Plan">
      {(data) => (
        <div className={styles.page}>
          <header className={styles.head}>
            <div>
              <p className={styles.crumb}>
                <Link to="/plans">Plans</Link>
              </p>
              <h1 tabIndex={-1}>
                {data.plan.name}: {feeOf(data.plan)}
                {limitsOf(data.plan)
                  .map((limit) => `, ${limit}`)
                  .join('')}
              </h1>
              <p className={ui.note}>
                <span className={ui.mono}>{plan}</span>, {data.deployments}{' '}
                {data.deployments === 1 ? 'deployment' : 'deployments'} on it now
                {data.plan.retiredAt === null ? '' : `, retired ${day(data.plan.retiredAt, now)}`}
              </p>
            </div>
            {me?.may.includes('applyPlans') === true ? (
              <Link to="/plans/$plan/edit" params={{ plan }} className={`${ui.button} ${ui.primary}`}>
                New prices
              </Link>
            ) : null}
          </header>
          <Versions sheet={data} now={now} />
          <Prices sheet={data} />
          <PassedOn plan={data.plan} />
          <OnIt
            plan={plan}
            m={m}
            cursor={cursor}
            titles={new Map(data.curves.map(({ kind, title }) => [kind, title]))}
          />
        </div>
      )}
    </States>
  );
}

/** Its versions, the newest first; each can be looked at. */
function Versions({ sheet: { plan, versions }, now }: { readonly sheet: Sheet; readonly now: string }) {
  const name = (from: string) => (from <= '2000-01-01' ? 'the beginning' : day(from, now));
  return (
    <div className={styles.tools} role="group" aria-label="Versions">
      {versions.toReversed().map(({ from, base }) => (
        <Link
          key={from}
          to="."
          search={((before: Record<string, unknown>) => ({ ...before, at: from })) as never}
          className={styles.chip}
          data-chosen={from === plan.from}
          aria-current={from === plan.from ? 'true' : 'false'}
        >
          {from > now.slice(0, 10) ? 'from' : 'since'} {name(from)}: {base} {plan.currency}
        </Link>
      ))}
    </div>
  );
}

function Prices({ sheet: { plan, curves } }: { readonly sheet: Sheet }) {
  if (plan.items.length === 0)
    return plan.passThrough.length > 0 ? null : (
      <Empty title="It charges its fee alone.">
        <p>Usage on it is metered, and not billed.</p>
      </Empty>
    );
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="prices">
      <div className={ui.cardHead}>
        <h2 id="prices">Prices</h2>
        <span className={ui.note}>{plan.currency}, before tax</span>
      </div>
      <DataTable label="Prices" isCards>
        <thead>
          <tr>
            <th scope="col">Meter</th>
            <th scope="col">Included</th>
            <th scope="col">Beyond that</th>
            <th scope="col">What a month costs, by quantity</th>
          </tr>
        </thead>
        <tbody>
          {plan.items.map((item, at) => {
            const curve = curves[at];
            return (
              <tr key={item.kind} data-row="">
                <th scope="row" className={styles.wrap}>
                  {curve?.title ?? item.kind} <span className={ui.unit}>{curve?.unit}</span>
                </th>
                <td>{includedOf(item)}</td>
                <td className={styles.wide}>
                  {priceOf(item)}
                  {item.minimum === null ? '' : `, at least ${item.minimum}`}
                  {item.cap === null ? '' : `, at most ${item.cap}`}
                </td>
                <td>{curve === undefined ? null : <Curve curve={curve} />}</td>
              </tr>
            );
          })}
        </tbody>
      </DataTable>
    </section>
  );
}

/** What it charges at the provider's cost, in the order in which they are tried. */
function PassedOn({ plan: { passThrough } }: { readonly plan: Sheet['plan'] }) {
  if (passThrough.length === 0) return null;
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="passed-on">
      <div className={ui.cardHead}>
        <h2 id="passed-on">Passed on at cost</h2>
        <span className={ui.note}>the first that fits; what a meter above has a price for is not</span>
      </div>
      <DataTable label="Passed on at cost">
        <thead>
          <tr>
            <th scope="col">What the provider charges for</th>
            <th scope="col" className={styles.figure}>
              Markup
            </th>
          </tr>
        </thead>
        <tbody>
          {passThrough.map((item) => (
            <tr key={passedOf(item)} data-row="">
              <th scope="row">{passedOf(item)}</th>
              <td className={styles.figure}>
                {item.markupPercent === null ? (
                  <span className={styles.muted}>needs finance</span>
                ) : (
                  `${quantity(item.markupPercent)} %`
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </section>
  );
}

interface OnItProps {
  readonly plan: string;
  readonly m: string | undefined;
  readonly cursor: string | undefined;
  /** Of meters. */
  readonly titles: ReadonlyMap<string, string>;
}

/** Deployments on it, each with how much is left of what is included. */
function OnIt({ plan, m, cursor, titles }: OnItProps) {
  const page = useRead(
    ['listPlanDeployments', plan, m ?? null, cursor ?? null],
    (signal) => readPlanDeployments(plan, m, cursor, signal),
    { keepsPrevious: true },
  );
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="on-it">
      <div className={ui.cardHead}>
        <h2 id="on-it">Deployments on it</h2>
        <span className={ui.note}>{page.data === undefined ? '' : monthName(page.data.month)}</span>
      </div>
      <Listed query={page} cursor={cursor} rows={6} empty={<Empty title="No deployment was on it in this month." />}>
        {({ items, month }) => (
          <DataTable label="Deployments on it" isCards>
            <thead>
              <tr>
                <th scope="col">Deployment</th>
                <th scope="col" className={styles.figure}>
                  So far
                </th>
                <th scope="col">Left of what is included</th>
              </tr>
            </thead>
            <tbody>
              {items.map(({ deployment, total, currency, meters }) => (
                <tr key={deployment} data-row="">
                  <th scope="row">
                    <Link
                      to="/deployments/$deployment"
                      params={{ deployment }}
                      search={m === undefined ? {} : { m }}
                      className={styles.name}
                    >
                      {deployment}
                    </Link>
                  </th>
                  <td className={styles.figure}>
                    <Money amount={total} currency={currency} why={`quote:${deployment}/${month}`} />
                  </td>
                  <td className={styles.wide}>
                    <Left meters={meters} titles={titles} />
                  </td>
                </tr>
              ))}
            </tbody>
          </DataTable>
        )}
      </Listed>
    </section>
  );
}

type Meters = Awaited<ReturnType<typeof readPlanDeployments>>['items'][number]['meters'];

/** Of the meters that are used; what is beyond comes first. */
function Left({ meters, titles }: { readonly meters: Meters; readonly titles: ReadonlyMap<string, string> }) {
  const shown = meters.filter(({ quantity: used }) => !isZero(used));
  if (shown.length === 0) return <span className={styles.muted}>nothing is used yet</span>;
  const isBeyond = ({ left }: Meters[number]) => isNegative(left);
  return [...shown.filter(isBeyond), ...shown.filter((meter) => !isBeyond(meter))].map((meter) => (
    <span key={meter.kind} className={isBeyond(meter) ? styles.mark : styles.left}>
      <span className={ui.note}>{titles.get(meter.kind) ?? meter.kind}</span>{' '}
      {isBeyond(meter)
        ? `▲ ${quantity(meter.left.slice(1))} beyond ${quantity(meter.allowance)}`
        : `${quantity(meter.left)} of ${quantity(meter.allowance)}`}
    </span>
  ));
}
