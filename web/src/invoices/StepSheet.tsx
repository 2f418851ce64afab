import { Link } from '@tanstack/react-router';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { busyWord, useChange } from '../app/change.ts';
import { money } from '../ui/decimal.ts';
import { Field, Sheet } from '../ui/Sheet.tsx';
import sheet from '../ui/sheet.module.css';
import { Failed, Skeleton } from '../ui/States.tsx';
import { month as monthName } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { holdWords, previewStep, type Step, type StepPreview, takeStep } from './read.ts';

interface StepSheetProps {
  readonly step: Step;
  readonly onClose: () => void;
}

type Totals = StepPreview['totals'];

const countOf = (totals: Totals) => totals.reduce((count, { invoices }) => count + invoices, 0);
const sumsOf = (totals: Totals) => totals.map(({ total, currency }) => `${money(total)} ${currency}`).join(' and ');
const invoicesWord = (count: number) => (count === 1 ? '1 invoice' : `${count} invoices`);

/** What would be done, and what was left out of it. */
function useStepPreview(asked: Step) {
  const [except, setExcept] = useState<readonly number[]>(asked.except);
  const [exceptions, setExceptions] = useState<StepPreview['exceptions']>([]);
  const step: Step = { ...asked, except };
  const preview = useQuery({
    queryKey: ['monthStep', step],
    async queryFn({ signal }) {
      const found = await previewStep(step, signal);
      // What is left out stays in sight, and nothing changes its place.
      setExceptions((before) => [
        ...before.flatMap((one) =>
          except.includes(one.invoiceId) ? [one] : found.exceptions.filter((each) => each.invoiceId === one.invoiceId),
        ),
        ...found.exceptions.filter(({ invoiceId }) => before.every((one) => one.invoiceId !== invoiceId)),
      ]);
      return found;
    },
    gcTime: 0,
    staleTime: Infinity,
  });
  const leave = (id: number, isLeft: boolean) =>
    setExcept(isLeft ? [...except, id] : except.filter((each) => each !== id));
  return { step, preview, exceptions, leave };
}

/** What is approved or issued together: how many, for how much, and what to look at first, to be left out or not. */
export function StepSheet({ step: asked, onClose }: StepSheetProps) {
  const { step, preview, exceptions, leave } = useStepPreview(asked);
  const [given, setGiven] = useState<Given>({ reason: '', incomplete: false, typed: '' });
  const change = useChange({ write: takeStep, onRefused: () => void preview.refetch() });
  const totals = preview.data?.totals ?? [];
  const count = countOf(totals);
  const asks = asksOf(step, exceptions);
  const verb = step.step === 'issue' ? 'Issue' : 'Approve';
  const send = () => {
    const override = asks.reason ? given.reason.trim() : '';
    change.send({ ...step, expected: totals, override, incomplete: given.incomplete });
  };
  return (
    <Sheet
      title={`${verb} ${monthName(step.month)}`}
      onClose={onClose}
      action={
        change.answer !== null ? null : (
          <button
            type="button"
            className={`${ui.button} ${ui.primary}`}
            disabled={!isSure(asks, given, count) || preview.isFetching || change.state !== 'idle'}
            onClick={send}
          >
            {busyWord(change.state) ?? `${verb} ${count === 0 ? 'nothing' : `${count} for ${sumsOf(totals)}`}`}
          </button>
        )
      }
    >
      {change.answer !== null ? (
        <Outcome verb={verb} answer={change.answer} />
      ) : (
        <>
          {preview.data === undefined ? null : <WhatWillBe step={step} totals={totals} />}
          {preview.isFetching && preview.data === undefined ? <Skeleton rows={4} /> : null}
          {preview.error === null ? null : <Failed problem={preview.error} onRetry={() => void preview.refetch()} />}
          <Exceptions
            exceptions={exceptions}
            except={step.except}
            onLeave={leave}
            total={preview.data?.exceptionsTotal ?? 0}
          />
          <Fields asks={asks} given={given} count={count} onChange={setGiven} />
          {change.problem === null ? null : <Failed isChange problem={change.problem} onRetry={change.clear} />}
        </>
      )}
    </Sheet>
  );
}

/** What has to be given before it is done. */
interface Asks {
  readonly reason: boolean;
  readonly incomplete: boolean;
  readonly typed: boolean;
}

interface Given {
  readonly reason: string;
  readonly incomplete: boolean;
  readonly typed: string;
}

function asksOf({ step, except }: Step, exceptions: StepPreview['exceptions']): Asks {
  const kept = exceptions.filter(({ invoiceId }) => !except.includes(invoiceId));
  const has = (...reasons: readonly string[]) =>
    kept.some(({ holds }) => holds.some((hold) => reasons.includes(hold.reason)));
  const isIssue = step === 'issue';
  return { reason: !isIssue && has('not_final', 'in_grace'), incomplete: isIssue && has('incomplete'), typed: isIssue };
}

function isSure(asks: Asks, { reason, incomplete, typed }: Given, count: number): boolean {
  return (
    count > 0 &&
    (!asks.reason || reason.trim() !== '') &&
    (!asks.incomplete || incomplete) &&
    (!asks.typed || typed.trim() === String(count))
  );
}

function WhatWillBe({ step: { step, except }, totals }: { readonly step: Step; readonly totals: Totals }) {
  const count = countOf(totals);
  return (
    <p aria-live="polite">
      <strong>{invoicesWord(count)}</strong>
      {count === 0 ? '' : `, ${sumsOf(totals)} with tax`}
      {except.length === 0 ? '.' : `; ${invoicesWord(except.length)} left out.`}{' '}
      {step === 'issue'
        ? 'Each is numbered and frozen as it is: afterwards it can be corrected or cancelled, not changed.'
        : 'Each is drafted once more, and approved at the total that is shown here.'}
    </p>
  );
}

interface FieldsProps {
  readonly asks: Asks;
  readonly given: Given;
  readonly count: number;
  readonly onChange: (given: Given) => void;
}

function Fields({ asks, given, count, onChange }: FieldsProps) {
  return (
    <>
      {asks.reason ? (
        <Field
          label="Why, although its usage is not final (kept with each invoice)"
          value={given.reason}
          onChange={(reason) => onChange({ ...given, reason })}
        />
      ) : null}
      {asks.incomplete ? (
        <label className={sheet.check}>
          <input
            type="checkbox"
            checked={given.incomplete}
            onChange={({ target }) => onChange({ ...given, incomplete: target.checked })}
          />
          Issue them although details are missing
        </label>
      ) : null}
      {asks.typed && count > 0 ? (
        <Field
          label={`Type ${count} to issue ${invoicesWord(count)}`}
          value={given.typed}
          onChange={(typed) => onChange({ ...given, typed })}
        />
      ) : null}
    </>
  );
}

interface ExceptionsProps {
  readonly exceptions: StepPreview['exceptions'];
  readonly except: readonly number[];
  readonly onLeave: (id: number, isLeft: boolean) => void;
  /** How many there are, beyond those that are named. */
  readonly total: number;
}

/** What something is in the way of, each to be left out. */
function Exceptions({ exceptions, except, onLeave, total }: ExceptionsProps) {
  if (exceptions.length === 0) return null;
  return (
    <section aria-label="To look at first">
      <h3 className={ui.note}>
        To look at first
        {total + except.length > exceptions.length ? `: ${exceptions.length} of ${total + except.length}` : ''}
      </h3>
      <ul className={sheet.exceptions}>
        {exceptions.map(({ invoiceId, customerName, total: amount, currency, before, holds }) => {
          const isLeft = except.includes(invoiceId);
          return (
            <li key={invoiceId}>
              <span className={sheet.between}>
                <Link
                  to="/invoices/$invoice"
                  params={{ invoice: String(invoiceId) }}
                  target="_blank"
                  className={ui.link}
                >
                  {customerName}
                </Link>
                <span>
                  {money(amount)} <span className={ui.unit}>{currency}</span>
                </span>
              </span>
              <details>
                <summary className={ui.note}>{holds.map(({ reason }) => holdWords[reason]).join(', ')}</summary>
                <p className={ui.note}>
                  {holds.map(({ message }) => message).join(' ')}
                  {before === null ? '' : ` The month before: ${money(before)} ${currency} before tax.`}
                </p>
              </details>
              <label className={sheet.check}>
                <input type="checkbox" checked={isLeft} onChange={({ target }) => onLeave(invoiceId, target.checked)} />
                Leave out<span className="visually-hidden"> {customerName}</span>
              </label>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

interface OutcomeProps {
  readonly verb: string;
  readonly answer: Awaited<ReturnType<typeof takeStep>>;
}

/** What was done, and what was refused. */
function Outcome({ verb, answer: { done, refused } }: OutcomeProps) {
  const numbers = done.flatMap(({ number }) => (number === null ? [] : [number]));
  return (
    <>
      <p role="status">
        <strong>
          {verb === 'Issue' ? 'Issued' : 'Approved'} {invoicesWord(done.length)}.
        </strong>{' '}
        {numbers.length === 0 ? '' : numbers.length === 1 ? numbers[0] : `${numbers[0]} to ${numbers.at(-1)}`}
      </p>
      {refused.length === 0 ? null : (
        <section aria-label="Refused">
          <h3 className={ui.note}>{invoicesWord(refused.length)} refused</h3>
          <ul className={sheet.exceptions}>
            {refused.map(({ invoiceId, customer, message }) => (
              <li key={invoiceId}>
                <Link to="/invoices/$invoice" params={{ invoice: String(invoiceId) }} className={ui.link}>
                  {customer}
                </Link>
                <p className={ui.note}>{message}</p>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
