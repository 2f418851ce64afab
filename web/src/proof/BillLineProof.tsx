import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import { LineSheet, type LineAction } from '../bills/LineSheet.tsx';
import { Bracket } from '../bills/LinesCard.tsx';
import own from '../bills/bills.module.css';
import { type LineDetails, readDecisions, readLine } from '../bills/read.ts';
import { causeText, outcomeWords } from '../bills/words.ts';
import { Lanes, type LanePart } from '../charts/Lanes.tsx';
import { isZero, money, quantity } from '../ui/decimal.ts';
import { States } from '../ui/States.tsx';
import { exactMoment, moment } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { AddsUp, Rung } from './parts.tsx';
import styles from './proof.module.css';

interface BillLineProofProps {
  readonly bill: number;
  readonly position: number;
  readonly now: string;
}

/** A line of a bill: the resource, both intervals, the price that was used, who bears it, and what people say of it. */
export default function BillLineProof({ bill, position, now }: BillLineProofProps) {
  const { data: me } = useMe();
  const proof = useRead(['explainBillLine', bill, position], (signal) => readLine(bill, position, signal));
  const [action, setAction] = useState<LineAction | null>(null);
  const can = (operation: string) => me?.may.includes(operation) === true;
  return (
    <States query={proof} rows={10}>
      {(line) => (
        <>
          <p className={styles.sentence}>{sentenceOf(line)}</p>
          <Facts bill={bill} line={line} />
          <Times line={line} now={now} />
          <Price line={line} />
          <Rung title="Borne by">
            <ul className={styles.lines}>
              {line.shares.map(({ target, deployment, amount }) => (
                <li key={deployment ?? target}>
                  <Bearer target={target} deployment={deployment} />
                  <span title={amount}>{money(amount)}</span>
                </li>
              ))}
            </ul>
            {line.shares.length === 0 ? (
              <p className={ui.note}>Nobody: nothing explains it.</p>
            ) : (
              <AddsUp parts={line.shares.map(({ amount }) => amount)} total={line.amount} unit={line.currency} />
            )}
          </Rung>
          <Said bill={bill} position={position} now={now} />
          <div className={`${own.actions} ${own.below}`}>
            {can('addBillNote') ? <Act text="Note" onAct={() => setAction('note')} /> : null}
            {can('acceptBillLine') && !line.accepted && !isZero(line.difference) ? (
              <Act text="Accept the difference" onAct={() => setAction('accept')} />
            ) : null}
            {can('assignBillLine') && !line.signed ? <Act text="Assign" onAct={() => setAction('assign')} /> : null}
          </div>
          {action === null ? null : (
            <LineSheet action={action} bill={bill} line={line} onClose={() => setAction(null)} />
          )}
        </>
      )}
    </States>
  );
}

function Act({ text, onAct }: { readonly text: string; readonly onAct: () => void }) {
  return (
    <button type="button" className={ui.button} onClick={onAct}>
      {text}
    </button>
  );
}

function sentenceOf({ description, product, amount, currency, expected, difference, cause }: LineDetails): string {
  const what = `${money(amount)} ${currency} for ${description ?? product ?? 'something without a description'}`;
  if (expected === null) return `${what}.`;
  if (isZero(difference)) return `${what}, as expected.`;
  return `${what}: ${money(expected)} was expected, ${money(difference)} differs, ${causeText(cause)}.`;
}

function Facts({ bill, line }: { readonly bill: number; readonly line: LineDetails }) {
  const { position, product, outcome, rule, resource, resourceKind, externalId, remarks, accepted } = line;
  return (
    <dl className={styles.facts}>
      <dt>Line</dt>
      <dd>
        <Link to="/bills/$bill" params={{ bill: String(bill) }} className={ui.link}>
          bill {bill}
        </Link>
        , line {position}, {product ?? 'no product'}
      </dd>
      <dt>Outcome</dt>
      <dd>
        {outcomeWords[outcome]}, by {rule.replaceAll('_', ' ')}
        {accepted ? '; its difference is accepted' : ''}
      </dd>
      <dt>Resource</dt>
      <dd>
        {resource === null ? (
          (externalId ?? '–')
        ) : (
          <Link to="/resources/$resource" params={{ resource: String(resource) }} className={ui.link}>
            {resourceKind?.replaceAll('_', ' ')} {externalId}
          </Link>
        )}
      </dd>
      {remarks.length === 0 ? null : (
        <>
          <dt>Besides</dt>
          <dd>{remarks.join(', ').replaceAll('_', ' ')}</dd>
        </>
      )}
    </dl>
  );
}

const plain = (from: string, to: string, text: string): LanePart => ({ from, to, text, look: 'plain' });

function latest(...instants: readonly (string | null)[]): string | null {
  return instants.reduce((last, each) => (each !== null && (last === null || each > last) ? each : last), null);
}

/** The provider's interval beside ours; where only listings saw a boundary, between which two. */
function Times({ line, now }: { readonly line: LineDetails; readonly now: string }) {
  const { startTime, endTime, from, to, beginsAfter, beginsBy, endsAfter, endsBy } = line;
  const theirs = startTime === null || endTime === null ? [] : [plain(startTime, endTime, 'charged')];
  const seen = (start: string | null, end: string | null): readonly LanePart[] =>
    start === null || end === null ? [] : [{ from: start, to: end, text: 'between two listings', look: 'assumed' }];
  const there = from === null || to === null ? [] : [plain(from, to, 'there')];
  const end = latest(endTime, to, beginsBy, endsBy);
  if (end === null) return null;
  return (
    <Rung title="Theirs and ours">
      <Lanes
        title="The provider's interval and ours; the list below says the same"
        lanes={[
          { name: 'Theirs', parts: theirs },
          { name: 'Ours', parts: there },
          { name: 'Seen', parts: [...seen(beginsAfter, beginsBy), ...seen(endsAfter, endsBy)] },
        ]}
        marks={[]}
        now={end}
      />
      <dl className={styles.facts}>
        <dt>Theirs</dt>
        <dd>
          {startTime === null ? '?' : exactMoment(startTime)} to {endTime === null ? '?' : exactMoment(endTime)}
        </dd>
        <dt>Ours</dt>
        <dd>
          {from === null || to === null ? 'not known' : `${exactMoment(from)} to ${exactMoment(to)}`}
          <Bracket line={line} now={now} />
        </dd>
      </dl>
    </Rung>
  );
}

function Price({ line: { monthly, units, subject, variants, currency } }: { readonly line: LineDetails }) {
  const rules = Object.entries(variants);
  if (monthly === null && rules.length === 0) return null;
  return (
    <Rung title="Price that was used">
      {monthly === null ? null : (
        <p>
          {quantity(monthly)} {currency} a month
          {units === null || units === '1' ? '' : `, times ${quantity(units)}`}
          <span className={ui.note}> {subject}</span>
        </p>
      )}
      {rules.map(([rule, named]) => (
        <p key={rule} className={ui.note}>
          {rule.replaceAll('_', ' ')}: explained to the cent by {named.join(', ').replaceAll('_', ' ')}
        </p>
      ))}
    </Rung>
  );
}

function Bearer({
  target,
  deployment,
}: {
  readonly target: LineDetails['shares'][number]['target'];
  readonly deployment: string | null;
}) {
  if (target === 'operator') return <span>ours</span>;
  if (target === 'not_cost') return <span>no cost: it is given back</span>;
  if (deployment === null || deployment === 'unattributed') return <span>unassigned</span>;
  return (
    <Link to="/deployments/$deployment" params={{ deployment }} className={ui.link}>
      {deployment}
    </Link>
  );
}

function Said({ bill, position, now }: BillLineProofProps) {
  const decisions = useRead(['listBillDecisions', bill, position], (signal) => readDecisions(bill, position, signal));
  if (decisions.data === undefined || decisions.data.items.length === 0) return null;
  return (
    <Rung title="Notes and decisions">
      <ul className={styles.intervals}>
        {decisions.data.items.map(({ decision, kind, deployment, reason, recordedAt, recordedBy }) => (
          <li key={decision}>
            {kind}
            {kind === 'assign' ? ` ${deployment ?? 'by the rules again'}` : ''}
            {reason === '' ? '' : `: ${reason}`}{' '}
            <span className={ui.note}>
              {recordedBy}, {moment(recordedAt, now)}
            </span>
          </li>
        ))}
      </ul>
    </Rung>
  );
}
