import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useRead } from '../app/reads.ts';
import { useMe } from '../app/session.ts';
import styles from '../lists/lists.module.css';
import { Chip, Csv, FilterSelect, Listed, SearchField } from '../lists/parts.tsx';
import { changed } from '../lists/search.ts';
import { isNegative, isZero, money } from '../ui/decimal.ts';
import { Empty, States } from '../ui/States.tsx';
import { month as monthName, monthOf, monthsLater } from '../ui/time.ts';
import ui from '../ui/ui.module.css';
import { ChosenBar } from '../lists/ChosenBar.tsx';
import { InvoiceTable } from './InvoiceTable.tsx';
import {
  holdWords,
  type InvoiceRow,
  invoicesQuery,
  paymentWords,
  readInvoices,
  readSummary,
  type Step,
  type Summary,
} from './read.ts';
import { type InvoicesSearch, payments, type Tab } from './search.ts';
import { StepSheet } from './StepSheet.tsx';

/** What goes out, and is it right? */
export function Invoices() {
  const { m, why: _why, ...search } = useSearch({ from: '/invoices' });
  const { data: me } = useMe();
  const now = me?.now ?? '';
  // The present month has no invoice yet: the last one that is over is what goes out.
  const month = m ?? monthsLater(monthOf(now), -1);
  const summary = useRead(['getInvoicesSummary', month], (signal) => readSummary(month, signal), {
    keepsPrevious: true,
  });
  const page = useRead(['listInvoices', month, search], (signal) => readInvoices(month, search, signal), {
    keepsPrevious: true,
  });
  const [chosen, setChosen] = useState<ReadonlyMap<number, InvoiceRow['state']>>(new Map());
  const [step, setStep] = useState<Step | null>(null);
  const mayApprove = me?.may.includes('approveInvoicesOfMonth') === true;
  const { cursor: _cursor, ...query } = invoicesQuery(month, search);
  const open = (name: Step['step'], only: Step['only']) => setStep({ month, step: name, only, except: [] });
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <div>
          <h1 tabIndex={-1}>{summary.data === undefined ? 'Invoices' : sentenceOf(summary.data)}</h1>
          <p className={ui.note}>{summary.data === undefined ? '' : noteOf(summary.data)}</p>
        </div>
        <Csv path="/invoices" query={query} file={`invoices-${month}`} />
      </header>
      <States query={summary} rows={2}>
        {(data) => (
          <div className={styles.page}>
            {mayApprove ? <MonthSteps summary={data} onOpen={open} /> : null}
            <Tabs summary={data} chosen={search.tab} />
          </div>
        )}
      </States>
      <div className={styles.tools}>
        <SearchField q={search.q} label="Number or customer" />
        <FilterSelect label="Payment" name="payment" value={search.payment} values={paymentFilters} />
        {search.currency === undefined ? null : (
          <Chip name="currency" value={undefined} chosen="">
            {search.currency} ×
          </Chip>
        )}
      </div>
      <Listed query={page} cursor={search.cursor} rows={16} empty={<NoInvoices month={month} search={search} />}>
        {(data) => (
          <InvoiceTable
            items={data.items}
            search={search}
            now={now}
            chosen={chosen}
            onChoose={mayApprove ? setChosen : null}
          />
        )}
      </Listed>
      <Chosen chosen={chosen} onClear={() => setChosen(new Map())} onOpen={open} />
      {step === null ? null : (
        <StepSheet
          step={step}
          onClose={() => {
            setStep(null);
            setChosen(new Map());
          }}
        />
      )}
    </div>
  );
}

const paymentFilters = payments.map((each) => [each, paymentWords[each]] as const);

type Open = (step: Step['step'], only: Step['only']) => void;

const stepsOf = { draft: 'approve', approved: 'issue' } as const;

interface ChosenProps {
  readonly chosen: ReadonlyMap<number, InvoiceRow['state']>;
  readonly onClear: () => void;
  readonly onOpen: Open;
}

/** What can be done with what is chosen: drafts are approved, what is approved is issued. */
function Chosen({ chosen, onClear, onOpen }: ChosenProps) {
  const of = (state: InvoiceRow['state']) => [...chosen].flatMap(([id, own]) => (own === state ? [id] : []));
  return (
    <ChosenBar count={chosen.size} onClear={onClear}>
      {(['draft', 'approved'] as const).map((state) => {
        const ids = of(state);
        return ids.length === 0 ? null : (
          <button
            key={state}
            type="button"
            className={`${ui.button} ${ui.primary}`}
            onClick={() => onOpen(stepsOf[state], ids)}
          >
            {state === 'draft' ? 'Approve' : 'Issue'} {ids.length}
          </button>
        );
      })}
    </ChosenBar>
  );
}

const isOf = (tab: Tab) => (row: Summary['states'][number]) =>
  tab === 'credit_note' ? row.kind === 'credit_note' : row.kind === 'invoice' && row.state === tab;

function countOf(summary: Summary, tab: Tab): number {
  return summary.states.filter(isOf(tab)).reduce((count, { invoices }) => count + invoices, 0);
}

const sumsOf = (summary: Summary, tab: Tab) =>
  summary.states
    .filter(isOf(tab))
    .map(({ total, currency }) => `${money(total)} ${currency}`)
    .join(' and ');

/** The first line: what waits, and what is to be looked at. */
function sentenceOf(summary: Summary): string {
  const name = monthName(summary.month);
  const [drafts, approved, issued] = (['draft', 'approved', 'issued'] as const).map((tab) => countOf(summary, tab));
  if (summary.states.length === 0) return `${name} has no invoices.`;
  const parts = [
    drafts ? `${drafts} ${drafts === 1 ? 'draft waits' : 'drafts wait'} for approval` : '',
    approved ? `${approved} approved ${approved === 1 ? 'waits' : 'wait'} to be issued` : '',
    issued ? `${issued} ${issued === 1 ? 'is' : 'are'} issued` : '',
  ].filter((part) => part !== '');
  return `${name}: ${parts.length === 0 ? 'nothing waits' : parts.join(', ')}.`;
}

/** What differs from the month before, and what is in the way. */
function noteOf({ changes, holds }: Summary): string {
  const sums = changes.map(({ currency, subtotal, previous, change }) => {
    const compared = isZero(previous)
      ? 'nothing the month before'
      : `${isNegative(change) ? 'less' : 'more'} than the month before by ${money(change.replace('-', ''))}`;
    return `${money(subtotal)} ${currency} before tax, ${isZero(change) ? 'as the month before' : compared}`;
  });
  const kept = holds.map(({ reason, invoices }) => `${holdWords[reason]} (${invoices})`);
  return [sums.join('; '), ...(kept.length === 0 ? [] : [`To look at: ${kept.join(', ')}`])].join('. ');
}

const tabWords: Readonly<Record<Tab, string>> = {
  draft: 'Draft',
  approved: 'Approved',
  issued: 'Issued',
  cancelled: 'Cancelled',
  credit_note: 'Credit notes',
};

function Tabs({ summary, chosen }: { readonly summary: Summary; readonly chosen: Tab | undefined }) {
  if (summary.states.length === 0) return null;
  return (
    <div className={styles.tools} role="group" aria-label="State">
      <Chip name="tab" value={undefined} chosen={chosen}>
        All
      </Chip>
      {(Object.keys(tabWords) as Tab[]).map((tab) => {
        const count = countOf(summary, tab);
        return count === 0 && chosen !== tab ? null : (
          <Chip key={tab} name="tab" value={tab} chosen={chosen}>
            {tabWords[tab]} {count}
            {count === 0 ? null : <span className={ui.note}>{sumsOf(summary, tab)}</span>}
          </Chip>
        );
      })}
    </div>
  );
}

/** The whole month at once; what is to be left out is chosen in the sheet. */
function MonthSteps({ summary, onOpen }: { readonly summary: Summary; readonly onOpen: Open }) {
  const [drafts, approved] = [countOf(summary, 'draft'), countOf(summary, 'approved')];
  if (drafts + approved === 0) return null;
  return (
    <div className={styles.tools}>
      {drafts === 0 ? null : (
        <button type="button" className={`${ui.button} ${ui.primary}`} onClick={() => onOpen('approve', null)}>
          Approve {drafts === 1 ? 'the draft' : `all ${drafts} drafts`}
        </button>
      )}
      {approved === 0 ? null : (
        <button
          type="button"
          className={drafts === 0 ? `${ui.button} ${ui.primary}` : ui.button}
          onClick={() => onOpen('issue', null)}
        >
          Issue {approved === 1 ? 'the approved one' : `all ${approved} approved`}
        </button>
      )}
    </div>
  );
}

function NoInvoices({
  month,
  search: { q, tab, currency },
}: {
  readonly month: string;
  readonly search: InvoicesSearch;
}) {
  if ([q, tab, currency].every((each) => each === undefined))
    return (
      <Empty title={`There is no invoice of ${monthName(month)}.`}>
        <p>
          Drafts are written every night, of the month before; <code>arcadia invoice draft --month {month}</code> writes
          them now.
        </p>
      </Empty>
    );
  return (
    <Empty title="No invoice matches.">
      <Link to="." search={changed({ q: undefined, tab: undefined, currency: undefined }) as never} className={ui.link}>
        Clear the filters
      </Link>
    </Empty>
  );
}
