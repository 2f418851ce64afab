import { Link, useParams, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { Waterfall, type WaterfallPart } from '../charts/Waterfall.tsx';
import styles from '../lists/lists.module.css';
import { OnDemand } from '../lists/OnDemand.tsx';
import { changed } from '../lists/search.ts';
import { AddsUp } from '../proof/parts.tsx';
import { isNegative, isZero, money } from '../ui/decimal.ts';
import { Money } from '../ui/Figure.tsx';
import { Band, Empty, States } from '../ui/States.tsx';
import { moment, month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import own from './bills.module.css';
import { BillSheet, type BillAction } from './BillSheet.tsx';
import { DecisionsCard, EvidenceCard, FindingsCard, MissingCard, VersionsCard } from './BillCards.tsx';
import { LinesCard } from './LinesCard.tsx';
import { type BillDetails, type Bridge, readBill } from './read.ts';
import { causeText, stateText } from './words.ts';

/** How does this bill come about, line by line, and may it be signed? */
export function Bill() {
  const { bill: asked } = useParams({ from: '/bills/$bill' });
  const { m: _month, why: _why, ...search } = useSearch({ from: '/bills/$bill' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  const bill = /^\d{1,15}$/.test(asked) ? parseInt(asked, 10) : 0;
  const details = useRead(['getBill', bill], (signal) => readBill(bill, signal));
  return (
    <States query={details} rows={14} title="Bill">
      {(data) => (
        <div className={styles.page}>
          <Head bill={data} now={now} may={me?.may ?? []} />
          <Bands bill={data} now={now} />
          {data.bridge === null ? (
            <section className={ui.card} aria-label="How it comes about">
              <Empty title="It has not been reconciled yet.">
                <p>
                  That happens after bills were read, and every night: <code>arcadia bill reconcile</code>
                </p>
              </Empty>
            </section>
          ) : (
            <BridgeCard bill={data} bridge={data.bridge} />
          )}
          {data.bridge === null ? null : <LinesCard bill={data} bridge={data.bridge} search={search} now={now} />}
          <div className={styles.cards}>
            {data.bridge === null ? null : (
              <>
                <OnDemand title={`what is missing (${data.missing ?? 0})`}>
                  <MissingCard bill={bill} now={now} />
                </OnDemand>
                <OnDemand title="what was found beside use">
                  <FindingsCard bill={bill} />
                </OnDemand>
                <OnDemand title="which billing rules the bills confirm">
                  <EvidenceCard month={data.month.slice(0, 7)} />
                </OnDemand>
                <OnDemand title="notes and decisions">
                  <DecisionsCard bill={bill} now={now} />
                </OnDemand>
              </>
            )}
            <OnDemand title={data.versions === 1 ? 'its version' : `${data.versions} versions`}>
              <VersionsCard bill={data} now={now} />
            </OnDemand>
          </div>
        </div>
      )}
    </States>
  );
}

interface HeadProps {
  readonly bill: BillDetails;
  readonly now: string;
  readonly may: readonly string[];
}

function Head({ bill, now, may }: HeadProps) {
  const [action, setAction] = useState<BillAction | null>(null);
  const { payer, number, shown, versions, sealedAt, bridge } = bill;
  const signed = bridge?.signed ?? null;
  const can = (operation: string) => bridge !== null && may.includes(operation);
  return (
    <header className={`${styles.head} ${own.head}`}>
      <div>
        <p className={styles.crumb}>
          <Link to="/bills">Provider billing</Link>
        </p>
        <h1 tabIndex={-1}>{sentenceOf(bill)}</h1>
        <p className={ui.note}>
          {payer}, {stateText(bill)}
          {number === null ? '' : `, number ${number}`}
          {shown === null ? '' : `, version ${shown} of ${versions}`}
          {sealedAt === null ? '' : `, read ${moment(sealedAt, now)}`}
          {signed === null
            ? ''
            : `, signed by ${signed.by} ${moment(signed.at, now)}${signed.reason === null ? '' : `: ${signed.reason}`}`}
        </p>
      </div>
      <div className={own.actions}>
        {shown === null || !may.includes('exportBill')
          ? null
          : (['pdf', 'csv', 'json'] as const).map((format) => (
              <a
                key={format}
                className={ui.button}
                href={`/api/v1/bills/${bill.bill}/document?format=${format}`}
                download=""
              >
                {format.toUpperCase()}
              </a>
            ))}
        {can('addBillNote') ? (
          <button type="button" className={ui.button} onClick={() => setAction('note')}>
            Note
          </button>
        ) : null}
        {can('signOffBill') && signed === null && bill.kind === 'final' ? (
          <button type="button" className={`${ui.button} ${ui.primary}`} onClick={() => setAction('sign')}>
            Sign
          </button>
        ) : null}
        {can('reopenSignedBill') && signed !== null ? (
          <button type="button" className={ui.button} onClick={() => setAction('reopen')}>
            Reopen
          </button>
        ) : null}
      </div>
      {action === null || bridge === null ? null : (
        <BillSheet action={action} bill={bill} bridge={bridge} onClose={() => setAction(null)} />
      )}
    </header>
  );
}

function sentenceOf({ month, amount, currency, bridge, difference }: BillDetails): string {
  const sum = `${monthName(month)}: ${amount === null ? 'not read whole yet' : `${money(amount)} ${currency}`}`;
  if (bridge === null) return `${sum}.`;
  const { unexplained, residual } = bridge;
  const parts = [
    difference === null || isZero(difference) ? '' : `${money(difference)} differs from what was expected`,
    isZero(unexplained) ? '' : `${money(unexplained)} is unexplained`,
    isZero(residual) ? '' : `${money(residual)} is in the header alone`,
  ].filter((part) => part !== '');
  return `${sum}, ${parts.length === 0 ? 'all of it is as expected' : parts.join(', ')}.`;
}

function Bands({ bill, now }: { readonly bill: BillDetails; readonly now: string }) {
  const { readingLines, readingTotal, missingSince, replaced, kind, bridge, shown, review } = bill;
  const since = bridge?.changedSince ?? null;
  return (
    <>
      {readingLines === null ? null : (
        <Band>
          A new version is being read: {readingLines} of {readingTotal ?? '?'} lines.
        </Band>
      )}
      {missingSince === null ? null : (
        <Band>
          The provider has not listed it since {moment(missingSince, now)}.
          {review === 'signed' || review === 'changed'
            ? ' What was signed stands until it is reopened.'
            : ' It counts no more.'}
        </Band>
      )}
      {replaced ? <Band>The final bill of its month has been read: this preview counts no more.</Band> : null}
      {kind === 'preview' && !replaced ? (
        <Band>A preview: the provider makes it anew every night, and it cannot be signed.</Band>
      ) : null}
      {bridge !== null && shown !== null && bridge.version !== shown ? (
        <Band>The figures below are of version {bridge.version}.</Band>
      ) : null}
      {since === null ? null : (
        <Band>
          Changed since it was signed: it comes to {money(since.amount)}, expected {money(since.expected)}, unexplained{' '}
          {money(since.unexplained)}, and {money(since.moved)} would be borne by others. Reopen it for these to count.
        </Band>
      )}
    </>
  );
}

function BridgeCard({ bill, bridge }: { readonly bill: BillDetails; readonly bridge: Bridge }) {
  const { currency, expected, differences, allocated, unexplained, residual, amount } = bridge;
  const sums = [expected, ...differences.map((each) => each.amount), allocated, unexplained, residual];
  return (
    <section className={`${ui.card} ${styles.card}`} aria-labelledby="bridge">
      <div className={ui.cardHead}>
        <h2 id="bridge">How it comes about</h2>
        <span className={ui.note}>in {currency}</span>
      </div>
      <div className={ui.cardBody}>
        <Waterfall title="How the amount comes about, as a table" parts={partsOf(bridge)} />
        <AddsUp parts={sums} total={amount} unit={currency} />
      </div>
      {isZero(residual) || bill.summary.length === 0 ? null : (
        <div className={own.facts}>
          <p className={ui.note}>The provider's own summary names what it is made of:</p>
          <dl className={styles.facts}>
            {bill.summary.map(({ name, amount: of }) => (
              <Named key={name} name={name} amount={of} />
            ))}
          </dl>
        </div>
      )}
    </section>
  );
}

function Named({ name, amount }: { readonly name: string; readonly amount: string }) {
  return (
    <>
      <dt>{name.replaceAll('_', ' ')}</dt>
      <dd>
        <Money amount={amount} />
      </dd>
    </>
  );
}

function partsOf(bridge: Bridge): readonly WaterfallPart[] {
  const { expected, differences, allocated, unexplained, residual, amount } = bridge;
  const linesOf = (...outcomes: readonly string[]) =>
    bridge.lines.filter(({ outcome }) => outcomes.includes(outcome)).reduce((all, { lines }) => all + lines, 0);
  const part = (id: string, label: WaterfallPart['label'], lines: number | null, of: string): WaterfallPart => ({
    id,
    label,
    lines,
    amount: of,
    text: <Signed amount={of} />,
    role: 'part',
  });
  return [
    {
      id: 'expected',
      label: 'Expected',
      lines: linesOf('matched', 'from_bill'),
      amount: expected,
      text: <Money amount={expected} />,
      role: 'base',
    },
    ...differences.map((each) => part(each.cause, <ToLines cause={each.cause} />, each.lines, each.amount)),
    part('allocated', <ToLines outcome="allocated" />, linesOf('allocated'), allocated),
    part('unexplained', <ToLines outcome="unexplained" />, linesOf('unexplained'), unexplained),
    part('residual', 'In the header alone', null, residual),
    { id: 'amount', label: 'Bill', lines: null, amount, text: <Money amount={amount} />, role: 'whole' },
  ];
}

function Signed({ amount }: { readonly amount: string }) {
  if (isZero(amount)) return <Money amount={amount} />;
  return (
    <>
      {isNegative(amount) ? '' : '+'}
      <Money amount={amount} />
    </>
  );
}

/** A part's lines, below. */
function ToLines({ cause, outcome }: { readonly cause?: string; readonly outcome?: 'allocated' | 'unexplained' }) {
  const text =
    outcome === undefined ? causeText(cause ?? '') : { allocated: 'Allocated', unexplained: 'Unexplained' }[outcome];
  const label = text.charAt(0).toUpperCase() + text.slice(1);
  if (cause === 'missing') return label;
  return (
    <Link to="." search={changed({ cause, outcome }) as never} className={ui.link}>
      {label}
    </Link>
  );
}
